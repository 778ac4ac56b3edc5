// From the first look around to a place in the network. Peers that start together link in pairs at first, and each pair would
// take itself for the network: what one of them stores, nobody of the next pair finds. So whoever is new waits, where few are
// known, for those whom introducers named, and chooses its links when its neighbourhood changes no more.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { AWAITED_MAX } from '../limits.ts'

/** Milliseconds until we count as joined, whoever is missing. A dial takes about one second; some never answer. */
const JOINED_MS_MAX = 3_000
/** Longest time to wait until our siblings change no more before links are chosen. In a mass join they always change. */
const SETTLE_MS_MAX = 8_000

export class Arrival {
  readonly #settleMs: number
  readonly #awaited = new Set<PeerId>()
  /** When we looked around; null before. */
  #since: Millis | null = null
  #hasJoined = false
  #settledAt: Millis = Number.POSITIVE_INFINITY

  /** `settleMs`: milliseconds without a change among our siblings until we count as settled. */
  constructor(settleMs: number) {
    this.#settleMs = settleMs
  }

  /** When our neighbourhood counts as known; infinity where we have not looked around. */
  get settledAt(): Millis {
    return this.#settledAt
  }

  /** An introducer names a peer before we have looked around. */
  named(peer: PeerId): void {
    if (this.#awaited.size < AWAITED_MAX) this.#awaited.add(peer)
  }

  /** We have looked around. Answers with when we count as joined at the latest. */
  begin(now: Millis): Millis {
    this.#since = now
    this.#settledAt = now + this.#settleMs
    return now + JOINED_MS_MAX
  }

  /** The last link has gone. */
  end(): void {
    this.#since = null
    this.#hasJoined = false
    this.#settledAt = Number.POSITIVE_INFINITY
    this.#awaited.clear()
  }

  /** Whom we wait for. */
  get awaited(): readonly PeerId[] {
    return [...this.#awaited]
  }

  /** Our network was asked for this peer. Whether we wait for it: it is of another one then, and not dead, where nobody found it. */
  probed(peer: PeerId, isAlive: boolean): boolean {
    return isAlive ? this.#awaited.delete(peer) : this.#awaited.has(peer)
  }

  siblingsChanged(now: Millis): void {
    if (this.#since !== null && this.#settledAt > now)
      this.#settledAt = Math.min(now + this.#settleMs, this.#since + SETTLE_MS_MAX)
  }

  /** Whether we have joined now; true once. A stranger is somebody whom none of our links leads to, though it may be dialed. */
  takeJoined(isStranger: (peer: PeerId) => boolean, now: Millis): boolean {
    if (this.#since === null || this.#hasJoined) return false
    if (now < this.#since + JOINED_MS_MAX && [...this.#awaited].some(isStranger)) return false
    this.#awaited.clear()
    this.#hasJoined = true
    return true
  }

  tables(): Record<string, number> {
    return { awaited: this.#awaited.size }
  }
}
