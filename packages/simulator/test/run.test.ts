import { expect, test } from 'vitest'
import { COMMON_OPTIONS, run, SCENARIOS } from '../src/index.ts'

test.each([
  ['a scenario that is not there', { scenario: 'party', seed: 1 }, /scenario is one of join, .*got party/],
  [
    'an option that is not there',
    { scenario: 'join', seed: 1, numbers: { cake: 1 } },
    /option is one of .*got cake/,
  ],
  [
    'an option of another scenario',
    { scenario: 'put', seed: 1, numbers: { gets: 1 } },
    /option is one of .*got gets/,
  ],
  [
    'a negative number',
    { scenario: 'join', seed: 1, numbers: { links: -1 } },
    /links is a number from 0; got -1/,
  ],
  ['no peers', { scenario: 'join', seed: 1, peers: 0 }, /peers is a whole number from 1; got 0/],
  [
    'a message that no peer publishes',
    { scenario: 'gossip', seed: 1, numbers: { bytes: 15_361 } },
    /bytes is at most 15360; got 15361/,
  ],
  ['half a seed', { scenario: 'join', seed: 0.5 }, /seed is a whole number; got 0.5/],
])('%s is a mistake that is explained', (_, request, message) => {
  expect(() => run(request)).toThrow(RangeError)
  expect(() => run(request)).toThrow(message)
})

test('names and options of scenarios are distinct, and each makes a claim', () => {
  const names = SCENARIOS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { claim, options } of SCENARIOS) {
    expect(claim).toMatch(/^[A-Z].*\.$/)
    for (const { meaning } of Object.values({ ...COMMON_OPTIONS, ...options })) expect(meaning).not.toBe('')
  }
})
