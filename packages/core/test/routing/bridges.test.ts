import { describe, expect, test } from 'vitest'
import type { Contact } from '../../src/identity/contact.ts'
import { keyOf } from '../../src/identity/peer-id.ts'
import { LINKS_MAX } from '../../src/limits.ts'
import { LINK_REASONS } from '../../src/peer/calls.ts'
import { RoutingBench } from './routing-bench.ts'

/** A peer that has joined and whose links are all made. */
function settled(links = 40): { bench: RoutingBench; stranger: Contact } {
  const bench = new RoutingBench()
  bench.join()
  for (let i = 1; i < links; i++) bench.link(bench.contact(), 'listener')
  bench.advance(60_000)
  for (const { target, via } of bench.take('find'))
    bench.found(target, bench.routing.view.linked()[0]!, [], via)
  bench.advance(1_000)
  bench.take('find')
  bench.take('probe')
  return { bench, stranger: bench.contactIn(0) }
}

/** Reasons for which it was wanted, and 0 where no more, since wants were last taken. */
function wantsOf(bench: RoutingBench, contact: Contact): number[] {
  return bench.take('want').flatMap((want) => (want.contact.id === contact.id ? [want.reasons] : []))
}

test('[RT-34] a link that no network brought about is forgotten with all it may lead to', () => {
  const bench = new RoutingBench()
  bench.link(bench.contact())
  const [silent, heard] = bench.contacts(2).map((contact) => bench.link(contact, 'listener', 'server'))
  bench.receive(heard!, { linked: bench.contacts(1) })
  expect(bench.routing.tables()).toMatchObject({ unheardLinks: 1, bridges: 1 })
  for (const contact of [silent!, heard!]) bench.unlink(contact)
  expect(bench.routing.tables()).toMatchObject({ unheardLinks: 0, bridges: 0 })
})

