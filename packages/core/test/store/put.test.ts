import { describe, expect, test } from 'vitest'
import { nextClock, recordKey } from '../../src/dht/record.ts'
import { type Contact, isAcceptable } from '../../src/identity/contact.ts'
import type { PutResult, RecordDraft } from '../../src/peer/calls.ts'
import { utf8 } from '../../src/wire/bytes.ts'
import {
  DAY_MS,
  headerOf,
  immutable,
  operationNumber,
  owned,
  type Route,
  StoreBench,
  shared,
  stored,
  value,
} from './store-bench.ts'
import { contactNumber } from './store-network.ts'

const NOW = 1_700_000_000_000
const draft = { kind: 'immutable', value: utf8('hello') } as const
const record = immutable('hello')
const ownedDraft = { kind: 'owned', salt: utf8('salt'), value: utf8('mine') } as const
const sharedDraft = {
  kind: 'shared',
  namespace: 'space',
  name: 'name',
  writers: [],
  value: utf8('ours'),
} as const

function put(bench: StoreBench, what: RecordDraft, replicas?: number): { op: number; route: Route } {
  const op = bench.call(
    replicas === undefined ? { type: 'put', draft: what } : { type: 'put', draft: what, replicas },
  )
  return { op, route: bench.last('route') }
}

/** The record that this STORE carries. */
function carried(route: Route) {
  if (route.inner.type !== 'STORE') throw new Error(route.inner.type)
  return route.inner.record
}

/** So many holders acknowledge, the first of them as the peer that fans out. */
function acknowledge(bench: StoreBench, route: Route, count: number, wanted = 20): void {
  const holders = bench.near(recordKey(carried(route))).slice(0, count)
  for (const [index, holder] of holders.entries())
    bench.reply(
      route,
      stored(route.operation, holder, carried(route), { wanted: index === 0 ? wanted : 0 }),
      { last: false },
    )
}

