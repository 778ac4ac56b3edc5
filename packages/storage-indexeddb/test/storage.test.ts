import 'fake-indexeddb/auto'
import { storageSuite } from '@hyphae/conformance'
import type { Key } from '@hyphae/core'
import type { StorageEvent } from '@hyphae/runtime'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openIndexedDbStorage } from '../src/index.ts'
import { recordEntry, SCHEMA_ENTRY } from '../src/layout.ts'
import { createPlace, entriesIn, freeSlot, inDatabase } from './place.ts'

afterEach(() => vi.restoreAllMocks())

describe('the storage suite, on a stand-in for IndexedDB', () => {
  test.each(storageSuite(async () => createPlace()))('$title', ({ run }) => run())
})

describe('the schema', () => {
  test.each([2, 0, '1', null])('a store with schema %s is refused, and stays as it is', async (schema) => {
    const place = createPlace()
    await withStore(place, (store) => store.saveRecord(recordOf(1)))
    await inDatabase(place.name, (store) => store.put(schema, SCHEMA_ENTRY))
    const before = await entriesIn(place.name)
    await expect(place.open()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await entriesIn(place.name)).toEqual(before)
  })

  test('a store that became newer while it was open is not written any more', async () => {
    const place = createPlace()
    const store = await place.open()
    await inDatabase(place.name, (raw) => raw.put(2, SCHEMA_ENTRY))
    await expect(store.saveRecord(recordOf(1))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(store.nextBootId()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await store.close()
    expect([...(await entriesIn(place.name)).keys()]).toEqual([SCHEMA_ENTRY])
  })
})

describe('names', () => {
  test('networks and slots of one profile do not see each other, whatever they are called', async () => {
    const networks = ['a', 'a/1', '1/a', '/', '']
    const slots = [0, 1, 10]
    const opened = await Promise.all(
      networks.flatMap((network) =>
        slots.map((number) =>
          openIndexedDbStorage({ network, slot: { ...freeSlot(), number }, persistence: null }),
        ),
      ),
    )
    expect(await Promise.all(opened.map((store) => store.nextBootId()))).toEqual(opened.map(() => 1))
    expect(opened.map(({ slot }) => slot)).toEqual(networks.flatMap(() => slots))
    await Promise.all(opened.map((store) => store.close()))
  })

  test('a prefix that could be taken for more than a prefix is the caller’s mistake', async () => {
    await expect(openIndexedDbStorage({ network: 'a', prefix: 'a/0', slot: freeSlot() })).rejects.toThrow(
      TypeError,
    )
    await expect(openIndexedDbStorage({ network: 'a', quotaBytes: -1, slot: freeSlot() })).rejects.toThrow(
      RangeError,
    )
  })
})

describe('the slot', () => {
  test('is released by closing, once, and when opening fails', async () => {
    const release = vi.fn(async () => {})
    const place = createPlace()
    const options = { network: place.network, slot: { number: 0, release }, persistence: null }
    const store = await openIndexedDbStorage(options)
    await Promise.all([store.close(), store.close()])
    expect(release).toHaveBeenCalledTimes(1)
    await inDatabase(place.name, (raw) => raw.put(2, SCHEMA_ENTRY))
    await expect(openIndexedDbStorage(options)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(release).toHaveBeenCalledTimes(2)
  })
})

describe('batches', () => {
  test('1,000 records take one relaxed transaction', async () => {
    const store = await createPlace().open()
    const begun = vi.spyOn(IDBDatabase.prototype, 'transaction')
    await Promise.all(Array.from({ length: 1_000 }, (_, number) => store.saveRecord(recordOf(number))))
    expect(begun.mock.calls).toEqual([['entries', 'readwrite', { durability: 'relaxed' }]])
    await store.close()
  })
})

describe('a start', () => {
  test('reads every record once, and the index says what was written since', async () => {
    const place = createPlace()
    await withStore(place, (store) => Promise.all([1, 2].map((number) => store.saveRecord(recordOf(number)))))
    const read = vi.spyOn(IDBObjectStore.prototype, 'getAll')
    const keysOf = async (store: Store) => (await store.loadIndex()).map(({ key }) => key)
    await withStore(place, async (store) => {
      expect(await keysOf(store)).toEqual([recordOf(1).key, recordOf(2).key])
      expect(read).toHaveBeenCalledTimes(1)
      expect((await keysOf(store)).length).toBe(2)
    })
    await withStore(place, async (store) => {
      const deleted = store.deleteRecord(recordOf(1).key)
      expect(await keysOf(store)).toEqual([recordOf(2).key])
      await deleted
    })
    await withStore(place, async (store) => {
      const saved = store.saveRecord(recordOf(3))
      expect(await keysOf(store)).toEqual([recordOf(2).key, recordOf(3).key])
      await saved
    })
    await withStore(place, async (store) => {
      await inDatabase(place.name, (raw) => raw.clear())
      expect(await store.loadRecord(recordOf(2).key)).toBeNull()
      expect(await keysOf(store)).toEqual([])
    })
  })
})

describe('a page that goes away', () => {
  test.each(['flush', 'close'] as const)('has committed at once what it writes by %s', async (end) => {
    const store = await createPlace().open()
    const written = store.saveRecord(recordOf(1))
    const put = vi.spyOn(IDBObjectStore.prototype, 'put')
    const commit = vi.spyOn(IDBTransaction.prototype, 'commit')
    const ended = store[end]()
    // Answers of the disk come with later tasks; until then there are microtasks alone.
    for (let turns = 0; turns < 10; turns++) await null
    expect([put.mock.calls.length, commit.mock.calls.length]).toEqual([1, 1])
    await Promise.all([written, ended])
    await store.close()
  })

  test('does not wait for what was begun before, and writes that too: it may be undone', async () => {
    const store = await createPlace().open()
    const begun = [store.saveRecord(recordOf(1)), store.loadIndex()]
    await null
    const written = store.saveRecord(recordOf(2))
    const put = vi.spyOn(IDBObjectStore.prototype, 'put')
    const ended = store.flush()
    for (let turns = 0; turns < 10; turns++) await null
    const keys = put.mock.calls.map(([, entry]) => entry)
    expect(keys).toEqual([1, 2].map((number) => recordEntry(recordOf(number).key)))
    await Promise.all([...begun, written, ended])
    expect((await store.loadIndex()).length).toBe(2)
    await store.close()
  })
})

describe('the browser’s own quota', () => {
  test('is STORAGE_FULL and said once; what is there is read, and deleted though the disk is full', async () => {
    const store = await createPlace().open()
    const events = eventsOf(store)
    await store.saveRecord(recordOf(1))
    const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('no room', 'QuotaExceededError')
    })
    const writes = [store.saveRecord(recordOf(2)), store.deleteRecord(recordOf(1).key)]
    expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    await expect(store.saveRecord(recordOf(3))).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(events).toEqual([{ type: 'full' }])
    expect(await store.loadIndex()).toEqual([])
    expect((await store.usage()).usedBytes).toBe(0)
    full.mockRestore()
    await store.saveRecord(recordOf(4))
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('no room', 'QuotaExceededError')
    })
    await expect(store.saveRecord(recordOf(5))).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(events).toEqual([{ type: 'full' }, { type: 'full' }])
    await store.close()
  })
})

