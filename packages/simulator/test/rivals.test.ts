import { describe, expect, test, vi } from 'vitest'
import {
  COMMON_OPTIONS,
  COMPARISONS,
  compare,
  describeRows,
  Experiment,
  type Host,
  run,
  SCENARIOS,
  SeededRandom,
} from '../src/index.ts'
import { pathMs } from '../src/latency.ts'
import { clockwise, IdSpace, ringDistance } from '../src/rivals/id-space.ts'
import { measureGossip } from '../src/rivals/measure.ts'
import { randomGraph } from '../src/rivals/random-graph.ts'
import { byConnecting } from '../src/rivals/reach.ts'
import type { GossipRivalKind } from '../src/rivals/rival.ts'
import { RivalNet } from '../src/rivals/rival-net.ts'
import { resolveOptions } from '../src/run.ts'

const [gossip, lookup] = COMPARISONS as [(typeof COMPARISONS)[number], (typeof COMPARISONS)[number]]

describe('the network of rivals', () => {
  const killed = () => {
    const net = new RivalNet(10, 3)
    net.kill(0.5)
    const dead = Array.from({ length: 10 }, (_, peer) => peer).filter((peer) => !net.isAlive(peer))
    return { net, dead, living: net.living() }
  }

  test('a message takes the time of its path, and is counted', () => {
    const net = new RivalNet(2, 3)
    let arrivedAt = -1
    net.send({ from: 0, to: 1, bytes: 100 }, () => {
      arrivedAt = net.timeline.now
    })
    expect([net.messages, net.bytes, net.delivered]).toEqual([1, 100, 0])
    net.finish(1_000)
    expect(arrivedAt).toBeGreaterThanOrEqual(Math.round(net.pathMs(0, 1)))
    expect(arrivedAt).toBeLessThanOrEqual(net.pathMs(0, 1) + 2.5)
    expect(net.delivered).toBe(1)
  })

  test('what goes to the dead is counted and lost, and its sender trusts them no more', () => {
    const { net, dead, living } = killed()
    expect(dead).toHaveLength(5)
    const [from, to] = [living[0] as number, dead[0] as number]
    const told: string[] = []
    net.send(
      { from, to, bytes: 1 },
      () => told.push('arrived'),
      () => told.push(`lost at ${net.timeline.now}`),
    )
    expect(net.trusts(from, to)).toBe(true)
    net.finish(10_000)
    expect(told).toEqual([`lost at ${net.patienceMs([from, to])}`])
    expect(net.patienceMs([from, to])).toBeGreaterThan(net.roundTripMs([from, to]))
    expect([net.trusts(from, to), net.trusts(living[1] as number, to)]).toEqual([false, true])
    expect([net.messages, net.delivered]).toEqual([1, 0])
  })

  test('a link that is silent for 7.5 s tells everybody of a death', () => {
    const { net, dead, living } = killed()
    const [peer, end] = [living[0] as number, dead[0] as number]
    net.advance(7_499)
    expect(net.trusts(peer, end)).toBe(true)
    net.advance(1)
    expect(net.trusts(peer, end)).toBe(false)
    expect(net.trusts(peer, living[1] as number)).toBe(true)
  })

  test('a path is paid for at every leg; of a dead end, the first and the last but one know', () => {
    const { net, dead, living } = killed()
    const [a, b, c] = living as [number, number, number]
    const told: string[] = []
    net.carry(
      [a, b, c],
      10,
      () => told.push('arrived'),
      () => told.push('lost'),
    )
    net.finish(10_000)
    expect([told, net.messages, net.bytes]).toEqual([['arrived'], 2, 20])
    const end = dead[0] as number
    net.carry(
      [a, b, end],
      10,
      () => told.push('arrived'),
      () => told.push('lost'),
    )
    net.finish(10_000)
    expect(told).toEqual(['arrived', 'lost'])
    expect([a, b, c].map((peer) => net.trusts(peer, end))).toEqual([false, false, true])
  })

  test('a new connection takes two gatherings, a round trip through the namer and three directly', () => {
    const net = new RivalNet(3, 3)
    let reachedAt = -1
    const reached = (way: readonly number[]) => {
      expect(way).toEqual([0, 2])
      reachedAt = net.timeline.now
    }
    byConnecting(net, [0, 1, 2], reached, () => undefined)
    net.finish(60_000)
    const expected = 10 + net.roundTripMs([0, 1, 2]) + 3 * net.roundTripMs([0, 2])
    expect(reachedAt).toBeGreaterThan(expected - 4)
    expect(reachedAt).toBeLessThan(expected + 12)
  })
})

