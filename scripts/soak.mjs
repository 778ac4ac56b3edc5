/**
 * `npm run sim:soak -- [--minutes M] [--seeds N] [--from S] [--jobs J] [--scenarios a,b] [-- OPTION…]`
 *
 * Runs seed after seed of several scenarios, each in a process of its own, until the minutes or the seeds are over, and
 * says how to see every failure again. Options after `--` go to every run. Ends with 1 where any run failed.
 */
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildTargets } from './build.mjs'
import { root } from './process.mjs'
import { lastObject } from './results/data.mjs'

/** What is run where nobody says otherwise: every kind of fault, in networks that take seconds. */
const LOADS = {
  faults: '--join-every 20 --settle 8 --keys 12 --gets 30 --messages 9',
  churn: '--peers 40 --join-every 20 --settle 8 --median-minutes 3 --minutes 2 --keys 20 --gets 30',
  'mass-failure': '--peers 60 --join-every 20 --settle 8 --keys 30 --gets 60',
  partition: '--peers 40 --join-every 20 --settle 8 --keys 16 --gets 30 --links 12',
  'flash-crowd': '--peers 60 --settle 8 --keys 10 --gets 30 --connecting 30',
  lossy:
    '--peers 40 --join-every 20 --settle 8 --keys 12 --gets 40 --messages 12 --loss-out 0.1 --lossy-peers 0.3',
  whims: '--peers 12 --links 6',
  liars: '--peers 12 --links 8 --whims 40',
  gossip: '--peers 60 --join-every 20 --settle 8 --sources 5 --messages 20 --connecting 60',
}
/** Runs between two that are done twice, to see whether the hash of the run is the same again. */
const TWICE_EVERY = 25
/** Bytes that a run may print. */
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024
/** Violations shown of a failed run. */
const SHOWN_MAX = 5
/** Minutes where neither minutes nor seeds are given. */
const MINUTES = 10

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    scenarios: { type: 'string', default: Object.keys(LOADS).join(',') },
  },
})

/** @typedef {{ scenario: string, seed: number, args: string[] }} Run */

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {number} otherwise
 */
function number(name, text, otherwise) {
  const value = text === undefined ? otherwise : Number(text)
  if (!(value >= 0)) throw new RangeError(`--${name} is a number from 0; got ${text}`)
  return value
}

const minutes = number(
  'minutes',
  values.minutes,
  values.seeds === undefined ? MINUTES : Number.POSITIVE_INFINITY,
)
const seeds = number('seeds', values.seeds, Number.POSITIVE_INFINITY)
const from = number('from', values.from, 1)
const endsAt = performance.now() + minutes * 60_000

/** Every scenario with one seed, then with the next. */
function* plan() {
  for (let seed = from; seed < from + seeds; seed++) {
    for (const scenario of values.scenarios.split(',')) {
      const load = LOADS[/** @type {keyof typeof LOADS} */ (scenario)] ?? ''
      const args = [scenario, '--seed', String(seed), ...load.split(' ').filter(Boolean), ...positionals]
      yield { scenario, seed, args }
    }
  }
}

/**
 * @param {string[]} args
 * @returns {Promise<{ traceHash: string | null, violations: string[] }>}
 */
function simulate(args) {
  const cli = join(root, 'packages/simulator/dist/cli.js')
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, ...args, '--json'],
      { maxBuffer: OUTPUT_BYTES_MAX },
      (error, stdout, stderr) => {
        const result = lastObject(stdout)
        if (result === null) resolve({ traceHash: null, violations: [stderr.trim() || String(error)] })
        else resolve({ traceHash: result['traceHash'], violations: result['violations'] })
      },
    )
  })
}

/**
 * What was wrong with a run; empty where nothing was.
 *
 * @param {Run} run
 * @param {number} index
 */
async function failuresOf({ args }, index) {
  const first = await simulate(args)
  if (first.violations.length > 0 || index % TWICE_EVERY !== 0) return first.violations
  const again = await simulate(args)
  return again.traceHash === first.traceHash
    ? []
    : [`the run is not determined: its hash was ${first.traceHash}, then ${again.traceHash}`]
}

await buildTargets(['simulator'])
const runs = plan()
let done = 0
let failed = 0

async function work() {
  for (const run of runs) {
    if (performance.now() >= endsAt) return
    const failures = await failuresOf(run, done++)
    if (failures.length === 0) continue
    failed += 1
    console.log(`FAILED: npm run --silent sim -- ${run.args.join(' ')}`)
    for (const failure of failures.slice(0, SHOWN_MAX)) console.log(`    ${failure}`)
  }
}

await Promise.all(Array.from({ length: Math.max(1, number('jobs', values.jobs, 1)) }, work))
console.log(`${done} runs, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
