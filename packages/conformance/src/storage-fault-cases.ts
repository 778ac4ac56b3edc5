// What a store does when its room runs out, its data is damaged or deleted beneath it, and at its end.

import { check, equal, rejectsWithCode } from './assert.ts'
import {
  eventsOf,
  fill,
  generateTestIdentity,
  indexEntry,
  keyOfNumber,
  largeRecordOf,
  recordOf,
  reopened,
  SMALL_QUOTA_BYTES,
} from './storage-fixtures.ts'
import type { StorageCase } from './storage-suite.ts'

export const storageFaultCases: Readonly<Record<string, StorageCase>> = {
  'over its quota a store refuses records with STORAGE_FULL, says so once, and reads on': async (place) => {
    const store = await place.open({ quotaBytes: SMALL_QUOTA_BYTES })
    const events = eventsOf(store)
    const last = await fill(store)
    await rejectsWithCode(store.saveRecord(largeRecordOf(100)), 'STORAGE_FULL', 'a record that is too much')
    await store.saveRecord(recordOf(101))
    await rejectsWithCode(store.saveRecord(largeRecordOf(102)), 'STORAGE_FULL', 'another one')
    equal(events, [{ type: 'full' }], 'events')
    equal(await store.loadRecord(keyOfNumber(last)), largeRecordOf(last).bytes, 'the last record that fitted')
    equal(await store.loadRecord(keyOfNumber(100)), null, 'a refused record')
    equal(await store.loadRecord(keyOfNumber(101)), recordOf(101).bytes, 'a small record that still fitted')
    const identity = await generateTestIdentity()
    await store.saveContacts([{ contact: identity.contact, lastSeen: 1 }])
    await store.saveIdentity(identity)
    await store.close()
  },

  'a full store takes records again once others were deleted, after reopening too': async (place) => {
    const first = await place.open({ quotaBytes: SMALL_QUOTA_BYTES })
    const last = await fill(first)
    await first.close()
    const store = await place.open({ quotaBytes: SMALL_QUOTA_BYTES })
    await rejectsWithCode(store.saveRecord(largeRecordOf(100)), 'STORAGE_FULL', 'record after reopening')
    await store.saveRecord(largeRecordOf(last))
    const freed = [store.deleteRecord(keyOfNumber(0)), store.deleteRecord(keyOfNumber(1))]
    await Promise.all([...freed, store.saveRecord(largeRecordOf(100))])
    equal(await store.loadRecord(keyOfNumber(100)), largeRecordOf(100).bytes, 'record in the freed room')
    await store.close()
  },

  'usage follows saving, replacing and deleting': async (place) => {
    const store = await place.open({ quotaBytes: 100_000 })
    const used = async () => (await store.usage()).usedBytes
    await store.saveRecord(largeRecordOf(1))
    const one = await used()
    check(one >= 8_000 && one < 10_000, `one record of 8,000 bytes uses about as much; got ${one}`)
    await store.saveRecord(largeRecordOf(2))
    await store.saveRecord(largeRecordOf(2))
    equal(await used(), one * 2, 'used bytes of two records')
    await store.deleteRecord(keyOfNumber(1))
    await store.deleteRecord(keyOfNumber(2))
    equal(await used(), 0, 'used bytes after deleting them')
    equal((await store.usage()).quotaBytes, 100_000, 'quota')
    await store.close()
  },

  'a corrupted record is dropped from the index, and the others stay': async (place) => {
    await reopened(place, async (store) => {
      await Promise.all([1, 2, 3].map((number) => store.saveRecord(recordOf(number))))
    })
    await place.corrupt(keyOfNumber(2))
    for (let i = 0; i < 2; i++) {
      await reopened(place, async (store) => {
        const keys = (await store.loadIndex()).map(({ key }) => key).sort()
        equal(keys, [keyOfNumber(1), keyOfNumber(3)], 'keys')
        equal(await store.loadRecord(keyOfNumber(2)), null, 'corrupted record')
        equal(await store.loadRecord(keyOfNumber(3)), recordOf(3).bytes, 'record')
      })
    }
  },

  'a record that is corrupted is not read, though nobody asked for the index': async (place) => {
    await reopened(place, (store) => store.saveRecord(recordOf(1)))
    await place.corrupt(keyOfNumber(1))
    await reopened(place, async (store) => equal(await store.loadRecord(keyOfNumber(1)), null, 'record'))
  },

  'a wiped store says so once, is empty, and can be written again': async (place) => {
    const store = await place.open()
    const wiped = new Promise<void>((resolve) => store.onEvent(({ type }) => type === 'wiped' && resolve()))
    await store.saveRecord(recordOf(1))
    const bootId = await store.nextBootId()
    await place.wipe()
    await wiped
    const events = eventsOf(store)
    equal(await store.loadIndex(), [], 'index')
    equal((await store.usage()).usedBytes, 0, 'used bytes')
    await store.saveRecord(recordOf(2))
    await store.close()
    equal(events, [], 'further events')
    await reopened(place, async (again) => {
      equal(await again.loadIndex(), [indexEntry(2)], 'index after reopening')
      const next = await again.nextBootId()
      check(next > bootId, `boot ids must grow over a wipe; got ${next} after ${bootId}`)
    })
  },

  'closing writes what is pending, is idempotent, and ends every call': async (place) => {
    const store = await place.open()
    const saved = store.saveRecord(recordOf(1))
    await Promise.all([store.close(), store.close()])
    await store.close()
    await saved
    await rejectsWithCode(store.saveRecord(recordOf(2)), 'CLOSED', 'saving after closing')
    await rejectsWithCode(store.loadRecord(keyOfNumber(1)), 'CLOSED', 'loading after closing')
    await store.flush()
    await reopened(place, async (again) => equal(await again.loadIndex(), [indexEntry(1)], 'index'))
  },
}
