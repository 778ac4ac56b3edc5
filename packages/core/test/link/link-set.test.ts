import { beforeEach, describe, expect, it } from 'vitest'
import type { LinkId } from '../../src/contract.ts'
import { CLOSE_CODES } from '../../src/errors.ts'
import {
  BAN_MS,
  CONTROL_QUEUE_BYTES_LAZY,
  CONTROL_QUEUE_BYTES_MAX,
  GOODBYES_MAX,
  LEAF_KEEPALIVE_MS,
  LEAF_SILENCE_MS,
  LINK_KEEPALIVE_MS,
  LINK_SILENCE_MS,
  PING_EVERY_MS,
  PRUNE_AFTER_MS,
  SCORE_PER_MINUTE,
} from '../../src/limits.ts'
import { bootStatement } from '../../src/link/handshake.ts'
import { LINK_REASONS } from '../../src/peer/calls.ts'
import { concatBytes } from '../../src/wire/bytes.ts'
import { encodeFrame, FLAG_DIRECT } from '../../src/wire/codec.ts'
import type { Message } from '../../src/wire/messages.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import { type Host, LinkBench, NETWORK_ID, type Step, Stranger } from './link-bench.ts'
import { contactNumber, contactsInOrder, sign } from './stand-ins.ts'

type Contact = ReturnType<typeof contactNumber>
const [small, large] = contactsInOrder(2) as [Contact, Contact]
const other = contactNumber(7)
const ping: Message = { type: 'PING', nonce: 5 }

let bench: LinkBench
let a: Host
let b: Host

function setUp(): void {
  bench = new LinkBench()
  a = bench.host({ contact: small })
  b = bench.host({ contact: large })
}
beforeEach(setUp)

function linksOf(host: Host): (LinkId | null)[] {
  return [a, b].filter((peer) => peer !== host).map((peer) => host.links.roster.linkOf(peer.id))
}

/** That both ends hold the same connection and nothing else. */
function expectOneLink(): void {
  const [atA, atB] = [a.links.roster.linkOf(b.id), b.links.roster.linkOf(a.id)]
  if (atA === null || atB === null) return expect.fail(`no link: ${atA} and ${atB}`)
  expect(Math.ceil(atA / 2)).toBe(Math.ceil(atB / 2))
  for (const host of [a, b]) {
    expect(host.links.tables()).toMatchObject({ connections: 1, spareLinks: 0 })
    expectConsistent(host, true)
  }
}

/** Joins and leaves alternate, and so does what the other machines hear. */
function expectConsistent(host: Host, linked: boolean): void {
  expect(host.joins()).toMatch(linked ? /^\+(-\+)*$/ : /^(\+-)*$/)
  expect(host.ups()).toMatch(linked ? /^\+(-\+)*$/ : /^(\+-)*$/)
}

function says(host: Host, from: LinkId, ...messages: (Message | Uint8Array)[]): void {
  bench.inject(host, from, messages)
}

function ask(host: Host, to: Host, reasons: number): void {
  host.reasonsByPeer.set(to.id, reasons)
  bench.input(host, { type: 'reasons', peer: to.id, reasons })
  bench.run()
}

