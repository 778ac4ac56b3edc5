/**
 * Installs Chromium and Firefox for the browser tests: from the distribution on Debian and Ubuntu when run as
 * root, elsewhere Playwright's own builds. Does nothing where they are already there.
 */
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { run, runTool } from './process.mjs'

const debianBrowsers = [
  { program: '/usr/bin/chromium', package: 'chromium' },
  { program: '/usr/bin/firefox-esr', package: 'firefox-esr' },
]

/** @returns {Promise<void>} rejects when a browser could not be installed */
export async function installBrowsers() {
  const missing = debianBrowsers.filter(({ program }) => !existsSync(program))
  if (missing.length === 0) return
  console.log('Installing browsers …')
  if (isDebianWithRoot()) await installFromDebian(missing.map((browser) => browser.package))
  else await installFromPlaywright()
}

function isDebianWithRoot() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
}

/** @param {string[]} packages */
async function installFromDebian(packages) {
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' }
  await succeed('apt-get update', run('apt-get', ['update', '-q'], quiet))
  const install = ['install', '-y', '-q', '--no-install-recommends', ...packages]
  await succeed('apt-get install', run('apt-get', install, quiet))
}

/** Playwright skips what it already has. */
async function installFromPlaywright() {
  await succeed('playwright install', runTool('playwright', ['install', 'chromium', 'firefox']))
}

/**
 * @param {string} what
 * @param {Promise<number>} exitCode
 */
async function succeed(what, exitCode) {
  const code = await exitCode
  if (code !== 0) throw new Error(`${what} ended with code ${code}`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await installBrowsers()
