// Application values as bytes: a tag, then bytes as they are or JSON.

import { PAYLOAD_BYTES_MAX } from '@hyphae/core'
import { fromUtf8, utf8 } from '@hyphae/core/wire'
import { HyphaeError } from '@hyphae/runtime'

const TAG_BYTES = 0
const TAG_JSON = 1

/** Anything JSON can say, or bytes. `undefined` inside objects is dropped, as JSON does. */
export type Value = unknown

/**
 * The value with its tag. Throws TypeError where JSON cannot say it (functions, cycles, bigint), and HyphaeError
 * TOO_LARGE over `bytesMax`.
 */
export function encodeValue(value: Value, bytesMax: number = PAYLOAD_BYTES_MAX): Uint8Array {
  const body = value instanceof Uint8Array ? value : jsonBytes(value)
  if (body.length + 1 > bytesMax) {
    throw new HyphaeError(
      'TOO_LARGE',
      `the value takes ${body.length + 1} bytes, ${bytesMax} are allowed; larger things are files`,
    )
  }
  const bytes = new Uint8Array(body.length + 1)
  bytes[0] = value instanceof Uint8Array ? TAG_BYTES : TAG_JSON
  bytes.set(body, 1)
  return bytes
}

/** The value, or `null` in `value` with `ok` false where a remote sent something else. */
export function decodeValue(
  bytes: Uint8Array,
): { readonly ok: true; readonly value: Value } | { readonly ok: false } {
  if (bytes[0] === TAG_BYTES) return { ok: true, value: bytes.slice(1) }
  const text = bytes[0] === TAG_JSON ? fromUtf8(bytes.subarray(1)) : null
  if (text === null) return { ok: false }
  try {
    return { ok: true, value: JSON.parse(text) as Value }
  } catch {
    // Somebody else's bytes: not JSON is an answer, not an error.
    return { ok: false }
  }
}

function jsonBytes(value: Value): Uint8Array {
  const text = JSON.stringify(value)
  if (text === undefined)
    throw new TypeError(`a value must be bytes or something JSON can say, got ${typeof value}`)
  return utf8(text)
}
