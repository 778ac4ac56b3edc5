import { describe, expect, test } from 'vitest'
import { type PeerRecord, recordKey } from '../../src/dht/record.ts'
import { NO_ORIGIN } from '../../src/dht/stored-ack.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { compareDistance } from '../../src/routing/distance.ts'
import { utf8 } from '../../src/wire/bytes.ts'
import { closeStrangers, immutable, type Route, replica, StoreBench, stored } from './store-bench.ts'

const REPLICAS = 3

/** Settled among others, holding so many records of whose groups it is. */
function holding(count: number, peers = 12): { bench: StoreBench; records: PeerRecord[] } {
  const bench = new StoreBench({ peers, replicas: REPLICAS })
  bench.input({ type: 'siblings-changed', added: bench.known, gone: [] })
  const records: PeerRecord[] = []
  for (let number = 0; records.length < count; number++) {
    const record = immutable(`value ${number}`)
    const key = recordKey(record)
    if (bench.known.filter(({ id }) => compareDistance(key, id, bench.self.id) < 0).length >= REPLICAS)
      continue
    records.push(record)
    bench.deliver(replica(record, { lifeSeconds: 600 }))
  }
  bench.advance(60_000)
  bench.take()
  return { bench, records }
}

function acknowledge(bench: StoreBench, route: Route): void {
  const holder = bench.known.find(({ id }) => (id as string) === route.target) as Contact
  bench.reply(route, stored(NO_ORIGIN, holder, (route.inner as { record: PeerRecord }).record))
}

describe('leaving', () => {
  test('[RP-15] every record goes to the peer that takes our place, with the life that is left', () => {
    const { bench, records } = holding(5)
    bench.input({ type: 'leave', deadlineMs: 2_000 })
    const sent = bench.routed('REPLICA')
    expect(sent.map(({ inner }) => inner.record)).toEqual(records)
    for (const { target, inner } of sent) {
      expect(target).toBe(bench.near(recordKey(inner.record))[REPLICAS - 1]?.id)
      expect(inner).toMatchObject({ origin: NO_ORIGIN, lifeSeconds: 540 })
    }
    expect(bench.all('handed-over')).toEqual([])
    for (const route of sent) acknowledge(bench, route)
    expect(bench.all('handed-over')).toHaveLength(1)
    bench.advance(5_000)
    expect(bench.all('handed-over')).toHaveLength(1)
  })

  test('[RP-15] 64 at once, the next as others are through', () => {
    const { bench } = holding(100)
    bench.input({ type: 'leave', deadlineMs: 2_000 })
    const first = bench.routed('REPLICA')
    expect(first.length).toBeLessThanOrEqual(65)
    for (let next = 0; next < bench.routed('REPLICA').length; next++)
      acknowledge(bench, bench.routed('REPLICA')[next] as Route)
    expect(bench.routed('REPLICA')).toHaveLength(100)
    expect(bench.all('handed-over')).toHaveLength(1)
  })

  test('[RP-15] a newcomer in the group gets its copy, too', () => {
    const { bench, records } = holding(1)
    const key = recordKey(records[0] as PeerRecord)
    const [newcomer] = closeStrangers(key, 1, [bench.self, ...bench.known]) as [Contact]
    bench.meet(newcomer)
    bench.input({ type: 'leave', deadlineMs: 2_000 })
    const targets = bench.routed('REPLICA').map(({ target }) => target)
    expect(targets).toEqual([newcomer.id, bench.near(key)[REPLICAS - 1]?.id])
  })

  test('[RP-15] in a network smaller than a group all others have it already', () => {
    const { bench } = holding(4, 2)
    bench.input({ type: 'leave', deadlineMs: 2_000 })
    expect(bench.routed('REPLICA')).toEqual([])
    expect(bench.all('handed-over')).toHaveLength(1)
  })

  test('[RP-16] an own record that too few hold goes to three, before the others', () => {
    const { bench } = holding(5)
    bench.call({ type: 'put', draft: { kind: 'immutable', value: utf8('late') } })
    bench.ended(bench.last('route'), 'timeout')
    bench.take()
    bench.input({ type: 'leave', deadlineMs: 2_000 })
    const first = bench.routed('REPLICA').slice(0, 3)
    expect(first.map(({ target }) => target)).toEqual(
      bench
        .near(recordKey(immutable('late')))
        .slice(0, 3)
        .map(({ id }) => id),
    )
    expect(first[0]?.inner.record).toEqual(immutable('late'))
  })

  test('[RP-16] so does one whose put is still under way', () => {
    const { bench } = holding(2)
    bench.call({ type: 'put', draft: { kind: 'immutable', value: utf8('late') } })
    bench.take()
    bench.input({ type: 'leave', deadlineMs: 2_000 })
    const records = bench.routed('REPLICA').map(({ inner }) => inner.record)
    expect(records.slice(0, 4)).toEqual([
      ...Array.from({ length: 3 }, () => immutable('late')),
      expect.anything(),
    ])
  })

  test('[RP-17] at the deadline it ends with what is done', () => {
    const { bench } = holding(5)
    bench.input({ type: 'leave', deadlineMs: 2_000 })
    bench.advance(1_999)
    expect(bench.all('handed-over')).toEqual([])
    bench.advance(1)
    expect(bench.all('handed-over')).toHaveLength(1)
    for (const route of bench.routed('REPLICA')) bench.ended(route)
    expect(bench.all('handed-over')).toHaveLength(1)
  })

  test('[RP-17] peers that cannot be reached do not hold it up', () => {
    const { bench } = holding(5)
    bench.input({ type: 'leave', deadlineMs: 2_000 })
    for (const route of bench.routed('REPLICA')) bench.ended(route)
    expect(bench.all('handed-over')).toHaveLength(1)
  })

  test('[RP-17] without links, or twice, it is over at once', () => {
    const { bench } = holding(5)
    for (const { id } of bench.known) bench.unlinked.add(id)
    bench.input({ type: 'leave', deadlineMs: 2_000 })
    expect(bench.all('handed-over')).toHaveLength(1)
    bench.input({ type: 'leave', deadlineMs: 2_000 })
    expect(bench.all('handed-over')).toHaveLength(1)
  })

  test('[RP-17] from then on nothing is repaired or republished', () => {
    const { bench, records } = holding(2)
    bench.call({ type: 'put', draft: { kind: 'immutable', value: utf8('late') } })
    bench.ended(bench.last('route'), 'timeout')
    bench.input({ type: 'leave', deadlineMs: 2_000 })
    bench.advance(2_000)
    bench.take()
    bench.meet(...closeStrangers(recordKey(records[0] as PeerRecord), 1, bench.known))
    bench.advance(3_600_000)
    expect(bench.all('route')).toEqual([])
  })
})
