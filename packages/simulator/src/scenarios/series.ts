// What changes over time, as columns: for plots.

import type { GetAttempt } from '../checkers/record-checker.ts'
import { Samples } from '../samples.ts'
import type { Series } from './scenario.ts'

/**
 * Gets by the second in which they began, counted from `sinceMs`: how many, the share that succeeded, and the 99th
 * percentile of those in milliseconds. Seconds in which none began are left out.
 */
export function getsBySecond(attempts: readonly GetAttempt[], sinceMs: number): Series {
  const bySecond = new Map<number, { gets: number; tookMs: Samples }>()
  for (const { begunAt, tookMs } of attempts) {
    if (begunAt < sinceMs) continue
    const second = Math.floor((begunAt - sinceMs) / 1_000)
    const entry = bySecond.get(second) ?? { gets: 0, tookMs: new Samples() }
    bySecond.set(second, entry)
    entry.gets += 1
    if (tookMs !== null) entry.tookMs.add(tookMs)
  }
  const rows = [...bySecond].sort(([a], [b]) => a - b)
  return {
    second: rows.map(([second]) => second),
    gets: rows.map(([, { gets }]) => gets),
    success: rows.map(([, { gets, tookMs }]) => rounded(tookMs.count / gets)),
    p99Ms: rows.map(([, { tookMs }]) => (tookMs.count === 0 ? null : tookMs.percentile(0.99))),
  }
}

/** Six digits after the point: one of 500,000 deliveries that is missing still shows. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
