/** What works in the seconds after many peers died at once. */
import { peersOf } from './data.mjs'
import { lineChart } from './line-chart.mjs'
import { formatted, roundedUp } from './numbers.mjs'
import { pointwise, runsOf } from './selection.mjs'

/**
 * @typedef {import('./data.mjs').Data} Data
 * @typedef {import('./plots.mjs').Plot} Plot
 */

/** Failures by the share that died. */
const FAILURES = [
  { measurement: 'mass-failure-50', label: '50 % died' },
  { measurement: 'mass-failure-80', label: '80 % died' },
  { measurement: 'mass-failure-90', label: '90 % died' },
]

/**
 * @param {readonly Data[]} all
 * @returns {(Plot | null)[]}
 */
export function failurePlots(all) {
  return [
    afterFailure(all, {
      file: 'failure-gets',
      title: 'Gets that succeed after many peers died at once',
      unit: 'share of gets begun in that second',
      column: 'success',
      worst: Math.min,
      domain: { scale: 'linear', min: 0, max: 1 },
    }),
    afterFailure(all, {
      file: 'failure-latency',
      title: 'Slowest gets after many peers died at once',
      unit: '99th percentile in ms of gets begun in that second that succeed',
      column: 'p99Ms',
      worst: Math.max,
      domain: { scale: 'log', min: 10, max: 10_000 },
    }),
    deliveredAfterFailure(all),
  ]
}

/**
 * @param {readonly Data[]} all
 * @param {object} plot
 * @param {string} plot.file
 * @param {string} plot.title
 * @param {string} plot.unit
 * @param {string} plot.column
 * @param {(...values: number[]) => number} plot.worst
 * @param {import('./svg.mjs').Domain} plot.domain
 * @returns {Plot | null}
 */
function afterFailure(all, { file, title, unit, column, worst, domain }) {
  const series = FAILURES.flatMap(({ measurement, label }) => {
    const columns = runsOf(all, [measurement]).flatMap(
      ({ result }) => result?.['series']?.getsAfterFailure ?? [],
    )
    const line = pointwise(columns, ['second', column], worst)
    return line.length > 0 ? [{ label: [label], line, dots: line }] : []
  })
  if (series.length === 0) return null
  const last = Math.max(...series.flatMap(({ line }) => line.map(([second]) => second)))
  const svg = lineChart({
    title,
    subtitle: `simulated, ${sizeOf(all)}; of each second the worst seed; every death is known after 8 s`,
    x: { label: 'seconds since the deaths', domain: { scale: 'linear', min: 0, max: Math.max(1, last) } },
    y: { label: unit, domain },
    series,
  })
  return {
    file,
    title,
    caption: 'Gets by the second in which they began; between 8 and 10 s none begins.',
    svg,
  }
}

/**
 * @param {readonly Data[]} all
 * @returns {Plot | null}
 */
function deliveredAfterFailure(all) {
  const series = FAILURES.flatMap(({ measurement, label }) => {
    const columns = runsOf(all, [measurement]).flatMap(
      ({ result }) => result?.['series']?.atOnceDelivered ?? [],
    )
    const line = pointwise(columns, ['withinMs', 'share'], Math.min)
    return line.length > 0 ? [{ label: [label], line }] : []
  })
  if (series.length === 0) return null
  const max = lastChange(series.map(({ line }) => line))
  const title = 'Messages published in the instant in which many peers die'
  const svg = lineChart({
    title,
    subtitle: `simulated, ${sizeOf(all)}; of each moment the worst seed`,
    x: { label: 'milliseconds since the deaths', domain: { scale: 'linear', min: 0, max } },
    y: {
      label: 'share delivered of what the living should get',
      domain: { scale: 'linear', min: 0, max: 1 },
    },
    series: series.map(({ label, line }) => ({ label, line: line.filter(([x]) => x <= max) })),
  })
  const caption =
    'All messages are published at once, so the share that has been delivered grows with time; what is not shown, up to 10 s, changes nothing.'
  return { file: 'failure-delivered', title, caption, svg }
}

/**
 * Where the axis may end, as no line changes any more: at a second or later.
 *
 * @param {(readonly (readonly [number, number])[])[]} lines
 */
function lastChange(lines) {
  const changes = lines.flatMap((line) =>
    line.filter(([, y], index) => index > 0 && y !== line[index - 1]?.[1]),
  )
  return roundedUp(Math.max(1_000, ...changes.map(([x]) => x)))
}

/** @param {readonly Data[]} all */
function sizeOf(all) {
  const sizes = new Set(
    runsOf(
      all,
      FAILURES.map(({ measurement }) => measurement),
    ).map(peersOf),
  )
  return `${[...sizes]
    .sort((a, b) => a - b)
    .map((size) => formatted(size))
    .join(' and ')} peers`
}
