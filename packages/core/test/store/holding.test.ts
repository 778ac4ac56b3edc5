import { describe, expect, test } from 'vitest'
import { nextClock, type PeerRecord, recordKey } from '../../src/dht/record.ts'
import type { StoreEffect } from '../../src/dht/store.ts'
import { NO_ORIGIN, storedSignedBytes } from '../../src/dht/stored-ack.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { keyOf, type PeerId } from '../../src/identity/peer-id.ts'
import { JOBS_PER_LINK_MAX, RECORDS_HELD_MAX } from '../../src/limits.ts'
import { concatBytes, fromHex, utf8 } from '../../src/wire/bytes.ts'
import {
  closeStrangers,
  DAY_MS,
  head,
  headerOf,
  immutable,
  operationNumber,
  owned,
  replica,
  StoreBench,
  shared,
  store,
  stored,
} from './store-bench.ts'
import { contactNumber } from './store-network.ts'

const author = contactNumber(7)
const HOUR_S = 3_600
const NOW = 1_700_000_000_000
/** A contact whose id begins with a one. */
const FAR_SELF = Array.from({ length: 99 }, (_, n) => n).find((n) => contactNumber(n).id >= '8') as number

function holding(...records: readonly PeerRecord[]): StoreBench {
  const bench = new StoreBench({ peers: 8, replicas: 20 })
  for (const record of records) bench.deliver(replica(record))
  bench.take()
  return bench
}

