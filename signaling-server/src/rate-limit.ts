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

  /** Takes what cannot be refused any more: what is lacking is owed. */
  owe(cost: number, now: number): void {
    this.#fill(now)
    this.#tokens -= cost
  }

  /** Milliseconds until `take` of so many can succeed. */
  msUntil(cost: number, now: number): number {
    this.#fill(now)
    return (Math.max(0, cost - this.#tokens) * 1_000) / this.#perSecond
  }

  /** Since the last call nobody could be heard: what was gained meanwhile counts in full, beyond the burst too. */
  makeUp(now: number): void {
    this.#tokens += this.#gained(now)
    this.#filledAt = now
  }

  /** Whether it remembers nothing any more: a new bucket would do as well. */
  isFull(now: number): boolean {
    this.#fill(now)
    return this.#tokens >= this.#capacity
  }

  #fill(now: number): void {
    const tokens = Math.min(this.#capacity, this.#tokens + this.#gained(now))
    this.#tokens = Math.max(this.#tokens, tokens)
    this.#filledAt = now
  }

  #gained(now: number): number {
    return (Math.max(0, now - this.#filledAt) / 1_000) * this.#perSecond
  }
}
