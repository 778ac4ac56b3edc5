// What must never happen, and did. A run with violations has failed whatever its figures say.

/** Violations kept word for word; the rest is only counted. */
const KEPT_MAX = 50

export class Violations {
  readonly #kept: string[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  /** The first ones, each with its time in virtual milliseconds. */
  get list(): readonly string[] {
    return this.#kept
  }

  add(atMs: number, what: string): void {
    this.#count += 1
    if (this.#kept.length < KEPT_MAX) this.#kept.push(`${atMs} ms: ${what}`)
  }
}
