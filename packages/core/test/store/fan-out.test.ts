import { describe, expect, test } from 'vitest'
import { nextClock, recordKey } from '../../src/dht/record.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { keyOf } from '../../src/identity/peer-id.ts'
import { compareDistance } from '../../src/routing/distance.ts'
import {
  immutable,
  operationNumber,
  owned,
  type Route,
  SECOND_MS,
  StoreBench,
  shared,
  store,
  stored,
} from './store-bench.ts'
import { contactNumber } from './store-network.ts'

const author = contactNumber(7)
const record = immutable('hello')
const key = recordKey(record)
const origin = operationNumber(42)

function begin(bench: StoreBench, wanted = 5): Route[] {
  bench.deliver(store(record, wanted, 3_600), { operation: origin })
  return bench.routed('REPLICA')
}

/** The peer a REPLICA went to. */
function targetOf(bench: StoreBench, route: Route): Contact {
  return bench.known.find(({ id }) => (id as string) === route.target) as Contact
}

function acknowledge(bench: StoreBench, route: Route, result = 0): void {
  bench.reply(route, stored(origin, targetOf(bench, route), record, { result }))
}

describe('copies', () => {
  test('[RP-1] [RP-2] the closest others get the record with the operation of the STORE', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    const routes = begin(bench)
    expect(routes.map(({ target }) => target)).toEqual(
      bench
        .near(key)
        .slice(0, 4)
        .map(({ id }) => id),
    )
    for (const route of routes)
      expect(route).toMatchObject({ mode: 'exact', paths: 1, inner: { origin, lifeSeconds: 3_600, record } })
    expect(bench.last('store').header).toMatchObject({ key, own: false })
  })

  test('[RO-23] a STORE may end at whoever is in the nearer half of the holders, knows as many, and is settled', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    const later = bench.now + 10 * SECOND_MS
    const keys = Array.from({ length: 100 }, (_, index) => recordKey(immutable(`value ${index}`)))
    const near = keys.filter((each) => bench.store.isNear(each, later))
    const ranks = keys.map((each) => {
      const closer = bench.near(each).filter(({ id }) => compareDistance(each, id, bench.self.id) < 0)
      return closer.length
    })
    expect(near).toEqual(keys.filter((_, index) => (ranks[index] as number) < 10))
    expect(near.length).toBeGreaterThan(0)
    expect(near.length).toBeLessThan(keys.length)
    expect(keys.filter((each) => bench.store.isNear(each, later - 1))).toEqual([])
    bench.known = bench.known.slice(0, 9)
    expect(keys.filter((each) => bench.store.isNear(each, later))).toEqual([])
  })

  test('[RO-23] where one copy is enough, nobody but the closest takes it', () => {
    const bench = new StoreBench({ peers: 30, replicas: 1 })
    expect(bench.store.isNear(keyOf(bench.self.id), bench.now + 10 * SECOND_MS)).toBe(false)
  })

  test('[RP-1] an unlinked peer is reached through whoever named it', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    const [first, second] = bench.near(key) as [Contact, Contact]
    bench.unlinked.add(first.id)
    bench.unlinked.add(second.id)
    bench.viaByPeer.set(first.id, contactNumber(3).id)
    const [told, free, linked] = begin(bench)
    expect(told?.via).toEqual([contactNumber(3).id, first.id])
    expect([free?.via, linked?.via]).toEqual([[], []])
  })

  test('[RP-3] the own acknowledgement says how many copies are on their way', () => {
    const bench = new StoreBench({ peers: 3, replicas: 20 })
    begin(bench, 20)
    expect(bench.answers('STORED')).toEqual([stored(origin, bench.self, record, { wanted: 4 })])
    expect(bench.last('answer').last).toBe(false)
  })

  test('[RP-2] acknowledgements go back as they come, the last one marked', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    const routes = begin(bench)
    bench.take()
    for (const route of routes) acknowledge(bench, route)
    const answers = bench.all('answer')
    expect(answers.map(({ last }) => last)).toEqual([false, false, false, true])
    expect(answers.map(({ inner }) => inner)).toEqual(
      routes.map((route) => stored(origin, targetOf(bench, route), record)),
    )
    expect(bench.store.tables()).toMatchObject({ storeFanOuts: 0, storeRoutes: 0 })
  })

  test('[RP-2] one copy is all that was wanted', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    expect(begin(bench, 1)).toEqual([])
    expect(bench.last('answer')).toMatchObject({ inner: { wanted: 1, result: 0 }, last: true })
    expect(bench.store.tables()).toMatchObject({ storeFanOuts: 0 })
  })

  test.each([
    [0, 0],
    [255, 39],
  ])('[RP-1] wanted %s makes %s copies elsewhere', (wanted, copies) => {
    expect(begin(new StoreBench({ peers: 100, replicas: 20 }), wanted)).toHaveLength(copies)
  })

  test('[RP-2] after 5 s whoever waits is let go; copying goes on', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    const routes = begin(bench)
    acknowledge(bench, routes[0] as Route)
    bench.take()
    bench.advance(4_999)
    expect(bench.all('answer')).toEqual([])
    bench.advance(1)
    expect(bench.last('answer')).toMatchObject({ inner: { holder: bench.self, wanted: 5 }, last: true })
    bench.take()
    for (const route of routes.slice(1)) acknowledge(bench, route)
    expect(bench.all('answer')).toEqual([])
    expect(bench.store.tables()).toMatchObject({ storeFanOuts: 0 })
  })

  test('[RP-4] who is silent or refuses is replaced by the next closest, within a bound', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    const [first, second, third, fourth] = begin(bench) as [Route, Route, Route, Route]
    bench.ended(first, 'timeout')
    acknowledge(bench, second, 2)
    expect(
      bench
        .routed('REPLICA')
        .slice(4)
        .map(({ target }) => target),
    ).toEqual(
      bench
        .near(key)
        .slice(4, 6)
        .map(({ id }) => id),
    )
    bench.ended(third)
    expect(bench.routed('REPLICA')).toHaveLength(6)
    acknowledge(bench, fourth)
    for (const spare of bench.routed('REPLICA').slice(4)) acknowledge(bench, spare)
    expect(bench.all('answer').map(({ last }) => last)).toEqual([false, false, false, false, true])
  })

  test('[RP-2] where the last one stays silent, the own acknowledgement says that it was the last', () => {
    const bench = new StoreBench({ peers: 1, replicas: 5 })
    const [route] = begin(bench)
    bench.ended(route as Route, 'timeout')
    expect(bench.all('answer').map(({ last }) => last)).toEqual([false, true])
    expect(bench.last('answer').inner).toMatchObject({ holder: bench.self })
  })

  test('[RP-2] an answer in the name of another peer, or for another key, is not passed on', () => {
    const bench = new StoreBench({ peers: 2, replicas: 3 })
    const [route, other] = begin(bench, 3) as [Route, Route]
    bench.take()
    bench.reply(route, stored(origin, targetOf(bench, other), record))
    bench.reply(other, stored(origin, targetOf(bench, other), immutable('x')))
    expect(bench.all('answer')).toMatchObject([{ inner: { holder: bench.self }, last: true }])
  })

  test('[RP-1] a full store passes the record on all the same', () => {
    const own = owned(contactNumber(1_000), 1)
    const header = {
      key: recordKey(own),
      kind: 'owned',
      version: { rank: 1, tie: 'a' },
      valueBytes: 64 * 1024 * 1024,
      storedAt: 0,
      expiresAt: 9e15,
      own: true,
    } as const
    const bench = new StoreBench({ peers: 30, replicas: 5, start: [header] })
    expect(begin(bench)).toHaveLength(5)
    expect(bench.answers('STORED')[0]).toMatchObject({ result: 2, wanted: 5 })
  })
})