describe('topology', () => {
  test('links of a random graph go both ways, to different others, all in one piece', () => {
    const graph = randomGraph(500, 4, new SeededRandom(1))
    const degrees = graph.map((others) => others.length)
    expect(degrees.reduce((sum, degree) => sum + degree, 0)).toBe(500 * 4)
    expect(Math.min(...degrees)).toBeGreaterThanOrEqual(2)
    for (const [peer, others] of graph.entries()) {
      expect(new Set(others).size).toBe(others.length)
      expect(others).not.toContain(peer)
      for (const other of others) expect(graph[other]).toContain(peer)
    }
    const reached = new Set([0])
    for (const peer of reached) for (const other of graph[peer] ?? []) reached.add(other)
    expect(reached.size).toBe(500)
  })

  test('two peers are linked', () => {
    expect(randomGraph(2, 34, new SeededRandom(1))).toEqual([[1], [0]])
  })

  test('who is closest is what looking at everybody says', () => {
    const random = new SeededRandom(2)
    const space = new IdSpace(300, random)
    const everybody = Array.from({ length: 300 }, (_, peer) => peer)
    for (const key of [0, 0xffff_ffff, ...Array.from({ length: 20 }, () => random.u32())]) {
      const by = (distance: (id: number) => number) =>
        [...everybody].sort((a, b) => distance(space.id(a)) - distance(space.id(b)))
      expect(space.successor(key)).toBe(by((id) => clockwise(key, id))[0])
      expect(space.closestOnRing(key, 9)).toEqual(by((id) => ringDistance(id, key)).slice(0, 9))
      expect(space.closestByXor(key, 9)).toEqual(by((id) => Number(BigInt(id) ^ BigInt(key))).slice(0, 9))
    }
  })
})

