// A bounded memory of what was seen lately: two generations, the older one forgotten as a whole.

/**
 * Remembers at least the last `capacity` entries since the last two turns, at most twice as many.
 *
 * Two generations instead of a list in order of use: no bookkeeping per look-up, and a flood
 * costs a fixed amount of memory.
 */
export class RecentSet<T> {
  readonly #capacity: number
  #young = new Set<T>()
  #old = new Set<T>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  has(entry: T): boolean {
    return this.#young.has(entry) || this.#old.has(entry)
  }

  /** At capacity the older generation is dropped before its time. */
  add(entry: T): void {
    if (this.#young.size >= this.#capacity) this.turn()
    this.#young.add(entry)
  }

  /** Forgets the older generation. Whoever owns the set calls this by time. */
  turn(): void {
    this.#old = this.#young
    this.#young = new Set()
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }
}
