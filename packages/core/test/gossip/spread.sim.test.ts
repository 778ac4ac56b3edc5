// The targets of gossip, on as many machines as a test may take time for.

import { expect, test } from 'vitest'
import { GossipNetwork, type Published } from './network.ts'

const NODES = 400

/** 99th percentile of the delay with which everything sent over all links of a mesh of this degree would arrive. */
function meshP99(network: GossipNetwork, degree: number, sources: readonly number[]): number {
  const mesh = network.nodes.map(() => new Set<number>())
  for (const { index, linked } of network.nodes) {
    for (const other of network.random.shuffled([...linked])) {
      if (mesh[index]!.size >= degree || mesh[other]!.size >= degree) continue
      mesh[index]!.add(other)
      mesh[other]!.add(index)
    }
  }
  return percentile(
    sources.flatMap((source) => floodDelays(network, mesh, source)),
    0.99,
  )
}

/** Dijkstra; each hop costs a verification of 1 ms, and the first one a signature. */
function floodDelays(network: GossipNetwork, mesh: readonly ReadonlySet<number>[], source: number): number[] {
  const delays = mesh.map(() => Number.POSITIVE_INFINITY)
  const open = new Set([source])
  delays[source] = 1
  while (open.size > 0) {
    let nearest = -1
    for (const node of open) if (nearest < 0 || delays[node]! < delays[nearest]!) nearest = node
    open.delete(nearest)
    for (const next of mesh[nearest]!) {
      const delay = delays[nearest]! + network.oneWayMs(nearest, next) + 1
      if (delay >= delays[next]!) continue
      delays[next] = delay
      open.add(next)
    }
  }
  return delays.filter((_, node) => node !== source && Number.isFinite(delays[node]))
}

function percentile(values: number[], share: number): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length * share)]!
}

const delaysOf = (messages: readonly Published[]) =>
  messages.flatMap(({ deliveries }) => deliveries.map(({ afterMs }) => afterMs))

function publishAll(
  network: GossipNetwork,
  sources: readonly number[],
  everyMs: number,
): { copies: number; messages: Published[] } {
  const before = network.copies()
  const messages = sources.map((source) => {
    const message = network.publish(source, 'chat', 1_000)
    network.run(everyMs)
    return message
  })
  network.run(4_000)
  return { copies: (network.copies() - before) / delaysOf(messages).length, messages }
}

test.each([1, 2])(
  '[GS10] [GS12] [GS14] [GS16] 400 machines of degree 20: copies, delays, and half of them dying at once, seed %i',
  (seed) => {
    const network = new GossipNetwork({ nodes: NODES, seed })
    network.linkRandomly(20)
    network.subscribe('chat')
    network.run(3_000)
    const sources = network.random.shuffled(network.alive()).slice(0, 20)
    const mesh = meshP99(network, 8, sources)

    publishAll(network, [0, 0], 1_000)
    const one = publishAll(network, [0, 0, 0, 0, 0], 500)
    expect(one.copies).toBeLessThan(1.02)
    expect(percentile(delaysOf(one.messages), 0.99)).toBeLessThan(1.1 * mesh)

    const cold = publishAll(network, sources, 100)
    expect(cold.copies).toBeLessThan(1.25)
    publishAll(network, sources, 100)
    const warm = publishAll(network, sources, 100)
    expect(warm.copies).toBeLessThan(1.03)
    expect(percentile(delaysOf(warm.messages), 0.99)).toBeLessThan(1.1 * mesh)

    network.kill(network.random.shuffled(network.alive().filter((node) => node > 1)).slice(0, NODES / 2))
    const atOnce = [network.publish(0, 'chat'), network.publish(1, 'chat')]
    network.run(2_500)
    for (const { deliveries } of atOnce) {
      expect(deliveries.filter(({ node }) => network.nodes[node]!.isAlive)).toHaveLength(NODES / 2 - 1)
    }
  },
)
