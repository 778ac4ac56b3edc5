import { describe, expect, test } from 'vitest'
import { type PeerRecord, recordKey } from '../../src/dht/record.ts'
import { NO_ORIGIN } from '../../src/dht/stored-ack.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { type Key, keyOf } from '../../src/identity/peer-id.ts'
import { compareDistance } from '../../src/routing/distance.ts'
import {
  closeStrangers,
  headerOf,
  immutable,
  operationNumber,
  owned,
  type Route,
  replica,
  StoreBench,
  stored,
} from './store-bench.ts'
import { contactNumber } from './store-network.ts'

const REPLICAS = 3
const author = contactNumber(7)

/** A value to which this many of the others are closer than we are. */
function valueNear(
  bench: StoreBench,
  closer: (count: number) => boolean,
  text = 'value',
): PeerRecord & { kind: 'immutable' } {
  for (let number = 0; number < 10_000; number++) {
    const record = immutable(`${text} ${number}`)
    const key = recordKey(record)
    if (closer(bench.known.filter(({ id }) => compareDistance(key, id, bench.self.id) < 0).length))
      return record
  }
  throw new Error('no such value')
}

const none = (count: number) => count === 0
const some = (count: number) => count > 0

/** Settled, among `peers` others, holding one record to which `closer` more are closer. */
function settled(peers: number, closer = 0): { bench: StoreBench; record: PeerRecord; key: Key } {
  const bench = new StoreBench({ peers, replicas: REPLICAS })
  const record = valueNear(bench, none)
  const key = recordKey(record)
  const strangers = closeStrangers(key, closer + 1, [bench.self, ...bench.known])
  bench.known = [...bench.known, ...strangers.slice(1)]
  bench.input({ type: 'siblings-changed', added: bench.known, gone: [] })
  bench.advance(20_000)
  bench.deliver(replica(record, { lifeSeconds: 3_600 }))
  bench.take()
  return { bench, record, key }
}

/** Peers that were asked whether they hold something. */
function asked(bench: StoreBench): string[] {
  return bench.routed('GET').map(({ target }) => target)
}

function absent(bench: StoreBench, route: Route): void {
  const key = (route.inner as { key: Key }).key
  const responder = [...bench.known, bench.self].find(({ id }) => (id as string) === route.target) as Contact
  bench.reply(route, { type: 'ABSENT', responder, key })
}