describe('writing', () => {
  test('[RC-7] an owned record without a sequence is above our clock, then above what is held', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    const first = put(bench, ownedDraft)
    expect(carried(first.route)).toMatchObject({
      kind: 'owned',
      sequence: NOW + 1,
      ownerKey: bench.self.signingKey,
    })
    acknowledge(bench, first.route, 15)
    expect(carried(put(bench, ownedDraft).route)).toMatchObject({ sequence: NOW + 2 })
  })

  test('[RC-7] after a restart without memory the clock carries on above the header that was kept', () => {
    const kept = owned(contactNumber(1_000), NOW + 500)
    const header = {
      key: recordKey(kept),
      kind: 'owned',
      version: { rank: NOW + 500, tie: 'aa' },
      valueBytes: 4,
      storedAt: NOW,
      expiresAt: NOW + 1e6,
      own: true,
    } as const
    const bench = new StoreBench({ peers: 30, replicas: 20, start: [header] })
    expect(carried(put(bench, ownedDraft).route)).toMatchObject({ sequence: NOW + 501 })
  })

  test('[RC-5] [RC-7] what was written while our clock was a day ahead does not make later versions too new', () => {
    const tomorrow = shared(contactNumber(1_000), (NOW + DAY_MS) * 1_024)
    const header = headerOf(tomorrow, NOW, { own: true })
    const bench = new StoreBench({ peers: 30, replicas: 20, start: [header] })
    bench.disk.set(recordKey(tomorrow), { record: tomorrow, header })
    expect(bench.all('forget')).toEqual([])
    const { route } = put(bench, sharedDraft)
    expect(route.target).toBe(recordKey(tomorrow))
    expect(carried(route)).toMatchObject({ clock: NOW * 1_024 })
  })

  test('[RC-7] a shared record gets a clock not below ours and above all seen', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    const { route } = put(bench, sharedDraft)
    expect(carried(route)).toMatchObject({ kind: 'shared', clock: nextClock(NOW, 0), author: bench.self })
    acknowledge(bench, route, 15)
    expect(carried(put(bench, sharedDraft).route)).toMatchObject({ clock: nextClock(NOW, 0) + 1 })
  })

  test('[RC-7] puts of one key are written one after another, in the order of their calls', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    const first = put(bench, ownedDraft)
    const second = bench.call({ type: 'put', draft: { ...ownedDraft, value: utf8('later') } })
    expect(bench.routed('STORE')).toHaveLength(1)
    acknowledge(bench, first.route, 15)
    expect(bench.all('done').map(({ op }) => op)).toEqual([first.op])
    const route = bench.last('route')
    expect(carried(route)).toMatchObject({ sequence: NOW + 2, value: utf8('later') })
    acknowledge(bench, route, 15)
    expect(bench.all('done').map(({ op }) => op)).toEqual([first.op, second])
  })

  test('[RC-7] a cancelled put lets the next one of its key begin', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    const first = put(bench, ownedDraft)
    bench.call({ type: 'put', draft: ownedDraft })
    bench.input({ type: 'cancel', op: first.op })
    expect(bench.all('stop-route')).toEqual([{ type: 'stop-route', operation: first.route.operation }])
    expect(bench.routed('STORE')).toHaveLength(2)
  })

  test('[RC-7] [RC-13] so does one whose signature never comes, after ten seconds', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    bench.holdJobs = true
    const first = bench.call({ type: 'put', draft: ownedDraft })
    bench.advance(5_000)
    bench.call({ type: 'put', draft: ownedDraft })
    bench.advance(5_000)
    expect(bench.all('failed')).toMatchObject([{ op: first, code: 'TIMEOUT' }])
    expect(bench.all('sign')).toHaveLength(2)
  })

  test('[RC-7] after the last sequence there is none', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    acknowledge(bench, put(bench, { ...ownedDraft, sequence: Number.MAX_SAFE_INTEGER }).route, 15)
    const op = bench.call({ type: 'put', draft: ownedDraft })
    expect(bench.last('failed')).toMatchObject({ op, code: 'RECORD_REJECTED' })
  })

  test.each([0, -1, 1.5, 2 ** 53])(
    '[RC-7] sequence %s below what is held, or no sequence at all, is rejected',
    (sequence) => {
      const bench = new StoreBench({ peers: 30, replicas: 20 })
      acknowledge(bench, put(bench, { ...ownedDraft, sequence: 7 }).route, 15)
      const op = bench.call({ type: 'put', draft: { ...ownedDraft, sequence } })
      expect(bench.last('failed')).toMatchObject({ op, code: 'RECORD_REJECTED' })
    },
  )

  test('[RC-7] one sequence cannot have two values; the same version may be written again', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    acknowledge(bench, put(bench, { ...ownedDraft, sequence: 7 }).route, 15)
    bench.call({ type: 'put', draft: { ...ownedDraft, sequence: 7, value: utf8('other') } })
    expect(bench.last('failed').code).toBe('RECORD_REJECTED')
    bench.call({ type: 'put', draft: { ...ownedDraft, sequence: 7 } })
    expect(bench.routed('STORE')).toHaveLength(2)
  })

  test.each<[string, RecordDraft, string]>([
    ['a value of 8,193 bytes', { kind: 'immutable', value: new Uint8Array(8_193) }, 'TOO_LARGE'],
    [
      'a value that begins like the key of a record',
      { kind: 'immutable', value: utf8('hyphae owned key 1') },
      'RECORD_REJECTED',
    ],
    ['a salt of 65 bytes', { ...ownedDraft, salt: new Uint8Array(65) }, 'TOO_LARGE'],
    ['a name of 256 bytes', { ...sharedDraft, name: 'é'.repeat(128) }, 'TOO_LARGE'],
    ['writers without us', { ...sharedDraft, writers: [contactNumber(3).id] }, 'RECORD_REJECTED'],
    [
      'a writer that is no id',
      { ...sharedDraft, writers: [contactNumber(1_000).id, 'nobody' as never] },
      'RECORD_REJECTED',
    ],
  ])('[RC-7] %s fails at once', (_what, wrong, code) => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    bench.call({ type: 'put', draft: wrong })
    expect(bench.last('failed').code).toBe(code)
    expect(bench.all('route')).toEqual([])
    expect(bench.store.tables()).toMatchObject({ storeCalls: 0, recordsHeld: 0 })
  })

  test('[RC-3] writers are put in order, each once', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    const writers = [bench.self.id, contactNumber(1).id, contactNumber(2).id, contactNumber(1).id]
    const written = carried(put(bench, { ...sharedDraft, writers }).route)
    expect(written).toMatchObject({ writers: [...new Set(writers)].sort() })
  })

  test('[RC-8] the writer keeps its record first, and says when it is on disk', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    const { route } = put(bench, draft)
    const key = recordKey(record)
    const order = bench.out.map(({ type }) => type)
    expect(order.indexOf('store')).toBeLessThan(order.indexOf('route'))
    expect(bench.last('store').header).toMatchObject({ key, own: true, valueBytes: 5 })
    expect(bench.last('event').event).toEqual({ type: 'record-persisted', key, persisted: true })
    expect(route).toMatchObject({
      mode: 'near',
      target: key,
      paths: 1,
      inner: { wanted: 20, lifeSeconds: 86_400 },
    })
    expect(bench.store.stats()).toEqual({ held: 1, own: 1, bytes: 5 })
  })

  test('[RC-13] as many copies as usual end near the key, any other number at the closest peer', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    const modes = [19, 20, 21].map((replicas) => {
      bench.call({ type: 'put', draft: { ...draft, value: Uint8Array.of(replicas) }, replicas })
      return bench.last('route').mode
    })
    expect(modes).toEqual(['closest', 'near', 'closest'])
  })

  test('[RC-8] a disk that fails is said too', () => {
    const bench = new StoreBench({ peers: 30, replicas: 20 })
    bench.holdJobs = true
    put(bench, draft)
    const [job] = bench.held
    if (job?.type !== 'store') throw new Error('no store job')
    bench.input({ type: 'stored', token: job.token, persisted: false })
    expect(bench.last('event').event).toMatchObject({ type: 'record-persisted', persisted: false })
  })
})

