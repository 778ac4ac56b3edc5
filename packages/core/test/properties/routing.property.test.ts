import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SignalingPath } from '../../src/contract.ts'
import type { PeerId } from '../../src/identity/peer-id.ts'
import { keyOf } from '../../src/identity/peer-id.ts'
import { outOfBounds } from '../../src/peer/table-bounds.ts'
import { TimerQueue } from '../../src/peer/timer-queue.ts'
import { brokenInvariants } from '../../src/routing/invariants.ts'
import { Routing, type RoutingEffect, type RoutingInput } from '../../src/routing/routing.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import { contactNumber } from '../link/stand-ins.ts'
import { checkScripts, type Stage } from './script.ts'

const LINKS_MAX = 6
/** Enough to fill the first bucket and its candidates. */
const contacts = Array.from({ length: 80 }, (_, number) => contactNumber(number))
const self = contactNumber(1_000)

type Step =
  | { readonly do: 'link'; readonly who: number; readonly dialed: boolean; readonly path: SignalingPath }
  | { readonly do: 'unlink'; readonly who: number; readonly left: boolean }
  | {
      readonly do: 'exchange'
      readonly from: number
      readonly linked: number[]
      readonly siblings: number[]
      readonly gone: number[]
    }
  | { readonly do: 'introduce' | 'restore'; readonly whom: number[] }
  | {
      readonly do: 'found'
      readonly by: number
      readonly own: boolean
      readonly around: boolean
      readonly whom: number[]
    }
  | { readonly do: 'probed'; readonly who: number; readonly alive: boolean }
  | {
      readonly do: 'dial-failed'
      readonly who: number
      readonly gone: boolean
      readonly retryAfterMs: number
    }
  | { readonly do: 'want'; readonly who: number; readonly reasons: number }
  | { readonly do: 'wait'; readonly ms: number }

const who = fc.nat(contacts.length - 1)
const few = fc.array(who, { maxLength: 12 })
const many = fc.array(who, { maxLength: 60, size: 'max' })
const path = fc.constantFrom<SignalingPath>('overlay', 'server')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('link' as const), who, dialed: fc.boolean(), path }) },
  fc.record({ do: fc.constant('unlink' as const), who, left: fc.boolean() }),
  fc.record({ do: fc.constant('exchange' as const), from: who, linked: few, siblings: few, gone: few }),
  fc.record({ do: fc.constantFrom('introduce' as const, 'restore' as const), whom: many }),
  fc.record({
    do: fc.constant('found' as const),
    by: who,
    own: fc.boolean(),
    around: fc.boolean(),
    whom: few,
  }),
  fc.record({ do: fc.constant('probed' as const), who, alive: fc.boolean() }),
  fc.record({
    do: fc.constant('dial-failed' as const),
    who,
    gone: fc.boolean(),
    retryAfterMs: fc.nat(60_000),
  }),
  fc.record({ do: fc.constant('want' as const), who, reasons: fc.nat(31) }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(20_000) }) },
)

/** Counts that show that scripts reach what they are about. */
const seen = { probes: 0, wants: 0, evictable: 0 }

class RoutingStage implements Stage<Step> {
  readonly #routing = new Routing(
    { self, workBits: 0, linksMax: LINKS_MAX, servers: [] },
    { roundTripMs: (peer) => (this.#linked.has(peer) ? 2 * peer.charCodeAt(0) : null) },
    new SeededRandom(1),
  )
  readonly #timers = new TimerQueue<RoutingInput>()
  readonly #linked = new Set<PeerId>()
  readonly #wanted = new Set<PeerId>()
  #wrong: string[] = []
  #now = 1_700_000_000_000

  perform(step: Step): readonly RoutingEffect[] {
    switch (step.do) {
      case 'link':
        return this.#link(step)
      case 'unlink':
        return this.#unlink(step)
      case 'exchange':
        return this.#exchange(step)
      case 'introduce':
        return this.#give({ type: 'introduced', contacts: named(step.whom) })
      case 'restore':
        return this.#give({
          type: 'restore',
          contacts: named(step.whom).map((contact) => ({ contact, lastSeen: this.#now - 1_000 })),
        })
      case 'found': {
        const target = keyOf(step.own ? self.id : contactOf(step.by).id)
        return this.#give({
          type: 'found',
          target,
          via: step.around ? [contactOf(step.by).id] : [],
          responder: contactOf(step.by).id,
          contacts: named(step.whom),
        })
      }
      case 'probed':
        return this.#give({ type: 'probed', peer: contactOf(step.who).id, alive: step.alive })
      case 'dial-failed':
        return this.#dialFailed(step)
      case 'want':
        return this.#give({ type: 'remote-reasons', peer: contactOf(step.who).id, reasons: step.reasons })
      case 'wait':
        return this.#wait(step.ms)
    }
  }

