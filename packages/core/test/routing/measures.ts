// How good the graph of a network is, seen from above.

import type { Key, PeerId } from '../../src/identity/peer-id.ts'
import { compareDistance } from '../../src/routing/distance.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import { type Network, randomContact } from './network.ts'
import type { NetworkNode } from './network-node.ts'

export interface Routes {
  /** Share of random targets whose closest peer a greedy walk from a random peer reaches. */
  readonly greedy: number
  /** The same with a look two hops ahead, as the router has it: through a link to somebody closer whom it named. */
  readonly twoHops: number
  readonly hopsMean: number
}

export function measureRoutes(network: Network, samples = 1_000): Routes {
  const random = new SeededRandom(7)
  const { alive } = network
  let greedy = 0
  let twoHops = 0
  let hops = 0
  for (let i = 0; i < samples; i++) {
    const target = randomContact(random).id as string as Key
    const [closest] = byDistance(target, alive)
    const from = alive[random.below(alive.length)]!
    const walk = network.walk(from, target)
    hops += walk.hops
    if (walk.end === closest) greedy += 1
    if (walkOn(network, walk.end, target) === closest) twoHops += 1
  }
  return { greedy: greedy / samples, twoHops: twoHops / samples, hopsMean: hops / samples }
}

/** Goes on from where a greedy walk has ended. */
function walkOn(network: Network, from: NetworkNode, target: Key): NetworkNode {
  const beyond = from.routing.view.closest(target, 20).find(({ id }) => {
    const via = from.routing.view.viaOf(id)
    return via !== null && compareDistance(target, id, from.id) < 0 && network.nodeOf(via).links.has(id)
  })
  if (beyond === undefined) return from
  return walkOn(network, network.walk(network.nodeOf(beyond.id), target).end, target)
}

/** Share of pairs of a peer and one of its `count` closest that are linked. */
export function closestLinkedShare(network: Network, count: number): number {
  const { alive } = network
  let linked = 0
  let pairs = 0
  for (const node of alive) {
    for (const other of byDistance(node.id, alive).slice(1, count + 1)) {
      pairs += 1
      if (node.links.has(other.id)) linked += 1
    }
  }
  return linked / pairs
}

export function isConnected(network: Network): boolean {
  const seen = new Set<NetworkNode>(network.alive.slice(0, 1))
  for (const node of seen) for (const id of node.links.keys()) seen.add(network.nodeOf(id))
  return network.alive.every((node) => seen.has(node))
}

/** Share of siblings, as the peers see them, that are dead. */
export function deadSiblingsShare(network: Network): number {
  const siblings = network.alive.flatMap(({ routing }) => routing.view.siblings())
  return siblings.filter(({ id }) => !network.nodeOf(id).isAlive).length / siblings.length
}

function byDistance(target: string, nodes: readonly NetworkNode[]): NetworkNode[] {
  return nodes.toSorted((a, b) => compareDistance(target, a.id as PeerId, b.id))
}
