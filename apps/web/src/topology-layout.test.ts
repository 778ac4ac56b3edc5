import type { TopologyPeer } from 'hyphae'
import { describe, expect, test } from 'vitest'
import {
  drawnOf,
  type Graph,
  graphOf,
  graphText,
  layout,
  PEERS_DRAWN_MAX,
  type Point,
} from './topology-layout.ts'

const SIZE = { width: 800, height: 420 }
const NOBODY: ReadonlyMap<string, Point> = new Map()

describe('the picture of the topology', () => {
  test('draws each link once, our own above the others', () => {
    const [me, a, b] = ids(3) as [string, string, string]
    const graph = graphOf(me, [b, a], [tells(a, [me, b]), tells(b, [a, me])])
    expect(graph.peers[0]).toBe(me)
    expect(graph.edges).toHaveLength(3)
    expect(graph.edges[0]).toEqual([a, b].sort())
  })

  test('is the same for the same links, in whatever order peers told of them', () => {
    const [me, a, b] = ids(3) as [string, string, string]
    const one = graphOf(me, [a, b], [tells(a, [me, b]), tells(b, [a, me])])
    const other = graphOf(me, [b, a], [tells(b, [me, a]), tells(a, [b, me])])
    expect(graphText(other)).toBe(graphText(one))
    expect(graphText(graphOf(me, [a], []))).not.toBe(graphText(one))
  })

  test('fills itself with a crowd in which nearly all are linked', () => {
    const points = [...layout(crowd(41), SIZE, NOBODY).values()]
    expect(spanOf(points.map(({ x }) => x))).toBeGreaterThan(SIZE.width / 2)
    expect(spanOf(points.map(({ y }) => y))).toBeGreaterThan(SIZE.height / 2)
    // A peer is 16 units wide.
    expect(Math.min(...points.map((point) => nearest(point, points)))).toBeGreaterThan(16)
  })

  test('shows of a large network ourselves, our links and those with most links: more would hold up the tab', () => {
    const all = ids(1_000)
    const [me, ...others] = all as [string, ...string[]]
    const own = others.slice(-20)
    const hubs = others.slice(0, 80)
    const topology = hubs.map((hub, index) => tells(hub, [me, ...others.slice(80 + index, 400 + index)]))
    const graph = graphOf(me, own, topology)
    const drawn = drawnOf(graph)
    expect(drawn.peers).toHaveLength(PEERS_DRAWN_MAX)
    expect(drawn.peers[0]).toBe(me)
    expect(drawn.peers).toEqual(expect.arrayContaining([...own, ...hubs]))
    for (const edge of drawn.edges) for (const id of edge) expect(drawn.peers).toContain(id)
    expect(graphText(drawnOf(graph))).toBe(graphText(drawn))
    const small = crowd(41)
    expect(drawnOf(small)).toBe(small)
  })

  test('keeps everybody inside, and a pair in the middle', () => {
    for (const count of [1, 2, 3, 12, 120]) {
      const points = [...layout(crowd(count), SIZE, NOBODY).values()]
      for (const { x, y } of points) {
        expect(x).toBeGreaterThan(0)
        expect(x).toBeLessThan(SIZE.width)
        expect(y).toBeGreaterThan(0)
        expect(y).toBeLessThan(SIZE.height)
      }
    }
    const [one, other] = [...layout(crowd(2), SIZE, NOBODY).values()] as [Point, Point]
    expect((one.x + other.x) / 2).toBeCloseTo(SIZE.width / 2)
    expect((one.y + other.y) / 2).toBeCloseTo(SIZE.height / 2)
  })

  test('makes a triangle of a chain of three whose ends are linked', () => {
    const [me, a, b] = ids(3) as [string, string, string]
    for (const chain of [graphOf(me, [a, b], []), graphOf(me, [a], [tells(a, [b])])]) {
      const before = layout(chain, SIZE, NOBODY)
      const triangle = graphOf(me, [a, b], [tells(a, [b])])
      const points = [...layout(triangle, SIZE, before).values()] as [Point, Point, Point]
      expect(heightOf(points)).toBeGreaterThan(40)
    }
  })

  test('stays calm when a crowd loses one link', () => {
    const graph = crowd(41)
    const before = layout(graph, SIZE, NOBODY)
    const after = layout({ ...graph, edges: graph.edges.slice(1) }, SIZE, before)
    const moves = graph.peers.map((id) => distance(before.get(id) as Point, after.get(id) as Point))
    expect(Math.max(...moves)).toBeLessThan(SIZE.width / 10)
  })
})

/** Ids that look like hashes, and are the same each time. */
function ids(count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    ((index + 1) * 2_654_435_761).toString(16).slice(-8).padStart(8, '0').repeat(8),
  )
}

/** Peers that are linked to nine in ten of the others. */
function crowd(count: number): Graph {
  const all = ids(count)
  const linksOf = (index: number) => all.filter((_, other) => other !== index && (index + other) % 10 !== 0)
  const topology = all.map((id, index) => tells(id, linksOf(index)))
  return graphOf(all[0] as string, linksOf(0), topology)
}

function tells(peer: string, links: string[]): TopologyPeer {
  return { peer, links } as unknown as TopologyPeer
}

function spanOf(values: number[]): number {
  return Math.max(...values) - Math.min(...values)
}

function nearest(point: Point, points: readonly Point[]): number {
  return Math.min(...points.filter((other) => other !== point).map((other) => distance(point, other)))
}

/** Of a triangle, over its longest side. */
function heightOf([a, b, c]: [Point, Point, Point]): number {
  const area = Math.abs((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y))
  return area / Math.max(distance(a, b), distance(b, c), distance(c, a))
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}
