import { describe, expect, test } from 'vitest'
import { type PeerRecord, recordKey } from '../../src/dht/record.ts'
import type { StoreEffect } from '../../src/dht/store.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { utf8 } from '../../src/wire/bytes.ts'
import type { MessageOf } from '../../src/wire/messages.ts'
import {
  DAY_MS,
  headerOf,
  immutable,
  owned,
  type Route,
  replica,
  StoreBench,
  stored,
  value,
} from './store-bench.ts'
import { contactNumber } from './store-network.ts'

const record = immutable('hello')
const put = { type: 'put', draft: { kind: 'immutable', value: utf8('hello') } } as const
const HOUR_MS = 60 * 60_000

/** All that were asked for acknowledge. */
function acknowledge(bench: StoreBench, route: Route, result = 0): void {
  if (route.inner.type !== 'STORE') return
  const { record: carried } = route.inner
  const holders = bench.near(recordKey(carried)).slice(0, 20)
  for (const [index, holder] of holders.entries())
    bench.reply(
      route,
      stored(route.operation, holder, carried, {
        result,
        wanted: index === 0 ? holders.length : 0,
        ...(result === 1 ? { rank: 9e15 } : {}),
      }),
      { last: index === holders.length - 1 },
    )
}

/** Lets time pass second by second until a STORE goes out. */
function nextStore(bench: StoreBench, withinMs: number): Route | null {
  bench.take()
  for (let passed = 0; passed < withinMs; passed += 1_000) {
    bench.advance(1_000)
    const [route] = bench.routed('STORE')
    if (route !== undefined) return route
  }
  return null
}

/** Times, in milliseconds from now, at which STOREs went out. */
function republished(bench: StoreBench, ms: number, stepMs: number): number[] {
  const start = bench.now
  const times: number[] = []
  for (let passed = 0; passed < ms; passed += stepMs) {
    bench.take()
    bench.advance(stepMs)
    for (const _ of bench.routed('STORE')) times.push(bench.now - start)
  }
  return times
}

