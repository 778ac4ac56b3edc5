// Many machines in virtual time. Bounds are on what was measured, with room for other seeds.

import { describe, expect, test } from 'vitest'
import { GossipNetwork, type Published } from './network.ts'

/** All subscribe to one topic on a random graph, and have settled. */
function dense(nodes: number, degree: number, seed: number): GossipNetwork {
  const network = new GossipNetwork({ nodes, seed })
  network.linkRandomly(degree)
  network.subscribe('chat')
  network.run(3_000)
  return network
}

/** Publishes from each node in turn; returns the messages and how many copies each delivery cost. */
function publishAll(
  network: GossipNetwork,
  sources: readonly number[],
  everyMs: number,
): { copies: number; messages: Published[] } {
  const before = network.copies()
  const messages = sources.map((source) => {
    const message = network.publish(source, 'chat')
    network.run(everyMs)
    return message
  })
  network.run(4_000)
  const deliveries = messages.reduce((sum, message) => sum + message.deliveries.length, 0)
  return { copies: (network.copies() - before) / deliveries, messages }
}

/** Living receivers that got the message, each counted once; a second delivery fails. */
function reached(network: GossipNetwork, message: Published): number {
  const nodes = message.deliveries.map(({ node }) => node)
  expect(new Set(nodes).size).toBe(nodes.length)
  return nodes.filter((node) => network.nodes[node]!.isAlive).length
}

function percentile(messages: readonly Published[], share: number): number {
  const delays = messages
    .flatMap(({ deliveries }) => deliveries.map(({ afterMs }) => afterMs))
    .sort((a, b) => a - b)
  return delays[Math.floor(delays.length * share)]!
}

const repeated = (node: number, count: number) => Array.from({ length: count }, () => node)

describe.each([1, 2, 3])('100 machines of degree 10, seed %i', (seed) => {
  test('[GS8] [GS12] one source: all are reached once, and after the first message hardly a copy is wasted', () => {
    const network = dense(100, 10, seed)
    const first = publishAll(network, [0], 1_000)
    const later = publishAll(network, repeated(0, 20), 1_000)
    for (const message of [...first.messages, ...later.messages]) expect(reached(network, message)).toBe(99)
    expect(later.copies).toBeLessThan(1.02)
    expect(network.offences).toEqual([])
  })

  test('[GS10] [GS16] many sources: few copies from the first message on, short ways from the second', () => {
    const network = dense(100, 10, seed)
    publishAll(network, repeated(0, 3), 500)
    const sources = Array.from({ length: 20 }, (_, index) => 4 * index + 1)
    const first = publishAll(network, sources, 200)
    const second = publishAll(network, sources, 200)
    const third = publishAll(network, sources, 200)
    for (const message of [...first.messages, ...second.messages]) expect(reached(network, message)).toBe(99)
    expect(first.copies).toBeLessThan(1.35)
    expect(second.copies).toBeLessThan(1.06)
    expect(third.copies).toBeLessThan(1.03)
    expect(percentile(third.messages, 0.99)).toBeLessThan(percentile(first.messages, 0.99))
  })

  test.each([0.3, 0.5])(
    '[GS14] a share of %f vanishes unnoticed: what is sent then still reaches all the living',
    (share) => {
      const network = dense(100, 20, seed)
      publishAll(network, [0, 1, 0, 1], 500)
      const victims = network.random
        .shuffled(network.alive().filter((node) => node > 1))
        .slice(0, 100 * share)
      network.kill(victims)
      const atOnce = [network.publish(0, 'chat'), network.publish(1, 'chat')]
      network.run(2_500)
      for (const message of atOnce) expect(reached(network, message)).toBe(network.alive().length - 1)
      network.run(7_500)
      const { messages, copies } = publishAll(network, repeated(0, 5), 500)
      for (const message of messages) expect(reached(network, message)).toBe(network.alive().length - 1)
      expect(copies).toBeLessThan(1.1)
    },
  )
})

test('[GS8] equal seeds give equal runs', () => {
  const run = () => {
    const network = dense(60, 8, 11)
    publishAll(network, [1, 2, 3, 4, 5], 50)
    return [...network.bytesByName]
  }
  expect(run()).toEqual(run())
})

test('[GS13] announcements cost less than a small message', () => {
  const network = dense(100, 20, 4)
  publishAll(network, repeated(0, 3), 500)
  const before = network.bytes('IHAVE', 'GRAFT', 'PRUNE')
  const { messages } = publishAll(network, repeated(0, 20), 1_000)
  const deliveries = messages.reduce((sum, message) => sum + message.deliveries.length, 0)
  const perDelivery = (network.bytes('IHAVE', 'GRAFT', 'PRUNE') - before) / deliveries
  expect(perDelivery).toBeLessThan(600)
})

test('[GS27] a network that was split exchanges what each half missed, once it is whole again', () => {
  const network = dense(60, 10, 5)
  const halves = [
    network.alive().filter((node) => node % 2 === 0),
    network.alive().filter((node) => node % 2 === 1),
  ]
  const cut = halves[0]!.flatMap((a) =>
    [...network.nodes[a]!.linked].filter((b) => b % 2 === 1).map((b) => [a, b] as const),
  )
  for (const [a, b] of cut) network.unlink(a, b)
  network.run(2_000)
  const during = [0, 1, 2, 3].map((node) => network.publish(node, 'chat'))
  network.run(15_000)
  for (const message of during) expect(reached(network, message)).toBe(29)
  for (const [a, b] of cut.slice(0, 5)) network.link(a, b)
  network.run(30_000)
  for (const message of during) expect(reached(network, message)).toBe(59)
})

test('[GS14] [GS27] one frame in ten is lost: every message arrives all the same', () => {
  const network = dense(60, 10, 6)
  network.loss = 0.1
  const { messages } = publishAll(network, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 500)
  network.run(30_000)
  for (const message of messages) expect(reached(network, message)).toBe(59)
})

test('[GS17] newcomers hear what is published after they came', () => {
  const network = new GossipNetwork({ nodes: 60, seed: 7 })
  const [old, late] = [network.alive().slice(0, 50), network.alive().slice(50)]
  for (const a of old) for (const b of network.random.shuffled(old).slice(0, 4)) network.link(a, b)
  network.subscribe('chat', old)
  network.run(3_000)
  publishAll(network, [0, 1, 2, 0, 1, 2], 300)
  for (const a of late) for (const b of network.random.shuffled(old).slice(0, 6)) network.link(a, b)
  network.run(500)
  network.subscribe('chat', late)
  network.run(1_000)
  const { messages } = publishAll(network, [0, 1, 55, 0, 1, 55], 300)
  for (const message of messages) expect(reached(network, message)).toBe(59)
})

test('[GS28] nothing that is remembered outlives its use', () => {
  const network = dense(30, 8, 8)
  publishAll(network, repeated(3, 30), 50)
  network.subscribe('other', [1])
  for (const node of network.alive()) {
    for (const topic of ['chat', 'other']) network.input(node, { type: 'unsubscribe', topic })
  }
  network.run(700_000)
  for (const { machine } of network.nodes) {
    const { gossipAuthors, gossipSeen, ...rest } = machine.tables()
    expect(Object.values(rest)).toEqual(Object.values(rest).map(() => 0))
    expect([gossipAuthors, gossipSeen! <= 30]).toEqual([gossipAuthors! <= 1 ? gossipAuthors : 1, true])
  }
})
