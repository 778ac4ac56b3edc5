// One direction of a channel in memory: deliveries keep their order and take their time.

import type { Clock } from '@hyphae/runtime'

interface Delivery {
  readonly at: number
  readonly deliver: () => void
}

export class MemoryPipe {
  readonly #clock: Clock
  #deliveries: Delivery[] = []
  #latestAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `deliver` after `delayMs`, later where something before it takes longer, and never before it returns. */
  push(delayMs: number, deliver: () => void): void {
    this.#latestAt = Math.max(this.#latestAt, this.#clock.now() + delayMs)
    this.#deliveries.push({ at: this.#latestAt, deliver })
    if (this.#deliveries.length === 1) this.#arm(this.#latestAt)
  }

  /** Forgets what is on its way. */
  clear(): void {
    this.#deliveries = []
  }

  #arm(at: number): void {
    if (at <= this.#clock.now()) queueMicrotask(() => this.#deliverFirst())
    else this.#clock.wakeAt(at, () => this.#deliverFirst())
  }

  /** One at a time, so that another channel gets its turn in between. */
  #deliverFirst(): void {
    const [first] = this.#deliveries
    if (!first || first.at > this.#clock.now()) return
    this.#deliveries.shift()
    const [next] = this.#deliveries
    if (next) this.#arm(next.at)
    first.deliver()
  }
}