describe('two connections between the same boots', () => {
  it('[LK7] the smaller id closes the newer one, and both ends keep the older', () => {
    bench.link(a, b)
    bench.link(b, a)
    bench.advance(1_000)
    expect(linksOf(a)).toEqual([1])
    expectOneLink()
    expect([a.joins(), b.joins(), a.ups(), b.ups()]).toEqual(['+', '+', '+', '+'])
    expect(a.failures()).toEqual(['duplicate'])
  })

  it('[LK7] every attempt ends: as proved, or as failed', () => {
    bench.link(a, b)
    bench.link(b, a)
    for (const host of [a, b]) {
      const ended = host.effects.filter(({ type }) => type === 'proved' || type === 'handshake-failed')
      expect(ended).toHaveLength(2)
    }
  })

  /** Orders in which the first two messages of four pipes may arrive. */
  function* orders(left: readonly number[], taken: readonly number[] = []): Generator<readonly number[]> {
    if (left.every((count) => count === 0)) yield taken
    for (const [pipe, count] of left.entries()) {
      if (count > 0) yield* orders(left.with(pipe, count - 1), [...taken, pipe])
    }
  }

  it.each([
    ['both dialed by one', false],
    ['dialed by either', true],
  ])('[LK7] one link results in every order of the messages: %s', (_, crossed) => {
    let count = 0
    for (const order of orders([2, 2, 2, 2])) {
      setUp()
      bench.connect(a, b)
      if (crossed) bench.connect(b, a)
      else bench.connect(a, b)
      const links = bench.steps().map((step) => (step.type === 'message' ? step.pipe.link : 0))
      for (const pipe of order) {
        takeJobs()
        const next = bench.steps().find((step) => step.type === 'message' && step.pipe.link === links[pipe])
        if (next !== undefined) bench.take(next)
      }
      bench.run()
      bench.advance(2_000)
      expectOneLink()
      count += 1
    }
    expect(count).toBe(2_520)
  })

  function takeJobs(): void {
    for (let step = firstJob(); step !== undefined; step = firstJob()) bench.take(step)
  }

  function firstJob(): Step | undefined {
    return bench.steps().find((step) => step.type === 'job')
  }

  it('[LK7] one link results where jobs end in any order too', () => {
    for (let seed = 1; seed <= 1_000; seed++) {
      setUp()
      const random = new SeededRandom(seed)
      for (let i = 0; i < 2; i++) {
        if (random.below(2) === 0) bench.connect(a, b)
        else bench.connect(b, a)
      }
      bench.run((steps) => random.below(steps))
      bench.advance(2_000)
      expectOneLink()
    }
  })

  it('[LK7] where the first is suspect, the newer one takes over and nobody hears of a leave', () => {
    const { dialer } = bench.link(a, b)
    ask(b, a, LINK_REASONS.leaf)
    bench.input(a, { type: 'silent', link: dialer })
    bench.input(b, { type: 'silent', link: dialer + 1 })
    bench.cut(dialer)
    bench.cut(dialer + 1)
    expect([a.ups(), b.ups()]).toEqual(['+-', '+-'])
    bench.link(a, b)
    bench.advance(10_000)
    expect(linksOf(a)).toEqual([dialer + 2])
    expect([a.joins(), b.joins(), a.ups(), b.ups()]).toEqual(['+', '+', '+-+', '+-+'])
    expect(a.stages()).toContain('replaced')
    expect(a.links.roster.snapshot(a.links.standing, bench.now)[0]).toMatchObject({ theirs: ['leaf'] })
  })

  /** Two connections, of which the larger id keeps the second as a spare: the smaller one's goodbye to it never arrives. */
  function withSpare() {
    const first = bench.connect(a, b)
    bench.run()
    const second = bench.connect(a, b)
    bench.rewrite = (bytes, from, link) =>
      from === a && link === second.dialer && bytes[3] === 5 ? null : bytes
    bench.run()
    expect(b.links.tables()).toMatchObject({ spareLinks: 1 })
    return { first, second }
  }

  it('[LK7] a spare takes over as soon as the link is silent', () => {
    const { first, second } = withSpare()
    bench.input(b, { type: 'silent', link: first.listener })
    expect(b.links.roster.linkOf(a.id)).toBe(second.listener)
    expect(b.joins()).toBe('+')
    expect(b.links.tables()).toMatchObject({ spareLinks: 0 })
  })

  it.each([
    ['silent', { type: 'silent' }],
    ['closed', { type: 'closed', reason: 'ice-failed' }],
  ] as const)('[LK7] whoever relied on what a link had under way that is %s hears it end', (_, end) => {
    const { first } = withSpare()
    bench.input(b, { ...end, link: first.listener })
    expect([b.joins(), b.ups()]).toEqual(['+', '+-+'])
  })

  it('[LK13] an offender loses the spare too', () => {
    const first = new Stranger(bench, b, small, { role: 'dialer' }).links()
    const second = new Stranger(bench, b, small, { role: 'dialer' }).links()
    expect(b.links.tables()).toMatchObject({ spareLinks: 1 })
    for (let i = 0; i < 2; i++) bench.input(b, { type: 'offence', peer: small.id, offence: 'bad-signature' })
    expect([first.goodbye(), second.goodbye()]).toEqual(['protocol-violation', 'protocol-violation'])
    expect([b.ups(), b.joins()]).toEqual(['+-', '+-'])
    expect(b.links.roster.primaryOf(small.id)).toBeUndefined()
  })
})

