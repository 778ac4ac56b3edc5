import { beforeEach, describe, expect, it } from 'vitest'
import type { Effect, Input, OpId } from '../../src/contract.ts'
import { draftFrame, gossipDomain, messageIdOf, sealFrame, signedBytes } from '../../src/gossip/envelope.ts'
import { topicOf } from '../../src/gossip/topic.ts'
import { networkIdOf, topicHash } from '../../src/identity/network-id.ts'
import { contentKey, type Key, keyOf } from '../../src/identity/peer-id.ts'
import {
  JOBS_PER_LINK_MAX,
  JOBS_WAITING_PER_LINK_MAX,
  OFFERS_PER_MINUTE,
  REQUESTS_IN_MAX,
} from '../../src/limits.ts'
import type { GetResult, PutResult } from '../../src/peer/calls.ts'
import { brokenInPeer } from '../../src/peer/invariants.ts'
import { Peer } from '../../src/peer/peer.ts'
import { toHex, utf8 } from '../../src/wire/bytes.ts'
import { encodeFrame, encodeInner } from '../../src/wire/codec.ts'
import { type Message, type OperationId, ROUTED_BYTES_MAX, type TopicId } from '../../src/wire/messages.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import { attemptNumber, contactNumber, seal, sign } from '../link/stand-ins.ts'
import { Attacker } from './attacker.ts'
import { INTRODUCER, NETWORK_ID, PeerNetwork, type PeerNode } from './harness.ts'
import { LATENCY_MS } from './memory-links.ts'

let network: PeerNetwork

beforeEach(() => {
  network = new PeerNetwork()
})

/** That many peers, each linked to every other. */
function meshed(count: number): PeerNode[] {
  const peers = Array.from({ length: count }, (_, number) => network.add(contactNumber(1 + number)))
  network.until(() => peers.every((peer) => peer.linked().length === count - 1))
  return peers
}

function three(): [PeerNode, PeerNode, PeerNode] {
  return meshed(3) as [PeerNode, PeerNode, PeerNode]
}

function valueFrom(peer: PeerNode, text: string): Uint8Array | undefined {
  const outcome = peer.outcome({ type: 'get', name: { kind: 'immutable', key: contentKey(utf8(text)) } })
  return 'value' in outcome ? (outcome.value as GetResult).record.value : undefined
}

function put(peer: PeerNode, text: string): PutResult {
  const outcome = peer.outcome({ type: 'put', draft: { kind: 'immutable', value: utf8(text) } })
  return 'value' in outcome ? (outcome.value as PutResult) : expect.fail(`put failed: ${outcome.code}`)
}

/** Joins and leaves that a peer told of another. */
function told(peer: PeerNode, other: PeerNode): string {
  return peer.events
    .flatMap((event) => ('peer' in event && event.peer === other.id ? [event.type] : []))
    .map((type) => (type === 'peer-joined' ? '+' : type === 'peer-left' ? '-' : ''))
    .join('')
}

function offences(peer: PeerNode): Readonly<Record<string, number>> {
  return peer.snapshot().traffic.offences
}

