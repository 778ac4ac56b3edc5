// What every call that waits for others takes: how long, and whether anybody still wants it.

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds; `Infinity` waits as long as the peer lives. */
  readonly timeoutMs?: number | undefined
}

/** The options with a time: `timeoutMs` where they name none. Throws a RangeError where theirs is none. */
export function timed(
  options: CallOptions,
  timeoutMs: number,
): { readonly timeoutMs: number; readonly signal?: AbortSignal } {
  const asked = options.timeoutMs ?? timeoutMs
  if (typeof asked !== 'number' || !(asked >= 0))
    throw new RangeError(`timeoutMs must be a number of 0 or more, got ${asked}`)
  return { timeoutMs: asked, ...(options.signal ? { signal: options.signal } : {}) }
}