describe('what is not copied', () => {
  test('[RP-5] a newer version is held', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    bench.deliver(store(owned(author, 9)), { operation: operationNumber(1) })
    bench.take()
    bench.deliver(store(owned(author, 8)), { operation: operationNumber(2) })
    expect(bench.routed('REPLICA')).toEqual([])
    expect(bench.last('answer')).toMatchObject({ inner: { result: 1, rank: 9, wanted: 0 }, last: true })
  })

  test('[RP-5] a clock ahead is refused', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    bench.deliver(store(shared(author, nextClock(bench.now + 11 * 60_000, 0))))
    expect(bench.routed('REPLICA')).toEqual([])
    expect(bench.last('answer')).toMatchObject({ inner: { result: 2, wanted: 0 }, last: true })
  })

  test('[RC-10] a repeated version is checked before it is passed on', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    bench.deliver(store(shared(author, 5)), { operation: operationNumber(1) })
    bench.take()
    bench.deliver(store({ ...shared(author, 5), value: new Uint8Array(3) }), {
      operation: operationNumber(2),
    })
    expect(bench.take().map(({ type }) => type)).toEqual(['set-timer', 'verify'])
    bench.deliver(store(shared(author, 5)), { operation: operationNumber(3) })
    expect(bench.routed('REPLICA')).toHaveLength(19)
  })
})

