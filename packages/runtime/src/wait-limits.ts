// How a wait ends that came to no result.

import { aborted, HyphaeError } from './error.ts'
import { afterMs } from './timer.ts'

export interface WaitLimits {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

/** Calls `giveUp` with ABORTED or TIMEOUT once the signal says so or the time is up; returns the off-switch. */
export function limitWait(
  { signal, timeoutMs }: WaitLimits,
  giveUp: (error: HyphaeError) => void,
): () => void {
  const abort = () => giveUp(aborted(signal))
  const stopTimer = afterMs(timeoutMs, () =>
    giveUp(new HyphaeError('TIMEOUT', `no result within ${timeoutMs} ms`)),
  )
  signal?.addEventListener('abort', abort)
  return () => {
    stopTimer()
    signal?.removeEventListener('abort', abort)
  }
}
