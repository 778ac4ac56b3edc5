/**
 * `npm run --silent figures [-- fifty]`: the last run's figures as one JSON object, or those of its fifty peers. A figure
 * that no run has made yet is null (of the fifty, nothing is printed), and a line on stderr names the command that makes it:
 * the exit code is 1 then.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { root } from './process.mjs'

if (process.argv[2] === 'fifty') {
  const fifty = readJson('.results/fifty.json')
  if (fifty === null) console.error('they are missing: run `npm test -- browsers`')
  else console.log(JSON.stringify(fifty))
  process.exit(fifty === null ? 1 : 0)
}
const measured = readJson('.results/figures.json')
const summary = readJson('.results/summary.json')

const figures = {
  gossipP50Ms: from(measured, 'gossipP50Ms', 'npm test -- browsers'),
  gossipP99Ms: from(measured, 'gossipP99Ms', 'npm test -- browsers'),
  getP50Ms: from(measured, 'getP50Ms', 'npm test -- browsers'),
  getP99Ms: from(measured, 'getP99Ms', 'npm test -- browsers'),
  hopsMean: from(measured, 'hopsMean', 'npm test -- browsers'),
  linksMean: from(measured, 'linksMean', 'npm test -- browsers'),
  sdkGzipBytes: from({ sdkGzipBytes: sdkGzipBytes() }, 'sdkGzipBytes', 'npm run build'),
  testSeconds: from(summary, 'testSeconds', 'npm test'),
}
console.log(JSON.stringify(figures))

/**
 * @param {Record<string, unknown> | null} source
 * @param {string} name
 * @param {string} command makes the figure
 * @returns {number | null}
 */
function from(source, name, command) {
  const value = source?.[name]
  if (typeof value === 'number' && Number.isFinite(value)) return value
  console.error(`${name} is missing: run \`${command}\``)
  process.exitCode = 1
  return null
}

function sdkGzipBytes() {
  const bundle = readIfThere('packages/sdk/dist/hyphae.js')
  return bundle ? gzipSync(bundle, { level: 9 }).length : null
}

/** @param {string} file */
function readJson(file) {
  const bytes = readIfThere(file)
  return bytes ? JSON.parse(bytes.toString('utf8')) : null
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(join(root, file))
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return null
    throw error
  }
}
