// How many links of each kind a peer aims for, from the most it may have.

import { BUCKET_LINKS, LEAF_LINKS, RANDOM_LINKS } from '../limits.ts'

export interface LinkTargets {
  /** Links to the contacts closest to us. */
  readonly leaf: number
  /** Links in every bucket that has contacts. */
  readonly perBucket: number
  /** Links chosen by chance. */
  readonly random: number
  /** Links we bring about altogether, where there are peers enough; others may bring more. */
  readonly total: number
  /** Links up to which we dial for buckets and leaves even beyond `total`; the rest is left to others. */
  readonly dialMax: number
  /** Links up to which we dial for more than leaves and one per bucket: the others dial us. */
  readonly dialedMax: number
  /** Links above which surplus ones are offered for pruning, so that a newcomer finds a place. */
  readonly comfortMax: number
}

/**
 * The defaults (8 leaves, 2 per bucket, 6 random, 36 altogether of at most 50) scaled down. Leaves come first in a small
 * budget: the last hop of every route needs them, while a missing far link only makes a route longer. One link per bucket is
 * enough below 32, because a link serves the same bucket at both of its ends.
 */
export function linkTargets(linksMax: number): LinkTargets {
  if (!Number.isInteger(linksMax) || linksMax < 1) {
    throw new RangeError(`linksMax must be a whole number of at least 1, not ${linksMax}`)
  }
  const E = (n: string, d: number): number => Number((globalThis as any).process?.env[n] ?? d)
  const spare = linksMax < 4 ? 0 : Math.max(1, Math.floor(linksMax / 8))
  return {
    leaf: E('LEAF', clamp(Math.round(linksMax * 0.4), 1, LEAF_LINKS)),
    perBucket: linksMax < 32 ? 1 : BUCKET_LINKS,
    random: E('RANDOM', clamp(Math.floor(linksMax / 8), 1, RANDOM_LINKS)),
    total: E('TOTAL', Math.max(1, Math.floor(linksMax * 0.72))),
    dialMax: E('DIALMAX', Math.max(1, linksMax - spare)),
    dialedMax: E('DIALED', Math.max(1, Math.floor(linksMax * 0.4))),
    comfortMax: E('COMFORT', Math.max(1, linksMax - 2*spare)),
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
