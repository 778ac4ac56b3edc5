/** What an operation, or an idle peer, costs against the number of peers, with a fitted O(log N). */
import { logFit } from './fit.mjs'
import { lineChart } from './line-chart.mjs'
import { formatted, roundedUp } from './numbers.mjs'
import { pointsOf, runsOf, seedsOf } from './selection.mjs'

/**
 * @typedef {import('./data.mjs').Data} Data
 * @typedef {import('./line-chart.mjs').Series} Series
 * @typedef {import('./selection.mjs').Points} Points
 * @typedef {import('./plots.mjs').Plot} Plot
 */

/** Costs by figure, on an axis of N. */
const COSTS = [
  {
    file: 'cost-hops',
    title: 'Hops of a get against the number of peers',
    unit: 'hops',
    measurements: ['get', 'whole-living'],
    figures: { mean: 'hopsMean' },
  },
  {
    file: 'cost-gets',
    title: 'Time of a get against the number of peers',
    unit: 'ms',
    measurements: ['get', 'whole-living'],
    figures: { p99: 'getP99Ms', mean: 'getMeanMs' },
  },
  {
    file: 'cost-lookups',
    title: 'Peers asked by a lookup against the number of peers',
    unit: 'peers asked',
    measurements: ['lookup', 'whole-living'],
    figures: { mean: 'askedMean' },
  },
  {
    file: 'cost-joins',
    title: 'Time to join against the number of peers',
    unit: 'ms from the first link to the first usable get',
    measurements: ['join', 'whole-living'],
    figures: { p99: 'joinP99Ms', median: 'joinP50Ms' },
  },
  {
    file: 'cost-idle',
    title: 'Upkeep of an idle peer against the number of peers',
    unit: 'application bytes that a peer sends per second',
    measurements: ['idle'],
    figures: { mean: 'idleBytesPerSecond' },
  },
]

/** Peers from which on routing is what is seen: up to about 50 everybody is linked to everybody. */
const FIT_FROM = 100
const FIT_CAPTION = `A dot is a run; the line is the least-squares fit of a + b·log₂ N through the dots from ${FIT_FROM} peers on. Up to about 50 everybody is linked to everybody. The runs of 10,000 peers put immutable records alone and began one after another within 20 ms; those of fewer peers put all kinds, within 50 ms.`

/**
 * @param {readonly Data[]} all
 * @returns {(Plot | null)[]}
 */
export function costPlots(all) {
  return COSTS.map((cost) => costPlot(cost, all))
}

/**
 * @param {typeof COSTS[number]} cost
 * @param {readonly Data[]} all
 * @returns {Plot | null}
 */
function costPlot({ file, title, unit, measurements, figures }, all) {
  const names = Object.values(figures)
  const runs = runsOf(all, measurements).filter((run) =>
    names.some((name) => pointsOf([run], name).length > 0),
  )
  const curves = Object.entries(figures).map(([name, figure]) => ({ name, dots: pointsOf(runs, figure) }))
  const dots = curves.flatMap((curve) => curve.dots)
  const sizes = [...new Set(dots.map(([n]) => n))].sort((a, b) => a - b)
  if (sizes.length < 2) return null
  const series = curves.map(({ name, dots }) => fitted(name, dots, sizes))
  const svg = lineChart({
    title,
    subtitle: `simulated; ${seedsOf(runs)} of each size; N on a logarithmic axis`,
    x: {
      label: 'peers (N)',
      domain: { scale: 'log', min: sizes[0] ?? 1, max: sizes.at(-1) ?? 1 },
      at: sizes,
    },
    y: { label: unit, domain: fromZero([...dots, ...series.flatMap(({ line = [] }) => line)]) },
    series,
  })
  return { file, title, caption: FIT_CAPTION, svg }
}

/**
 * @param {string} name
 * @param {Points} dots
 * @param {number[]} sizes
 * @returns {Series}
 */
function fitted(name, dots, sizes) {
  const fit = logFit(dots.filter(([n]) => n >= FIT_FROM))
  if (fit === null) return { label: [name], dots }
  const { a, b, r2 } = fit
  const [smallest, largest] = [Math.max(FIT_FROM, sizes[0] ?? 1), sizes.at(-1) ?? 1]
  // The axis begins at zero, and so does a line that would come from below it.
  const first = a + b * Math.log2(smallest) < 0 ? Math.min(largest, 2 ** (-a / b)) : smallest
  const line = [first, largest].map((n) => /** @type {const} */ ([n, a + b * Math.log2(n)]))
  const sign = b < 0 ? '−' : '+'
  const formula = `${significant(a)} ${sign} ${significant(Math.abs(b))}·log₂ N`
  return { label: [`${name}: ${formula}`, `R² = ${r2.toFixed(2)}`], line, dots }
}

/**
 * @param {Points} points
 * @returns {import('./svg.mjs').Domain}
 */
function fromZero(points) {
  return { scale: 'linear', min: 0, max: roundedUp(Math.max(...points.map(([, y]) => y), 0.1)) }
}

/** Three digits. @param {number} value */
function significant(value) {
  return formatted(Number(value.toPrecision(3))).replace('-', '−')
}