describe('timers', () => {
  const INVITE_MS = 15 * 60_000
  const EARLY: Input = { type: 'environment', online: false, visible: true, pausedMs: 0 }

  /** A peer whose invite nobody answers, at the moment that its timer is due; what it does then, in short. */
  function atTheLastMoment() {
    const self = contactNumber(1)
    const peer = new Peer({ contact: self, networkId: NETWORK_ID, workBits: 0 }, new SeededRandom(1))
    const say = (input: Input, now: number) => {
      const out: Effect[] = []
      peer.handle(input, now, out)
      return out.flatMap((effect) =>
        effect.type === 'failed' ? ['failed'] : effect.type === 'wake-at' ? [`wake at ${effect.at}`] : [],
      )
    }
    say({ type: 'command', op: 1 as OpId, call: { type: 'invite-create' } }, 0)
    return say
  }

  it('fire before the input of their moment, a frame late as well', () => {
    expect(atTheLastMoment()(EARLY, INVITE_MS)).toContain('failed')
    expect(atTheLastMoment()({ type: 'wake' }, INVITE_MS + 20)).toContain('failed')
  })

  it('wait after a standstill, until what came meanwhile was heard', () => {
    const say = atTheLastMoment()
    const late = INVITE_MS + 21
    expect(say(EARLY, late)).toEqual([`wake at ${late + 10}`])
    expect(say(EARLY, late + 9)).toEqual([])
    expect(say({ type: 'wake' }, late + 10)).toContain('failed')
  })

  it('wait once, however long the page goes on standing still', () => {
    const say = atTheLastMoment()
    say(EARLY, INVITE_MS + 500)
    expect(say({ type: 'wake' }, INVITE_MS + 900)).toContain('failed')
  })
})

describe('three peers', () => {
  it('find each other and tell each join once', () => {
    const peers = three()
    for (const peer of peers) {
      for (const other of peers) if (other !== peer) expect(told(peer, other)).toBe('+')
      expect(peer.snapshot()).toMatchObject({ status: 'joined', dialing: 0 })
      expect(brokenInPeer(peer.peer.machines)).toEqual([])
    }
  })

  it('while nothing changes, no link is made or closed', () => {
    const peers = three()
    network.run(5_000)
    const before = peers.map((peer) => [peer.events.length, peer.effectsByType.get('dial')])
    network.run(120_000)
    expect(peers.map((peer) => [peer.events.length, peer.effectsByType.get('dial')])).toEqual(before)
    for (const peer of peers) expect(offences(peer)).toEqual({})
  })

  it('a published message arrives at every subscriber once', () => {
    const [a, b, c] = three()
    for (const peer of [b, c]) peer.call({ type: 'subscribe', topic: 'chat' })
    network.run(1_000)
    const outcome = a.outcome({ type: 'publish', topic: 'chat', payload: utf8('hello'), deadlineMs: 5_000 })
    expect(outcome).toMatchObject({ value: { recipients: 2 } })
    network.run(1_000)
    for (const peer of [b, c])
      expect(peer.eventsOf('message')).toMatchObject([{ topic: 'chat', from: a.id, payload: utf8('hello') }])
    expect(a.eventsOf('message')).toEqual([])
  })

  it('a value that one puts is got by the others', () => {
    const [a, b, c] = three()
    expect(put(a, 'value')).toMatchObject({ stored: 3, wanted: 3 })
    for (const peer of [b, c]) expect(valueFrom(peer, 'value')).toEqual(utf8('value'))
    expect(valueFrom(b, 'no such value')).toBeUndefined()
  })

  it('[LK12] a peer that vanishes has left once for everybody within 10 s', () => {
    const [a, b, c] = three()
    network.vanish(c)
    network.run(10_000)
    for (const peer of [a, b]) {
      expect(told(peer, c)).toBe('+-')
      expect(peer.linked()).toHaveLength(1)
    }
  })

  it('[GS-37] a page that stood still for seconds hears of its topics again', () => {
    const [slow, ...others] = meshed(5) as [PeerNode, ...PeerNode[]]
    for (const peer of [slow, ...others]) peer.call({ type: 'subscribe', topic: 'chat' })
    network.run(5_000)
    for (const other of others)
      other.deliver({ type: 'link-silent', link: other.peer.linkOf(slow.id) as number })
    network.run(5_000)
    for (const peer of others)
      peer.call({ type: 'publish', topic: 'chat', payload: utf8('hello'), deadlineMs: 1_000 })
    network.run(5_000)
    for (const peer of others) expect(told(peer, slow)).toBe('+')
    expect(slow.eventsOf('message').map(({ from }) => from)).toEqual(others.map(({ id }) => id))
  })

  it('[LK8] a restarted peer has left once and joined once, although the old links were never closed', () => {
    const [a, b, c] = three()
    network.vanish(c)
    const again = network.add(c.contact, { bootId: 2, knows: [a.contact, b.contact] })
    network.until(() => again.linked().length === 2)
    network.run(10_000)
    for (const peer of [a, b]) expect(told(peer, again)).toBe('+-+')
  })
})

