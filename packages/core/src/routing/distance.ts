// XOR distance between ids (Kademlia; Maymounkov & Mazières, 2002), on their hexadecimal digits as they are. Every routed
// message asks for it some fifty times, and the first digit that differs decides: 15 of 16 random pairs need one digit.

import type { Random } from '../contract.ts'
import { ID_BYTES, type Key } from '../identity/peer-id.ts'
import { digitOf, hexDigit, toHex } from '../wire/bytes.ts'

/** Bits of an id: buckets are numbered 0 (half of all ids) to 255. */
export const ID_BITS = ID_BYTES * 8

/** Three-way order of `a` and `b` by distance to the target: negative where `a` is closer, 0 where they are equal. */
export function compareDistance(target: string, a: string, b: string): number {
  for (let i = 0; i < target.length; i++) {
    const codeA = a.charCodeAt(i)
    const codeB = b.charCodeAt(i)
    if (codeA === codeB) continue
    const digit = hexDigit(target, i)
    return (digitOf(codeA) ^ digit) - (digitOf(codeB) ^ digit)
  }
  return 0
}

/** Bits that two ids have in common at their beginning, which numbers the bucket of one at the other; ID_BITS for equal ids. */
export function bucketIndexOf(self: string, id: string): number {
  for (let i = 0; i < self.length; i++) {
    const difference = hexDigit(self, i) ^ hexDigit(id, i)
    if (difference !== 0) return i * 4 + Math.clz32(difference) - 28
  }
  return ID_BITS
}

/** The `count` items closest to the target, closest first. */
export function closestOf<T extends { readonly id: string }>(
  target: string,
  items: Iterable<T>,
  count: number,
): T[] {
  const best: T[] = []
  for (const item of items) keepClosest(best, target, item, count)
  return best
}

/** Puts the item where it belongs among the `count` closest to the target, unless as many are closer. */
export function keepClosest<T extends { readonly id: string }>(
  best: T[],
  target: string,
  item: T,
  count: number,
): void {
  let place = best.length
  if (place >= count) {
    if (count <= 0 || compareDistance(target, item.id, (best[place - 1] as T).id) >= 0) return
    place -= 1
  }
  const rank = rankIn(best, target, item.id)
  for (; place > rank; place--) best[place] = best[place - 1] as T
  best[rank] = item
}

/** Where the id belongs in a list sorted by distance to the target: how many of its items are closer. */
export function rankIn<T extends { readonly id: string }>(
  sorted: readonly T[],
  target: string,
  id: string,
): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareDistance(target, (sorted[middle] as T).id, id) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** A copy of the ids, closest to the target first. */
export function sortedByDistance<T extends string>(target: string, ids: readonly T[]): T[] {
  return ids.slice().sort((a, b) => compareDistance(target, a, b))
}

/** Our mirror image in this bucket: our own id with the bit turned that decides. */
export function mirrorOf(self: string, bucket: number): Key {
  const turn = bucket >> 2
  const digit = hexDigit(self, turn) ^ (8 >> (bucket & 3))
  return (self.slice(0, turn) + digit.toString(16) + self.slice(turn + 1)) as Key
}

/** A random point of this bucket: our own first `bucket` bits, then the other bit, then chance. */
export function randomKeyInBucket(self: string, bucket: number, random: Random): Key {
  const digits = toHex(random.bytes(ID_BYTES))
  const turn = bucket >> 2
  const mask = 8 >> (bucket & 3)
  const own = hexDigit(self, turn)
  const digit = ((own ^ mask) & ~(mask - 1)) | (hexDigit(digits, turn) & (mask - 1))
  return (self.slice(0, turn) + digit.toString(16) + digits.slice(turn + 1)) as Key
}
