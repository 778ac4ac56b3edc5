import type { Key } from '@hyphae/core'
import { describe, expect, test } from 'vitest'
import { FaultyDisk } from '../src/faulty-disk.ts'
import { storageSuite } from '../src/storage-suite.ts'

describe('in-memory storage', () => {
  const suite = storageSuite(async () => {
    const disk = new FaultyDisk()
    return {
      open: async (options) => disk.open(options),
      corrupt: async (key) => disk.corrupt(key),
      wipe: async () => disk.wipe(),
      close: async () => {},
    }
  })

  test.each(suite)('$title', ({ run }) => run())

  test('a broken disk fails writes with STORAGE_FAILED until it is mended', async () => {
    const disk = new FaultyDisk()
    const store = disk.open()
    const events: unknown[] = []
    store.onEvent((event) => events.push(event))
    const record = { key: 'a'.repeat(64) as Key, header: new Uint8Array(1), bytes: new Uint8Array(1) }
    disk.breakDown('the disk is on fire')
    await expect(store.saveRecord(record)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(events).toEqual([{ type: 'failed', detail: 'the disk is on fire' }])
    disk.breakDown(null)
    await store.saveRecord(record)
    expect(await store.loadRecord(record.key)).toEqual(record.bytes)
  })
})