describe('closing', () => {
  it('hands records over, says goodbye, and is done once every link is closed', () => {
    const peers = meshed(5)
    const [leaver, ...others] = peers as [PeerNode, ...PeerNode[]]
    put(leaver, 'heritage')
    const op = leaver.call({ type: 'close', deadlineMs: 5_000 })
    let openBefore = network.links.openLinks(leaver).length
    for (let ms = 0; ms < 10_000 && !leaver.outcomeByOp.has(op); ms++) {
      openBefore = network.links.openLinks(leaver).length
      network.run(1)
    }
    expect(leaver.outcomeByOp.get(op)).toEqual({ value: null })
    expect(openBefore).toBeGreaterThan(0)
    expect(network.links.openLinks(leaver)).toEqual([])
    expect(leaver.snapshot()).toMatchObject({ status: 'closed', links: [] })
    network.run(10_000)
    for (const other of others) {
      expect(told(other, leaver)).toBe('+-')
      expect(other.eventsOf('peer-left')).toMatchObject([{ reason: 'left' }])
      expect(valueFrom(other, 'heritage')).toEqual(utf8('heritage'))
    }
  })

  it('says goodbye at once where its page goes while it still hands over', () => {
    const [leaver, other] = three()
    leaver.call({ type: 'put', draft: { kind: 'immutable', value: utf8('heritage') } })
    const op = leaver.call({ type: 'close', deadlineMs: 5_000 })
    leaver.call({ type: 'close', deadlineMs: 0 })
    network.run(LATENCY_MS)
    network.vanish(leaver)
    expect(other.eventsOf('peer-left')).toMatchObject([{ peer: leaver.id, reason: 'left' }])
    expect(leaver.outcomeByOp.get(op)).toBeUndefined()
  })

  it('is done within its deadline although the others are dead', () => {
    const [a, b, c] = three()
    put(a, 'lost')
    for (const peer of [b, c]) network.vanish(peer)
    const op = a.call({ type: 'close', deadlineMs: 2_000 })
    network.run(3_001)
    expect(a.outcomeByOp.get(op)).toEqual({ value: null })
  })

  it('without links, or without time, is done at once', () => {
    const alone = network.add(contactNumber(1))
    const op = alone.call({ type: 'close', deadlineMs: 5_000 })
    expect(alone.outcomeByOp.get(op)).toEqual({ value: null })
    network = new PeerNetwork()
    const [a] = three()
    const now = a.call({ type: 'close', deadlineMs: 0 })
    network.run(100)
    expect(a.outcomeByOp.get(now)).toEqual({ value: null })
  })

  it('afterwards every command fails with CLOSED, and no link is made', () => {
    const [a, b] = three()
    const closing = a.call({ type: 'close', deadlineMs: 1_000 })
    const during = a.call({ type: 'subscribe', topic: 'late' })
    network.until(() => a.outcomeByOp.has(closing))
    const value = utf8('late')
    const calls = [
      a.call({ type: 'put', draft: { kind: 'immutable', value } }),
      a.call({ type: 'get', name: { kind: 'immutable', key: contentKey(value) } }),
      a.call({ type: 'publish', topic: 'late', payload: value, deadlineMs: 1_000 }),
      a.call({ type: 'invite-create' }),
      a.call({ type: 'close', deadlineMs: 0 }),
    ]
    for (const op of [during, ...calls]) expect(a.outcomeByOp.get(op)).toMatchObject({ code: 'CLOSED' })
    a.deliver({ type: 'introduced', contacts: [b.contact], source: INTRODUCER })
    network.run(30_000)
    expect(network.links.openLinks(a)).toEqual([])
    expect(b.linked()).toHaveLength(1)
  })

  it('[LK8] of two boots of one identity the older stops, says why once, and can still be closed', () => {
    const [a, b, older] = three()
    const newer = network.add(older.contact, { bootId: 2, knows: [a.contact, b.contact] })
    network.until(() => newer.linked().length === 2)
    network.run(10_000)
    expect(older.eventsOf('stopped')).toMatchObject([{ code: 'IDENTITY_IN_USE' }])
    expect(newer.eventsOf('stopped')).toEqual([])
    expect(network.links.openLinks(older)).toEqual([])
    expect(older.outcomeByOp.get(older.call({ type: 'subscribe', topic: 'x' }))).toMatchObject({
      code: 'CLOSED',
    })
    expect(older.outcome({ type: 'close', deadlineMs: 1_000 })).toEqual({ value: null })
    for (const peer of [a, b]) expect(told(peer, older)).toBe('+-+')
  })
})

