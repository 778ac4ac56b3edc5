// The keys of one identity at work: signatures, and boxes that only one other peer can open (PROTOCOL.md, sealing).

import type { Contact, PeerId } from '@hyphae/core'
import { concatBytes, fromHex, utf8 } from '@hyphae/core/wire'
import { type ExchangeCurve, exchangeCurveOf, type SigningCurve, signingCurveOf } from './crypto/curves.ts'
import { asSource, nativeExchange, nativeSigning } from './crypto/native-curves.ts'
import { RecentMap } from './crypto/recent-map.ts'
import { HyphaeError } from './error.ts'
import type { PeerCrypto } from './ports/crypto.ts'
import type { StoredIdentity } from './ports/storage.ts'

/** Bytes that sealing adds: nonce and tag. */
export const SEAL_OVERHEAD_BYTES = 28

/** Bytes of an AES-GCM nonce. Random ones are safe for 2^32 boxes under one key (NIST SP 800-38D, 8.3). */
const NONCE_BYTES = 12
/** Derived keys kept, one per peer and direction: every signal of a dial uses the same. */
const SEAL_KEYS_MAX = 256

/** A peer's cryptography by WebCrypto. Throws HyphaeError UNSUPPORTED outside secure contexts, where there is none. */
export function createWebCryptoPeer(identity: StoredIdentity, subtle = requireSubtle()): PeerCrypto {
  return new WebCryptoPeer(identity, subtle)
}

/** WebCrypto, or a HyphaeError that says why it is missing. */
export function requireSubtle(): SubtleCrypto {
  const subtle = globalThis.crypto?.subtle
  if (subtle) return subtle
  throw new HyphaeError('UNSUPPORTED', 'WebCrypto is missing: open the page over https, or on localhost')
}

class WebCryptoPeer implements PeerCrypto {
  readonly contact: Contact
  readonly #identity: StoredIdentity
  readonly #subtle: SubtleCrypto
  readonly #signing: SigningCurve
  readonly #exchange: ExchangeCurve
  readonly #sealKeyByPath = new RecentMap<string, Promise<CryptoKey | null>>(SEAL_KEYS_MAX)

  constructor(identity: StoredIdentity, subtle: SubtleCrypto) {
    this.contact = identity.contact
    this.#identity = identity
    this.#subtle = subtle
    this.#signing = signingCurveOf(identity.signingPrivateKey, nativeSigning(subtle))
    this.#exchange = exchangeCurveOf(identity.exchangePrivateKey, nativeExchange(subtle))
  }

  sign(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#signing.sign(this.#identity.signingPrivateKey, bytes)
  }

  async verify(key: Uint8Array, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
    try {
      return await this.#signing.verify(key, bytes, signature)
    } catch {
      // Browsers differ in what they reject and what they call false (a key that is no point, a length); to us it is one.
      return false
    }
  }

  async seal(bytes: Uint8Array, peer: Contact): Promise<Uint8Array> {
    const key = await this.#sealKey(this.contact.id, peer.id, peer)
    if (!key) throw new HyphaeError('PEER_UNREACHABLE', 'the exchange key of the peer is no usable point')
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
    const box = await this.#subtle.encrypt({ name: 'AES-GCM', iv }, key, asSource(bytes))
    return concatBytes(iv, new Uint8Array(box))
  }

  async open(bytes: Uint8Array, peer: Contact): Promise<Uint8Array | null> {
    if (bytes.length < SEAL_OVERHEAD_BYTES) return null
    const key = await this.#sealKey(peer.id, this.contact.id, peer)
    if (!key) return null
    try {
      const source = asSource(bytes)
      const algorithm = { name: 'AES-GCM', iv: source.subarray(0, NONCE_BYTES) }
      return new Uint8Array(await this.#subtle.decrypt(algorithm, key, source.subarray(NONCE_BYTES)))
    } catch (error) {
      if (error instanceof DOMException && error.name === 'OperationError') return null
      throw error
    }
  }

  #sealKey(sender: PeerId, receiver: PeerId, peer: Contact): Promise<CryptoKey | null> {
    const path = `${sender}>${receiver}`
    return this.#sealKeyByPath.getOrMake(path, () => this.#deriveSealKey(sender, receiver, peer))
  }

  async #deriveSealKey(sender: PeerId, receiver: PeerId, peer: Contact): Promise<CryptoKey | null> {
    const secret = await this.#exchange.agree(this.#identity.exchangePrivateKey, peer.exchangeKey)
    if (!secret) return null
    const base = await this.#subtle.importKey('raw', asSource(secret), 'HKDF', false, ['deriveKey'])
    return this.#subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: SEAL_DOMAIN, info: pathInfo(sender, receiver) },
      base,
      { name: 'AES-GCM', length: 256 },
      false,
      ['encrypt', 'decrypt'],
    )
  }
}

const SEAL_DOMAIN = asSource(utf8('hyphae seal 1'))

/** Both ids, the sender's first: a box cannot be reflected to its sender. */
function pathInfo(sender: PeerId, receiver: PeerId): Uint8Array<ArrayBuffer> {
  return asSource(concatBytes(fromHex(sender), fromHex(receiver)))
}
