// How long to wait before the next try: doubled each time, and jittered so that the clients of a restarted server do not
// all come back in the same moment.

import type { Random } from '@hyphae/core'

export class Backoff {
  readonly #minMs: number
  readonly #maxMs: number
  readonly #random: Random
  #failures = 0

  constructor(minMs: number, maxMs: number, random: Random) {
    this.#minMs = minMs
    this.#maxMs = maxMs
    this.#random = random
  }

  /** Milliseconds to wait after one more failure: between half of the doubled time and all of it. */
  next(): number {
    const ceiling = Math.min(this.#maxMs, this.#minMs * 2 ** this.#failures)
    if (ceiling < this.#maxMs) this.#failures++
    return jittered(ceiling * 0.75, 1 / 3, this.#random)
  }

  reset(): void {
    this.#failures = 0
  }
}

/** An integer evenly spread over `ms` plus and minus its `share`. */
export function jittered(ms: number, share: number, random: Random): number {
  const fraction = random.u32() / 2 ** 32
  return Math.round(ms * (1 - share + 2 * share * fraction))
}
