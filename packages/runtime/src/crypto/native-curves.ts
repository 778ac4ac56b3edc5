// Ed25519 and X25519 by WebCrypto: private keys that no script can read, and several times the speed of JavaScript.

import { toHex } from '@hyphae/core/wire'
import type { StoredPrivateKey } from '../ports/storage.ts'
import type { CurveKeys, ExchangeCurve, SigningCurve } from './curves.ts'
import { RecentMap } from './recent-map.ts'

/** Imported public keys kept. Importing costs about as much as verifying; authors of a busy network number hundreds. */
const IMPORTED_KEYS_MAX = 512
/** Bits of an X25519 shared secret. */
const SECRET_BITS = 256

/** Ed25519 with its own cache of public keys. */
export function nativeSigning(subtle: SubtleCrypto): SigningCurve {
  const importedByHex = new RecentMap<string, Promise<CryptoKey>>(IMPORTED_KEYS_MAX)
  const importPublic = (publicKey: Uint8Array) =>
    importedByHex.getOrMake(toHex(publicKey), () =>
      subtle.importKey('raw', asSource(publicKey), 'Ed25519', false, ['verify']),
    )
  return {
    generate: () => generateKeys(subtle, 'Ed25519', ['sign', 'verify']),
    async sign(privateKey, bytes) {
      return new Uint8Array(await subtle.sign('Ed25519', cryptoKey(privateKey), asSource(bytes)))
    },
    async verify(publicKey, bytes, signature) {
      const key = await importPublic(publicKey)
      return subtle.verify('Ed25519', key, asSource(signature), asSource(bytes))
    },
  }
}

export function nativeExchange(subtle: SubtleCrypto): ExchangeCurve {
  return {
    generate: () => generateKeys(subtle, 'X25519', ['deriveBits']),
    async agree(privateKey, publicKey) {
      try {
        const remote = await subtle.importKey('raw', asSource(publicKey), 'X25519', false, [])
        const algorithm = { name: 'X25519', public: remote }
        return new Uint8Array(await subtle.deriveBits(algorithm, cryptoKey(privateKey), SECRET_BITS))
      } catch (error) {
        if (isRefusedPoint(error)) return null
        throw error
      }
    },
  }
}

/** WebCrypto takes no views on shared memory, and the library never makes one. */
export function asSource(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}

async function generateKeys(
  subtle: SubtleCrypto,
  algorithm: 'Ed25519' | 'X25519',
  usages: KeyUsage[],
): Promise<CurveKeys> {
  const pair = (await subtle.generateKey(algorithm, false, usages)) as CryptoKeyPair
  const publicKey = new Uint8Array(await subtle.exportKey('raw', pair.publicKey))
  return { publicKey, privateKey: pair.privateKey }
}

function cryptoKey(privateKey: StoredPrivateKey): CryptoKey {
  if (!(privateKey instanceof Uint8Array)) return privateKey
  throw new TypeError('private key is a CryptoKey where WebCrypto has the curve; got bytes')
}

/** DataError from a public key of the wrong form, OperationError from an all-zero secret (Secure Curves in Web Crypto). */
function isRefusedPoint(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'DataError' || error.name === 'OperationError')
}