describe('newcomers', () => {
  test('[RP-7] [RP-10] one that belongs to the group is asked two seconds later, and gets a copy with the life that is left', () => {
    const { bench, record, key } = settled(8)
    const [newcomer] = closeStrangers(key, 1, bench.known) as [Contact]
    bench.meet(newcomer)
    bench.advance(1_999)
    expect(asked(bench)).toEqual([])
    bench.advance(500)
    expect(asked(bench)).toEqual([newcomer.id])
    const [question] = bench.routed('GET')
    expect(question).toMatchObject({ mode: 'exact', inner: { key, head: true } })
    absent(bench, question as Route)
    const lifeSeconds = 3_598
    expect(bench.routed('REPLICA')[0]).toMatchObject({
      target: newcomer.id,
      inner: { origin: NO_ORIGIN, lifeSeconds, record },
    })
    bench.reply(bench.last('route'), stored(NO_ORIGIN, newcomer, record))
    expect(bench.store.tables()).toMatchObject({ storeRepairs: 0, storeRoutes: 0 })
  })

  test('[RP-15] nobody is asked any more once we leave', () => {
    const bench = new StoreBench({ peers: 2, replicas: REPLICAS })
    bench.input({ type: 'siblings-changed', added: bench.known, gone: [] })
    bench.advance(20_000)
    for (let i = 0; i < 100; i++) bench.deliver(replica(immutable(`record ${i}`)))
    bench.meet(contactNumber(50))
    bench.advance(2_000)
    const questions = bench.routed('GET')
    expect(questions).toHaveLength(16)
    bench.meet(contactNumber(51))
    bench.input({ type: 'leave', deadlineMs: 2_000 })
    bench.take()
    for (const question of questions) absent(bench, question)
    bench.advance(60_000)
    expect(bench.all('route')).toEqual([])
  })

  test('[RP-6] newcomers are remembered while they are, and no more than 160 of them', () => {
    const { bench } = settled(8)
    const newcomers = Array.from({ length: 200 }, (_, index) => contactNumber(100 + index))
    for (const newcomer of newcomers) bench.meet(newcomer)
    expect(bench.store.tables()).toMatchObject({ storeNewcomers: 160 })
    bench.lose(...newcomers.slice(150))
    expect(bench.store.tables()).toMatchObject({ storeNewcomers: 110 })
    bench.advance(10_000)
    bench.meet(contactNumber(400))
    expect(bench.store.tables()).toMatchObject({ storeNewcomers: 1 })
  })

  test('[RP-10] one that holds it already gets nothing', () => {
    const { bench, record, key } = settled(8)
    const [newcomer] = closeStrangers(key, 1, bench.known) as [Contact]
    bench.meet(newcomer)
    bench.advance(2_500)
    bench.reply(bench.last('route'), stored(NO_ORIGIN, newcomer, record))
    expect(bench.routed('REPLICA')).toEqual([])
  })

  test('[RP-10] one that holds an older version gets ours, one with a newer keeps it', () => {
    const bench = new StoreBench({ peers: 0, replicas: REPLICAS })
    bench.advance(20_000)
    const record = owned(author, 5)
    bench.deliver(replica(record))
    bench.take()
    const [behind, ahead] = [contactNumber(1), contactNumber(2)]
    bench.meet(contactNumber(3))
    bench.advance(20_000)
    bench.take()
    bench.meet(behind, ahead)
    bench.advance(20_000)
    for (const question of bench.routed('GET')) {
      if (question.target === keyOf(behind.id))
        bench.reply(question, stored(NO_ORIGIN, behind, owned(author, 4)))
      else if (question.target === keyOf(ahead.id))
        bench.reply(question, stored(NO_ORIGIN, ahead, owned(author, 6)))
    }
    expect(bench.routed('REPLICA').map(({ target }) => target)).toEqual([behind.id])
  })

  test("[RP-7] one outside the group is nobody's business", () => {
    const { bench, key } = settled(8)
    const far = contactNumber(400)
    const farther = bench
      .near(key)
      .slice(0, REPLICAS)
      .every(({ id }) => compareDistance(key, id, far.id) < 0)
    expect(farther).toBe(true)
    bench.meet(far)
    bench.advance(20_000)
    expect(asked(bench)).toEqual([])
  })

  test('[RP-6] the settled peer closest to the key acts at once, the second closest 8 s later, others never', () => {
    const delays = [0, 1, 2].map((closer) => {
      const { bench, key } = settled(8, closer)
      const [newcomer] = closeStrangers(key, 1, [bench.self, ...bench.known]) as [Contact]
      bench.meet(newcomer)
      for (let seconds = 0; seconds <= 30; seconds++) {
        if (asked(bench).includes(newcomer.id)) return seconds
        bench.advance(1_000)
      }
      return null
    })
    expect(delays).toEqual([2, 10, null])
  })

  test('[RP-6] a newcomer is not responsible, however close it is', () => {
    const { bench, key } = settled(8)
    const [second, first] = closeStrangers(key, 2, [bench.self, ...bench.known]) as [Contact, Contact]
    bench.meet(first)
    bench.advance(3_000)
    absent(bench, bench.last('route'))
    bench.take()
    bench.meet(second)
    bench.advance(3_000)
    expect(asked(bench)).toContain(second.id)
  })
})

describe('the dead', () => {
  test('[RP-7] as many of the farthest in the group are checked as closer ones have gone', () => {
    const { bench, key } = settled(12)
    const before = bench.near(key)
    const [closest, second, third, fourth] = before as [Contact, Contact, Contact, Contact]
    bench.lose(closest)
    bench.advance(2_500)
    expect(asked(bench)).toEqual([third.id])
    bench.take()
    bench.lose(second, before.at(-1) as Contact)
    bench.advance(2_500)
    expect(asked(bench)).toEqual([fourth.id])
  })

  test('[RP-7] in a network smaller than a group nobody comes in', () => {
    const { bench } = settled(2)
    bench.lose(bench.known[0] as Contact)
    bench.advance(20_000)
    expect(asked(bench)).toEqual([])
  })
})

