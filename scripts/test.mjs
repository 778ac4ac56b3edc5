/**
 * `npm test`: installs what is missing, runs every stage even when one fails, adds up what the runners
 * counted and prints `N passed, N failed` as the last line. `npm test -- unit types` runs those stages only.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installPackages } from './install.mjs'
import { installBrowsers } from './install-browsers.mjs'
import { root } from './process.mjs'
import { stages } from './stages.mjs'

const names = process.argv.slice(2)
const unknown = names.filter((name) => !stages.some((stage) => stage.name === name))
if (unknown.length > 0) {
  console.error(
    `Unknown stage ${unknown.join(', ')}. Stages: ${stages.map((stage) => stage.name).join(', ')}`,
  )
  process.exit(2)
}
const chosen = withNeeds(names)
mkdirSync(join(root, '.results'), { recursive: true })
process.exitCode = (await install()) ? await runStages() : 1

/** @param {string[]} wanted none means all */
function withNeeds(wanted) {
  if (wanted.length === 0) return stages
  const all = new Set(
    stages.filter(({ name }) => wanted.includes(name)).flatMap(({ name, needs }) => [name, ...needs]),
  )
  return stages.filter(({ name }) => all.has(name))
}

async function install() {
  try {
    await installPackages()
    if (chosen.some(({ name }) => name === 'browsers')) await installBrowsers()
    return true
  } catch (error) {
    console.error(error)
    console.log('0 passed, 1 failed')
    return false
  }
}

/** @returns {Promise<number>} the exit code */
async function runStages() {
  const results = []
  for (const stage of chosen) {
    console.log(`\n━━ ${stage.title}`)
    const begun = performance.now()
    const counts = await stage.run()
    const seconds = Math.round((performance.now() - begun) / 100) / 10
    console.log(`━━ ${stage.name}: ${counts.passed} passed, ${counts.failed} failed, ${seconds} s`)
    results.push({ name: stage.name, seconds, ...counts })
  }
  return report(results)
}

/**
 * @typedef {import('./stages.mjs').Counts & { name: string, seconds: number }} Result
 * @param {Result[]} results
 */
function report(results) {
  const sum = (/** @type {'passed' | 'failed' | 'skipped' | 'seconds'} */ key) =>
    results.reduce((total, result) => total + result[key], 0)
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')]
  const testSeconds = Math.round(sum('seconds') * 10) / 10
  if (names.length === 0) {
    const summary = { passed, failed, skipped, testSeconds, stages: results }
    writeFileSync(join(root, '.results/summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
  }
  console.log()
  for (const result of results) console.log(lineOf(result))
  if (skipped > 0) console.log(`${skipped} skipped`)
  console.log(`${passed} passed, ${failed} failed`)
  return failed > 0 || passed === 0 ? 1 : 0
}

/** @param {Result} result */
function lineOf({ name, passed, failed, seconds }) {
  const figures = [passed, failed, seconds.toFixed(1)].map((figure) => String(figure).padStart(7))
  return `${failed > 0 ? '✗' : '✓'} ${name.padEnd(10)}${figures[0]} passed${figures[1]} failed${figures[2]} s`
}
