// The one error class of operations that failed. What the caller did wrong throws TypeError or RangeError instead; what a
// remote did wrong throws nothing.

import type { FailureCode } from '@hyphae/core'

/** An operation failed. `code` is for programs, `message` for people, `cause` for whoever mends it. */
export class HyphaeError extends Error {
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'HyphaeError'
    this.code = code
  }
}
