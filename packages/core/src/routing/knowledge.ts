// What this peer knows of others, as other machines and the application may ask for it. Nothing here changes anything.

import type { Millis } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import type { RoutingView, Way } from '../machine.ts'
import type { PeerSnapshot } from '../peer/snapshot.ts'
import type { Acquaintances } from './acquaintances.ts'
import type { Arrival } from './arrival.ts'
import { hopsTo } from './bucket.ts'
import { compareDistance, sortedByDistance } from './distance.ts'
import type { LinkState } from './link-tally.ts'
import type { LinkTargets } from './link-targets.ts'
import { networkSize } from './network-size.ts'
import type { Proximity } from './proximity.ts'
import type { RoutingTable } from './routing-table.ts'

/** Where it is kept: routing changes it. */
interface Known {
  readonly table: RoutingTable
  readonly proximity: Proximity
  readonly acquaintances: Acquaintances
  readonly linkByPeer: ReadonlyMap<PeerId, LinkState>
  readonly arrival: Arrival
  readonly targets: LinkTargets
}

export class Knowledge implements RoutingView {
  readonly self: Contact
  readonly #known: Known
  /** In the order of their links. */
  #linked: readonly PeerId[] = []

  constructor(self: Contact, known: Known) {
    this.self = self
    this.#known = known
  }

  /** So that who asks often is given the same array. */
  linksChanged(): void {
    this.#linked = [...this.#known.linkByPeer.keys()]
  }

  linkedByDistance(target: Key): readonly PeerId[] {
    return sortedByDistance(target, this.#linked)
  }

  isSelfCloser(target: Key, than: PeerId): boolean {
    return compareDistance(target, this.self.id, than) < 0
  }

  closest(target: Key, count: number): readonly Contact[] {
    return this.#known.table.closest(target, count).map(({ contact }) => contact)
  }

  closestLinked(target: Key, count: number): readonly Contact[] {
    const ids = this.linkedByDistance(target).slice(0, count)
    return ids.map((id) => (this.#known.linkByPeer.get(id) as LinkState).known.contact)
  }

  siblings(): readonly Contact[] {
    return this.#known.table.siblings.list.map(({ contact }) => contact)
  }

  isLinked(peer: PeerId): boolean {
    return this.#known.linkByPeer.has(peer)
  }

  settledForMs(now: Millis): number {
    return now - this.#known.arrival.settledAt
  }

  isDeparted(peer: PeerId, now: Millis): boolean {
    return this.#known.acquaintances.isDeparted(peer, now)
  }

  contactOf(peer: PeerId): Contact | null {
    return this.#known.table.get(peer)?.contact ?? null
  }

  viaOf(peer: PeerId): PeerId | null {
    return this.#known.table.get(peer)?.via ?? null
  }

  /** Hops to this peer, as far as we know them. Where it is not the last of them it is near that one. */
  hopsTo(peer: PeerId): readonly PeerId[] {
    const known = this.#known.table.get(peer)
    return known === null ? [] : hopsTo(known)
  }

  ways(target: Key, count: number): readonly Way[] {
    const ways: Way[] = []
    for (const known of this.#known.table.closest(target, count)) {
      const way = known.linked ? null : this.#known.proximity.way(known)
      if (way !== null) ways.push(way)
    }
    return ways
  }

  linked(): readonly PeerId[] {
    return this.#linked
  }

  /** Whether this peer, known to us or not, belongs among our leaves: a full peer makes room for those. */
  isNear(peer: PeerId): boolean {
    return this.#known.table.siblings.rankOf(peer) < this.#known.targets.leaf
  }

  /** For the snapshot of a peer. */
  stats(): Pick<PeerSnapshot, 'contacts' | 'buckets' | 'networkSize'> {
    const { siblings } = this.#known.table
    return {
      contacts: this.#known.table.size,
      buckets: this.#known.table.bucketIndexes().length,
      networkSize: networkSize(this.self.id, siblings.list, !siblings.isFull),
    }
  }
}
