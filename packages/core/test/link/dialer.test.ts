import { describe, expect, it } from 'vitest'
import {
  ACCEPTS_MAX,
  ATTEMPT_TIMEOUT_MS,
  DIALS_MAX,
  OFFERS_PER_IDENTITY_PER_MINUTE,
  OFFERS_PER_LINK_PER_MINUTE,
  OFFERS_PER_MINUTE,
  REDIAL_MAX_MS,
} from '../../src/limits.ts'
import type { SignalWay } from '../../src/link/attempts.ts'
import type { DialerEffect } from '../../src/link/dialer-contract.ts'
import { SIGNAL_KINDS } from '../../src/link/signal-post.ts'
import { LINK_REASONS } from '../../src/peer/calls.ts'
import { BY_OVERLAY, BY_SERVER, DialerBench, SERVER } from './dialer-bench.ts'
import { attemptNumber, contactNumber, contactsInOrder } from './stand-ins.ts'

const [small, middle, large] = contactsInOrder(3, 20) as [Contact, Contact, Contact]
type Contact = ReturnType<typeof contactNumber>
const some = Array.from({ length: 20 }, (_, index) => contactNumber(100 + index))
const bytes = (...values: number[]) => Uint8Array.from(values)

function types(effects: readonly DialerEffect[]): string[] {
  return effects.map((effect) => (effect.type === 'driver' ? effect.effect.type : effect.type))
}

