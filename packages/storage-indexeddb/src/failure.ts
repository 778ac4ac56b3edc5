// Every failure of IndexedDB as the one error class.

import { HyphaeError, messageOf } from '@hyphae/runtime'

/** A HyphaeError as it is; anything else as STORAGE_FULL or STORAGE_FAILED with its cause. */
export function storageFailure(error: unknown): HyphaeError {
  if (error instanceof HyphaeError) return error
  if (isQuotaExceeded(error)) {
    return new HyphaeError('STORAGE_FULL', 'the browser gives this site no more storage', { cause: error })
  }
  return new HyphaeError('STORAGE_FAILED', `the storage of the browser failed: ${messageOf(error)}`, {
    cause: error,
  })
}

/** By name: browsers are replacing the DOMException by a class of its own. */
function isQuotaExceeded(error: unknown): boolean {
  return error instanceof Error && error.name === 'QuotaExceededError'
}
