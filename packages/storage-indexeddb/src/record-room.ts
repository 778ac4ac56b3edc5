// How much of our quota the records use. Which records to drop for a better one is core's to decide: a store only says
// no, and says so once until there is room again.

import type { Key } from '@hyphae/core'
import { HyphaeError, type StoredRecord } from '@hyphae/runtime'

/** Bytes of a record beside its header and its value: key, checksum, what IndexedDB adds. A guess. */
const RECORD_OVERHEAD_BYTES = 200
/** Share of the quota that must be free before a full store has room: else each record would begin a new episode. */
const ROOM_SHARE = 0.1

export class RecordRoom {
  readonly quotaBytes: number
  readonly #onFull: () => void
  readonly #sizeByKey = new Map<Key, number>()
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

  /** Takes the room. Throws STORAGE_FULL. Returns how to give it back, should the record not be written. */
  take(record: StoredRecord): () => void {
    const { key } = record
    const before = this.#sizeByKey.get(key) ?? 0
    const size = sizeOf(record)
    if (this.#usedBytes - before + size > this.quotaBytes) throw this.#refuse(size)
    this.#set(key, size)
    return () => this.#set(key, before)
  }

  /** What is there already counts, whatever the quota is now. */
  count(record: StoredRecord): void {
    this.#set(record.key, sizeOf(record))
  }

  free(key: Key): void {
    this.#set(key, 0)
  }

  /** Forgets everything: the data is gone. */
  clear(): void {
    this.#sizeByKey.clear()
    this.#usedBytes = 0
  }

  /** Says `full`, once per episode. `neededBytes` is 0 where the browser's own quota refused. */
  tellFull(neededBytes = 0): void {
    if (this.#wantedBytes === null) this.#onFull()
    this.#wantedBytes ??= Math.max(neededBytes, this.quotaBytes * ROOM_SHARE)
  }

  /** A record was written. */
  tellWritten(): void {
    if (this.#wantedBytes === null) return
    if (this.quotaBytes - this.#usedBytes >= this.#wantedBytes) this.#wantedBytes = null
  }

  #refuse(neededBytes: number): HyphaeError {
    this.tellFull(neededBytes)
    return new HyphaeError('STORAGE_FULL', `the quota of ${this.quotaBytes} bytes is used up`)
  }

  #set(key: Key, size: number): void {
    this.#usedBytes += size - (this.#sizeByKey.get(key) ?? 0)
    if (size > 0) this.#sizeByKey.set(key, size)
    else this.#sizeByKey.delete(key)
  }
}

function sizeOf({ header, bytes }: StoredRecord): number {
  return RECORD_OVERHEAD_BYTES + header.length + bytes.length
}