describe('counting copies', () => {
  const far = { peers: 100, replicas: 20 }

  test('[RC-13] done at 15 of 20 distinct holders, and the route is given up', () => {
    const bench = new StoreBench(far)
    const { op, route } = put(bench, draft)
    acknowledge(bench, route, 14)
    acknowledge(bench, route, 14)
    expect(bench.all('done')).toEqual([])
    acknowledge(bench, route, 15)
    const result: PutResult = {
      key: recordKey(record),
      version: { rank: 0, tie: '' },
      stored: 15,
      wanted: 20,
    }
    expect(bench.all('done')).toEqual([{ type: 'done', op, value: result }])
    expect(bench.all('stop-route')).toEqual([{ type: 'stop-route', operation: route.operation }])
    acknowledge(bench, route, 20)
    expect(bench.all('done')).toHaveLength(1)
  })

  test('[RC-13] the writer counts where it is among the closest', () => {
    const bench = new StoreBench({ peers: 19, replicas: 20 })
    const { route } = put(bench, draft)
    acknowledge(bench, route, 14)
    expect(bench.last('done').value).toMatchObject({ stored: 15, wanted: 20 })
  })

  test('[RC-12] a signature over another operation, by another peer or over another result counts nothing', () => {
    const bench = new StoreBench(far)
    const { route } = put(bench, draft, 1)
    const [holder, other] = bench.near(recordKey(record)) as [Contact, Contact]
    const good = stored(route.operation, holder, record, { wanted: 1 })
    bench.reply(route, stored(operationNumber(9), holder, record, { wanted: 1 }), { last: false })
    expect(bench.all('done')).toEqual([])
    bench.reply(route, { ...good, holder: other }, { last: false })
    bench.reply(
      route,
      { ...stored(route.operation, other, record, { result: 2 }), result: 0 },
      { last: false },
    )
    expect(bench.all('done')).toEqual([])
    bench.ended(route, 'timeout')
    expect(bench.last('failed').code).toBe('TIMEOUT')
  })

  test('[RC-13] whoever forges acknowledgements on one way does not make those of another be ignored', () => {
    const bench = new StoreBench({ peers: 100, replicas: 20 })
    const { route } = put(bench, draft)
    const genuine = (holder: Contact, wanted: number) => stored(route.operation, holder, record, { wanted })
    const holders = bench.near(recordKey(record)).slice(0, 20)
    const forged = holders.flatMap((holder) =>
      [0, 1, 2].map((wanted) => ({ ...genuine(holder, 20), wanted })),
    )
    bench.holdJobs = true
    for (const acknowledgement of forged) bench.reply(route, acknowledgement, { last: false })
    for (const [index, holder] of holders.entries())
      bench.reply(route, genuine(holder, index === 0 ? 20 : 0), { path: 1, last: false })
    bench.holdJobs = false
    for (const job of bench.held) bench.finish(job)
    expect(bench.last('done').value).toMatchObject({ stored: 15, wanted: 20 })
  })

  test('[RC-13] an acknowledgement of another version or key counts nothing', () => {
    const bench = new StoreBench(far)
    const { route } = put(bench, draft, 1)
    const [holder] = bench.near(recordKey(record)) as [Contact]
    bench.reply(route, stored(route.operation, holder, immutable('other'), { wanted: 1 }), { last: false })
    bench.reply(route, stored(route.operation, holder, record, { wanted: 1, rank: 3 }), { last: true })
    bench.ended(bench.last('route'))
    expect(bench.last('failed').code).toBe('PEER_UNREACHABLE')
  })

  test('[RC-13] in a small network the peers there are is enough, once the closest has said how many', () => {
    const bench = new StoreBench({ peers: 2, replicas: 20 })
    const { route } = put(bench, draft)
    const [closest, other] = bench.near(recordKey(record)) as [Contact, Contact]
    bench.reply(route, stored(route.operation, other, record), { last: false })
    expect(bench.all('done')).toEqual([])
    bench.reply(route, stored(route.operation, closest, record, { wanted: 3 }), { last: false })
    expect(bench.last('done').value).toMatchObject({ stored: 3, wanted: 3 })
  })

  test('[RC-13] the closest peer can say more than we know, not less', () => {
    const bench = new StoreBench({ peers: 2, replicas: 20 })
    const { route } = put(bench, draft)
    const [closest, other] = bench.near(recordKey(record)) as [Contact, Contact]
    bench.reply(route, stored(route.operation, closest, record, { wanted: 8 }), { last: false })
    bench.reply(route, stored(route.operation, other, record), { last: true })
    bench.ended(bench.last('route'))
    expect(bench.last('done').value).toMatchObject({ stored: 3, wanted: 8 })
    const liar = new StoreBench(far)
    const second = put(liar, draft)
    liar.reply(
      second.route,
      stored(second.route.operation, liar.near(recordKey(record))[0] as Contact, record, { wanted: 1 }),
      { last: false },
    )
    expect(liar.all('done')).toEqual([])
  })

  test('[RC-13] nobody else can say in our name how many copies are on their way', () => {
    const bench = new StoreBench({ peers: 2, replicas: 20 })
    const { route } = put(bench, draft)
    const [closest, other] = bench.near(recordKey(record)) as [Contact, Contact]
    bench.reply(route, stored(route.operation, bench.self, record, { wanted: 1 }), { last: false })
    bench.reply(route, stored(route.operation, other, record), { last: false })
    bench.reply(route, stored(route.operation, closest, record), { last: false })
    expect(bench.all('done')).toEqual([])
  })

  test('[RC-13] when the way back ends, what there is counts', () => {
    const bench = new StoreBench(far)
    const { route } = put(bench, draft)
    acknowledge(bench, route, 3)
    bench.ended(route, 'timeout')
    expect(bench.last('done').value).toMatchObject({ stored: 3, wanted: 20 })
  })

  test('[RC-13] a last answer ends it too, after the signatures under way', () => {
    const bench = new StoreBench(far)
    const { route } = put(bench, draft)
    bench.ended(route)
    const again = bench.last('route')
    bench.holdJobs = true
    const holder = bench.near(recordKey(record))[0] as Contact
    bench.reply(again, stored(again.operation, holder, record, { wanted: 1 }))
    expect(bench.all('done')).toEqual([])
    bench.finish(bench.held.at(-1) as never)
    expect(bench.last('done').value).toMatchObject({ stored: 1, wanted: 20 })
  })

  test('[RC-13] where too few were heard the record is sent once more, and who was heard before counts', () => {
    const bench = new StoreBench(far)
    const { route: first } = put(bench, draft)
    acknowledge(bench, first, 13)
    bench.ended(first)
    const second = bench.last('route')
    expect(second).toMatchObject({ inner: first.inner, target: first.target, paths: 1 })
    expect(second.operation).not.toBe(first.operation)
    acknowledge(bench, second, 14)
    expect(bench.all('done')).toEqual([])
    acknowledge(bench, second, 15)
    expect(bench.last('done').value).toMatchObject({ stored: 15, wanted: 20 })
    expect(bench.routed('STORE')).toHaveLength(2)
  })

  test('[RC-13] not a third time, and not where a holder refused it', () => {
    const bench = new StoreBench(far)
    const { route } = put(bench, draft)
    bench.ended(route)
    acknowledge(bench, bench.last('route'), 3)
    bench.ended(bench.last('route'))
    expect(bench.last('done').value).toMatchObject({ stored: 3, wanted: 20 })
    expect(bench.routed('STORE')).toHaveLength(2)
    const refusing = new StoreBench(far)
    const { route: refused } = put(refusing, draft)
    refusing.reply(refused, stored(refused.operation, bench.known[0] as Contact, record, { result: 2 }))
    expect(refusing.last('failed').code).toBe('RECORD_REJECTED')
    expect(refusing.routed('STORE')).toHaveLength(1)
  })

  test('[RC-13] nobody: the code says why', () => {
    const codes = (['exhausted', 'timeout', 'no-links'] as const).map((reason) => {
      const bench = new StoreBench(far)
      bench.ended(put(bench, draft).route, reason)
      if (reason === 'exhausted') bench.ended(bench.last('route'), reason)
      return bench.last('failed').code
    })
    expect(codes).toEqual(['PEER_UNREACHABLE', 'TIMEOUT', 'NO_PEERS'])
    const bench = new StoreBench(far)
    const { route } = put(bench, draft)
    bench.reply(route, stored(route.operation, bench.known[0] as Contact, record, { result: 2, wanted: 3 }))
    expect(bench.last('failed').code).toBe('RECORD_REJECTED')
  })

  test('[RC-13] after ten seconds the command ends by itself', () => {
    const bench = new StoreBench(far)
    const { route } = put(bench, draft)
    acknowledge(bench, route, 2)
    bench.advance(9_999)
    expect(bench.all('done')).toEqual([])
    bench.advance(1)
    expect(bench.last('done').value).toMatchObject({ stored: 2 })
  })

  test('[RC-13] and what is still being checked then counts nothing', () => {
    const bench = new StoreBench(far)
    const { route } = put(bench, draft)
    acknowledge(bench, route, 2)
    bench.holdJobs = true
    acknowledge(bench, route, 5)
    bench.advance(10_000)
    expect(bench.all('done')).toMatchObject([{ value: { stored: 2 } }])
    for (const check of bench.held) bench.finish(check)
    expect(bench.all('done')).toHaveLength(1)
  })

  test('[ID-2] [RC-13] whoever has not done the work of its id is no holder', () => {
    const bench = new StoreBench({ ...far, workBits: 1 })
    const { route } = put(bench, draft)
    const lazy = bench.known.filter((contact) => !isAcceptable(contact, 1))
    for (const holder of lazy) bench.reply(route, stored(route.operation, holder, record), { last: false })
    expect([bench.all('verify'), bench.all('done')]).toEqual([[], []])
  })

  test('[RC-13] without any link the record is here, and that is what is said', () => {
    const bench = new StoreBench({ peers: 0, replicas: 20 })
    bench.call({ type: 'put', draft })
    expect(bench.last('done').value).toMatchObject({ stored: 1, wanted: 20 })
    expect(bench.all('route')).toEqual([])
  })
})