describe('own records', () => {
  test('[RP-12] are placed anew within the hour, loaded, written anew with their time', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    bench.call(put)
    acknowledge(bench, bench.last('route'))
    expect(nextStore(bench, 47 * 60_000)).toBeNull()
    const route = nextStore(bench, 14 * 60_000) as Route
    expect(route).toMatchObject({
      mode: 'near',
      target: recordKey(record),
      inner: { wanted: 20, lifeSeconds: 86_400, record },
    })
    acknowledge(bench, route)
    expect(bench.last('store').header).toMatchObject({ own: true, storedAt: bench.now })
    expect(bench.all('event')).toEqual([])
    expect(nextStore(bench, 47 * 60_000)).toBeNull()
    expect(nextStore(bench, 14 * 60_000)).not.toBeNull()
  })

  test("[RP-12] others' records are not", () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    bench.deliver(replica(record))
    bench.take()
    bench.advance(12 * HOUR_MS)
    expect(bench.routed('STORE')).toEqual([])
  })

  test('[RP-12] after a start they are spread over an hour, overdue ones over a minute', () => {
    const now = 1_700_000_000_000
    const start = [
      headerOf(immutable('recent'), now - HOUR_MS, { own: true }),
      headerOf(immutable('overdue'), now - DAY_MS, { own: true }),
    ]
    const bench = new StoreBench({ peers: 30, replicas: 20, start })
    for (const text of ['recent', 'overdue'])
      bench.disk.set(recordKey(immutable(text)), {
        record: immutable(text),
        header: headerOf(immutable(text), now),
      })
    bench.advance(61_000)
    const early = bench.routed('STORE').map(({ inner }) => inner.record)
    expect(early).toContainEqual(immutable('overdue'))
    bench.advance(HOUR_MS)
    expect(bench.routed('STORE').map(({ inner }) => inner.record)).toContainEqual(immutable('recent'))
  })

  test('[RP-12] sixteen at once', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    for (let i = 0; i < 40; i++) {
      bench.call({ type: 'put', draft: { kind: 'immutable', value: utf8(`record ${i}`) } })
      bench.ended(bench.last('route'), 'timeout')
    }
    bench.take()
    bench.advance(7_000)
    expect(bench.routed('STORE')).toHaveLength(16)
    for (const route of bench.routed('STORE')) acknowledge(bench, route)
    bench.advance(2_000)
    expect(bench.routed('STORE')).toHaveLength(32)
  })

  test('[RP-14] a record wiped from the disk is forgotten', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    bench.call(put)
    bench.ended(bench.last('route'), 'timeout')
    bench.disk.clear()
    bench.advance(10_000)
    expect(bench.last('forget').key).toBe(recordKey(record))
    expect(bench.store.stats()).toMatchObject({ held: 0, own: 0 })
  })

  test('[RP-12] a record that cannot be read now is placed as soon as it can be', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    // More than are placed at once: none may keep its place.
    for (let i = 0; i < 20; i++) {
      bench.call({ type: 'put', draft: { kind: 'immutable', value: utf8(`record ${i}`) } })
      bench.ended(bench.last('route'), 'timeout')
    }
    bench.isDiskBroken = true
    expect(nextStore(bench, 10 * 60_000)).toBeNull()
    expect(bench.store.stats()).toMatchObject({ held: 20, own: 20 })
    bench.isDiskBroken = false
    bench.take()
    for (let passed = 0; passed < 20; passed++) {
      bench.advance(60_000)
      for (const route of bench.routed('STORE')) bench.ended(route)
    }
    expect(new Set(bench.routed('STORE').map(({ target }) => target)).size).toBe(20)
  })

  test('[RP-12] a machine that sleeps while the disk is asked goes on afterwards', () => {
    const { now } = new StoreBench({ peers: 0, replicas: 20 })
    const records = Array.from({ length: 40 }, (_, index) => immutable(`record ${index}`))
    const start = records.map((own) => headerOf(own, now - DAY_MS, { own: true }))
    const bench = new StoreBench({ peers: 30, replicas: 20, start })
    for (const [index, own] of records.entries())
      bench.disk.set(recordKey(own), { record: own, header: start[index]! })
    bench.holdJobs = true
    bench.advance(60_500)
    const underWay = bench.held.splice(0)
    expect(underWay.length).toBeGreaterThan(0)
    bench.holdJobs = false
    // Timers that are due come before what the disk had to say.
    bench.advance(5 * 60_000)
    for (const job of underWay) bench.finish(job)
    bench.take()
    bench.advance(HOUR_MS)
    expect(new Set(bench.routed('STORE').map(({ target }) => target)).size).toBe(40)
  })
})

describe('after a restart', () => {
  /** The next life of this peer, with the same disk. */
  function restarted(before: StoreBench): StoreBench {
    const bench = new StoreBench({
      peers: 30,
      replicas: 20,
      start: [...before.disk.values()].map(({ header }) => header),
      now: before.now,
      random: 0xf000_0000,
    })
    for (const [key, kept] of before.disk) bench.disk.set(key, kept)
    return bench
  }

  test('[RP-12] what was written alone is placed within a minute', () => {
    const alone = new StoreBench({ peers: 0, replicas: 20 })
    alone.call(put)
    expect(alone.last('done').value).toMatchObject({ stored: 1 })
    expect(nextStore(restarted(alone), 61_000)).toMatchObject({ inner: { record } })
  })

  test('[RP-12] and what was placed anew, but with too few', () => {
    const before = new StoreBench({ peers: 30, replicas: 20 })
    before.call(put)
    acknowledge(before, before.last('route'))
    before.ended(nextStore(before, HOUR_MS) as Route)
    expect(nextStore(restarted(before), 61_000)).toMatchObject({ inner: { record } })
    acknowledge(before, nextStore(before, 10_000) as Route)
    expect(nextStore(restarted(before), 50_000)).toBeNull()
  })

  test('[RP-12] a put that goes well is written once', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    bench.call(put)
    acknowledge(bench, bench.last('route'))
    expect(bench.all('store')).toHaveLength(1)
  })
})

