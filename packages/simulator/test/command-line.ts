// The command line, built as `npm run sim` does but into a folder of its own, and run in processes of its own.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** What `--json` prints last. */
export interface Printed {
  readonly traceHash: string
  readonly events: number
  readonly violations: readonly string[]
  readonly [figure: string]: unknown
}

export interface CommandLine {
  /** Runs a command with `--json`. Rejects where nothing readable was printed. */
  run(...args: readonly string[]): Promise<Printed>
  remove(): void
}

export async function buildCommandLine(): Promise<CommandLine> {
  const folder = mkdtempSync(join(tmpdir(), 'hyphae-simulator-'))
  await build({
    root: fileURLToPath(new URL('../../../', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['@hyphae/source'] },
    ssr: { noExternal: true, resolve: { conditions: ['@hyphae/source', 'node'] } },
    build: {
      ssr: 'packages/simulator/src/cli.ts',
      outDir: folder,
      target: 'node20.19',
      rolldownOptions: { output: { entryFileNames: 'cli.mjs' } },
    },
  })
  return {
    run: (...args) => execute(['--max-semi-space-size=64', join(folder, 'cli.mjs'), ...args, '--json']),
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function execute(args: readonly string[]): Promise<Printed> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      const last = stdout.trimEnd().split('\n').at(-1) ?? ''
      // A run with violations ends with 1 and still prints what it measured.
      if (last.startsWith('{')) resolve(JSON.parse(last))
      else reject(new Error(`no figures were printed: ${stderr}`, { cause: error }))
    })
  })
}
