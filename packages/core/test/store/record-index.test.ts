import { describe, expect, test } from 'vitest'
import type { RecordHeader } from '../../src/dht/record.ts'
import { RecordIndex } from '../../src/dht/record-index.ts'
import type { Key, PeerId } from '../../src/identity/peer-id.ts'

const self = '0'.repeat(64) as PeerId

/** A key that shares exactly `bits` leading bits with our id. */
function keyAt(bits: number, number = 0): Key {
  const digits = Array.from({ length: 64 }, () => '0')
  digits[bits >> 2] = (8 >> (bits & 3)).toString(16)
  return (digits.join('').slice(0, 60) + number.toString(16).padStart(4, '0')) as Key
}

function header(key: Key, change: Partial<RecordHeader> = {}): RecordHeader {
  return {
    key,
    kind: 'immutable',
    version: { rank: 0, tie: '' },
    valueBytes: 100,
    storedAt: 0,
    expiresAt: 1_000,
    own: false,
    ...change,
  }
}

function index(records: number, bytes = 1e9): RecordIndex {
  return new RecordIndex(self, { records, bytes })
}

describe('room', () => {
  test('[RC-11] at the bound the farthest zone goes first, in it the longest untouched', () => {
    const held = index(4)
    for (const key of [keyAt(3), keyAt(1, 1), keyAt(1, 2), keyAt(5)])
      expect(held.put(header(key))).toEqual([])
    held.change(keyAt(1, 1), { expiresAt: 2_000 })
    expect(held.put(header(keyAt(4)))).toEqual([keyAt(1, 2)])
    expect(held.put(header(keyAt(2)))).toEqual([keyAt(1, 1)])
    expect(held.keys()).toEqual([keyAt(3), keyAt(5), keyAt(4), keyAt(2)])
  })

  test('[RC-11] nothing goes for a record that is not nearer', () => {
    const held = index(1)
    held.put(header(keyAt(3)))
    expect(held.put(header(keyAt(3, 1)))).toBeNull()
    expect(held.put(header(keyAt(2)))).toBeNull()
    expect(held.keys()).toEqual([keyAt(3)])
  })

  test('[RC-11] bytes count as records do: as many go as are needed, or none', () => {
    const held = index(100, 1_000)
    for (let i = 0; i < 10; i++) held.put(header(keyAt(i)))
    expect(held.put(header(keyAt(12), { valueBytes: 250 }))).toEqual([keyAt(0), keyAt(1), keyAt(2)])
    expect(held.stats().bytes).toBe(950)
    expect(held.put(header(keyAt(4, 1), { valueBytes: 400 }))).toBeNull()
    expect(held.stats()).toEqual({ held: 8, own: 0, bytes: 950 })
  })

  test('[RC-11] a full disk leaves others nine tenths: the farthest go, and no more come than go', () => {
    const held = index(100, 10_000)
    for (let i = 0; i < 20; i++) held.put(header(keyAt(i), { own: i === 0 }))
    expect(held.tighten()).toEqual([keyAt(1), keyAt(2)])
    expect(held.put(header(keyAt(4, 1)))).toEqual([keyAt(3)])
    expect(held.put(header(keyAt(4, 2)))).toBeNull()
    expect(held.stats()).toEqual({ held: 18, own: 1, bytes: 1_800 })
    // Large ones are counted in bytes.
    expect(held.put(header(keyAt(30), { valueBytes: 150 }))).toEqual([keyAt(4), keyAt(4, 1)])
    expect(held.tighten()).toEqual([keyAt(5), keyAt(6)])
  })

  test('[RC-11] ours take the place of others on a full disk, and are held where there are no others', () => {
    const held = index(4)
    held.put(header(keyAt(9)))
    held.put(header(keyAt(0), { own: true }))
    expect(held.tighten()).toEqual([keyAt(9)])
    expect(held.put(header(keyAt(9)))).toBeNull()
    for (const number of [1, 2, 3]) expect(held.put(header(keyAt(0, number), { own: true }))).toEqual([])
    expect(held.put(header(keyAt(0, 4), { own: true }))).toBeNull()
    expect(held.tighten()).toEqual([])
    expect(held.stats()).toMatchObject({ held: 4, own: 4 })
  })

  test('[RP-15] whoever leaves takes in nothing of others any more, and lets nothing go', () => {
    const held = index(3)
    held.put(header(keyAt(5)))
    held.close()
    expect(held.put(header(keyAt(9)))).toBeNull()
    expect(held.put(header(keyAt(5), { version: { rank: 1, tie: '' } }))).toBeNull()
    expect(held.tighten()).toEqual([])
    expect(held.keys()).toEqual([keyAt(5)])
  })

  test('[RC-11] a new version takes the place of the old one, or leaves it there', () => {
    const held = index(2, 300)
    held.put(header(keyAt(1)))
    held.put(header(keyAt(2)))
    expect(held.put(header(keyAt(1), { valueBytes: 200 }))).toEqual([])
    expect(held.put(header(keyAt(1), { valueBytes: 500 }))).toBeNull()
    expect(held.get(keyAt(1), 0)?.valueBytes).toBe(200)
  })

  test('[RC-8] own records go for nobody, and others go for them', () => {
    const held = index(2)
    held.put(header(keyAt(0), { own: true }))
    held.put(header(keyAt(9)))
    expect(held.put(header(keyAt(1), { own: true }))).toEqual([keyAt(9)])
    expect(held.put(header(keyAt(20)))).toBeNull()
    expect(held.put(header(keyAt(2), { own: true }))).toBeNull()
    expect(held.stats()).toEqual({ held: 2, own: 2, bytes: 200 })
  })
})

describe('life', () => {
  test('[RP-14] what has had its time is not there, and the sweep names it', () => {
    const held = index(10)
    held.put(header(keyAt(1)))
    held.put(header(keyAt(2), { expiresAt: 2_000 }))
    held.put(header(keyAt(3), { own: true }))
    expect(held.get(keyAt(1), 999)).not.toBeNull()
    expect(held.get(keyAt(1), 1_000)).toBeNull()
    expect(held.expire(1_000)).toEqual([keyAt(1)])
    expect(held.expire(9_000)).toEqual([keyAt(2)])
    expect(held.stats()).toMatchObject({ held: 1, own: 1 })
  })

  test('[RP-14] a record that is no longer ours can go', () => {
    const held = index(1)
    held.put(header(keyAt(1), { own: true }))
    held.change(keyAt(1), { own: false, expiresAt: 5_000 })
    expect(held.stats()).toMatchObject({ held: 1, own: 0 })
    expect(held.put(header(keyAt(2)))).toEqual([keyAt(1)])
    expect(held.change(keyAt(1), { own: true })).toBeNull()
  })
})

test('[RC-8] a record larger than the whole store is refused', () => {
  expect(index(10, 50).put(header(keyAt(1), { own: true }))).toBeNull()
})
