import { describe, expect, test } from 'vitest'
import { run } from '../src/index.ts'

/** A smaller load than the scenario's own, so that 20 seeds fit into half a minute of two cores. */
const LOAD = { 'join-every': 20, settle: 8, keys: 12, gets: 30, messages: 9 }

/** Every pinned seed is run for ever; one that ever found a fault is added with a word about it. */
export function describePinnedSeeds(seeds: readonly number[]): void {
  describe('60 peers with 10 links each, loss, delay and 30 % dead', () => {
    test.each(seeds)('seed %i: messages arrive once, gets return what was put, all becomes well', (seed) => {
      const { violations, figures } = run({ scenario: 'faults', peers: 60, seed, numbers: LOAD })
      expect(violations).toEqual([])
      expect(figures).toMatchObject({ getSuccess: 1, deliveredShare: 1, lostKeys: 0 })
      expect(figures['linksMax']).toBeLessThanOrEqual(10)
    })
  })
}
