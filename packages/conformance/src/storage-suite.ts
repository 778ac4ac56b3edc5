// What every store must do, whatever it writes to. A place is one identity slot's storage: stores opened on it one after
// another see the same data.

import type { Key } from '@hyphae/core'
import type { PeerStorage } from '@hyphae/runtime'
import { storageCases } from './storage-cases.ts'
import { storageFaultCases } from './storage-fault-cases.ts'
import type { ConformanceCase } from './suite.ts'

export interface StoragePlace {
  /** Opens a store; again after closing the first, or beside it. `quotaBytes` bounds the records. */
  open(options?: { readonly quotaBytes?: number }): Promise<PeerStorage>
  /** Changes what is stored of a record while no store is open, so that its checksum is wrong. */
  corrupt(key: Key): Promise<void>
  /** Deletes everything beneath an open store, as a user does who clears the site's data. Resolves once that is done. */
  wipe(): Promise<void>
  /** Deletes the place. Every store is closed by then, unless its case failed. */
  close(): Promise<void>
}

/** One thing that must hold. `createPlace` makes further places; whoever makes one closes it. */
export type StorageCase = (place: StoragePlace, createPlace: () => Promise<StoragePlace>) => Promise<void>

/** The cases; each has a place of its own. `createPlace` makes an empty one, apart from every earlier one. */
export function storageSuite(createPlace: () => Promise<StoragePlace>): readonly ConformanceCase[] {
  const titled = Object.entries({ ...storageCases, ...storageFaultCases })
  return titled.map(([title, run]) => ({ title, run: () => inPlace(createPlace, run) }))
}

async function inPlace(createPlace: () => Promise<StoragePlace>, run: StorageCase): Promise<void> {
  const place = await createPlace()
  try {
    await run(place, createPlace)
  } finally {
    await place.close()
  }
}
