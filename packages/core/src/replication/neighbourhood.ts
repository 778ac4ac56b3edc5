// Who should hold a record, as far as we know, and who of them has been here long enough to hold it: newcomers get their
// copies from those who are settled.

import type { Millis } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { NEWCOMERS_MAX } from '../limits.ts'
import type { RoutingView } from '../machine.ts'

/**
 * Milliseconds after which a peer counts as settled: by then it has its copies, for they are sent from REPAIR_DELAY_MS on.
 * A guess.
 */
export const SETTLED_MS = 10_000
/** Milliseconds after our own coming in which those we meet were here before us: a join takes about as long. */
const MEETING_MS = 3_000

/** Of the peers that should hold a record, those close enough to know the others. */
export function nearCount(replicas: number): number {
  return Math.floor(replicas / 2)
}

export class Neighbourhood {
  readonly #routing: RoutingView
  readonly #cameAtByPeerId = new Map<PeerId, Millis>()
  /** When we came ourselves, or came back after having been alone. */
  #cameAt: Millis = 0

  constructor(routing: RoutingView) {
    this.#routing = routing
  }

  start(now: Millis): void {
    this.#cameAt = now
  }

  /** Whether all of them are new to us: then we are the newcomer. */
  changed(added: readonly Contact[], gone: readonly PeerId[], now: Millis): boolean {
    for (const peer of gone) this.#cameAtByPeerId.delete(peer)
    const alone = added.length > 0 && this.#routing.siblings().length <= added.length
    if (alone) this.#cameAt = now
    if (now - this.#cameAt >= MEETING_MS) for (const { id } of added) this.#note(id, now)
    this.#forgetSettled(now)
    return alone
  }

  /** The peers closest to the key, closest first, ourselves among them where we belong. */
  closest(key: Key, count: number): readonly Contact[] {
    const others = this.#routing.closest(key, count)
    const found = others.findIndex((peer) => this.#routing.isSelfCloser(key, peer.id))
    const rank = found < 0 ? others.length : found
    if (rank >= count) return others
    return [...others.slice(0, rank), this.#routing.self, ...others.slice(rank, count - 1)]
  }

  /** Whether we are among that many closest to the key. */
  isAmong(key: Key, count: number): boolean {
    const farthest = this.#farthestOf(key, count)
    return farthest === undefined || this.#routing.isSelfCloser(key, farthest.id)
  }

  /**
   * Whether we are so close to the key that we should know everybody else who ought to hold its record: in the nearer half of
   * those, with as many known that are in it, and long enough here to have met them.
   */
  isNear(key: Key, replicas: number, now: Millis): boolean {
    const count = nearCount(replicas)
    if (count === 0 || this.settledInMs(now) > 0) return false
    const farthest = this.#farthestOf(key, count)
    return farthest !== undefined && this.#routing.isSelfCloser(key, farthest.id)
  }

  isSettled(peer: PeerId, now: Millis): boolean {
    const cameAt = peer === this.#routing.self.id ? this.#cameAt : this.#cameAtByPeerId.get(peer)
    return cameAt === undefined || now - cameAt >= SETTLED_MS
  }

  /** Milliseconds until we are settled ourselves. */
  settledInMs(now: Millis): number {
    return Math.max(this.#cameAt + SETTLED_MS - now, 0)
  }

  tables() {
    return { storeNewcomers: this.#cameAtByPeerId.size }
  }

  /** The last of that many closest others; undefined where we know fewer. */
  #farthestOf(key: Key, count: number): Contact | undefined {
    return this.#routing.closest(key, count)[count - 1]
  }

  #note(peer: PeerId, now: Millis): void {
    this.#cameAtByPeerId.delete(peer)
    this.#cameAtByPeerId.set(peer, now)
  }

  /** In the order of their coming. */
  #forgetSettled(now: Millis): void {
    for (const [peer, cameAt] of this.#cameAtByPeerId) {
      if (now - cameAt < SETTLED_MS && this.#cameAtByPeerId.size <= NEWCOMERS_MAX) return
      this.#cameAtByPeerId.delete(peer)
    }
  }
}