describe('dialing', () => {
  it('a wanted contact is dialed once, as soon as there is a way to it', () => {
    const bench = new DialerBench()
    expect(bench.want(large)).toBeNull()
    bench.introducer()
    expect(bench.driver('dial')).toMatchObject([{ contact: { id: large.id } }])
    bench.want(large, LINK_REASONS.leaf | LINK_REASONS.random)
    expect(bench.dialed()).toHaveLength(1)
  })

  it('a linked or banned contact is not dialed; new reasons go to the link', () => {
    const bench = new DialerBench().introducer()
    bench.up.add(large.id)
    bench.banned.add(small.id)
    bench.want(large, 3)
    bench.want(small)
    expect(bench.dialed()).toEqual([])
    expect(bench.of('reasons')).toEqual([{ type: 'reasons', peer: large.id, reasons: 3 }])
    expect(bench.dialer.reasonsOf(large.id)).toBe(3)
  })

  it(`at most ${DIALS_MAX} dials are under way, and the next goes on when one ends`, () => {
    const bench = new DialerBench().introducer()
    for (const contact of some) bench.want(contact)
    expect(bench.dialed()).toHaveLength(DIALS_MAX)
    bench.give({ type: 'link-failed', attempt: bench.dialed()[0]!, stage: 'ice', detail: '' })
    expect(bench.dialed()).toHaveLength(DIALS_MAX + 1)
  })

  it('places for links are never overbooked: open ones, dials and accepts count', () => {
    const bench = new DialerBench({ linksMax: 5 }).introducer()
    bench.size = 2
    bench.signal(some[9]!, { kind: 'offer' })
    for (const contact of some) bench.want(contact)
    expect(bench.driver('accept')).toHaveLength(1)
    expect(bench.dialed()).toHaveLength(2)
  })

  it('[SI2] signals travel through the overlay once there is a link, else through whoever introduced the contact', () => {
    const bench = new DialerBench().introducer()
    bench.give({ type: 'introducer-up', introducer: 'tabs', path: 'tabs' })
    bench.give({ type: 'introduced', contacts: [large], source: 'tabs' })
    const byTabs = bench.want(large)!
    bench.give({ type: 'local-signal', attempt: byTabs, bytes: bytes(1) })
    bench.work()
    expect(bench.driver('carry-signal')).toMatchObject([{ via: 'tabs', to: large.id }])
    bench.give({ type: 'introducer-down', introducer: 'tabs', path: 'tabs' })
    const byServer = bench.want(middle)!
    bench.give({ type: 'local-signal', attempt: byServer, bytes: bytes(1) })
    bench.work()
    expect(bench.driver('carry-signal')[1]).toMatchObject({ via: SERVER, to: middle.id })
    bench.openCount = 1
    const byOverlay = bench.want(small)!
    bench.give({ type: 'local-signal', attempt: byOverlay, bytes: bytes(1) })
    bench.work()
    expect(bench.of('route-signal')).toMatchObject([{ to: { id: small.id } }])
    expect(bench.dialer.expected(byOverlay)).toEqual({ peer: small.id, path: 'overlay' })
  })

  it('[SI2] where the overlay does not reach the contact, what was sealed goes through the introducer', () => {
    const bench = new DialerBench().introducer()
    bench.openCount = 1
    const attempt = bench.want(large)!
    for (const signal of [1, 2, 3]) bench.give({ type: 'local-signal', attempt, bytes: bytes(signal) })
    while (bench.jobs.length > 0) bench.work()
    const [first] = bench.of('route-signal')
    bench.give({ type: 'route-ended', operation: first!.operation })
    expect(bench.driver('carry-signal')).toHaveLength(3)
    expect(bench.carried(large).map(({ data }) => data[0])).toEqual([1, 2, 3, 1, 2, 3])
    for (const { operation } of bench.of('route-signal')) bench.give({ type: 'route-ended', operation })
    expect(bench.driver('carry-signal')).toHaveLength(3)
    expect(bench.of('dial-failed')).toEqual([])
    bench.give({ type: 'undeliverable', via: SERVER, to: large.id })
    expect(bench.of('dial-failed')).toMatchObject([{ peer: large.id, gone: true }])
  })

  it('without an introducer to fall back on, the attempt fails', () => {
    const bench = new DialerBench()
    bench.openCount = 1
    const attempt = bench.want(large)!
    bench.give({ type: 'local-signal', attempt, bytes: bytes(1) })
    bench.work()
    bench.give({ type: 'route-ended', operation: bench.of('route-signal')[0]!.operation })
    expect(types(bench.effects.slice(-3))).toContain('dial-failed')
    expect(bench.dialer.tables()).toMatchObject({ attempts: 0, signalOperations: 0, wants: 0 })
  })

  it('only the introducer that carries an attempt can say that it cannot', () => {
    const bench = new DialerBench().introducer()
    bench.want(large)
    bench.give({ type: 'undeliverable', via: 'wss://other', to: large.id })
    bench.give({ type: 'undeliverable', via: SERVER, to: small.id })
    expect(bench.of('dial-failed')).toEqual([])
    bench.give({ type: 'undeliverable', via: SERVER, to: large.id })
    expect(bench.of('dial-failed')).toHaveLength(1)
  })

  it('[SI2] a contact that one introducer does not reach is sought through the others, each of them once', () => {
    const bench = new DialerBench().introducer()
    bench.give({ type: 'introducer-up', introducer: 'tabs', path: 'tabs' })
    bench.give({ type: 'introduced', contacts: [large], source: 'tabs' })
    const attempt = bench.want(large)!
    for (const signal of [1, 2]) bench.give({ type: 'local-signal', attempt, bytes: bytes(signal) })
    while (bench.jobs.length > 0) bench.work()
    expect(bench.driver('carry-signal').map(({ via }) => via)).toEqual(['tabs', 'tabs'])
    for (const via of ['tabs', 'tabs']) bench.give({ type: 'undeliverable', via, to: large.id })
    expect(bench.driver('carry-signal').map(({ via }) => via)).toEqual(['tabs', 'tabs', SERVER, SERVER])
    expect(bench.carried(large).map(({ data }) => data[0])).toEqual([1, 2, 1, 2])
    expect(bench.of('dial-failed')).toEqual([])
    bench.give({ type: 'undeliverable', via: SERVER, to: large.id })
    expect(bench.of('dial-failed')).toMatchObject([{ peer: large.id, gone: true }])
  })

  describe('an offer that comes again', () => {
    const offer = { kind: 'offer' } as const
    const inHaste: SignalWay = { path: 'tabs', introducer: 'tabs' }

    /** A listener that has answered through the overlay, and may hear of it again. */
    function answered() {
      const bench = new DialerBench().introducer()
      bench.signal(large, offer, BY_OVERLAY, small.id)
      const { attempt } = bench.driver('accept')[0]!
      for (const signal of [1, 2]) bench.give({ type: 'local-signal', attempt, bytes: bytes(signal) })
      while (bench.jobs.length > 0) bench.work()
      expect(bench.of('answer-signal')).toHaveLength(2)
      return { bench, attempt }
    }

    it('[SI2] is answered through the introducer that brings it, with all that was said and will be', () => {
      const { bench, attempt } = answered()
      bench.signal(large, offer, BY_SERVER)
      expect(bench.driver('carry-signal').map(({ via, to }) => [via, to])).toEqual([
        [SERVER, large.id],
        [SERVER, large.id],
      ])
      bench.give({ type: 'local-signal', attempt, bytes: bytes(3) })
      bench.work()
      expect(bench.carried(large).map(({ data }) => data[0])).toEqual([1, 2, 1, 2, 3])
      expect(bench.of('answer-signal')).toHaveLength(2)
      expect(bench.driver('accept')).toHaveLength(1)
      expect(bench.dialer.expected(attempt)).toEqual({ peer: large.id, path: 'server' })
      expect(bench.offences()).toEqual([])
    })

    it('[SI2] while the first is being opened, or the answer made, is answered that way alone', () => {
      const bench = new DialerBench().introducer()
      bench.signal(large, offer, BY_OVERLAY, small.id)
      bench.signal(large, offer, BY_SERVER)
      const { attempt } = bench.driver('accept')[0]!
      bench.give({ type: 'local-signal', attempt, bytes: bytes(1) })
      bench.work()
      expect(bench.of('answer-signal')).toEqual([])
      expect(bench.driver('carry-signal')).toMatchObject([{ via: SERVER, to: large.id }])
    })

    it('[SI2] each introducer is answered once, and the overlay not again', () => {
      const { bench } = answered()
      for (const way of [BY_SERVER, inHaste, BY_SERVER, BY_OVERLAY, inHaste]) bench.signal(large, offer, way)
      expect(bench.driver('carry-signal').map(({ via }) => via)).toEqual([SERVER, SERVER, 'tabs', 'tabs'])
      expect(bench.of('answer-signal')).toHaveLength(2)
    })

    it('[SI2] however often in new boxes, does not have us send all of ours for each', () => {
      const { bench } = answered()
      for (let i = 0; i < 40; i++) bench.signal(large, { ...offer, data: bytes(i) }, BY_SERVER)
      expect(bench.driver('carry-signal')).toHaveLength(2)
    })

    it('[SI2] that came through an introducer first, is not answered through the overlay then', () => {
      const bench = new DialerBench().introducer()
      bench.signal(large, offer, BY_SERVER)
      bench.signal(large, offer, BY_OVERLAY, small.id)
      const { attempt } = bench.driver('accept')[0]!
      bench.give({ type: 'local-signal', attempt, bytes: bytes(1) })
      bench.work()
      expect(bench.of('answer-signal')).toEqual([])
      expect(bench.driver('carry-signal')).toHaveLength(1)
    })

    it('[SI3] counts against nobody where the dialer stays within its offers, and is nothing to an open link', () => {
      const { bench, attempt } = answered()
      bench.give({ type: 'opened', attempt })
      bench.signal(large, offer, BY_SERVER)
      expect(bench.driver('carry-signal')).toEqual([])
      expect(bench.driver('accept')).toHaveLength(1)
      expect(bench.offences()).toEqual([])
    })

    it('[SI4] is refused again, where it was refused through a way that is broken', () => {
      const bench = new DialerBench({ linksMax: 2 }).introducer()
      bench.size = 2
      bench.signal(large, offer, BY_OVERLAY, small.id)
      bench.work()
      bench.signal(large, offer, BY_SERVER)
      bench.work()
      expect(bench.of('answer-signal')).toMatchObject([{ last: true }])
      expect(bench.driver('carry-signal')).toMatchObject([{ via: SERVER, to: large.id }])
      expect(bench.carried(large).map(({ kind }) => kind)).toEqual([
        SIGNAL_KINDS.refused,
        SIGNAL_KINDS.refused,
      ])
    })

    it('[SI-5] after its attempt has failed, has all the time of a new one', () => {
      const { bench, attempt } = answered()
      bench.advance(5_000)
      bench.give({ type: 'link-failed', attempt, stage: 'ice', detail: '' })
      bench.signal(large, offer, BY_SERVER)
      expect(bench.driver('accept')).toHaveLength(2)
      bench.advance(ATTEMPT_TIMEOUT_MS - 1)
      expect(bench.dialer.expected(attempt)).not.toBeNull()
      bench.advance(1)
      expect(bench.dialer.expected(attempt)).toBeNull()
    })

    it('under the same attempt id from somebody else is dropped', () => {
      const { bench, attempt } = answered()
      bench.signal(middle, { ...offer, attempt }, BY_SERVER)
      expect(bench.driver('carry-signal')).toEqual([])
      expect(bench.driver('accept')).toHaveLength(1)
    })
  })

  it.each(['budget', 'ice'] as const)(
    '[RT-6] a dial that our own transport refused says nothing of the contact: %s',
    (stage) => {
      const bench = new DialerBench().introducer()
      const dial = (isOfferSent: boolean) => {
        const attempt = bench.want(large)!
        if (isOfferSent) bench.give({ type: 'local-signal', attempt, bytes: bytes(1) })
        bench.work()
        bench.give({ type: 'link-failed', attempt, stage, detail: '' })
        return bench.of('dial-failed').at(-1)
      }
      expect(dial(false)).toMatchObject({ peer: large.id, gone: false })
      expect(dial(true)).toMatchObject({ peer: large.id, gone: true })
    },
  )

  it('[SI5] an attempt that is not open within 20 s ends', () => {
    const bench = new DialerBench().introducer()
    bench.want(large)
    bench.signal(small, { kind: 'offer' })
    bench.advance(ATTEMPT_TIMEOUT_MS - 1)
    expect(bench.driver('abandon')).toEqual([])
    bench.advance(1)
    expect(bench.driver('abandon')).toHaveLength(2)
    expect(bench.dialer.tables()).toMatchObject({ attempts: 0 })
  })

  it('[SI5] a contact is left alone longer each time, with jitter, and not for ever', () => {
    const pauses = (seed: number) => {
      const bench = new DialerBench({ self: contactNumber(seed) }).introducer()
      return Array.from({ length: 12 }, () => {
        const attempt = bench.want(large)!
        bench.give({ type: 'link-failed', attempt, stage: 'ice', detail: '' })
        return bench.of('dial-failed').at(-1)!.retryAfterMs
      })
    }
    const found = pauses(0)
    for (const [index, pause] of found.entries()) {
      const base = Math.min(1_000 * 2 ** index, REDIAL_MAX_MS)
      expect(pause).toBeGreaterThanOrEqual(base / 2)
      expect(pause).toBeLessThanOrEqual(base * 1.5)
    }
    expect(new Set(found.slice(-4)).size).toBe(4)
  })

  it('[SI5] being online again, or a link, forgets the failures', () => {
    const bench = new DialerBench().introducer()
    const fail = () => {
      const attempt = bench.want(large)!
      bench.give({ type: 'link-failed', attempt, stage: 'ice', detail: '' })
      return bench.of('dial-failed').at(-1)!.retryAfterMs
    }
    for (let i = 0; i < 6; i++) fail()
    bench.give({ type: 'online' })
    expect(fail()).toBeLessThanOrEqual(1_500)
    for (let i = 0; i < 6; i++) fail()
    bench.give({ type: 'link-up', peer: large.id })
    expect(fail()).toBeLessThanOrEqual(1_500)
  })

  it('an attempt that became a connection is over, be it the link, a spare or a duplicate', () => {
    const bench = new DialerBench().introducer()
    const [link, duplicate] = [bench.want(large)!, bench.want(middle)!]
    for (const attempt of [link, duplicate]) bench.give({ type: 'opened', attempt })
    bench.up.add(middle.id)
    bench.advance(ATTEMPT_TIMEOUT_MS)
    bench.give({ type: 'proved', attempt: link })
    bench.give({ type: 'handshake-failed', attempt: duplicate, code: 'duplicate' })
    expect(bench.dialer.tables()).toMatchObject({ attempts: 0 })
    expect(bench.of('dial-failed')).toEqual([])
    bench.give({ type: 'link-down', peer: large.id })
    bench.want(large)
    expect(bench.dialed()).toHaveLength(3)
  })

  it('[LK2] a failed handshake frees the place; somebody else than we meant is taken for gone', () => {
    const bench = new DialerBench().introducer()
    const attempt = bench.want(large)!
    bench.give({ type: 'opened', attempt })
    bench.give({ type: 'handshake-failed', attempt, code: 'wrong-identity' })
    expect(bench.of('dial-failed')).toMatchObject([{ peer: large.id, gone: true }])
    const again = bench.want(large)!
    bench.give({ type: 'handshake-failed', attempt: again, code: 'busy' })
    expect(bench.of('dial-failed')[1]).toMatchObject({ gone: false })
    expect(bench.of('dial-failed')[1]!.retryAfterMs).toBeGreaterThanOrEqual(30_000)
  })
})

