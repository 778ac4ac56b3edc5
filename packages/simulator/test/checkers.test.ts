// A checker that cannot complain proves nothing: each is shown what it must not accept.

import {
  GOODBYES_MAX,
  type Key,
  type PeerEvent,
  type PeerId,
  type PeerRecord,
  type PeerSnapshot,
  type RecordVersion,
} from '@hyphae/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { DeliveryChecker } from '../src/checkers/delivery-checker.ts'
import { LinkChecker } from '../src/checkers/link-checker.ts'
import { MeshChecker } from '../src/checkers/mesh-checker.ts'
import { RecordChecker } from '../src/checkers/record-checker.ts'
import { RequestChecker } from '../src/checkers/request-checker.ts'
import { TableChecker } from '../src/checkers/table-checker.ts'
import { Violations } from '../src/checkers/violations.ts'
import { requireWork } from '../src/checkers/work-checker.ts'
import type { Network } from '../src/network.ts'
import { SeededRandom } from '../src/random.ts'
import type { ScriptedHost } from './scripted-peer.ts'
import { link, scriptedNetwork } from './scripted-peer.ts'

const LINKS_MAX = 2

let network: Network
let peers: ScriptedHost[]
let violations: Violations

beforeEach(() => {
  const made = scriptedNetwork(4)
  network = made.network
  peers = made.peers
  violations = new Violations()
})

/** The peer says this now. */
function say({ act }: ScriptedHost, ...events: readonly PeerEvent[]): void {
  act(...events.map((event) => ({ type: 'event', event }) as const))
  network.advance(1)
}

const idOf = (index: number): PeerId => peers[index]!.host.id
const joined = (index: number): PeerEvent => ({
  type: 'peer-joined',
  peer: idOf(index),
  signalingPath: 'server',
  role: 'dialer',
})
const left = (index: number): PeerEvent => ({ type: 'peer-left', peer: idOf(index), reason: 'left' })

describe('links', () => {
  const checked = (...events: readonly PeerEvent[]) => {
    const checker = new LinkChecker(network, violations, LINKS_MAX)
    network.observe(checker)
    say(peers[0]!, ...events)
    return violations.list.join()
  }

  test('joins and leaves in turn are right', () => {
    expect(checked(joined(1), left(1), joined(1), joined(2))).toBe('')
  })

  test.each([
    ['one link more than allowed', () => [joined(1), joined(2), joined(3)], 'has 3 links of at most 2'],
    ['a join while joined', () => [joined(1), joined(1)], 'twice'],
    ['a leave before a join', () => [left(1)], 'had not joined'],
    ['a link to itself', () => [joined(0)], 'itself'],
    [
      'a peer that stops by itself',
      () => [{ type: 'stopped', code: 'IDENTITY_IN_USE', message: '' } as const],
      'IDENTITY_IN_USE',
    ],
  ])('%s is seen', (_, events, complaint) => {
    expect(checked(...events())).toContain(complaint)
  })

  test('figures of joining begin anew, attempts that timed out too', () => {
    const checker = new LinkChecker(network, violations, LINKS_MAX)
    network.observe(checker)
    const failed = { type: 'link-stage', peer: idOf(1), stage: 'failed:timeout' } as PeerEvent
    say(peers[0]!, joined(1), { type: 'status', status: 'joined' } as PeerEvent, failed)
    expect(checker).toMatchObject({ attemptsTimedOut: 1, joinMs: { count: 1 } })
    checker.forgetJoins()
    expect(checker).toMatchObject({ attemptsTimedOut: 0, joinMs: { count: 0 } })
  })

  test('a connection beyond the cap and the goodbyes is seen', () => {
    network.observe(new LinkChecker(network, violations, -GOODBYES_MAX))
    link(network, peers[0]!, peers[1]!)
    expect(violations.list.join()).toContain('peer 0 has 1 connections of at most 0')
  })
})

