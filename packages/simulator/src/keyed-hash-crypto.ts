// What stands in for Ed25519, X25519 and AES: keyed hashes. A signature verifies for the right key and bytes and for no
// others; a box opens for the right pair and is as long as a real one. Nothing is secret: a public key is its own private
// one, and only the driver of its peer uses it.

import { type Contact, KEY_BYTES, makeContact, SALT_BYTES } from '@hyphae/core'
import { concatBytes, equalBytes } from '@hyphae/core/wire'
import { Digest } from './digest.ts'
import type { SeededRandom } from './random.ts'

/** Bytes of an Ed25519 signature. */
const SIGNATURE_BYTES = 64
/** Bytes of AES-GCM's nonce and tag. */
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Tells the uses of the hash apart. */
const USES = { signature: 1, box: 2 } as const

/** Made-up keys. No work is done: simulated networks ask for none. */
export function drawContact(random: SeededRandom): Contact {
  return makeContact(random.bytes(KEY_BYTES), random.bytes(KEY_BYTES), random.bytes(SALT_BYTES))
}

export function sign(signingKey: Uint8Array, bytes: Uint8Array): Uint8Array {
  return tag(USES.signature, [signingKey, bytes], SIGNATURE_BYTES)
}

export function verify(signingKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  return equalBytes(sign(signingKey, bytes), signature)
}

/** 28 bytes longer than `bytes`. */
export function seal(own: Contact, peer: Contact, nonce: number, bytes: Uint8Array): Uint8Array {
  const head = new Uint8Array(NONCE_BYTES)
  new DataView(head.buffer).setUint32(0, nonce)
  return concatBytes(head, bytes, boxTag(own, peer, head, bytes))
}

/** `null` where the box was not sealed between these two. */
export function open(own: Contact, peer: Contact, box: Uint8Array): Uint8Array | null {
  const end = box.length - TAG_BYTES
  if (end < NONCE_BYTES) return null
  const head = box.subarray(0, NONCE_BYTES)
  const bytes = box.slice(NONCE_BYTES, end)
  return equalBytes(boxTag(own, peer, head, bytes), box.subarray(end)) ? bytes : null
}

/** The same for both ends, as a Diffie-Hellman secret is. */
function boxTag(own: Contact, peer: Contact, head: Uint8Array, bytes: Uint8Array): Uint8Array {
  const [first, second] = own.id < peer.id ? [own, peer] : [peer, own]
  return tag(USES.box, [first.exchangeKey, second.exchangeKey, head, bytes], TAG_BYTES)
}

function tag(use: number, parts: readonly Uint8Array[], length: number): Uint8Array {
  const digest = new Digest(use)
  for (const part of parts) digest.bytes(part)
  const words = new Uint32Array(length / 4)
  for (let i = 0; i < words.length; i += 2) {
    digest.word(i)
    words.set(digest.words(), i)
  }
  return new Uint8Array(words.buffer)
}
