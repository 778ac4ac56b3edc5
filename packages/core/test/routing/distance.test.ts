import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bucketIndexOf,
  closestOf,
  compareDistance,
  mirrorOf,
  randomKeyInBucket,
  rankIn,
  sortedByDistance,
} from '../../src/routing/distance.ts'
import { SeededRandom } from '../gossip/seeded.ts'

const hexDigits = '0123456789abcdef'
/** Ids that differ late often enough, which random ones do not. */
const id = fc
  .tuple(
    fc.integer({ min: 0, max: 64 }),
    fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 64, maxLength: 64 }),
  )
  .map(
    ([zeros, digits]) =>
      '0'.repeat(zeros) +
      digits
        .slice(zeros)
        .map((digit) => hexDigits[digit])
        .join(''),
  )

/** The definition: both ids as integers. */
function distance(a: string, b: string): bigint {
  return BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
}

describe('[RT-1] distance', () => {
  test('orders as the XOR of two integers does', () => {
    fc.assert(
      fc.property(id, id, id, (target, a, b) => {
        const difference = distance(target, a) - distance(target, b)
        expect(Math.sign(compareDistance(target, a, b))).toBe(difference < 0n ? -1 : difference > 0n ? 1 : 0)
      }),
    )
  })

  test('numbers buckets by the bits that two ids share', () => {
    fc.assert(
      fc.property(id, id, (self, other) => {
        const bits = distance(self, other).toString(2).length
        expect(bucketIndexOf(self, other)).toBe(self === other ? 256 : 256 - bits)
      }),
    )
  })

  test('finds the closest as sorting does', () => {
    fc.assert(
      fc.property(
        id,
        fc.uniqueArray(id, { maxLength: 60 }),
        fc.integer({ min: 0, max: 70 }),
        (target, ids, count) => {
          const sorted = sortedByDistance(target, ids)
          const items = ids.map((id) => ({ id }))
          expect(closestOf(target, items, count).map((item) => item.id)).toEqual(sorted.slice(0, count))
          expect(
            sorted.map((id) =>
              rankIn(
                sorted.map((id) => ({ id })),
                target,
                id,
              ),
            ),
          ).toEqual(sorted.map((_, rank) => rank))
        },
      ),
    )
  })

  test('leaves the list that it sorts as it was', () => {
    const ids = ['f'.repeat(64), '0'.repeat(64)]
    expect(sortedByDistance('0'.repeat(64), ids)).not.toBe(ids)
    expect(ids[0]).toBe('f'.repeat(64))
  })

  test('draws random keys and mirror images from the bucket they are for', () => {
    fc.assert(
      fc.property(id, fc.integer({ min: 0, max: 255 }), fc.integer(), (self, bucket, seed) => {
        expect(bucketIndexOf(self, randomKeyInBucket(self, bucket, new SeededRandom(seed)))).toBe(bucket)
        expect(distance(self, mirrorOf(self, bucket))).toBe(1n << BigInt(255 - bucket))
      }),
    )
  })
})