describe('two boots of one identity', () => {
  it('[LK8] the newer wins, and the older is shown its statement and stops', () => {
    const older = bench.host({ contact: small, bootId: 4 })
    const newer = bench.host({ contact: small, bootId: 5 })
    bench.link(older, b)
    bench.link(b, newer)
    bench.advance(2_000)
    expect(b.links.roster.primaryOf(small.id)?.bootId).toBe(5)
    expect(older.effects.filter(({ type }) => type === 'superseded')).toHaveLength(1)
    expect(newer.effects.filter(({ type }) => type === 'superseded')).toHaveLength(0)
    expect([b.joins(), b.ups(), older.ups()]).toEqual(['+-+', '+-+', '+-'])
  })

  it('[LK8] an older one that comes later is shown the statement too', () => {
    const older = bench.host({ contact: small, bootId: 4 })
    const newer = bench.host({ contact: small, bootId: 5 })
    bench.link(newer, b)
    bench.link(older, b)
    expect(older.effects.filter(({ type }) => type === 'superseded')).toHaveLength(1)
    expect(b.links.roster.primaryOf(small.id)?.bootId).toBe(5)
    expect([b.joins(), b.ups()]).toEqual(['+', '+'])
    expect(b.failures()).toEqual(['superseded'])
  })

  it('[LK8] the spare of an older boot does not outlive it', () => {
    new Stranger(bench, b, small, { role: 'dialer', bootId: 1 }).links()
    const spare = new Stranger(bench, b, small, { role: 'dialer', bootId: 1 }).links()
    const newer = new Stranger(bench, b, small, { role: 'dialer', bootId: 2 }).links()
    expect(spare.goodbye()).toBe('superseded')
    expect(b.links.roster.linkOf(small.id)).toBe(newer.link)
    expect([b.joins(), b.ups()]).toEqual(['+-+', '+-+'])
    bench.advance(2_000)
    expect(b.links.tables()).toMatchObject({ connections: 1, spareLinks: 0 })
  })

  it('[LK8] a peer that is greeted by a newer boot of itself stops; by an older one it does not', () => {
    const older = bench.host({ contact: small, bootId: 4 })
    const newer = bench.host({ contact: small, bootId: 5 })
    older.expectedByAttempt.clear()
    bench.connect(older, newer)
    for (const host of [older, newer])
      for (const expected of host.expectedByAttempt.values()) Object.assign(expected, { peer: null })
    setUpInvite(older, newer)
    expect(older.effects.filter(({ type }) => type === 'superseded').length).toBeGreaterThan(0)
    expect(newer.effects.filter(({ type }) => type === 'superseded')).toHaveLength(0)
  })

  /** An attempt at which either end takes whom it gets. */
  function setUpInvite(one: Host, two: Host): void {
    const stranger = new Stranger(bench, one, two.contact, { bootId: 5, expected: null })
    stranger.says(stranger.handshake.helloFrame)
    bench.run()
  }

  function bye(bootId: number, signature: Uint8Array): Message {
    const proof = concatBytes(new Uint8Array(7), Uint8Array.of(bootId), signature)
    return { type: 'BYE', code: CLOSE_CODES.indexOf('superseded'), bulkSent: 0, proof }
  }

  it.each([
    ['with a forged signature', bye(9, new Uint8Array(64))],
    ['signed by another key', bye(9, sign(other.signingKey, bootStatement(NETWORK_ID, 9)))],
    ['of an older boot', bye(0, sign(small.signingKey, bootStatement(NETWORK_ID, 0)))],
    ['of another network', bye(9, sign(small.signingKey, bootStatement('00'.repeat(16), 9)))],
    ['of another length', bye(9, new Uint8Array(65))],
  ])('[LK8] a statement %s stops nobody', (_, message) => {
    new Stranger(bench, a, other).links().says(message)
    bench.run()
    expect(a.effects.filter(({ type }) => type === 'superseded')).toEqual([])
    expect(a.ups()).toBe('+-')
  })

  it('[LK8] of many statements in one connection only the first is looked at', () => {
    const stranger = new Stranger(bench, a, other).links()
    a.effects.length = 0
    stranger.says(...Array.from({ length: 100 }, (_, boot) => bye(boot + 2, new Uint8Array(64))))
    expect(a.effects.filter(({ type }) => type === 'verify')).toHaveLength(1)
  })
})

