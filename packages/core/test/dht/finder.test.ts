import { describe, expect, test } from 'vitest'
import { foundSignedBytes } from '../../src/dht/found.ts'
import { type Contact, contactBytes, isAcceptable } from '../../src/identity/contact.ts'
import { type Key, keyOf } from '../../src/identity/peer-id.ts'
import {
  CRAWL_PARALLELISM,
  CRAWL_PEERS_MAX,
  FINDS_IN_MAX,
  FINDS_OUT_MAX,
  LOOKUP_ASKED_MAX,
  LOOKUP_PARALLELISM,
  LOOKUP_STEP_TIMEOUT_MS,
  LOOKUP_TIMEOUT_MS,
  LOOKUPS_MAX,
  PROBE_TIMEOUT_MS,
  ROUTE_STATE_MS,
} from '../../src/limits.ts'
import type { LookupResult, TopologyResult } from '../../src/peer/calls.ts'
import { closestOf } from '../../src/routing/distance.ts'
import { concatBytes, fromHex, utf8 } from '../../src/wire/bytes.ts'
import type { OperationId } from '../../src/wire/messages.ts'
import { contactNumber, FinderBench, only, type Route } from './finder-bench.ts'
import { isSigned } from './stand-in-signatures.ts'

const TARGET = '5'.repeat(64) as Key
const operation = '0'.repeat(31).concat('7') as OperationId

function deliver(bench: FinderBench, what: number, count: number, number = 7) {
  const route = { operation: number.toString(16).padStart(32, '0') as OperationId, path: 3 }
  const inner = { type: 'FIND', target: TARGET, what, count } as const
  return bench.input({
    type: 'deliver',
    route,
    from: contactNumber(1).id,
    mode: 'exact',
    target: TARGET,
    inner,
  })
}

