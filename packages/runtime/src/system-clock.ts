// Real time. The wall clock can be set back, and the monotonic clock of several systems stands still while the machine
// sleeps; record expiry and boot ids need neither. So: monotonic, and brought forward when the wall clock has run ahead.

import type { Clock } from './ports/clock.ts'
import { TIMER_MS_MAX } from './timer.ts'

/** Milliseconds the wall clock may lead before we follow it: more than its slewing, less than any sleep. */
const WALL_LEAD_MS_MAX = 1_000

/** What a clock is made of; the browser's and Node's own unless a test holds them. */
export interface TimeSources {
  /** Milliseconds from an arbitrary start, never decreasing. */
  monotonic(): number
  /** Milliseconds since the Unix epoch, as the user set it. */
  wall(): number
  setTimer(callback: () => void, delayMs: number): unknown
  clearTimer(timer: unknown): void
}

const platform: TimeSources = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => clearTimeout(timer as number),
}

export function systemClock(sources: TimeSources = platform): Clock {
  const now = steadyNow(sources)
  return { now, wakeAt: (at, callback) => wakeAt(sources, now, at, callback) }
}

function steadyNow(sources: TimeSources): () => number {
  let offset = sources.wall() - sources.monotonic()
  let latest = 0
  return () => {
    const monotonic = sources.monotonic()
    const lead = sources.wall() - monotonic - offset
    if (lead > WALL_LEAD_MS_MAX) offset += lead
    latest = Math.max(latest, Math.floor(monotonic + offset))
    return latest
  }
}

function wakeAt(sources: TimeSources, now: () => number, at: number, callback: () => void): () => void {
  let timer: unknown
  const arm = () => {
    timer = sources.setTimer(wake, Math.min(Math.max(at - now(), 0), TIMER_MS_MAX))
  }
  // Timers fire up to a millisecond early (Firefox rounds its clocks), and long ones come in stages.
  const wake = () => (now() < at ? arm() : callback())
  arm()
  return () => sources.clearTimer(timer)
}