describe('somebody an introducer sees', () => {
  test('[RT-33] is looked for in our own network, one of all that are named', () => {
    const { bench } = settled()
    const named = bench.contacts(8)
    bench.introduce(named)
    const asked = bench.take('probe').map(({ contact }) => contact)
    expect(asked).toHaveLength(1)
    expect(named).toContain(asked[0])
  })

  test('[RT-33] and is not found there is dialed, though there are links enough', () => {
    const { bench, stranger } = settled()
    bench.introduce([stranger])
    bench.handle({ type: 'probed', peer: stranger.id, alive: false })
    expect(bench.knows(stranger)).toBe(true)
    bench.advance(5_000)
    expect(wantsOf(bench, stranger)).toEqual([LINK_REASONS.random])
  })

  test('[RT-33] is dialed even where nobody else would be: two networks may be full of links that their ends need', () => {
    const { bench, stranger } = settled(LINKS_MAX - 1)
    bench.introduce([stranger])
    bench.handle({ type: 'probed', peer: stranger.id, alive: false })
    bench.advance(5_000)
    expect(wantsOf(bench, stranger)).toEqual([LINK_REASONS.random])
  })

  test('[RT-33] is dialed once there is a place', () => {
    const { bench, stranger } = settled(LINKS_MAX)
    bench.introduce([stranger])
    bench.handle({ type: 'probed', peer: stranger.id, alive: false })
    bench.advance(5_000)
    expect(wantsOf(bench, stranger)).toEqual([])
    bench.unlink(bench.routing.view.contactOf(bench.routing.view.linked()[20]!)!, { reason: 'pruned' })
    bench.advance(5_000)
    expect(wantsOf(bench, stranger)).toEqual([LINK_REASONS.random])
  })

  test('[RT-33] and finds no place within a minute is wanted no more', () => {
    const { bench, stranger } = settled(LINKS_MAX)
    bench.introduce([stranger])
    bench.handle({ type: 'probed', peer: stranger.id, alive: false })
    bench.advance(61_000)
    for (let i = 0; i < 8; i++)
      bench.unlink(bench.routing.view.contactOf(bench.routing.view.linked()[i + 5]!)!, { reason: 'pruned' })
    bench.advance(1_000)
    expect(wantsOf(bench, stranger)).toEqual([])
  })

  test('[RT-33] and is found there gets no link for that', () => {
    const { bench, stranger } = settled()
    bench.introduce([stranger])
    bench.handle({ type: 'probed', peer: stranger.id, alive: true })
    bench.advance(5_000)
    expect(wantsOf(bench, stranger)).toEqual([])
  })

  test('[RT-33] counts as dead where the dial fails too, and where it answered and is silent later', () => {
    const { bench, stranger } = settled()
    bench.introduce([stranger])
    bench.handle({ type: 'probed', peer: stranger.id, alive: false })
    bench.advance(5_000)
    expect(wantsOf(bench, stranger)).toHaveLength(1)
    expect(bench.knows(stranger)).toBe(true)
    bench.handle({ type: 'dial-failed', peer: stranger.id, retryAfterMs: 1_000, gone: true })
    expect(bench.knows(stranger)).toBe(false)
    const other = bench.contactIn(4)
    bench.advance(60_000)
    bench.introduce([other])
    bench.handle({ type: 'probed', peer: other.id, alive: true })
    bench.receive(bench.link(bench.contact()), { gone: [other.id] })
    bench.handle({ type: 'probed', peer: other.id, alive: false })
    expect(bench.knows(other)).toBe(false)
  })

  test('[RT-33] one search at a time, and not soon again, however often somebody is named', () => {
    const { bench, stranger } = settled()
    bench.introduce([stranger])
    for (let i = 0; i < 5; i++) bench.introduce(bench.contacts(2))
    bench.introduce([])
    expect(bench.take('probe')).toHaveLength(1)
    bench.handle({ type: 'probed', peer: stranger.id, alive: false })
    bench.advance(5_000)
    expect(wantsOf(bench, stranger)).toEqual([LINK_REASONS.random])
    bench.advance(30_000)
    bench.introduce(bench.contacts(4))
    expect(bench.take('probe').length).toBeGreaterThanOrEqual(1)
  })

  test('[RT-33] is not looked for before we have joined, nor is whoever a full peer names', () => {
    const bench = new RoutingBench()
    bench.link(bench.contact())
    bench.introduce(bench.contacts(8))
    expect(bench.take('probe')).toEqual([])
    const { bench: other } = settled()
    other.learn(other.contacts(4))
    expect(other.take('probe')).toEqual([])
  })
})

describe('a link that no network brought about', () => {
  for (const [path, role] of [
    ['server', 'dialer'],
    ['server', 'listener'],
    ['tabs', 'listener'],
    ['invite', 'dialer'],
  ] as const) {
    test(`[RT-34] (${path}, ${role}) is looked through for our own id when it shows others behind it`, () => {
      const { bench } = settled(30)
      const far = bench.link(bench.contact(), role, path)
      expect(bench.take('find')).toEqual([])
      bench.receive(far, { linked: bench.contacts(3) })
      expect(bench.take('find')).toEqual([{ type: 'find', target: keyOf(bench.self.id), via: [far.id] }])
      bench.receive(far, { linked: bench.contacts(3) })
      expect(bench.take('find')).toEqual([])
    })
  }

  test('[RT-34] is not where nobody is behind it, as with a newcomer', () => {
    const { bench } = settled(30)
    const newcomer = bench.link(bench.contact(), 'listener', 'server')
    bench.receive(newcomer, {})
    bench.receive(newcomer, { linked: bench.contacts(3) })
    expect(bench.take('find')).toEqual([])
  })

  test('[RT-34] is not where our network led to it, nor where it is our first', () => {
    const { bench } = settled(30)
    bench.receive(bench.link(bench.contact(), 'listener', 'overlay'), { linked: bench.contacts(3) })
    expect(bench.take('find')).toEqual([])
    const newcomer = new RoutingBench()
    const first = newcomer.link(newcomer.contact(), 'dialer', 'server')
    newcomer.receive(first, { linked: newcomer.contacts(3) })
    newcomer.found(keyOf(newcomer.self.id), first.id, [])
    expect(newcomer.take('find').map(({ via }) => via)).toEqual([[]])
  })

  test('[RT-34] is looked through once we have joined, where it came before', () => {
    const bench = new RoutingBench()
    const first = bench.link(bench.contact(), 'dialer', 'server')
    const second = bench.link(bench.contact(), 'dialer', 'server')
    bench.receive(second, { linked: bench.contacts(3) })
    expect(bench.take('find').map(({ via }) => via)).toEqual([[]])
    bench.found(keyOf(bench.self.id), first.id, [])
    expect(bench.take('find').map(({ via }) => via)).toEqual([[second.id]])
  })

  test('[RT-34] is looked through three times where nobody answers, and the regular lookups go on as ever', () => {
    const { bench } = settled(30)
    const own = keyOf(bench.self.id)
    const far = bench.link(bench.contact(), 'listener', 'server')
    bench.receive(far, { linked: bench.contacts(3) })
    for (let tries = 1; tries <= 3; tries++) {
      expect(bench.take('find')).toEqual([{ type: 'find', target: own, via: [far.id] }])
      bench.found(own, null, [], [far.id])
    }
    expect(bench.take('find')).toEqual([])
    bench.advance(5_000)
    expect(bench.take('find')).toEqual([])
  })
})

