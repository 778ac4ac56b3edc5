import { describe, expect, test } from 'vitest'
import { systemClock, type TimeSources } from '../src/system-clock.ts'

const START = 1_700_000_000_000
const DAY_MS = 86_400_000

/** Time sources that stand still until told otherwise; timers may fire late or early as a test asks. */
class HeldTime implements TimeSources {
  elapsed = 5
  wallLead = 0
  readonly delays: number[] = []
  #pending: (() => void) | null = null

  monotonic = () => this.elapsed
  wall = () => START + this.elapsed + this.wallLead
  setTimer(callback: () => void, delayMs: number): unknown {
    this.delays.push(delayMs)
    this.#pending = callback
    return callback
  }
  clearTimer(timer: unknown): void {
    if (this.#pending === timer) this.#pending = null
  }
  /** Lets the armed timer fire after this time. */
  fireAfter(ms: number): void {
    this.elapsed += ms
    const callback = this.#pending
    this.#pending = null
    callback?.()
  }
}

describe('now', () => {
  test('is a whole number of milliseconds near the wall clock', () => {
    const now = systemClock().now()
    expect(Number.isInteger(now)).toBe(true)
    expect(Math.abs(now - Date.now())).toBeLessThan(1_000)
  })

  test('goes on when the wall clock is set back', () => {
    const time = new HeldTime()
    const clock = systemClock(time)
    const before = clock.now()
    time.wallLead = -DAY_MS
    time.elapsed += 10
    expect(clock.now()).toBe(before + 10)
  })

  test('follows the wall clock over a sleep in which the monotonic clock stood still', () => {
    const time = new HeldTime()
    const clock = systemClock(time)
    const before = clock.now()
    time.wallLead = DAY_MS
    expect(clock.now()).toBe(before + DAY_MS)
    time.elapsed += 10
    expect(clock.now()).toBe(before + DAY_MS + 10)
  })

  test('does not follow small corrections, and never goes backwards', () => {
    const time = new HeldTime()
    const clock = systemClock(time)
    const before = clock.now()
    time.wallLead = 900
    expect(clock.now()).toBe(before)
    time.elapsed -= 3
    expect(clock.now()).toBe(before)
  })
})

describe('wakeAt', () => {
  test('calls back once, at the time', () => {
    const time = new HeldTime()
    const clock = systemClock(time)
    const calls: number[] = []
    clock.wakeAt(clock.now() + 100, () => calls.push(clock.now()))
    time.fireAfter(100)
    time.fireAfter(100)
    expect(calls).toEqual([START + 105])
  })

  test('waits on when its timer fires early', () => {
    const time = new HeldTime()
    const clock = systemClock(time)
    const calls: string[] = []
    clock.wakeAt(clock.now() + 100, () => calls.push('woken'))
    time.fireAfter(99)
    expect(calls).toEqual([])
    time.fireAfter(1)
    expect(calls).toEqual(['woken'])
  })

  test('reaches times that are further away than the longest timer', () => {
    const time = new HeldTime()
    const clock = systemClock(time)
    const calls: string[] = []
    clock.wakeAt(clock.now() + 60 * DAY_MS, () => calls.push('woken'))
    for (let fired = 0; fired < 3; fired++) {
      expect(calls).toEqual([])
      time.fireAfter(time.delays.at(-1)!)
    }
    expect(calls).toEqual(['woken'])
    expect(Math.max(...time.delays)).toBeLessThan(2 ** 31)
  })

  test('a time in the past is due at once, and a cancelled one never', () => {
    const time = new HeldTime()
    const clock = systemClock(time)
    const calls: string[] = []
    const cancel = clock.wakeAt(clock.now() - 5, () => calls.push('woken'))
    expect(time.delays).toEqual([0])
    cancel()
    time.fireAfter(1)
    expect(calls).toEqual([])
  })
})