describe('requests', () => {
  const answered = (status: 'ok' | 'busy', change: (payload: Uint8Array) => Uint8Array) => {
    const [{ host, peer, act }, { host: other }] = peers as [ScriptedHost, ScriptedHost]
    const checker = new RequestChecker(network, violations, new SeededRandom(1, 'requests'))
    checker.request(host, other)
    network.advance(1)
    const { op, call } = peer.last('command')
    if (call.type !== 'request') throw new Error(`the last command is ${call.type}`)
    act({ type: 'done', op, value: { status, payload: change(call.payload), hops: 1 } })
    network.advance(1)
    expect(checker.underWay).toBe(0)
    return violations.list.join()
  }

  test('an answer is what was asked', () => {
    expect(answered('ok', (payload) => payload)).toBe('')
    expect(answered('busy', (payload) => payload)).toContain('a wrong answer: busy')
  })

  test('another answer is seen', () => {
    expect(answered('ok', (payload) => payload.with(0, 1 ^ (payload[0] as number)))).toContain(
      'a wrong answer',
    )
  })

  test('a handler says what it was asked, and failures are counted with their reason', () => {
    const [{ host, peer, act }, { host: other }] = peers as [ScriptedHost, ScriptedHost]
    const checker = new RequestChecker(network, violations, new SeededRandom(1, 'requests'))
    network.observe(checker)
    const payload = Uint8Array.of(7)
    say(peers[0]!, { type: 'request', request: 'r' as never, from: other.id, name: 'echo', payload })
    expect(peer.last('command').call).toMatchObject({ type: 'respond', status: 'ok', payload })
    checker.request(host, other)
    network.advance(1)
    act({ type: 'failed', op: peer.last('command').op, code: 'TIMEOUT', message: 'late' })
    network.advance(1)
    expect([...checker.failures].join()).toContain('TIMEOUT: late')
  })
})

describe('deliveries', () => {
  let checker: DeliveryChecker

  beforeEach(() => {
    checker = new DeliveryChecker(network, violations)
    network.observe(checker)
    for (const { host } of peers) checker.subscribe(host, 'topic')
    checker.publish(peers[0]!.host, 'topic', 16)
    network.advance(1)
  })

  const message = (change: Partial<PeerEvent & { type: 'message' }> = {}): PeerEvent => {
    const { call } = peers[0]!.peer.last('command')
    if (call.type !== 'publish') throw new Error(`the last command is ${call.type}`)
    const { topic, payload } = call
    return { type: 'message', topic, from: idOf(0), id: 'id' as never, payload, hops: 1, ...change }
  }

  test('one intact copy for everybody but the publisher is right', () => {
    for (const peer of peers.slice(1)) say(peer, message())
    checker.requireAll()
    expect(violations.list).toEqual([])
    expect(checker.deliveredShare()).toBe(1)
    expect(checker.latencies().count).toBe(3)
  })

  test('who left the topic need not get what is on its way, and must not get what comes later', () => {
    const { host, peer, act } = peers[1]!
    checker.unsubscribe(host, 'topic')
    network.advance(1)
    say(peers[1]!, message())
    expect(violations.list).toEqual([])
    act({ type: 'done', op: peer.last('command').op, value: null })
    network.advance(1)
    say(peers[1]!, message())
    checker.requireAll()
    expect(violations.list.join()).toContain('without a subscription')
    expect(violations.list.join()).toContain('did not reach 2 of 2')
  })

  test('a message that did not arrive is missed, by the living alone', () => {
    say(peers[1]!, message())
    peers[2]!.host.crash()
    expect(checker.deliveredShare()).toBe(0.5)
    checker.requireAll()
    expect(violations.list.join()).toContain('did not reach 1 of 3')
  })

  test('shares by the time since publishing are of the living too', () => {
    const saidAt = network.timeline.now
    say(peers[1]!, message())
    peers[2]!.host.crash()
    const withinMs = [0, network.timeline.now - saidAt + 1, 60_000]
    expect(checker.deliveredShares(withinMs)).toEqual([0, 0.5, 0.5])
  })

  test('a second copy, a changed one, a wrong author and a stranger to the topic are seen', () => {
    const changed = (message() as PeerEvent & { type: 'message' }).payload.with(9, 0xee)
    say(peers[1]!, message(), message())
    say(peers[2]!, message({ payload: changed }))
    say(peers[3]!, message({ from: idOf(1) }))
    expect(violations.list.map((text) => text.replace(/^\d+ ms: peer \d /, ''))).toEqual([
      'got message 0 again',
      'got a message that nobody published',
      'got message 0 under a wrong topic or name',
    ])
  })
})

