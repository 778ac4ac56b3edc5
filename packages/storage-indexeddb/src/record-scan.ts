// Reads every record once, in pages, so that 64 MiB of them are never in memory together.

import { promisifyRequest, type UseStore } from 'idb-keyval'
import { isIntact, RECORD_ENTRIES_START, type RecordValue, recordEntriesAfter } from './layout.ts'

/** Records read in one transaction: at most 4 MiB. */
const PAGE_RECORDS = 256

interface Page {
  readonly entries: readonly string[]
  readonly values: readonly RecordValue[]
}

/** Calls `onRecord` for each intact record; resolves with the entries of the damaged ones. */
export async function scanRecords(
  use: UseStore,
  onRecord: (entry: string, value: RecordValue) => void,
): Promise<readonly string[]> {
  const damaged: string[] = []
  let after: string | undefined = RECORD_ENTRIES_START
  while (after !== undefined) {
    const { entries, values } = await readPage(use, after)
    entries.forEach((entry, i) => {
      const value = values[i]
      if (isIntact(value)) onRecord(entry, value)
      else damaged.push(entry)
    })
    after = entries.length < PAGE_RECORDS ? undefined : entries.at(-1)
  }
  return damaged
}

function readPage(use: UseStore, after: string): Promise<Page> {
  return use('readonly', async (store) => {
    const range = recordEntriesAfter(after)
    const [entries, values] = await Promise.all([
      promisifyRequest(store.getAllKeys(range, PAGE_RECORDS)),
      promisifyRequest(store.getAll(range, PAGE_RECORDS)),
    ])
    return { entries: entries as string[], values }
  })
}