describe('two that dial each other', () => {
  it('[LK11] the smaller id ignores the offer of the other, the larger gives way to it', () => {
    const smaller = new DialerBench({ self: small }).introducer()
    smaller.want(large)
    expect(types(smaller.signal(large, { kind: 'offer' }))).toEqual([])
    const larger = new DialerBench({ self: large }).introducer()
    const mine = larger.want(small)!
    expect(types(larger.signal(small, { kind: 'offer' }))).toEqual([
      'abandon',
      'set-timer',
      'event',
      'accept',
    ])
    expect(larger.driver('abandon')).toEqual([{ type: 'abandon', attempt: mine }])
  })

  it('[LK11] its precedence ends after 5 s: the offer of the other may be the only one that arrived', () => {
    const bench = new DialerBench({ self: small }).introducer()
    bench.want(large)
    bench.advance(5_000)
    expect(types(bench.signal(large, { kind: 'offer' }))).toContain('accept')
  })

  it('[LK11] a second offer of one that is being answered takes its place', () => {
    const bench = new DialerBench({ self: small }).introducer()
    bench.signal(large, { kind: 'offer', attempt: attemptNumber(1) })
    bench.signal(large, { kind: 'offer', attempt: attemptNumber(2) })
    expect(bench.driver('abandon')).toEqual([{ type: 'abandon', attempt: attemptNumber(1) }])
    expect(bench.dialer.tables()).toMatchObject({ attempts: 1 })
  })

  it('[SI3] an attempt whose id is taken is not accepted', () => {
    const bench = new DialerBench().introducer()
    bench.taken.add(attemptNumber(5))
    bench.signal(large, { kind: 'offer', attempt: attemptNumber(5) })
    const own = bench.want(large)!
    bench.signal(middle, { kind: 'offer', attempt: own })
    expect(bench.driver('accept')).toEqual([])
    expect(bench.dialer.expected(own)?.peer).toBe(large.id)
  })
})

