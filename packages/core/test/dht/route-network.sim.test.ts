import { describe, expect, test } from 'vitest'
import type { Key } from '../../src/identity/peer-id.ts'
import { keyOf } from '../../src/identity/peer-id.ts'
import { DETOUR_HOPS_MAX, HOPS_MAX, ROUTE_PATHS_MAX, ROUTES_PER_LINK_MAX } from '../../src/limits.ts'
import { toHex } from '../../src/wire/bytes.ts'
import { encodeInner } from '../../src/wire/codec.ts'
import type { OperationId } from '../../src/wire/messages.ts'
import { closestNodes, mean, type Outcome, quantile, RouteNetwork } from './route-network.ts'

const SIZES = [
  { peers: 30, linksMax: 8 },
  { peers: 100, linksMax: 10 },
  { peers: 300, linksMax: 8 },
  { peers: 1_000, linksMax: 8 },
  { peers: 1_000, linksMax: 40 },
]

function randomKey(network: RouteNetwork): Key {
  return toHex(network.random.bytes(32)) as Key
}

/** Prints what a run measured, so that a change of the numbers is seen before it becomes a failure. */
function report(name: string, network: RouteNetwork, outcomes: readonly Outcome[]): void {
  const first = outcomes.flatMap(({ replies }) => replies.slice(0, 1))
  const times = first.map(({ afterMs }) => afterMs)
  const hops = mean(first.map((reply) => reply.hops)).toFixed(2)
  const frames = ((network.frames.ROUTE ?? 0) / outcomes.length).toFixed(1)
  const spread = `p50 ${quantile(times, 0.5)} p99 ${quantile(times, 0.99)} max ${Math.max(...times)} ms`
  console.log(
    `${name}: ${first.length} of ${outcomes.length}, mean ${hops} hops, ${spread}, ${frames} ROUTE each (simulated)`,
  )
}

/** What must hold after any run: every operation ended, no budget was exceeded, nobody offended, and nothing is kept. */
function expectClean(network: RouteNetwork, outcomes: readonly Outcome[]): void {
  network.run()
  expect(outcomes.filter(({ ended }) => ended === null)).toEqual([])
  expect(Math.max(...network.routesSent.values())).toBeLessThanOrEqual(HOPS_MAX)
  expect(network.offences).toEqual([])
  for (const node of network.living())
    expect(node.router.tables()).toMatchObject({
      routes: 0,
      routeBytes: 0,
      finishedRoutes: 0,
      operations: 0,
      routeLinks: 0,
    })
}

describe.each(SIZES)('$peers peers with $linksMax links', ({ peers, linksMax }) => {
  const operations = 300

  test('[RO-5] every exact target is reached, over one path or two', () => {
    const network = new RouteNetwork({ peers, linksMax, seed: 11 })
    for (const paths of [1, 2]) {
      network.frames.ROUTE = 0
      const outcomes = Array.from({ length: operations }, () => {
        const outcome = network.start(network.pick(network.nodes), {
          mode: 'exact',
          target: keyOf(network.pick(network.nodes).id),
          paths,
        })
        network.run(network.now + 20)
        return outcome
      })
      network.run()
      report(`exact, ${paths} paths, ${peers} × ${linksMax}`, network, outcomes)
      expect(outcomes.filter(({ replies }) => replies.length === 0)).toEqual([])
      expectClean(network, outcomes)
    }
  })

  test('[RO-7] every key on five peers is found, and a key on none costs bounded work', () => {
    const network = new RouteNetwork({ peers, linksMax, seed: 12 })
    const outcomes = Array.from({ length: operations }, () => {
      const key = randomKey(network)
      network.hold(key, 5)
      const outcome = network.start(network.pick(network.nodes), { mode: 'any', target: key })
      network.run(network.now + 20)
      return outcome
    })
    network.run()
    report(`any of 5, ${peers} × ${linksMax}`, network, outcomes)
    expect(outcomes.filter(({ replies }) => replies.length === 0)).toEqual([])
    expectClean(network, outcomes)
    const before = network.frames.ROUTE ?? 0
    const missing = Array.from({ length: 100 }, () =>
      network.start(network.pick(network.nodes), { mode: 'any', target: randomKey(network) }),
    )
    expectClean(network, missing)
    expect(missing.map(({ ended }) => ended?.reason)).toEqual(missing.map(() => 'exhausted'))
    const each = ((network.frames.ROUTE ?? 0) - before) / missing.length
    console.log(`a missing key, ${peers} × ${linksMax}: ${each.toFixed(1)} ROUTE each (simulated)`)
    expect(each).toBeLessThanOrEqual(ROUTE_PATHS_MAX * (DETOUR_HOPS_MAX + Math.log2(peers)))
  })

  test('[RO-6] mode closest ends at the closest peer, save where few links leave gaps', () => {
    const network = new RouteNetwork({ peers, linksMax, seed: 13 })
    let right = 0
    for (let i = 0; i < operations; i++) {
      const target = randomKey(network)
      const outcome = network.start(network.pick(network.nodes), { mode: 'closest', target, paths: 1 })
      network.run(network.now + 20_000)
      const inner = outcome.replies[0]?.inner
      const [closest] = closestNodes(network.nodes, target, 1)
      if (inner?.type === 'ABSENT' && inner.responder.id === closest?.id) right++
    }
    console.log(`closest, ${peers} × ${linksMax}: ${right} of ${operations} at the closest peer (simulated)`)
    expect(right / operations).toBeGreaterThanOrEqual(linksMax === 40 ? 1 : 0.95)
  })
})

