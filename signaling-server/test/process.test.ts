// The command as people run it: a process of its own, ended by signals.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { joinedClient } from './raw-client.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
let built = ''
const children: ChildProcess[] = []

beforeAll(async () => {
  // Below the package, so that its dependencies are found; in dist, which is no part of the sources.
  mkdirSync(join(folder, 'dist'), { recursive: true })
  built = mkdtempSync(join(folder, 'dist/test-'))
  const conditions = ['@hyphae/source', 'node']
  await build({
    configFile: false,
    logLevel: 'warn',
    ssr: { noExternal: [/^@hyphae\//], resolve: { conditions } },
    build: { ssr: join(folder, 'src/main.ts'), outDir: built },
  })
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

afterAll(() => rmSync(built, { recursive: true }))

/** A run of the command; its output grows while it runs. */
function run(args: readonly string[], environment: Record<string, string> = {}) {
  const env = { PATH: process.env['PATH'], ...environment }
  const child = spawn(process.execPath, [join(built, 'main.js'), ...args], { env })
  children.push(child)
  const output = {
    child,
    stdout: '',
    stderr: '',
    exited: once(child, 'close').then(([code]) => code as number),
  }
  child.stdout.on('data', (data) => {
    output.stdout += data
  })
  child.stderr.on('data', (data) => {
    output.stderr += data
  })
  return output
}

/** A server on loopback that is running, and the address that it says. */
async function started(args: readonly string[] = []) {
  const server = run(['--host', 'localhost', ...args], { PORT: '0' })
  while (!server.stdout.includes('\n')) await once(server.child.stdout, 'data')
  const url = /^Hyphae is running at (\S+)$/m.exec(server.stdout)?.[1] ?? ''
  return { ...server, server, url }
}

test('--help prints the options and ends well', async () => {
  const command = run(['--help'])
  expect(await command.exited).toBe(0)
  expect(command.stdout).toMatch(/^Usage: hyphae-signaling/)
})

test('a mistake on the command line is one sentence and exit code 2', async () => {
  const [unknown, impossible] = [run(['--colour', 'red']), run([], { PORT: 'web' })]
  expect([await unknown.exited, await impossible.exited]).toEqual([2, 2])
  expect([unknown.stdout, unknown.stderr]).toEqual(['', "Unknown option '--colour'. See --help.\n"])
  expect(impossible.stderr).toBe("PORT takes an integer from 0 to 65535, not 'web'. See --help.\n")
})

test('a port in use is one sentence and exit code 1', async () => {
  const { url } = await started()
  const { port } = new URL(url)
  const second = run(['--host', 'localhost', '--port', port])
  expect(await second.exited).toBe(1)
  expect(second.stderr).toBe(`Port ${port} is in use already; choose another with --port.\n`)
})

test('the address of the page is said where there is one', async () => {
  const pages = mkdtempSync(join(tmpdir(), 'hyphae-pages-'))
  writeFileSync(join(pages, 'index.html'), 'here')
  const { url } = await started(['--static', pages])
  expect(await (await fetch(url)).text()).toBe('here')
  rmSync(pages, { recursive: true })
})

test.each(['SIGTERM', 'SIGINT'] as const)('[SG-15] %s tells the clients and ends well', async (signal) => {
  const { server, url } = await started()
  expect(url).toMatch(/^ws:.*\/signal$/)
  const { client } = await joinedClient(url)
  server.child.kill(signal)
  expect(await client.next('error')).toMatchObject({ code: 'draining' })
  expect(await client.closed).toBe(1001)
  expect(await server.exited).toBe(0)
  expect(server.stdout).toBe(`Hyphae is running at ${url}\n`)
  const events = server.stderr.trim().split('\n')
  expect(events.map((line) => JSON.parse(line).event)).toEqual(['started', 'draining', 'stopped'])
})