describe('a full peer', () => {
  function full(): DialerBench {
    const bench = new DialerBench({ linksMax: 8 }).introducer()
    bench.size = 8
    bench.leastWanted = middle.id
    bench.alternatives.push(...some.slice(0, 3))
    return bench
  }

  it.each([BY_SERVER, BY_OVERLAY])('[SI4] refuses and names others: %o', (way) => {
    const bench = full()
    bench.signal(large, { kind: 'offer', attempt: attemptNumber(3) }, way)
    bench.work()
    expect(bench.driver('accept')).toEqual([])
    expect(bench.carried(large)).toMatchObject([{ kind: SIGNAL_KINDS.refused, attempt: attemptNumber(3) }])
    expect(bench.carried(large)[0]!.alternatives.map(({ id }) => id)).toEqual(
      some.slice(0, 3).map(({ id }) => id),
    )
    expect(bench.dialer.tables()).toMatchObject({ attempts: 0, boxes: 0 })
  })

  it('[SI4] gives up the link it wants least for a neighbour, and only then', () => {
    const bench = full()
    bench.signal(large, { kind: 'offer', reasons: LINK_REASONS.leaf })
    bench.near.add(small.id)
    bench.signal(small, { kind: 'offer', reasons: LINK_REASONS.random })
    expect(bench.of('make-room')).toEqual([])
    bench.signal(small, { kind: 'offer', attempt: attemptNumber(1), reasons: LINK_REASONS.leaf })
    expect(bench.of('make-room')).toEqual([{ type: 'make-room', peer: middle.id }])
    expect(bench.driver('accept')).toHaveLength(1)
  })

  it('[SI4] refuses even a neighbour where every link is worth more', () => {
    const bench = full()
    bench.leastWanted = null
    bench.near.add(small.id)
    bench.signal(small, { kind: 'offer', reasons: LINK_REASONS.leaf })
    expect(bench.driver('accept')).toEqual([])
    expect(bench.jobs).toHaveLength(1)
  })

  it(`refuses beyond ${ACCEPTS_MAX} accepts under way, neighbour or not`, () => {
    const bench = new DialerBench().introducer()
    for (const [index, contact] of some.entries())
      bench.signal(contact, { kind: 'offer', attempt: attemptNumber(index) })
    expect(bench.driver('accept')).toHaveLength(ACCEPTS_MAX)
  })

  it('[SI-4] whoever offers and never comes keeps nobody out: accepts under way for 5 s give their places to others', () => {
    const bench = new DialerBench().introducer()
    const offer = (index: number) =>
      bench.signal(some[index]!, { kind: 'offer', attempt: attemptNumber(index) })
    for (let index = 0; index < ACCEPTS_MAX; index++) offer(index)
    bench.advance(4_999)
    offer(ACCEPTS_MAX)
    expect(bench.driver('accept')).toHaveLength(ACCEPTS_MAX)
    bench.advance(1)
    offer(ACCEPTS_MAX + 1)
    offer(ACCEPTS_MAX + 2)
    expect(bench.driver('abandon').map(({ attempt }) => attempt)).toEqual([0, 1].map(attemptNumber))
    const ends = bench.of('event').filter(({ event }) => 'stage' in event && event.stage === 'failed:budget')
    expect(ends).toMatchObject([0, 1].map((index) => ({ event: { attempt: attemptNumber(index) } })))
    expect(bench.driver('accept')).toHaveLength(ACCEPTS_MAX + 2)
    expect(bench.dialer.dialing).toBe(ACCEPTS_MAX)
  })

  it('[SI-4] so do they where every place for a link is taken, but not one that is open', () => {
    const bench = new DialerBench({ linksMax: 4 }).introducer()
    bench.size = 2
    for (const index of [0, 1]) bench.signal(some[index]!, { kind: 'offer', attempt: attemptNumber(index) })
    bench.give({ type: 'opened', attempt: attemptNumber(0) })
    bench.size = 3
    bench.advance(5_000)
    for (const index of [2, 3]) bench.signal(some[index]!, { kind: 'offer', attempt: attemptNumber(index) })
    expect(bench.driver('accept').map(({ attempt }) => attempt)).toEqual([0, 1, 2].map(attemptNumber))
    expect(bench.driver('abandon')).toEqual([{ type: 'abandon', attempt: attemptNumber(1) }])
  })

  it('[SI4] whoever is refused learns of the others and leaves the full one alone for 30 s and more', () => {
    const bench = new DialerBench().introducer()
    const attempt = bench.want(large)!
    bench.signal(large, { kind: 'refused', attempt, alternatives: some.slice(0, 2) })
    expect(bench.of('learned')).toMatchObject([{ contacts: [{ id: some[0]!.id }, { id: some[1]!.id }] }])
    expect(bench.of('dial-failed')).toMatchObject([{ peer: large.id, gone: false }])
    expect(bench.of('dial-failed')[0]!.retryAfterMs).toBeGreaterThanOrEqual(15_000)
    expect(bench.driver('abandon')).toEqual([{ type: 'abandon', attempt }])
  })

  it('[SI4] nobody else can refuse, and nobody after the answer', () => {
    const bench = new DialerBench().introducer()
    const attempt = bench.want(large)!
    bench.signal(small, { kind: 'refused', attempt })
    bench.signal(large, { kind: 'answer', attempt })
    bench.signal(large, { kind: 'refused', attempt })
    expect(bench.driver('abandon')).toEqual([])
  })
})