describe('comparisons', () => {
  const few = { messages: 3, every: 50, ours: 0 }

  test('the same seed gives the same messages and rows; another seed or load gives others', () => {
    const run = (seed: number, numbers: Record<string, number>) =>
      compare(gossip, { peers: 60, seed, numbers })
    const first = run(1, few)
    expect(run(1, few)).toEqual(first)
    expect(first.events).toBeGreaterThan(1_000)
    const others = [run(2, few), run(1, { ...few, bytes: 1_025 }), run(1, { ...few, kill: 0.2 })]
    expect(new Set([first, ...others].map(({ traceHash }) => traceHash)).size).toBe(4)
  })

  test('lookups too', () => {
    const run = (seed: number) => compare(lookup, { peers: 60, seed, numbers: { lookups: 20, ours: 0 } })
    expect(run(1)).toEqual(run(1))
    expect(run(2).traceHash).not.toBe(run(1).traceHash)
  })

  test('every rival has a row and a line, and gossip alone has copies', () => {
    const { rows } = compare(gossip, { peers: 60, seed: 1, numbers: few })
    expect(rows.map(({ rival }) => rival)).toEqual(['gossipsub-1.1', 'gossipsub-1.2', 'push', 'push-pull'])
    for (const { copiesPerDelivery } of rows) expect(copiesPerDelivery).toBeGreaterThan(1)
    const looked = compare(lookup, { peers: 60, seed: 1, numbers: { lookups: 5, ours: 0 } }).rows
    expect(looked).toHaveLength(6)
    expect(new Set(looked.map(({ copiesPerDelivery }) => copiesPerDelivery))).toEqual(new Set([null]))
    for (const { rival } of looked) expect(describeRows(looked)).toContain(`\n${rival} `)
  })

  test('contacts are those of the protocol: four in a random graph, twenty of every bucket in Kademlia', () => {
    const { rows } = compare(lookup, { peers: 200, seed: 1, numbers: { lookups: 1, ours: 0 } })
    const contacts = Object.fromEntries(rows.map(({ rival, contactsMean }) => [rival, contactsMean ?? 0]))
    expect(contacts['gnutella']).toBe(4)
    // Half, a quarter and an eighth of 200 peers fill a bucket each; what is closer is known completely.
    expect(contacts['kademlia-relayed']).toBeGreaterThan(3 * 20)
    expect(contacts['kademlia-relayed']).toBeLessThan(3 * 20 + 200 / 8 + 10)
    expect(contacts['pastry']).toBeGreaterThan(32)
    expect(contacts['chord']).toBeGreaterThan(16)
    expect(contacts['chord']).toBeLessThan(16 + 8)
  })

  test('a share is shown rounded down: 1 means all', () => {
    const [row] = compare(gossip, { peers: 10, seed: 1, numbers: { ...few, messages: 1 } }).rows
    expect(describeRows([{ ...row!, success: 0.99999 }])).toContain(' 0.9999 ')
  })

  test('our own protocol has the last row, from its own scenario', () => {
    const { rows } = compare(gossip, { peers: 12, seed: 1, numbers: { messages: 2, every: 50 } })
    expect(rows.at(-1)).toMatchObject({
      rival: 'hyphae gossip',
      peers: 12,
      success: 1,
    })
    const { copiesPerDelivery, messagesPerOperation, bytesPerOperation, latencyMeanMs } = rows.at(-1)!
    expect(copiesPerDelivery).toBeGreaterThanOrEqual(1)
    // To each of the others a message of a KiB, at least.
    expect(messagesPerOperation).toBeGreaterThanOrEqual(11)
    expect(bytesPerOperation).toBeGreaterThan(11 * 1_024)
    expect(latencyMeanMs).toBeGreaterThan(1)
    for (const { latencyMs, latencyP99Ms } of rows) expect(latencyMs[99]).toBe(latencyP99Ms)
  })

  test('our row of lookups tells what a get costs, and not what the puts before it did', () => {
    const load = { keys: 100, lookups: 4, replicas: 2, bytes: 300 }
    const { rows } = compare(lookup, { peers: 30, seed: 1, numbers: load })
    const { messagesPerOperation, bytesPerOperation } = rows.at(-1)!
    // Four ways, each a frame, its acknowledgement and a reply at least, where the asking peer holds nothing itself.
    expect(messagesPerOperation).toBeGreaterThanOrEqual(6)
    expect(messagesPerOperation).toBeLessThan(60)
    expect(bytesPerOperation).toBeGreaterThan(300)
    expect(bytesPerOperation).toBeLessThan(10_000)
  })

  test('with deaths, our row is of their instant and not of the mended network', () => {
    const load = { messages: 3, kill: 0.5 }
    const row = compare(gossip, { peers: 8, seed: 1, numbers: load }).rows.at(-1)
    const numbers = { ...load, gets: 1, bytes: 1_024 }
    const { figures } = run({ scenario: 'mass-failure', peers: 8, seed: 1, numbers })
    expect(row?.success).toBe(figures['within10sDeliveredShare'])
    expect(figures['atOnceGossipP50Ms']).not.toBe(figures['gossipP50Ms'])
    expect(row?.latencyP50Ms).toBe(figures['atOnceGossipP50Ms'])
    expect(row?.latencyP99Ms).toBe(figures['atOnceGossipP99Ms'])
  })

  test('messages of rivals come from where ours do', () => {
    const scenario = SCENARIOS.find(({ name }) => name === 'gossip')!
    const load = { sources: 3, messages: 3, warmup: 0, every: 50, settle: 2 }
    const numbers = resolveOptions({ ...COMMON_OPTIONS, ...scenario.options }, load)
    const experiment = new Experiment({ peers: 20, seed: 4, numbers })
    const publish = vi.spyOn(experiment.deliveries, 'publish')
    scenario.run(experiment)
    const ours = publish.mock.calls.map(([host]) => host)
    const theirs: number[] = []
    const kind: GossipRivalKind = {
      name: 'mute',
      source: 'none',
      create: () => ({ contactsMean: 0, start: () => undefined, publish: (source) => theirs.push(source) }),
    }
    const size = { peers: 20, seed: 4, kill: 0 }
    measureGossip(kind, size, { messages: 3, everyMs: 50, sources: 3, payloadBytes: 1_024 })
    expect(theirs).toEqual(ours.map(({ number }) => number))
    const net = new RivalNet(20, 4)
    const [from, to] = ours as [Host, Host]
    expect(net.pathMs(from.number, to.number)).toBe(pathMs(from.place, to.place))
  })

  test('what must not happen in our own run fails the comparison, as it does the run alone', () => {
    const load = { replicas: 1, kill: 0.5, keys: 20 }
    const { violationCount, violations } = run({
      scenario: 'mass-failure',
      peers: 12,
      seed: 1,
      numbers: { ...load, gets: 5, every: 8_000 / 5, kinds: 1 },
    })
    expect(violations.join()).toMatch(/records are lost/)
    const compared = compare(lookup, { peers: 12, seed: 1, numbers: { ...load, lookups: 5 } })
    expect(compared).toMatchObject({ violationCount, violations })
    const withoutOurs = compare(lookup, { peers: 12, seed: 1, numbers: { ...load, lookups: 5, ours: 0 } })
    expect(withoutOurs).toMatchObject({ violationCount: 0, violations: [] })
  })

  test.each([
    ['an option that is not there', { seed: 1, numbers: { cake: 1 } }, /option is one of kill, .*got cake/],
    ['everybody dead', { seed: 1, numbers: { kill: 1 } }, /kill is a share below 1; got 1/],
    ['one peer alone', { seed: 1, peers: 1 }, /peers is a whole number from 2; got 1/],
    ['half a seed', { seed: 0.5 }, /seed is a whole number; got 0.5/],
  ])('%s is a mistake that is explained', (_, request, message) => {
    expect(() => compare(gossip, request)).toThrow(RangeError)
    expect(() => compare(gossip, request)).toThrow(message)
  })
})
