// Who died lately, so that gossip which is older than the death does not bring the dead back into our tables.

import { putLast } from '../bounded-map.ts'
import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { LINK_SILENCE_MS } from '../limits.ts'

/** The dead remembered; beyond that the longest dead are forgotten. Guess: a tenth of a large neighbourhood's churn. */
export const DEPARTED_MAX = 256
/** Milliseconds for which hearsay about the dead is not believed: longer than gossip among siblings takes to settle. */
export const DEPARTED_MS = 120_000
/** Milliseconds for which nobody is believed: twice what a link needs to fall silent. */
export const DEPARTED_SURELY_MS = 2 * LINK_SILENCE_MS

/** `linked`: somebody says it has a link to the contact, or an introducer sees it; `named`: somebody merely knows of it. */
export type Evidence = 'linked' | 'named'

/** `ask`: it may have been taken for dead by mistake, so it is asked itself. */
export type Verdict = 'believe' | 'ask' | 'ignore'

export class Departed {
  readonly #diedAtByPeer = new Map<PeerId, Millis>()

  get size(): number {
    return this.#diedAtByPeer.size
  }

  add(peer: PeerId, now: Millis): void {
    putLast(this.#diedAtByPeer, peer, now, DEPARTED_MAX)
  }

  /** The peer itself was heard. */
  delete(peer: PeerId): void {
    this.#diedAtByPeer.delete(peer)
  }

  /** What to make of somebody who says that the peer lives. */
  verdict(evidence: Evidence, peer: PeerId, now: Millis): Verdict {
    if (this.isSurely(peer, now)) return 'ignore'
    return evidence === 'linked' || this.#deadMs(peer, now) >= DEPARTED_MS ? 'believe' : 'ask'
  }

  /** Whether it died so lately that nobody is believed who says otherwise. */
  isSurely(peer: PeerId, now: Millis): boolean {
    return this.#deadMs(peer, now) < DEPARTED_SURELY_MS
  }

  #deadMs(peer: PeerId, now: Millis): Millis {
    return now - (this.#diedAtByPeer.get(peer) ?? Number.NEGATIVE_INFINITY)
  }
}
