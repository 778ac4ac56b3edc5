/** The files of `docs/results/data`: what they hold, how they are written, and how figures are found in them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {object} Run
 * @property {string} command that shows the same again
 * @property {number | null} seed null for what has none
 * @property {string} date when it ended
 * @property {string} [commit] of what was measured, where it is another than that of the file
 * @property {string} [node] that it ran in, where it is another than that of the file
 * @property {number} exitCode 0 for a run that went well
 * @property {string} [problem] what it said instead of figures
 * @property {Printed | null} result the object that it printed last; null where there was none
 */

/** @typedef {Record<string, any>} Printed */

/**
 * @typedef {object} Source
 * @property {string} commit the last that changed what is measured
 * @property {boolean} dirty what is measured had changes that are in no commit
 * @property {Machine} machine
 */

/** @typedef {{ cpu: string, cores: number, memoryGiB: number, node: string }} Machine */

/** @typedef {Source & { name: string, simulated: boolean, date: string, commands: string[], runs: Run[] }} Data */

/**
 * @param {string} folder
 * @returns {Data[]} in the order of their names
 */
export function readAll(folder) {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  return files.sort().map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
}

/**
 * A run takes the place of an earlier one of the same command and seed. Runs of another machine, of another commit, or of changes that
 * are in no commit do not stand beside these. Where older ones are kept those of another commit do, and if they are simulated those
 * of another machine: each says of which it is, and in which Node it ran.
 *
 * @param {Data | null} earlier
 * @param {Data} now
 * @param {boolean} [keepsOlder]
 * @returns {Data}
 */
export function merged(earlier, now, keepsOlder = false) {
  const kept =
    earlier !== null && isComparable(earlier, now, keepsOlder)
      ? earlier.runs.map((run) => beside(now, run, earlier))
      : []
  const replaced = new Set(now.runs.map(keyOf))
  const runs = [...kept.filter((run) => !replaced.has(keyOf(run))), ...now.runs].sort(inOrder)
  return { ...now, commands: [...new Set(runs.map(seedless))], runs }
}

/**
 * A line per run, so that a new run is one line of a diff.
 *
 * @param {Data} data
 */
export function written({ runs, ...head }) {
  const lines = runs.map((run) => `    ${JSON.stringify(run)}`)
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "runs": [\n${lines.join(',\n')}\n  ]\n}\n`
}

/**
 * The object that a command printed last, whatever it printed before.
 *
 * @param {string} stdout
 * @returns {Printed | null}
 */
export function lastObject(stdout) {
  const last = stdout.trimEnd().split('\n').at(-1) ?? ''
  if (!last.startsWith('{')) return null
  try {
    return JSON.parse(last)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/**
 * @param {Printed | null} result
 * @param {string} path members apart by `/`; of rows the one whose `rival` is named
 * @returns {number | null | undefined} undefined for what the run does not tell, null for what it could not measure
 */
export function figureAt(result, path) {
  /** @type {any} */
  let value = result ?? undefined
  for (const name of path.split('/')) {
    value = Array.isArray(value) ? value.find((row) => row.rival === name) : value?.[name]
  }
  return typeof value === 'number' || value === null ? value : undefined
}

/** @param {Run} run */
export function isSound({ exitCode, result }) {
  return exitCode === 0 && result !== null && !(result['violationCount'] > 0)
}

/** @param {Run} run */
export function peersOf({ command, result }) {
  return result?.['peers'] ?? Number(/--peers (\d+)/.exec(command)?.[1] ?? Number.NaN)
}

/**
 * The command without its seed: runs that differ in nothing else belong together.
 *
 * @param {Run} run
 */
export function seedless({ command }) {
  return command.replace(/ --seed \d+/, '')
}

/** @param {Run} run */
function keyOf({ command, seed }) {
  return `${command} ${seed}`
}

/**
 * By number of peers, command and seed.
 *
 * @param {Run} a
 * @param {Run} b
 */
function inOrder(a, b) {
  const [one, other] = [seedless(a), seedless(b)]
  return (
    (peersOf(a) || 0) - (peersOf(b) || 0) ||
    (one < other ? -1 : Number(one > other)) ||
    (a.seed ?? 0) - (b.seed ?? 0)
  )
}

/**
 * The run of one file as a run of another, with what it has of its own.
 *
 * @param {Source} source
 * @param {Run} run
 * @param {Source} own
 * @returns {Run}
 */
function beside(source, { commit = '', node = '', ...run }, own) {
  const [itsCommit, itsNode] = [commit || own.commit, node || own.machine.node]
  return {
    ...run,
    ...(itsCommit === source.commit ? {} : { commit: itsCommit }),
    ...(itsNode === source.machine.node ? {} : { node: itsNode }),
  }
}

/**
 * @param {Data} earlier
 * @param {Data} now
 * @param {boolean} keepsOlder
 */
function isComparable(earlier, now, keepsOlder) {
  if (earlier.dirty || now.dirty) return false
  const isSameMachine = JSON.stringify(earlier.machine) === JSON.stringify(now.machine)
  return keepsOlder ? now.simulated || isSameMachine : isSameMachine && earlier.commit === now.commit
}