describe('commands', () => {
  it('cancel drops the state; what comes late is a no-op', () => {
    const [a] = three()
    const name = { kind: 'immutable', key: contentKey(utf8('nowhere')) } as const
    const op = a.call({ type: 'get', name })
    expect(a.tables()['operations']).toBeGreaterThan(0)
    a.deliver({ type: 'cancel', op })
    expect(a.tables()).toMatchObject({ storeCalls: 0 })
    network.run(30_000)
    expect(a.outcomeByOp.has(op)).toBe(false)
    expect(a.tables()).toMatchObject({ operations: 0, storeCalls: 0, operationOwners: 0 })
    a.deliver({ type: 'cancel', op: 4_711 })
  })

  it('[LK9] a link that the application cuts is made again', () => {
    const [a, b] = three()
    expect(a.outcome({ type: 'unlink', peer: b.id })).toEqual({ value: null })
    network.until(() => told(a, b) === '+-+' && told(b, a) === '+-+')
  })

  it('[SI6] an invite links two that no introducer and no overlay joins', () => {
    const [host, guest] = [1, 2].map((number) => network.add(contactNumber(number), { knows: [] })) as [
      PeerNode,
      PeerNode,
    ]
    const offer = host.outcome({ type: 'invite-create' }) as { value: { attempt: never; bytes: Uint8Array } }
    const answer = guest.outcome({ type: 'invite-accept', offer: offer.value.bytes }) as typeof offer
    const { attempt } = offer.value
    const done = host.outcome({ type: 'invite-complete', attempt, answer: answer.value.bytes })
    expect(done).toEqual({ value: null })
    expect(host.eventsOf('peer-joined')).toMatchObject([{ peer: guest.id, signalingPath: 'invite' }])
    expect(host.tables()).toMatchObject({ attempts: 0 })
  })
})