describe('answers', () => {
  test('[LU-1] names the closest known, the closest linked, or the links, as many as asked and at most 40', () => {
    const bench = new FinderBench(45)
    bench.known.push(...Array.from({ length: 45 }, (_, index) => contactNumber(100 + index)))
    bench.held.add(TARGET)
    const named = (what: number, count: number) => {
      const [answer] = only(deliver(bench, what, count), 'answer')
      if (answer?.inner.type !== 'FOUND') throw new Error('no FOUND')
      expect(answer).toMatchObject({
        route: { operation, path: 3 },
        last: true,
        inner: { degree: 45, holds: true },
      })
      expect(answer.inner.responder).toBe(bench.self)
      return answer.inner.contacts
    }
    expect(named(0, 20)).toEqual(bench.closest(TARGET, 20))
    expect(named(1, 20)).toEqual(bench.closestLinked(TARGET, 20))
    expect(named(2, 255)).toEqual(bench.linkedContacts.slice(0, 40))
    expect(named(0, 0)).toEqual([])
  })

  test('[LU-2] signed over the question, and over everything that is said', () => {
    const bench = new FinderBench(3)
    const [answer] = only(deliver(bench, 1, 20), 'answer')
    if (answer?.inner.type !== 'FOUND') throw new Error('no FOUND')
    const { signature, ...found } = answer.inner
    const check = (question: object, claim: object) =>
      isSigned(
        bench.self.signingKey,
        foundSignedBytes({ operation, target: TARGET, what: 1, ...question }, { ...found, ...claim }),
        signature,
      )
    expect(check({}, {})).toBe(true)
    expect(check({ operation: '0'.repeat(32) }, {})).toBe(false)
    expect(check({ target: keyOf(bench.self.id) }, {})).toBe(false)
    expect(check({ what: 0 }, {})).toBe(false)
    expect(check({}, { responder: contactNumber(1) })).toBe(false)
    expect(check({}, { contacts: found.contacts.slice(1) })).toBe(false)
    expect(check({}, { degree: 4 })).toBe(false)
    expect(check({}, { holds: true })).toBe(false)
  })

  test('[LU-2] and over nothing else, in this order', () => {
    const [responder, named] = [contactNumber(1), contactNumber(2)]
    const found = { responder, contacts: [named], degree: 7, holds: true }
    const bytes = concatBytes(
      utf8('hyphae found 1'),
      fromHex(operation),
      fromHex(TARGET),
      Uint8Array.of(2),
      contactBytes(responder),
      Uint8Array.of(7, 1),
      contactBytes(named),
    )
    expect(foundSignedBytes({ operation, target: TARGET, what: 2 }, found)).toEqual(bytes)
  })

  test('[LU-11] with 256 signatures to make, the next question goes on', () => {
    const bench = new FinderBench(1)
    const ask = (number: number, now = 0) => {
      const out: never[] = []
      const route = { operation: number.toString(16).padStart(32, '0') as OperationId, path: 0 }
      const inner = { type: 'FIND', target: TARGET, what: 0, count: 1 } as const
      const from = contactNumber(number % 8).id
      bench.finder.handle({ type: 'deliver', route, from, mode: 'exact', target: TARGET, inner }, now, out)
      return out.map(({ type }) => type)
    }
    // Each link has an eighth of the places.
    const ofOneLink = Array.from({ length: FINDS_IN_MAX / 8 }, (_, index) => index * 8)
    for (const number of ofOneLink) expect(ask(number)).toEqual(['sign'])
    expect(ask(8 * FINDS_IN_MAX)).toEqual(['pass'])
    for (let number = 0; number < FINDS_IN_MAX; number++)
      if (number % 8 > 0) expect(ask(number)).toEqual(['sign'])
    expect(ask(FINDS_IN_MAX + 1)).toEqual(['pass'])
    expect(bench.finder.tables()).toMatchObject({ findAnswers: FINDS_IN_MAX })
    expect(ask(FINDS_IN_MAX + 1, ROUTE_STATE_MS)).toEqual(['sign'])
  })

  test('[LU-11] a signature that was made takes no place, and one that nobody waits for is nothing', () => {
    const bench = new FinderBench(1)
    for (let number = 0; number < FINDS_IN_MAX; number++)
      expect(only(deliver(bench, 0, 1, number), 'answer')).toHaveLength(1)
    expect(bench.finder.tables()).toMatchObject({ findAnswers: 0 })
    expect(bench.input({ type: 'signed', token: 'nobody', signature: new Uint8Array(64) })).toEqual([])
    expect(bench.input({ type: 'verified', token: 'nobody', valid: true })).toEqual([])
  })
})