describe('signals on their way out', () => {
  it('[SI1] are sealed one after another, so that they keep their order', () => {
    const bench = new DialerBench().introducer()
    const attempt = bench.want(large)!
    for (const signal of [1, 2, 3]) bench.give({ type: 'local-signal', attempt, bytes: bytes(signal) })
    expect(bench.jobs).toHaveLength(1)
    for (let i = 0; i < 3; i++) bench.work()
    expect(bench.carried(large).map(({ kind, data }) => [kind, data[0]])).toEqual([
      [SIGNAL_KINDS.offer, 1],
      [SIGNAL_KINDS.more, 2],
      [SIGNAL_KINDS.more, 3],
    ])
  })

  it('[SI1] of a listener go back the way of the offer, and say answer first', () => {
    const bench = new DialerBench()
    bench.signal(large, { kind: 'offer', attempt: attemptNumber(1) }, BY_OVERLAY, small.id)
    for (const signal of [1, 2])
      bench.give({ type: 'local-signal', attempt: attemptNumber(1), bytes: bytes(signal) })
    while (bench.jobs.length > 0) bench.work()
    expect(bench.of('answer-signal')).toMatchObject([{ last: false }, { last: false }])
    expect(bench.carried(large).map(({ kind }) => kind)).toEqual([SIGNAL_KINDS.answer, SIGNAL_KINDS.more])
  })

  it.each([BY_SERVER, BY_OVERLAY])(
    '[SI1] where nothing can be sealed, nothing is sent and the attempt fails: %o',
    (way) => {
      const bench = new DialerBench().introducer()
      bench.openCount = way === BY_OVERLAY ? 1 : 0
      const attempt = bench.want(large)!
      for (const signal of [1, 2]) bench.give({ type: 'local-signal', attempt, bytes: bytes(signal) })
      const out = bench.give({ type: 'sealed', token: bench.jobs[0]!.token, bytes: null })
      expect(types(out)).toEqual(['event', 'abandon', 'dial-failed'])
      expect(out[0]).toMatchObject({ event: { stage: 'failed:signaling' } })
      expect([bench.driver('carry-signal'), bench.of('route-signal')]).toEqual([[], []])
      expect(bench.dialer.tables()).toMatchObject({ attempts: 0 })
    },
  )

  it('[SI1] nor is an answer or a refusal that could not be sealed', () => {
    const bench = new DialerBench({ linksMax: 1 })
    bench.signal(large, { kind: 'offer', attempt: attemptNumber(1) })
    bench.signal(small, { kind: 'offer', attempt: attemptNumber(2) })
    bench.give({ type: 'local-signal', attempt: attemptNumber(1), bytes: bytes(1) })
    expect(bench.jobs).toHaveLength(2)
    for (const { token } of bench.jobs.splice(0)) bench.give({ type: 'sealed', token, bytes: null })
    expect(bench.driver('carry-signal')).toEqual([])
    expect(bench.dialer.tables()).toMatchObject({ attempts: 0, boxes: 0 })
  })

  it('an attempt hands over no more than 32 signals', () => {
    const bench = new DialerBench().introducer()
    const attempt = bench.want(large)!
    for (let i = 0; i < 100; i++) bench.give({ type: 'local-signal', attempt, bytes: bytes(i) })
    while (bench.jobs.length > 0) bench.work()
    expect(bench.carried(large)).toHaveLength(32)
  })
})

