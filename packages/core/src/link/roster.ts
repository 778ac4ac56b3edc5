// Which connection is the link to a peer, which one is the spare while a duplicate is sorted out, and which peers the
// other machines were told about.

import type { LinkId, Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { LinkView, Out } from '../machine.ts'
import { LINK_REASONS, type LinkReason } from '../peer/calls.ts'
import type { LinkSnapshot } from '../peer/snapshot.ts'
import type { Connection } from './connection.ts'
import type { LinkEffect } from './link-contract.ts'
import type { Standing } from './standing.ts'

/** Reasons for which a link is never given up to make room. */
const KEPT = LINK_REASONS.leaf | LINK_REASONS.transfer

/** What a connection that has proved itself becomes. `stale` and `duplicate` are to be closed. */
export type Place = 'first' | 'newer-boot' | 'replacement' | 'spare' | 'stale' | 'duplicate'

export class Roster implements LinkView {
  readonly #self: PeerId
  /** The link to each peer: open or suspect. */
  readonly #primaryByPeer = new Map<PeerId, Connection>()
  readonly #spareByPeer = new Map<PeerId, Connection>()
  readonly #up = new Set<PeerId>()

  constructor(self: PeerId) {
    this.#self = self
  }

  // Views

  primaryOf(peer: PeerId): Connection | undefined {
    return this.#primaryByPeer.get(peer)
  }

  spareOf(peer: PeerId): Connection | undefined {
    return this.#spareByPeer.get(peer)
  }

  isPrimary(connection: Connection): boolean {
    return this.#primaryByPeer.get(connection.contact.id) === connection
  }

  primaries(): IterableIterator<Connection> {
    return this.#primaryByPeer.values()
  }

  get upCount(): number {
    return this.#up.size
  }

  isUp(peer: PeerId): boolean {
    return this.#up.has(peer)
  }

  roundTripMs(peer: PeerId): number | null {
    return this.#primaryByPeer.get(peer)?.roundTripMs ?? null
  }

  isHidden(peer: PeerId): boolean {
    return this.#primaryByPeer.get(peer)?.hidden ?? false
  }

  linkOf(peer: PeerId): LinkId | null {
    return this.#primaryByPeer.get(peer)?.link ?? null
  }

  /** The link to give up for a neighbour: wanted by nobody, else by one side, else by both; never a leaf or a transfer. */
  leastWanted(): PeerId | null {
    let best: PeerId | null = null
    let bestWorth = Number.POSITIVE_INFINITY
    for (const [peer, { ourReasons, theirReasons }] of this.#primaryByPeer) {
      if (((ourReasons | theirReasons) & KEPT) !== 0) continue
      const worth = (ourReasons !== 0 ? 2 : 0) + (theirReasons !== 0 ? 1 : 0)
      if (worth >= bestWorth) continue
      best = peer
      bestWorth = worth
    }
    return best
  }

  snapshot(standing: Standing, now: Millis): LinkSnapshot[] {
    return [...this.#primaryByPeer].map(([peer, connection]) =>
      describeLink(peer, connection, standing.scoreOf(peer, now)),
    )
  }

  tables() {
    return { spareLinks: this.#spareByPeer.size }
  }

  // Places

  /** Judges only; `setPrimary` and `setSpare` act on it (PROTOCOL.md, LK-7 and LK-8). */
  placeFor(connection: Connection): Place {
    const peer = connection.contact.id
    const current = this.#primaryByPeer.get(peer)
    if (current === undefined) return 'first'
    if (current.bootId > connection.bootId) return 'stale'
    if (current.bootId < connection.bootId) return 'newer-boot'
    if (current.state === 'suspect') return 'replacement'
    // Only the smaller id closes one, so that the two ends never close both.
    return this.#self < peer || this.#spareByPeer.has(peer) ? 'duplicate' : 'spare'
  }

  setPrimary(connection: Connection): void {
    this.#primaryByPeer.set(connection.contact.id, connection)
  }

  setSpare(connection: Connection): void {
    this.#spareByPeer.set(connection.contact.id, connection)
  }

  /** The spare is none any more: it becomes the link. */
  takeSpare(connection: Connection): void {
    this.#spareByPeer.delete(connection.contact.id)
  }

  /** The connection has ended. Returns the spare that steps in, `last` where the peer has no other, null where it was no link. */
  remove(connection: Connection): Connection | 'last' | null {
    const peer = connection.contact.id
    if (this.#spareByPeer.get(peer) === connection) this.#spareByPeer.delete(peer)
    if (this.#primaryByPeer.get(peer) !== connection) return null
    const spare = this.#spareByPeer.get(peer)
    if (spare?.bootId === connection.bootId) {
      this.#spareByPeer.delete(peer)
      this.#primaryByPeer.set(peer, spare)
      return spare
    }
    this.#primaryByPeer.delete(peer)
    return 'last'
  }

  // What the other machines know

  /** What a remote said once it wants the link for is told again: it does not know that we took it for silent. */
  tellUp({ contact, role, signalingPath, theirReasons: reasons }: Connection, out: Out<LinkEffect>): void {
    if (this.#up.has(contact.id)) return
    this.#up.add(contact.id)
    out.push({ type: 'link-up', contact, role, signalingPath })
    if (reasons !== 0) out.push({ type: 'remote-reasons', peer: contact.id, reasons })
  }

  tellDown({ contact, closeCode }: Connection, reason: string, out: Out<LinkEffect>): void {
    if (!this.#up.delete(contact.id)) return
    out.push({ type: 'link-down', peer: contact.id, left: closeCode === 'left', reason })
  }
}

function describeLink(peer: PeerId, connection: Connection, score: number): LinkSnapshot {
  return {
    peer,
    attempt: connection.attempt,
    role: connection.role,
    state: connection.state === 'suspect' ? 'suspect' : 'open',
    signalingPath: connection.signalingPath,
    roundTripMs: connection.roundTripMs,
    openedAt: connection.openedAt,
    ours: reasonNames(connection.ourReasons),
    theirs: reasonNames(connection.theirReasons),
    hidden: connection.hidden,
    bytesSent: connection.bytesSent,
    bytesReceived: connection.bytesReceived,
    score,
  }
}

/** Names of the reasons whose bits are set. */
function reasonNames(bits: number): LinkReason[] {
  return (Object.keys(LINK_REASONS) as LinkReason[]).filter((name) => (bits & LINK_REASONS[name]) !== 0)
}