describe('finds and probes', () => {
  test('[LU-4] a find asks whoever is closest, and the contacts include the responder', () => {
    const bench = new FinderBench(2)
    const [route] = only(bench.input({ type: 'find', target: TARGET, via: [] }), 'route') as [Route]
    expect(route).toMatchObject({
      mode: 'closest',
      target: TARGET,
      paths: 1,
      timeoutMs: LOOKUP_STEP_TIMEOUT_MS,
    })
    expect(route.inner).toEqual({ type: 'FIND', target: TARGET, what: 0, count: 20 })
    const [responder, other] = [contactNumber(9), contactNumber(10)]
    expect(bench.answer(route, responder, [other])).toEqual([
      { type: 'stop-route', operation: route.operation },
      { type: 'found', target: TARGET, via: [], responder: responder.id, contacts: [responder, other] },
    ])
    expect(bench.answer(route, responder, [other])).toEqual([])
    expect(bench.finder.tables()).toMatchObject({ questions: 0 })
  })

  test('[LU-3] [LU-4] nobody answers: null', () => {
    const bench = new FinderBench(2)
    const [route] = only(bench.input({ type: 'find', target: TARGET, via: [] }), 'route') as [Route]
    const nothing = { type: 'found', target: TARGET, via: [], responder: null, contacts: [] }
    expect(bench.ended(route)).toContainEqual(nothing)
    bench.input({ type: 'find', target: TARGET, via: [] })
    expect(bench.advance(LOOKUP_STEP_TIMEOUT_MS + 999)).toEqual([])
    expect(bench.advance(1)).toContainEqual(nothing)
  })

  test('[LU-5] a contact is alive when it has answered itself, through whoever named it', () => {
    const bench = new FinderBench(2)
    const contact = contactNumber(50)
    const probe = (via: readonly Contact[]) =>
      only(bench.input({ type: 'probe', contact, via: via.map(({ id }) => id) }), 'route')[0] as Route
    const first = probe([contactNumber(1), contact])
    expect(first).toMatchObject({
      mode: 'probe',
      target: contact.id,
      via: [contactNumber(1).id, contact.id],
      timeoutMs: PROBE_TIMEOUT_MS,
    })
    expect(first.inner).toMatchObject({ type: 'FIND', count: 0 })
    expect(bench.answer(first, contactNumber(51))).toEqual([])
    expect(bench.answer(first, contact)).toContainEqual({ type: 'probed', peer: contact.id, alive: true })
    const second = probe([])
    expect(second.via).toEqual([])
    expect(bench.ended(second)).toContainEqual({ type: 'probed', peer: contact.id, alive: false })
  })

  test('[LU-3] an answer counts when its signature does, it names no more than asked, and its work is paid', () => {
    const bench = new FinderBench(2)
    const [route] = only(bench.input({ type: 'find', target: TARGET, via: [] }), 'route') as [Route]
    const good = bench.found(route, contactNumber(9), [contactNumber(10)])
    expect(bench.reply(route, { ...good, holds: true })).toEqual([])
    expect(bench.reply(route, { ...good, contacts: [contactNumber(11)] })).toEqual([])
    const tooMany = Array.from({ length: 21 }, (_, index) => contactNumber(index + 1))
    expect(bench.answer(route, contactNumber(9), tooMany)).toEqual([])
    expect(only(bench.reply(route, good), 'found')).toHaveLength(1)

    const worked = new FinderBench(2, 8)
    const [asked] = only(worked.input({ type: 'find', target: TARGET, via: [] }), 'route') as [Route]
    const numbers = Array.from({ length: 2_000 }, (_, index) => contactNumber(index))
    const paid = numbers.filter((contact) => isAcceptable(contact, 8))
    const lazy = numbers.find((contact) => !isAcceptable(contact, 8)) as Contact
    expect(worked.answer(asked, lazy)).toEqual([])
    const [result] = only(worked.answer(asked, paid[0] as Contact, [lazy, paid[1] as Contact]), 'found')
    expect(result?.contacts).toEqual([paid[0], paid[1]])
  })

  test('[LU-3] an answer under check outlives the end of its route', () => {
    const bench = new FinderBench(2)
    bench.checksAtOnce = false
    const [route] = only(bench.input({ type: 'find', target: TARGET, via: [] }), 'route') as [Route]
    bench.answer(route, contactNumber(9))
    bench.answer(route, contactNumber(10))
    expect(bench.ended(route)).toEqual([])
    expect(bench.check(false)).toEqual([])
    expect(only(bench.check(true), 'found')).toMatchObject([{ responder: contactNumber(10).id }])
    const [next] = only(bench.input({ type: 'find', target: TARGET, via: [] }), 'route') as [Route]
    bench.answer(next, contactNumber(9))
    bench.ended(next)
    expect(only(bench.check(false), 'found')).toMatchObject([{ responder: null }])
  })

  test('[LU-12] with 1,024 questions under way the next ends at once', () => {
    const bench = new FinderBench(2)
    for (let i = 0; i < FINDS_OUT_MAX; i++)
      expect(only(bench.input({ type: 'find', target: TARGET, via: [] }), 'route')).toHaveLength(1)
    expect(bench.input({ type: 'find', target: TARGET, via: [] })).toMatchObject([
      { type: 'found', responder: null },
    ])
    const probe = { type: 'probe', contact: contactNumber(3), via: [] } as const
    expect(bench.input(probe)).toEqual([{ type: 'probe-dropped', peer: probe.contact.id }])
  })
})

