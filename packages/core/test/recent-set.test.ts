import { expect, test } from 'vitest'
import { RecentSet } from '../src/recent-set.ts'

test('a recent set knows the last of its capacity, and never more than twice as many', () => {
  const seen = new RecentSet<number>(10)
  for (let i = 0; i < 1_000; i++) {
    seen.add(i)
    for (let last = Math.max(0, i - 9); last <= i; last++) expect(seen.has(last)).toBe(true)
    expect(seen.size).toBeLessThanOrEqual(20)
  }
  for (const left of [10, 0]) {
    seen.turn()
    expect(seen.size).toBe(left)
  }
})