describe('coming in', () => {
  test('[RP-6] whoever comes leaves the others to those who were there, until it is settled', () => {
    const bench = new StoreBench({ peers: 8, replicas: REPLICAS })
    const record = valueNear(bench, none)
    bench.deliver(replica(record))
    bench.input({ type: 'siblings-changed', added: bench.known, gone: [] })
    bench.meet(...closeStrangers(recordKey(record), 1, bench.known))
    bench.advance(9_900)
    expect(asked(bench)).toEqual([])
  })

  test('[RP-8] settled, it checks the group of what it is responsible for, and the closest peer of the rest', () => {
    const bench = new StoreBench({ peers: 8, replicas: REPLICAS })
    const mine = valueNear(bench, none)
    const other = valueNear(bench, (count) => count > 0 && count < REPLICAS * 2)
    for (const record of [mine, other]) bench.deliver(replica(record))
    bench.input({ type: 'siblings-changed', added: bench.known, gone: [] })
    bench.advance(10_500)
    const questions = bench.routed('GET')
    const of = (record: PeerRecord) =>
      questions.filter(({ inner }) => inner.key === recordKey(record)).map(({ target }) => target)
    expect(of(mine)).toEqual(
      bench
        .near(recordKey(mine))
        .slice(0, REPLICAS - 1)
        .map(({ id }) => id),
    )
    expect(of(other)).toEqual([bench.near(recordKey(other))[0]?.id])
    for (const route of questions) bench.ended(route)
    for (const route of questions) bench.reply(route, stored(NO_ORIGIN, author, mine))
    bench.take()
    expect(bench.store.tables()).toMatchObject({ storeRoutes: 0 })
  })

  test('[RP-8] and again within the hour, even where nothing changed', () => {
    const { bench, key } = settled(8)
    bench.advance(47 * 60_000)
    expect(asked(bench)).toEqual([])
    bench.advance(13 * 60_000)
    const group = bench.near(key).slice(0, REPLICAS - 1)
    expect(new Set(asked(bench))).toEqual(new Set(group.map(({ id }) => id)))
  })

  test('[RP-8] a settled peer that gets a repaired record, and is the closest to it, checks the group', () => {
    const { bench } = settled(8)
    const [mine, notMine] = [valueNear(bench, none, 'fresh'), valueNear(bench, some, 'fresh')]
    for (const record of [mine, notMine]) bench.deliver(replica(record, { origin: NO_ORIGIN }))
    bench.advance(500)
    expect(asked(bench)).toEqual(
      bench
        .near(recordKey(mine))
        .slice(0, REPLICAS - 1)
        .map(({ id }) => id),
    )
  })

  test('[RP-8] and one that gets a newer version than it held does so too; an older one, or the same, is no news', () => {
    const { bench } = settled(8)
    const isClosest = ({ key }: { key: Key }) =>
      bench.known.every(({ id }) => compareDistance(key, bench.self.id, id) < 0)
    const owner = Array.from({ length: 1_000 }, (_, index) => contactNumber(1_000 + index)).find((contact) =>
      isClosest({ key: recordKey(owned(contact, 1)) }),
    ) as Contact
    const askedAfter = (record: PeerRecord, origin = NO_ORIGIN) => {
      bench.take()
      bench.deliver(replica(record, { origin }))
      bench.advance(500)
      return asked(bench).length
    }
    expect(askedAfter(owned(owner, 2), operationNumber(9))).toBe(0)
    expect(askedAfter(owned(owner, 1))).toBe(0)
    expect(askedAfter(owned(owner, 2))).toBe(0)
    expect(askedAfter(owned(owner, 3))).toBe(REPLICAS - 1)
  })

  test('[RP-6] whoever was alone and meets somebody is the newcomer', () => {
    const bench = new StoreBench({ peers: 0, replicas: REPLICAS })
    bench.deliver(replica(immutable('kept')))
    bench.advance(60_000)
    bench.meet(contactNumber(1))
    bench.advance(9_900)
    expect(asked(bench)).toEqual([])
    bench.advance(600)
    expect(asked(bench)).toEqual([contactNumber(1).id])
  })
})

describe('going out of range', () => {
  test('[RP-9] with twice as many closer the responsible peer is checked, and the copy forgotten', () => {
    const { bench, record, key } = settled(8)
    const closer = closeStrangers(key, REPLICAS * 2, [bench.self])
    bench.input({ type: 'siblings-changed', added: [], gone: [] })
    bench.known = closer
    bench.advance(2_500)
    const [question] = bench.routed('GET')
    expect(asked(bench)).toEqual([closer[0]?.id])
    expect(bench.store.stats().held).toBe(1)
    bench.reply(question as Route, stored(NO_ORIGIN, closer[0] as Contact, record))
    expect(bench.store.stats().held).toBe(0)
    expect(bench.last('forget').key).toBe(key)
  })

  test('[RP-9] where those closer are all newcomers, they get it and we keep it', () => {
    const { bench, key } = settled(8)
    const closer = closeStrangers(key, REPLICAS * 2, [bench.self, ...bench.known])
    bench.meet(...closer)
    bench.advance(2_500)
    expect(asked(bench)).toEqual(closer.slice(0, REPLICAS).map(({ id }) => id))
    for (const question of bench.routed('GET')) absent(bench, question)
    expect(bench.routed('REPLICA')).toHaveLength(REPLICAS)
    expect(bench.store.stats().held).toBe(1)
  })

  test('[RP-9] what we wrote ourselves we keep', () => {
    const bench = new StoreBench({ peers: 30, replicas: 1 })
    bench.input({ type: 'siblings-changed', added: bench.known, gone: [] })
    bench.advance(20_000)
    const record = valueNear(bench, (count) => count > 5)
    bench.call({ type: 'put', draft: { kind: 'immutable', value: record.value } })
    bench.take()
    bench.lose(bench.known[0] as Contact)
    bench.advance(2_500)
    expect(asked(bench)).toEqual([])
  })
})

