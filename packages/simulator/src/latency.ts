// How long a message takes: measured delays between cloud regions, plus a last mile at both ends, plus a little jitter.
// One way, between two peers drawn at random, about 75 ms at the mean.

import type { SeededRandom } from './random.ts'
import { REGION_DELAYS_MS } from './region-delays.ts'

/** Milliseconds of the shortest and longest last mile: fibre, and a busy mobile connection. */
const LAST_MILE_MIN_MS = 1
const LAST_MILE_MAX_MS = 15
/** Milliseconds by which one message may be slower than another on the same path. Guess. */
const JITTER_MS = 2

/** Where a peer is on the network. */
export interface Place {
  /** Row and column of the table of delays. */
  readonly region: number
  readonly lastMileMs: number
}

/** Regions are equally likely. The cube of an even share has mean 1/4, so that the last mile has mean 4.5 ms. */
export function drawPlace(random: SeededRandom): Place {
  const region = random.below(REGION_DELAYS_MS.length)
  const lastMileMs = LAST_MILE_MIN_MS + (LAST_MILE_MAX_MS - LAST_MILE_MIN_MS) * random.share() ** 3
  return { region, lastMileMs }
}

/** Milliseconds of the path without jitter, not rounded. */
export function pathMs(from: Place, to: Place): number {
  const between = REGION_DELAYS_MS[from.region]?.[to.region]
  if (between === undefined)
    throw new RangeError(`region is 0 to ${REGION_DELAYS_MS.length - 1}; got ${from.region}, ${to.region}`)
  return between + from.lastMileMs + to.lastMileMs
}

/** Whole milliseconds that one message takes on a path. */
export function withJitter(pathMs: number, random: SeededRandom): number {
  return Math.round(pathMs + random.share() * JITTER_MS)
}
