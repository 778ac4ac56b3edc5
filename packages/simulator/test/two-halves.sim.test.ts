import { expect, test } from 'vitest'
import { run } from '../src/index.ts'

/** Two halves that took 224 s, and larger ones for ever, when nobody looked for a second network. */
const HALVES = { links: 24, 'join-every': 20, settle: 5, keys: 10, gets: 20, messages: 5 }

test('[RT-17] [RT-33] [RT-34] [RT-35] two halves that were cut off know all their neighbours soon', () => {
  const { violations, figures } = run({ scenario: 'partition', peers: 150, seed: 3, numbers: HALVES })
  expect(violations).toEqual([])
  expect(figures).toMatchObject({ getSuccess: 1, deliveredShare: 1, lostKeys: 0 })
  expect(figures['convergedMs']).toBeLessThanOrEqual(150_000)
})
