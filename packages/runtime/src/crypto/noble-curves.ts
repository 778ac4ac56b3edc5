// Ed25519 and X25519 in JavaScript, for browsers whose WebCrypto lacks them (Chromium before 137, Firefox before 130).
// Loaded on demand. Private keys are plain bytes here: a script of the page could read them, which WebCrypto prevents.

import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, equalBytes } from '@noble/curves/utils.js'
import { sha512 } from '@noble/hashes/sha2.js'
import type { StoredPrivateKey } from '../ports/storage.ts'
import type { ExchangeCurve, SigningCurve } from './curves.ts'

/** Bytes of a private key of either curve. */
const PRIVATE_KEY_BYTES = 32

const { Point } = ed25519
/** Bytes of `R`, before those of `s`. */
const R_BYTES = 32

export const nobleSigning: SigningCurve = {
  async generate(random) {
    const privateKey = random.bytes(PRIVATE_KEY_BYTES)
    return { privateKey, publicKey: ed25519.getPublicKey(privateKey) }
  },
  async sign(privateKey, bytes) {
    return ed25519.sign(bytes, rawKey(privateKey))
  },
  /**
   * As WebCrypto does, or peers would blame each other for what only one takes for a signature (PROTOCOL.md, ID-6): noble's own
   * way multiplies by the cofactor, as RFC 8032 allows.
   */
  async verify(publicKey, bytes, signature) {
    const r = signature.subarray(0, R_BYTES)
    const s = bytesToNumberLE(signature.subarray(R_BYTES))
    if (signature.length !== 2 * R_BYTES || s >= Point.Fn.ORDER) return false
    const h = bytesToNumberLE(sha512.create().update(r).update(publicKey).update(bytes).digest())
    const hA = Point.fromBytes(publicKey).multiplyUnsafe(Point.Fn.create(h))
    return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(hA).toBytes(), r)
  },
}

export const nobleExchange: ExchangeCurve = {
  async generate(random) {
    const privateKey = random.bytes(PRIVATE_KEY_BYTES)
    return { privateKey, publicKey: x25519.getPublicKey(privateKey) }
  },
  async agree(privateKey, publicKey) {
    try {
      return x25519.getSharedSecret(rawKey(privateKey), publicKey)
    } catch {
      // The own key was made here, so it is the public key that has small order.
      return null
    }
  },
}

function rawKey(privateKey: StoredPrivateKey): Uint8Array {
  if (privateKey instanceof Uint8Array) return privateKey
  throw new TypeError('private key is 32 bytes where WebCrypto lacks the curve; got a CryptoKey')
}
