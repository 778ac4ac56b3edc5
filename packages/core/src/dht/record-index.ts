// What this peer holds: headers by key, bounded by count and bytes. At the bound a record farther from us than the new one
// makes room, for others are closer to it and hold it too; records that we wrote ourselves never do.

import type { Millis } from '../contract.ts'
import { type Key, keyOf, type PeerId } from '../identity/peer-id.ts'
import { RECORD_TTL_MS } from '../limits.ts'
import { bucketIndexOf } from '../routing/distance.ts'
import type { RecordHeader } from './record.ts'

export interface IndexBounds {
  readonly records: number
  /** Of values. */
  readonly bytes: number
}

export class RecordIndex {
  readonly #self: Key
  readonly #bounds: IndexBounds
  readonly #headerByKey = new Map<Key, RecordHeader>()
  /** Keys of others by the bits they share with our id: zone 0 is the far half of the key space. */
  readonly #keysByZone: Set<Key>[] = []
  #bytes = 0
  #own = 0

  constructor(self: PeerId, bounds: IndexBounds) {
    this.#self = keyOf(self)
    this.#bounds = bounds
  }

  /** Null where nothing is held, or nothing that still lives. */
  get(key: Key, now: Millis): RecordHeader | null {
    const header = this.#headerByKey.get(key)
    return header === undefined || isExpired(header, now) ? null : header
  }

  /** As `get`, for whoever has no clock at hand: an expired header may still be there until the next sweep. */
  peek(key: Key): RecordHeader | null {
    return this.#headerByKey.get(key) ?? null
  }

  /**
   * Takes the header in, in place of another version. The keys that had to go for it are the caller's to forget; null, and
   * nothing changed, where nothing farther away could go.
   */
  put(header: RecordHeader): Key[] | null {
    const replaced = this.#headerByKey.get(header.key)
    if (replaced !== undefined) this.#delete(replaced)
    const evicted = this.#makeRoom(header)
    if (evicted !== null) this.#add(header)
    else if (replaced !== undefined) this.#add(replaced)
    return evicted
  }

  /** Another life or owner for a version that is held; it counts as having come just now. */
  change(
    key: Key,
    change: Partial<Pick<RecordHeader, 'expiresAt' | 'storedAt' | 'own'>>,
  ): RecordHeader | null {
    const header = this.#headerByKey.get(key)
    if (header === undefined) return null
    const changed = { ...header, ...change }
    this.#delete(header)
    this.#add(changed)
    return changed
  }

  remove(key: Key): void {
    const header = this.#headerByKey.get(key)
    if (header !== undefined) this.#delete(header)
  }

  /** Removes the header of a record that is not there. False where another has taken its place since it was asked for. */
  lost(header: RecordHeader): boolean {
    const isLast = this.#headerByKey.get(header.key) === header
    if (isLast) this.#delete(header)
    return isLast
  }

  /** Removes what has had its time, and names it. */
  expire(now: Millis): Key[] {
    const expired: Key[] = []
    for (const header of this.#headerByKey.values()) if (isExpired(header, now)) expired.push(header.key)
    for (const key of expired) this.remove(key)
    return expired
  }

  /** In the order they came. */
  keys(): Key[] {
    return [...this.#headerByKey.keys()]
  }

  ownHeaders(): RecordHeader[] {
    return [...this.#headerByKey.values()].filter((header) => header.own)
  }

  stats(): { readonly held: number; readonly own: number; readonly bytes: number } {
    return { held: this.#headerByKey.size, own: this.#own, bytes: this.#bytes }
  }

  /** Within one zone the longest untouched goes first: there nobody's distance differs by more than a factor of two. */
  #makeRoom(header: RecordHeader): Key[] | null {
    const limit = header.own ? Number.POSITIVE_INFINITY : bucketIndexOf(this.#self, header.key)
    let records = this.#headerByKey.size + 1
    let bytes = this.#bytes + header.valueBytes
    const evicted: Key[] = []
    for (let zone = 0; zone < this.#keysByZone.length; zone++) {
      for (const key of this.#keysByZone[zone] ?? []) {
        if (this.#fits(records, bytes)) break
        if (zone >= limit) return null
        evicted.push(key)
        records--
        bytes -= (this.#headerByKey.get(key) as RecordHeader).valueBytes
      }
    }
    if (!this.#fits(records, bytes)) return null
    for (const key of evicted) this.remove(key)
    return evicted
  }

  #fits(records: number, bytes: number): boolean {
    return records <= this.#bounds.records && bytes <= this.#bounds.bytes
  }

  #add(header: RecordHeader): void {
    this.#headerByKey.set(header.key, header)
    this.#bytes += header.valueBytes
    if (header.own) this.#own++
    else this.#zoneOf(header.key).add(header.key)
  }

  #delete(header: RecordHeader): void {
    this.#headerByKey.delete(header.key)
    this.#bytes -= header.valueBytes
    if (header.own) this.#own--
    else this.#zoneOf(header.key).delete(header.key)
  }

  #zoneOf(key: Key): Set<Key> {
    const zone = bucketIndexOf(this.#self, key)
    while (this.#keysByZone.length <= zone) this.#keysByZone.push(new Set())
    return this.#keysByZone[zone] as Set<Key>
  }
}

function isExpired(header: RecordHeader, now: Millis): boolean {
  return !header.own && header.expiresAt <= now
}

/** Seconds a copy of this record may live elsewhere: ours as long as it takes to republish it, others' what is left. */
export function lifeSecondsOf(header: RecordHeader, now: Millis): number {
  return Math.ceil((header.own ? RECORD_TTL_MS : Math.max(header.expiresAt - now, 0)) / 1_000)
}