describe('silence', () => {
  let link: LinkId
  beforeEach(() => {
    link = bench.link(a, b).dialer
  })

  it('[LK12] a suspect link carries nothing, and revives with whatever comes', () => {
    bench.input(a, { type: 'silent', link })
    expect([a.ups(), a.joins()]).toEqual(['+-', '+'])
    bench.run()
    expect([a.ups(), a.joins()]).toEqual(['+-+', '+'])
    bench.advance(5_000)
    expect([a.ups(), a.joins()]).toEqual(['+-+', '+'])
    expectOneLink()
  })

  it('[LK-10] what the other end wants a link for outlives a silence that it does not know of', () => {
    bench.input(b, { type: 'reasons', peer: a.contact.id, reasons: LINK_REASONS.leaf })
    bench.run()
    bench.input(a, { type: 'silent', link })
    const since = a.effects.length
    bench.run()
    const told = a.effects.slice(since).filter(({ type }) => type === 'link-up' || type === 'remote-reasons')
    expect(told).toMatchObject([
      { type: 'link-up' },
      { type: 'remote-reasons', peer: b.contact.id, reasons: LINK_REASONS.leaf },
    ])
  })

  it('[LK-10] what we want a link for does not outlive a silence by itself', () => {
    bench.input(a, { type: 'reasons', peer: b.contact.id, reasons: LINK_REASONS.random })
    bench.input(a, { type: 'silent', link })
    bench.run()
    bench.advance(29_000)
    expect([a.ups(), a.joins()]).toEqual(['+-+', '+'])
    bench.advance(1_000)
    expect(a.joins()).toBe('+-')
  })

  it('[GS-37] a link has ended once, when the other end can know of it too', () => {
    const ends = () => a.effects.filter(({ type }) => type === 'link-ended')
    bench.input(a, { type: 'silent', link })
    bench.run()
    expect(ends()).toEqual([])
    bench.cut(link)
    bench.input(a, { type: 'silent', link })
    bench.advance(1_500)
    expect(ends()).toEqual([{ type: 'link-ended', peer: b.contact.id }])
  })

  it('[LK12] a suspect link that stays silent is closed after a second and a half', () => {
    bench.cut(link)
    bench.input(a, { type: 'silent', link })
    bench.advance(1_499)
    expect(a.joins()).toBe('+')
    bench.advance(1)
    expect([a.ups(), a.joins()]).toEqual(['+-', '+-'])
    expect(bench.sentBy(a)).toContain('BYE')
    bench.advance(1_000)
    expect(a.links.isEmpty).toBe(true)
  })

  it('[LK12] a second silence has its own second and a half', () => {
    bench.rewrite = () => null
    bench.input(a, { type: 'silent', link })
    bench.advance(1_000)
    says(a, link, ping)
    bench.advance(400)
    bench.input(a, { type: 'silent', link })
    bench.advance(1_499)
    expect(a.joins()).toBe('+')
    bench.advance(1)
    expect(a.joins()).toBe('+-')
  })

  it('[LK12] a link that is silent often has one ping at a time', () => {
    ask(a, b, LINK_REASONS.random)
    const before = bench.timers
    for (let i = 0; i < 50; i++) {
      bench.input(a, { type: 'silent', link })
      bench.run()
    }
    bench.advance(2 * PING_EVERY_MS)
    expect(bench.timers).toBeLessThanOrEqual(before)
    const pings = bench.sentBy(a).filter((name) => name === 'PING').length
    bench.advance(2 * PING_EVERY_MS)
    expect(bench.sentBy(a).filter((name) => name === 'PING').length - pings).toBe(2)
  })

  it('[LK12] silence before the proof ends the connection', () => {
    const { dialer } = bench.connect(b, a)
    bench.input(b, { type: 'silent', link: dialer })
    expect(b.failures()).toEqual(['silent'])
  })

  it('[LK12] leaf links of visible pages are watched closely, others loosely, and only changes are told', () => {
    const watches = () =>
      a.effects.flatMap((effect) =>
        effect.type === 'driver' && effect.effect.type === 'watch'
          ? [[effect.effect.keepaliveMs, effect.effect.silenceMs]]
          : [],
      )
    const [close, loose] = [
      [LEAF_KEEPALIVE_MS, LEAF_SILENCE_MS],
      [LINK_KEEPALIVE_MS, LINK_SILENCE_MS],
    ]
    ask(a, b, LINK_REASONS.bucket)
    expect(watches()).toEqual([loose])
    ask(b, a, LINK_REASONS.leaf)
    ask(a, b, LINK_REASONS.random)
    expect(watches()).toEqual([loose, close])
    bench.input(b, { type: 'visible', visible: false })
    bench.run()
    expect(watches()).toEqual([loose, close, loose])
    expect(a.links.roster.isHidden(b.id)).toBe(true)
  })
})

