// How many peers there are, judged from how close the closest ones are. Ids are spread evenly, so that the i-th closest of N
// others is about i/N of the id space away (after Symphony's estimate; Manku, Bawa & Raghavan, 2003).

import type { PeerId } from '../identity/peer-id.ts'
import { hexDigit } from '../wire/bytes.ts'

/** Digits of a distance that are looked at: 48 bits tell more peers apart than there are people. */
const DIGITS = 12

/**
 * Peers in the network, ourselves among them. `siblings` are the closest to us, closest first. Exact while they are all
 * there are (`isAll`); else wrong by about 1/√n for n siblings. Ids ground beside ours make it too large.
 */
export function networkSize(
  self: PeerId,
  siblings: readonly { readonly id: PeerId }[],
  isAll: boolean,
): number {
  const farthest = siblings.at(-1)
  if (isAll || farthest === undefined) return siblings.length + 1
  // The distance to the n-th closest is gamma distributed, and the mean of its inverse is N / (n - 1).
  const others = (siblings.length - 1) / distanceShare(self, farthest.id)
  return 1 + Math.max(siblings.length, Math.round(others))
}

/** Distance of two ids as a share of the largest there is. */
function distanceShare(a: string, b: string): number {
  let share = 0
  for (let i = DIGITS - 1; i >= 0; i--) share = (share + (hexDigit(a, i) ^ hexDigit(b, i))) / 16
  return share
}
