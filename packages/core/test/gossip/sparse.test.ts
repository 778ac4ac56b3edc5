import { describe, expect, test } from 'vitest'
import { GossipNetwork, SILENCE_MS } from './network.ts'

type Shape = 'linkByDistance' | 'linkRandomly'

/** A few subscribers among many peers that do not care. */
function sparse(
  shape: Shape,
  subscribers: number,
  seed: number,
): { network: GossipNetwork; members: number[] } {
  const network = new GossipNetwork({ nodes: 100, seed })
  network[shape](10)
  network.run(1_500)
  const members = network.random.shuffled(network.alive()).slice(0, subscribers)
  for (const member of members) {
    network.subscribe('rare', [member])
    network.run(network.random.below(500))
  }
  network.run(2_000)
  return { network, members }
}

/** Each member publishes; returns how many members lack how many messages. */
function missed(network: GossipNetwork, members: readonly number[], waitMs: number): number {
  const messages = members.map((member) => network.publish(member, 'rare'))
  network.run(waitMs)
  return messages.reduce((sum, { deliveries }) => sum + members.length - 1 - deliveries.length, 0)
}

const forwarders = (network: GossipNetwork) =>
  network.nodes.filter(({ machine }) => machine.stats().topics.some(({ forwarding }) => forwarding)).length

describe.each([
  ['linkByDistance', 5],
  ['linkByDistance', 2],
  ['linkRandomly', 5],
] as const)('%s, %i subscribers among 100 peers of degree 10', (shape, subscribers) => {
  test.each([1, 2, 3, 4, 5])('[GS19] [GS21] every message reaches all of them, seed %i', (seed) => {
    const { network, members } = sparse(shape, subscribers, seed)
    expect(missed(network, members, 1_500)).toBe(0)
    expect(forwarders(network)).toBeLessThan(30)
  })

  test('[GS20] minutes later as well, for a frame per forwarder and minute', () => {
    const { network, members } = sparse(shape, subscribers, 6)
    const before = network.framesByName.get('SUBSCRIBE')!
    network.run(600_000)
    expect(network.framesByName.get('SUBSCRIBE')! - before).toBeLessThan(
      10 * 1.5 * (forwarders(network) + subscribers),
    )
    expect(missed(network, members, 1_500)).toBe(0)
  })

  test('[GS23] nothing is left when the last has gone', () => {
    const { network, members } = sparse(shape, subscribers, 7)
    for (const member of members) network.input(member, { type: 'unsubscribe', topic: 'rare' })
    network.run(170_000)
    expect(network.nodes.flatMap(({ machine }) => machine.stats().topics)).toEqual([])
  })

  test('[GS26] a stranger reaches all of them', () => {
    const { network, members } = sparse(shape, subscribers, 8)
    const stranger = network.alive().find((node) => !members.includes(node))!
    const message = network.publish(stranger, 'rare')
    network.run(1_500)
    expect(message.deliveries).toHaveLength(subscribers)
  })
})

test.each([1, 2, 3, 4, 5])(
  '[GS19] [GS27] three peers in ten vanish: paths heal, and what was missed comes, seed %i',
  (seed) => {
    const { network, members } = sparse('linkByDistance', 5, seed)
    const others = network.alive().filter((node) => !members.includes(node))
    network.kill(network.random.shuffled(others).slice(0, 30))
    const messages = members.map((member) => network.publish(member, 'rare'))
    network.run(SILENCE_MS + 1_000)
    expect(missed(network, members, 3_000)).toBe(0)
    network.run(40_000)
    for (const { deliveries } of messages) expect(deliveries).toHaveLength(4)
  },
)

test('[GS22] where all links subscribe no path is kept alive', () => {
  const network = new GossipNetwork({ nodes: 50, seed: 3 })
  network.linkByDistance(10)
  network.run(1_500)
  network.subscribe('all')
  network.run(60_000)
  const before = network.framesByName.get('SUBSCRIBE')
  network.run(600_000)
  expect(network.framesByName.get('SUBSCRIBE')).toBe(before)
})