describe('what is taken in', () => {
  test('[RC-9] [RC-12] a good copy is kept and acknowledged over the operation it comes from', () => {
    const bench = new StoreBench({ peers: 8, replicas: 20 })
    const record = owned(author, 3)
    bench.deliver(replica(record, { origin: operationNumber(77), lifeSeconds: HOUR_S }))
    const header = headerOf(record, bench.now, { expiresAt: bench.now + HOUR_S * 1_000 })
    expect(bench.last('store')).toMatchObject({ record, header })
    expect(bench.last('answer')).toEqual({
      type: 'answer',
      route: { operation: operationNumber(1), path: 0 },
      inner: stored(operationNumber(77), bench.self, record),
      last: true,
    })
  })

  test('[RC-12] an operation of zeros wants no proof, and gets no signature', () => {
    const bench = new StoreBench({ peers: 8, replicas: 20 })
    const record = immutable('x')
    bench.deliver(replica(record, { origin: NO_ORIGIN }))
    expect(bench.all('sign')).toEqual([])
    expect(bench.answers('STORED')).toEqual([stored(NO_ORIGIN, bench.self, record)])
  })

  test('[RC-9] the kept record shares no bytes with the frame it came in', () => {
    const bench = new StoreBench({ peers: 8, replicas: 20 })
    const frame = new Uint8Array(16_384)
    bench.deliver(replica({ kind: 'immutable', value: frame.subarray(100, 110) }))
    const { record } = bench.last('store')
    expect(record.value.buffer.byteLength).toBeLessThan(frame.length)
  })

  test.each<[string, PeerRecord, number]>([
    ['a wrong signature', { ...owned(author, 3), sequence: 4 }, HOUR_S],
    ['an author who may not write', shared(author, 5, { writers: [contactNumber(8).id] }), HOUR_S],
    [
      'writers out of order',
      shared(author, 5, { writers: [author.id, contactNumber(8).id].sort().reverse() }),
      HOUR_S,
    ],
    ['a life that is over', immutable('x'), 0],
  ])('[RC-9] %s: neither kept nor answered', (_what, record, lifeSeconds) => {
    const bench = new StoreBench({ peers: 8, replicas: 20 })
    bench.deliver(replica(record, { lifeSeconds }))
    bench.deliver(store(record, 20, lifeSeconds))
    expect(bench.all('answer')).toEqual([])
    expect(bench.all('route')).toEqual([])
    expect(bench.store.tables()).toMatchObject({ recordsHeld: 0, storeFanOuts: 0, storeJobs: 0 })
  })

  test('[RC-9] a STORE whose target is not the key of its record is nothing', () => {
    const bench = new StoreBench({ peers: 8, replicas: 20 })
    const target = recordKey(immutable('other'))
    const route = { operation: operationNumber(1), path: 0 }
    const inner = store(immutable('x'))
    bench.input({ type: 'deliver', route, from: author.id, mode: 'closest', target, inner })
    expect(bench.store.tables()).toMatchObject({ recordsHeld: 0, storeFanOuts: 0 })
    expect(bench.all('answer')).toEqual([])
  })

  test('[RC-9] a clock too far ahead is refused without a signature check', () => {
    const bench = new StoreBench({ peers: 8, replicas: 20 })
    bench.deliver(replica(shared(author, nextClock(bench.now + 10 * 60_000 + 1, 0))))
    expect(bench.answers('STORED')[0]).toMatchObject({ result: 2 })
    expect(bench.all('verify')).toEqual([])
    bench.deliver(replica(shared(author, nextClock(bench.now + 10 * 60_000, 0))), {
      operation: operationNumber(2),
    })
    expect(bench.answers('STORED')[1]).toMatchObject({ result: 0 })
  })

  test('[RC-9] a copy for a key that twice as many peers are closer to is refused', () => {
    const record = immutable('x')
    const key = recordKey(record)
    const bench = new StoreBench({ peers: 0, replicas: 3 })
    const closer = closeStrangers(key, 6, [bench.self])
    bench.known = closer.slice(0, 5)
    bench.deliver(replica(record))
    expect(bench.answers('STORED')[0]).toMatchObject({ result: 0 })
    const other = new StoreBench({ peers: 0, replicas: 3 })
    other.known = closer
    other.deliver(replica(record))
    expect(other.answers('STORED')[0]).toMatchObject({ result: 2, rank: 0 })
    expect(other.store.stats().held).toBe(0)
  })

  test('[RC-4] [RC-9] the higher version wins, whichever comes first', () => {
    const older = shared(contactNumber(1), 500)
    const newer = shared(contactNumber(2), 500)
    const [low, high] = older.author.id < newer.author.id ? [older, newer] : [newer, older]
    for (const [first, second] of [
      [low, high],
      [high, low],
    ] as const) {
      const bench = holding(first)
      bench.deliver(replica(second, { origin: operationNumber(5) }))
      const kept = bench.disk.get(recordKey(low))
      expect(kept?.header.version).toEqual({ rank: 500, tie: high.author.id })
      const result = second === high ? 0 : 1
      expect(bench.answers('STORED')).toEqual([
        { ...stored(operationNumber(5), bench.self, high, { result }) },
      ])
    }
  })

  test('[RC-9] an older version costs no signature check', () => {
    const bench = holding(owned(author, 9))
    bench.deliver(replica(owned(author, 8)))
    expect(bench.all('verify')).toEqual([])
    expect(bench.answers('STORED')[0]).toMatchObject({ result: 1, rank: 9 })
  })

  test('[RC-9] a version that came while another one was checked is not overwritten', () => {
    const bench = new StoreBench({ peers: 8, replicas: 20 })
    bench.holdJobs = true
    bench.deliver(replica(owned(author, 1)))
    bench.deliver(replica(owned(author, 2)), { operation: operationNumber(2) })
    const [first, second] = bench.held.splice(0)
    bench.holdJobs = false
    bench.finish(second as never)
    bench.finish(first as never)
    expect(bench.disk.get(recordKey(owned(author, 1)))?.header.version.rank).toBe(2)
    expect(bench.answers('STORED').map(({ result }) => result)).toEqual([0, 1])
  })

  test('[RC-10] the same version again extends the life, without a check or a write', () => {
    const record = owned(author, 3)
    const bench = new StoreBench({ peers: 8, replicas: 20 })
    bench.deliver(replica(record, { lifeSeconds: HOUR_S }))
    bench.take()
    bench.deliver(replica(record, { lifeSeconds: 3 * HOUR_S }))
    bench.deliver(replica(record, { lifeSeconds: 2 * HOUR_S }))
    expect(bench.all('verify').length + bench.all('store').length).toBe(0)
    expect(bench.answers('STORED').map(({ result }) => result)).toEqual([0, 0])
    bench.advance(2.5 * HOUR_S * 1_000)
    expect(bench.store.holds(recordKey(record))).toBe(true)
    bench.advance(HOUR_S * 1_000)
    expect(bench.store.holds(recordKey(record))).toBe(false)
  })

  test('[RC-10] where its life grows by hours it is checked and written again', () => {
    const record = owned(author, 3)
    const bench = new StoreBench({ peers: 8, replicas: 20 })
    bench.deliver(replica(record, { lifeSeconds: HOUR_S }))
    bench.take()
    bench.deliver(replica(record, { lifeSeconds: 7 * HOUR_S }))
    expect(bench.all('verify')).toHaveLength(1)
    expect(bench.last('store').header.expiresAt).toBe(bench.now + 7 * HOUR_S * 1_000)
  })

  test.each(['REPLICA', 'STORE'])(
    '[RC-10] a life that grows every hour by %s is written again every six: a restart keeps it',
    (type) => {
      const record = owned(author, 3)
      const bench = new StoreBench({ peers: 8, replicas: 20 })
      let writes = 0
      for (let hours = 0; hours <= 48; hours++) {
        const copy = type === 'STORE' ? store(record, 1) : replica(record)
        bench.deliver(copy, { operation: operationNumber(hours) })
        writes += bench.all('store').length
        bench.take()
        bench.advance(HOUR_S * 1_000)
      }
      expect(writes).toBe(9)
      expect(bench.disk.get(recordKey(record))?.header.expiresAt).toBeGreaterThan(bench.now + DAY_MS * 0.7)
    },
  )

  test('[RC-10] our own is not written again, nor taken for placed, because somebody offers it', () => {
    const record = immutable('ours')
    const start = [headerOf(record, NOW, { own: true, storedAt: 0, expiresAt: NOW + HOUR_S * 1_000 })]
    const bench = new StoreBench({ peers: 8, replicas: 20, start, now: NOW })
    bench.deliver(replica(record))
    expect(bench.all('store')).toEqual([])
    expect(bench.answers('STORED').map(({ result }) => result)).toEqual([0])
  })

  test('[RC-10] a STORE of the version that is held is checked, and neither written nor shortens its life', () => {
    const record = owned(author, 3)
    const bench = holding(record)
    bench.deliver(store(record, 20, HOUR_S))
    expect([bench.all('verify').length, bench.all('store').length]).toEqual([1, 0])
    bench.advance(2 * HOUR_S * 1_000)
    expect(bench.store.holds(recordKey(record))).toBe(true)
  })

  test('[RC-10] a life is a day at most', () => {
    const bench = holding()
    bench.deliver(replica(immutable('x'), { lifeSeconds: 2 ** 32 - 1 }))
    expect(bench.last('store').header.expiresAt).toBe(bench.now + DAY_MS)
  })

  test('[RC-22] a link that causes too many checks is not listened to, others are', () => {
    const bench = new StoreBench({ peers: 8, replicas: 20 })
    bench.holdJobs = true
    const [from, other] = bench.known as [Contact, Contact]
    for (let i = 0; i < JOBS_PER_LINK_MAX + 9; i++)
      bench.deliver(replica(owned(author, i + 1)), { from: from.id, operation: operationNumber(i) })
    expect(bench.all('verify')).toHaveLength(JOBS_PER_LINK_MAX)
    bench.deliver(store(owned(author, 500)), { from: from.id, operation: operationNumber(900) })
    expect(bench.last('pass').route.operation).toBe(operationNumber(900))
    bench.deliver(replica(owned(author, 999)), { from: other.id })
    expect(bench.all('verify')).toHaveLength(JOBS_PER_LINK_MAX + 1)
    expect(bench.all('verify')[0]?.cause).toBe(from.id)
  })

  test('[RC-22] GETs of a link for which too much is read go on, until something was read', () => {
    const record = immutable('x')
    const bench = holding(record)
    bench.holdJobs = true
    const get = { type: 'GET', key: recordKey(record), head: false } as const
    const asked = () => bench.deliver(get).map(({ type }) => type)
    for (let i = 0; i < JOBS_PER_LINK_MAX; i++) expect(asked()).toEqual(['load'])
    expect(asked()).toEqual(['pass'])
    for (const load of bench.held.splice(0, 2)) bench.finish(load)
    expect([asked(), asked(), asked()]).toEqual([['load'], ['load'], ['pass']])
  })

  test('[RC-8] a shared record is held again after a start; one whose clock is ahead is left aside', () => {
    const { now } = new StoreBench({ peers: 0, replicas: 20 })
    const records = [0, 10 * 60_000 + 1].map((aheadMs, index) =>
      shared(author, nextClock(now + aheadMs, 0), { name: `name ${index}` }),
    )
    const start = records.map((record) => headerOf(record, now))
    const bench = new StoreBench({ peers: 8, replicas: 20, start })
    expect(records.map((record) => bench.store.holds(recordKey(record)))).toEqual([true, false])
    expect(bench.all('forget')).toEqual([])
  })

  test('[RC-11] whoever is full forgets what is farthest, on the disk too, but nothing of its own', () => {
    const full = (own: boolean, more = 0) => {
      const start = Array.from({ length: RECORDS_HELD_MAX + more }, (_, index) => {
        const key = keyOf(index.toString(16).padStart(64, '0') as PeerId)
        return headerOf(immutable('x'), NOW, { key, own })
      })
      // Its id and the keys differ in their first bit, so that every key is in the farthest zone.
      const bench = new StoreBench({ peers: 8, replicas: 20, self: FAR_SELF, start, now: NOW })
      return { bench, start }
    }
    const near = Array.from({ length: 9 }, (_, index) => immutable(`record ${index}`)).find(
      (record) => recordKey(record) >= '8',
    ) as PeerRecord
    const others = full(false)
    others.bench.deliver(replica(near))
    expect(others.bench.all('forget').map(({ key }) => key)).toEqual([others.start[0]?.key])
    const ours = full(true).bench
    ours.call({ type: 'put', draft: { kind: 'immutable', value: utf8('one more') } })
    expect(ours.last('failed').code).toBe('STORAGE_FULL')
    expect(ours.store.tables()).toMatchObject({ storeCalls: 0, recordsHeld: RECORDS_HELD_MAX })
    const more = full(false, 1)
    expect(more.bench.all('forget').map(({ key }) => key)).toEqual([more.start.at(-1)?.key])
  })

  test('[RC-11] a full disk is made room on, by records of others', () => {
    const start = Array.from({ length: 20 }, (_, index) =>
      headerOf(immutable('x'), NOW, {
        key: keyOf(index.toString(16).padStart(64, '0') as PeerId),
        own: index < 5,
      }),
    )
    const bench = new StoreBench({ peers: 8, replicas: 20, self: FAR_SELF, start, now: NOW })
    bench.input({ type: 'storage-full' })
    expect(bench.all('forget').map(({ key }) => key)).toEqual(start.slice(5, 7).map(({ key }) => key))
    expect(bench.store.stats()).toMatchObject({ held: 18, own: 5 })
  })

  test('[RP-15] while it leaves a peer refuses what it would not hand over', () => {
    const bench = new StoreBench({ peers: 8, replicas: 20 })
    bench.input({ type: 'leave', deadlineMs: 5_000 })
    bench.deliver(replica(immutable('too late')))
    expect(bench.answers('STORED').map(({ result }) => result)).toEqual([2])
    expect(bench.store.stats().held).toBe(0)
  })

  test('[RC-9] a copy that was stored while our clock was ahead lives a day from the start on at most', () => {
    const { now } = new StoreBench({ peers: 0, replicas: 20 })
    const record = owned(author, 5)
    const header = headerOf(record, now, { expiresAt: now + 300 * DAY_MS })
    const bench = new StoreBench({ peers: 0, replicas: 20, start: [header] })
    bench.disk.set(recordKey(record), { record, header })
    bench.advance(DAY_MS + 120_000)
    expect(bench.store.stats().held).toBe(0)
  })

  test('[RC-22] a job that never came back is forgotten after a minute or two', () => {
    const bench = new StoreBench({ peers: 8, replicas: 20 })
    bench.holdJobs = true
    bench.deliver(replica(owned(author, 1)))
    expect(bench.store.tables()).toMatchObject({ storeJobs: 1 })
    bench.advance(120_000)
    expect(bench.store.tables()).toMatchObject({ storeJobs: 0 })
    expect(bench.finish(bench.held[0] as never)).toEqual([])
  })
})