describe('failures', () => {
  test('a transaction that fails rejects its writes, says why, and later ones succeed', async () => {
    const store = await createPlace().open()
    const events = eventsOf(store)
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(() => {
      throw new DOMException('broken', 'UnknownError')
    })
    await expect(store.saveRecord(recordOf(1))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(events).toEqual([{ type: 'failed', detail: expect.stringContaining('broken') }])
    await store.saveRecord(recordOf(2))
    expect((await store.loadIndex()).length).toBe(1)
    await store.close()
  })

  test('a boot id that cannot be written says why, though the request fails before its transaction', async () => {
    const store = await createPlace().open()
    await store.nextBootId()
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      value,
      entry,
    ) {
      return this.add(value, entry)
    })
    await expect(store.nextBootId()).rejects.toMatchObject({ cause: { name: 'ConstraintError' } })
    await store.close()
  })

  test('two writes of one key that both fail take no room', async () => {
    const store = await createPlace().open()
    /** Bytes in use after two writes that failed. */
    const usedAfterTwo = async () => {
      const broken = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
        throw new DOMException('broken', 'UnknownError')
      })
      await Promise.allSettled([200, 300].map((size) => store.saveRecord(recordOf(1, size))))
      broken.mockRestore()
      return (await store.usage()).usedBytes
    }
    expect(await usedAfterTwo()).toBe(0)
    await store.saveRecord(recordOf(1))
    const { usedBytes } = await store.usage()
    expect(await usedAfterTwo()).toBe(usedBytes)
    await store.close()
  })

  test('a connection that was closed by force is opened again, and nothing is lost', async () => {
    const store = await createPlace().open()
    const events = eventsOf(store)
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(() => {
      throw new DOMException('the connection is closing', 'InvalidStateError')
    })
    await store.saveRecord(recordOf(1))
    expect(transaction).toHaveBeenCalled()
    expect(await store.loadRecord(recordOf(1).key)).toEqual(recordOf(1).bytes)
    expect(events).toEqual([])
    await store.close()
  })

  test('a connection that was closed by force is replaced by one, however many find it closed, and that is closed', async () => {
    const store = await createPlace().open()
    const closing = () => {
      throw new DOMException('the connection is closing', 'InvalidStateError')
    }
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction')
    for (let i = 0; i < 3; i++) transaction.mockImplementationOnce(closing)
    const [opened, closed] = [
      vi.spyOn(IDBFactory.prototype, 'open'),
      vi.spyOn(IDBDatabase.prototype, 'close'),
    ]
    await Promise.all([1, 2, 3].map((number) => store.loadRecord(recordOf(number).key)))
    await store.close()
    expect([opened.mock.calls.length, closed.mock.calls.length]).toEqual([1, 1])
  })

  test('without IndexedDB opening fails with STORAGE_FAILED', async () => {
    vi.stubGlobal('indexedDB', undefined)
    await expect(createPlace().open()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    vi.unstubAllGlobals()
  })
})

