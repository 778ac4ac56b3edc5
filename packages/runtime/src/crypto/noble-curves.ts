// Ed25519 and X25519 in JavaScript, for browsers whose WebCrypto lacks them (Chromium before 137, Firefox before 130).
// Loaded on demand. Private keys are plain bytes here: a script of the page could read them, which WebCrypto prevents.

import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import type { StoredPrivateKey } from '../ports/storage.ts'
import type { ExchangeCurve, SigningCurve } from './curves.ts'

/** Bytes of a private key of either curve. */
const PRIVATE_KEY_BYTES = 32

/** Strict as in RFC 8032 (`zip215: false`), so that both ways to verify agree. */
const strict = { zip215: false }

export const nobleSigning: SigningCurve = {
  async generate(random) {
    const privateKey = random.bytes(PRIVATE_KEY_BYTES)
    return { privateKey, publicKey: ed25519.getPublicKey(privateKey) }
  },
  async sign(privateKey, bytes) {
    return ed25519.sign(bytes, rawKey(privateKey))
  },
  async verify(publicKey, bytes, signature) {
    return ed25519.verify(signature, bytes, publicKey, strict)
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
