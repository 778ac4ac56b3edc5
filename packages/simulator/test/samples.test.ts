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
})
