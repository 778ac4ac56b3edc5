// What this peer holds: headers by key, bounded by count and bytes, and by the disk. At the bound a record farther from us than
// the new one makes room, for others are closer to it and hold it too; records that we wrote ourselves never do.

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

/** Share of what is held that a full disk leaves us: as much as a store must have free before it takes records again. */
const TIGHTENED_SHARE = 0.9

export class RecordIndex {
  readonly #self: Key
  readonly #bounds: IndexBounds
  /** The bounds for records of others: less, once the disk was full. */
  #room: IndexBounds
  #isClosed = false
  readonly #headerByKey = new Map<Key, RecordHeader>()
  /** Keys of others by the bits they share with our id: zone 0 is the far half of the key space. */
  readonly #keysByZone: Set<Key>[] = []
  #bytes = 0
  #own = 0

  constructor(self: PeerId, bounds: IndexBounds) {
    this.#self = keyOf(self)
    this.#bounds = bounds
    this.#room = bounds
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

  /** We are leaving: nothing of others is taken in any more, and nothing goes. */
  close(): void {
    this.#isClosed = true
  }

  /** The disk is full: from now on others get less room than they have. Names those of their records that go for it. */
  tighten(): Key[] {
    if (this.#isClosed) return []
    const [records, bytes] = [this.#headerByKey.size, this.#bytes]
    this.#room = {
      records: Math.floor(records * TIGHTENED_SHARE),
      bytes: Math.floor(bytes * TIGHTENED_SHARE),
    }
    const { keys } = this.#surplus(records, bytes, Number.POSITIVE_INFINITY)
    for (const key of keys) this.remove(key)
    return keys
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

  /** Ours take all the room that there is, also where the disk has none for them: others may have it. */
  #makeRoom(header: RecordHeader): Key[] | null {
    if (this.#isClosed && !header.own) return null
    const zonesMax = header.own ? Number.POSITIVE_INFINITY : bucketIndexOf(this.#self, header.key)
    const left = this.#surplus(this.#headerByKey.size + 1, this.#bytes + header.valueBytes, zonesMax)
    if (!fits(left, header.own ? this.#bounds : this.#room)) return null
    for (const key of left.keys) this.remove(key)
    return left.keys
  }

  /**
   * The keys of the farthest zones that would have to go for so much to fit, and what would be left then. Within one zone the
   * longest untouched goes first: there nobody's distance differs by more than a factor of two.
   */
  #surplus(records: number, bytes: number, zonesMax: number): IndexBounds & { readonly keys: Key[] } {
    const left = { records, bytes, keys: [] as Key[] }
    for (const zone of this.#keysByZone.slice(0, zonesMax)) {
      for (const key of zone) {
        if (fits(left, this.#room)) return left
        left.keys.push(key)
        left.records--
        left.bytes -= (this.#headerByKey.get(key) as RecordHeader).valueBytes
      }
    }
    return left
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

function fits({ records, bytes }: IndexBounds, bounds: IndexBounds): boolean {
  return records <= bounds.records && bytes <= bounds.bytes
}

function isExpired(header: RecordHeader, now: Millis): boolean {
  return !header.own && header.expiresAt <= now
}

/** Seconds a copy of this record may live elsewhere: ours as long as it takes to republish it, others' what is left. */
export function lifeSecondsOf(header: RecordHeader, now: Millis): number {
  return Math.ceil((header.own ? RECORD_TTL_MS : Math.max(header.expiresAt - now, 0)) / 1_000)
}
