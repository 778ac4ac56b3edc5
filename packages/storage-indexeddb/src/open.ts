// Opens the store of one identity slot.

import type { PeerStorage } from '@hyphae/runtime'
import { claimIdentitySlot, type IdentitySlot } from './identity-slot.ts'
import { IndexedDbStorage } from './indexeddb-storage.ts'
import { PREFIX_DEFAULT, slotName } from './layout.ts'
import { type PersistenceSource, requestPersistence } from './persistence.ts'

export interface IndexedDbStorageOptions {
  /** Stores of different networks never see each other. */
  readonly network: string
  /** Begins the names of databases and locks: letters, digits, '-' and '_'. */
  readonly prefix?: string
  /** Bytes of records. */
  readonly quotaBytes?: number
  /** Milliseconds that writes wait for others to share a transaction with. */
  readonly flushDelayMs?: number
  /** Claimed already; otherwise claimed here. Released by closing the store, and when opening it fails. */
  readonly slot?: IdentitySlot
  /** `navigator.storage`; `null` never asks to keep the data. */
  readonly persistence?: PersistenceSource | null
}

const defaults = Object.freeze({
  prefix: PREFIX_DEFAULT,
  /** What core holds for others (64 MiB), and a quarter on top for records of our own. */
  quotaBytes: 80 * 1024 * 1024,
  /** Between 50 and 100: shorter makes more transactions, longer loses more when a tab crashes. */
  flushDelayMs: 75,
})

export interface OpenedStorage extends PeerStorage {
  /** Which identity of this profile it is. */
  readonly slot: number
  /** Whether the browser promised to keep the data: asked once, `null` where it does not say. May stay pending. */
  readonly isPersistent: Promise<boolean | null>
}

/**
 * Rejects with STORAGE_FAILED where IndexedDB is missing or another version of this library wrote the store, which is left
 * as it is; and as `claimIdentitySlot` does.
 */
export async function openIndexedDbStorage(options: IndexedDbStorageOptions): Promise<OpenedStorage> {
  const { network, prefix, quotaBytes, flushDelayMs } = resolveOptions(options)
  const slot = options.slot ?? (await claimIdentitySlot({ network, prefix }))
  const databaseName = slotName(prefix, network, slot.number)
  const onClosed = () => slot.release()
  const storage = new IndexedDbStorage({ databaseName, quotaBytes, flushDelayMs, onClosed })
  try {
    await storage.start()
  } catch (error) {
    await storage.close()
    throw error
  }
  const isPersistent =
    options.persistence === null ? Promise.resolve(null) : requestPersistence(options.persistence)
  return Object.assign(storage, { slot: slot.number, isPersistent })
}

function resolveOptions(options: IndexedDbStorageOptions) {
  const resolved = { ...defaults, ...options }
  if (!/^[\w-]+$/.test(resolved.prefix)) {
    throw new TypeError(`prefix is letters, digits, '-' and '_'; got '${resolved.prefix}'`)
  }
  for (const name of ['quotaBytes', 'flushDelayMs'] as const) {
    if (!(resolved[name] >= 0)) throw new RangeError(`${name} is 0 or more; got ${resolved[name]}`)
  }
  return resolved
}
