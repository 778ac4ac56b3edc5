// Which peers hold the values of which keys.

export class Holdings {
  readonly #holdersByKey = new Map<number, ReadonlySet<number>>()

  /** Returns the peers, for whoever wants to know. */
  place(key: number, holders: readonly number[]): readonly number[] {
    this.#holdersByKey.set(key, new Set(holders))
    return holders
  }

  holds(peer: number, key: number): boolean {
    return this.#holdersByKey.get(key)?.has(peer) ?? false
  }
}