describe('signals that come in', () => {
  it('[SI1] an answer is applied once, candidates as often as they come, and only from the contact itself', () => {
    const bench = new DialerBench().introducer()
    const attempt = bench.want(large)!
    bench.signal(small, { kind: 'answer', attempt })
    bench.signal(large, { kind: 'answer', attempt: attemptNumber(9) })
    expect(bench.driver('apply-signal')).toEqual([])
    for (const [index, kind] of (['answer', 'answer', 'more', 'more'] as const).entries())
      bench.signal(large, { kind, attempt, data: bytes(index) })
    expect(bench.driver('apply-signal')).toHaveLength(3)
  })

  it('[SI1] a listener takes no answer', () => {
    const bench = new DialerBench().introducer()
    bench.signal(large, { kind: 'offer', attempt: attemptNumber(1) })
    bench.signal(large, { kind: 'answer', attempt: attemptNumber(1) })
    expect(bench.driver('apply-signal')).toEqual([])
  })

  it('[SI1] a box that does not open is counted against nobody, one that opens to rubbish against its sender', () => {
    const bench = new DialerBench()
    bench.give({ type: 'box', from: large, box: bytes(4, 2, 3), way: BY_OVERLAY, link: small.id })
    bench.work()
    bench.give({ type: 'box', from: large, box: bytes(5, 2, 3), way: BY_OVERLAY, link: small.id })
    bench.give({ type: 'opened-box', token: bench.jobs.shift()!.token, bytes: bytes(0x29, 1, 2) })
    bench.give({ type: 'box', from: large, box: bytes(6, 2, 3), way: BY_OVERLAY, link: small.id })
    bench.give({ type: 'opened-box', token: bench.jobs.shift()!.token, bytes: bytes() })
    expect(bench.offences()).toEqual([
      [null, 'bad-signal'],
      [large.id, 'bad-signal'],
      [large.id, 'bad-signal'],
    ])
    expect(bench.dialer.tables()).toMatchObject({ boxes: 0 })
  })

  it('[ID2] a sender without work, or with our own identity, is not looked at; its forwarder is not to blame', () => {
    const bench = new DialerBench({ workBits: 30 })
    bench.give({ type: 'box', from: large, box: bytes(1), way: BY_OVERLAY, link: small.id })
    const own = new DialerBench()
    own.give({ type: 'box', from: own.self, box: bytes(1), way: BY_OVERLAY, link: small.id })
    for (const { jobs, offences } of [bench, own].map((one) => ({
      jobs: one.jobs,
      offences: one.offences(),
    })))
      expect([jobs, offences]).toEqual([[], [[null, 'bad-work']]])
  })

  it('a banned sender is not looked at', () => {
    const bench = new DialerBench()
    bench.banned.add(large.id)
    bench.signal(large, { kind: 'offer' })
    expect(bench.effects).toEqual([])
  })

  it('[SI3] offers of one identity are counted before anything is constructed, and their sender is to blame', () => {
    const bench = new DialerBench().introducer()
    for (let i = 0; i < 40; i++) {
      bench.signal(large, { kind: 'offer', attempt: attemptNumber(i) })
      bench.give({ type: 'link-failed', attempt: attemptNumber(i), stage: 'ice', detail: '' })
    }
    expect(bench.driver('accept')).toHaveLength(OFFERS_PER_IDENTITY_PER_MINUTE)
    expect(bench.offences()).toHaveLength(40 - OFFERS_PER_IDENTITY_PER_MINUTE)
    expect(bench.offences()[0]).toEqual([large.id, 'flood'])
    bench.now += 10_000
    bench.signal(large, { kind: 'offer', attempt: attemptNumber(41) })
    expect(bench.driver('accept')).toHaveLength(OFFERS_PER_IDENTITY_PER_MINUTE + 1)
  })

  function flood(bench: DialerBench, link: string | null, identities: number): number {
    const before = bench.driver('accept').length
    for (let i = 0; i < identities; i++) {
      const number = bench.effects.length
      const attempt = attemptNumber(1_000 + number)
      bench.signal(contactNumber(10_000 + number), { kind: 'offer', attempt }, BY_OVERLAY, link as never)
      bench.give({ type: 'link-failed', attempt, stage: 'ice', detail: '' })
    }
    return bench.driver('accept').length - before
  }

  it('[SI3] offers of many identities are counted per link that forwards them, and altogether', () => {
    const bench = new DialerBench()
    expect(flood(bench, small.id, 200)).toBe(OFFERS_PER_LINK_PER_MINUTE)
    expect(flood(bench, middle.id, 50)).toBe(50)
    expect(flood(bench, null, 50)).toBe(OFFERS_PER_MINUTE - OFFERS_PER_LINK_PER_MINUTE - 50)
    expect(new Set(bench.offences().map(([peer]) => peer))).toEqual(new Set([null]))
  })

  it('[SI3] boxes are counted before they are opened: per identity, per link, and at once', () => {
    const opened = (count: number, from: (index: number) => Contact, link: Contact | null) => {
      const bench = new DialerBench()
      let jobs = 0
      for (let i = 0; i < count; i++) {
        bench.give({
          type: 'box',
          from: from(i),
          box: bytes(i >> 8, i),
          way: BY_OVERLAY,
          link: link?.id ?? null,
        })
        jobs += bench.jobs.length
        bench.work()
      }
      const floods = bench.offences().filter(([, offence]) => offence === 'flood')
      expect(floods).toEqual(Array.from({ length: count - jobs }, () => [null, 'flood']))
      return jobs
    }
    expect(opened(200, () => large, null)).toBe(8 * OFFERS_PER_IDENTITY_PER_MINUTE)
    expect(opened(600, (index) => contactNumber(1 + index), small)).toBe(8 * OFFERS_PER_LINK_PER_MINUTE)
    const bench = new DialerBench()
    for (let i = 0; i < 600; i++)
      bench.give({ type: 'box', from: contactNumber(1 + i), box: bytes(1), way: BY_SERVER, link: null })
    expect(bench.dialer.tables()).toMatchObject({ boxes: 16 * ACCEPTS_MAX })
    expect(bench.jobs).toHaveLength(16 * ACCEPTS_MAX)
  })

  it('[SI3] boxes that somebody else makes in its name do not keep a peer from dialing us', () => {
    const bench = new DialerBench().introducer()
    for (let i = 0; i < 100; i++) {
      bench.give({ type: 'box', from: large, box: bytes(i), way: BY_OVERLAY, link: small.id })
      bench.work()
    }
    expect(bench.offences()).toContainEqual([null, 'flood'])
    bench.signal(large, { kind: 'offer' }, BY_OVERLAY, middle.id)
    expect(bench.driver('accept')).toHaveLength(1)
  })

  it('[SI3] a box that comes again, over whatever way, is neither opened nor counted', () => {
    const bench = new DialerBench()
    const give = (from: Contact, nonce: number, link: Contact) =>
      bench.give({ type: 'box', from, box: bytes(nonce), way: BY_OVERLAY, link: link.id })
    for (let copy = 0; copy < 100; copy++) give(large, 1, copy % 2 === 0 ? small : middle)
    expect(bench.jobs).toHaveLength(1)
    give(large, 2, small)
    give(middle, 1, small)
    expect(bench.jobs).toHaveLength(3)
    expect(bench.offences()).toEqual([])
  })

  it('[SI-3] an offer that was judged is none when whoever carried it brings it again', () => {
    const bench = new DialerBench()
    const offer = (attempt: number) =>
      bench.signal(large, { kind: 'offer', attempt: attemptNumber(attempt) }, BY_OVERLAY, small.id)
    for (let i = 0; i < 40; i++) {
      bench.size = i % 2 === 0 ? 0 : 50
      offer(i)
      bench.give({ type: 'link-failed', attempt: attemptNumber(i), stage: 'ice', detail: '' })
      bench.advance(60_000)
    }
    expect(bench.driver('accept')).toHaveLength(20)
    bench.size = 0
    // As many other boxes as are known when they come again.
    for (let i = 0; i < 2_000; i++) {
      bench.give({ type: 'box', from: contactNumber(1 + i), box: bytes(1), way: BY_OVERLAY, link: small.id })
      bench.work()
      bench.advance(1_000)
    }
    bench.effects.length = 0
    bench.openCount = 1
    const own = bench.want(large)
    for (let i = 0; i < 40; i++) offer(i)
    expect(bench.offences()).toEqual([])
    expect(bench.driver('accept')).toEqual([])
    expect(bench.driver('abandon')).toEqual([])
    expect(own).not.toBeNull()
  })

  it('[SI3] a box whose job was dropped gives its place back', () => {
    const bench = new DialerBench()
    for (let i = 0; i < 500; i++) {
      bench.give({ type: 'box', from: contactNumber(1 + i), box: bytes(1), way: BY_SERVER, link: null })
      bench.give({ type: 'box-dropped', token: bench.jobs.pop()!.token })
    }
    expect(bench.dialer.tables()).toMatchObject({ boxes: 0 })
    expect(bench.offences()).toEqual([])
  })
})