describe('reasons', () => {
  beforeEach(() => {
    bench.link(a, b)
  })

  it('[LK10] a link that neither wants is pruned after 30 seconds', () => {
    bench.advance(PRUNE_AFTER_MS - 1)
    expect([a.joins(), b.joins()]).toEqual(['+', '+'])
    bench.advance(2)
    expect([a.joins(), b.joins()]).toEqual(['+-', '+-'])
    const reasons = a.events().flatMap((event) => (event.type === 'peer-left' ? [event.reason] : []))
    expect(reasons).toEqual(['pruned'])
  })

  it('[LK10] a link that one end wants stays', () => {
    ask(b, a, LINK_REASONS.random)
    bench.advance(5 * PRUNE_AFTER_MS)
    expectOneLink()
    expect(a.effects).toContainEqual({ type: 'remote-reasons', peer: b.id, reasons: LINK_REASONS.random })
  })

  it('[LK10] the 30 seconds begin anew when somebody wanted it in between', () => {
    bench.advance(20_000)
    ask(b, a, LINK_REASONS.random)
    ask(b, a, 0)
    bench.advance(PRUNE_AFTER_MS - 1)
    expect(a.joins()).toBe('+')
    bench.advance(2)
    expect(a.joins()).toBe('+-')
  })

  it('[LK10] to say again that nobody wants it does not keep it', () => {
    for (let i = 0; i < 4; i++) {
      bench.advance(9_000)
      says(a, 1, { type: 'WANT', reasons: 0, hidden: false })
    }
    expect(a.joins()).toBe('+-')
  })

  it('[LK10] reasons that come and go ten thousand times cost one timer', () => {
    const before = bench.timers
    for (let i = 0; i < 5_000; i++)
      for (const reasons of [1, 0])
        bench.input(a, { type: 'received', link: 1, channel: 'control', bytes: want(reasons) })
    expect(bench.timers - before).toBeLessThanOrEqual(1)
  })

  function want(reasons: number): Uint8Array {
    const frame = encodeFrame({ type: 'WANT', reasons, hidden: false })
    return concatBytes(Uint8Array.of(0, frame.length), frame)
  }
})

describe('goodbyes', () => {
  it('[LK9] BYE is answered, and whoever said it closes', () => {
    bench.link(a, b)
    bench.input(a, { type: 'unlink', peer: b.id, code: 'cut' })
    bench.run()
    expect(bench.sentBy(b)).toContain('BYE_ACK')
    expect([a.links.isEmpty, b.links.isEmpty]).toEqual([true, true])
    const down = b.effects.find((effect) => effect.type === 'link-down')
    expect(down).toMatchObject({ peer: a.id, left: false, reason: 'cut' })
  })

  it('[LK9] without an answer the channel is closed after a second', () => {
    const { dialer } = bench.link(a, b)
    bench.cut(dialer)
    bench.input(a, { type: 'unlink', peer: b.id, code: 'cut' })
    bench.run()
    expect([...a.closedByDriver]).toEqual([])
    bench.advance(1_000)
    expect([...a.closedByDriver]).toEqual([dialer])
  })

  it('[LK9] leaving says so on every connection, and the others hear that it left', () => {
    const c = bench.host({ contact: other })
    bench.link(a, b)
    bench.link(a, c)
    bench.connect(a, bench.host({ contact: contactNumber(11) }))
    bench.input(a, { type: 'leave' })
    bench.run()
    bench.advance(1_000)
    expect(a.links.isEmpty).toBe(true)
    for (const host of [b, c])
      expect(host.effects.find((effect) => effect.type === 'link-down')).toMatchObject({
        left: true,
        reason: 'left',
      })
  })

  it('[LK9] both say it at once', () => {
    bench.link(a, b)
    for (const [host, peer] of [
      [a, b],
      [b, a],
    ] as const)
      bench.input(host, { type: 'unlink', peer: peer.id, code: 'cut' })
    bench.run()
    expect([a.links.isEmpty, b.links.isEmpty]).toEqual([true, true])
    expect([a.joins(), b.joins()]).toEqual(['+-', '+-'])
  })

  it('[LK9] a code that nobody knows is a violation; frames after it are no longer heard', () => {
    const stranger = new Stranger(bench, a, other).links()
    stranger.says(
      { type: 'BYE', code: 250, bulkSent: 0, proof: new Uint8Array(0) },
      { type: 'PRUNE', topic: 'ab'.repeat(16) as never },
    )
    expect(a.frames()).toEqual([])
    expect(a.effects.find((effect) => effect.type === 'link-down')).toMatchObject({
      reason: 'protocol-violation',
    })
    for (let i = 0; i < 100; i++) {
      bench.input(a, { type: 'received', link: stranger.link, channel: 'control', bytes: Uint8Array.of(1) })
      stranger.says(stranger.handshake.helloFrame, ping)
    }
    for (let i = 0; i < 3; i++) {
      stranger.says({ type: 'BYE_ACK', bulkReceived: 0 })
      a.closedByDriver.delete(stranger.link)
    }
    const closes = a.effects.filter((effect) => effect.type === 'driver' && effect.effect.type === 'close')
    expect(closes).toHaveLength(1)
    expect([a.failures(), a.offences()]).toEqual([[], []])
  })

  it('[LK9] a connection that breaks without a word ends once', () => {
    const { dialer } = bench.link(a, b)
    bench.input(a, { type: 'closed', link: dialer, reason: 'ice failed' })
    bench.input(a, { type: 'closed', link: dialer, reason: 'ice failed' })
    expect([a.ups(), a.joins()]).toEqual(['+-', '+-'])
    expect(a.links.isEmpty).toBe(true)
  })
})

