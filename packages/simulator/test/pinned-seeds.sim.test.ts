import { expect, test } from 'vitest'
import { run } from '../src/index.ts'

/** Every seed here is run for ever; one that ever found a fault is added with a word about it. */
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1)

test.each(SEEDS)('100 peers with 10 links each, loss, delay and 30 %% dead: seed %i', (seed) => {
  const { violations, figures } = run({ scenario: 'faults', seed })
  expect(violations).toEqual([])
  expect(figures).toMatchObject({ getSuccess: 1, deliveredShare: 1, lostKeys: 0 })
  expect(figures['linksMax']).toBeLessThanOrEqual(10)
})
