// What every store accepts, so that a caller's mistake shows with each of them.

import type { StoredRecord } from './storage.ts'

/** Bytes of an encoded record header. */
const STORED_HEADER_BYTES_MAX = 512
/** Bytes of an encoded record: a value of 8 KiB, its signature and its writers leave room. */
const STORED_RECORD_BYTES_MAX = 16 * 1024

/** Throws RangeError. */
export function checkStoredRecord({ header, bytes }: StoredRecord): void {
  checkLength('the header of a record', header, STORED_HEADER_BYTES_MAX)
  checkLength('a record', bytes, STORED_RECORD_BYTES_MAX)
}

function checkLength(what: string, bytes: Uint8Array, bytesMax: number): void {
  if (bytes.length > bytesMax)
    throw new RangeError(`${what} has at most ${bytesMax} bytes; got ${bytes.length}`)
}
