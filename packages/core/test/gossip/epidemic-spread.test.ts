// Many machines whose topics are epidemics, wholly or in part.

import { describe, expect, test } from 'vitest'
import { type EpidemicStrategy, resolveStrategy } from '../../src/gossip/strategy.ts'
import { GossipNetwork, type Published } from './network.ts'

const NODES = 60

/** All subscribe to one topic on a random graph of degree 10. */
function epidemic(options: Partial<EpidemicStrategy>, seed: number, share = 1): GossipNetwork {
  const network = new GossipNetwork({ nodes: NODES, seed })
  network.linkRandomly(10)
  const strategy = resolveStrategy({ strategy: 'epidemic', ...options })
  const nodes = network.random.shuffled(network.alive())
  network.subscribe('chat', nodes.slice(0, NODES * share), strategy)
  network.subscribe('chat', nodes.slice(NODES * share))
  network.run(2_000)
  return network
}

/** Publishes from ten nodes in turn and waits. */
function publishTen(network: GossipNetwork, waitMs = 10_000): Published[] {
  const messages = Array.from({ length: 10 }, (_, node) => {
    const message = network.publish(node, 'chat')
    network.run(300)
    return message
  })
  network.run(waitMs)
  return messages
}

/** Deliveries of each message; a second one at the same node fails. */
function reached(messages: readonly Published[]): number[] {
  return messages.map(({ deliveries }) => {
    const nodes = new Set(deliveries.map(({ node }) => node))
    expect(nodes.size).toBe(deliveries.length)
    return nodes.size
  })
}

const everybody = Array.from({ length: 10 }, () => NODES - 1)

describe.each([1, 2, 3])('60 machines of degree 10, seed %i', (seed) => {
  test('[GS30] pushing to two links reaches most and leaves some out; [GS32] pulling finds what it missed', () => {
    const pushed = reached(publishTen(epidemic({ mode: 'push', fanout: 2 }, seed)))
    expect(Math.min(...pushed)).toBeLessThan(NODES - 1)
    // 1 - e^-2 of very many would hear of it, unless it dies out at once.
    expect(pushed.toSorted((a, b) => a - b)[5]).toBeGreaterThan(NODES * 0.6)
    expect(reached(publishTen(epidemic({ mode: 'push-pull', fanout: 2 }, seed)))).toEqual(everybody)
  })

  test('[GS32] pulling reaches all with a single copy each, from silence as well', () => {
    const network = epidemic({ mode: 'pull' }, seed)
    const messages = publishTen(network, 15_000)
    expect(reached(messages)).toEqual(everybody)
    expect(network.copies()).toBe(10 * (NODES - 1))
    expect(messages.map(({ recipients }) => recipients)).toEqual(everybody.map(() => 0))
    expect(network.offences).toEqual([])
  })

  test('[GS33] half vanish unnoticed: push-pull still reaches all the living', () => {
    const network = epidemic({}, seed)
    publishTen(network)
    network.kill(network.random.shuffled(network.alive().slice(10)).slice(0, NODES / 2))
    const messages = publishTen(network, 20_000)
    const living = network.alive().length - 1
    for (const { deliveries } of messages)
      expect(deliveries.filter(({ node }) => network.nodes[node]!.isAlive)).toHaveLength(living)
  })

  test('[GS34] a topic half of trees and half of epidemics reaches all', () => {
    for (const mode of ['push', 'pull', 'push-pull'] as const) {
      const network = epidemic({ mode }, seed, 0.5)
      expect(reached(publishTen(network, 30_000)), mode).toEqual(everybody)
      expect(network.offences).toEqual([])
    }
  })
})

test('[GS31] with a TTL of one the links of the author hear of it, with two their links', () => {
  const reach = (ttl: number) => publishTen(epidemic({ mode: 'push', fanout: 3, ttl }, 1))
  expect(reached(reach(1))).toEqual(everybody.map(() => 3))
  const two = reached(reach(2))
  expect(Math.min(...two)).toBeGreaterThan(3)
  expect(Math.max(...two)).toBeLessThanOrEqual(3 + 9)
})

test('[GS29] few subscribers among many peers: their epidemic goes through forwarders', () => {
  const network = new GossipNetwork({ nodes: 100, seed: 4 })
  network.linkByDistance(10)
  network.run(1_500)
  const members = network.random.shuffled(network.alive()).slice(0, 5)
  network.subscribe('rare', members, resolveStrategy({ strategy: 'epidemic' }))
  network.run(3_000)
  const messages = members.map((member) => network.publish(member, 'rare'))
  network.run(30_000)
  expect(reached(messages)).toEqual(members.map(() => 4))
})

test('[GS32] a topic that has become idle is silent', () => {
  const network = epidemic({}, 5)
  publishTen(network, 60_000)
  const before = network.bytes()
  network.run(60_000)
  expect(network.bytes() - before).toBe(0)
})

test('[GS28] nothing that an epidemic remembers outlives its use', () => {
  const network = epidemic({}, 6)
  publishTen(network)
  for (const node of network.alive()) network.input(node, { type: 'unsubscribe', topic: 'chat' })
  network.run(700_000)
  for (const { machine } of network.nodes) {
    const { gossipAuthors, gossipSeen, ...rest } = machine.tables()
    expect(Object.values(rest)).toEqual(Object.values(rest).map(() => 0))
    expect(Math.max(gossipAuthors!, gossipSeen!)).toBeLessThanOrEqual(10)
  }
})

test('[GS30] [GS32] equal seeds give equal runs', () => {
  const run = () => {
    const network = epidemic({ probability: 0.7 }, 11)
    publishTen(network)
    return [[...network.bytesByName], network.published.map(({ deliveries }) => deliveries)]
  }
  expect(run()).toEqual(run())
})
