// One identity's store in IndexedDB. It copies, checks and counts; core decides what is worth keeping.

import type { Key, StoredContact } from '@hyphae/core'
import {
  checkStoredRecord,
  HyphaeError,
  type PeerStorage,
  type StorageEvent,
  type StoredIdentity,
  type StoredRecord,
} from '@hyphae/runtime'
import { get, promisifyRequest } from 'idb-keyval'
import { committed, Database } from './database.ts'
import { storageFailure } from './failure.ts'
import {
  BOOT_ENTRY,
  CONTACTS_ENTRY,
  type ContactValue,
  contactsOf,
  contactValues,
  IDENTITY_ENTRY,
  type IdentityValue,
  identityOf,
  identityValue,
  isIntact,
  keyOfEntry,
  type RecordValue,
  recordEntry,
  recordValue,
} from './layout.ts'
import { RecordRoom } from './record-room.ts'
import { scanRecords } from './record-scan.ts'
import { type Changes, WriteBehind } from './write-behind.ts'

type IndexEntry = { readonly key: Key; readonly header: Uint8Array }

export interface StoreOptions {
  readonly databaseName: string
  readonly quotaBytes: number
  readonly flushDelayMs: number
  /** Called once the store is closed. */
  readonly onClosed: () => Promise<void>
}

export class IndexedDbStorage implements PeerStorage {
  readonly #database: Database
  readonly #writes: WriteBehind
  readonly #room: RecordRoom
  readonly #onClosed: () => Promise<void>
  #listener: (event: StorageEvent) => void = () => {}
  /** What the start read, for the first who asks, unless a record was written since: a full store takes seconds to read. */
  #readAtStart: readonly IndexEntry[] | null = null
  /** The last one given out: a wipe must not make the next one smaller, or other peers would take us for a ghost. */
  #bootId = 0
  #closed: Promise<void> | null = null

  constructor({ databaseName, quotaBytes, flushDelayMs, onClosed }: StoreOptions) {
    this.#onClosed = onClosed
    this.#room = new RecordRoom(quotaBytes, () => this.#listener({ type: 'full' }))
    this.#database = new Database({
      name: databaseName,
      initialEntries: () => (this.#bootId > 0 ? [[BOOT_ENTRY, this.#bootId]] : []),
      onWiped: () => this.#onWiped(),
      onFailed: (detail) => this.#listener({ type: 'failed', detail }),
    })
    this.#writes = new WriteBehind({
      delayMs: flushDelayMs,
      write: (changes, isLast) => this.#write(changes, isLast),
      isFull: (error) => error instanceof HyphaeError && error.code === 'STORAGE_FULL',
    })
  }

  /** Counts what is there and drops what is damaged. Rejects where the store cannot be used. */
  async start(): Promise<void> {
    this.#readAtStart = await this.#scan((record) => this.#room.count(record))
  }

  onEvent(listener: (event: StorageEvent) => void): void {
    this.#listener = listener
  }

  async loadIdentity(): Promise<StoredIdentity | null> {
    const value = await this.#read<IdentityValue>(IDENTITY_ENTRY)
    return value ? identityOf(value) : null
  }

  async saveIdentity(identity: StoredIdentity): Promise<void> {
    await this.#open().put(IDENTITY_ENTRY, identityValue(identity))
  }

  /** In a transaction of its own, so that two stores never give out the same number. */
  async nextBootId(): Promise<number> {
    this.#open()
    try {
      return await this.#database.use('readwrite', async (store) => {
        const before = await promisifyRequest<number | undefined>(store.get(BOOT_ENTRY))
        const bootId = (before ?? 0) + 1
        this.#bootId = bootId
        store.put(bootId, BOOT_ENTRY)
        await committed(store.transaction)
        return bootId
      })
    } catch (error) {
      throw storageFailure(error)
    }
  }

  async loadContacts(): Promise<readonly StoredContact[]> {
    return contactsOf((await this.#read<readonly ContactValue[]>(CONTACTS_ENTRY)) ?? [])
  }

  async saveContacts(contacts: readonly StoredContact[]): Promise<void> {
    await this.#open().put(CONTACTS_ENTRY, contactValues(contacts))
  }

  async loadIndex(): Promise<readonly IndexEntry[]> {
    await this.#open().flush()
    const index = this.#readAtStart ?? this.#scan()
    this.#readAtStart = null
    return index
  }

  async loadRecord(key: Key): Promise<Uint8Array | null> {
    const value = await this.#read<RecordValue>(recordEntry(key))
    return isIntact(value) ? value.bytes.slice() : null
  }

  async saveRecord(record: StoredRecord): Promise<void> {
    checkStoredRecord(record)
    const writes = this.#open()
    this.#readAtStart = null
    const settle = this.#room.take(record)
    try {
      await writes.put(recordEntry(record.key), recordValue(record))
      settle(true)
    } catch (error) {
      settle(false)
      throw error
    }
  }

  async deleteRecord(key: Key): Promise<void> {
    const writes = this.#open()
    this.#readAtStart = null
    this.#room.free(key)
    await writes.delete(recordEntry(key))
  }

  async usage(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number }> {
    this.#open()
    return { usedBytes: this.#room.usedBytes, quotaBytes: this.#room.quotaBytes }
  }

  /** Asked for by a page that goes, or that may. */
  flush(): Promise<void> {
    return this.#writes.flush(true)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    // Who closes may do so because the page goes.
    await this.flush()
    await this.#database.close()
    await this.#onClosed()
  }

  #open(): WriteBehind {
    if (this.#closed !== null) throw new HyphaeError('CLOSED', 'the store is closed')
    return this.#writes
  }

  /** The last change, though it may not be on disk yet. */
  async #read<T>(entry: string): Promise<T | undefined> {
    const pending = this.#open().pending(entry)
    if (pending) return pending.put as T | undefined
    try {
      return await get<T>(entry, this.#database.use)
    } catch (error) {
      throw storageFailure(error)
    }
  }

  async #write(changes: Changes, isLast: boolean): Promise<void> {
    const write = (store: IDBObjectStore) => writeAll(changes, store)
    try {
      await (isLast ? this.#database.writeAtOnce(write) : this.#database.use('readwrite', write))
    } catch (error) {
      throw this.#told(storageFailure(error))
    }
  }

  #told(failure: HyphaeError): HyphaeError {
    if (failure.code === 'STORAGE_FULL') this.#room.tellFull()
    else this.#listener({ type: 'failed', detail: failure.message })
    return failure
  }

  async #scan(onRecord: (record: StoredRecord) => void = () => {}): Promise<readonly IndexEntry[]> {
    const index: IndexEntry[] = []
    try {
      const damaged = await scanRecords(this.#database.use, (entry, { header, bytes }) => {
        const key = keyOfEntry(entry)
        index.push({ key, header })
        onRecord({ key, header, bytes })
      })
      const dropped = damaged.map((entry) => this.#writes.delete(entry))
      if (dropped.length > 0) await Promise.all([...dropped, this.#writes.flush()])
      return index
    } catch (error) {
      throw storageFailure(error)
    }
  }

  #onWiped(): void {
    this.#readAtStart = null
    this.#room.clear()
    this.#listener({ type: 'wiped' })
  }
}

/** Commits at once: browsers undo the open transactions of a page that goes away. */
function writeAll(changes: Changes, store: IDBObjectStore): Promise<void> {
  for (const [entry, change] of changes) {
    if ('put' in change) store.put(change.put, entry)
    else store.delete(entry)
  }
  const done = committed(store.transaction)
  store.transaction.commit()
  return done
}