describe('records', () => {
  let checker: RecordChecker
  const key = 'a'.repeat(64) as Key

  beforeEach(() => {
    checker = new RecordChecker(network, violations, new SeededRandom(1))
  })

  /** Ends the last command of the first peer. */
  function done(value: unknown): void {
    const { op } = peers[0]!.peer.last('command')
    peers[0]!.act({ type: 'done', op, value })
    network.advance(1)
  }

  const putResult = (stored = 15) => ({ key, version: {} as RecordVersion, stored, wanted: 20 })
  const getResult = (record: Partial<PeerRecord>) => ({ key, record, holder: idOf(1), hops: 2 })

  function put(entry: ReturnType<RecordChecker['entry']>): Uint8Array {
    checker.put(peers[0]!.host, entry, 8)
    network.advance(1)
    done(putResult())
    return entry.writes.at(-1)!.value
  }

  test('the newest value is right, and so is one that is being written', () => {
    const entry = checker.entry('shared')
    const value = put(entry)
    checker.get(peers[0]!.host, entry)
    network.advance(1)
    done(getResult({ value }))
    expect(violations.list).toEqual([])
    expect(checker).toMatchObject({ getSuccess: 1, getsUnderWay: 0, putsUnderWay: 0 })
  })

  test('a get that failed is remembered as one, also in the next phase', () => {
    const entry = checker.entry('shared')
    put(entry)
    const begunAt = network.timeline.now
    checker.get(peers[0]!.host, entry)
    network.advance(1)
    const { op } = peers[0]!.peer.last('command')
    peers[0]!.act({ type: 'failed', op, code: 'NOT_FOUND', message: '' })
    network.advance(1)
    checker.restart()
    expect(checker).toMatchObject({ attempts: [{ begunAt, tookMs: null }], getsFailed: 0 })
  })

  test('an older value after a put that had returned, and a foreign one, are seen', () => {
    const entry = checker.entry('shared')
    const old = put(entry)
    put(entry)
    for (const value of [old, Uint8Array.of(1)]) {
      checker.get(peers[0]!.host, entry)
      network.advance(1)
      done(getResult({ value }))
    }
    expect(violations.count).toBe(2)
  })

  test('a record whose holders are all dead is lost', () => {
    const entry = checker.entry('immutable')
    const value = put(entry)
    const holder = peers[1]!
    const header = { key } as never
    holder.act({ type: 'store', job: 1, key, record: { kind: 'immutable', value }, header })
    network.advance(1)
    expect(checker.lost()).toEqual([])
    holder.host.crash()
    expect(checker.lost()).toEqual([entry])
  })
})