describe('what the other end admits', () => {
  const numbered = (number: number) =>
    encodeFrame({ type: 'ROUTE_ACK', operation: 'ab'.repeat(16) as never, path: number & 255 })

  it('[LK-17] is what it gets of too many frames at once, and the rest in its turn', () => {
    const { dialer } = bench.link(a, b)
    for (let i = 0; i < 12_000; i++)
      bench.input(a, { type: 'send', to: b.id, frame: numbered(i), lazy: false })
    bench.run()
    const soon = b.frames().length
    expect(soon).toBeLessThan(8_000)
    bench.advance(10_000)
    expect([b.offences(), b.ups(), a.ups()]).toEqual([[], '+', '+'])
    expect(b.frames().map((message) => 'path' in message && message.path)).toEqual(
      Array.from({ length: 12_000 }, (_, i) => i & 255),
    )
    const timers = bench.timers
    bench.advance(10_000)
    expect(bench.timers).toBe(timers)
    expect(a.links.roster.linkOf(b.id)).toBe(dialer)
  })

  it('[LK-17] [LK-14] what waits for it counts as queued', () => {
    bench.link(a, b)
    const frame = encodeFrame({ type: 'DATA', stream: 0, offset: 0, bytes: new Uint8Array(8_192) })
    for (let i = 0; i < 2_500; i++) bench.input(a, { type: 'send', to: b.id, frame, lazy: false })
    bench.run()
    expect(b.offences()).toEqual([])
    expect(a.effects.find((effect) => effect.type === 'link-down')).toMatchObject({ reason: 'overloaded' })
  })
})

