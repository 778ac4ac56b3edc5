import { expect, test } from 'vitest'
import { Samples } from '../src/samples.ts'

test('percentiles by nearest rank, whatever the order of adding', () => {
  const samples = new Samples()
  for (const value of [5, 1, 4, 2, 3]) samples.add(value)
  expect([0, 0.5, 0.8, 0.81, 1].map((share) => samples.percentile(share))).toEqual([1, 3, 4, 5, 5])
  expect(samples.mean).toBe(3)
  samples.add(0)
  expect(samples.percentile(0.01)).toBe(0)
  expect(samples.max).toBe(5)
})

test('of nothing, nothing is said', () => {
  const samples = new Samples()
  samples.add(1)
  samples.clear()
  expect([samples.percentile(0.5), samples.mean]).toEqual([Number.NaN, Number.NaN])
  expect([samples.percentiles(), samples.countUpTo(1)]).toEqual([[], 0])
})

test('a distribution is percentiles 0 to 100, rounded to a tenth', () => {
  const samples = new Samples()
  for (let value = 200; value >= 1; value--) samples.add(value + 0.04)
  const percentiles = samples.percentiles()
  expect(percentiles).toHaveLength(101)
  expect([0, 1, 50, 99, 100].map((percent) => percentiles[percent])).toEqual([1, 2, 100, 198, 200])
  expect([0, 1.04, 50.1, 999].map((limit) => samples.countUpTo(limit))).toEqual([0, 1, 50, 200])
})
