// What the platform's timers can and cannot do.

/** Milliseconds. The longest delay setTimeout takes: a longer one overflows 32 bits and fires at once. */
export const TIMER_MS_MAX = 2 ** 31 - 1

/** Calls back after so many milliseconds; never where they are not given, or more than a page lives (24 days). Returns the off-switch. */
export function afterMs(delayMs: number | undefined, callback: () => void): () => void {
  if (delayMs === undefined || delayMs > TIMER_MS_MAX) return () => undefined
  const timer = setTimeout(callback, delayMs)
  return () => clearTimeout(timer)
}