describe('what means nothing', () => {
  it('an unknown job, a repeated one and a wake without a timer are no-ops', () => {
    const [a] = three()
    const before = JSON.stringify(a.snapshot())
    const effects = new Map(a.effectsByType)
    for (const job of [0, 1, 2, 3, 999_999]) {
      a.deliver({ type: 'job-done', job, result: { type: 'verified', valid: true } })
      a.deliver({ type: 'job-done', job, result: { type: 'opened', bytes: null } })
    }
    for (let i = 0; i < 10; i++) a.deliver({ type: 'wake' })
    expect(JSON.stringify(a.snapshot())).toBe(before)
    for (const type of ['send', 'event', 'dial', 'sign', 'close'] as const)
      expect(a.effectsByType.get(type)).toBe(effects.get(type))
  })

  it('inputs about unknown links, attempts and introducers are no-ops', () => {
    const [a, b] = three()
    const attempt = attemptNumber(1)
    const bytes = new Uint8Array(20)
    const events = a.events.length
    a.deliver({ type: 'link-received', link: 999, channel: 'control', bytes })
    a.deliver({ type: 'link-writable', link: 999, channel: 'bulk', roomBytes: 1 })
    a.deliver({ type: 'link-silent', link: 999 })
    a.deliver({ type: 'link-closed', link: 999, reason: '' })
    a.deliver({ type: 'link-failed', attempt, stage: 'ice', detail: '' })
    a.deliver({ type: 'local-signal', attempt, bytes })
    a.deliver({ type: 'undeliverable', via: 'nobody', to: b.id })
    a.deliver({ type: 'signal', via: 'nobody', from: b.contact, bytes })
    expect(a.events.length).toBe(events)
    expect(a.linked()).toHaveLength(2)
  })

  it('a connection that nobody waits for is closed', () => {
    const [a] = three()
    const binding = { local: new Uint8Array(32), remote: new Uint8Array(32) }
    const opened = {
      type: 'link-opened',
      link: 999,
      attempt: attemptNumber(1),
      role: 'listener',
      binding,
    } as const
    a.deliver({ ...opened, remoteGroup: '' })
    expect(a.effectsByType.get('close')).toBe(1)
    expect(a.tables()['connections']).toBe(2)
  })

  it('a timer that means nothing any more wakes nobody', () => {
    const { peer } = network.add(contactNumber(1))
    const wakesFor = (machine: 'routing' | 'links', timer: unknown) => {
      peer.setTimer(machine, 100, timer)
      const out: Effect[] = []
      peer.handle({ type: 'wake' }, network.now, out)
      return out.some((effect) => effect.type === 'wake-at' && effect.at === network.now + 100)
    }
    expect(wakesFor('links', { type: 'handshake', link: 999 })).toBe(false)
    expect(wakesFor('routing', { type: 'probe', peer: contactNumber(2).id, since: network.now })).toBe(false)
    expect(wakesFor('routing', { type: 'arrive' })).toBe(true)
  })

  it('a timer for this very moment does not wait for the next input', () => {
    const { peer } = network.add(contactNumber(1))
    const at = network.now + 100_000
    const timer = { type: 'arrive' }
    peer.setTimer('routing', 100_000, timer)
    // The first wake comes after a standstill, and the timers of until then with the second.
    for (const early of [20, 1]) peer.handle({ type: 'wake' }, at - early, [])
    const out: Effect[] = []
    out.push = (effect) => {
      // What a machine would do that is asked for something at the moment for which the peer woke up.
      if (effect.type === 'close') peer.setTimer('routing', 0, timer)
      return Array.prototype.push.call(out, effect)
    }
    const binding = { local: new Uint8Array(32), remote: new Uint8Array(32) }
    const opened = {
      type: 'link-opened',
      link: 9,
      attempt: attemptNumber(1),
      role: 'listener',
      binding,
    } as const
    peer.handle({ ...opened, remoteGroup: '' }, at, out)
    expect(out).toContainEqual({ type: 'wake-at', at })
  })
})

