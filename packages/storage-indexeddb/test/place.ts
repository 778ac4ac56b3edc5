// A place in IndexedDB for the storage suite, in Node over a stand-in and in browsers over the real thing.

import type { Key } from '@hyphae/core'
import { openIndexedDbStorage } from '../src/index.ts'
import { OBJECT_STORE, recordEntry, slotName } from '../src/layout.ts'

let places = 0

/** Deletes everything, asks nobody to keep data, and takes slot 0 without a lock, so that several stores may be open. */
export function createPlace() {
  const network = `place-${++places}-${crypto.randomUUID()}`
  const name = slotName('hyphae', network, 0)
  return {
    network,
    name,
    open: (options: { readonly quotaBytes?: number } = {}) =>
      openIndexedDbStorage({ ...options, network, slot: freeSlot(), persistence: null }),
    corrupt: (key: Key) => inDatabase(name, (store) => corruptRecord(store, recordEntry(key))),
    wipe: () => settled(indexedDB.deleteDatabase(name)).then(() => {}),
    close: () => settled(indexedDB.deleteDatabase(name)).then(() => {}),
  }
}

export function freeSlot() {
  return { number: 0, release: async () => {} }
}

/** Resolves once the transaction that `change` worked in is complete. */
export async function inDatabase(name: string, change: (store: IDBObjectStore) => void): Promise<void> {
  const database = await settled(indexedDB.open(name))
  const transaction = database.transaction(OBJECT_STORE, 'readwrite')
  const complete = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
  change(transaction.objectStore(OBJECT_STORE))
  await complete
  database.close()
}

export async function entriesIn(name: string): Promise<ReadonlyMap<string, unknown>> {
  const entries = new Map<string, unknown>()
  await inDatabase(name, (store) => {
    store.openCursor().onsuccess = (event) => {
      const cursor = (event.target as IDBRequest<IDBCursorWithValue | null>).result
      if (!cursor) return
      entries.set(String(cursor.key), cursor.value)
      cursor.continue()
    }
  })
  return entries
}

function corruptRecord(store: IDBObjectStore, entry: string): void {
  const request = store.get(entry)
  request.onsuccess = () => {
    const bytes: Uint8Array = request.result.bytes
    store.put({ ...request.result, bytes: bytes.with(0, (bytes[0] as number) ^ 1) }, entry)
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