describe('what the disk says is older than a put of the same moment', () => {
  const draft = { kind: 'owned', salt: utf8('salt'), value: utf8('v') } as const

  /** A record is due and being loaded, when a newer version is put; what comes of the load after that. */
  function overtaken(loaded: (old: PeerRecord) => PeerRecord | null): {
    bench: StoreBench
    later: PeerRecord
  } {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    const kept = () => (bench.last('store') as { record: PeerRecord }).record
    bench.call({ type: 'put', draft })
    const old = kept()
    bench.ended(bench.last('route'), 'timeout')
    bench.holdJobs = true
    bench.advance(6_000)
    bench.holdJobs = false
    const [load] = bench.held as [StoreEffect & { type: 'load' }]
    bench.call({ type: 'put', draft: { ...draft, value: utf8('w') } })
    const later = kept()
    bench.input({ type: 'loaded', token: load.token, record: loaded(old) })
    return { bench, later }
  }

  test('[RP-12] the older version is neither placed nor written over the newer one', () => {
    const { bench, later } = overtaken((old) => old)
    expect(bench.disk.get(recordKey(later))?.record).toEqual(later)
    expect(bench.routed('STORE').at(-1)).toMatchObject({ inner: { record: later } })
    bench.ended(bench.last('route'), 'timeout')
    expect(nextStore(bench, 10_000)).toMatchObject({ inner: { record: later } })
  })

  test('[RP-14] what was not there is not forgotten where it is now', () => {
    const { bench, later } = overtaken(() => null)
    expect(bench.all('forget')).toEqual([])
    bench.ended(bench.last('route'), 'timeout')
    expect(nextStore(bench, 10_000)).toMatchObject({ inner: { record: later } })
  })
})

describe('too few copies', () => {
  test('[RP-13] another try after 5 s, then 10, 20, 40 …', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    bench.call(put)
    bench.ended(bench.last('route'), 'timeout')
    const times: number[] = []
    const start = bench.now
    while (times.length < 5) {
      bench.take()
      bench.advance(1_000)
      for (const route of bench.routed('STORE')) {
        times.push((bench.now - start) / 1_000)
        bench.ended(route)
      }
    }
    expect(times).toEqual([5, 15, 35, 75, 155])
  })

  test('[RP-13] alone, nothing is sent; two seconds after somebody came, it is', () => {
    const bench = new StoreBench({ peers: 0, replicas: 20 })
    bench.call(put)
    expect(republished(bench, 2 * HOUR_MS, 60_000)).toEqual([])
    bench.meet(contactNumber(1))
    expect(republished(bench, 5_000, 500)).toEqual([2_000])
  })

  test('[RP-13] offline for long, it is placed again two seconds after there is a link', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    bench.call(put)
    const endAll = () => {
      for (const route of bench.routed('STORE')) bench.ended(route, 'no-links')
      bench.take()
    }
    for (let seconds = 0; seconds < 20 * 60; seconds++) {
      endAll()
      bench.advance(1_000)
    }
    endAll()
    bench.input({ type: 'linked' })
    expect(republished(bench, 5_000, 500)).toEqual([2_000])
  })

  test('[RP-13] a put that was cancelled is placed again later', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    const op = bench.call(put)
    bench.input({ type: 'cancel', op })
    expect(republished(bench, 20_000, 1_000)).toEqual([15_000])
  })

  test('[RP-13] that enough hold the version before says nothing of the one put meanwhile', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    const draft = { kind: 'owned', salt: utf8('salt') } as const
    bench.call({ type: 'put', draft: { ...draft, value: utf8('v') } })
    bench.ended(bench.last('route'), 'timeout')
    const before = nextStore(bench, 10_000) as Route
    bench.call({ type: 'put', draft: { ...draft, value: utf8('w') } })
    const later = bench.routed('STORE').at(-1) as Route
    bench.ended(later)
    acknowledge(bench, before)
    expect(nextStore(bench, 20_000)).toMatchObject({ inner: later.inner })
  })
})

