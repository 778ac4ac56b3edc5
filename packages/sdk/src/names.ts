// Names that an application gives: of topics, handlers and records, and ids of peers and keys.

import { isId } from '@hyphae/core'
import { utf8 } from '@hyphae/core/wire'

/** Throws a TypeError where it is no text, for instance a number: core trips over it, and the peer with it. RangeError over `bytesMax`. */
export function checkName(field: string, name: string, bytesMax = Number.POSITIVE_INFINITY): void {
  if (typeof name !== 'string') throw new TypeError(`${field} must be a string, got ${typeof name}`)
  const bytes = utf8(name).length
  if (bytes > bytesMax) throw new RangeError(`${field} must take at most ${bytesMax} bytes, got ${bytes}`)
}

/** The text as an id. Throws a TypeError where it is none: of a peer, of a record, or a public key. */
export function idOf<Id extends string>(field: string, text: string): Id {
  if (isId(text)) return text as Id
  throw new TypeError(`${field} must be 64 hexadecimal digits, got ${JSON.stringify(text)}`)
}
