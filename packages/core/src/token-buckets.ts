// A token bucket: `burst` at once, `perSecond` in the long run. Integer time in, no timers.

import { putLast } from './bounded-map.ts'
import type { Millis } from './contract.ts'

export class TokenBucket {
  readonly #burst: number
  readonly #perMs: number
  #tokens: number
  #at: Millis

  constructor(burst: number, perSecond: number, now: Millis) {
    this.#burst = burst
    this.#perMs = perSecond / 1_000
    this.#tokens = burst
    this.#at = now
  }

  /** Takes `cost` tokens, or none and says so. */
  take(cost: number, now: Millis): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs)
    this.#at = now
    if (this.#tokens < cost) return false
    this.#tokens -= cost
    return true
  }
}

/** One bucket per key, for at most `keysMax` keys: beyond that the one longest unused is forgotten (and is full again). */
export class TokenBuckets {
  readonly #bucketByKey = new Map<string, TokenBucket>()
  readonly #burst: number
  readonly #perSecond: number
  readonly #keysMax: number

  constructor(burst: number, perSecond: number, keysMax: number) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#keysMax = keysMax
  }

  take(key: string, cost: number, now: Millis): boolean {
    const bucket = this.#bucketByKey.get(key) ?? new TokenBucket(this.#burst, this.#perSecond, now)
    putLast(this.#bucketByKey, key, bucket, this.#keysMax)
    return bucket.take(cost, now)
  }

  get size(): number {
    return this.#bucketByKey.size
  }
}
