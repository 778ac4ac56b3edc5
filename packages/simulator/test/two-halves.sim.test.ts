import { expect, test } from 'vitest'
import { run } from '../src/index.ts'

/** Two halves that take 231 s, and larger ones for ever, where nobody looks for a second network. */
const HALVES = { links: 24, 'join-every': 20, settle: 5, keys: 10, gets: 20, messages: 5 }

test('[RT-34] two halves that were cut off know all their neighbours soon', () => {
  const { violations, figures } = run({ scenario: 'partition', peers: 120, seed: 3, numbers: HALVES })
  expect(violations).toEqual([])
  expect(figures).toMatchObject({ getSuccess: 1, deliveredShare: 1, lostKeys: 0 })
  expect(figures['convergedMs']).toBeLessThanOrEqual(150_000)
})
