// Samples, and the processor's time.

/** The sample that this share of all does not exceed (nearest rank). Throws where there is none: nothing is not 0. */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('a percentile needs a sample')
  const sorted = [...samples].sort((a, b) => a - b)
  return round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] as number)
}

/** Three digits that count are more than a shared machine repeats. */
export function round(value: number): number {
  return Number(value.toPrecision(4))
}

/** Time of this process on all processors and on the clock, in milliseconds, since it was made. */
export class Stopwatch {
  readonly #cpu = process.cpuUsage()
  readonly #startedAt = performance.now()

  get cpuMs(): number {
    const { user, system } = process.cpuUsage(this.#cpu)
    return (user + system) / 1_000
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt
  }
}