describe('whoever a lookup through others found', () => {
  test('[RT-35] is reached the way it was found, until a link names it', () => {
    const { bench, stranger } = settled(30)
    const via = [bench.routing.view.linked()[0]!, bench.contact().id]
    bench.found(keyOf(bench.self.id), stranger.id, [stranger], via)
    expect(bench.routing.view.hopsTo(stranger.id)).toEqual(via)
    const friend = bench.link(bench.contact())
    bench.receive(friend, { linked: [stranger] })
    expect(bench.routing.view.hopsTo(stranger.id)).toEqual([friend.id, stranger.id])
    bench.unlink(friend)
    expect(bench.routing.view.hopsTo(stranger.id)).toEqual(via)
    bench.unlink(bench.routing.view.contactOf(via[0]!)!)
    expect(bench.routing.view.hopsTo(stranger.id)).toEqual([])
  })

  test('[RT-35] is reached freely where it was known before, or found freely', () => {
    const { bench, stranger } = settled(30)
    const via = [bench.routing.view.linked()[0]!]
    bench.found(keyOf(bench.self.id), stranger.id, [stranger])
    bench.found(keyOf(bench.self.id), stranger.id, [stranger], via)
    expect(bench.routing.view.hopsTo(stranger.id)).toEqual([])
  })

  test('[RT-35] is asked the same way whether it lives, where it was taken for dead', () => {
    const { bench } = settled(30)
    const via = [bench.routing.view.linked()[0]!]
    const dead = bench.link(bench.contact(), 'listener')
    bench.unlink(dead, { left: true })
    bench.advance(20_000)
    bench.take('probe')
    bench.found(keyOf(bench.self.id), via[0]!, [dead], via)
    expect(bench.take('probe')).toEqual([{ type: 'probe', contact: dead, via }])
  })

  test('[RT-17] later lookups of our own id go through somebody drawn by chance, known by a link', () => {
    const bench = new RoutingBench()
    const first = bench.join()
    const friends = bench.contacts(30)
    bench.receive(first, { linked: friends })
    bench.take('find')
    const own: { via: readonly string[]; at: number }[] = []
    for (const joinedAt = bench.now; bench.now - joinedAt < 60 * 60_000; ) {
      bench.advance(500)
      bench.answerProbes()
      for (const { target, via } of bench.take('find')) {
        if (target !== keyOf(bench.self.id)) continue
        own.push({ via, at: bench.now - joinedAt })
        bench.found(target, first.id, [], via)
      }
    }
    expect(own.filter(({ at }) => at < 20_000).map(({ via }) => via)).toEqual([[], [], []])
    const around = own.filter(({ at }) => at > 120_000).map(({ via }) => via)
    expect(around.length).toBeGreaterThan(4)
    for (const via of around)
      expect([[first.id], ...friends.map(({ id }) => [first.id, id])]).toContainEqual(via)
    expect(new Set(around.map((via) => via.at(-1))).size).toBeGreaterThan(3)
  })
})
