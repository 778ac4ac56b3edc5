// How much of our quota the records use. Which records to drop for a better one is core's to decide: a store only says
// no, and says so once until there is room again.

import type { Key } from '@hyphae/core'
import { HyphaeError, type StoredRecord } from '@hyphae/runtime'

/** Bytes of a record beside its header and its value: key, checksum, what IndexedDB adds. A guess. */
const RECORD_OVERHEAD_BYTES = 200
/** Share of the quota that must be free before a full store has room: else each record would begin a new episode. */
const ROOM_SHARE = 0.1

/** What one key takes: as it will be once all is written, and as it is on disk. */
interface Place {
  bytes: number
  writtenBytes: number
  /** Writes of which it is not known yet whether they reach the disk. */
  writes: number
}

export class RecordRoom {
  readonly quotaBytes: number
  readonly #onFull: () => void
  readonly #placeByKey = new Map<Key, Place>()
  #usedBytes = 0
  /** Bytes that must be free to end the episode in which the store is full; `null` outside of one. */
  #wantedBytes: number | null = null

  constructor(quotaBytes: number, onFull: () => void) {
    this.quotaBytes = quotaBytes
    this.#onFull = onFull
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Takes the room. Throws STORAGE_FULL. Returns whom to tell, once, whether the record was written. */
  take(record: StoredRecord): (isWritten: boolean) => void {
    const { key } = record
    const size = sizeOf(record)
    const place = this.#placeByKey.get(key) ?? { bytes: 0, writtenBytes: 0, writes: 0 }
    if (this.#usedBytes - place.bytes + size > this.quotaBytes) throw this.#refuse(size)
    place.writes++
    this.#resize(key, place, size)
    return (isWritten) => {
      place.writes--
      if (isWritten) place.writtenBytes = size
      const isDeleted = this.#placeByKey.get(key) !== place
      if (!isDeleted && place.writes === 0) this.#resize(key, place, place.writtenBytes)
      if (isWritten) this.#endEpisode()
    }
  }

  /** What is there already counts, whatever the quota is now. */
  count(record: StoredRecord): void {
    const size = sizeOf(record)
    this.#resize(record.key, { bytes: 0, writtenBytes: size, writes: 0 }, size)
  }

  free(key: Key): void {
    const place = this.#placeByKey.get(key)
    if (place !== undefined) this.#resize(key, place, 0)
  }

  /** Forgets what was on disk: the data is gone. What is being written just now goes to the new database. */
  clear(): void {
    for (const [key, place] of this.#placeByKey) {
      place.writtenBytes = 0
      if (place.writes === 0) this.#resize(key, place, 0)
    }
  }

  /** Says `full`, once per episode. `neededBytes` is 0 where the browser's own quota refused. */
  tellFull(neededBytes = 0): void {
    if (this.#wantedBytes === null) this.#onFull()
    this.#wantedBytes ??= Math.max(neededBytes, this.quotaBytes * ROOM_SHARE)
  }

  #endEpisode(): void {
    if (this.#wantedBytes === null) return
    if (this.quotaBytes - this.#usedBytes >= this.#wantedBytes) this.#wantedBytes = null
  }

  #refuse(neededBytes: number): HyphaeError {
    this.tellFull(neededBytes)
    return new HyphaeError('STORAGE_FULL', `the quota of ${this.quotaBytes} bytes is used up`)
  }

  #resize(key: Key, place: Place, bytes: number): void {
    this.#usedBytes += bytes - place.bytes
    place.bytes = bytes
    if (bytes > 0) this.#placeByKey.set(key, place)
    else this.#placeByKey.delete(key)
  }
}

function sizeOf({ header, bytes }: StoredRecord): number {
  return RECORD_OVERHEAD_BYTES + header.length + bytes.length
}
