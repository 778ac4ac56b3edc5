// The connection of one peer to the network: how fast it sends and receives, and what it loses. Between two peers lies the
// line of each, and the path of latency.ts.

export class AccessLine {
  #upBytesPerMs = Number.POSITIVE_INFINITY
  #downBytesPerMs = Number.POSITIVE_INFINITY
  #lossOutShare = 0
  #lossInShare = 0
  /** When everything handed over so far has left, or come in; fractions of milliseconds count. */
  #upFreeAt = 0
  #downFreeAt = 0

  /** Infinity: as fast as anybody likes. To be set before the first link. Throws a RangeError. */
  limit(upBytesPerSecond: number, downBytesPerSecond: number): void {
    for (const rate of [upBytesPerSecond, downBytesPerSecond])
      if (!(rate > 0)) throw new RangeError(`bytes per second are more than 0; got ${rate}`)
    this.#upBytesPerMs = upBytesPerSecond / 1_000
    this.#downBytesPerMs = downBytesPerSecond / 1_000
  }

  /** Shares of packets lost on the way out and in, 0 up to 1. Throws a RangeError. */
  lose(outShare: number, inShare: number): void {
    for (const share of [outShare, inShare])
      if (!(share >= 0 && share < 1)) throw new RangeError(`a share lost is from 0 up to 1; got ${share}`)
    this.#lossOutShare = outShare
    this.#lossInShare = inShare
  }

  get lossOutShare(): number {
    return this.#lossOutShare
  }

  get lossInShare(): number {
    return this.#lossInShare
  }

  /** Whole milliseconds until these bytes have left, after everything that waits already. */
  sendMs(bytes: number, now: number): number {
    if (this.#upBytesPerMs === Number.POSITIVE_INFINITY) return 0
    this.#upFreeAt = Math.max(this.#upFreeAt, now) + bytes / this.#upBytesPerMs
    return Math.ceil(this.#upFreeAt - now)
  }

  /** The same for bytes that have come as far as this line. */
  receiveMs(bytes: number, now: number): number {
    if (this.#downBytesPerMs === Number.POSITIVE_INFINITY) return 0
    this.#downFreeAt = Math.max(this.#downFreeAt, now) + bytes / this.#downBytesPerMs
    return Math.ceil(this.#downFreeAt - now)
  }
}

/** Share of packets lost where several things lose them one after another. */
export function lossOf(first: number, second: number, third: number): number {
  return 1 - (1 - first) * (1 - second) * (1 - third)
}
