// The keys of one identity at work. Everything here is a job to core: it answers later, in any order. Arguments must stay
// as they are until the answer: they are not copied.

import type { Contact } from '@hyphae/core'

export interface PeerCrypto {
  readonly contact: Contact
  /** Ed25519 (RFC 8032), 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>
  /** Never rejects: a malformed key or signature is `false`. */
  verify(key: Uint8Array, bytes: Uint8Array, signature: Uint8Array): Promise<boolean>
  /**
   * A 12-byte nonce and AES-256-GCM under HKDF-SHA-256 of X25519 with the peer's exchange key: 28 bytes longer than
   * `bytes`. Rejects with PEER_UNREACHABLE where that key is no usable point, which only a hostile peer's is.
   */
  seal(bytes: Uint8Array, peer: Contact): Promise<Uint8Array>
  /** `null` where the box was not sealed by that peer for us. */
  open(bytes: Uint8Array, peer: Contact): Promise<Uint8Array | null>
}
