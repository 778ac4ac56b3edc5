// Names that an application gives: of topics, handlers and records.

import { utf8 } from '@hyphae/core/wire'

/** Throws a TypeError where it is no text, for instance a number: core trips over it, and the peer with it. RangeError over `bytesMax`. */
export function checkName(field: string, name: string, bytesMax = Number.POSITIVE_INFINITY): void {
  if (typeof name !== 'string') throw new TypeError(`${field} must be a string, got ${typeof name}`)
  const bytes = utf8(name).length
  if (bytes > bytesMax) throw new RangeError(`${field} must take at most ${bytesMax} bytes, got ${bytes}`)
}