describe('congestion', () => {
  const frame = encodeFrame({ type: 'DATA', stream: 0, offset: 0, bytes: new Uint8Array(8_192) })
  const send = (lazy: boolean) => bench.input(a, { type: 'send', to: b.id, frame, lazy })
  const sends = () =>
    a.effects.filter((effect) => effect.type === 'driver' && effect.effect.type === 'send').length

  beforeEach(() => {
    const { dialer } = bench.link(a, b)
    bench.input(a, { type: 'writable', link: dialer, channel: 'control', roomBytes: 0 })
    bench.rewrite = () => null
  })

  it('[LK14] without room lazy frames are dropped first, and past the cap the link is closed', () => {
    const bytes = frame.length + 2
    const [taken, held] = [CONTROL_QUEUE_BYTES_LAZY, CONTROL_QUEUE_BYTES_MAX].map(
      (max) => Math.floor(max / bytes) + 1,
    )
    const before = sends()
    for (let i = 0; i < 100; i++) send(true)
    expect(sends() - before).toBe(taken)
    for (let i = taken as number; i < (held as number); i++) send(false)
    expect(sends() - before).toBe(held)
    expect(a.ups()).toBe('+')
    send(false)
    expect(a.ups()).toBe('+-')
    const down = a.effects.find((effect) => effect.type === 'link-down')
    expect(down).toMatchObject({ reason: 'overloaded' })
  })

  it('[LK14] room that comes back is used', () => {
    for (let i = 0; i < 100; i++) send(true)
    const before = sends()
    bench.input(a, { type: 'writable', link: 1, channel: 'control', roomBytes: 65_536 })
    send(true)
    expect(sends()).toBe(before + 1)
  })

  it('[LK14] bulk room is another one', () => {
    for (let i = 0; i < 100; i++) send(true)
    const before = sends()
    bench.input(a, { type: 'writable', link: 1, channel: 'bulk', roomBytes: 1e9 })
    send(true)
    expect(sends()).toBe(before)
  })

  it('[LK14] whoever pings and does not listen gets no more answers than fit', () => {
    for (let i = 0; i < 40; i++) send(true)
    const before = bench.sentBy(a).filter((name) => name === 'PONG').length
    for (let i = 0; i < 100; i++) says(a, 1, ping)
    expect(bench.sentBy(a).filter((name) => name === 'PONG').length).toBe(before)
    expect(a.ups()).toBe('+')
  })
})

describe('offences', () => {
  let stranger: Stranger
  beforeEach(() => {
    stranger = new Stranger(bench, a, other).links()
  })

  const score = () => a.links.standing.scoreOf(other.id, bench.now)
  const rubbish = (...bytes: number[]) =>
    bench.input(a, {
      type: 'received',
      link: stranger.link,
      channel: 'control',
      bytes: Uint8Array.from(bytes),
    })

  it('[LK6] a second HELLO or PROOF on an open link is an offence and changes nothing', () => {
    stranger.says(stranger.handshake.helloFrame, stranger.proof())
    bench.run()
    expect(a.offences()).toEqual(['unsolicited', 'unsolicited'])
    expect(score()).toBe(98)
    expect(a.ups()).toBe('+')
  })

  it('[WR7] [LK13] rubbish is counted: the malformed costs much, the unknown little', () => {
    rubbish(0, 4, 1, 0xee, 0, 0)
    expect(score()).toBe(98)
    rubbish(0, 4, 2, 0xee, 0, 0)
    expect(score()).toBe(78)
    rubbish(0, 5, 1, 3, 0, 0)
    expect(score()).toBe(58)
    expect(a.links.standing.offences).toEqual({ 'unknown-type': 1, 'malformed-frame': 2 })
    expect(a.ups()).toBe('+')
  })

  it('[WR8] a routed message as a frame is malformed, not unknown', () => {
    rubbish(0, 5, 1, 0x22, 0, 0, 0)
    expect(a.offences()).toEqual(['malformed-frame'])
  })

  it('[WR5] a batch above 16 KiB is malformed as a whole', () => {
    const frame = [0, 8, ...encodeFrame(ping)]
    rubbish(...Array.from({ length: 1_638 }, () => frame).flat())
    expect(a.offences()).toEqual([])
    rubbish(...Array.from({ length: 1_639 }, () => frame).flat())
    expect(a.offences()).toEqual(['malformed-frame'])
  })

  it('[LK13] at 50 the link is closed, at 0 the identity is banned, and time mends both', () => {
    rubbish(1)
    rubbish(1)
    expect(a.ups()).toBe('+')
    rubbish(1)
    expect([a.ups(), stranger.goodbye()]).toEqual(['+-', 'protocol-violation'])
    stranger = new Stranger(bench, a, other).links()
    rubbish(1)
    stranger = new Stranger(bench, a, other).links()
    rubbish(1)
    expect(stranger.goodbye()).toBe('banned')
    expect(score()).toBe(0)
    stranger = new Stranger(bench, a, other)
    stranger.says(stranger.handshake.helloFrame)
    expect(stranger.goodbye()).toBe('banned')
    bench.advance(BAN_MS)
    stranger = new Stranger(bench, a, other).links()
    expect(stranger.goodbye()).toBeNull()
    expect(score()).toBe((BAN_MS / 60_000) * SCORE_PER_MINUTE)
  })

  it('[LK13] more frames than one link may send are dropped and counted', () => {
    const batch = Array.from({ length: 1_000 }, () => ping)
    for (let i = 0; i < 7; i++) stranger.says(...batch)
    expect(a.offences()).toEqual([])
    stranger.says(...batch)
    expect(a.offences()).toContain('flood')
    expect(a.ups()).toBe('+')
  })

  it('[LK13] the rest of a batch is not heard once the link is closed', () => {
    const topic = 'ab'.repeat(16) as never
    stranger.says(Uint8Array.of(9, 9, 9, 9), Uint8Array.of(9, 9, 9, 9), Uint8Array.of(9, 9, 9, 9), {
      type: 'PRUNE',
      topic,
    })
    expect(a.frames()).toEqual([])
    expect(a.offences()).toHaveLength(3)
  })

  it('[LK13] offences of nobody in particular are counted and told', () => {
    bench.input(a, { type: 'offence', peer: null, offence: 'bad-signal' })
    expect(a.offences()).toEqual(['bad-signal'])
    expect(a.links.standing.offences).toEqual({ 'bad-signal': 1 })
  })
})

