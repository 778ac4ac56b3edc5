// Whom, and where, we do not dial for a while. Full peers stay full: who was refused again and again waits longer and
// longer, so that a network without free places comes to rest.

import { putLast } from '../bounded-map.ts'
import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { REMEMBERED_PEERS_MAX } from '../limits.ts'

/** Refusals in one bucket after which it rests too, and dials of one contact after which it rests longer than we were told. */
const PATIENCE = 2
/** Milliseconds of the first rest of a bucket: what an unwanted link needs to be pruned, so that there is a new place. */
const BUCKET_REST_MS = 30_000
/** Milliseconds of the longest rest. */
const REST_MS_MAX = 15 * 60_000

interface Rest {
  readonly until: Millis
  /** Dials that failed one after the other. */
  readonly failures: number
}

const AWAKE: Rest = { until: 0, failures: 0 }

export class Rests {
  readonly #restByPeer = new Map<PeerId, Rest>()
  /** At most one entry per bucket. */
  readonly #restByBucket = new Map<number, Rest>()

  get size(): number {
    return this.#restByPeer.size
  }

  peerUntil(peer: PeerId): Millis {
    return this.#restByPeer.get(peer)?.until ?? 0
  }

  bucketUntil(bucket: number): Millis {
    return this.#restByBucket.get(bucket)?.until ?? 0
  }

  /** The link to this contact has gone. */
  restPeer(peer: PeerId, restMs: number, now: Millis): void {
    this.#remember(peer, { until: now + restMs, failures: 0 })
  }

  /** A dial of this contact failed, and we were told how long to leave it alone. */
  peerFailed(peer: PeerId, restMs: number, now: Millis): void {
    const failures = (this.#restByPeer.get(peer) ?? AWAKE).failures + 1
    this.#remember(peer, { until: now + longer(restMs, failures), failures })
  }

  /** A dial for the sake of this bucket failed. */
  bucketFailed(bucket: number, now: Millis): void {
    const failures = (this.#restByBucket.get(bucket) ?? AWAKE).failures + 1
    const until = failures < PATIENCE ? 0 : now + longer(BUCKET_REST_MS, failures)
    this.#restByBucket.set(bucket, { until, failures })
  }

  /** The bucket has a link. */
  bucketServed(bucket: number): void {
    this.#restByBucket.delete(bucket)
  }

  /** Beyond the bound whoever has rested longest may be dialed again. */
  #remember(peer: PeerId, rest: Rest): void {
    putLast(this.#restByPeer, peer, rest, REMEMBERED_PEERS_MAX)
  }
}

function longer(restMs: number, failures: number): number {
  return Math.max(restMs, Math.min(restMs * 2 ** Math.max(0, failures - PATIENCE), REST_MS_MAX))
}
