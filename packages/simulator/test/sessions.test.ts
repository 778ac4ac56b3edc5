import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../src/random.ts'
import { Samples } from '../src/samples.ts'
import {
  crowdRamp,
  evenRamp,
  exponentialTimes,
  lognormalTimes,
  type SessionTimes,
  sessionTimes,
  weibullTimes,
} from '../src/sessions.ts'

const MEDIAN_MS = 600_000

function drawn(times: SessionTimes): Samples {
  const random = new SeededRandom(5, 'sessions')
  const samples = new Samples()
  for (let i = 0; i < 50_000; i++) samples.add(times(random))
  return samples
}

describe('sessions', () => {
  // Means and ninetieth percentiles over medians, from the distributions' own formulas.
  test.each([
    ['exponential', exponentialTimes(MEDIAN_MS), 1 / Math.LN2, Math.log2(10)],
    ['Weibull, shape 0.5', weibullTimes(MEDIAN_MS, 0.5), 2 / Math.LN2 ** 2, Math.log2(10) ** 2],
    ['lognormal, sigma 1', lognormalTimes(MEDIAN_MS, 1), Math.exp(0.5), Math.exp(1.281_55)],
  ])('%s: median, mean and tail are as they should be, within 5 %%', (_, times, mean, tail) => {
    const samples = drawn(times)
    expect(samples.percentile(0.5) / MEDIAN_MS).toBeCloseTo(1, 1)
    expect(Math.abs(samples.mean / MEDIAN_MS / mean - 1)).toBeLessThan(0.05)
    expect(Math.abs(samples.percentile(0.9) / MEDIAN_MS / tail - 1)).toBeLessThan(0.05)
    expect(Number.isInteger(samples.max)).toBe(true)
  })

  test('are chosen by number, and mistakes are explained', () => {
    for (const distribution of [0, 1, 2])
      expect(drawn(sessionTimes(distribution, 100)).percentile(0.5)).toBeGreaterThan(90)
    expect(() => sessionTimes(3, 100)).toThrow('distribution is 0, 1 or 2; got 3')
    expect(() => exponentialTimes(0)).toThrow('medianMs is more than 0; got 0')
  })
})

describe('ramps', () => {
  test('even and crowded', () => {
    expect(evenRamp(20)(4)).toEqual([0, 20, 40, 60])
    const crowd = crowdRamp(5_000, new SeededRandom(1))(1_000)
    expect(crowd).toEqual(crowd.toSorted((a, b) => a - b))
    expect(crowd.at(-1)).toBeLessThan(5_000)
    expect(crowd[500]).toBeGreaterThan(2_000)
  })
})
