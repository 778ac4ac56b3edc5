/** Distributions of latencies: ours by size, and beside those of rivals. */
import { peersOf } from './data.mjs'
import { lineChart } from './line-chart.mjs'
import { formatted } from './numbers.mjs'
import { largestRows, runsOf, slowestOf } from './selection.mjs'

/**
 * @typedef {import('./data.mjs').Data} Data
 * @typedef {import('./line-chart.mjs').Series} Series
 * @typedef {import('./plots.mjs').Plot} Plot
 */

const PERCENTILE_CAPTION =
  'Of each the seed with the highest 99th percentile. The height at 50 is the median, at 100 the slowest of all. Less than a millisecond is drawn as one. What failed or never arrived is in no line: the tables have its share.'

/**
 * @param {readonly Data[]} all
 * @returns {Plot | null}
 */
export function getsBySize(all) {
  const runs = runsOf(all, ['get', 'whole-living'])
  const sizes = [...new Set(runs.map(peersOf))].sort((a, b) => a - b)
  const series = sizes.flatMap((peers) => {
    const distributions = runs
      .filter((run) => peersOf(run) === peers)
      .map(({ result }) => result?.['distributions']?.getMs)
    const slowest = slowestOf(distributions)
    return slowest ? [percentiles(`${formatted(peers)} peers`, slowest)] : []
  })
  const title = 'Latency of gets by the number of peers'
  return percentilePlot({ file: 'gets-by-size', title, subtitle: 'simulated', series })
}

/**
 * Of the largest network that was measured.
 *
 * @param {readonly Data[]} all
 * @param {{ file: string, title: string, measurements: string[] }} plot
 * @returns {Plot | null}
 */
export function besideRivals(all, { file, title, measurements }) {
  const { peers, rows } = largestRows(all, measurements)
  const series = rows.flatMap(({ rival, rows }) => {
    const slowest = slowestOf(rows.map(({ latencyMs }) => latencyMs))
    return slowest ? [percentiles(rival, slowest)] : []
  })
  return percentilePlot({ file, title, subtitle: `simulated, ${formatted(peers)} peers`, series })
}

/**
 * @param {{ file: string, title: string, subtitle: string, series: Series[] }} plot
 * @returns {Plot | null}
 */
function percentilePlot({ file, title, subtitle, series }) {
  if (series.length === 0) return null
  const all = series.flatMap(({ line = [] }) => line.map(([, ms]) => Math.max(1, ms)))
  const decade = (/** @type {number} */ ms, /** @type {(power: number) => number} */ whole) =>
    10 ** whole(Math.log10(ms))
  const min = decade(Math.min(...all), Math.floor)
  const max = Math.max(10 * min, decade(Math.max(...all), Math.ceil))
  const svg = lineChart({
    title,
    subtitle: `${subtitle}; milliseconds on a logarithmic axis`,
    x: {
      label: 'percentile: share of all, in %, that took at most so long',
      domain: { scale: 'linear', min: 0, max: 100 },
    },
    y: {
      label: 'ms',
      domain: { scale: 'log', min, max },
    },
    series,
  })
  return { file, title, caption: PERCENTILE_CAPTION, svg }
}

/**
 * @param {string} name
 * @param {number[]} distribution
 * @returns {Series}
 */
function percentiles(name, distribution) {
  return { label: [name], line: distribution.map((ms, percent) => /** @type {const} */ ([percent, ms])) }
}
