// One dialer in a room that the test furnishes. Jobs wait until the test does them.

import { expect } from 'vitest'
import type { AttemptId, Effect } from '../../src/contract.ts'
import type { Contact } from '../../src/identity/contact.ts'
import type { PeerId } from '../../src/identity/peer-id.ts'
import type { SignalWay } from '../../src/link/attempts.ts'
import { Dialer } from '../../src/link/dialer.ts'
import type { DialerEffect, DialerInput } from '../../src/link/dialer-contract.ts'
import { SIGNAL_KINDS } from '../../src/link/signal-post.ts'
import { TimerQueue } from '../../src/peer/timer-queue.ts'
import { decodeInner, encodeInner } from '../../src/wire/codec.ts'
import type { MessageOf } from '../../src/wire/messages.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import { contactNumber, open, seal } from './stand-ins.ts'

export const SERVER = 'wss://introducer'
export const BY_SERVER: SignalWay = { path: 'server', introducer: SERVER }
export const BY_OVERLAY: SignalWay = {
  path: 'overlay',
  route: { operation: 'cd'.repeat(16) as never, path: 0 },
}

type Job = Extract<DialerEffect, { type: 'seal' | 'open' }>
type Body = Partial<Omit<MessageOf<'SIGNAL_BODY'>, 'type' | 'kind'>> & {
  readonly kind: keyof typeof SIGNAL_KINDS
}

export class DialerBench {
  now = 1_700_000_000_000
  readonly self: Contact
  readonly dialer: Dialer
  readonly effects: DialerEffect[] = []
  readonly jobs: Job[] = []
  // The room
  size = 0
  openCount = 0
  leastWanted: PeerId | null = null
  readonly up = new Set<PeerId>()
  readonly taken = new Set<AttemptId>()
  readonly banned = new Set<PeerId>()
  readonly near = new Set<PeerId>()
  readonly alternatives: Contact[] = []
  readonly #timers = new TimerQueue<DialerInput>()

  constructor({ self = contactNumber(0), linksMax = 50, workBits = 0 } = {}) {
    this.self = self
    this.dialer = new Dialer(
      { self, workBits, linksMax },
      {
        size: () => this.size,
        openCount: () => this.openCount,
        isUp: (peer) => this.up.has(peer),
        hasAttempt: (attempt) => this.taken.has(attempt),
        isBanned: (peer) => this.banned.has(peer),
        leastWanted: () => this.leastWanted,
        isNear: (peer) => this.near.has(peer),
        alternatives: () => this.alternatives,
      },
      new SeededRandom(1),
    )
  }

  /** Hands it an input; what it says is returned, and remembered. */
  give(input: DialerInput): DialerEffect[] {
    const out: DialerEffect[] = []
    const isWanted = input.type !== 'timer' || this.dialer.wants(input.timer)
    this.dialer.handle(input, this.now, out)
    // What nobody wants any more does nothing where it comes all the same.
    if (!isWanted) expect(out).toEqual([])
    for (const effect of out) {
      if (effect.type === 'seal' || effect.type === 'open') this.jobs.push(effect)
      if (effect.type === 'set-timer') {
        this.#timers.set(this.now + effect.afterMs, { type: 'timer', timer: effect.timer })
      }
    }
    this.effects.push(...out)
    return out
  }

  /** An introducer that is there. */
  introducer(): this {
    this.give({ type: 'introducer-up', introducer: SERVER, path: 'server' })
    return this
  }

  want(contact: Contact, reasons = 1): AttemptId | null {
    this.give({ type: 'want', contact, reasons })
    return this.dialed().at(-1) ?? null
  }

  /** Does the jobs that wait, in their order. */
  work(): DialerEffect[] {
    return this.jobs.splice(0).flatMap((job) => {
      const { token, bytes, peer } = job
      if (job.type === 'seal')
        return this.give({ type: 'sealed', token, bytes: seal(this.self, peer, bytes) })
      return this.give({ type: 'opened-box', token, bytes: open(this.self, peer, bytes) })
    })
  }

  /** A signal from somebody, sealed as it should be; what comes of it. */
  signal(from: Contact, body: Body, way: SignalWay = BY_SERVER, link: PeerId | null = null): DialerEffect[] {
    const {
      kind,
      attempt = '0102030405060708',
      reasons = 0,
      alternatives = [],
      data = new Uint8Array(4),
    } = body
    const bytes = encodeInner({
      type: 'SIGNAL_BODY',
      kind: SIGNAL_KINDS[kind],
      attempt,
      reasons,
      alternatives,
      data,
    })
    this.give({ type: 'box', from, box: seal(from, this.self, bytes), way, link })
    return this.work()
  }

  advance(ms: number): void {
    const end = this.now + ms
    while (this.#timers.nextDue <= end) {
      this.now = this.#timers.nextDue
      const due = this.#timers.takeDue(this.now)
      if (due !== null) this.give(due)
    }
    this.now = end
  }

  driver<T extends Effect['type']>(type: T): Extract<Effect, { type: T }>[] {
    return this.effects.flatMap((effect) =>
      effect.type === 'driver' && effect.effect.type === type
        ? [effect.effect as Extract<Effect, { type: T }>]
        : [],
    )
  }

  dialed(): AttemptId[] {
    return this.driver('dial').map(({ attempt }) => attempt)
  }

  of<T extends DialerEffect['type']>(type: T): Extract<DialerEffect, { type: T }>[] {
    return this.effects.filter((effect): effect is Extract<DialerEffect, { type: T }> => effect.type === type)
  }

  offences(): (string | null)[][] {
    return this.of('offence').map(({ peer, offence }) => [peer, offence])
  }

  /** What the boxes say that were handed over to be carried to a contact. */
  carried(to: Contact): MessageOf<'SIGNAL_BODY'>[] {
    const boxes = this.effects.flatMap((effect) => {
      if (effect.type === 'route-signal' || effect.type === 'answer-signal') return [effect.box]
      return effect.type === 'driver' && effect.effect.type === 'carry-signal' ? [effect.effect.bytes] : []
    })
    return boxes.flatMap((box) => {
      const bytes = open(to, this.self, box)
      const body = bytes && decodeInner(bytes, 'sealed')
      return body?.type === 'SIGNAL_BODY' ? [body] : []
    })
  }
}