test('[RO-10] half of the peers die at once and no link knows: every get succeeds, within 2.5 s for 99 %', () => {
  const outcomes: Outcome[] = []
  for (const seed of [21, 22, 23]) {
    const network = new RouteNetwork({ peers: 1_000, linksMax: 40, seed })
    const keys = Array.from({ length: 1_000 }, () => randomKey(network))
    const holders = keys.map((key) => network.hold(key, 20))
    for (const node of network.nodes) node.alive = network.random.share() >= 0.5
    const living = network.living()
    const asked = keys.filter((_, index) => holders[index]?.some(({ alive }) => alive))
    // All at the first instant: whom one get finds dead helps none of the others.
    const started = asked.map((target) => network.start(network.pick(living), { mode: 'any', target }))
    network.run()
    report(`half dead, seed ${seed}`, network, started)
    expectClean(network, started)
    outcomes.push(...started)
  }
  const times = outcomes.flatMap(({ replies }) => replies.slice(0, 1).map(({ afterMs }) => afterMs))
  expect(times.length / outcomes.length).toBeGreaterThanOrEqual(0.999)
  expect(quantile(times, 0.99)).toBeLessThanOrEqual(2_500)
})

test('[RO-10] [RO-21] round trips that nobody knows, and are longer than assumed, still lead there', () => {
  const network = new RouteNetwork({ peers: 100, linksMax: 10, seed: 31 })
  for (const node of network.nodes) {
    node.knowsRoundTrips = false
    ;(node as { place: unknown }).place = { ...node.place, lastMileMs: 90 }
  }
  const outcomes = Array.from({ length: 200 }, () => {
    const outcome = network.start(network.pick(network.nodes), {
      mode: 'exact',
      target: keyOf(network.pick(network.nodes).id),
    })
    network.run(network.now + 100)
    return outcome
  })
  network.run()
  report('unknown round trips of 360 ms and more', network, outcomes)
  expect(outcomes.filter(({ replies }) => replies.length === 0)).toEqual([])
  // Every hop is taken for dead at first: 1,047 frames each before branches joined where they meet, 23 since.
  expect((network.frames.ROUTE ?? 0) / outcomes.length).toBeLessThanOrEqual(50)
  expect(network.offences).toEqual([])
})

test('[RO-13] links that go down under way are routed around', () => {
  const network = new RouteNetwork({ peers: 300, linksMax: 20, seed: 41 })
  const outcomes: Outcome[] = []
  for (let i = 0; i < 200; i++) {
    const [origin, target] = [network.pick(network.nodes), network.pick(network.nodes)]
    outcomes.push(network.start(origin, { mode: 'exact', target: keyOf(target.id) }))
    network.run(network.now + 25)
    const victim = network.pick(network.nodes)
    const [other] = victim.links.values()
    if (other !== undefined && victim.links.size > 12 && other.links.size > 12) network.unlink(victim, other)
  }
  network.run()
  report('links going down', network, outcomes)
  const answered = outcomes.filter(({ replies }) => replies.length > 0).length
  expect(answered / outcomes.length).toBeGreaterThanOrEqual(0.99)
  expectClean(network, outcomes)
})