describe('invites', () => {
  function invited(): {
    host: DialerBench
    guest: DialerBench
    attempt: ReturnType<typeof attemptNumber>
    offer: Uint8Array
  } {
    const [host, guest] = [new DialerBench({ self: small }), new DialerBench({ self: large })]
    host.give({ type: 'invite-create', op: 1 })
    const attempt = host.dialed()[0]!
    host.give({ type: 'local-signal', attempt, bytes: bytes(1, 2) })
    const offer = (host.of('done')[0]!.value as { bytes: Uint8Array }).bytes
    return { host, guest, attempt, offer }
  }

  function answer(guest: DialerBench, offer: Uint8Array): Uint8Array {
    guest.give({ type: 'invite-accept', op: 2, offer })
    const { attempt } = guest.driver('accept')[0]!
    guest.give({ type: 'local-signal', attempt, bytes: bytes(3, 4) })
    return (guest.of('done')[0]!.value as { bytes: Uint8Array }).bytes
  }

  it('[SI6] an offer under the attempt id of an invite is dropped: its answer is carried by hand', () => {
    const { guest, attempt, offer } = invited()
    guest.introducer()
    guest.give({ type: 'invite-accept', op: 2, offer })
    guest.signal(small, { kind: 'offer', attempt })
    expect(guest.dialer.expected(attempt)).toEqual({ peer: small.id, path: 'invite' })
    guest.give({ type: 'local-signal', attempt, bytes: bytes(3) })
    expect(guest.of('done')).toMatchObject([{ op: 2 }])
    expect(guest.driver('carry-signal')).toEqual([])
  })

  it('[SI6] an offer and its answer are carried by hand, and complete when the link is proved', () => {
    const { host, guest, attempt, offer } = invited()
    expect(host.driver('dial')).toEqual([{ type: 'dial', attempt, contact: null }])
    const back = answer(guest, offer)
    expect(guest.driver('accept')).toEqual([{ type: 'accept', attempt, contact: null, signal: bytes(1, 2) }])
    host.give({ type: 'invite-complete', op: 3, attempt, answer: back })
    expect(host.driver('apply-signal')).toEqual([{ type: 'apply-signal', attempt, bytes: bytes(3, 4) }])
    expect(host.dialer.expected(attempt)).toEqual({ peer: large.id, path: 'invite' })
    expect(host.of('done').map(({ op }) => op)).toEqual([1])
    host.give({ type: 'opened', attempt })
    host.give({ type: 'proved', attempt })
    expect(host.of('done').map(({ op }) => op)).toEqual([1, 3])
    expect(host.dialer.tables()).toMatchObject({ attempts: 0 })
  })

  it('[SI6] an invite to somebody who is linked already completes too', () => {
    const { host, guest, attempt, offer } = invited()
    host.give({ type: 'invite-complete', op: 3, attempt, answer: answer(guest, offer) })
    host.give({ type: 'handshake-failed', attempt, code: 'duplicate' })
    expect(host.of('done').map(({ op }) => op)).toEqual([1, 3])
  })

  it('[SI6] a damaged text, our own, or one without work is refused', () => {
    const { host, guest, offer, attempt } = invited()
    const damaged = [bytes(), offer.subarray(0, 79), offer.subarray(0, 80), new Uint8Array(500).fill(7)]
    for (const text of damaged.slice(0, 3)) guest.give({ type: 'invite-accept', op: 9, offer: text })
    host.give({ type: 'invite-accept', op: 9, offer })
    new DialerBench({ self: large, workBits: 30 }).give({ type: 'invite-accept', op: 9, offer })
    for (const text of damaged) host.give({ type: 'invite-complete', op: 9, attempt, answer: text })
    host.give({ type: 'invite-complete', op: 9, attempt: attemptNumber(1), answer: offer })
    expect([guest.of('failed').length, host.of('failed').length]).toEqual([3, 6])
    expect(new Set([...guest.of('failed'), ...host.of('failed')].map(({ code }) => code))).toEqual(
      new Set(['INVITE_INVALID']),
    )
    expect([guest.driver('accept'), host.driver('accept')]).toEqual([[], []])
  })

  it('[SI6] an answer is taken once, and an offer too', () => {
    const { host, guest, attempt, offer } = invited()
    const back = answer(guest, offer)
    guest.give({ type: 'invite-accept', op: 4, offer })
    for (const op of [5, 6]) host.give({ type: 'invite-complete', op, attempt, answer: back })
    expect(guest.of('failed')).toMatchObject([{ op: 4, code: 'INVITE_INVALID' }])
    expect(host.of('failed')).toMatchObject([{ op: 6, code: 'INVITE_INVALID' }])
  })

  it('[SI6] an invite that fails tells whoever waits for it, at which stage', () => {
    const { host, guest, attempt, offer } = invited()
    host.give({ type: 'invite-complete', op: 3, attempt, answer: answer(guest, offer) })
    host.give({ type: 'link-failed', attempt, stage: 'ice', detail: 'no path' })
    expect(host.of('failed')).toMatchObject([{ op: 3, code: 'LINK_FAILED' }])
    expect(host.of('failed')[0]!.message).toContain('ice')
    const other = invited()
    other.host.give({
      type: 'invite-complete',
      op: 3,
      attempt: other.attempt,
      answer: answer(other.guest, other.offer),
    })
    other.host.give({
      type: 'handshake-failed',
      attempt: other.attempt,

      code: 'version-mismatch',
    })
    expect(other.host.of('failed')).toMatchObject([{ op: 3, code: 'VERSION_MISMATCH' }])
  })

  it('[SI6] an invite waits a quarter of an hour for its answer, and takes no place meanwhile', () => {
    const { host, attempt } = invited()
    expect(host.dialer.dialing).toBe(0)
    host.advance(15 * 60_000 - 1)
    expect(host.driver('abandon')).toEqual([])
    host.advance(1)
    expect(host.driver('abandon')).toEqual([{ type: 'abandon', attempt }])
  })

  it('[SI6] neither an introducer nor an offer through the overlay disturbs an invite that is under way', () => {
    const { guest, offer } = invited()
    answer(guest, offer)
    guest.give({ type: 'undeliverable', via: SERVER, to: small.id })
    guest.signal(small, { kind: 'offer', attempt: attemptNumber(4) })
    expect(guest.driver('abandon')).toEqual([])
    expect(guest.dialer.tables()).toMatchObject({ attempts: 2 })
  })

  it('[LK-15] an invite that opens at a full peer takes the place of the link wanted least', () => {
    const { host, attempt } = invited()
    host.size = 50
    host.leastWanted = middle.id
    host.give({ type: 'opened', attempt })
    host.give({ type: 'opened', attempt })
    expect(host.of('make-room')).toEqual([{ type: 'make-room', peer: middle.id }])
    expect(host.dialer.expected(attempt)).not.toBeNull()
  })

  it('[LK-15] where every link is wanted more, the invite fails and nobody expects its connection', () => {
    const { host, guest, attempt, offer } = invited()
    host.give({ type: 'invite-complete', op: 3, attempt, answer: answer(guest, offer) })
    host.size = 50
    host.give({ type: 'opened', attempt })
    expect(host.of('failed')).toMatchObject([{ op: 3, code: 'LINK_FAILED' }])
    expect(host.dialer.expected(attempt)).toBeNull()
  })

  it('cancel drops what waits for the call, and nothing else', () => {
    const bench = new DialerBench().introducer()
    bench.want(large)
    bench.give({ type: 'invite-create', op: 7 })
    bench.give({ type: 'cancel', op: 8 })
    expect(bench.driver('abandon')).toEqual([])
    bench.give({ type: 'cancel', op: 7 })
    expect(bench.driver('abandon')).toHaveLength(1)
    expect(bench.dialer.tables()).toMatchObject({ attempts: 1 })
  })
})

