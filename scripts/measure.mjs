/**
 * `npm run measure -- NAME [--seeds 1,2,3] [--peers 10,100] [--jobs 2] [--keep-older]`, or `list`
 *
 * Runs a measurement of `results/measurements.mjs`, each command with each seed in a process of its own, and keeps what they
 * printed in `docs/results/data/NAME.json`, with what is needed to see the same again. `--peers` runs the commands of so
 * many peers only. Earlier runs of another commit are dropped, unless `--keep-older` lets them stand beside these, each with
 * its commit: for what takes hours. A run that failed is kept and said. Ends with 1 where any did, with 2 for a command it cannot read.
 * `npm run results` makes the page of it.
 */
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildTargets } from './build.mjs'
import { root } from './process.mjs'
import { isSound, lastObject, merged, written } from './results/data.mjs'
import { MEASUREMENTS, measurementNamed } from './results/measurements.mjs'
import { SEEDS } from './results/targets.mjs'
import { simulatorFlags } from './simulator.mjs'

/**
 * @typedef {import('./results/data.mjs').Data} Data
 * @typedef {import('./results/data.mjs').Run} Run
 * @typedef {import('./results/measurements.mjs').Measurement} Measurement
 * @typedef {{ command: string, seed: number | null }} Job
 */

/** What changes a figure when it is changed, by whether it is simulated. */
const SOURCES = {
  simulated: ['packages/core', 'packages/simulator'],
  real: ['packages', 'apps', 'bench', 'e2e', 'signaling-server', 'package-lock.json'],
}
/** What lies beside it and changes none. */
const NO_SOURCES = [':!*.md', ':!*.test.ts', ':!packages/*/test']
/** Bytes that a run may print. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024
/** Characters kept of what a failed run said. */
const PROBLEM_LENGTH_MAX = 300

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: Array.from({ length: SEEDS }, (_, index) => index + 1).join(',') },
    peers: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    'keep-older': { type: 'boolean', default: false },
  },
})
const [name = 'list'] = positionals
try {
  if (name === 'list') console.log(MEASUREMENTS.map(described).join('\n'))
  else process.exitCode = await measure(measurementNamed(name))
} catch (error) {
  if (!(error instanceof RangeError)) throw error
  console.error(error.message)
  process.exitCode = 2
}

/** @param {Measurement} measurement */
function described({ name, claim, commands }) {
  return [`${name}: ${claim}`, ...commands.map((command) => `    ${command}`), ''].join('\n')
}

/**
 * @param {Measurement} measurement
 * @returns {Promise<number>} the exit code
 */
async function measure({ name, isSimulated, commands }) {
  const jobs = planned(commands, isSimulated)
  const width = numbers('jobs', values.jobs)[0] ?? 1
  const simulator = join(root, '.results', `measure-${process.pid}`)
  const source = sourceOf(isSimulated)
  if (isSimulated) await copySimulator(simulator)
  const file = join(root, 'docs/results/data', `${name}.json`)
  /** @type {Run[]} */
  const runs = []
  const work = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      const run = await execute(job, isSimulated ? join(simulator, 'cli.js') : null)
      runs.push(run)
      keep(file, { name, simulated: isSimulated, ...source, date: run.date, commands: [], runs })
      console.log(
        `${isSound(run) ? 'ok' : 'FAILED'}: ${run.command}${run.problem ? `\n    ${run.problem}` : ''}`,
      )
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.max(1, width) }, work))
  } finally {
    rmSync(simulator, { recursive: true, force: true })
  }
  return runs.every(isSound) ? 0 : 1
}

/**
 * So that all runs are of the same code, whatever is edited meanwhile.
 *
 * @param {string} folder
 */
async function copySimulator(folder) {
  await buildTargets(['simulator'])
  cpSync(join(root, 'packages/simulator/dist'), folder, { recursive: true })
}

/**
 * Small networks first, every seed of one command before the next.
 *
 * @param {string[]} commands
 * @param {boolean} isSimulated
 * @returns {Job[]}
 */
function planned(commands, isSimulated) {
  const sizes = values.peers === undefined ? null : numbers('peers', values.peers)
  const chosen = commands.filter((command) => {
    const peers = Number(/--peers (\d+)/.exec(command)?.[1])
    return sizes === null || sizes.includes(peers)
  })
  if (chosen.length === 0) throw new RangeError(`no command of ${name} has ${values.peers} peers`)
  const seeds = isSimulated ? numbers('seeds', values.seeds) : [null]
  return chosen.flatMap((command) => seeds.map((seed) => ({ command, seed })))
}

/**
 * @param {Job} job
 * @param {string | null} simulator the built command line, for what is simulated
 * @returns {Promise<Run>}
 */
function execute({ command, seed }, simulator) {
  const asked = seed === null ? command : `${command} --seed ${seed} --json`
  const words = asked.split(' ')
  const [program, args] = simulator
    ? [process.execPath, [...simulatorFlags, simulator, ...words.slice(2)]]
    : ['npm', ['run', '--silent', ...words]]
  return new Promise((resolve) => {
    execFile(program, args, { cwd: root, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      const exitCode = error ? (typeof error.code === 'number' ? error.code : 1) : 0
      const result = lastObject(stdout)
      resolve({
        command: `npm run --silent ${asked}`,
        seed,
        date: new Date().toISOString(),
        exitCode,
        ...(result === null ? { problem: problemOf(stderr, error) } : {}),
        result,
      })
    })
  })
}

/**
 * The error that was thrown or else the last line, without the place on this machine.
 *
 * @param {string} stderr
 * @param {Error | null} error
 */
function problemOf(stderr, error) {
  const lines = stderr.trim().split('\n')
  const line = lines.findLast((text) => /^\w*Error\b|FATAL/.test(text)) ?? lines.at(-1)
  return (line || error?.message || 'it printed no object').replaceAll(root, '').slice(0, PROBLEM_LENGTH_MAX)
}

/**
 * After every run, so that what an interrupted measurement has shown is kept.
 *
 * @param {string} file
 * @param {Data} data
 */
function keep(file, data) {
  const earlier = readIfThere(file)
  const all = merged(earlier, data, values['keep-older'])
  const isDropped = earlier !== null && earlier.runs.length > all.runs.length
  if (isDropped) console.log(`earlier runs, of commit ${earlier.commit}, are dropped`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, written(all))
}

/**
 * @param {string} file
 * @returns {Data | null}
 */
function readIfThere(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return null
    throw error
  }
}

/**
 * @param {boolean} isSimulated
 * @returns {import('./results/data.mjs').Source}
 */
function sourceOf(isSimulated) {
  const paths = [...(isSimulated ? SOURCES.simulated : SOURCES.real), ...NO_SOURCES]
  return {
    commit: git('log', '-1', '--format=%h', '--abbrev=12', '--', ...paths),
    dirty: git('status', '--porcelain', '--', ...paths) !== '',
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 1024 ** 3),
      node: process.version,
    },
  }
}

/** @param {string[]} args */
function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
}

/**
 * @param {string} name
 * @param {string} text
 */
function numbers(name, text) {
  const all = text.split(',').map(Number)
  if (all.every((value) => Number.isSafeInteger(value) && value >= 0)) return all
  throw new RangeError(`--${name} is whole numbers from 0, apart by commas; got ${text}`)
}
