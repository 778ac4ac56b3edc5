/** One Finder with the world at hand: signatures are made and checked at once, routes and timers wait for the test. */
import { expect } from 'vitest'
import {
  Finder,
  type FinderCall,
  type FinderEffect,
  type FinderInput,
  type FinderTimer,
} from '../../src/dht/finder.ts'
import { foundSignedBytes } from '../../src/dht/found.ts'
import { type Contact, makeContact } from '../../src/identity/contact.ts'
import type { Key, PeerId } from '../../src/identity/peer-id.ts'
import { REPLICAS } from '../../src/limits.ts'
import type { RoutingView, Way } from '../../src/machine.ts'
import { closestOf, compareDistance, sortedByDistance } from '../../src/routing/distance.ts'
import type { MessageOf } from '../../src/wire/messages.ts'
import { EventQueue } from '../gossip/event-queue.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import { isSigned, sign } from './stand-in-signatures.ts'

export type EffectOf<T extends FinderEffect['type']> = Extract<FinderEffect, { readonly type: T }>
export type Route = EffectOf<'route'>

/** Contacts of tests, each its own. */
export function contactNumber(number: number): Contact {
  const key = new Uint8Array(32)
  new DataView(key.buffer).setUint32(0, number)
  return makeContact(key, key.slice(), new Uint8Array(8))
}

export class FinderBench implements RoutingView {
  now = 1_700_000_000_000
  readonly self = contactNumber(0)
  readonly finder: Finder
  /** Contacts known without a link, and who named them. */
  readonly known: Contact[] = []
  readonly viaByPeer = new Map<PeerId, PeerId>()
  readonly linkedContacts: Contact[]
  readonly held = new Set<Key>()
  /** Whether signatures are checked when they come; otherwise the checks wait in `checks`. */
  checksAtOnce = true
  readonly checks: EffectOf<'verify'>[] = []
  readonly out: FinderEffect[] = []
  readonly #timers = new EventQueue<FinderTimer>()

  constructor(links: number, workBits = 0) {
    this.linkedContacts = Array.from({ length: links }, (_, index) => contactNumber(index + 1))
    const holds = { replicas: REPLICAS, holds: (key: Key) => this.held.has(key), isNear: () => false }
    this.finder = new Finder({ workBits }, this, holds, new SeededRandom(1))
  }

  /** Effects of the input and of the jobs it began; timers and jobs left out. */
  input(input: FinderInput): FinderEffect[] {
    const out: FinderEffect[] = []
    this.finder.handle(input, this.now, out)
    return out.flatMap((effect) => this.#onEffect(effect))
  }

  call(op: number, call: FinderCall): FinderEffect[] {
    return this.input({ type: 'call', op, call })
  }

  /** A FOUND by this responder to that question, signed for it. */
  found(
    { operation, inner }: Route,
    responder: Contact,
    contacts: readonly Contact[] = [],
  ): MessageOf<'FOUND'> {
    const { target, what } = inner as MessageOf<'FIND'>
    const found = { responder, contacts, degree: contacts.length, holds: false }
    const bytes = foundSignedBytes({ operation, target, what }, found)
    return { type: 'FOUND', ...found, signature: sign(responder.signingKey, bytes) }
  }

  answer(route: Route, responder: Contact, contacts: readonly Contact[] = []): FinderEffect[] {
    return this.reply(route, this.found(route, responder, contacts))
  }

  reply(route: Route, inner: MessageOf<'FOUND'>): FinderEffect[] {
    const via = contactNumber(1).id
    const { operation } = route
    return this.input({ type: 'reply', operation, path: 0, via, hops: 2, inner, last: true })
  }

  ended(route: Route): FinderEffect[] {
    return this.input({ type: 'ended', operation: route.operation, reason: 'exhausted' })
  }

  check(valid: boolean): FinderEffect[] {
    const { token } = this.checks.shift() as EffectOf<'verify'>
    return this.input({ type: 'verified', token, valid })
  }

  advance(ms: number): FinderEffect[] {
    const until = this.now + ms
    const effects: FinderEffect[] = []
    while (this.#timers.nextAt <= until) {
      this.now = Math.max(this.now, this.#timers.nextAt)
      effects.push(...this.#fire(this.#timers.take()))
    }
    this.now = until
    return effects
  }

  linkedByDistance(target: Key): readonly PeerId[] {
    return sortedByDistance(target, this.linked())
  }

  isSelfCloser(target: Key, than: PeerId): boolean {
    return compareDistance(target, this.self.id, than) < 0
  }

  closest(target: Key, count: number): readonly Contact[] {
    return closestOf(target, [...this.linkedContacts, ...this.known], count)
  }

  closestLinked(target: Key, count: number): readonly Contact[] {
    return closestOf(target, this.linkedContacts, count)
  }

  siblings(): readonly Contact[] {
    return []
  }

  isLinked(peer: PeerId): boolean {
    return this.linkedContacts.some(({ id }) => id === peer)
  }

  settledForMs(): number {
    return 60_000
  }

  isDeparted(): boolean {
    return false
  }

  contactOf(peer: PeerId): Contact | null {
    return [...this.linkedContacts, ...this.known].find(({ id }) => id === peer) ?? null
  }

  ways(): readonly Way[] {
    return []
  }

  viaOf(peer: PeerId): PeerId | null {
    return this.viaByPeer.get(peer) ?? null
  }

  linked(): readonly PeerId[] {
    return this.linkedContacts.map(({ id }) => id)
  }

  /** What nobody wants any more does nothing where it comes all the same. */
  #fire(timer: FinderTimer): FinderEffect[] {
    const isWanted = this.finder.wants(timer)
    const effects = this.input({ type: 'timer', timer })
    if (!isWanted) expect(effects).toEqual([])
    return effects
  }

  #onEffect(effect: FinderEffect): FinderEffect[] {
    if (effect.type === 'set-timer') {
      this.#timers.add(this.now + effect.afterMs, effect.timer)
      return []
    }
    if (effect.type === 'sign') {
      const signature = sign(this.self.signingKey, effect.bytes)
      return this.input({ type: 'signed', token: effect.token, signature })
    }
    if (effect.type !== 'verify') return [effect]
    if (!this.checksAtOnce) {
      this.checks.push(effect)
      return []
    }
    const valid = isSigned(effect.key, effect.bytes, effect.signature)
    return this.input({ type: 'verified', token: effect.token, valid })
  }
}

export function only<T extends FinderEffect['type']>(
  effects: readonly FinderEffect[],
  type: T,
): EffectOf<T>[] {
  return effects.filter((effect): effect is EffectOf<T> => effect.type === type)
}
