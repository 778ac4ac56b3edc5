// Cryptographic randomness for core, from Web Crypto, which browsers and Node both have.

import type { Random } from '@hyphae/core'

/** Numbers fetched at once: one call to getRandomValues costs as much for 1,024 bytes as for 4. */
const BUFFERED_NUMBERS = 256
/** Bytes that one call to getRandomValues gives (Web Cryptography API, QuotaExceededError). */
const BYTES_PER_CALL_MAX = 65_536

/** Unpredictable numbers and bytes. Every call makes an independent source. */
export function secureRandom(): Random {
  const numbers = new Uint32Array(BUFFERED_NUMBERS)
  let used = BUFFERED_NUMBERS
  return {
    u32() {
      if (used === BUFFERED_NUMBERS) {
        crypto.getRandomValues(numbers)
        used = 0
      }
      return numbers[used++] as number
    },
    bytes: secureBytes,
  }
}

function secureBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let from = 0; from < length; from += BYTES_PER_CALL_MAX) {
    crypto.getRandomValues(bytes.subarray(from, from + BYTES_PER_CALL_MAX))
  }
  return bytes
}
