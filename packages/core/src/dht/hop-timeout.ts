// How long a hop may take to acknowledge, and which links are under suspicion because they did not.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { HOP_RTT_UNKNOWN_MS, HOP_SUSPECT_MS, HOP_TIMEOUT_MAX_MS, HOP_TIMEOUT_MIN_MS } from '../limits.ts'
import type { LinkView } from '../machine.ts'

/** Share of the smoothed round trip that is allowed for: an ACK is sent at once, so little more than one round trip. */
const ROUND_TRIPS = 1.1
/** Milliseconds for batching at both ends and for a page whose event loop is busy with a frame (16.7 ms). */
const SLACK_MS = 20
/** Bytes per millisecond that every line is trusted to carry: 1 Mbit/s. */
const LINE_BYTES_PER_MS = 125
/** Deviations above the mean, and the weight of the newest one (RFC 6298, section 2). */
const DEVIATIONS = 4
const DEVIATION_GAIN = 0.25

/**
 * Timeouts of hops, per link. The smoothed round trip is the link's own; only how far acknowledgements stray from it is
 * learned here, so that a link that was often late is given more time instead of a second copy.
 */
export class HopTimes {
  readonly #links: LinkView
  readonly #deviationMsByPeer = new Map<PeerId, number>()
  /** Last acknowledgement of links that have not measured their round trip yet. */
  readonly #lastMsByPeer = new Map<PeerId, number>()
  readonly #silentSinceByPeer = new Map<PeerId, Millis>()
  /** When a line of LINE_BYTES_PER_MS would have carried everything sent so far. */
  #carriedAt: Millis = 0

  constructor(links: LinkView) {
    this.#links = links
  }

  /** Milliseconds of a round trip, guessed where none is known. */
  roundTripMs(peer: PeerId): number {
    return this.#roundTripMs(peer) ?? HOP_RTT_UNKNOWN_MS
  }

  /** A hop is sent so many bytes: milliseconds it has to acknowledge, after what our own line may need for these and those before. */
  sent(peer: PeerId, bytes: number, now: Millis): number {
    this.#carriedAt = Math.max(this.#carriedAt, now) + bytes / LINE_BYTES_PER_MS
    const roundTripMs = this.roundTripMs(peer)
    const deviationMs = this.#deviationMsByPeer.get(peer) ?? 0
    const answerMs = Math.max(ROUND_TRIPS * roundTripMs + SLACK_MS, roundTripMs + DEVIATIONS * deviationMs)
    const wantedMs = answerMs + this.#carriedAt - now
    return Math.round(Math.min(HOP_TIMEOUT_MAX_MS, Math.max(HOP_TIMEOUT_MIN_MS, wantedMs)))
  }

  /** A hop acknowledged after `ms`, in time or late. */
  acknowledged(peer: PeerId, ms: number): void {
    this.#silentSinceByPeer.delete(peer)
    const roundTripMs = this.#roundTripMs(peer)
    this.#lastMsByPeer.set(peer, ms)
    if (roundTripMs === null) return
    const before = this.#deviationMsByPeer.get(peer) ?? 0
    const stray = Math.abs(ms - roundTripMs)
    this.#deviationMsByPeer.set(peer, before + DEVIATION_GAIN * (stray - before))
  }

  /** A hop did not acknowledge in time. */
  silent(peer: PeerId, now: Millis): void {
    if (!this.isSuspect(peer, now)) this.#silentSinceByPeer.set(peer, now)
  }

  /** It brought a reply. */
  heard(peer: PeerId): void {
    this.#silentSinceByPeer.delete(peer)
  }

  /** Whether the link is better tried last: half of a dead neighbourhood costs one timeout each, not one per message. */
  isSuspect(peer: PeerId, now: Millis): boolean {
    const since = this.#silentSinceByPeer.get(peer)
    return since !== undefined && now - since < HOP_SUSPECT_MS
  }

  /** The link has gone: each table holds at most one entry per link. */
  forget(peer: PeerId): void {
    this.#deviationMsByPeer.delete(peer)
    this.#lastMsByPeer.delete(peer)
    this.#silentSinceByPeer.delete(peer)
  }

  get size(): number {
    return this.#deviationMsByPeer.size + this.#lastMsByPeer.size + this.#silentSinceByPeer.size
  }

  #roundTripMs(peer: PeerId): number | null {
    return this.#links.roundTripMs(peer) ?? this.#lastMsByPeer.get(peer) ?? null
  }
}
