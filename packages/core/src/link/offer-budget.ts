// How many signals we look at. An offer costs an RTCPeerConnection, of which Chromium has room for 500 until it collects
// those that are closed, so offers are counted per identity, per forwarding link and altogether before anything is constructed.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  OFFERS_PER_IDENTITY_PER_MINUTE,
  OFFERS_PER_LINK_PER_MINUTE,
  OFFERS_PER_MINUTE,
  REMEMBERED_PEERS_MAX,
} from '../limits.ts'
import { TokenBucket, TokenBuckets } from '../token-buckets.ts'

/** Boxes per offer: it comes with batches of candidates. Opening one costs a key agreement. */
const BOXES_PER_OFFER = 8
const SECONDS_PER_MINUTE = 60

export class OfferBudget {
  readonly #boxesByPeer = buckets(OFFERS_PER_IDENTITY_PER_MINUTE * BOXES_PER_OFFER)
  readonly #boxesByLink = buckets(OFFERS_PER_LINK_PER_MINUTE * BOXES_PER_OFFER)
  readonly #offersByPeer = buckets(OFFERS_PER_IDENTITY_PER_MINUTE)
  readonly #offersByLink = buckets(OFFERS_PER_LINK_PER_MINUTE)
  readonly #offers = new TokenBucket(OFFERS_PER_MINUTE, OFFERS_PER_MINUTE / SECONDS_PER_MINUTE, 0)

  /**
   * Whether a sealed signal may be opened. `link`: who forwarded it, if anybody did, and may have put any sender beside it:
   * senders are counted apart for each link, so that none is silenced by another's.
   */
  admitsBox(from: PeerId, link: PeerId | null, now: Millis): boolean {
    if (link !== null && !this.#boxesByLink.take(link, 1, now)) return false
    return this.#boxesByPeer.take(`${from}/${link ?? ''}`, 1, now)
  }

  /** Whether an offer may become a connection: `too-many` of this identity, or `full`, for which it is not to blame. */
  judgeOffer(from: PeerId, link: PeerId | null, now: Millis): 'admitted' | 'too-many' | 'full' {
    if (!this.#offersByPeer.take(from, 1, now)) return 'too-many'
    if (link !== null && !this.#offersByLink.take(link, 1, now)) return 'full'
    return this.#offers.take(1, now) ? 'admitted' : 'full'
  }

  tables(): Record<string, number> {
    return {
      boxBudgets: this.#boxesByPeer.size + this.#boxesByLink.size,
      offerBudgets: this.#offersByPeer.size + this.#offersByLink.size,
    }
  }
}

function buckets(perMinute: number): TokenBuckets {
  return new TokenBuckets(perMinute, perMinute / SECONDS_PER_MINUTE, REMEMBERED_PEERS_MAX)
}
