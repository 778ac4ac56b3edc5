// The reference store: everything in memory, written at once. A disk outlives the stores that are opened on it, so that a
// test can restart a peer, and can make the disk full, broken, corrupt or empty beneath an open store.

import type { Key, StoredContact } from '@hyphae/core'
import {
  checkStoredRecord,
  HyphaeError,
  type PeerStorage,
  type StorageEvent,
  type StoredIdentity,
  type StoredRecord,
} from '@hyphae/runtime'

/** Bytes of records, unless the test says otherwise. */
const QUOTA_BYTES_DEFAULT = 64 * 1024 * 1024

/** What outlives a page, of one identity. */
export class MemoryDisk {
  identity: StoredIdentity | null = null
  bootId = 0
  contacts: readonly StoredContact[] = []
  readonly recordByKey = new Map<Key, StoredRecord>()
  readonly corruptKeys = new Set<Key>()
  readonly openStores = new Set<MemoryStorage>()
  /** Why every write fails, or `null`. */
  failure: string | null = null

  /** A store on this disk. Several may be open, as in a browser. */
  open({ quotaBytes = QUOTA_BYTES_DEFAULT }: { readonly quotaBytes?: number } = {}): PeerStorage {
    const store = new MemoryStorage(this, quotaBytes)
    this.openStores.add(store)
    return store
  }

  /** As when the user clears the site's data. The boot id survives, because an open store remembers it. */
  wipe(): void {
    this.identity = null
    this.contacts = []
    this.recordByKey.clear()
    for (const store of this.openStores) store.emit({ type: 'wiped' })
  }

  /** Writes fail from now on; `null` mends it. */
  breakDown(failure: string | null): void {
    this.failure = failure
    if (failure === null) return
    for (const store of this.openStores) store.emit({ type: 'failed', detail: failure })
  }

  /** The record's checksum is wrong from now on. */
  corrupt(key: Key): void {
    this.corruptKeys.add(key)
  }

  usedBytes(): number {
    let bytes = 0
    for (const record of this.recordByKey.values()) bytes += record.header.length + record.bytes.length
    return bytes
  }
}

/** A store on a disk of its own, for a peer that never restarts. */
export function createMemoryStorage(): PeerStorage {
  return new MemoryDisk().open()
}

class MemoryStorage implements PeerStorage {
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

  emit(event: StorageEvent): void {
    this.#listener(event)
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
    this.#dropCorrupt()
    return Array.from(this.#read().recordByKey.values(), ({ key, header }) => ({
      key,
      header: header.slice(),
    }))
  }

  async loadRecord(key: Key): Promise<Uint8Array | null> {
    this.#dropCorrupt()
    return this.#read().recordByKey.get(key)?.bytes.slice() ?? null
  }

  async saveRecord(record: StoredRecord): Promise<void> {
    checkStoredRecord(record)
    const { recordByKey } = this.#write()
    this.#reserve(record)
    const { key, header, bytes } = record
    recordByKey.set(key, { key, header: header.slice(), bytes: bytes.slice() })
  }

  async deleteRecord(key: Key): Promise<void> {
    this.#write().recordByKey.delete(key)
    this.#isFull = false
  }

  async usage(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number }> {
    return { usedBytes: this.#read().usedBytes(), quotaBytes: this.#quotaBytes }
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.#isClosed = true
    this.#disk.openStores.delete(this)
  }

  #read(): MemoryDisk {
    if (this.#isClosed) throw new HyphaeError('CLOSED', 'the store is closed')
    return this.#disk
  }

  #write(): MemoryDisk {
    const disk = this.#read()
    if (disk.failure !== null) throw new HyphaeError('STORAGE_FAILED', disk.failure)
    return disk
  }

  #reserve({ key, header, bytes }: StoredRecord): void {
    const replaced = this.#disk.recordByKey.get(key)
    const freed = replaced ? replaced.header.length + replaced.bytes.length : 0
    if (this.#disk.usedBytes() - freed + header.length + bytes.length <= this.#quotaBytes) return
    if (!this.#isFull) this.emit({ type: 'full' })
    this.#isFull = true
    throw new HyphaeError('STORAGE_FULL', `the quota of ${this.#quotaBytes} bytes is used up`)
  }

  #dropCorrupt(): void {
    for (const key of this.#disk.corruptKeys) this.#disk.recordByKey.delete(key)
    this.#disk.corruptKeys.clear()
  }
}
