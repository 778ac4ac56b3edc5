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
  /** Each link once, our own last, so that they are drawn above the others. */
  readonly edges: readonly (readonly [string, string])[]
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** Peers that are drawn: their places take a tenth of a second, those of a thousand several. */
export const PEERS_DRAWN_MAX = 200

const STEPS = 120
const MARGIN = 30
/** Units a new peer moves in the first step at most; in the last it moves no more. */
const HEAT = 20

/** Our own links, and what others told of theirs. */
export function graphOf(me: string, ownLinks: readonly string[], topology: readonly TopologyPeer[]): Graph {
  const peers = new Set<string>([me])
  const edges = new Map<string, readonly [string, string]>()
  const add = (a: string, b: string) => {
    peers.add(a).add(b)
    const edge = a < b ? ([a, b] as const) : ([b, a] as const)
    edges.set(edge.join(), edge)
  }
  for (const { peer, links } of topology) for (const link of links) add(peer, link)
  for (const link of ownLinks) add(me, link)
  const others = [...peers].filter((id) => id !== me).sort()
  const isOwn = ([a, b]: readonly [string, string]) => a === me || b === me
  const inOrder = [...edges.keys()].sort().map((key) => edges.get(key) as readonly [string, string])
  const drawn = [...inOrder.filter((edge) => !isOwn(edge)), ...inOrder.filter(isOwn)]
  return { peers: [me, ...others], edges: drawn }
}

/** What is drawn of a graph: ourselves, the peers we are linked to, then those with most links. */
export function drawnOf(graph: Graph): Graph {
  if (graph.peers.length <= PEERS_DRAWN_MAX) return graph
  const me = graph.peers[0] as string
  const rankById = new Map(graph.peers.map((id) => [id, 0]))
  const add = (id: string, rank: number) => rankById.set(id, (rankById.get(id) ?? 0) + rank)
  for (const [a, b] of graph.edges) {
    // Those of our own links come before all that have none with us.
    const rank = a === me || b === me ? graph.edges.length : 1
    add(a, rank)
    add(b, rank)
  }
  const ranked = [...graph.peers].sort((a, b) => (rankById.get(b) ?? 0) - (rankById.get(a) ?? 0))
  const drawn = new Set(ranked.slice(0, PEERS_DRAWN_MAX)).add(me)
  return {
    peers: graph.peers.filter((id) => drawn.has(id)),
    edges: graph.edges.filter((edge) => edge.every((id) => drawn.has(id))),
  }
}

/** Equal for equal graphs: the peer is looked at every second, and mostly nothing has changed. */
export function graphText({ peers, edges }: Graph): string {
  return `${peers.join()};${edges.join(' ')}`
}

/** In a square, which is then stretched: a crowd fills the picture instead of a circle in its middle. */
export function layout(graph: Graph, size: Size, before: ReadonlyMap<string, Point>): Map<string, Point> {
  const side = size.height
  const places = graph.peers.map((id, index) => {
    const known = before.get(id)
    return known ? shrunk(known, size) : startOf(id, index, graph.peers.length, side)
  })
  const indexById = new Map(graph.peers.map((id, index) => [id, index]))
  const pairs = graph.edges.map(([a, b]) => [indexById.get(a) as number, indexById.get(b) as number] as const)
  const springs = springsOf(places.length, pairs.length, side)
  const heats = heatsOf(graph, before)
  for (let step = 0; step < STEPS; step++) {
    const left = 1 - step / STEPS
    relax(places, pairs, springs, { strides: heats.map((heat) => heat * left), side })
  }
  centre(places, side)
  return new Map(graph.peers.map((id, index) => [id, stretched(places[index] as Point, size)]))
}

/** The more peers are new, the more room the others make for them. A link more shakes a few peers and no crowd. */
function heatsOf({ peers }: Graph, before: ReadonlyMap<string, Point>): number[] {
  const newPeers = peers.filter((id) => !before.has(id)).length
  return peers.map((id) => HEAT * (before.has(id) ? Math.max(1, newPeers) / peers.length : 1))
}

function stretched({ x, y }: Point, { width, height }: Size): Point {
  return { x: MARGIN + ((x - MARGIN) * (width - 2 * MARGIN)) / (height - 2 * MARGIN), y }
}

function shrunk({ x, y }: Point, { width, height }: Size): { x: number; y: number } {
  return { x: MARGIN + ((x - MARGIN) * (height - 2 * MARGIN)) / (width - 2 * MARGIN), y }
}

interface Springs {
  /** Units two linked peers want to be apart. */
  readonly ideal: number
  readonly stiffness: number
}

/** Where everybody is linked to everybody, springs of full strength would pull all into one clump. */
function springsOf(peers: number, links: number, side: number): Springs {
  const meanDegree = (2 * links) / Math.max(1, peers)
  return { ideal: (side / Math.sqrt(Math.max(1, peers))) * 0.7, stiffness: 1 / Math.max(2, meanDegree) }
}

/** Moves all together: nothing else holds a few peers in the middle of the picture. */
function centre(places: { x: number; y: number }[], side: number): void {
  const [xs, ys] = [places.map(({ x }) => x), places.map(({ y }) => y)]
  const x = side / 2 - (Math.min(...xs) + Math.max(...xs)) / 2
  const y = side / 2 - (Math.min(...ys) + Math.max(...ys)) / 2
  for (const place of places) move(place, x, y)
}

/** On a circle, at an angle that belongs to the id, so that two pictures of one network look alike. */
function startOf(id: string, index: number, count: number, side: number): { x: number; y: number } {
  if (index === 0) return { x: side / 2, y: side / 2 }
  const turn = (Number.parseInt(id.slice(0, 6), 16) / 0xffffff + index / count) * Math.PI * 2
  return { x: side / 2 + Math.cos(turn) * side * 0.35, y: side / 2 + Math.sin(turn) * side * 0.35 }
}

function relax(
  places: { x: number; y: number }[],
  pairs: readonly (readonly [number, number])[],
  { ideal, stiffness }: Springs,
  { strides, side }: { strides: readonly number[]; side: number },
): void {
  const pushes = places.map(() => ({ x: 0, y: 0 }))
  const push = (a: number, b: number, strengthOf: (squared: number) => number) => {
    const from = places[a] as Point
    const to = places[b] as Point
    const dx = from.x - to.x || (a - b) * 0.1
    const dy = from.y - to.y || 0.1
    const strength = strengthOf(dx * dx + dy * dy)
    move(pushes[a] as { x: number; y: number }, dx * strength, dy * strength)
    move(pushes[b] as { x: number; y: number }, -dx * strength, -dy * strength)
  }
  const repulsion = (squared: number) => (ideal * ideal) / squared
  const attraction = (squared: number) => (-Math.sqrt(squared) / ideal) * stiffness
  for (let a = 0; a < places.length; a++) {
    for (let b = a + 1; b < places.length; b++) push(a, b, repulsion)
  }
  for (const [a, b] of pairs) push(a, b, attraction)
  places.forEach((place, index) => {
    const { x, y } = pushes[index] as Point
    const length = Math.hypot(x, y) || 1
    const stride = Math.min(length, strides[index] as number) / length
    place.x = Math.min(side - MARGIN, Math.max(MARGIN, place.x + x * stride))
    place.y = Math.min(side - MARGIN, Math.max(MARGIN, place.y + y * stride))
  })
}

function move(point: { x: number; y: number }, x: number, y: number): void {
  point.x += x
  point.y += y
}
