/** What plots take from the runs. */
import { figureAt, peersOf } from './data.mjs'

/**
 * @typedef {import('./data.mjs').Data} Data
 * @typedef {import('./data.mjs').Run} Run
 * @typedef {readonly (readonly [number, number])[]} Points
 */

/**
 * @param {readonly Data[]} all
 * @param {string[]} measurements
 */
export function runsOf(all, measurements) {
  return all.filter(({ name }) => measurements.includes(name)).flatMap(({ runs }) => runs)
}

/**
 * N and the figure of every run that has it.
 *
 * @param {Run[]} runs
 * @param {string} figure
 * @returns {Points}
 */
export function pointsOf(runs, figure) {
  return runs.flatMap((run) => {
    const value = figureAt(run.result, figure)
    return typeof value === 'number' ? [/** @type {const} */ ([peersOf(run), value])] : []
  })
}

/**
 * Rows by rival, in their order, of all seeds of the largest network.
 *
 * @param {readonly Data[]} all
 * @param {string[]} measurements
 * @returns {{ peers: number, rows: { rival: string, rows: Record<string, any>[] }[] }}
 */
export function largestRows(all, measurements) {
  const runs = runsOf(all, measurements).filter(({ result }) => Array.isArray(result?.['rows']))
  const peers = Math.max(0, ...runs.map(peersOf))
  /** @type {Map<string, Record<string, any>[]>} */
  const byRival = new Map()
  for (const run of runs.filter((one) => peersOf(one) === peers)) {
    for (const row of run.result?.['rows'] ?? [])
      byRival.set(row.rival, [...(byRival.get(row.rival) ?? []), row])
  }
  // Ours first: it has the first colour.
  const rows = [...byRival].map(([rival, rows]) => ({ rival, rows }))
  return { peers, rows: rows.sort((a, b) => Number(isOurs(b)) - Number(isOurs(a))) }
}

/**
 * The worst of all seeds at each place.
 *
 * @param {Record<string, (number | null)[]>[]} columns
 * @param {[string, string]} names of x and y
 * @param {(...values: number[]) => number} worst
 * @returns {Points}
 */
export function pointwise(columns, [x, y], worst) {
  /** @type {Map<number, number>} */
  const worstByX = new Map()
  for (const column of columns) {
    for (const [index, place] of (column[x] ?? []).entries()) {
      const value = column[y]?.[index] ?? null
      if (place === null || value === null) continue
      worstByX.set(place, worst(value, worstByX.get(place) ?? value))
    }
  }
  return [...worstByX].sort(([a], [b]) => a - b)
}

/**
 * @param {(number[] | undefined)[]} distributions of 101 percentiles each
 * @returns {number[] | undefined} the one with the highest 99th
 */
export function slowestOf(distributions) {
  const told = distributions.filter((one) => one !== undefined && one.length > 0)
  return told.reduce((slowest, one) => ((one?.[99] ?? 0) > (slowest?.[99] ?? 0) ? one : slowest), told[0])
}

/**
 * How many seeds a size has: of those with the fewest and with the most.
 *
 * @param {Run[]} runs
 */
export function seedsOf(runs) {
  /** @type {Map<number, Set<number | null>>} */
  const seedsBySize = new Map()
  for (const run of runs) {
    const seeds = seedsBySize.get(peersOf(run)) ?? new Set()
    seedsBySize.set(peersOf(run), seeds.add(run.seed))
  }
  const counts = [...seedsBySize.values()].map(({ size }) => size)
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)]
  if (most === 1) return 'one seed'
  return fewest === most ? `${most} seeds` : `${fewest} to ${most} seeds`
}

/** @param {{ rival: string }} row */
function isOurs({ rival }) {
  return rival.startsWith('hyphae')
}
