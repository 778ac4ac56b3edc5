// The reference store: everything in memory, written at once. A disk outlives the stores that are opened on it, so that a
// peer can be restarted.

import type { Key, StoredContact } from '@hyphae/core'
import {
  checkStoredRecord,
  HyphaeError,
  type PeerStorage,
  type StorageEvent,
  type StoredIdentity,
  type StoredRecord,
} from '@hyphae/runtime'

/** Bytes of records, unless whoever opens a store says otherwise. */
const QUOTA_BYTES_DEFAULT = 64 * 1024 * 1024

export interface MemoryStorageOptions {
  /** Bytes of records; default 64 MiB. */
  readonly quotaBytes?: number
}

/** A store on a disk of its own, for a peer that never restarts. */
export function createMemoryStorage(): PeerStorage {
  return new MemoryDisk().open()
}

/** What outlives a page, of one identity. */
export class MemoryDisk {
  identity: StoredIdentity | null = null
  bootId = 0
  contacts: readonly StoredContact[] = []
  readonly #recordByKey = new Map<Key, StoredRecord>()
  #usedBytes = 0

  /** A store on this disk. Several may be open, as in a browser. */
  open({ quotaBytes = QUOTA_BYTES_DEFAULT }: MemoryStorageOptions = {}): MemoryStorage {
    return new MemoryStorage(this, quotaBytes)
  }

  /** Throws where nothing can be written. */
  checkWritable(): void {}

  get usedBytes(): number {
    return this.#usedBytes
  }

  records(): Iterable<StoredRecord> {
    return this.#recordByKey.values()
  }

  record(key: Key): StoredRecord | undefined {
    return this.#recordByKey.get(key)
  }

  put({ key, header, bytes }: StoredRecord): void {
    this.delete(key)
    const record = { key, header: header.slice(), bytes: bytes.slice() }
    this.#recordByKey.set(key, record)
    this.#usedBytes += sizeOf(record)
  }

  delete(key: Key): void {
    this.#usedBytes -= sizeOf(this.record(key))
    this.#recordByKey.delete(key)
  }
}

export class MemoryStorage implements PeerStorage {
  readonly #disk: MemoryDisk
  readonly #quotaBytes: number
  #listener: (event: StorageEvent) => void = () => {}
  #isFull = false
  #isClosed = false

  constructor(disk: MemoryDisk, quotaBytes: number) {
    this.#disk = disk
    this.#quotaBytes = quotaBytes
  }

  onEvent(listener: (event: StorageEvent) => void): void {
    this.#listener = listener
  }

  /** Tells whoever opened the store, as long as it is open. */
  emit(event: StorageEvent): void {
    if (!this.#isClosed) this.#listener(event)
  }

  async loadIdentity(): Promise<StoredIdentity | null> {
    return this.#read().identity
  }

  async saveIdentity(identity: StoredIdentity): Promise<void> {
    this.#write().identity = identity
  }

  async nextBootId(): Promise<number> {
    return ++this.#write().bootId
  }

  async loadContacts(): Promise<readonly StoredContact[]> {
    return this.#read().contacts
  }

  async saveContacts(contacts: readonly StoredContact[]): Promise<void> {
    this.#write().contacts = [...contacts]
  }

  async loadIndex(): Promise<readonly { readonly key: Key; readonly header: Uint8Array }[]> {
    return Array.from(this.#read().records(), ({ key, header }) => ({ key, header: header.slice() }))
  }

  async loadRecord(key: Key): Promise<Uint8Array | null> {
    return this.#read().record(key)?.bytes.slice() ?? null
  }

  async saveRecord(record: StoredRecord): Promise<void> {
    checkStoredRecord(record)
    const disk = this.#write()
    this.#checkRoom(sizeOf(record) - sizeOf(disk.record(record.key)))
    disk.put(record)
  }

  async deleteRecord(key: Key): Promise<void> {
    this.#write().delete(key)
    this.#isFull = false
  }

  async usage(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number }> {
    return { usedBytes: this.#read().usedBytes, quotaBytes: this.#quotaBytes }
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #read(): MemoryDisk {
    if (this.#isClosed) throw new HyphaeError('CLOSED', 'the store is closed')
    return this.#disk
  }

  #write(): MemoryDisk {
    const disk = this.#read()
    disk.checkWritable()
    return disk
  }

  #checkRoom(moreBytes: number): void {
    if (this.#disk.usedBytes + moreBytes <= this.#quotaBytes) return
    if (!this.#isFull) this.emit({ type: 'full' })
    this.#isFull = true
    throw new HyphaeError('STORAGE_FULL', `the quota of ${this.#quotaBytes} bytes is used up`)
  }
}

function sizeOf(record: StoredRecord | undefined): number {
  return record === undefined ? 0 : record.header.length + record.bytes.length
}
