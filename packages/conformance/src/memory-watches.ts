// When the ends of one transport have to say that they are there, or have heard nothing for too long: one timer for all of
// them. With a timer for each, 50 idle peers in a process turned its event loop twice as often.

import type { Clock } from '@hyphae/runtime'

export interface WatchedEnd {
  /** Does what is due by now, and says when it has to be looked at again. */
  look(now: number): number
}

export class MemoryWatches {
  readonly #clock: Clock
  readonly #ends = new Set<WatchedEnd>()
  #lookAt = Number.POSITIVE_INFINITY
  #cancel: () => void = () => undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `at` is when the end has to be looked at; it may be later by then, and `look` says so. */
  watch(end: WatchedEnd, at: number): void {
    this.#ends.add(end)
    this.#wakeBy(at)
  }

  forget(end: WatchedEnd): void {
    if (this.#ends.delete(end) && this.#ends.size === 0) this.#stop()
  }

  #wakeBy(at: number): void {
    if (at >= this.#lookAt) return
    this.#stop()
    this.#lookAt = at
    this.#cancel = this.#clock.wakeAt(at, () => this.#look())
  }

  #stop(): void {
    this.#cancel()
    this.#lookAt = Number.POSITIVE_INFINITY
  }

  #look(): void {
    this.#lookAt = Number.POSITIVE_INFINITY
    const now = this.#clock.now()
    let nextAt = Number.POSITIVE_INFINITY
    for (const end of this.#ends) nextAt = Math.min(nextAt, end.look(now))
    this.#wakeBy(nextAt)
  }
}
