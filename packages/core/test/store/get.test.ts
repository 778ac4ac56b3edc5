import { describe, expect, test } from 'vitest'
import {
  nextClock,
  ownedKey,
  type PeerRecord,
  recordKey,
  sharedKey,
  sharedNameHash,
} from '../../src/dht/record.ts'
import type { StoreEffect } from '../../src/dht/store.ts'
import { NO_ORIGIN } from '../../src/dht/stored-ack.ts'
import type { Contact } from '../../src/identity/contact.ts'
import type { PeerId } from '../../src/identity/peer-id.ts'
import { GET_PATHS } from '../../src/limits.ts'
import type { RecordName } from '../../src/peer/calls.ts'
import { bucketIndexOf } from '../../src/routing/distance.ts'
import { concatBytes, utf8 } from '../../src/wire/bytes.ts'
import {
  DAY_MS,
  found,
  immutable,
  operationNumber,
  owned,
  type Route,
  replica,
  StoreBench,
  shared,
  stored,
  value,
} from './store-bench.ts'
import { contactNumber, NETWORK_ID } from './store-network.ts'

const author = contactNumber(7)
const fixed = immutable('hello')
const fixedName = { kind: 'immutable', key: recordKey(fixed) } as const
const sharedName: RecordName = { kind: 'shared', namespace: 'space', name: 'name', writers: [] }
const ownedName: RecordName = { kind: 'owned', ownerKey: author.signingKey, salt: utf8('salt') }

function bench(peers = 30): StoreBench {
  return new StoreBench({ peers, replicas: 20 })
}

function get(at: StoreBench, name: RecordName): { op: number; route: Route } {
  const op = at.call({ type: 'get', name })
  return { op, route: at.last('route') }
}

/** Has just come, and is not linked with one of those that should hold the record. */
function newcomer(): StoreBench {
  const at = bench()
  at.settledMs = 2_999
  for (const { id } of at.closest(recordKey(fixed), 1)) at.unlinked.add(id)
  for (const { id } of at.closest(ownedKey(author.signingKey, utf8('salt')), 1)) at.unlinked.add(id)
  return at
}

/** Holds the record, and has forgotten how it came. */
function holder(record: PeerRecord, peers = 8): StoreBench {
  const at = bench(peers)
  at.deliver(replica(record))
  at.take()
  return at
}

describe('an immutable record', () => {
  test('[RC-16] held here, it is done at once, without a message', () => {
    const at = holder(fixed)
    const op = at.call({ type: 'get', name: fixedName })
    const expected = { key: recordKey(fixed), record: fixed, holder: at.self.id, hops: 0 }
    expect(at.last('done')).toEqual({ type: 'done', op, value: expected })
    expect(at.all('route')).toEqual([])
  })

  test('[RC-16] the first copy whose hash is the key ends it', () => {
    const at = bench()
    const { op, route } = get(at, fixedName)
    expect(route).toMatchObject({
      mode: 'any',
      target: recordKey(fixed),
      paths: GET_PATHS,
      inner: { type: 'GET', head: false },
    })
    at.reply(route, value(author, fixed), { path: 1, hops: 4 })
    const expected = { key: recordKey(fixed), record: fixed, holder: author.id, hops: 4 }
    expect(at.last('done')).toEqual({ type: 'done', op, value: expected })
    expect(at.last('stop-route').operation).toBe(route.operation)
    expect(at.reply(route, value(author, fixed), { path: 0 })).toEqual([])
  })

  test('[RC-19] another value is ignored, and the other path is waited for', () => {
    const at = bench()
    const { route } = get(at, fixedName)
    expect(at.reply(route, value(author, immutable('other')), { path: 0 })).toEqual([])
    at.reply(route, value(contactNumber(8), fixed), { path: 1 })
    expect(at.last('done').value).toMatchObject({ holder: contactNumber(8).id })
  })

  test('[RC-16] a copy that the disk has lost is asked of others', () => {
    const at = holder(fixed)
    at.disk.clear()
    const { route } = get(at, fixedName)
    expect(at.last('forget').key).toBe(recordKey(fixed))
    at.reply(route, value(author, fixed))
    expect(at.last('done').value).toMatchObject({ holder: author.id })
  })

  test('[RC-16] and what was put meanwhile stays', () => {
    const at = holder(fixed)
    at.holdJobs = true
    at.call({ type: 'get', name: fixedName })
    at.holdJobs = false
    at.call({ type: 'put', draft: fixed })
    const [load] = at.held as [StoreEffect & { type: 'load' }]
    at.input({ type: 'loaded', token: load.token, record: null })
    expect(at.store.stats()).toMatchObject({ held: 1, own: 1 })
    expect(at.disk.has(recordKey(fixed))).toBe(true)
  })

  test('[RC-15] a copy that cannot be read now is asked of others, and not forgotten', () => {
    const at = holder(fixed)
    at.isDiskBroken = true
    const { route } = get(at, fixedName)
    at.reply(route, value(author, fixed))
    expect(at.last('done').value).toMatchObject({ holder: author.id })
    expect(at.all('forget')).toEqual([])
    expect(at.store.holds(recordKey(fixed))).toBe(true)
  })
})