  problems(): string[] {
    const tables = this.#routing.tables()
    if ((tables['candidates'] ?? 0) > 0) seen.evictable += 1
    const wrong = [
      ...this.#wrong,
      ...brokenInvariants(this.#routing.state),
      ...outOfBounds(tables, LINKS_MAX),
    ]
    const linked = this.#routing.view.linked()
    if (linked.length !== this.#linked.size || linked.some((peer) => !this.#linked.has(peer)))
      wrong.push('its links are not ours')
    return wrong
  }

  #link({ who, dialed, path }: Step & { do: 'link' }): RoutingEffect[] {
    const contact = contactOf(who)
    // The link set makes no more than there may be.
    if (this.#linked.has(contact.id) || this.#linked.size >= LINKS_MAX) return []
    this.#linked.add(contact.id)
    const role = dialed ? 'dialer' : 'listener'
    return this.#give({ type: 'link-up', contact, role, signalingPath: path })
  }

  #unlink({ who, left }: Step & { do: 'unlink' }): RoutingEffect[] {
    const peer = contactOf(who).id
    this.#wanted.delete(peer)
    this.#linked.delete(peer)
    return this.#give({ type: 'link-down', peer, left, reason: left ? 'left' : 'silent' })
  }

  #exchange({ from, linked, siblings, gone }: Step & { do: 'exchange' }): RoutingEffect[] {
    const message = {
      type: 'PEER_EXCHANGE',
      linked: named(linked),
      siblings: named(siblings),
      gone: named(gone).map(({ id }) => id),
      servers: [],
      delays: Uint8Array.from(linked, (who) => who * 10),
    } as const
    return this.#give({ type: 'receive', from: contactOf(from).id, message })
  }

  #dialFailed({ who, gone, retryAfterMs }: Step & { do: 'dial-failed' }): RoutingEffect[] {
    const peer = contactOf(who).id
    // Only what is wanted is dialed, and whoever is linked is not.
    if (this.#linked.has(peer) || !this.#wanted.delete(peer)) return []
    return this.#give({ type: 'dial-failed', peer, retryAfterMs, gone })
  }

  #wait(ms: number): RoutingEffect[] {
    const end = this.#now + ms
    const effects: RoutingEffect[] = []
    while (this.#timers.nextDue <= end) {
      this.#now = Math.max(this.#now, this.#timers.nextDue)
      effects.push(...this.#give(this.#timers.takeDue(this.#now) as RoutingInput))
    }
    this.#now = end
    return effects
  }

  #give(input: RoutingInput): RoutingEffect[] {
    const out: RoutingEffect[] = []
    this.#routing.handle(input, this.#now, out)
    for (const effect of out) this.#look(effect)
    // Who links to us takes places meanwhile; the next choice gives wishes up.
    const places = new Set([...this.#wanted, ...this.#linked]).size
    if (places > LINKS_MAX && out.some(({ type }) => type === 'want'))
      this.#wrong.push(`links and wishes need ${places} places`)
    return out
  }

  #look(effect: RoutingEffect): void {
    if (effect.type === 'set-timer') {
      if (!(effect.afterMs >= 0)) this.#wrong.push(`a timer in ${effect.afterMs} ms`)
      this.#timers.set(this.#now + Math.ceil(effect.afterMs), { type: 'timer', timer: effect.timer })
    } else if (effect.type === 'send') {
      if (!this.#linked.has(effect.to)) this.#wrong.push(`sent to ${effect.to}, who is not linked`)
    } else if (effect.type === 'probe') {
      seen.probes += 1
      if (this.#linked.has(effect.contact.id)) this.#wrong.push('probes whom it is linked to')
    } else if (effect.type === 'want') {
      seen.wants += 1
      if (effect.reasons === 0) this.#wanted.delete(effect.contact.id)
      else this.#wanted.add(effect.contact.id)
    }
  }
}

function contactOf(number: number) {
  return contacts[number] as (typeof contacts)[number]
}

function named(numbers: readonly number[]) {
  return numbers.map(contactOf)
}

test('[RT-3] [RT-4] [RT-26] no script breaks the tables or takes more places than there are', () => {
  checkScripts({ step, newStage: () => new RoutingStage(), runs: 120, steps: 60 })
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(10)
})
