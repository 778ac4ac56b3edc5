// How far away a contact is that we have no link to, from what our links say of theirs. By the triangle inequality the round
// trip is at least the difference between a link's round trip to us and its own to the contact: two peers that are equally far
// from everybody who knows both are mostly near each other (landmarks: Ratnasamy et al., 2002; why near neighbours make a
// DHT fast: Gummadi et al., 2003). A guess that costs a byte per contact named. A liar can seem near; the leaves, the first
// link of every bucket and the random links are chosen without it.

import type { PeerId } from '../identity/peer-id.ts'
import type { LinkView, Way } from '../machine.ts'
import type { KnownContact } from './bucket.ts'

/** Milliseconds of one step of a delay on the wire. */
const DELAY_STEP_MS = 2
/** Steps of the longest delay; one more stands for unknown. */
const DELAY_STEPS_MAX = 254
const UNKNOWN = 255
/** Links that are remembered of one contact, those that named it last. */
const LANDMARKS_MAX = 4

/** A linked peer that has a link to a contact, and their round trip in milliseconds. */
export interface Landmark {
  readonly peer: PeerId
  readonly ms: number
}

/** Round trips as PEER_EXCHANGE carries them, one byte each. */
export function encodeDelays(roundTripsMs: readonly (number | null)[]): Uint8Array {
  return Uint8Array.from(roundTripsMs, (ms) =>
    ms === null ? UNKNOWN : Math.min(DELAY_STEPS_MAX, Math.max(0, Math.round(ms / DELAY_STEP_MS))),
  )
}

/** Milliseconds of the delay at this index; null where it is unknown. */
export function delayAt(delays: Uint8Array, index: number): number | null {
  const steps = delays[index] ?? UNKNOWN
  return steps === UNKNOWN ? null : steps * DELAY_STEP_MS
}

export class Proximity {
  readonly #links: Pick<LinkView, 'roundTripMs'>

  constructor(links: Pick<LinkView, 'roundTripMs'>) {
    this.#links = links
  }

  /** A linked peer is this far from the contact. */
  heard(known: KnownContact, landmark: Landmark): void {
    const others = known.landmarks.filter(({ peer }) => peer !== landmark.peer)
    known.landmarks = others.slice(1 - LANDMARKS_MAX).concat(landmark)
  }

  /** The link to a landmark has gone. */
  lost(known: KnownContact, peer: PeerId): void {
    if (known.landmarks.some((landmark) => landmark.peer === peer))
      known.landmarks = known.landmarks.filter((landmark) => landmark.peer !== peer)
  }

  /** Milliseconds that a round trip to the contact takes at least; infinity where nothing is known. */
  guessMs({ landmarks }: KnownContact): number {
    let least = -1
    for (const { peer, ms } of landmarks) {
      const ownMs = this.#links.roundTripMs(peer)
      if (ownMs !== null) least = Math.max(least, Math.abs(ownMs - ms))
    }
    return least < 0 ? Number.POSITIVE_INFINITY : least
  }

  /** The quickest way to a contact through a link of ours that named it, or null where nobody said how far it is. */
  way({ id, landmarks }: KnownContact): Way | null {
    let way: Way | null = null
    for (const { peer: via, ms } of landmarks) {
      const ownMs = this.#links.roundTripMs(via)
      if (ownMs !== null && (way === null || ownMs + ms < way.ms)) way = { to: id, via, ms: ownMs + ms }
    }
    return way
  }

  /** The nearest of these, or null where nothing is known of any. */
  nearest(pool: readonly KnownContact[]): KnownContact | null {
    let best: KnownContact | null = null
    let bestMs = Number.POSITIVE_INFINITY
    for (const known of pool) {
      const ms = this.guessMs(known)
      if (ms >= bestMs) continue
      best = known
      bestMs = ms
    }
    return best
  }

  /** Round trips to these links, as far as they are measured. */
  delaysTo(links: readonly { readonly id: PeerId }[]): Uint8Array {
    return encodeDelays(links.map(({ id }) => this.#links.roundTripMs(id)))
  }

  /** For sorting links: the slowest first, those not measured last. */
  slowestFirst(a: PeerId, b: PeerId): number {
    return (this.#links.roundTripMs(b) ?? 0) - (this.#links.roundTripMs(a) ?? 0)
  }
}