describe('lookups', () => {
  const linked = (bench: FinderBench) => bench.closestLinked(TARGET, 20)

  test('[LU-6] asks three at a time, the closest first, for what they are linked to', () => {
    const bench = new FinderBench(5)
    const routes = only(bench.call(1, { type: 'lookup', target: TARGET }), 'route')
    expect(routes.map(({ target }) => target)).toEqual(
      linked(bench)
        .slice(0, LOOKUP_PARALLELISM)
        .map(({ id }) => id),
    )
    expect(routes[0]).toMatchObject({ mode: 'exact', paths: 1, via: [], timeoutMs: LOOKUP_STEP_TIMEOUT_MS })
    expect(routes[0]?.inner).toEqual({ type: 'FIND', target: TARGET, what: 1, count: 20 })
    const next = bench.answer(routes[0] as Route, linked(bench)[0] as Contact)
    expect(only(next, 'progress')).toEqual([
      { type: 'progress', op: 1, value: { asked: linked(bench)[0]?.id, hops: 2, named: [] } },
    ])
    expect(only(next, 'route').map(({ target }) => target)).toEqual([linked(bench)[3]?.id])
  })

  test('[LU-6] begins with contacts that links have named, too, and goes to them through these', () => {
    const bench = new FinderBench(1)
    const [named, unnamed] = closestOf(TARGET, numbers(60, 40), 2) as [Contact, Contact]
    bench.known.push(named, unnamed)
    bench.viaByPeer.set(named.id, contactNumber(1).id)
    const routes = only(bench.call(1, { type: 'lookup', target: TARGET }), 'route')
    expect(routes.map(({ target, via }) => ({ target, via }))).toEqual([
      { target: named.id, via: [contactNumber(1).id, named.id] },
      { target: contactNumber(1).id, via: [] },
    ])
  })

  test('[LU-6] once three in a row brought nobody closer, whoever is left of the 20 closest is asked at once', () => {
    const bench = new FinderBench(40)
    const [closer] = closestOf(TARGET, numbers(1_000, 4_000), 1) as [Contact]
    const everybody = [bench.self, ...bench.linkedContacts, closer]
    let waiting = only(bench.call(1, { type: 'lookup', target: TARGET }), 'route')
    const answered: Contact[] = [bench.self]
    const answerNext = (...named: Contact[]) => {
      const [route, ...others] = waiting as [Route, ...Route[]]
      const peer = everybody.find(({ id }) => id === (route.target as string)) as Contact
      answered.push(peer)
      waiting = [...others, ...only(bench.answer(route, peer, named), 'route')]
      return waiting.length
    }
    expect([answerNext(), answerNext(closer), answerNext(), answerNext()]).toEqual([3, 3, 3, 3])
    answerNext()
    const left = closestOf(TARGET, everybody, 20).filter((contact) => !answered.includes(contact))
    expect(left.length).toBeGreaterThan(10)
    expect(new Set(waiting.map(({ target }) => target))).toEqual(new Set(left.map(({ id }) => id)))
  })

  test('[LU-7] goes to those it is not linked to through the peers that named them, one after another', () => {
    const bench = new FinderBench(1)
    const chain = [contactNumber(1), ...closestOf(TARGET, numbers(60, 40), 40).reverse()] as [
      Contact,
      ...Contact[],
    ]
    let [route] = only(bench.call(1, { type: 'lookup', target: TARGET }), 'route')
    for (let i = 0; i < 30; i++) {
      const [asked, named] = [chain[i] as Contact, chain[i + 1] as Contact]
      expect(route?.target).toBe(asked.id)
      const via = i === 0 || i >= 24 ? [] : chain.slice(0, i + 1).map(({ id }) => id)
      expect(route?.via).toEqual(via)
      ;[route] = only(bench.answer(route as Route, asked, [named]), 'route')
    }
  })

  test('[LU-7] whoever is not reached through them is asked once more, freely', () => {
    const bench = new FinderBench(1)
    const [named] = closestOf(TARGET, numbers(60, 40), 1) as [Contact]
    bench.known.push(named)
    bench.viaByPeer.set(named.id, contactNumber(1).id)
    const [through] = only(bench.call(1, { type: 'lookup', target: TARGET }), 'route') as [Route]
    const [freely] = only(bench.ended(through), 'route') as [Route]
    expect(freely).toMatchObject({ target: named.id, via: [] })
    expect(only(bench.ended(freely), 'route')).toEqual([])
  })

  test('[LU-8] done when the 20 closest that live have answered; those that fail make room', () => {
    const bench = new FinderBench(30)
    const dead = new Set(
      linked(bench)
        .slice(0, 3)
        .map(({ id }) => id as string),
    )
    const waiting = only(bench.call(1, { type: 'lookup', target: TARGET }), 'route')
    let done: LookupResult | null = null
    for (let route = waiting.shift(); route !== undefined; route = waiting.shift()) {
      const peer = bench.linkedContacts.find(({ id }) => id === (route?.target as string)) as Contact
      const effects = dead.has(peer.id)
        ? bench.ended(route)
        : bench.answer(route, peer, bench.linkedContacts.slice(0, 9))
      waiting.push(...only(effects, 'route'))
      for (const { value } of only(effects, 'done')) done = value as LookupResult
    }
    const living = [bench.self, ...bench.linkedContacts].filter(({ id }) => !dead.has(id))
    expect(done?.closest).toEqual(closestOf(TARGET, living, 20))
    expect(done?.asked).toBe(20 + dead.size - (done?.closest.includes(bench.self) ? 1 : 0))
    expect(bench.finder.tables()).toMatchObject({ lookups: 0, questions: 0 })
  })

  test('[LU-8] invented contacts cannot keep it going: 100 are asked', () => {
    const bench = new FinderBench(3)
    const contactById = new Map(bench.linkedContacts.map((contact) => [contact.id as string, contact]))
    const waiting = only(bench.call(1, { type: 'lookup', target: TARGET }), 'route')
    const pool = closestOf(TARGET, numbers(1_000, 4_000), 4_000).reverse()
    let asked = 0
    for (let route = waiting.shift(); route !== undefined; route = waiting.shift()) {
      asked++
      const invented = pool.splice(0, 9)
      for (const contact of invented) contactById.set(contact.id, contact)
      waiting.push(...only(bench.answer(route, contactById.get(route.target) as Contact, invented), 'route'))
    }
    expect(asked).toBe(LOOKUP_ASKED_MAX)
    expect(bench.finder.tables()).toMatchObject({ lookups: 0, questions: 0 })
  })

  test('[LU-8] whoever was not asked any more is not among the closest that are found', () => {
    const bench = new FinderBench(3)
    const contactById = new Map(bench.linkedContacts.map((contact) => [contact.id as string, contact]))
    const waiting = only(bench.call(1, { type: 'lookup', target: TARGET }), 'route')
    const pool = closestOf(TARGET, numbers(1_000, 4_000), 4_000).reverse()
    const asked: string[] = []
    const done: LookupResult[] = []
    for (let route = waiting.shift(); route !== undefined; route = waiting.shift()) {
      asked.push(route.target)
      const invented = pool.splice(0, 20)
      for (const contact of invented) contactById.set(contact.id, contact)
      const effects = bench.answer(route, contactById.get(route.target) as Contact, invented)
      waiting.push(...only(effects, 'route'))
      done.push(...only(effects, 'done').map(({ value }) => value as LookupResult))
    }
    expect(done).toMatchObject([{ asked: LOOKUP_ASKED_MAX }])
    expect(done[0]?.closest.filter(({ id }) => !asked.includes(id))).toEqual([])
  })

  test('[LU-8] fails without a link, and when its time is over', () => {
    const alone = new FinderBench(0).call(1, { type: 'lookup', target: TARGET })
    expect(alone).toMatchObject([{ type: 'failed', op: 1, code: 'NO_PEERS' }])
    const bench = new FinderBench(1)
    const chain = [contactNumber(1), ...closestOf(TARGET, numbers(60, 40), 40).reverse()] as [
      Contact,
      ...Contact[],
    ]
    let [route] = only(bench.call(1, { type: 'lookup', target: TARGET }), 'route')
    const stepMs = LOOKUP_STEP_TIMEOUT_MS - 1
    for (let i = 0; (i + 1) * stepMs < LOOKUP_TIMEOUT_MS; i++) {
      expect(only(bench.advance(stepMs), 'failed')).toEqual([])
      const [asked, named] = [chain[i] as Contact, chain[i + 1] as Contact]
      ;[route] = only(bench.answer(route as Route, asked, [named]), 'route')
    }
    expect(only(bench.advance(stepMs), 'failed')).toMatchObject([{ op: 1, code: 'TIMEOUT' }])
    expect(bench.finder.tables()).toMatchObject({ lookups: 0, questions: 0 })
  })

  test('[LU-12] what is cancelled is silent, and above 64 calls the next is BUSY', () => {
    const bench = new FinderBench(3)
    const routes = only(bench.call(1, { type: 'lookup', target: TARGET }), 'route')
    expect(bench.input({ type: 'cancel', op: 1 }).map(({ type }) => type)).toEqual([
      'stop-route',
      'stop-route',
      'stop-route',
    ])
    expect(bench.answer(routes[0] as Route, linked(bench)[0] as Contact)).toEqual([])
    expect(bench.advance(LOOKUP_TIMEOUT_MS)).toEqual([])
    const crawl = bench.call(1, { type: 'crawl', peersMax: 9 })
    bench.call(2, { type: 'lookup', target: TARGET })
    expect(bench.input({ type: 'cancel', op: 1 })).toEqual(
      only(crawl, 'route').map((route) => ({ type: 'stop-route', operation: route.operation })),
    )
    expect(bench.finder.tables()).toMatchObject({ crawls: 0, lookups: 1, questions: 3 })
    bench.input({ type: 'cancel', op: 2 })
    for (let op = 1; op <= LOOKUPS_MAX; op++)
      bench.call(op, op % 2 === 0 ? { type: 'crawl', peersMax: 9 } : { type: 'lookup', target: TARGET })
    const more = bench.call(99, { type: 'crawl', peersMax: 9 })
    expect(more).toMatchObject([{ type: 'failed', op: 99, code: 'BUSY' }])
  })
})