describe('a wipe', () => {
  test('is found by the next write, when no event told of it', async () => {
    const place = createPlace()
    const store = await place.open()
    const events = eventsOf(store)
    await store.saveRecord(recordOf(1))
    await inDatabase(place.name, (raw) => raw.clear())
    await store.saveRecord(recordOf(2))
    expect(events).toEqual([{ type: 'wiped' }])
    expect((await store.loadIndex()).map(({ key }) => key)).toEqual([recordOf(2).key])
    await store.close()
  })

  test('leaves what is written while it is found, and that counts', async () => {
    const place = createPlace()
    const store = await place.open()
    await store.saveRecord(recordOf(1))
    const { usedBytes } = await store.usage()
    await inDatabase(place.name, (raw) => raw.clear())
    await store.saveRecord(recordOf(2))
    expect((await store.loadIndex()).map(({ key }) => key)).toEqual([recordOf(2).key])
    expect((await store.usage()).usedBytes).toBe(usedBytes)
    await store.close()
  })

  test('is found by the next read, and said once, whoever finds it', async () => {
    const place = createPlace()
    const store = await place.open()
    const events = eventsOf(store)
    await store.saveRecord(recordOf(1))
    await inDatabase(place.name, (raw) => raw.clear())
    const found = await Promise.all([1, 2, 3].map((number) => store.loadRecord(recordOf(number).key)))
    expect(found).toEqual([null, null, null])
    expect(events).toEqual([{ type: 'wiped' }])
    await store.close()
  })
})

describe('persistence', () => {
  test('is asked for once, unless it is given already, and nobody waits for the answer', async () => {
    const persist = vi.fn(() => new Promise<boolean>(() => {}))
    const open = (isGiven: boolean) =>
      openIndexedDbStorage({
        network: createPlace().network,
        slot: freeSlot(),
        persistence: { persisted: async () => isGiven, persist },
      })
    const [asked, given] = [await open(false), await open(true)]
    expect(await given.isPersistent).toBe(true)
    expect(persist).toHaveBeenCalledTimes(1)
    await Promise.all([asked.close(), given.close()])
  })

  test('is unknown where the browser refuses to say', async () => {
    const refuse = () => Promise.reject(new TypeError('not here'))
    const store = await openIndexedDbStorage({
      network: createPlace().network,
      slot: freeSlot(),
      persistence: { persisted: refuse, persist: refuse },
    })
    expect(await store.isPersistent).toBeNull()
    await store.close()
  })
})

type Place = ReturnType<typeof createPlace>
type Store = Awaited<ReturnType<Place['open']>>

async function withStore(place: Place, use: (store: Store) => Promise<unknown>): Promise<void> {
  const store = await place.open()
  await use(store)
  await store.close()
}

function eventsOf(store: Store): StorageEvent[] {
  const events: StorageEvent[] = []
  store.onEvent((event) => events.push(event))
  return events
}

function recordOf(number: number, size = 100) {
  const key = number.toString(16).padStart(64, '0') as Key
  return { key, header: Uint8Array.of(number & 0xff), bytes: new Uint8Array(size).fill(number) }
}
