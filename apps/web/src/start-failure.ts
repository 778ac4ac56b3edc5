// Why a peer did not start, as a sentence for the person, and what helps.

import { HyphaeError } from 'hyphae'
import { reasonText } from './text.ts'

export interface StartFailure {
  readonly message: string
  /** `settings`: with others it can start. `memory`: it can where it keeps nothing. Null: nothing but another try. */
  readonly remedy: 'settings' | 'memory' | null
}

export function startFailureOf(error: unknown): StartFailure {
  // Only a mistake in a call comes as something else than a HyphaeError, and settings are all that calls are made of.
  if (!(error instanceof HyphaeError))
    return { message: `The settings cannot be used: ${reasonText(error)}`, remedy: 'settings' }
  const isOfStorage = error.code === 'STORAGE_FAILED' || error.code === 'STORAGE_FULL'
  return { message: `${error.code}: ${error.message}`, remedy: isOfStorage ? 'memory' : null }
}
