import { availableParallelism } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildCommandLine, type CommandLine, type Printed } from './command-line.ts'

/**
 * Every seed here is run for ever; one that ever found a fault is added with a word about it. 4, 11, 12, 15 and 16: a living
 * peer that was taken for dead was not believed to live for two minutes.
 */
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1)
/** A smaller load than the scenario's own, so that 20 seeds fit into a minute and a half of two cores. */
const LOAD = '--join-every 20 --settle 8 --keys 12 --gets 30 --messages 9'.split(' ')
/** Milliseconds all seeds together may take. */
const LIMIT_MS = 600_000

describe('100 peers with 10 links each, loss, delay and 30 % dead', () => {
  let commandLine: CommandLine
  const printedBySeed = new Map<number, Printed>()

  // One process per core: a run is one thread, and there are twenty of them.
  beforeAll(async () => {
    commandLine = await buildCommandLine()
    const waiting = [...SEEDS]
    const work = async () => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift())
        printedBySeed.set(seed, await commandLine.run('faults', '--seed', String(seed), ...LOAD))
    }
    await Promise.all(Array.from({ length: availableParallelism() }, work))
  }, LIMIT_MS)

  afterAll(() => commandLine.remove())

  test.each(SEEDS)('seed %i: messages arrive once, gets return what was put, all becomes well', (seed) => {
    const printed = printedBySeed.get(seed)
    expect(printed?.violations).toEqual([])
    expect(printed).toMatchObject({ seed, getSuccess: 1, deliveredShare: 1, lostKeys: 0 })
    expect(printed?.['linksMax']).toBeLessThanOrEqual(10)
  })
})
