// The highest version of a key that this peer has written or read, so that its next version is higher still. Only a
// memory: a restart falls back on the headers it kept and on its clock.

import { putLast } from '../bounded-map.ts'
import type { Key } from '../identity/peer-id.ts'

/** Keys remembered; the longest untouched is forgotten first. */
const SEEN_RANKS_MAX = 4_096

export class SeenRanks {
  readonly #rankByKey = new Map<Key, number>()

  /** 0 where nothing is known. */
  of(key: Key): number {
    return this.#rankByKey.get(key) ?? 0
  }

  see(key: Key, rank: number): void {
    putLast(this.#rankByKey, key, Math.max(rank, this.of(key)), SEEN_RANKS_MAX)
  }

  get size(): number {
    return this.#rankByKey.size
  }
}
