import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { drawPlace, pathMs, withJitter } from '../src/latency.ts'
import { latencySamples, latencyTable } from '../src/latency-table.ts'
import { SeededRandom } from '../src/random.ts'
import { REGION_DELAYS_MS } from '../src/region-delays.ts'

const random = new SeededRandom(11, 'latency')
const places = Array.from({ length: 2_000 }, () => drawPlace(random))

describe('latency', () => {
  test('the table has a delay between any two of 16 regions', () => {
    expect(REGION_DELAYS_MS).toHaveLength(16)
    for (const row of REGION_DELAYS_MS) {
      expect(row).toHaveLength(16)
      for (const delay of row) expect(delay).toBeGreaterThan(0)
    }
  })

  test('last miles are 1 to 15 ms with a mean near 4.5', () => {
    const miles = places.map(({ lastMileMs }) => lastMileMs)
    expect(Math.min(...miles)).toBeGreaterThanOrEqual(1)
    expect(Math.max(...miles)).toBeLessThanOrEqual(15)
    expect(mean(miles)).toBeCloseTo(4.5, 0)
  })

  test('one way takes about 75 ms at the mean, whole milliseconds with jitter', () => {
    const paths = places.map((place, index) => pathMs(place, places[(index * 7 + 1) % places.length]!))
    expect(mean(paths)).toBeGreaterThan(72)
    expect(mean(paths)).toBeLessThan(78)
    for (const path of paths) {
      const delay = withJitter(path, random)
      expect(Number.isInteger(delay)).toBe(true)
      expect(delay).toBeGreaterThanOrEqual(Math.round(path))
      expect(delay).toBeLessThanOrEqual(path + 2.5)
    }
  })

  test('the mean between two peers drawn at random is within 70 and 80 ms', () => {
    const { mean } = latencySamples(50_000).oneWay
    expect(mean).toBeGreaterThanOrEqual(70)
    expect(mean).toBeLessThanOrEqual(80)
  })

  test('docs/latency.md shows what the code does', () => {
    const page = readFileSync(new URL('../../../docs/latency.md', import.meta.url), 'utf8')
    expect(page).toContain(latencyTable())
  })

  test('a region that is not in the table is a mistake', () => {
    expect(() => pathMs({ region: 16, lastMileMs: 1 }, { region: 0, lastMileMs: 1 })).toThrow(RangeError)
  })
})

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
