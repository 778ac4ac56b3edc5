/**
 * Installs the npm packages when they are missing or differ from package-lock.json. Uses Node's own modules
 * only, because nothing else exists on a fresh clone.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './process.mjs'

/** @returns {Promise<void>} rejects when npm failed */
export async function installPackages() {
  if (isInstalled()) return
  console.log('Installing npm packages …')
  const code = await run('npm', ['ci', '--no-audit', '--no-fund'])
  if (code !== 0) throw new Error(`npm ci ended with code ${code}`)
}

/**
 * Compares the lock file with the record npm keeps of what it installed. Times of change would not do: a
 * checkout touches the lock file, and `npm install` writes both.
 *
 * @param {string} [folder] with a lock file of its own
 */
export function isInstalled(folder = root) {
  const installed = packagesOf(join(folder, 'node_modules/.package-lock.json'))
  const wanted = packagesOf(join(folder, 'package-lock.json'))
  if (!installed || !wanted) return false
  return Object.entries(wanted).every(([path, entry]) => {
    const isChecked = path.includes('node_modules/') && !entry.optional && !entry.devOptional && !entry.link
    return !isChecked || installed[path]?.version === entry.version
  })
}

/**
 * @typedef {{ version?: string, optional?: boolean, devOptional?: boolean, link?: boolean }} LockEntry
 * @param {string} file
 * @returns {Record<string, LockEntry> | null}
 */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return null
    throw error
  }
}
