// One peer of a routing test: its router, and what the router asks of the peer around it.

import { Router } from '../../src/dht/router.ts'
import type { Contact } from '../../src/identity/contact.ts'
import type { Key, PeerId } from '../../src/identity/peer-id.ts'
import { keyOf } from '../../src/identity/peer-id.ts'
import { REPLICAS } from '../../src/limits.ts'
import type { LinkView, RoutingView, Way } from '../../src/machine.ts'
import { closestOf, compareDistance, sortedByDistance } from '../../src/routing/distance.ts'

/** A place on a square whose side is one, and the way from the peer to the net. */
export interface Place {
  readonly x: number
  readonly y: number
  readonly lastMileMs: number
}

/** Milliseconds from one side of the square to the other: with the last mile, a mean one-way delay of about 75 ms. */
const SPAN_MS = 128

export class RouteNode implements RoutingView, LinkView {
  readonly self: Contact
  readonly place: Place
  readonly links = new Map<PeerId, RouteNode>()
  readonly held = new Set<Key>()
  readonly router: Router
  alive = true
  knowsRoundTrips = true
  /** Whether linked peers have said whom else they are linked to (peer exchange). */
  readonly knowsNeighbours: boolean
  /** Contacts known, and the linked peer that named each; made when first asked for. */
  #known: ReadonlyMap<PeerId, { readonly contact: Contact; readonly via: PeerId }> | null = null

  constructor(self: Contact, place: Place, knowsNeighbours: boolean) {
    this.self = self
    this.place = place
    this.knowsNeighbours = knowsNeighbours
    const holds = { replicas: REPLICAS, holds: (key: Key) => this.held.has(key), isNear: () => false }
    this.router = new Router(self.id, this, this, holds)
  }

  get id(): PeerId {
    return this.self.id
  }

  oneWayMs(to: RouteNode): number {
    const distance = Math.hypot(this.place.x - to.place.x, this.place.y - to.place.y)
    return Math.round(this.place.lastMileMs + to.place.lastMileMs + SPAN_MS * distance)
  }

  linkedByDistance(target: Key): readonly PeerId[] {
    return sortedByDistance(target, [...this.links.keys()])
  }

  isSelfCloser(target: Key, than: PeerId): boolean {
    return compareDistance(target, this.id, than) < 0
  }

  closest(target: Key, count: number): readonly Contact[] {
    const known = [...this.#knownContacts().values()].map(({ contact }) => contact)
    return closestOf(target, known, count)
  }

  closestLinked(target: Key, count: number): readonly Contact[] {
    return this.linkedByDistance(target)
      .slice(0, count)
      .map((id) => (this.links.get(id) as RouteNode).self)
  }

  siblings(): readonly Contact[] {
    return this.closest(keyOf(this.id), 40)
  }

  isLinked(peer: PeerId): boolean {
    return this.links.has(peer)
  }

  settledForMs(): number {
    return 60_000
  }

  isDeparted(): boolean {
    return false
  }

  contactOf(peer: PeerId): Contact | null {
    return this.links.get(peer)?.self ?? null
  }

  ways(target: Key, count: number): readonly Way[] {
    if (!this.knowsRoundTrips) return []
    return this.closest(target, count).flatMap(({ id: to }) => {
      const via = this.links.get(this.viaOf(to) as PeerId)
      const next = via?.links.get(to)
      if (via === undefined || next === undefined || this.links.has(to)) return []
      return [{ to, via: via.id, ms: 2 * (this.oneWayMs(via) + via.oneWayMs(next)) }]
    })
  }

  viaOf(peer: PeerId): PeerId | null {
    return this.#knownContacts().get(peer)?.via ?? null
  }

  /** Links have changed here or next door. */
  forgetKnown(): void {
    this.#known = null
  }

  linked(): readonly PeerId[] {
    return [...this.links.keys()]
  }

  roundTripMs(peer: PeerId): number | null {
    const node = this.links.get(peer)
    return node === undefined || !this.knowsRoundTrips ? null : 2 * this.oneWayMs(node)
  }

  isHidden(): boolean {
    return false
  }

  #knownContacts(): ReadonlyMap<PeerId, { readonly contact: Contact; readonly via: PeerId }> {
    if (this.#known !== null) return this.#known
    const known = new Map<PeerId, { contact: Contact; via: PeerId }>()
    for (const node of this.links.values()) known.set(node.id, { contact: node.self, via: node.id })
    if (this.knowsNeighbours)
      for (const node of this.links.values())
        for (const next of node.links.values())
          if (!known.has(next.id)) known.set(next.id, { contact: next.self, via: node.id })
    known.delete(this.id)
    this.#known = known
    return known
  }
}
