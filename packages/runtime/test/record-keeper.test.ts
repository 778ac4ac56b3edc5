import type { Key, PeerRecord, RecordHeader } from '@hyphae/core'
import { encodeRecord, utf8 } from '@hyphae/core/wire'
import { describe, expect, test } from 'vitest'
import type { PeerStorage, StoredRecord } from '../src/ports/storage.ts'
import { RecordKeeper } from '../src/record-keeper.ts'

const [first, second, third] = ['aa', 'bb', 'cc'].map((pair) => pair.repeat(32)) as [Key, Key, Key]

function record(value: string): PeerRecord {
  return { kind: 'immutable', value: utf8(value) }
}

function header(key: Key, own = false): RecordHeader {
  return { key, kind: 'immutable', version: { rank: 0, tie: '' }, valueBytes: 1, own } as never
}

/** A disk for so many records, and what became of them. */
function disk(room: number) {
  const onDisk = new Map<Key, StoredRecord>()
  const asked: Key[] = []
  const savedLate: Key[] = []
  const storage = {
    async saveRecord(stored: StoredRecord) {
      asked.push(stored.key)
      if (!onDisk.has(stored.key) && onDisk.size >= room) throw new Error('full')
      onDisk.set(stored.key, stored)
    },
    async deleteRecord(key: Key) {
      onDisk.delete(key)
    },
    async loadRecord() {
      return null
    },
  } as unknown as PeerStorage
  const keeper = new RecordKeeper(storage, (key) => savedLate.push(key))
  return { keeper, onDisk, asked, savedLate }
}

describe('a record that storage refused', () => {
  test('is there as long as the tab lives, and on disk once another made room', async () => {
    const { keeper, onDisk, savedLate } = disk(1)
    await keeper.save(first, record('1'), header(first))
    expect(await keeper.save(second, record('2'), header(second, true))).toBe(false)
    expect(await keeper.load(second)).toEqual(record('2'))
    await keeper.forget(first)
    expect([...onDisk.keys()]).toEqual([second])
    expect(savedLate).toEqual([second])
    expect(await keeper.load(second)).toBeNull()
  })

  test('waits for those of our own, and no further one is tried where one finds no room', async () => {
    const { keeper, onDisk, asked, savedLate } = disk(1)
    const fourth = 'dd'.repeat(32) as Key
    await keeper.save(first, record('1'), header(first))
    for (const key of [second, third, fourth]) await keeper.save(key, record('x'), header(key, key === third))
    asked.length = 0
    await keeper.forget(first)
    expect(asked).toEqual([third, second])
    expect([...onDisk.keys()]).toEqual([third])
    expect(savedLate).toEqual([third])
  })

  test('is not written any more once it is forgotten', async () => {
    const { keeper, onDisk, savedLate } = disk(1)
    await keeper.save(first, record('1'), header(first))
    await keeper.save(second, record('2'), header(second, true))
    await keeper.forget(second)
    await keeper.forget(first)
    expect(onDisk.size).toBe(0)
    expect(savedLate).toEqual([])
  })

  test('is written in its newest version, once', async () => {
    const { keeper, onDisk, asked } = disk(1)
    await keeper.save(first, record('1'), header(first))
    await keeper.save(second, record('old'), header(second, true))
    await keeper.save(second, record('new'), header(second, true))
    asked.length = 0
    await Promise.all([keeper.forget(first), keeper.forget(third)])
    expect(asked).toEqual([second])
    expect(onDisk.get(second)?.bytes).toEqual(encodeRecord(record('new')))
  })

  test('of others says nothing when it is written', async () => {
    const { keeper, onDisk, savedLate } = disk(1)
    await keeper.save(first, record('1'), header(first))
    await keeper.save(second, record('2'), header(second))
    await keeper.forget(first)
    expect(onDisk.has(second)).toBe(true)
    expect(savedLate).toEqual([])
  })
})
