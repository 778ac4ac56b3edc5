/** How often a peer receives the same message, ours beside rivals. */
import { barChart } from './bar-chart.mjs'
import { peersOf } from './data.mjs'
import { formatted } from './numbers.mjs'
import { largestRows, pointsOf, runsOf } from './selection.mjs'

/**
 * @typedef {import('./data.mjs').Data} Data
 * @typedef {import('./plots.mjs').Plot} Plot
 */

/** What measures a tree of many sources. */
const MANY = [
  { measurement: 'gossip-many', sources: 100, figure: 'copiesPerDelivery' },
  { measurement: 'whole-living', sources: 10, figure: 'manyCopiesPerDelivery' },
]

/**
 * @param {readonly Data[]} all
 * @returns {Plot | null}
 */
export function copiesPlot(all) {
  const { peers, rows } = largestRows(all, ['rivals-gossip', 'rivals-gossip-10000'])
  const compared = rows.map(({ rival, rows }) => ({
    label: rival === 'hyphae gossip' ? 'hyphae, 1 source' : rival,
    value: Math.max(...rows.map(({ copiesPerDelivery }) => copiesPerDelivery ?? Number.NaN)),
    isOurs: rival.startsWith('hyphae'),
  }))
  const ofMany = MANY.map(({ measurement, sources, figure }) => {
    const runs = runsOf(all, [measurement]).filter((run) => peersOf(run) === peers)
    const value = Math.max(...pointsOf(runs, figure).map(([, copies]) => copies))
    return { label: `hyphae, ${sources} sources`, value, isOurs: true }
  })
  const bars = [...compared, ...ofMany]
    .filter(({ value }) => Number.isFinite(value))
    .sort((a, b) => a.value - b.value)
  if (bars.length === 0) return null
  const title = 'Copies of a message that a peer receives for each delivery'
  const svg = barChart({
    title,
    subtitle: `simulated, ${formatted(peers)} peers; of each the worst seed; 1 is the least possible`,
    label: 'copies per delivery',
    bars,
  })
  return { file: 'copies', title, caption: 'What is beyond 1 is wasted.', svg }
}