describe('what is given out', () => {
  test('[RC-15] a held record is loaded and answered with the life that is left', () => {
    const record = immutable('x')
    const bench = holding(record)
    bench.advance(HOUR_S * 1_000)
    bench.take()
    const key = recordKey(record)
    bench.deliver({ type: 'GET', key, head: false })
    expect(bench.last('load').key).toBe(key)
    expect(bench.last('answer')).toMatchObject({
      inner: { type: 'VALUE', holder: bench.self, lifeSeconds: 23 * HOUR_S, record },
      last: true,
    })
  })

  test('[RC-15] one of our own always has the life of a day', () => {
    const record = immutable('x')
    const { now } = new StoreBench({ peers: 0, replicas: 20 })
    const header = headerOf(record, now - 2 * DAY_MS, { own: true })
    const bench = new StoreBench({ peers: 8, replicas: 20, start: [header] })
    bench.disk.set(header.key, { record, header })
    bench.deliver({ type: 'GET', key: header.key, head: false })
    expect(bench.answers('VALUE')[0]).toMatchObject({ lifeSeconds: 24 * HOUR_S })
  })

  test('[RC-15] a record wiped from under us is forgotten, and the GET goes on', () => {
    const record = immutable('x')
    const bench = holding(record)
    const key = recordKey(record)
    bench.disk.clear()
    bench.deliver({ type: 'GET', key, head: false })
    expect(bench.take().map(({ type }) => type)).toEqual(['load', 'forget', 'pass'])
    expect(bench.store.holds(key)).toBe(false)
  })

  test('[RC-15] and not what has come meanwhile', () => {
    const bench = holding(owned(author, 12))
    const key = recordKey(owned(author, 12))
    bench.holdJobs = true
    bench.deliver({ type: 'GET', key, head: false })
    bench.holdJobs = false
    bench.deliver(replica(owned(author, 13)))
    const [load] = bench.held as [StoreEffect & { type: 'load' }]
    bench.input({ type: 'loaded', token: load.token, record: null })
    expect(bench.store.holds(key)).toBe(true)
    expect(bench.disk.get(key)?.record).toEqual(owned(author, 13))
  })

  test('[RC-15] a record that cannot be read now is kept, and the GET goes on', () => {
    const record = immutable('x')
    const bench = holding(record)
    const key = recordKey(record)
    bench.isDiskBroken = true
    bench.deliver({ type: 'GET', key, head: false })
    expect(bench.take().map(({ type }) => type)).toEqual(['load', 'pass'])
    expect(bench.store.holds(key)).toBe(true)
  })

  test('[RC-15] what is not held is passed on; asked exactly, it is said to be absent', () => {
    const bench = holding()
    const key = recordKey(immutable('x'))
    bench.deliver({ type: 'GET', key, head: false })
    expect(bench.take().map(({ type }) => type)).toEqual(['pass'])
    bench.deliver(head(key), { mode: 'exact' })
    expect(bench.last('answer').inner).toEqual({ type: 'ABSENT', responder: bench.self, key })
  })

  test('[RC-15] our own GET is not answered by ourselves', () => {
    const bench = holding(immutable('x'))
    bench.deliver({ type: 'GET', key: recordKey(immutable('x')), head: false }, { from: bench.self.id })
    expect(bench.take().map(({ type }) => type)).toEqual(['pass'])
  })

  test('[RC-15] a question for the version costs no load and no signature', () => {
    const record = owned(author, 12)
    const bench = holding(record)
    bench.deliver(head(recordKey(record)), { mode: 'exact' })
    expect(bench.answers('STORED')).toEqual([stored(NO_ORIGIN, bench.self, record)])
    expect(bench.all('load').length + bench.all('sign').length).toBe(0)
  })

  test('[RC-14] beyond the group, copies of what can change do not answer', () => {
    const fixed = immutable('x')
    const changing = shared(author, 5)
    const bench = new StoreBench({ peers: 0, replicas: 1 })
    for (const record of [fixed, changing]) bench.deliver(replica(record))
    expect([fixed, changing].map((record) => bench.store.holds(recordKey(record)))).toEqual([true, true])
    bench.known = [changing, fixed].flatMap((record) => closeStrangers(recordKey(record), 1, [bench.self]))
    expect([fixed, changing].map((record) => bench.store.holds(recordKey(record)))).toEqual([true, false])
    bench.deliver({ type: 'GET', key: recordKey(changing), head: false })
    expect(bench.answers('VALUE')).toHaveLength(1)
  })

  test('[RC-14] the only one who can write a record answers wherever its key is', () => {
    const bench = new StoreBench({ peers: 30, replicas: 1 })
    bench.call({ type: 'put', draft: { kind: 'owned', salt: new Uint8Array(1), value: new Uint8Array(1) } })
    expect(bench.store.holds(bench.last('store').key)).toBe(true)
  })

  test('[RC-22] messages of other kinds and in other modes are no-ops', () => {
    const bench = holding()
    const record = immutable('x')
    expect(bench.deliver(replica(record), { mode: 'any' })).toEqual([])
    expect(bench.deliver(store(record), { mode: 'exact' })).toEqual([])
    expect(bench.deliver(stored(NO_ORIGIN, author, record))).toEqual([])
  })
})

test('[RC-12] what is signed are the operation, the holder and every field', () => {
  const holder = contactNumber(4)
  const claim = stored(NO_ORIGIN, holder, owned(author, 0x1_0000_0002), { result: 1, wanted: 7 })
  const bytes = concatBytes(
    utf8('hyphae stored 1'),
    fromHex(operationNumber(9)),
    fromHex(holder.id),
    fromHex(claim.key),
    Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 2),
    fromHex(claim.tie),
    Uint8Array.of(1, 7),
  )
  expect(storedSignedBytes(operationNumber(9), holder.id, claim)).toEqual(bytes)
})
