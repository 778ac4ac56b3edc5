import { expect, test } from 'vitest'
import type { PeerId } from '../../src/identity/peer-id.ts'
import { SIBLINGS_MAX } from '../../src/limits.ts'
import { closestOf } from '../../src/routing/distance.ts'
import { networkSize } from '../../src/routing/network-size.ts'
import { toHex } from '../../src/wire/bytes.ts'
import { SeededRandom } from '../gossip/seeded.ts'

/** Estimates of some peers of a network of this size, divided by the size. Neighbours judge by the same siblings. */
function ratios(peers: number, seed: number): number[] {
  const random = new SeededRandom(seed)
  const all = Array.from({ length: peers }, () => toHex(random.bytes(32)) as PeerId)
  return all.slice(0, 5).map((self) => {
    const others = all.filter((id) => id !== self)
    const siblings = closestOf(
      self,
      others.map((id) => ({ id })),
      SIBLINGS_MAX,
    )
    return networkSize(self, siblings, siblings.length < SIBLINGS_MAX) / peers
  })
}

test.each([1, 2, 10, SIBLINGS_MAX])('%i peers are counted', (peers) => {
  expect(ratios(peers, 1).every((ratio) => ratio === 1)).toBe(true)
})

test.each([100, 1_000, 5_000])('%i peers are estimated, mostly to within a third', (peers) => {
  const all = Array.from({ length: 20 }, (_, seed) => ratios(peers, seed)).flat()
  const within = all.filter((ratio) => ratio > 2 / 3 && ratio < 4 / 3)
  expect(within.length / all.length).toBeGreaterThan(0.9)
  expect(Math.abs(all.reduce((sum, ratio) => sum + ratio, 0) / all.length - 1)).toBeLessThan(0.1)
})

test('never fewer than are known, however far away they are', () => {
  const far = Array.from({ length: SIBLINGS_MAX }, (_, i) => ({
    id: `f${i.toString(16).padStart(63, 'f')}` as PeerId,
  }))
  expect(networkSize('0'.repeat(64) as PeerId, far, false)).toBe(SIBLINGS_MAX + 1)
})
