// What every introducer carries, so that a caller's mistake shows with each of them.

import { SIGNAL_BYTES_MAX } from '@hyphae/core/signaling'

/** Throws RangeError where a signal is empty or longer than any introducer carries. */
export function checkSignal(bytes: Uint8Array): void {
  if (!isSignal(bytes))
    throw new RangeError(`a signal has 1 to ${SIGNAL_BYTES_MAX} bytes; got ${bytes.length}`)
}

export function isSignal(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.length <= SIGNAL_BYTES_MAX
}
