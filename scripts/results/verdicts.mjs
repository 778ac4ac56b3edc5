/** Figures of all seeds against their bounds: the worst seed speaks for all. */
import { figureAt, isSound, peersOf } from './data.mjs'
import { SEEDS } from './targets.mjs'

/**
 * @typedef {import('./data.mjs').Data} Data
 * @typedef {import('./data.mjs').Run} Run
 * @typedef {import('./targets.mjs').Target} Target
 *
 * @typedef {object} Verdict
 * @property {number} runs that have the figure, or should
 * @property {number} seeds of those runs
 * @property {boolean} isUnknown there are runs, and the figure is in none of them
 * @property {number | null} worst null where nothing was measured, or a run could not measure it
 * @property {boolean | null} isMet null where there is no bound, or no figure
 * @property {number} missedBy 0 where it is met
 * @property {number} wrong runs that failed, or in which something happened that must not
 * @property {boolean} isEnough as many runs as the target takes
 */

/**
 * @param {Target} target
 * @param {readonly Data[]} all
 * @returns {Verdict}
 */
export function judged(target, all) {
  const sources = all.filter(({ name }) => target.measurements.includes(name))
  const asked = sources
    .flatMap((source) => source.runs)
    .filter((run) => target.peers === undefined || peersOf(run) === target.peers)
  const runs = asked.filter((run) => speaksOf(target, run))
  const values = runs.map((run) => figureFor(target, run))
  const worst = worstOf(values, target)
  const missedBy = worst === null ? 0 : missing(worst, target)
  const seeds = new Set(runs.map(({ seed }) => seed)).size
  const hasBound = target.atMost !== undefined || target.atLeast !== undefined
  return {
    runs: runs.length,
    seeds,
    isUnknown: asked.length > 0 && runs.length === 0,
    worst,
    isMet: worst === null || !hasBound ? null : missedBy === 0,
    missedBy,
    wrong: runs.filter((run) => !isSound(run)).length,
    isEnough: seeds >= (target.seeds ?? SEEDS),
  }
}

/**
 * The largest where less is better, and the smallest where more is. A run that failed to measure is worse than any.
 *
 * @param {readonly (number | null)[]} values
 * @param {Pick<Target, 'atLeast' | 'isMoreBetter'>} target
 * @returns {number | null}
 */
export function worstOf(values, { atLeast, isMoreBetter = atLeast !== undefined }) {
  const numbers = values.filter((value) => value !== null)
  if (numbers.length === 0 || numbers.length < values.length) return null
  return isMoreBetter ? Math.min(...numbers) : Math.max(...numbers)
}

/**
 * A run that printed nothing speaks of everything, as a failure.
 *
 * @param {Target} target
 * @param {Run} run
 */
function speaksOf({ figure }, { result }) {
  return result === null || figureAt(result, figure) !== undefined
}

/**
 * @param {Target} target
 * @param {Run} run
 * @returns {number | null}
 */
function figureFor({ figure, over }, { result }) {
  const value = figureAt(result, figure) ?? null
  if (over === undefined || value === null) return value
  const divisor = figureAt(result, over) ?? null
  return divisor === null || divisor === 0 ? null : value / divisor
}

/**
 * @param {number} worst
 * @param {Target} target
 */
function missing(worst, { atMost, atLeast }) {
  if (atMost !== undefined) return Math.max(0, worst - atMost)
  return atLeast === undefined ? 0 : Math.max(0, atLeast - worst)
}
