// A disk for tests, which can break, lose a record or everything beneath an open store.

import type { Key } from '@hyphae/core'
import { HyphaeError } from '@hyphae/runtime'
import { MemoryDisk, type MemoryStorage, type MemoryStorageOptions } from './memory-storage.ts'

export class FaultyDisk extends MemoryDisk {
  readonly #stores: MemoryStorage[] = []
  /** Why every write fails, or `null`. */
  #failure: string | null = null

  override open(options?: MemoryStorageOptions): MemoryStorage {
    const store = super.open(options)
    this.#stores.push(store)
    return store
  }

  override checkWritable(): void {
    if (this.#failure !== null) throw new HyphaeError('STORAGE_FAILED', this.#failure)
  }

  /** As when the user clears the site's data. The boot id survives, because an open store remembers it. */
  wipe(): void {
    this.identity = null
    this.contacts = []
    for (const { key } of [...this.records()]) this.delete(key)
    for (const store of this.#stores) store.emit({ type: 'wiped' })
  }

  /** Writes fail from now on; `null` mends it. */
  breakDown(failure: string | null): void {
    this.#failure = failure
    if (failure === null) return
    for (const store of this.#stores) store.emit({ type: 'failed', detail: failure })
  }

  /** The record's checksum is wrong: whoever looks finds none. */
  corrupt(key: Key): void {
    this.delete(key)
  }
}