describe('conflicts', () => {
  /** So many holders say that they hold a version of this rank. */
  function refuse(bench: StoreBench, route: Route, count: number, rank: number): void {
    const holders = bench.near(recordKey(carried(route))).slice(0, count)
    for (const [index, holder] of holders.entries())
      bench.reply(
        route,
        stored(route.operation, holder, carried(route), { result: 1, rank, wanted: index === 0 ? 20 : 0 }),
        { last: false },
      )
  }

  test('[RC-13] a shared record behind its holders is written once more, above them', () => {
    const bench = new StoreBench({ peers: 100, replicas: 20 })
    const { op, route } = put(bench, sharedDraft)
    const seen = nextClock(NOW, 0) + 5_000
    refuse(bench, route, 5, seen)
    expect(bench.routed('STORE')).toHaveLength(1)
    refuse(bench, route, 6, seen)
    const again = bench.last('route')
    expect(carried(again)).toMatchObject({ clock: seen + 1 })
    refuse(bench, again, 6, seen + 9)
    expect(bench.last('failed')).toMatchObject({ op, code: 'RECORD_REJECTED' })
    const [holder, author] = bench.known as [Contact, Contact]
    bench.reply(bench.last('route'), value(holder, shared(author, seen + 9)))
    expect(bench.store.stats()).toMatchObject({ held: 1, own: 0 })
  })

  test('[RC-13] at the end, as many with a newer version as kept it are a conflict', () => {
    const bench = new StoreBench({ peers: 100, replicas: 20 })
    const { route } = put(bench, ownedDraft)
    const [a, b] = bench.near(recordKey(carried(route))) as [Contact, Contact]
    bench.reply(route, stored(route.operation, a, carried(route), { wanted: 20 }), { last: false })
    bench.reply(route, stored(route.operation, b, carried(route), { result: 1, rank: NOW * 2 }))
    expect(bench.last('failed').code).toBe('RECORD_REJECTED')
  })

  test('[RC-13] an owned record is not raced against others', () => {
    const bench = new StoreBench({ peers: 100, replicas: 20 })
    const { route } = put(bench, ownedDraft)
    refuse(bench, route, 6, NOW * 2)
    expect(bench.last('failed').code).toBe('RECORD_REJECTED')
    expect(bench.routed('STORE')).toHaveLength(1)
  })

  test('[RC-13] a clock that nobody honest can have reached is not believed', () => {
    const bench = new StoreBench({ peers: 100, replicas: 20 })
    const { route } = put(bench, sharedDraft)
    refuse(bench, route, 20, nextClock(NOW + 11 * 60_000, 0))
    bench.ended(route, 'timeout')
    expect(bench.routed('STORE')).toHaveLength(1)
    expect(bench.last('done').value).toMatchObject({ stored: 1, wanted: 20 })
  })

  test('[RC-13] a few liars do not undo a put', () => {
    const bench = new StoreBench({ peers: 100, replicas: 20 })
    const { route } = put(bench, sharedDraft)
    refuse(bench, route, 5, nextClock(NOW, 0) + 9)
    const honest = bench.near(recordKey(carried(route))).slice(5, 20)
    for (const holder of honest)
      bench.reply(route, stored(route.operation, holder, carried(route)), { last: false })
    expect(bench.last('done').value).toMatchObject({ stored: 15, wanted: 20 })
  })

  test('[RC-7] the clock of a read version counts for the next one', () => {
    const bench = new StoreBench({ peers: 100, replicas: 20 })
    const ahead = nextClock(NOW + 60_000, 0)
    bench.call({ type: 'get', name: { kind: 'shared', namespace: 'space', name: 'name', writers: [] } })
    const route = bench.last('route')
    const [holder, author] = bench.known as [Contact, Contact]
    bench.reply(route, { type: 'VALUE', holder, lifeSeconds: 60, record: shared(author, ahead) })
    bench.ended(route)
    expect(carried(put(bench, sharedDraft).route)).toMatchObject({ clock: ahead + 1 })
  })
})