describe('a record that can change', () => {
  const older = shared(author, 500)
  const newer = shared(contactNumber(8), 600)
  const [a, b, c] = [contactNumber(1), contactNumber(2), contactNumber(3)] as [Contact, Contact, Contact]

  test('[RC-17] the newest of two answers, by two holders on two paths', () => {
    const at = bench()
    const { route } = get(at, sharedName)
    at.reply(route, value(a, older), { path: 0 })
    expect(at.all('done')).toEqual([])
    at.reply(route, value(b, newer), { path: 1, hops: 2 })
    expect(at.last('done').value).toEqual({ key: recordKey(newer), record: newer, holder: b.id, hops: 2 })
  })

  test('[RC-17] one holder on two paths, or two on one, are one answer', () => {
    const at = bench()
    const { route } = get(at, sharedName)
    at.reply(route, value(a, newer), { path: 0, last: false })
    at.reply(route, value(a, newer), { path: 1, last: false })
    at.reply(route, value(b, newer), { path: 0, last: false })
    expect(at.all('done')).toEqual([])
    at.reply(route, value(c, newer), { path: 2 })
    expect(at.all('done')).toHaveLength(1)
  })

  test('[RC-17] two equal copies cost one signature check', () => {
    const at = bench()
    const { route } = get(at, ownedName)
    at.reply(route, value(a, owned(author, 3)), { path: 0 })
    at.reply(route, value(b, owned(author, 3)), { path: 1 })
    expect(at.all('verify')).toHaveLength(1)
    expect(at.all('done')).toHaveLength(1)
  })

  test('[RC-17] [RC-19] a second copy that differs is checked itself, and nobody speaks again for who has answered', () => {
    const at = bench()
    const { route } = get(at, ownedName)
    at.reply(route, value(a, owned(author, 3)), { path: 0, last: false })
    at.reply(route, value(b, { ...owned(author, 3), sequence: 4 }), { path: 1, last: false })
    at.reply(route, value(a, owned(author, 2)), { path: 2, last: false })
    at.ended(route)
    expect(at.last('done').value).toMatchObject({ record: owned(author, 3), holder: a.id })
  })

  test('[RC-17] one answer is enough 400 ms after it came, or when no way is left', () => {
    const at = bench()
    const { route } = get(at, sharedName)
    at.advance(3_000)
    at.reply(route, value(a, older))
    at.advance(399)
    expect(at.all('done')).toEqual([])
    at.advance(1)
    expect(at.last('done').value).toMatchObject({ holder: a.id })
    const second = get(at, sharedName)
    at.reply(second.route, value(a, older))
    at.ended(second.route)
    expect(at.all('done')).toHaveLength(2)
  })

  test('[RC-17] a local copy is one of the two', () => {
    const at = holder(older)
    const { route } = get(at, sharedName)
    at.reply(route, value(a, newer))
    expect(at.last('done').value).toMatchObject({ record: newer, holder: a.id })
  })

  test('[RC-17] a local copy alone is enough after a second, or when there is nobody', () => {
    const at = holder(older)
    get(at, sharedName)
    at.advance(999)
    expect(at.all('done')).toEqual([])
    at.advance(1)
    expect(at.last('done').value).toMatchObject({ holder: at.self.id, hops: 0 })
    const { route } = get(at, sharedName)
    at.ended(route, 'no-links')
    expect(at.all('done')).toHaveLength(2)
  })

  test('[RC-19] a forged, misplaced or early copy is ignored', () => {
    const at = bench()
    const { route } = get(at, sharedName)
    at.reply(route, value(a, { ...newer, clock: 700 }), { path: 0 })
    at.reply(route, value(b, shared(author, 900, { name: 'other' })), { path: 1 })
    at.reply(route, value(c, shared(author, nextClock(at.now + 11 * 60_000, 0))), { path: 2 })
    at.ended(route)
    expect(at.last('failed').code).toBe('NOT_FOUND')
  })

  test('[RC-6] an immutable value that hashes to the key of an owned record is not that record', () => {
    const preimage = concatBytes(utf8('hyphae owned key 1'), author.signingKey, utf8('salt'))
    const fake: PeerRecord = { kind: 'immutable', value: preimage }
    expect(recordKey(fake)).toBe(ownedKey(author.signingKey, utf8('salt')))
    const at = bench()
    const { route } = get(at, ownedName)
    at.reply(route, value(a, fake))
    at.ended(route)
    expect(at.last('failed').code).toBe('NOT_FOUND')
    const held = holder(fake)
    expect(held.store.holds(recordKey(fake))).toBe(false)
    get(held, ownedName)
    expect(held.all('done')).toEqual([])
  })

  test('[RC-20] who answered with an older version gets the newest, with the life its holder gave it', () => {
    const at = bench()
    const { route } = get(at, sharedName)
    at.reply(route, value(a, older, 50), { path: 0 })
    at.reply(route, value(b, newer, 70), { path: 1 })
    const [repair] = at.routed('REPLICA')
    expect(repair).toMatchObject({
      mode: 'exact',
      target: a.id,
      inner: { origin: NO_ORIGIN, lifeSeconds: 70, record: newer },
    })
    expect(at.routed('REPLICA')).toHaveLength(1)
  })

  test('[RC-20] an older local copy is replaced, a newer one sent', () => {
    const behind = holder(older)
    behind.reply(get(behind, sharedName).route, value(a, newer, 70))
    const expiresAt = behind.now + 70_000
    const header = { version: { rank: 600 }, own: false, expiresAt }
    expect(behind.disk.get(recordKey(older))?.header).toMatchObject(header)
    const ahead = holder(newer)
    ahead.reply(get(ahead, sharedName).route, value(a, older, 70))
    expect(ahead.routed('REPLICA')[0]).toMatchObject({ target: a.id })
  })
})

