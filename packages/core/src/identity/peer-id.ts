// Names of peers and keys: 32 bytes, written as 64 lower-case hexadecimal digits. Strings, because every table is keyed
// by them and a string of equal content is equal; hexadecimal, because people read them (measured in bench/).

import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, fromHex, toHex, utf8 } from '../wire/bytes.ts'

/** A peer's name: SHA-256 over its public keys and salt (PROTOCOL.md, ID-1). */
export type PeerId = string & { readonly peerId: unique symbol }

/** A point in the 256-bit key space: of a record, a topic or a peer. */
export type Key = string & { readonly key: unique symbol }

/** Bytes of a peer id or key. */
export const ID_BYTES = 32

const PEER_ID_DOMAIN = utf8('hyphae peer id 1')

/** `SHA-256(domain || signingKey || exchangeKey || salt)`. */
export function derivePeerId(signingKey: Uint8Array, exchangeKey: Uint8Array, salt: Uint8Array): PeerId {
  return toHex(sha256(concatBytes(PEER_ID_DOMAIN, signingKey, exchangeKey, salt))) as PeerId
}

/** Whether `SHA-256(peerId)` begins with this many zero bits (S/Kademlia, Baumgart & Mies 2007, static puzzle). */
export function hasWork(id: PeerId, workBits: number): boolean {
  return workBits === 0 || leadingZeroBits(sha256(fromHex(id))) >= workBits
}

/**
 * Whether a salt gives these keys the work, for many salts: as `hasWork(derivePeerId(…))` says, at about twice its
 * speed, because what does not change is hashed once and no id becomes text.
 */
export function workTester(
  signingKey: Uint8Array,
  exchangeKey: Uint8Array,
  workBits: number,
): (salt: Uint8Array) => boolean {
  const begun = sha256.create().update(concatBytes(PEER_ID_DOMAIN, signingKey, exchangeKey))
  return (salt) => leadingZeroBits(sha256(begun.clone().update(salt).digest())) >= workBits
}

/** The key of content: its SHA-256. */
export function contentKey(bytes: Uint8Array): Key {
  return toHex(sha256(bytes)) as Key
}

/** A peer's own place in the key space. */
export function keyOf(id: PeerId): Key {
  return id as string as Key
}

/** The peer whose id is this key. */
export function peerIdOf(key: Key): PeerId {
  return key as string as PeerId
}

/** Whether it is an id as this library writes it. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
}

function leadingZeroBits(bytes: Uint8Array): number {
  let bits = 0
  for (const byte of bytes) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24
    bits += 8
  }
  return bits
}
