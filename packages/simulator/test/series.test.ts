import { expect, test } from 'vitest'
import { run } from '../src/index.ts'
import { getsBySecond } from '../src/scenarios/series.ts'

test('gets are told by the second in which they began, failed ones too, earlier ones not', () => {
  const attempts = [
    { begunAt: 999, tookMs: 1 },
    { begunAt: 3_999, tookMs: null },
    { begunAt: 1_000, tookMs: 40 },
    { begunAt: 1_999, tookMs: 9_000 },
    { begunAt: 1_500, tookMs: null },
  ]
  expect(getsBySecond(attempts, 1_000)).toEqual({
    second: [0, 2],
    gets: [3, 1],
    success: [0.666667, 0],
    p99Ms: [9_000, null],
  })
})

test('a run tells distributions and series apart from its figures', () => {
  const numbers = { 'join-every': 10, settle: 5, keys: 4, gets: 16, messages: 2 }
  const { figures, distributions, series } = run({ scenario: 'mass-failure', peers: 10, seed: 1, numbers })
  expect(Object.values(figures).every((value) => typeof value === 'number')).toBe(true)
  expect(Object.keys(distributions)).toEqual(['getMs', 'deliveryMs', 'atOnceGetMs', 'atOnceDeliveryMs'])
  expect(distributions['atOnceGetMs']?.[99]).toBe(figures['atOnceGetP99Ms'])
  const { second, gets, success } = series['getsAfterFailure'] ?? {}
  expect(second).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 10])
  expect(gets?.reduce((sum, count) => (sum ?? 0) + (count ?? 0), 0)).toBe(32)
  expect(success?.every((share) => share === 1)).toBe(true)
  expect(series['atOnceDelivered']?.['share']?.at(-1)).toBe(figures['within10sDeliveredShare'])
})

test('what was not measured has no distribution', () => {
  const { figures, distributions } = run({ scenario: 'join', peers: 1, seed: 1, numbers: { settle: 1 } })
  expect(figures['joinP99Ms']).toBe(Number.NaN)
  expect(distributions).toEqual({})
})

test('what is said of the instant of the deaths is of its messages alone, whatever was published before', () => {
  const few = { keys: 4, gets: 16, lookups: 1, messages: 2, sources: 2, rest: 1 }
  const numbers = { 'join-every': 10, settle: 5, ...few }
  const { figures, series } = run({ scenario: 'whole', peers: 10, seed: 1, numbers })
  expect(figures['failureAtOnceDeliveries']).toBe(2 * 4)
  const shares = series['failureAtOnceDelivered']?.['share']
  expect(shares?.[0]).toBe(0)
  expect(shares?.at(-1)).toBe(1)
})
