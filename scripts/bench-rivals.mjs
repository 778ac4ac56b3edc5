/**
 * `npm run bench:rivals [-- --runs=2]`: our peers and js-libp2p's, 50 of each in a Node process of their own, one
 * process after another on this machine. A table goes to stderr, and one JSON object to stdout as the last line.
 */
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isInstalled } from './install.mjs'
import { root } from './process.mjs'

const bench = join(root, 'bench')
/** Our own first. `bench/README.md` says what each is. */
const names = ['hyphae', 'hyphaeUnsigned', 'libp2p', 'libp2pGossip', 'libp2pGossipBare', 'verification']
/** Milliseconds one process may take; an idle machine needs a third of it for the slowest. */
const PART_MS_MAX = 15 * 60_000
const RUNS_MAX = 10

/** Figures of which more is better, and those that say what was done; of all others the lowest run counts. */
const highest = new Set([
  'deliveredShare',
  'getFoundShare',
  'deliveries',
  'contactsPerLookup',
  'linksPerPeer',
])

/** @typedef {{ [name: string]: number | Figures }} Figures */

const runs = runsAsked()
await installBench()
await start(process.execPath, [join(root, 'scripts/build.mjs'), 'sdk'])
const node = join(bench, 'node_modules/node/bin/node')
/** @type {Record<string, Figures[]>} */
const measured = Object.fromEntries(names.map((name) => [name, []]))
for (let run = 1; run <= runs; run++) {
  // Interleaved, so that a busy hour of the machine is everybody's.
  for (const name of names) {
    console.error(`${name}, run ${run} of ${runs} …`)
    const line = await start(node, ['--expose-gc', join(bench, 'src/main.ts'), name])
    measured[name]?.push(JSON.parse(line))
  }
}
const figures = Object.fromEntries(names.map((name) => [name, best(measured[name] ?? [])]))
console.error(table(figures))
console.log(JSON.stringify({ ...circumstances(), runs, ...figures, everyRun: measured }))

function runsAsked() {
  const { values } = parseArgs({ options: { runs: { type: 'string', default: '2' } } })
  const asked = Number(values.runs)
  if (Number.isInteger(asked) && asked >= 1 && asked <= RUNS_MAX) return asked
  throw new RangeError(`--runs is a whole number from 1 to ${RUNS_MAX}; got ${values.runs}`)
}

/** The rivals are nobody's dependencies: they have a folder and a lock file of their own. */
async function installBench() {
  if (isInstalled(bench)) return
  console.error('Installing what is measured …')
  await start('npm', ['ci', '--no-audit', '--no-fund'], bench)
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} [cwd]
 * @returns {Promise<string>} the last line on stdout; rejects when the program failed or took too long
 */
function start(program, args, cwd = root) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'], timeout: PART_MS_MAX })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output.trimEnd().split('\n').at(-1) ?? '')
      else reject(new Error(`${program} ${args.join(' ')} ended with ${signal ?? `code ${code}`}`))
    })
  })
}

/**
 * Other work on the machine only ever adds, so the best run is nearest the truth; the same rule for everybody.
 *
 * @param {Figures[]} all
 * @returns {Figures}
 */
function best(all) {
  const [first] = all
  if (first === undefined) throw new RangeError('there was no run')
  return Object.fromEntries(
    Object.entries(first).map(([name, value]) => {
      const values = all.map((one) => one[name])
      if (typeof value !== 'number') return [name, best(/** @type {Figures[]} */ (values))]
      const numbers = /** @type {number[]} */ (values)
      return [name, highest.has(name) ? Math.max(...numbers) : Math.min(...numbers)]
    }),
  )
}

/** @param {Record<string, Figures>} all */
function table(all) {
  const rows = [
    ...new Set(
      Object.values(all).flatMap((one) => Object.keys(one).filter((row) => typeof one[row] === 'number')),
    ),
  ]
  const lines = [
    ['', ...Object.keys(all)],
    ...rows.map((row) => [row, ...Object.values(all).map((one) => one[row])]),
  ]
  return lines
    .map(
      ([head, ...cells]) =>
        `${head}`.padEnd(26) + cells.map((cell) => `${cell ?? '-'}`.padStart(18)).join(''),
    )
    .join('\n')
}

function circumstances() {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim()
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: version }
  const { dependencies } = JSON.parse(readFileSync(join(bench, 'package.json'), 'utf8'))
  return { machine, commit, date: new Date().toISOString(), rivals: { libp2p: dependencies.libp2p } }
}