describe('a lost version', () => {
  const newer = (bench: StoreBench) => owned(bench.self, 9e15)

  test('[RP-14] is no longer ours once the newer one was shown, and expires', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    bench.call({ type: 'put', draft: { kind: 'owned', salt: utf8('salt'), value: utf8('v') } })
    acknowledge(bench, bench.last('route'))
    acknowledge(bench, nextStore(bench, HOUR_MS) as Route, 1)
    const key = recordKey(newer(bench))
    const asked = bench.routed('GET').filter(({ inner }) => !inner.head)
    const claimants = bench.near(key).slice(0, 2)
    expect(asked).toMatchObject(claimants.map(({ id }) => ({ mode: 'exact', target: id, inner: { key } })))
    bench.ended(asked[0] as Route)
    expect(bench.store.stats()).toMatchObject({ held: 1, own: 1 })
    bench.reply(asked[1] as Route, value(claimants[1] as Contact, newer(bench)))
    expect(bench.store.stats()).toMatchObject({ held: 1, own: 0 })
    expect(bench.disk.get(key)?.record).toEqual(newer(bench))
    bench.take()
    bench.advance(DAY_MS + 61_000)
    expect(bench.routed('STORE')).toEqual([])
    expect(bench.all('forget')).toHaveLength(1)
    expect(bench.store.stats().held).toBe(0)
  })

  test('[RP-14] stays ours, and is placed again, where whoever says so cannot show a newer one', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    bench.call({ type: 'put', draft: { kind: 'owned', salt: utf8('salt'), value: utf8('v') } })
    acknowledge(bench, bench.last('route'))
    let route = nextStore(bench, HOUR_MS) as Route
    const { record } = route.inner as MessageOf<'STORE'>
    const [liar] = bench.near(route.target) as [Contact]
    for (const shown of [
      immutable('x'),
      { ...newer(bench), value: utf8('x') },
      owned(liar, 9e15),
      record,
      null,
    ]) {
      bench.reply(route, stored(route.operation, liar, record, { result: 1, rank: 9e15 }))
      if (shown === null) bench.ended(bench.last('route'), 'timeout')
      else bench.reply(bench.last('route'), value(liar, shown))
      expect(bench.store.stats()).toMatchObject({ held: 1, own: 1 })
      route = nextStore(bench, 10 * 60_000) as Route
      expect(route).toMatchObject({ inner: { type: 'STORE', record } })
    }
  })

  test('[RP-14] but not where a later put of ours has taken its place meanwhile', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    const draft = { kind: 'owned', salt: utf8('salt'), value: utf8('v') } as const
    bench.call({ type: 'put', draft })
    acknowledge(bench, bench.last('route'))
    const old = nextStore(bench, HOUR_MS)
    bench.call({ type: 'put', draft: { ...draft, value: utf8('w') } })
    acknowledge(bench, old as Route, 1)
    expect(bench.store.stats()).toMatchObject({ held: 1, own: 1 })
  })

  test('[RC-10] a version by another author takes the place of ours, and is not ours', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    bench.call({ type: 'put', draft: { kind: 'owned', salt: utf8('salt'), value: utf8('v') } })
    const newer = owned(bench.self, 9e15)
    bench.deliver(replica(newer))
    expect(bench.store.stats()).toMatchObject({ held: 1, own: 0 })
    bench.advance(2 * HOUR_MS)
    expect(bench.routed('STORE')).toHaveLength(1)
    expect(bench.known.some((peer: Contact) => peer.id === bench.self.id)).toBe(false)
  })
})
