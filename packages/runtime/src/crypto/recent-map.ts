// A map that keeps what was used last.

/** At most `entriesMax` entries; a new one drops the one that was read or written longest ago. */
export class RecentMap<K, V> {
  readonly #entriesMax: number
  /** Maps iterate in order of insertion, so the first is the oldest. */
  readonly #entries = new Map<K, V>()

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax
  }

  /** The entry, made now where it is missing. */
  getOrMake(key: K, make: () => V): V {
    const value = this.#entries.has(key) ? (this.#entries.get(key) as V) : make()
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size > this.#entriesMax) this.#dropOldest()
    return value
  }

  #dropOldest(): void {
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }
}
