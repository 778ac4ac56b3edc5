// A token bucket: a sustained rate with room for a burst. Time is handed in, so that tests hold it still.

export class TokenBucket {
  readonly #perSecond: number
  readonly #capacity: number
  #tokens: number
  #filledAt: number

  /** Full at `now` (milliseconds of a clock that does not go backwards). */
  constructor(perSecond: number, capacity: number, now: number) {
    this.#perSecond = perSecond
    this.#capacity = capacity
    this.#tokens = capacity
    this.#filledAt = now
  }

  /** Takes `cost` tokens, or none and answers false. */
  take(cost: number, now: number): boolean {
    this.#fill(now)
    if (this.#tokens < cost) return false
    this.#tokens -= cost
    return true
  }

  /** Whether it remembers nothing any more: a new bucket would do as well. */
  isFull(now: number): boolean {
    this.#fill(now)
    return this.#tokens === this.#capacity
  }

  #fill(now: number): void {
    const gained = (Math.max(0, now - this.#filledAt) / 1_000) * this.#perSecond
    this.#tokens = Math.min(this.#capacity, this.#tokens + gained)
    this.#filledAt = now
  }
}
