// Application values as bytes: a tag, then bytes as they are or JSON.

import { PAYLOAD_BYTES_MAX } from '@hyphae/core'
import { fromUtf8, utf8 } from '@hyphae/core/wire'
import { HyphaeError } from '@hyphae/runtime'

const TAG_BYTES = 0
const TAG_JSON = 1
/** Kinds of objects that JSON says as they are. What has a `toJSON` is asked for it first. */
const PLAIN = /^(?:Object|Array|String|Number|Boolean)$/

/** Anything JSON can say, or bytes. What is undefined or a function inside objects is dropped, as JSON does. */
export type Value = unknown

/**
 * The value with its tag. Throws TypeError where JSON cannot say it (functions, cycles, bigint, and what it would make `{}` of, or
 * numbered fields), and HyphaeError TOO_LARGE over `bytesMax`.
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

/** The value; `ok` is false where a remote sent something that is none. A value may be `null` itself. */
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
  const text = JSON.stringify(value, checked)
  if (text === undefined) throw unsayable(typeof value)
  return utf8(text)
}

/** Bytes inside of others, buffers, blobs, maps, sets, promises, errors: JSON takes them without a word, and what they hold is lost. */
function checked(_key: string, value: unknown): unknown {
  const kind = Object.prototype.toString.call(value).slice(8, -1)
  if (typeof value !== 'object' || value === null || PLAIN.test(kind)) return value
  throw unsayable(kind)
}

function unsayable(kind: string): TypeError {
  return new TypeError(`a value must be bytes or something JSON can say, got ${kind}`)
}