test('[RC-10] [RC-20] no holder makes a copy live here for more than a day', () => {
  const at = holder(shared(author, 500))
  at.reply(get(at, sharedName).route, value(contactNumber(1), shared(author, 600), 2 ** 32 - 1))
  expect(at.last('store').header.expiresAt).toBe(at.now + DAY_MS)
})

test('[RC-6] an owned record is not the immutable one of its key, here or elsewhere', () => {
  const at = holder(owned(author, 3))
  const { route } = get(at, { kind: 'immutable', key: recordKey(owned(author, 3)) })
  expect(at.all('load')).toEqual([])
  at.reply(route, value(author, owned(author, 3)))
  at.ended(route)
  expect(at.last('failed').code).toBe('NOT_FOUND')
})

describe('ends', () => {
  test('[RC-18] the code says why there is nothing', () => {
    const codes = (['no-links', 'exhausted', 'timeout'] as const).map((reason) => {
      const at = bench()
      at.ended(get(at, fixedName).route, reason)
      return at.last('failed').code
    })
    expect(codes).toEqual(['NO_PEERS', 'NOT_FOUND', 'TIMEOUT'])
    const at = bench()
    get(at, fixedName)
    at.advance(10_000)
    expect(at.last('failed').code).toBe('TIMEOUT')
  })

  test('[RC-18] a signature under check is waited for', () => {
    const at = bench()
    const { route } = get(at, ownedName)
    at.holdJobs = true
    at.reply(route, value(author, owned(author, 3)))
    at.ended(route)
    expect(at.all('failed')).toEqual([])
    at.finish(at.held.at(-1) as never)
    expect(at.all('done')).toHaveLength(1)
  })

  test('[RC-18] and where it proves false there is nothing', () => {
    const at = bench()
    const { route } = get(at, ownedName)
    at.holdJobs = true
    at.reply(route, value(author, { ...owned(author, 3), sequence: 4 }))
    at.ended(route)
    at.finish(at.held.at(-1) as never)
    expect(at.last('failed').code).toBe('NOT_FOUND')
  })

  test('[RC-23] a newcomer asks again, each second, until its links can be there', () => {
    const at = newcomer()
    const { op, route } = get(at, fixedName)
    at.ended(route)
    expect(at.all('failed')).toEqual([])
    at.advance(999)
    expect(at.last('route')).toBe(route)
    at.advance(1)
    const second = at.last('route')
    expect(second).toEqual({ ...route, operation: second.operation })
    expect(second.operation).not.toBe(route.operation)
    at.ended(second)
    at.advance(1_000)
    const third = at.last('route')
    expect(third.operation).not.toBe(second.operation)
    at.settledMs = 3_000
    at.ended(third)
    expect(at.last('failed')).toMatchObject({ op, code: 'NOT_FOUND' })
    expect(at.store.tables()).toMatchObject({ storeCalls: 0, storeRoutes: 0 })
  })

  test('[RC-23] what it finds then is what it gets, whatever ways brought before', () => {
    const at = newcomer()
    const { op, route } = get(at, fixedName)
    at.reply(route, value(author, immutable('another')), { path: 0 })
    at.ended(route)
    at.advance(1_000)
    at.reply(at.last('route'), value(author, fixed), { path: 0 })
    expect(at.last('done')).toMatchObject({ op, value: { record: fixed } })
  })

  test('[RC-23] whoever knows contacts that share more bits with the key, and has no link to one, asks again', () => {
    const at = bench()
    at.settledMs = 14_999
    const bits = (id: PeerId) => bucketIndexOf(fixedName.key, id)
    for (const { id } of at.known) if (bits(id) > bits(at.self.id)) at.unlinked.add(id)
    expect(at.unlinked.size).toBeGreaterThan(1)
    at.ended(get(at, fixedName).route)
    expect(at.all('failed')).toEqual([])
    at.unlinked.delete([...at.unlinked][0] as PeerId)
    at.advance(1_000)
    at.ended(at.last('route'))
    expect(at.last('failed').code).toBe('NOT_FOUND')
    at.unlinked.clear()
    for (const { id } of at.known) if (bits(id) > bits(at.self.id)) at.unlinked.add(id)
    at.settledMs = 15_000
    at.ended(get(at, fixedName).route)
    expect(at.all('failed')).toHaveLength(2)
  })

  test('[RC-23] where nobody had it the first time, what is late the second time is not there', () => {
    const at = newcomer()
    const { op, route } = get(at, fixedName)
    at.ended(route)
    at.advance(10_000)
    expect(at.all('failed')).toMatchObject([{ op, code: 'NOT_FOUND' }])
  })

  test('[RC-23] who is linked with all who should hold it knows that there is nothing', () => {
    const at = newcomer()
    at.unlinked.clear()
    at.ended(get(at, fixedName).route)
    expect(at.last('failed').code).toBe('NOT_FOUND')
  })

  test('[RC-23] one valid copy of what can change is enough', () => {
    const at = newcomer()
    const { op, route } = get(at, ownedName)
    at.reply(route, value(author, owned(author, 3)))
    at.ended(route)
    expect(at.last('done')).toMatchObject({ op })
  })

  test('[RC-23] without a link, and when its time is over, a newcomer does not ask again', () => {
    const at = newcomer()
    at.ended(get(at, fixedName).route, 'no-links')
    expect(at.last('failed').code).toBe('NO_PEERS')
    const { op, route } = get(at, fixedName)
    at.advance(9_500)
    at.ended(route)
    at.advance(500)
    expect(at.last('failed')).toMatchObject({ op, code: 'NOT_FOUND' })
    const routes = at.all('route').length
    at.advance(1_000)
    expect(at.all('route')).toHaveLength(routes)
  })

  test.each<[string, RecordName, string]>([
    ['a key of 63 digits', { kind: 'immutable', key: 'a'.repeat(63) as never }, 'RECORD_REJECTED'],
    [
      'a salt of 65 bytes',
      { kind: 'owned', ownerKey: author.signingKey, salt: new Uint8Array(65) },
      'TOO_LARGE',
    ],
    [
      '17 writers',
      { ...sharedName, writers: Array.from({ length: 17 }, (_, i) => contactNumber(i).id) },
      'RECORD_REJECTED',
    ],
  ])('[RC-18] %s fails at once', (_what, name, code) => {
    const at = bench()
    at.call({ type: 'get', name })
    expect(at.last('failed').code).toBe(code)
  })

  test('[RC-3] a name is under the hash of its network, namespace, name and writers', () => {
    const writers = [contactNumber(2).id, contactNumber(1).id]
    const at = bench()
    const { route } = get(at, { ...sharedName, writers })
    expect(route.target).toBe(sharedKey(sharedNameHash(NETWORK_ID, 'space', 'name'), [...writers].sort()))
  })

  test('[RC-22] cancelled calls leave nothing behind, and late inputs do nothing', () => {
    const at = bench()
    at.advance(11_000)
    const calls = [
      { type: 'get', name: sharedName },
      { type: 'holders', key: recordKey(fixed) },
      { type: 'put', draft: { kind: 'immutable', value: utf8('v') } },
    ] as const
    const begun = calls.map((call) => ({ op: at.call(call), route: at.last('route') }))
    for (const { op } of begun) at.input({ type: 'cancel', op })
    expect(at.store.tables()).toMatchObject({ storeCalls: 0, storeRoutes: 0 })
    at.take()
    for (const { route } of begun) {
      at.reply(route, value(author, shared(author, 5)))
      at.reply(route, found(route, author))
      at.reply(route, stored(route.operation, author, immutable('v')))
      at.ended(route)
    }
    at.advance(11_000)
    expect(at.take().filter(({ type }) => type !== 'set-timer')).toEqual([])
    for (const input of [
      { type: 'verified', token: 'store:999', valid: true },
      { type: 'signed', token: 'nobody', signature: new Uint8Array(64) },
      { type: 'loaded', token: 'store:0', record: null },
      { type: 'timer', timer: { type: 'fan-out', operation: operationNumber(3) } },
      { type: 'timer', timer: { type: 'repair', role: 1 } },
      { type: 'timer', timer: { type: 'republish' } },
      { type: 'timer', timer: { type: 'hand-over' } },
      { type: 'cancel', op: 77 },
    ] as const)
      expect(at.input(input)).toEqual([])
  })

  test.each([
    ['is read', (at: StoreBench) => at.call({ type: 'get', name: ownedName })],
    ['cannot be read', (at: StoreBench) => at.call({ type: 'get', name: ownedName })],
    ['is checked', (at: StoreBench) => checking(at, owned(author, 4))],
    ['is found false', (at: StoreBench) => checking(at, { ...owned(author, 3), sequence: 4 })],
  ])('[RC-22] a get that is cancelled while a copy %s says nothing more', (what, begin) => {
    const at = holder(owned(author, 3))
    at.holdJobs = true
    at.isDiskBroken = what === 'cannot be read'
    at.input({ type: 'cancel', op: begin(at) })
    at.take()
    expect(at.finish(at.held.at(-1) as never)).toEqual([])
    expect(at.store.tables()).toMatchObject({ storeCalls: 0, storeRoutes: 0 })
  })

  test('[RC-22] above 1,024 commands the next ones are BUSY', () => {
    const at = bench()
    for (let i = 0; i < 1_024; i++) at.call({ type: 'get', name: fixedName })
    expect(at.all('failed')).toEqual([])
    for (const call of [
      { type: 'get', name: fixedName },
      { type: 'holders', key: recordKey(fixed) },
    ] as const)
      at.call(call)
    expect(at.all('failed').map(({ code }) => code)).toEqual(['BUSY', 'BUSY'])
  })
})

/** Begins a get to which this record is the answer, under check; the copy we hold is not read yet. */
function checking(at: StoreBench, record: PeerRecord): number {
  at.holdJobs = false
  const { op, route } = get(at, ownedName)
  at.holdJobs = true
  at.reply(route, value(contactNumber(1), record), { last: true })
  at.ended(route)
  return op
}
