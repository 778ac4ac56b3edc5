// The latency model in figures: what docs/latency.md shows, made from the code that simulations use.

import { drawPlace, pathMs, withJitter } from './latency.ts'
import { SeededRandom } from './random.ts'
import { Samples } from './samples.ts'

/** Pairs of peers drawn: enough that no figure moves by more than half a millisecond between seeds. */
const PAIRS = 200_000
const SEED = 1
const SHARES = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1]

export interface LatencySamples {
  /** Milliseconds one way between two peers drawn at random, jitter included. */
  readonly oneWay: Samples
  /** There and back between the same two. */
  readonly roundTrip: Samples
  /** Milliseconds of one last mile. */
  readonly lastMile: Samples
}

export function latencySamples(pairs = PAIRS): LatencySamples {
  const random = new SeededRandom(SEED, 'latency')
  const oneWay = new Samples()
  const roundTrip = new Samples()
  const lastMile = new Samples()
  for (let i = 0; i < pairs; i++) {
    const from = drawPlace(random)
    const to = drawPlace(random)
    const there = withJitter(pathMs(from, to), random)
    oneWay.add(there)
    roundTrip.add(there + withJitter(pathMs(to, from), random))
    lastMile.add(from.lastMileMs)
  }
  return { oneWay, roundTrip, lastMile }
}

/** A table in Markdown. */
export function latencyTable(): string {
  const { oneWay, roundTrip, lastMile } = latencySamples()
  const row = (name: string, of: (samples: Samples) => string) =>
    `| ${name} | ${of(oneWay)} | ${of(roundTrip)} | ${of(lastMile)} |`
  return [
    '| | one way, ms | round trip, ms | last mile, ms |',
    '|---|--:|--:|--:|',
    row('mean', ({ mean }) => mean.toFixed(1)),
    ...SHARES.map((share) =>
      row(share === 1 ? 'longest drawn' : `p${Math.round(share * 100)}`, (samples) =>
        samples.percentile(share).toFixed(samples === lastMile ? 1 : 0),
      ),
    ),
  ].join('\n')
}
