import { expect, test } from 'vitest'
import { SeenRanks } from '../../src/dht/seen-ranks.ts'
import type { Key } from '../../src/identity/peer-id.ts'

test('[RC-7] of 4,096 keys the highest version is remembered, and the longest untouched goes first', () => {
  const ranks = new SeenRanks()
  for (let i = 0; i < 4_096; i++) ranks.see(`${i}` as Key, i + 1)
  ranks.see('0' as Key, 0)
  ranks.see('more' as Key, 7)
  expect(['0', '1', '2', 'more'].map((key) => ranks.of(key as Key))).toEqual([1, 0, 3, 7])
  expect(ranks.size).toBe(4_096)
})
