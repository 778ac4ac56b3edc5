// Time that stands still until a test moves it.

import type { Clock } from '@hyphae/runtime'

interface Wake {
  readonly at: number
  readonly callback: () => void
}

export class ManualClock implements Clock {
  #now: number
  #wakes: Wake[] = []

  /** `now`: milliseconds since the Unix epoch to begin with. */
  constructor(now = 1_700_000_000_000) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  wakeAt(at: number, callback: () => void): () => void {
    const wake = { at, callback }
    this.#wakes.push(wake)
    return () => {
      this.#wakes = this.#wakes.filter((other) => other !== wake)
    }
  }

  /** Lets this much time pass; every wake in it, new ones included, is called at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let wake = this.#nextUntil(end); wake; wake = this.#nextUntil(end)) {
      this.#now = Math.max(this.#now, wake.at)
      this.#call(wake)
    }
    this.#now = end
  }

  /** Lets time pass without calling anybody, as a suspended machine or a busy page does: wakes are late afterwards. */
  stall(ms: number): void {
    this.#now += ms
  }

  /** How many wakes are pending. */
  get pending(): number {
    return this.#wakes.length
  }

  /** The earliest wake until `end`; of several at one time, the one asked for first. */
  #nextUntil(end: number): Wake | undefined {
    let next: Wake | undefined
    for (const wake of this.#wakes) if (wake.at <= end && (!next || wake.at < next.at)) next = wake
    return next
  }

  #call(wake: Wake): void {
    this.#wakes = this.#wakes.filter((other) => other !== wake)
    wake.callback()
  }
}
