// One routing machine by itself: time passes when the test says so, timers fire, effects are kept until they are taken.

import { expect } from 'vitest'
import type { LinkRole, Millis, SignalingPath } from '../../src/contract.ts'
import { type Contact, makeContact } from '../../src/identity/contact.ts'
import { type Key, keyOf, type PeerId } from '../../src/identity/peer-id.ts'
import { bucketIndexOf, compareDistance } from '../../src/routing/distance.ts'
import { Routing, type RoutingEffect, type RoutingInput } from '../../src/routing/routing.ts'
import { EventQueue } from '../gossip/event-queue.ts'
import { SeededRandom } from '../gossip/seeded.ts'

type EffectOf<T extends RoutingEffect['type']> = RoutingEffect & { readonly type: T }

export class RoutingBench {
  now: Millis = 1_000_000
  readonly random: SeededRandom
  readonly self: Contact
  readonly routing: Routing
  /** Of links that have measured theirs. */
  readonly roundTripMsByPeer = new Map<PeerId, number>()
  readonly #timers = new EventQueue<{ readonly at: Millis; readonly input: RoutingInput }>()
  #effects: RoutingEffect[] = []

  constructor({ seed = 1, linksMax = 50, workBits = 0, servers = [] as readonly string[] } = {}) {
    this.random = new SeededRandom(seed)
    this.self = this.contact()
    this.routing = new Routing(
      { self: this.self, workBits, linksMax, servers },
      { roundTripMs: (peer) => this.roundTripMsByPeer.get(peer) ?? null },
      new SeededRandom(seed + 1),
    )
    this.handle({ type: 'restore', contacts: [] })
  }

  handle(input: RoutingInput): void {
    const out: RoutingEffect[] = []
    const isWanted = input.type !== 'timer' || this.routing.wants(input.timer)
    this.routing.handle(input, this.now, out)
    // What nobody wants any more does nothing where it comes all the same.
    if (!isWanted) expect(out).toEqual([])
    this.#effects.push(...out)
    for (const effect of out) {
      if (effect.type !== 'set-timer') continue
      const at = this.now + effect.afterMs
      this.#timers.add(at, { at, input: { type: 'timer', timer: effect.timer } })
    }
  }

  advance(ms: number): void {
    const end = this.now + ms
    while (this.#timers.nextAt <= end) {
      const { at, input } = this.#timers.take()
      this.now = at
      this.handle(input)
    }
    this.now = end
  }

  /** Effects of this type since they were last taken; all others stay. */
  take<T extends RoutingEffect['type']>(type: T): EffectOf<T>[] {
    const taken = this.#effects.filter((effect): effect is EffectOf<T> => effect.type === type)
    this.#effects = this.#effects.filter((effect) => effect.type !== type)
    return taken
  }

  /** PEER_EXCHANGEs to a peer. */
  exchangesTo(peer: PeerId) {
    return this.take('send').flatMap(({ to, message }) =>
      to === peer && message.type === 'PEER_EXCHANGE' ? [message] : [],
    )
  }

  /** Everybody who was asked whether it lives does. */
  answerProbes(): void {
    for (const { contact } of this.take('probe'))
      this.handle({ type: 'probed', peer: contact.id, alive: true })
  }

  contact(): Contact {
    return makeContact(this.random.bytes(32), this.random.bytes(32), this.random.bytes(8))
  }

  contacts(count: number): Contact[] {
    return Array.from({ length: count }, () => this.contact())
  }

  /** A contact of this bucket: found by trying, so at most a dozen bits deep. */
  contactIn(bucket: number): Contact {
    for (;;) {
      const contact = this.contact()
      if (bucketIndexOf(this.self.id, contact.id) === bucket) return contact
    }
  }

  contactsIn(bucket: number, count: number): Contact[] {
    return Array.from({ length: count }, () => this.contactIn(bucket))
  }

  link(contact: Contact, role: LinkRole = 'dialer', signalingPath: SignalingPath = 'overlay'): Contact {
    this.handle({ type: 'link-up', contact, role, signalingPath })
    return contact
  }

  unlink(contact: Contact, { left = false, reason = 'silent' } = {}): void {
    this.handle({ type: 'link-down', peer: contact.id, left, reason })
  }

  /** A peer that we are linked to, and an answered lookup of our own id. */
  join(contacts: readonly Contact[] = []): Contact {
    const first = this.link(this.contact())
    this.found(keyOf(this.self.id), first.id, contacts)
    return first
  }

  found(
    target: Key,
    responder: PeerId | null,
    contacts: readonly Contact[],
    via: readonly PeerId[] = [],
  ): void {
    this.handle({ type: 'found', target, via, responder, contacts })
  }

  learn(contacts: readonly Contact[]): void {
    this.handle({ type: 'learned', contacts })
  }

  introduce(contacts: readonly Contact[]): void {
    this.handle({ type: 'introduced', contacts })
  }

  receive(
    from: Contact,
    parts: {
      readonly linked?: readonly Contact[]
      readonly siblings?: readonly Contact[]
      readonly gone?: readonly PeerId[]
      readonly servers?: readonly string[]
      readonly delays?: Uint8Array
    },
  ): void {
    const { linked = [], siblings = [], gone = [], servers = [], delays = new Uint8Array() } = parts
    this.handle({
      type: 'receive',
      from: from.id,
      message: { type: 'PEER_EXCHANGE', linked, siblings, gone, servers, delays },
    })
  }

  knows(contact: Contact): boolean {
    return this.routing.view.contactOf(contact.id) !== null
  }

  /** Contacts by distance to ourselves. */
  closestFirst(contacts: readonly Contact[]): Contact[] {
    return contacts.toSorted((a, b) => compareDistance(this.self.id, a.id, b.id))
  }
}
