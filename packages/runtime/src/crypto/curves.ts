// The two curves of an identity behind one interface, so that a browser without them in WebCrypto differs in speed only.

import type { Random } from '@hyphae/core'
import type { StoredPrivateKey } from '../ports/storage.ts'

export interface CurveKeys {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  readonly privateKey: StoredPrivateKey
}

/** Ed25519 (RFC 8032). */
export interface SigningCurve {
  generate(random: Random): Promise<CurveKeys>
  /** 64 bytes. */
  sign(privateKey: StoredPrivateKey, bytes: Uint8Array): Promise<Uint8Array>
  /** May reject where the key or the signature is malformed. */
  verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): Promise<boolean>
}

/** X25519 (RFC 7748). */
export interface ExchangeCurve {
  generate(random: Random): Promise<CurveKeys>
  /** The 32-byte shared secret, or `null` where the public key has small order: the secret would be all zeros. */
  agree(privateKey: StoredPrivateKey, publicKey: Uint8Array): Promise<Uint8Array | null>
}

/** The curve that made the key. */
export function signingCurveOf(privateKey: StoredPrivateKey, native: SigningCurve): SigningCurve {
  return privateKey instanceof Uint8Array ? fallbackSigning : native
}

/** The curve that made the key. */
export function exchangeCurveOf(privateKey: StoredPrivateKey, native: ExchangeCurve): ExchangeCurve {
  return privateKey instanceof Uint8Array ? fallbackExchange : native
}

/** A chunk of its own (10 kB gzip): few browsers still need it. */
const loadFallback = () => import('./noble-curves.ts')

export const fallbackSigning: SigningCurve = {
  generate: async (random) => (await loadFallback()).nobleSigning.generate(random),
  sign: async (privateKey, bytes) => (await loadFallback()).nobleSigning.sign(privateKey, bytes),
  verify: async (publicKey, bytes, signature) =>
    (await loadFallback()).nobleSigning.verify(publicKey, bytes, signature),
}

export const fallbackExchange: ExchangeCurve = {
  generate: async (random) => (await loadFallback()).nobleExchange.generate(random),
  agree: async (privateKey, publicKey) => (await loadFallback()).nobleExchange.agree(privateKey, publicKey),
}
