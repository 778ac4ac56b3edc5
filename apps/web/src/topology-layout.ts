// Where peers are drawn: springs along links, repulsion between peers (Fruchterman & Reingold, 1991), a fixed number of
// steps from where they were before, so that the picture is calm and the same for the same network.

import type { TopologyPeer } from 'hyphae'

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Graph {
  /** Ourselves first, then by id. */
  readonly peers: readonly string[]
  /** Each link once. */
  readonly edges: readonly (readonly [string, string])[]
}

const STEPS = 120
const MARGIN = 30

/** Our own links, and what others told of theirs. */
export function graphOf(me: string, ownLinks: readonly string[], topology: readonly TopologyPeer[]): Graph {
  const peers = new Set<string>([me])
  const edges = new Map<string, readonly [string, string]>()
  const add = (a: string, b: string) => {
    peers.add(a).add(b)
    const edge = a < b ? ([a, b] as const) : ([b, a] as const)
    edges.set(edge.join(), edge)
  }
  for (const link of ownLinks) add(me, link)
  for (const { peer, links } of topology) for (const link of links) add(peer, link)
  const others = [...peers].filter((id) => id !== me).sort()
  return { peers: [me, ...others], edges: [...edges.values()] }
}

export function layout(
  graph: Graph,
  size: { width: number; height: number },
  before: ReadonlyMap<string, Point>,
): Map<string, Point> {
  const places = graph.peers.map((id, index) => ({
    ...(before.get(id) ?? startOf(id, index, graph.peers.length, size)),
  }))
  const indexById = new Map(graph.peers.map((id, index) => [id, index]))
  const pairs = graph.edges.map(([a, b]) => [indexById.get(a) as number, indexById.get(b) as number] as const)
  const ideal = Math.sqrt((size.width * size.height) / Math.max(1, places.length)) * 0.6
  for (let step = 0; step < STEPS; step++) relax(places, pairs, ideal, (1 - step / STEPS) * 20, size)
  centre(places, size)
  return new Map(graph.peers.map((id, index) => [id, places[index] as Point]))
}

/** Moves all together: nothing else holds a few peers in the middle of the picture. */
function centre(
  places: { x: number; y: number }[],
  { width, height }: { width: number; height: number },
): void {
  const [xs, ys] = [places.map(({ x }) => x), places.map(({ y }) => y)]
  const x = width / 2 - (Math.min(...xs) + Math.max(...xs)) / 2
  const y = height / 2 - (Math.min(...ys) + Math.max(...ys)) / 2
  for (const place of places) move(place, x, y)
}

/** On a circle, at an angle that belongs to the id, so that two pictures of one network look alike. */
function startOf(
  id: string,
  index: number,
  count: number,
  { width, height }: { width: number; height: number },
): Point {
  if (index === 0) return { x: width / 2, y: height / 2 }
  const turn = (Number.parseInt(id.slice(0, 6), 16) / 0xffffff + index / count) * Math.PI * 2
  return { x: width / 2 + Math.cos(turn) * width * 0.35, y: height / 2 + Math.sin(turn) * height * 0.35 }
}

function relax(
  places: { x: number; y: number }[],
  pairs: readonly (readonly [number, number])[],
  ideal: number,
  heat: number,
  { width, height }: { width: number; height: number },
): void {
  const pushes = places.map(() => ({ x: 0, y: 0 }))
  const push = (a: number, b: number, force: (distance: number) => number) => {
    const from = places[a] as Point
    const to = places[b] as Point
    const dx = from.x - to.x || (a - b) * 0.1
    const dy = from.y - to.y || 0.1
    const distance = Math.hypot(dx, dy)
    const strength = force(distance) / distance
    move(pushes[a] as { x: number; y: number }, dx * strength, dy * strength)
    move(pushes[b] as { x: number; y: number }, -dx * strength, -dy * strength)
  }
  for (let a = 0; a < places.length; a++) {
    for (let b = a + 1; b < places.length; b++) push(a, b, (distance) => (ideal * ideal) / distance)
  }
  for (const [a, b] of pairs) push(a, b, (distance) => -(distance * distance) / ideal / 2)
  places.forEach((place, index) => {
    const { x, y } = pushes[index] as Point
    const length = Math.hypot(x, y) || 1
    const stride = Math.min(length, heat) / length
    place.x = Math.min(width - MARGIN, Math.max(MARGIN, place.x + x * stride))
    place.y = Math.min(height - MARGIN, Math.max(MARGIN, place.y + y * stride))
  })
}

function move(point: { x: number; y: number }, x: number, y: number): void {
  point.x += x
  point.y += y
}
