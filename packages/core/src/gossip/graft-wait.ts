// How long an announced message is awaited before it is asked for.

import { GRAFT_WAIT_MAX_MS, GRAFT_WAIT_MIN_MS, GRAFT_WAIT_SLOW_MS, GRAFT_WAIT_START_MS } from '../limits.ts'

/** A step up is 19 times a step down, the odds of the 95th percentile: two dozen slow copies show. */
const STEP_UP = 1.14
const STEP_DOWN = 0.993

/**
 * The 95th percentile of the delay between an announcement and the tree's copy: shorter, and grafts fetch what is under way, which
 * on thin lines makes everything later still; longer, and losses are mended late.
 *
 * An estimate by steps, without samples kept (Ma, Muthukrishnan & Sandler, 2013, "Frugal streaming").
 */
export class GraftWait {
  #ms = GRAFT_WAIT_START_MS

  /** Where all links are near, a copy that takes longer than a round trip of the slowest is not under way. */
  ms(slowestRoundTripMs: number): number {
    return this.#atLeast(Math.min(this.#ms, slowestRoundTripMs))
  }

  /** Milliseconds to wait for an answer before the next peer is asked: copies that are late elsewhere are late there, too. */
  forAnswer(roundTripMs: number): number {
    return this.#atLeast(roundTripMs * 2)
  }

  /** Copies take longer than distances explain, because lines are full or lose much: so they would from anybody. */
  get isSlow(): boolean {
    return this.#ms > GRAFT_WAIT_SLOW_MS
  }

  /** A message came by the tree, so much later than it was announced; 0 where it was not. */
  learn(sampleMs: number): void {
    this.#ms = bounded(this.#ms * (sampleMs > this.#ms ? STEP_UP : STEP_DOWN))
  }

  #atLeast(ms: number): number {
    return Math.round(bounded(this.isSlow ? Math.max(this.#ms, ms) : ms))
  }
}

function bounded(ms: number): number {
  return Math.min(Math.max(ms, GRAFT_WAIT_MIN_MS), GRAFT_WAIT_MAX_MS)
}
