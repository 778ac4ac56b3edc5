/** Signatures of tests: a hash keyed by the public key, so that anybody could forge one and every test that does must say so. */
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes } from '../../src/wire/bytes.ts'

export function sign(signingKey: Uint8Array, bytes: Uint8Array): Uint8Array {
  const half = sha256(concatBytes(signingKey, bytes))
  return concatBytes(half, half)
}

export function isSigned(signingKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  return equalBytes(sign(signingKey, bytes), signature)
}