describe('stopping', () => {
  it('gives everything up, tells whoever waits, and begins nothing any more', () => {
    const bench = new DialerBench().introducer()
    bench.want(large)
    bench.signal(small, { kind: 'offer' })
    bench.give({ type: 'invite-create', op: 7 })
    bench.give({ type: 'stop' })
    expect(bench.driver('abandon')).toHaveLength(3)
    expect(bench.of('failed')).toMatchObject([{ op: 7, code: 'CLOSED' }])
    const before = bench.effects.length
    bench.signal(middle, { kind: 'offer' })
    bench.want(middle)
    bench.give({ type: 'online' })
    expect(bench.effects.length).toBe(before)
  })

  it('unknown names are no-ops', () => {
    const bench = new DialerBench()
    const attempt = attemptNumber(1)
    bench.give({ type: 'local-signal', attempt, bytes: bytes(1) })
    bench.give({ type: 'opened', attempt })
    bench.give({ type: 'proved', attempt })
    bench.give({ type: 'link-failed', attempt, stage: 'ice', detail: '' })
    bench.give({ type: 'handshake-failed', attempt, code: 'left' })
    bench.give({ type: 'timer', timer: { type: 'attempt', attempt, since: bench.now } })
    bench.give({ type: 'route-ended', operation: 'ab'.repeat(16) as never })
    for (const token of ['seal:00', 'refuse:9', 'open:9'])
      bench.give({ type: 'sealed', token, bytes: bytes(1) })
    bench.give({ type: 'opened-box', token: 'open:9', bytes: bytes(1) })
    bench.give({ type: 'box-dropped', token: 'open:9' })
    expect(bench.effects).toEqual([])
  })
})
