import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../src/random.ts'

const numbers = (random: SeededRandom, count = 8) => Array.from({ length: count }, () => random.u32())

describe('seeded random', () => {
  test('the same seed and labels give the same numbers, others give others', () => {
    expect(numbers(new SeededRandom(1, 'a'))).toEqual(numbers(new SeededRandom(1, 'a')))
    expect(numbers(new SeededRandom(1, 'a'))).not.toEqual(numbers(new SeededRandom(2, 'a')))
    expect(numbers(new SeededRandom(1, 'a'))).not.toEqual(numbers(new SeededRandom(1, 'b')))
  })

  test('a seed of ten years ago gives what it gave: pinned seeds stay what they are', () => {
    expect(numbers(new SeededRandom(1, 'pinned'), 3)).toEqual(PINNED)
  })

  test('a fork does not depend on what was drawn before', () => {
    const parent = new SeededRandom(1)
    const early = numbers(parent.fork('child', 3))
    numbers(parent, 100)
    expect(numbers(parent.fork('child', 3))).toEqual(early)
    expect(numbers(parent.fork('child', 4))).not.toEqual(early)
  })

  test('bytes and shares are even: means within five standard errors', () => {
    const random = new SeededRandom(3)
    const bytes = random.bytes(100_000)
    const meanByte = bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length
    expect(Math.abs(meanByte - 127.5)).toBeLessThan((5 * 73.9) / Math.sqrt(bytes.length))
    const shares = Array.from({ length: 100_000 }, () => random.share())
    const meanShare = shares.reduce((sum, share) => sum + share, 0) / shares.length
    expect(Math.abs(meanShare - 0.5)).toBeLessThan((5 * 0.289) / Math.sqrt(shares.length))
    expect(Math.min(...shares.slice(0, 1_000))).toBeGreaterThanOrEqual(0)
    expect(Math.max(...shares.slice(0, 1_000))).toBeLessThan(1)
  })

  test('a length that is no multiple of four is filled to its end', () => {
    const ends = Array.from({ length: 64 }, () => new SeededRandom(9).fork('x').bytes(7)[6])
    expect(new Set(ends).size).toBe(1)
    expect(new SeededRandom(9).bytes(7)).toHaveLength(7)
  })

  test('a sample has no item twice, and picking from nothing is a mistake', () => {
    const random = new SeededRandom(4)
    const sample = random.sample([1, 2, 3, 4, 5], 4)
    expect(new Set(sample).size).toBe(4)
    expect(random.sample([1, 2], 10)).toHaveLength(2)
    expect(() => random.pick([])).toThrow(RangeError)
  })
})

/** What seed 1 with label `pinned` has always begun with. */
const PINNED = [3_143_572_008, 3_883_298_550, 2_325_732_110]
