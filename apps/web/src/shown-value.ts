// A value of the store as people read it. Anybody may have written it, with any program.

import { counted } from './text.ts'

/** Bytes of a binary value that are shown: a guess at what anybody reads. */
const BYTES_SHOWN_MAX = 256

export interface ShownValue {
  /** The text 42 looks like the number 42, and an empty one like none. */
  readonly kind: string
  readonly text: string
}

export function shownValue(value: unknown): ShownValue {
  if (value instanceof Uint8Array) return { kind: counted(value.length, 'byte'), text: hexText(value) }
  if (typeof value === 'string') return { kind: value === '' ? 'empty text' : 'text', text: value }
  return { kind: 'JSON', text: JSON.stringify(value, null, 2) }
}

function hexText(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, BYTES_SHOWN_MAX), (byte) => byte.toString(16).padStart(2, '0'))
  return [...shown, ...(bytes.length > BYTES_SHOWN_MAX ? ['…'] : [])].join(' ')
}
