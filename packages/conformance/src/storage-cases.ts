// What a store keeps, and how it comes back.

import { check, equal, failsWithName } from './assert.ts'
import {
  generateTestIdentity,
  indexEntry,
  isGrowing,
  keyOfNumber,
  recordOf,
  reopened,
  signsAs,
} from './storage-fixtures.ts'
import type { StorageCase } from './storage-suite.ts'

export const storageCases: Readonly<Record<string, StorageCase>> = {
  'an empty store holds nothing': async (place) => {
    const store = await place.open()
    equal(await store.loadIdentity(), null, 'identity')
    equal(await store.loadContacts(), [], 'contacts')
    equal(await store.loadIndex(), [], 'index')
    equal(await store.loadRecord(keyOfNumber(1)), null, 'record')
    equal((await store.usage()).usedBytes, 0, 'used bytes')
    await store.close()
  },

  'an identity survives reopening, and its keys still sign and agree': async (place) => {
    const identity = await generateTestIdentity()
    await reopened(place, (store) => store.saveIdentity(identity))
    await reopened(place, async (store) => {
      const loaded = await store.loadIdentity()
      equal(loaded?.contact, identity.contact, 'contact')
      check(
        loaded !== null && (await signsAs(loaded, identity.contact)),
        'the loaded keys must sign as before',
      )
    })
  },

  'boot ids grow with every opening': async (place) => {
    const ids: number[] = []
    for (let i = 0; i < 4; i++) await reopened(place, async (store) => ids.push(await store.nextBootId()))
    check(isGrowing(ids), `boot ids must grow; got ${ids.join(', ')}`)
  },

  'boot ids of stores open at the same time all differ': async (place) => {
    const stores = await Promise.all([place.open(), place.open(), place.open()])
    const ids = await Promise.all([...stores, ...stores].map((store) => store.nextBootId()))
    equal(new Set(ids).size, ids.length, 'different boot ids')
    for (const store of stores) await store.close()
  },

  'contacts survive reopening, and saving replaces them': async (place) => {
    const [a, b] = [await generateTestIdentity(), await generateTestIdentity()]
    const saved = [{ contact: b.contact, lastSeen: 1_700_000_000_000 }]
    await reopened(place, async (store) => {
      await store.saveContacts([{ contact: a.contact, lastSeen: 1 }])
      await store.saveContacts(saved)
      equal(await store.loadContacts(), saved, 'contacts before reopening')
    })
    await reopened(place, async (store) => equal(await store.loadContacts(), saved, 'contacts'))
  },

  'a record survives reopening once its saving has resolved': async (place) => {
    const store = await place.open()
    await store.saveRecord(recordOf(1))
    const other = await place.open()
    equal(await other.loadRecord(keyOfNumber(1)), recordOf(1).bytes, 'record in a store opened meanwhile')
    await store.close()
    await other.close()
    await reopened(place, async (again) => {
      equal(await again.loadIndex(), [indexEntry(1)], 'index')
      equal(await again.loadRecord(keyOfNumber(1)), recordOf(1).bytes, 'record')
    })
  },

  'what was saved is readable before it is on disk': async (place) => {
    const contacts = [{ contact: (await generateTestIdentity()).contact, lastSeen: 1 }]
    const store = await place.open()
    const writes = [
      store.saveRecord(recordOf(1)),
      store.saveRecord(recordOf(2)),
      store.deleteRecord(keyOfNumber(1)),
    ]
    writes.push(store.saveContacts(contacts))
    equal(await store.loadRecord(keyOfNumber(1)), null, 'deleted record')
    equal(await store.loadRecord(keyOfNumber(2)), recordOf(2).bytes, 'record')
    equal(await store.loadContacts(), contacts, 'contacts')
    equal(await store.loadIndex(), [indexEntry(2)], 'index')
    await Promise.all(writes)
    await store.close()
  },

  'the last write of a record wins, deletion included': async (place) => {
    await reopened(place, async (store) => {
      const later = { ...recordOf(9), key: keyOfNumber(1) }
      await Promise.all([store.saveRecord(recordOf(1)), store.saveRecord(later)])
      await Promise.all([store.saveRecord(recordOf(2)), store.deleteRecord(keyOfNumber(2))])
      await Promise.all([store.deleteRecord(keyOfNumber(3)), store.saveRecord(recordOf(3))])
    })
    await reopened(place, async (store) => {
      equal(await store.loadRecord(keyOfNumber(1)), recordOf(9).bytes, 'overwritten record')
      equal(await store.loadRecord(keyOfNumber(2)), null, 'deleted record')
      equal(await store.loadRecord(keyOfNumber(3)), recordOf(3).bytes, 'record saved after its deletion')
    })
  },

  'stored bytes are copies, and views keep their own bytes only': async (place) => {
    const store = await place.open()
    const buffer = new Uint8Array(200).fill(7)
    const record = { key: keyOfNumber(1), header: buffer.subarray(0, 8), bytes: buffer.subarray(100, 140) }
    const saved = store.saveRecord(record)
    buffer.fill(9)
    const loaded = await store.loadRecord(record.key)
    equal(loaded, new Uint8Array(40).fill(7), 'record after its source changed')
    loaded?.fill(8)
    equal(await store.loadRecord(record.key), new Uint8Array(40).fill(7), 'record after a reader changed it')
    await saved
    const onDisk = await store.loadRecord(record.key)
    equal(onDisk, new Uint8Array(40).fill(7), 'record on disk')
    equal(onDisk?.buffer.byteLength, 40, 'bytes beneath the loaded record')
    equal(await store.loadIndex(), [{ key: record.key, header: new Uint8Array(8).fill(7) }], 'index')
    await store.close()
  },

  'records of every allowed size come back, and longer ones are the caller’s mistake': async (place) => {
    const key = keyOfNumber(1)
    await reopened(place, async (store) => {
      const empty = { key: keyOfNumber(2), header: new Uint8Array(0), bytes: new Uint8Array(0) }
      const largest = { key, header: new Uint8Array(512), bytes: new Uint8Array(16 * 1024).fill(3) }
      await Promise.all([store.saveRecord(empty), store.saveRecord(largest)])
      const tooLong = () => store.saveRecord({ ...largest, bytes: new Uint8Array(16 * 1024 + 1) })
      await failsWithName(tooLong, 'RangeError', 'a record that is too long')
      const longHeader = () => store.saveRecord({ ...largest, header: new Uint8Array(513) })
      await failsWithName(longHeader, 'RangeError', 'a header that is too long')
    })
    await reopened(place, async (store) => {
      equal((await store.loadRecord(key))?.length, 16 * 1024, 'bytes of the largest record')
      equal(await store.loadRecord(keyOfNumber(2)), new Uint8Array(0), 'the empty record')
      equal((await store.loadIndex()).length, 2, 'records')
    })
  },

  '1,000 records saved together are all there after reopening': async (place) => {
    const numbers = Array.from({ length: 1_000 }, (_, i) => i)
    await reopened(place, async (store) => {
      await Promise.all(numbers.map((number) => store.saveRecord(recordOf(number))))
    })
    await reopened(place, async (store) => {
      const keys = (await store.loadIndex()).map(({ key }) => key)
      equal([...keys].sort(), numbers.map(keyOfNumber).sort(), 'keys')
      for (const number of [0, 500, 999]) {
        equal(await store.loadRecord(keyOfNumber(number)), recordOf(number).bytes, `record ${number}`)
      }
    })
  },

  'flushing puts on disk what was saved, though nobody awaited it': async (place) => {
    const store = await place.open()
    const saved = store.saveRecord(recordOf(1))
    await store.flush()
    const other = await place.open()
    equal(await other.loadRecord(keyOfNumber(1)), recordOf(1).bytes, 'record')
    await saved
    await store.close()
    await other.close()
  },

  'places do not see each other': async (place, createPlace) => {
    const otherPlace = await createPlace()
    const [a, b] = [await place.open(), await otherPlace.open()]
    const { contact } = await generateTestIdentity()
    await Promise.all([a.saveRecord(recordOf(1)), a.saveContacts([{ contact, lastSeen: 1 }]), a.nextBootId()])
    equal(await b.loadIndex(), [], 'index of the other place')
    equal(await b.loadContacts(), [], 'contacts of the other place')
    equal(await b.nextBootId(), 1, 'first boot id of the other place')
    await a.close()
    await b.close()
    await otherPlace.close()
  },
}