describe('crawls', () => {
  test('[LU-9] [LU-10] ourselves first, then breadth first, eight at a time, each peer once', () => {
    const bench = new FinderBench(10)
    const begun = bench.call(1, { type: 'crawl', peersMax: 100 })
    expect(only(begun, 'progress')).toEqual([
      { type: 'progress', op: 1, value: { peer: bench.self.id, links: bench.linked() } },
    ])
    const waiting = only(begun, 'route')
    expect(waiting).toHaveLength(CRAWL_PARALLELISM)
    expect(waiting[0]?.inner).toEqual({ type: 'FIND', target: contactNumber(1).id, what: 2, count: 40 })
    const far = [contactNumber(20), contactNumber(21)]
    const everybody = [...bench.linkedContacts, ...far]
    let done: TopologyResult | null = null
    for (let route = waiting.shift(); route !== undefined; route = waiting.shift()) {
      const peer = everybody.find(({ id }) => id === (route?.target as string)) as Contact
      const named = peer.id === contactNumber(2).id ? far : [contactNumber(1), bench.self]
      const effects = peer.id === contactNumber(3).id ? bench.ended(route) : bench.answer(route, peer, named)
      if (peer === far[0]) expect(route.via).toEqual([contactNumber(2).id, peer.id])
      waiting.push(...only(effects, 'route'))
      for (const { value } of only(effects, 'done')) done = value as TopologyResult
    }
    expect(done?.peers).toHaveLength(1 + everybody.length - 1)
    expect(done?.peers[2]).toEqual({ peer: contactNumber(2).id, links: far.map(({ id }) => id) })
    expect(done?.unreachable).toEqual([contactNumber(3).id])
  })

  test('[LU-9] whoever is not reached through its namer is asked once more, freely', () => {
    const bench = new FinderBench(1)
    const far = contactNumber(20)
    const [near] = only(bench.call(1, { type: 'crawl', peersMax: 9 }), 'route') as [Route]
    const [through] = only(bench.answer(near, contactNumber(1), [far]), 'route') as [Route]
    expect(through.via).toEqual([contactNumber(1).id, far.id])
    const [freely] = only(bench.ended(through), 'route') as [Route]
    expect(freely).toMatchObject({ target: far.id, via: [] })
    expect(only(bench.ended(freely), 'done')).toMatchObject([{ value: { unreachable: [far.id] } }])
  })

  test('[LU-9] asks no more than told, and never more than 400', () => {
    for (const [peersMax, expected] of [
      [4, 4],
      [100_000, CRAWL_PEERS_MAX],
    ] as const) {
      const bench = new FinderBench(6)
      const contactById = new Map(numbers(1, 2_000).map((contact) => [contact.id as string, contact]))
      const waiting = only(bench.call(1, { type: 'crawl', peersMax }), 'route')
      let asked = 0
      for (let route = waiting.shift(); route !== undefined; route = waiting.shift()) {
        const named = numbers(++asked * 4, 4)
        waiting.push(...only(bench.answer(route, contactById.get(route.target) as Contact, named), 'route'))
      }
      expect(asked).toBe(expected)
      expect(bench.finder.tables()).toMatchObject({ crawls: 0, questions: 0 })
    }
  })

  test('[LU-10] when its time is over, what was seen is the result', () => {
    const bench = new FinderBench(1)
    const chain = numbers(1, 40)
    let [route] = only(bench.call(1, { type: 'crawl', peersMax: 99 }), 'route')
    const stepMs = LOOKUP_STEP_TIMEOUT_MS - 1
    const seen: string[] = [bench.self.id]
    for (let i = 0; (i + 1) * stepMs < LOOKUP_TIMEOUT_MS; i++) {
      expect(only(bench.advance(stepMs), 'done')).toEqual([])
      const [asked, named] = [chain[i] as Contact, chain[i + 1] as Contact]
      seen.push(asked.id)
      ;[route] = only(bench.answer(route as Route, asked, [named]), 'route')
    }
    const effects = bench.advance(stepMs)
    expect(effects[0]).toEqual({ type: 'stop-route', operation: route?.operation })
    const [done] = only(effects, 'done')
    expect(resultOf(done).peers.map(({ peer }) => peer)).toEqual(seen)
    expect(bench.finder.tables()).toMatchObject({ crawls: 0, questions: 0 })
  })

  test('[LU-10] alone, we are the picture', () => {
    const bench = new FinderBench(0)
    const [done] = only(bench.call(1, { type: 'crawl', peersMax: 9 }), 'done')
    expect(done?.value).toEqual({ peers: [{ peer: bench.self.id, links: [] }], unreachable: [] })
  })
})

function resultOf(done: { readonly value: unknown } | undefined): TopologyResult {
  return done?.value as TopologyResult
}

function numbers(first: number, count: number): Contact[] {
  return Array.from({ length: count }, (_, index) => contactNumber(first + index))
}
