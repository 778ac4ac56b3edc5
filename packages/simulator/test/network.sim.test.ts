import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'vite'
import { describe, expect, test } from 'vitest'
import { Network, type RunResult, run } from '../src/index.ts'

const FEW = { 'join-every': 20, settle: 5 }

test('three simulated peers gossip', () => {
  const { violations, figures } = run({
    scenario: 'gossip',
    peers: 3,
    seed: 1,
    numbers: { ...FEW, sources: 3, messages: 9, warmup: 0 },
  })
  expect(violations).toEqual([])
  expect(figures).toMatchObject({ deliveries: 18, deliveredShare: 1 })
})

test.each([1, 2, 3])(
  'a topic with 5 subscribers among 100 peers of 10 links reaches all five: seed %i',
  (seed) => {
    const { violations, figures } = run({
      scenario: 'gossip',
      peers: 100,
      seed,
      numbers: { ...FEW, links: 10, subscribers: 5, sources: 5, messages: 10, warmup: 0 },
    })
    expect(violations).toEqual([])
    expect(figures).toMatchObject({ deliveries: 40, deliveredShare: 1 })
  },
)

describe('trace hash', () => {
  const request = {
    scenario: 'gossip',
    peers: 12,
    seed: 5,
    numbers: { ...FEW, messages: 5, warmup: 1 },
  } as const
  const here = run(request)

  test('the same run has it again, another seed has another', () => {
    expect(run(request).traceHash).toBe(here.traceHash)
    expect(run({ ...request, seed: 6 }).traceHash).not.toBe(here.traceHash)
  })

  test('one bit of one byte of one message changes it', () => {
    const payload = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
    expect(hashOfPublishing(payload)).toBe(hashOfPublishing(payload.slice()))
    expect(hashOfPublishing(payload)).not.toBe(hashOfPublishing(payload.with(5, 7)))
  })

  test('the command line, built and run in another process, has the same', async () => {
    const there = await inAnotherProcess(
      ['gossip', '--peers', '12', '--seed', '5', '--json'],
      request.numbers,
    )
    expect(there).toMatchObject({ scenario: 'gossip', peers: 12, seed: 5, violationCount: 0 })
    expect(there.events).toBe(here.events)
    expect(there.traceHash).toBe(here.traceHash)
  })
})

/** Of a network of three in which one message is published. Both others must have got it. */
function hashOfPublishing(payload: Uint8Array): string {
  const network = new Network({ seed: 8 })
  let messages = 0
  network.observe({
    onEvent: (_, event) => {
      if (event.type === 'message') messages += 1
    },
  })
  for (let i = 0; i < 3; i++) network.addHost().start()
  network.advance(10_000)
  for (const host of network.hosts) host.call({ type: 'subscribe', topic: 'bytes' })
  network.advance(5_000)
  network.hosts[0]!.call({ type: 'publish', topic: 'bytes', payload, deadlineMs: 1_000 })
  network.advance(5_000)
  expect(messages).toBe(2)
  return network.trace.hex()
}

/** Builds the command line as `npm run sim` does, but into a folder of its own. */
async function inAnotherProcess(
  args: readonly string[],
  numbers: Readonly<Record<string, number>>,
): Promise<RunResult> {
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const outDir = mkdtempSync(join(tmpdir(), 'hyphae-simulator-'))
  const options = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)])
  try {
    await build({
      root,
      configFile: false,
      logLevel: 'error',
      resolve: { conditions: ['@hyphae/source'] },
      ssr: { noExternal: true, resolve: { conditions: ['@hyphae/source', 'node'] } },
      build: {
        ssr: 'packages/simulator/src/cli.ts',
        outDir,
        target: 'node20.19',
        rolldownOptions: { output: { entryFileNames: 'cli.mjs' } },
      },
    })
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(outDir, 'cli.mjs'),
      ...args,
      ...options,
    ])
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) as string)
  } finally {
    rmSync(outDir, { recursive: true })
  }
}