describe('pace', () => {
  test('[RP-11] sixteen questions a turn, 64 under way', () => {
    const bench = new StoreBench({ peers: 2, replicas: REPLICAS })
    bench.input({ type: 'siblings-changed', added: bench.known, gone: [] })
    bench.advance(20_000)
    for (let i = 0; i < 400; i++) bench.deliver(replica(immutable(`record ${i}`)))
    bench.take()
    bench.meet(contactNumber(50))
    bench.advance(1_800)
    const turns = [0, 1, 2, 3, 4].map(() => {
      bench.advance(200)
      return bench.routed('GET').length
    })
    expect(turns).toEqual([16, 32, 48, 64, 64])
    for (const question of bench.routed('GET')) absent(bench, question)
    expect(bench.routed('REPLICA')).toHaveLength(64)
  })

  test('[RP-11] a silent peer is left alone for 10 s, then 20, 40 …, whatever else is looked at, until it answers', () => {
    const { bench, key, record } = settled(8)
    const [newcomer, other] = closeStrangers(key, 2, bench.known) as [Contact, Contact]
    bench.meet(newcomer)
    const waits: number[] = []
    let last = bench.now
    for (let seconds = 0; seconds < 400; seconds++) {
      bench.advance(1_000)
      // Another one comes and goes meanwhile.
      if (seconds % 30 === 20) bench.meet(other)
      if (seconds % 30 === 28) bench.lose(other)
      for (const route of bench.routed('GET')) {
        if (route.target !== keyOf(newcomer.id)) bench.reply(route, stored(NO_ORIGIN, other, record))
        else {
          waits.push(Math.round((bench.now - last) / 1_000))
          last = bench.now
          bench.ended(route, 'timeout')
        }
      }
      bench.take()
    }
    expect(waits).toEqual([2, 10, 20, 40, 80, 160])
    bench.advance(235_000)
    absent(bench, bench.last('route'))
    expect(bench.routed('REPLICA').map(({ target }) => target)).toEqual([newcomer.id])
    bench.reply(bench.last('route'), stored(NO_ORIGIN, newcomer, record))
    bench.take()
    bench.advance(30 * 60_000)
    expect(asked(bench)).toEqual([])
    expect(bench.store.tables()).toMatchObject({ storeRoutes: 0, storeRepairs: 0 })
  })

  test('[RP-11] what seemed silent while we had no links is asked two seconds after there is one', () => {
    const { bench, key } = settled(8)
    const [newcomer] = closeStrangers(key, 1, bench.known) as [Contact]
    bench.meet(newcomer)
    for (let seconds = 0; seconds < 20 * 60; seconds++) {
      bench.advance(1_000)
      for (const route of bench.routed('GET')) bench.ended(route, 'no-links')
      bench.take()
    }
    bench.input({ type: 'linked' })
    bench.advance(1_900)
    expect(asked(bench)).toEqual([])
    bench.advance(200)
    expect(asked(bench)).toEqual([newcomer.id])
  })

  test('[RP-11] a change during a look is looked at afterwards', () => {
    const { bench, key } = settled(8)
    const [first, second] = closeStrangers(key, 2, bench.known) as [Contact, Contact]
    bench.meet(first)
    bench.advance(1_000)
    bench.meet(second)
    bench.advance(4_000)
    expect(new Set(asked(bench))).toEqual(new Set([first.id, second.id]))
  })

  test('[RP-11] more than 256 changes at once: everybody may be new', () => {
    const { bench, key } = settled(8)
    for (let i = 0; i < 300; i++) bench.lose(contactNumber(10_000 + i))
    bench.advance(2_500)
    expect(asked(bench)).toEqual(
      bench
        .near(key)
        .slice(0, REPLICAS - 1)
        .map(({ id }) => id),
    )
  })
})

test('[RP-8] a header that was kept over a restart is looked after like any other', () => {
  const record = immutable('kept')
  const bench = new StoreBench({ peers: 2, replicas: REPLICAS, start: [headerOf(record, 1_700_000_000_000)] })
  bench.input({ type: 'siblings-changed', added: bench.known, gone: [] })
  bench.advance(11_000)
  expect(asked(bench).length).toBeGreaterThan(0)
})