describe('hostile peers', () => {
  const setUp = (seed: number) => {
    const network = new RouteNetwork({ peers: 100, linksMax: 12, seed })
    const [liar] = network.nodes as [RouteNetwork['nodes'][number]]
    const victims = [...liar.links.values()]
    return { network, liar, victims }
  }
  const workAsUsual = (network: RouteNetwork, liar: unknown) => {
    const honest = network.nodes.filter((node) => node !== liar)
    const outcomes = Array.from({ length: 100 }, () =>
      network.start(network.pick(honest), { mode: 'exact', target: keyOf(network.pick(honest).id) }),
    )
    network.run()
    expect(outcomes.filter(({ replies }) => replies.length === 0)).toEqual([])
  }

  test('[RO-20] a flood of ROUTE on one link takes only that link’s places, and the others work on', () => {
    const { network, liar, victims } = setUp(51)
    const [victim] = victims as [RouteNetwork['nodes'][number]]
    for (let i = 0; i < 5_000; i++) {
      const ids = { operation: toHex(network.random.bytes(16)) as OperationId, path: i & 0xff }
      const inner = encodeInner({ type: 'FIND', target: keyOf(victim.id), what: 0, count: 0 })
      const target = randomKey(network)
      network.send(
        liar,
        victim.id,
        { type: 'ROUTE', ...ids, mode: i % 3, target, visited: [], via: [], inner },
        255,
      )
    }
    network.onDeliver = () => {}
    network.run(network.now + 5_000)
    expect(victim.router.tables()['routes']).toBeLessThanOrEqual(ROUTES_PER_LINK_MAX)
    expect(Math.max(...network.routesSent.values())).toBeLessThanOrEqual(HOPS_MAX)
    network.run()
    const { network: calm, liar: quiet } = setUp(51)
    workAsUsual(calm, quiet)
  })

  test('[RO-15] forged acknowledgements, NACKs and replies change nothing and are offences where a way is known', () => {
    const { network, liar, victims } = setUp(52)
    const operations = new Set<OperationId>()
    const send = network.send.bind(network)
    network.send = (from, to, message, ttl) => {
      send(from, to, message, ttl)
      if (message.type !== 'ROUTE' || from === liar || !from.links.has(liar.id) || to === liar.id) return
      operations.add(message.operation)
      // The liar somehow knows every way of its neighbours, and speaks up before the hop that was asked.
      const { operation, path } = message
      const inner = encodeInner({ type: 'ABSENT', responder: liar.self, key: keyOf(liar.id) })
      send(liar, from.id, { type: 'ROUTE_ACK', operation, path })
      send(liar, from.id, { type: 'ROUTE_NACK', operation, path, hopsLeft: 0, visited: [] })
      send(liar, from.id, { type: 'ROUTE_REPLY', operation, path, hops: 1, last: true, inner })
    }
    workAsUsual(network, liar)
    expect(operations.size).toBeGreaterThan(10)
    expect(network.offences.length).toBeGreaterThan(10)
    expect(new Set(network.offences.map(({ peer, offence }) => `${peer} ${offence}`))).toEqual(
      new Set([`${liar.id} unsolicited`]),
    )
    const replies = [...network.outcomes.values()].flatMap((outcome) => outcome.replies)
    const fromLiar = replies.filter(({ inner }) => inner.type === 'ABSENT' && inner.responder.id === liar.id)
    expect(fromLiar).toEqual([])
    expect(victims.length).toBeGreaterThan(2)
  })

  test('[RO-16] a hop that acknowledges everything and hands on nothing is covered by the other path', () => {
    const { network, liar } = setUp(53)
    const input = network.input.bind(network)
    network.input = (node, given) => {
      if (node !== liar || given.type !== 'receive') return input(node, given)
      if (given.message.type !== 'ROUTE') return
      const { operation, path } = given.message
      network.send(liar, given.from, { type: 'ROUTE_ACK', operation, path })
    }
    workAsUsual(network, liar)
    expect(network.frames.ROUTE_ACK).toBeGreaterThan(0)
  })
})
