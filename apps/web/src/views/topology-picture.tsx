import { useEffect, useState } from 'react'
import { counted, hueOf, shortId } from '../text.ts'
import { drawnOf, type Graph, graphOf, graphText, layout, type Point } from '../topology-layout.ts'
import type { ViewProps } from './view.ts'

const WIDTH = 800
const HEIGHT = 420
/** More peers than that, and names on a phone cover the picture: a guess. */
const NAMED_ON_PHONES_MAX = 15

/** Every peer that could be asked, and the links it told of. We stand out; links that are not ours are drawn all the same. */
export function TopologyPicture({ session, state }: ViewProps) {
  useEffect(() => session.watchTopology(), [session])
  const { topology, snapshot, peer, crawling } = state
  const me = peer?.id ?? ''
  const graph = graphOf(me, snapshot?.links.map((link) => link.peer) ?? [], topology)
  const drawn = drawnOf(graph)
  const points = useLayout(drawn)
  const foreign = graph.edges.filter(([from, to]) => from !== me && to !== me).length
  return (
    <figure className={graph.peers.length > NAMED_ON_PHONES_MAX ? 'topology crowded' : 'topology'}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${counted(graph.peers.length, 'peer')} and ${counted(graph.edges.length, 'link')}`}
        data-testid="topology"
        data-peers={graph.peers.length}
        data-edges={graph.edges.length}
        data-foreign-edges={foreign}
      >
        {drawn.edges.map(([from, to]) => (
          <Edge
            key={`${from}${to}`}
            from={points.get(from)}
            to={points.get(to)}
            own={from === me || to === me}
          />
        ))}
        {drawn.peers.map((id) => (
          <Node key={id} id={id} at={points.get(id)} me={id === me} />
        ))}
      </svg>
      <figcaption>
        {counted(graph.peers.length, 'peer')}, {counted(graph.edges.length, 'link')} seen from here
        {drawn !== graph && ` · ${counted(drawn.peers.length, 'peer')} drawn`}
        {crawling ? ' · asking peers…' : ''}
      </figcaption>
    </figure>
  )
}

function Edge({ from, to, own }: { from: Point | undefined; to: Point | undefined; own: boolean }) {
  if (!from || !to) return null
  return <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} className={own ? 'edge own' : 'edge'} />
}

function Node({ id, at, me }: { id: string; at: Point | undefined; me: boolean }) {
  if (!at) return null
  return (
    <g className={me ? 'node me' : 'node'} transform={`translate(${at.x} ${at.y})`}>
      <circle r={me ? 11 : 8} style={{ '--hue': hueOf(id) } as React.CSSProperties}>
        <title>{id}</title>
      </circle>
      <text y={me ? 14 : 10}>{me ? 'me' : shortId(id).slice(0, 4)}</text>
    </g>
  )
}

interface Drawn {
  /** Of the graph that the points belong to. */
  readonly text: string
  readonly points: ReadonlyMap<string, Point>
}

/**
 * Points have their old places as a start, and nothing moves where nothing changed. Lines cannot glide in every browser, so
 * that points do not either: both are at their new places at once.
 */
function useLayout(graph: Graph): ReadonlyMap<string, Point> {
  const [drawn, setDrawn] = useState<Drawn>({ text: '', points: new Map() })
  const text = graphText(graph)
  if (text === drawn.text) return drawn.points
  const points = layout(graph, { width: WIDTH, height: HEIGHT }, drawn.points)
  setDrawn({ text, points })
  return points
}