describe('hostile neighbours', () => {
  let victim: PeerNode
  let friend: PeerNode
  let attacker: Attacker

  beforeEach(() => {
    ;[victim, friend] = three()
    attacker = new Attacker(network, contactNumber(66), victim)
  })

  /** The victim's other links are there and work. */
  function expectHealthy(): void {
    expect(victim.linked()).toContain(friend.id)
    expect(told(victim, friend)).toBe('+')
    expect(told(friend, victim)).toBe('+')
    expect(friend.snapshot().traffic.offences).toEqual({})
    const text = `value ${network.now}`
    put(victim, text)
    expect(valueFrom(friend, text)).toEqual(utf8(text))
  }

  function operationOf(number: number): OperationId {
    return toHex(utf8(`operation${number}`.padStart(16, '0'))) as OperationId
  }

  /** A ROUTE to exactly the target, with hops to spend. */
  function route(number: number, inner: Uint8Array, target: Key): Uint8Array {
    return encodeFrame(
      {
        type: 'ROUTE',
        operation: operationOf(number),
        path: 0,
        mode: 1,
        target,
        visited: [],
        via: [],
        inner,
      },
      20,
    )
  }

  it('[LK-16] jobs that one link causes are bounded', () => {
    attacker.links()
    const topic = toHex(topicHash(NETWORK_ID, 'chat').subarray(0, 16)) as TopicId
    victim.call({ type: 'subscribe', topic: 'chat' })
    network.run(1_000)
    const before = victim.effectsByType.get('verify') ?? 0
    const forged = (counter: number): Message => ({
      type: 'GOSSIP',
      topic,
      author: contactNumber(500),
      boot: 1,
      counter,
      payload: new Uint8Array(0),
      signature: new Uint8Array(64),
    })
    const frames = Array.from({ length: 80 }, (_, counter) => encodeFrame(forged(counter), 8))
    const batch = frames.flatMap((frame) => [frame.length >> 8, frame.length & 0xff, ...frame])
    const link = victim.peer.linkOf(attacker.contact.id) as number
    victim.deliver({ type: 'link-received', link, channel: 'control', bytes: Uint8Array.from(batch) })
    expect((victim.effectsByType.get('verify') ?? 0) - before).toBe(JOBS_PER_LINK_MAX)
    network.run(1_000)
    expect(victim.tables()['jobs']).toBe(0)
    expect(attacker.goodbye).toBe('protocol-violation')
    expectHealthy()
  })

  /** The attacker gives the victim that many messages to verify, and more that it says after them, at one instant. */
  function flood(messages: number, ...more: Uint8Array[]): Uint8Array[] {
    attacker.links()
    victim.call({ type: 'subscribe', topic: 'chat' })
    network.run(1_000)
    attacker.says({ type: 'TOPICS', all: true, added: [topicOf(NETWORK_ID, 'chat').id], removed: [] })
    const frames = Array.from({ length: messages }, (_, counter) => gossip(counter))
    attacker.says(...frames, ...more)
    network.run(1_000)
    return frames
  }

  it('[RQ11] requests whose verification was dropped keep nobody else out', () => {
    const inner = (id: OperationId) => {
      const head = { type: 'REQUEST', request: id, sender: contactNumber(600), sentAt: network.now } as const
      return encodeInner({ ...head, name: 'x', payload: new Uint8Array(0), signature: new Uint8Array(64) })
    }
    const requests = Array.from({ length: REQUESTS_IN_MAX }, (_, n) =>
      route(n, inner(operationOf(n)), keyOf(victim.id)),
    )
    flood(JOBS_PER_LINK_MAX + JOBS_WAITING_PER_LINK_MAX, ...requests)
    expect(victim.tables()).toMatchObject({ jobsDropped: REQUESTS_IN_MAX, requestsChecking: 0 })
    const payload = Uint8Array.of(1)
    friend.call({ type: 'request', to: victim.id, name: 'x', payload, timeoutMs: 5_000 })
    network.run(1_000)
    expect(victim.eventsOf('request')).toHaveLength(1)
    expectHealthy()
  })

  it('[GS36] a neighbour that asks for ever new topics costs nobody its other links', () => {
    attacker.links()
    network.run(5_000)
    for (let tick = 0; tick < 60; tick++) {
      const frames = Array.from({ length: 50 }, (_, index): Message => {
        const { id, key } = topicOf(NETWORK_ID, `rare ${tick * 50 + index}`)
        return { type: 'SUBSCRIBE', topic: id, target: key, lifeSeconds: 100 }
      })
      attacker.says(...frames)
      network.run(100)
    }
    expectHealthy()
  })

  it('[GS-5] a message whose verification was dropped is fetched when it is announced again', () => {
    const frames = flood(JOBS_PER_LINK_MAX + JOBS_WAITING_PER_LINK_MAX + 24)
    expect(victim.tables()).toMatchObject({ jobsDropped: 24, gossipParked: 0 })
    expect(victim.eventsOf('message')).toHaveLength(frames.length - 24)

    const ids = frames.map((frame) => messageIdOf(frame))
    const chat = topicOf(NETWORK_ID, 'chat').id
    attacker.says({ type: 'IHAVE', topic: chat, ids: ids.slice(-24), reconcile: false })
    network.run(1_000)
    const grafts = attacker.heard.flatMap(({ message }) => (message.type === 'GRAFT' ? message.ids : []))
    expect(new Set(grafts)).toEqual(new Set(ids.slice(-24)))
    attacker.says(...frames.slice(-24))
    network.run(1_000)
    expect(victim.eventsOf('message')).toHaveLength(frames.length)
    expectHealthy()
  })

  /** A genuine message of a third party, as the attacker might have got it. */
  function gossip(counter: number): Uint8Array {
    const author = contactNumber(500)
    const payload = new Uint8Array(0)
    const draft = draftFrame({ topic: topicOf(NETWORK_ID, 'chat').id, author, boot: 1, counter, payload }, 8)
    return sealFrame(draft, sign(author.signingKey, signedBytes(gossipDomain(NETWORK_ID), draft)))
  }

  it('[SI3] a flood of offers by many identities costs at most its budget of connections', () => {
    const before = victim.effectsByType.get('accept') ?? 0
    for (let i = 0; i < 600; i++) {
      new Attacker(network, contactNumber(1_000 + i), victim).signal('offer', new Uint8Array(8))
      network.run(20)
    }
    const accepted = (victim.effectsByType.get('accept') ?? 0) - before
    expect(accepted).toBeGreaterThan(0)
    expect(accepted).toBeLessThanOrEqual(OFFERS_PER_MINUTE * (1 + 12 / 60))
    network.run(60_000)
    expect(victim.tables()).toMatchObject({ attempts: 0, boxes: 0 })
    expectHealthy()
  })

  it('[SI3] a flood of offers by one identity bans it', () => {
    attacker.links()
    for (let i = 0; i < 40; i++) {
      attacker.attempt = attemptNumber(5_000 + i)
      attacker.signal('offer', new Uint8Array(8))
    }
    network.run(100)
    expect(attacker.goodbye).toBe('protocol-violation')
    expect(victim.linked()).not.toContain(attacker.contact.id)
    expect(offences(victim)['flood']).toBeGreaterThan(10)
    expectHealthy()
  })

  it('[SI1] signals of unknown shape are counted, and cost nobody a link', () => {
    const via = INTRODUCER
    for (const bytes of [new Uint8Array(0), new Uint8Array(5), new Uint8Array(5_000)])
      victim.deliver({ type: 'signal', via, from: friend.contact, bytes })
    const body = encodeInner({ type: 'SIGNAL', sender: friend.contact, box: new Uint8Array(3) })
    const bytes = seal(attacker.contact, victim.contact, body)
    victim.deliver({ type: 'signal', via, from: attacker.contact, bytes })
    network.run(10)
    expect(offences(victim)).toEqual({ 'bad-signal': 4 })
    expectHealthy()
  })

  it('[SI3] an offer under the id of a connection that is there constructs nothing', () => {
    attacker.links()
    const before = victim.effectsByType.get('accept')
    attacker.signal('offer', new Uint8Array(8))
    const other = new Attacker(network, contactNumber(67), victim)
    other.attempt = attacker.attempt
    other.signal('offer', new Uint8Array(8))
    network.run(100)
    expect(victim.effectsByType.get('accept')).toBe(before)
    expect(victim.linked()).toContain(attacker.contact.id)
  })

  it('[SI3] nobody is blamed for boxes that it could not look into', () => {
    attacker.links()
    const sender = contactNumber(900)
    for (let i = 0; i < 200; i++) {
      const inner = encodeInner({ type: 'SIGNAL', sender, box: new Uint8Array(40).fill(i) })
      attacker.says(route(i, inner, keyOf(friend.id)))
      network.run(5)
    }
    network.run(2_000)
    const counted = friend.snapshot().traffic.offences
    expect((counted['bad-signal'] ?? 0) + (counted.flood ?? 0)).toBe(200)
    expect(victim.linked()).toContain(friend.id)
    expect(told(friend, victim)).toBe('+')
    expect(friend.snapshot().links.find(({ peer }) => peer === victim.id)?.score).toBe(100)
  })

  it('[WR4] a ROUTE as long as can be is forwarded without harm to the forwarder', () => {
    attacker.links()
    for (const [index, length] of [ROUTED_BYTES_MAX, ROUTED_BYTES_MAX - 1].entries())
      attacker.says(route(index, new Uint8Array(length), keyOf(friend.id)))
    network.run(2_000)
    expect(friend.snapshot().traffic.received.ROUTE?.bytes).toBeGreaterThan(2 * ROUTED_BYTES_MAX)
    expectHealthy()
  })

  it('[LK2] a peer of another network does not get in', () => {
    const stranger = network.add(contactNumber(70), {
      networkId: networkIdOf('elsewhere', 0),
      knows: [victim.contact],
    })
    network.run(30_000)
    expect(stranger.linked()).toEqual([])
    expect(stranger.eventsOf('link-stage').map(({ detail }) => detail)).toContain('wrong-network')
    expectHealthy()
  })
})

