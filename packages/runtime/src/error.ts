// Errors that several parts make, and the text of those that others throw.

import { HyphaeError } from './hyphae-error.ts'

export { HyphaeError }

/** What an aborted call or start ends with. */
export function aborted(signal: AbortSignal | undefined): HyphaeError {
  return new HyphaeError('ABORTED', 'aborted by its signal', { cause: signal?.reason })
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal)
}

/** Rejects with `error` once all is tidied up, or that has failed too: the first failure says what is to be mended. */
export function failedBy(error: unknown, tidying: Promise<unknown>): Promise<never> {
  const fail = () => {
    throw error
  }
  return tidying.then(fail, fail)
}

/** The text of anything that was thrown; a string whatever it was. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'an error without a text'
  }
}
