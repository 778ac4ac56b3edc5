// How many bytes of one channel may be in the stack's own queue. For control that is a number. For bulk it is what
// leaves within 50 ms, measured: more would hold up control, less would leave a fast path idle.

import { BULK_BUFFERED_BYTES_MAX, BULK_BUFFERED_BYTES_MIN, BULK_BUFFERED_MS } from './limits.ts'

export interface Allowance {
  readonly bytesMax: number
  /** The stack's queue as found. `isLow`: it told us just now, so it was not idle since the last hand-over. */
  noteFound(bufferedBytes: number, isLow: boolean): void
  /** The stack's queue after a hand-over. */
  noteLeft(bufferedBytes: number): void
}

export function fixedAllowance(bytesMax: number): Allowance {
  return { bytesMax, noteFound: () => undefined, noteLeft: () => undefined }
}

/** Milliseconds of sending that make one measurement: the clock counts whole milliseconds. */
const SAMPLE_MS_MIN = 20
/** Weight of a new measurement. A guess: follows a change within half a dozen samples, and forgets a hiccup. */
const SAMPLE_WEIGHT = 0.3

/** Starts with the least and follows the rate at which the queue drains while there is something in it. */
export class MeasuredAllowance implements Allowance {
  readonly #now: () => number
  #bytesPerMs: number | null = null
  #leftBytes = 0
  #leftAt = 0
  #drainedBytes = 0
  #drainingMs = 0

  constructor(now: () => number) {
    this.#now = now
  }

  get bytesMax(): number {
    const wanted = (this.#bytesPerMs ?? 0) * BULK_BUFFERED_MS
    return Math.min(Math.max(Math.floor(wanted), BULK_BUFFERED_BYTES_MIN), BULK_BUFFERED_BYTES_MAX)
  }

  noteFound(bufferedBytes: number, isLow: boolean): void {
    // Found empty by chance, it may have been idle for any part of the time since.
    const wasBusy = this.#leftBytes > 0 && (bufferedBytes > 0 || isLow)
    if (wasBusy) {
      this.#drainedBytes += this.#leftBytes - bufferedBytes
      this.#drainingMs += this.#now() - this.#leftAt
    }
    this.noteLeft(bufferedBytes)
    if (this.#drainingMs >= SAMPLE_MS_MIN) this.#takeSample()
  }

  noteLeft(bufferedBytes: number): void {
    this.#leftBytes = bufferedBytes
    this.#leftAt = this.#now()
  }

  #takeSample(): void {
    const measured = this.#drainedBytes / this.#drainingMs
    const old = this.#bytesPerMs
    this.#bytesPerMs = old === null ? measured : old + (measured - old) * SAMPLE_WEIGHT
    this.#drainedBytes = 0
    this.#drainingMs = 0
  }
}