describe('bounds', () => {
  test('[RP-5] the same STORE by a second path joins the first, and hears what it missed', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    const routes = begin(bench)
    acknowledge(bench, routes[0] as Route)
    bench.take()
    bench.deliver(store(record, 5), { operation: origin, path: 1 })
    bench.deliver(store(record, 5), { operation: origin, path: 1 })
    expect(bench.all('answer').map(({ route, last }) => [route.path, last])).toEqual([
      [1, false],
      [1, false],
    ])
    expect(bench.routed('REPLICA')).toEqual([])
    bench.take()
    for (const route of routes.slice(1)) acknowledge(bench, route)
    expect(bench.all('answer').map(({ route, last }) => [route.path, last])).toEqual([
      [0, false],
      [1, false],
      [0, false],
      [1, false],
      [0, true],
      [1, true],
    ])
  })

  test('[RP-2] [RP-5] and what was said, where no more is waited for: the last of it is its last answer', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    for (const route of begin(bench).slice(0, 2)) acknowledge(bench, route)
    bench.advance(5 * SECOND_MS)
    bench.take()
    bench.deliver(store(record, 5), { operation: origin, path: 1 })
    expect(bench.all('answer').map(({ route, last }) => [route.path, last])).toEqual([
      [1, false],
      [1, false],
      [1, true],
    ])
  })

  test('[RP-5] above 128 at once a STORE goes on to the next peer', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    for (let i = 0; i < 129; i++)
      bench.deliver(store(immutable(`record ${i}`)), {
        operation: operationNumber(i),
        from: contactNumber(i).id,
      })
    expect(bench.all('pass').map(({ route }) => route.operation)).toEqual([operationNumber(128)])
    expect(bench.store.tables()).toMatchObject({ storeFanOuts: 128 })
  })

  test('[RP-5] of these one link has 32, and we ourselves as many as there are', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    const passedOf = (from: Contact, first: number, count: number) => {
      bench.take()
      for (let i = first; i < first + count; i++)
        bench.deliver(store(immutable(`record ${i}`)), { operation: operationNumber(i), from: from.id })
      return bench.all('pass').length
    }
    expect(passedOf(contactNumber(1), 0, 128)).toBe(96)
    expect(passedOf(contactNumber(2), 200, 1)).toBe(0)
    expect(passedOf(bench.self, 300, 100)).toBe(5)
  })

  test('[RP-5] a check or signature that never comes does not keep its place', () => {
    const bench = new StoreBench({ peers: 30, replicas: 5 })
    bench.holdJobs = true
    bench.deliver(store(owned(author, 1)))
    bench.advance(5_000)
    expect(bench.store.tables()).toMatchObject({ storeFanOuts: 0 })
    bench.holdJobs = false
    bench.finish(bench.held[0] as never)
    expect(bench.store.tables()).toMatchObject({ storeFanOuts: 0, recordsHeld: 1 })
  })

  test('[RP-1] our own STORE may end with ourselves', () => {
    const bench = new StoreBench({ peers: 3, replicas: 5 })
    bench.call({ type: 'put', draft: { kind: 'immutable', value: record.value } })
    const route = bench.last('route')
    bench.deliver(route.inner, { operation: route.operation, from: bench.self.id })
    const [own] = bench.answers('STORED')
    bench.reply(route, own as NonNullable<typeof own>, { last: false, via: bench.self.id })
    for (const copy of bench.routed('REPLICA').slice(0, 3))
      bench.reply(route, stored(route.operation, targetOf(bench, copy), record), {
        last: false,
        via: bench.self.id,
      })
    expect(bench.last('done').value).toMatchObject({ stored: 3, wanted: 4 })
    expect(bench.store.stats()).toMatchObject({ held: 1, own: 1 })
  })
})
