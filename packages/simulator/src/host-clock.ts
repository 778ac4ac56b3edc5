// The clock of one peer, which may be wrong by an offset and run fast or slow. It never goes backwards.

export class HostClock {
  readonly #epochMs: number
  readonly #rate: number

  /** `driftShare`: 0.001 gains a millisecond in every second. Throws a RangeError. */
  constructor(epochMs: number, offsetMs = 0, driftShare = 0) {
    if (!Number.isInteger(offsetMs)) throw new RangeError(`offsetMs is a whole number; got ${offsetMs}`)
    if (!(Math.abs(driftShare) < 1)) throw new RangeError(`driftShare is between -1 and 1; got ${driftShare}`)
    this.#epochMs = epochMs + offsetMs
    this.#rate = 1 + driftShare
  }

  /** What it shows at this time of the run: whole milliseconds. */
  at(time: number): number {
    return this.#epochMs + (this.#rate === 1 ? time : Math.floor(time * this.#rate))
  }

  /** The first time of the run at which it shows this, or more. */
  timeOf(shown: number): number {
    const sinceEpoch = shown - this.#epochMs
    if (this.#rate === 1 || sinceEpoch === Number.POSITIVE_INFINITY) return sinceEpoch
    const time = Math.ceil(sinceEpoch / this.#rate)
    return this.at(time) >= shown ? time : time + 1
  }
}
