// Whose turn it is among the connections of one address, once the tokens that they share are used up. The first that waits
// is served once and goes to the end of the line: one that has much to say keeps nobody else from speaking.

import type { TokenBucket } from './rate-limit.ts'

export interface Waiter {
  /** Tokens of what it says next. */
  readonly cost: number
  /** Its tokens are taken. Answers whether it has more to say. */
  turn(): boolean
}

export class Turns {
  readonly #bucket: TokenBucket
  readonly #line = new Set<Waiter>()
  #timer: NodeJS.Timeout | null = null

  constructor(bucket: TokenBucket) {
    this.#bucket = bucket
  }

  /** Takes tokens, or none and answers false: there are too few, or others are waiting for them. */
  take(cost: number, now: number): boolean {
    return this.#line.size === 0 && this.#bucket.take(cost, now)
  }

  /** Joins the end of the line; whoever stands in it keeps its place. */
  wait(waiter: Waiter): void {
    this.#line.add(waiter)
    this.#schedule()
  }

  leave(waiter: Waiter): void {
    this.#line.delete(waiter)
    if (this.#line.size > 0 || this.#timer === null) return
    clearTimeout(this.#timer)
    this.#timer = null
  }

  #schedule(): void {
    const [first] = this.#line
    if (first === undefined || this.#timer !== null) return
    const ms = this.#bucket.msUntil(first.cost, performance.now())
    this.#timer = setTimeout(() => this.#serve(), Math.ceil(ms))
  }

  #serve(): void {
    this.#timer = null
    for (const waiter of this.#line) {
      if (!this.#bucket.take(waiter.cost, performance.now())) break
      this.#line.delete(waiter)
      // A set goes on with what is added to it: the same one comes again after all others.
      if (waiter.turn()) this.#line.add(waiter)
    }
    this.#schedule()
  }
}
