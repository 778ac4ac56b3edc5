// The graph under the routers of a test: leaves, and far links spread evenly over the buckets.

import { bucketIndexOf, sortedByDistance } from '../../src/routing/distance.ts'
import type { SeededRandom } from '../gossip/seeded.ts'
import type { RouteNode } from './route-node.ts'

/** Candidates of which the one with the least delay is linked (proximity neighbour selection). */
const CANDIDATES = 16

/**
 * Links peers, both ends within the cap. Two fifths of the links are leaves; the others choose their bucket by chance, so
 * that their distances follow Kleinberg's distribution (2000), the one under which greedy routing finds short ways.
 */
export function linkUp(nodes: readonly RouteNode[], linksMax: number, random: SeededRandom): void {
  const nodeById = new Map(nodes.map((node) => [node.id, node]))
  const ids = [...nodeById.keys()]
  const othersByNode = new Map(
    nodes.map((node) => [
      node,
      sortedByDistance(node.id, ids)
        .slice(1)
        .map((id) => nodeById.get(id) as RouteNode),
    ]),
  )
  const leaves = Math.min(8, Math.round(linksMax * 0.4))
  for (let rank = 0; rank < leaves; rank++)
    for (const node of nodes) tryLink(node, othersByNode.get(node)?.[rank], linksMax)
  for (let round = 0; round < linksMax; round++)
    for (const node of nodes) linkFar(node, othersByNode.get(node) as RouteNode[], linksMax, random)
}

function linkFar(
  node: RouteNode,
  others: readonly RouteNode[],
  linksMax: number,
  random: SeededRandom,
): void {
  if (node.links.size >= linksMax || others.length === 0) return
  const bucket = random.below(bucketIndexOf(node.id, (others[0] as RouteNode).id) + 1)
  const members = others.filter(
    (other) => !node.links.has(other.id) && bucketIndexOf(node.id, other.id) === bucket,
  )
  const candidates = random.shuffled(members).slice(0, CANDIDATES)
  candidates.sort((a, b) => node.oneWayMs(a) - node.oneWayMs(b))
  candidates.some((other) => tryLink(node, other, linksMax))
}

function tryLink(a: RouteNode, b: RouteNode | undefined, linksMax: number): boolean {
  if (b === undefined || a.links.has(b.id) || a.links.size >= linksMax || b.links.size >= linksMax)
    return false
  a.links.set(b.id, b)
  b.links.set(a.id, a)
  return true
}
