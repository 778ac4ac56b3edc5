// How many links of each kind a peer aims for, from the most it may have.

import { BUCKET_LINKS, LEAF_LINKS, RANDOM_LINKS } from '../limits.ts'

export interface LinkTargets {
  /** Links to the contacts closest to us. */
  readonly leaf: number
  /** Links in every bucket that has contacts. The first of them is a need, the others shorten routes. */
  readonly perBucket: number
  /** Links chosen by chance. */
  readonly random: number
  /** Links we bring about altogether, where there are peers enough; others may bring more. */
  readonly total: number
  /** Links up to which we dial for leaves and first links of buckets, even beyond `total`. */
  readonly dialMax: number
  /** Links of our own dialing up to which we dial for anything else: the other half is dialed by others. */
  readonly dialedMax: number
  /** Links above which surplus ones are offered for pruning, so that a newcomer finds a place. */
  readonly comfortMax: number
  /** Milliseconds without a change among our siblings after which links are chosen. */
  readonly settleMs: number
}

/**
 * The defaults (8 leaves, 3 per bucket, 3 random, 40 altogether of at most 50) scaled down. One link per bucket is enough
 * below 32, because a link serves the same bucket at both of its ends; measured with 100 peers of at most 10 links, 3 leaves
 * leave just enough places for one link in each of the 7 buckets, and 4 do not. Few links are chosen late, because each that
 * turns out to be wrong takes a place: at 750 ms the same peers dial 1.7 times per link that stays, at 1,500 ms 1.4 times.
 */
export function linkTargets(linksMax: number): LinkTargets {
  if (!Number.isInteger(linksMax) || linksMax < 1) {
    throw new RangeError(`linksMax must be a whole number of at least 1, not ${linksMax}`)
  }
  const isScarce = linksMax < 32
  const eighth = Math.max(1, Math.floor(linksMax / 8))
  const spare = linksMax < 4 ? 0 : isScarce ? eighth : Math.floor(linksMax / 12)
  return {
    leaf: Math.min(LEAF_LINKS, Math.ceil(linksMax * 0.3)),
    perBucket: isScarce ? 1 : BUCKET_LINKS,
    random: Math.min(RANDOM_LINKS, eighth),
    total: Math.max(1, Math.floor(linksMax * (isScarce ? 0.72 : 0.8))),
    dialMax: linksMax - spare,
    dialedMax: Math.max(1, Math.floor(linksMax * 0.4)),
    comfortMax: linksMax - 2 * spare,
    settleMs: isScarce ? 1_500 : 750,
  }
}