describe('a full peer', () => {
  it('[LK-15] takes an invite in place of another link', () => {
    const full = { linksMax: 2 }
    const peers = Array.from({ length: 4 }, (_, number) => network.add(contactNumber(1 + number), full))
    network.run(60_000)
    const [host, guest] = [peers[0]!, network.add(contactNumber(9), { knows: [], ...full })]
    expect(network.links.openLinks(host)).toHaveLength(2)
    const offer = host.outcome({ type: 'invite-create' }) as { value: { attempt: never; bytes: Uint8Array } }
    const answer = guest.outcome({ type: 'invite-accept', offer: offer.value.bytes }) as typeof offer
    const { attempt } = offer.value
    host.outcome({ type: 'invite-complete', attempt, answer: answer.value.bytes })
    for (const peer of [...peers, guest]) {
      expect(peer.snapshot().links.length).toBeLessThanOrEqual(2)
      expect(brokenInPeer(peer.peer.machines)).toEqual([])
    }
  })

  it('[SI4] refuses through the overlay, and the newcomer takes it for full, not for dead', () => {
    const peers = Array.from({ length: 8 }, (_, number) =>
      network.add(contactNumber(1 + number), { linksMax: 4 }),
    )
    network.run(60_000)
    for (const peer of peers) {
      expect(network.links.openLinks(peer).length).toBeLessThanOrEqual(4)
      expect(brokenInPeer(peer.peer.machines)).toEqual([])
    }
    const stages = peers.flatMap((peer) => peer.eventsOf('link-stage'))
    const refused = stages.filter(({ stage }) => stage === 'refused')
    const offers = (attempt: string) =>
      stages.filter((one) => one.attempt === attempt && one.stage === 'offer-sent').length
    // A refusal is an answer: nobody looks for another way to somebody who is full.
    for (const { attempt } of refused) expect(offers(attempt)).toBe(1)
    const byOverlay = stages.filter(({ stage, detail }) => stage === 'offer-sent' && detail === 'overlay')
    expect(refused.some(({ attempt }) => byOverlay.some((offer) => offer.attempt === attempt))).toBe(true)
    expect(stages.filter(({ stage }) => stage === 'failed:signaling')).toEqual([])
  })
})
