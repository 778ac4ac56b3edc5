import { describe, expect, it } from 'vitest'
import { TokenBucket, TokenBuckets } from '../src/token-buckets.ts'

const NOW = 1_700_000_000_000

function taken(take: () => boolean, tries: number): number {
  let count = 0
  for (let i = 0; i < tries; i++) if (take()) count += 1
  return count
}

describe('a token bucket', () => {
  it('gives its burst at once and its rate in the long run', () => {
    const bucket = new TokenBucket(10, 5, NOW)
    expect(taken(() => bucket.take(1, NOW), 100)).toBe(10)
    let count = 0
    for (let ms = 1; ms <= 60_000; ms++) if (bucket.take(1, NOW + ms)) count += 1
    expect(count).toBe(300)
  })

  it('is never fuller than its burst', () => {
    const bucket = new TokenBucket(10, 5, NOW)
    expect(taken(() => bucket.take(1, NOW + 3_600_000), 100)).toBe(10)
  })

  it('takes all of a cost or nothing', () => {
    const bucket = new TokenBucket(10, 0, NOW)
    expect([bucket.take(11, NOW), bucket.take(7, NOW), bucket.take(4, NOW), bucket.take(3, NOW)]).toEqual([
      false,
      true,
      false,
      true,
    ])
  })
})

describe('buckets by key', () => {
  it('are apart from one another', () => {
    const buckets = new TokenBuckets(2, 1, 10)
    expect(taken(() => buckets.take('a', 1, NOW), 5)).toBe(2)
    expect(taken(() => buckets.take('b', 1, NOW), 5)).toBe(2)
  })

  it('are bounded: the one longest unused is forgotten', () => {
    const buckets = new TokenBuckets(1, 0, 3)
    for (const key of ['a', 'b', 'c', 'a', 'd']) buckets.take(key, 1, NOW)
    expect(buckets.size).toBe(3)
    expect(buckets.take('a', 1, NOW)).toBe(false)
    expect(buckets.take('b', 1, NOW)).toBe(true)
    for (let i = 0; i < 1_000; i++) buckets.take(`key ${i}`, 1, NOW)
    expect(buckets.size).toBe(3)
  })
})