describe('tables', () => {
  const shownLink = (peer: PeerId) => ({ peer }) as PeerSnapshot['links'][number]
  const checked = (shown: Partial<PeerSnapshot>, sizes: Readonly<Record<string, number>> = {}) => {
    peers[0]!.peer.shown = shown
    peers[0]!.peer.sizes = sizes
    new TableChecker(network, violations, 50).checkAll()
    return violations.list.join()
  }

  test.each([
    [
      'too many siblings',
      () => ({ siblings: Array.from({ length: 41 }, (_, i) => `${i}` as PeerId) }),
      '41 siblings',
    ],
    ['itself among its siblings', () => ({ siblings: [idOf(0)] }), 'wrong siblings'],
    ['a link twice', () => ({ links: [shownLink(idOf(1)), shownLink(idOf(1))] }), 'twice'],
    ['more contacts than its buckets hold', () => ({ contacts: 29, buckets: 1 }), '29 contacts'],
    ['another cap', () => ({ linksMax: 60 }), '60 links'],
  ])('%s is seen', (_, shown, complaint) => {
    expect(checked(shown())).toContain(complaint)
  })

  test('20 members of a bucket and 8 that wait for a place in it are right', () => {
    expect(checked({ contacts: 28, buckets: 1 })).toBe('')
  })

  test.each([
    ['beyond its bound', 'introducedBy', 1_025, 'table introducedBy has 1025'],
    ['that nobody bounded', 'seen', 1, 'table seen has no bound'],
  ])('a table %s is seen', (_, table, size, complaint) => {
    expect(checked({}, { [table]: size })).toContain(complaint)
  })

  test("what the peer's own check finds is passed on", () => {
    peers[2]!.peer.problems = ['bucket 3 is overfull']
    expect(checked({})).toContain('peer 2 bucket 3 is overfull')
  })

  /** What is said of one table whose sizes were these, one after another. */
  const idling = (table: string, sizes: readonly number[]) => {
    const checker = new TableChecker(network, violations)
    const totals = sizes.map((size) => {
      peers[0]!.peer.sizes = { [table]: size }
      return checker.totals()
    })
    checker.checkAll()
    checker.requireSteady(totals)
    return violations.list.join()
  }

  test('work that piles up while nothing happens is seen', () => {
    expect(idling('routes', [0, 3, 4, 9])).toContain('table routes grew steadily from 0 to 9')
  })

  test.each([
    ['work that comes and goes', 'routes', [0, 9, 4, 9]],
    ['work that grows by less than an entry per peer', 'routes', [0, 1, 2, 4]],
    ['a memory that fills up', 'introducedBy', [10, 400, 900, 1_024]],
    ['a memory of two generations that fills up', 'finishedRoutes', [0, 9_000, 12_000, 16_384]],
  ])('%s is right', (_, table, sizes) => {
    expect(idling(table, sizes)).toBe('')
  })

  test('a memory that grows beyond its bound is seen', () => {
    expect(idling('finishedRoutes', [0, 9_000, 16_000, 16_385])).toContain('16385 entries of at most 16384')
  })
})

describe('mesh', () => {
  const show = (index: number, linked: readonly number[], siblings: readonly number[]) => {
    const links = linked.map((other) => ({ peer: idOf(other) }) as PeerSnapshot['links'][number])
    peers[index]!.peer.shown = { links, siblings: siblings.map(idOf) }
  }

  test('one connected network whose peers know their neighbours is right; otherwise it says what is not', () => {
    const checker = new MeshChecker(network)
    show(0, [1], [1, 2, 3])
    show(1, [0, 2], [0, 2, 3])
    show(2, [1, 3], [0, 1, 3])
    show(3, [2], [0, 1, 2])
    expect(checker.complaints()).toEqual([])
    show(2, [1], [0, 1])
    show(3, [], [0, 1, 2])
    expect(checker.complaints()).toEqual([
      '1 of 4 peers are apart from the rest',
      '1 peers do not know all of their 8 closest, among them 2',
    ])
    peers[0]!.host.crash()
    expect(checker.complaints()).toContain('1 peers hold links to the dead, among them 1')
  })
})

test('a run in which nothing happened is not accepted', () => {
  requireWork(network, violations, { messages: ['GOSSIP'], counts: { gets: 0, means: Number.NaN, puts: 1 } })
  expect(violations.count).toBe(3)
})