describe('small things', () => {
  it('[LK12] round trips are measured by pings, and only by their own answers', () => {
    bench.link(a, b)
    ask(a, b, LINK_REASONS.random)
    expect(a.links.roster.roundTripMs(b.id)).toBe(0)
    bench.rewrite = () => null
    bench.advance(PING_EVERY_MS)
    bench.now += 40
    const sent = bench.sent.findLast(({ from, message }) => from === a && message.type === 'PING')?.message
    const nonce = sent?.type === 'PING' ? sent.nonce : 0
    says(a, 1, { type: 'PONG', nonce: (nonce + 1) >>> 0 })
    expect(a.links.roster.roundTripMs(b.id)).toBe(0)
    says(a, 1, { type: 'PONG', nonce }, { type: 'PONG', nonce })
    expect(a.links.roster.roundTripMs(b.id)).toBe(5)
  })

  it('inputs about unknown links are no-ops', () => {
    const link = 1_000
    bench.input(a, { type: 'received', link, channel: 'control', bytes: new Uint8Array(3) })
    bench.input(a, { type: 'writable', link, channel: 'control', roomBytes: 1 })
    bench.input(a, { type: 'silent', link })
    bench.input(a, { type: 'closed', link, reason: '' })
    bench.input(a, { type: 'unlink', peer: other.id, code: 'cut' })
    bench.input(a, { type: 'send', to: other.id, frame: new Uint8Array(8), lazy: false })
    for (const type of ['handshake', 'suspect', 'prune', 'ping', 'bye'] as const)
      bench.input(a, { type: 'timer', timer: { type, link } })
    expect(a.events()).toEqual([])
    expect(a.links.tables()).toEqual({ connections: 0, spareLinks: 0, standings: 0 })
  })
})

describe('flags', () => {
  it('[WR-7] FLAG_DIRECT on anything but GOSSIP is counted as an offence', () => {
    const stranger = new Stranger(bench, a, other).links()
    stranger.says(encodeFrame(ping, 0, FLAG_DIRECT))
    expect(a.offences()).toEqual(['malformed-frame'])
    expect(stranger.heard()).not.toContain('PONG')
  })
})

describe('the maximum', () => {
  it(`[LK-15] at most ${GOODBYES_MAX} connections beyond it wait for an answer to their goodbye, the oldest end first`, () => {
    const linksMax = 8
    const strangers = Array.from({ length: linksMax + GOODBYES_MAX + 2 }, (_, number) => {
      const stranger = new Stranger(bench, a, contactNumber(100 + number)).links()
      bench.input(a, { type: 'unlink', peer: contactNumber(100 + number).id, code: 'pruned' })
      expect(a.links.tables()['connections']).toBeLessThanOrEqual(linksMax + GOODBYES_MAX)
      return stranger
    })
    expect([...a.closedByDriver]).toEqual(strangers.slice(0, 2).map(({ link }) => link))
    bench.advance(1_000)
    expect(a.links.isEmpty).toBe(true)
  })

  it('[LK-15] links that have not said goodbye are not cut for others', () => {
    const strangers = Array.from({ length: 20 }, (_, number) =>
      new Stranger(bench, a, contactNumber(100 + number)).links(),
    )
    expect(a.closedByDriver.size).toBe(0)
    expect(a.links.size).toBe(strangers.length)
  })
})
