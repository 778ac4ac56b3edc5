// One direction of a connection in memory: deliveries keep their order and take their time, and control overtakes bulk.

import type { Channel } from '@hyphae/core'
import type { Clock } from '@hyphae/runtime'

interface Delivery {
  readonly channel: Channel
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
  push(channel: Channel, delayMs: number, deliver: () => void): void {
    this.#latestAt = Math.max(this.#latestAt, this.#clock.now() + delayMs)
    const delivery = { channel, at: this.#latestAt, deliver }
    this.#deliveries.splice(this.#placeOf(delivery), 0, delivery)
    if (this.#deliveries.length === 1) this.#arm(this.#latestAt)
  }

  /** Forgets what is on its way. */
  clear(): void {
    this.#deliveries = []
  }

  /** Control goes before bulk of the same millisecond. */
  #placeOf({ channel, at }: Delivery): number {
    const isOvertaken = (other: Delivery) => other.channel === 'bulk' && other.at === at
    const place = channel === 'control' ? this.#deliveries.findIndex(isOvertaken) : -1
    return place < 0 ? this.#deliveries.length : place
  }

  #arm(at: number): void {
    if (at <= this.#clock.now()) queueMicrotask(() => this.#deliverDue())
    else this.#clock.wakeAt(at, () => this.#deliverDue())
  }

  #deliverDue(): void {
    const now = this.#clock.now()
    while (this.#deliveries[0] && this.#deliveries[0].at <= now) this.#deliveries.shift()?.deliver()
    if (this.#deliveries[0]) this.#arm(this.#deliveries[0].at)
  }
}
