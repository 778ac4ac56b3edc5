/** Child processes for the scripts of this folder: output goes straight to the terminal. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Runs a program in the repository's root and waits for it.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {Record<string, string>} [environment] added to this process's own
 * @returns {Promise<number>} the exit code; 1 when a signal ended it or it could not start
 */
export function run(program, args, environment = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...environment },
    })
    child.on('error', (error) => {
      console.error(`${program}: ${error.message}`)
      resolve(1)
    })
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

/**
 * Runs a tool that npm installed here, without going through npx.
 *
 * @param {string} name package whose `bin` is meant, for example `vitest`
 * @param {readonly string[]} args
 * @param {Record<string, string>} [environment]
 */
export function runTool(name, args, environment) {
  return run(process.execPath, [toolPath(name), ...args], environment)
}

/** @param {string} name */
function toolPath(name) {
  const require = createRequire(import.meta.url)
  const manifestPath = join(root, 'node_modules', name, 'package.json')
  const { bin } = require(manifestPath)
  const entry = typeof bin === 'string' ? bin : Object.values(bin)[0]
  return join(dirname(manifestPath), entry)
}
