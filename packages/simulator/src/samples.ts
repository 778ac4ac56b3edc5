// Measured values, and what is said of them.

export class Samples {
  readonly #values: number[] = []
  #isSorted = true

  get count(): number {
    return this.#values.length
  }

  add(value: number): void {
    this.#values.push(value)
    this.#isSorted = false
  }

  clear(): void {
    this.#values.length = 0
    this.#isSorted = true
  }

  /** Adds everything measured here there. */
  addTo(other: Samples): void {
    for (const value of this.#values) other.add(value)
  }

  /** NaN where nothing was measured. */
  get mean(): number {
    return this.#values.reduce((sum, value) => sum + value, 0) / this.#values.length
  }

  /** The smallest value that this share of all does not exceed (nearest rank). NaN where nothing was measured. */
  percentile(share: number): number {
    if (!this.#isSorted) this.#values.sort((a, b) => a - b)
    this.#isSorted = true
    return this.#values[Math.max(0, Math.ceil(share * this.#values.length) - 1)] ?? Number.NaN
  }

  /** Percentiles 0 to 100, rounded to a tenth; empty where nothing was measured. */
  percentiles(): readonly number[] {
    if (this.count === 0) return []
    return Array.from({ length: 101 }, (_, percent) => Math.round(this.percentile(percent / 100) * 10) / 10)
  }

  /** How many are at most this. */
  countUpTo(limit: number): number {
    return this.#values.filter((value) => value <= limit).length
  }

  get max(): number {
    return this.percentile(1)
  }
}
