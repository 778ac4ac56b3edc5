/** The stages of `npm test`, in their order, and how each one's result becomes numbers. */
import { readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { root, run, runTool } from './process.mjs'

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {{ name: string, title: string, needs: string[], run: () => Promise<Counts> }} Stage
 * @type {Stage[]}
 */
export const stages = [
  stage('types', 'Types', () => runStatic(runTool('typescript', ['-b']))),
  stage('lint', 'Lint and format', () =>
    runStatic(runTool('@biomejs/biome', ['check', '--error-on-warnings'])),
  ),
  stage('unit', 'Unit and conformance tests', () => runVitest('unit')),
  stage('simulator', 'Simulator, pinned seeds', () => runVitest('simulator')),
  stage('webrtc', 'WebRTC between Node processes', () => runVitest('webrtc')),
  stage('build', 'Build of the server, the SDK and the web app', () =>
    runStatic(run(process.execPath, [join(root, 'scripts/build.mjs')])),
  ),
  stage('package', 'The packed SDK', () => runVitest('package'), ['build']),
  stage('browsers', 'Chromium and Firefox', runPlaywright, ['build']),
]

/**
 * @param {string} name
 * @param {string} title
 * @param {() => Promise<Counts>} run
 * @param {string[]} [needs] stages that run first even when not asked for
 * @returns {Stage}
 */
function stage(name, title, run, needs = []) {
  return { name, title, needs, run }
}

/**
 * A tool that only says yes or no counts as one test.
 *
 * @param {Promise<number>} exitCode
 * @returns {Promise<Counts>}
 */
async function runStatic(exitCode) {
  const isPassed = (await exitCode) === 0
  return { passed: isPassed ? 1 : 0, failed: isPassed ? 0 : 1, skipped: 0 }
}

/**
 * One file of tests per core; vitest leaves one core free by itself, which would be half of two.
 *
 * @param {string} project
 */
async function runVitest(project) {
  const file = reportFile(project)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const workers = `--maxWorkers=${availableParallelism()}`
  const code = await runTool('vitest', ['run', '--project', project, workers, ...reporters])
  return checked(code, countVitest(readReport(file)))
}

async function runPlaywright() {
  const file = reportFile('browsers')
  const code = await runTool('@playwright/test', ['test', '--config', 'e2e'], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
  })
  return checked(code, countPlaywright(readReport(file)))
}

/**
 * A file that cannot even be loaded has no tests to fail, and counts as one.
 *
 * @param {any} report Vitest's JSON report, or null
 * @returns {Counts}
 */
function countVitest(report) {
  if (!report) return { passed: 0, failed: 0, skipped: 0 }
  const unloaded = report.testResults.filter(
    (/** @type {any} */ file) => file.status === 'failed' && file.assertionResults.length === 0,
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/**
 * @param {any} report Playwright's JSON report, or null
 * @returns {Counts}
 */
function countPlaywright(report) {
  if (!report) return { passed: 0, failed: 0, skipped: 0 }
  const { expected, unexpected, flaky, skipped } = report.stats
  return { passed: expected, failed: unexpected + flaky, skipped }
}

/**
 * A runner that ended badly, or ran nothing, has failed whatever it counted.
 *
 * @param {number} code
 * @param {Counts} counts
 * @returns {Counts}
 */
function checked(code, counts) {
  if (counts.failed > 0) return counts
  if (code !== 0) return { ...counts, failed: 1 }
  if (counts.passed > 0) return counts
  console.log('No test ran in this stage.')
  return { ...counts, failed: 1 }
}

/** @param {string} name */
function reportFile(name) {
  const file = join(root, '.results', `${name}.json`)
  rmSync(file, { force: true })
  return file
}

/** @param {string} file */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return null
    throw error
  }
}
