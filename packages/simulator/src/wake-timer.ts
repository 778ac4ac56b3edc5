// The one wake timer of a peer. Core sets it anew after almost every input, mostly later than before; so a plan that is
// too early looks again instead of being replaced, and the queue stays short.

import type { Timeline } from './timeline.ts'

export class WakeTimer {
  readonly #timeline: Timeline
  readonly #wake: () => void
  /** When to wake. */
  #at = Number.POSITIVE_INFINITY
  /** When the timeline looks next. */
  #plannedAt = Number.POSITIVE_INFINITY
  #everyMs = 1
  #phaseMs = 0

  constructor(timeline: Timeline, wake: () => void) {
    this.#timeline = timeline
    this.#wake = wake
  }

  /** Replaces the time set before; infinity means never. Times gone by mean now. */
  set(at: number): void {
    this.#at = this.#allowed(Math.max(at, this.#timeline.now))
    if (this.#at < this.#plannedAt) this.#plan(this.#at)
  }

  /** From the next time set on it wakes only at times that are `phaseMs` after a multiple of `everyMs`: as late as that makes it. */
  throttle(everyMs: number, phaseMs: number): void {
    this.#everyMs = everyMs
    this.#phaseMs = phaseMs
  }

  cancel(): void {
    this.#at = Number.POSITIVE_INFINITY
  }

  #allowed(at: number): number {
    return this.#phaseMs + this.#everyMs * Math.ceil((at - this.#phaseMs) / this.#everyMs)
  }

  #plan(at: number): void {
    this.#plannedAt = at
    this.#timeline.at(at, () => {
      if (this.#plannedAt === at) this.#look()
    })
  }

  #look(): void {
    this.#plannedAt = Number.POSITIVE_INFINITY
    if (this.#at > this.#timeline.now) {
      if (this.#at !== Number.POSITIVE_INFINITY) this.#plan(this.#at)
      return
    }
    this.#at = Number.POSITIVE_INFINITY
    this.#wake()
  }
}
