// A contact proves itself: the id follows from the keys and the salt, and the salt is the work (PROTOCOL.md, ID-1 and ID-2).

import { toHex } from '../wire/bytes.ts'
import { derivePeerId, hasWork, type PeerId } from './peer-id.ts'

/** Bytes of a contact on the wire: two keys and a salt. */
export const CONTACT_BYTES = 72
/** Bytes of an Ed25519 or X25519 public key. */
export const KEY_BYTES = 32
/** Bytes of the salt that makes the id meet the network's work. */
export const SALT_BYTES = 8

/** A peer as others know it. Nobody changes it; equal ids mean equal keys. */
export interface Contact {
  readonly id: PeerId
  /** Ed25519 public key, 32 bytes. */
  readonly signingKey: Uint8Array
  /** X25519 public key, 32 bytes. */
  readonly exchangeKey: Uint8Array
  /** 8 bytes. */
  readonly salt: Uint8Array
}

/** Derives the id. The arrays are kept, not copied. */
export function makeContact(signingKey: Uint8Array, exchangeKey: Uint8Array, salt: Uint8Array): Contact {
  return { id: derivePeerId(signingKey, exchangeKey, salt), signingKey, exchangeKey, salt }
}

/**
 * Signing keys of small order, or not in the one encoding that RFC 8032 has for a point (ID-6): `y` is 0 or 1, -1 or not below
 * the prime, or one of the two of order 8, of which 8 bytes are enough. Either sign.
 */
const UNSOUND_KEY = /^(0[01]0{60}[08]0|(e[c-f]|f.)f{60}[7f]f|26e8958fc2b227b0|c7176a703d4dd84f)/

/** Whether the contact may enter a table of a network that asks for this much work. */
export function isAcceptable({ id, signingKey }: Contact, workBits: number): boolean {
  return hasWork(id, workBits) && !UNSOUND_KEY.test(toHex(signingKey))
}

/** Bytes of the contact as in frames: signing key, exchange key, salt. */
export function contactBytes(contact: Contact): Uint8Array {
  const bytes = new Uint8Array(CONTACT_BYTES)
  bytes.set(contact.signingKey, 0)
  bytes.set(contact.exchangeKey, KEY_BYTES)
  bytes.set(contact.salt, KEY_BYTES * 2)
  return bytes
}

/** Contacts kept to be found again, at most: 12 MiB where all are different. A peer meets some hundreds again and again. */
const RECENT_CONTACTS_MAX = 2 ** 14
/** By some bits of the signing key; whoever comes later to a place takes it. */
const recentContacts: (Contact | undefined)[] = new Array(RECENT_CONTACTS_MAX).fill(undefined)

/**
 * The contact in 72 bytes (copied), or null where the length is wrong. One that was read lately is the same object: neighbours
 * name the same contacts all the time, and an id costs a hash.
 */
export function contactFromBytes(bytes: Uint8Array): Contact | null {
  if (bytes.length !== CONTACT_BYTES) return null
  const place = (((bytes[0] as number) << 8) | (bytes[1] as number)) % RECENT_CONTACTS_MAX
  const recent = recentContacts[place]
  if (recent !== undefined && hasBytes(recent, bytes)) return recent
  const contact = readContact(bytes.slice())
  recentContacts[place] = contact
  return contact
}

function hasBytes({ signingKey, exchangeKey, salt }: Contact, bytes: Uint8Array): boolean {
  return (
    equalsAt(bytes, 0, signingKey) &&
    equalsAt(bytes, KEY_BYTES, exchangeKey) &&
    equalsAt(bytes, KEY_BYTES * 2, salt)
  )
}

function equalsAt(bytes: Uint8Array, offset: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[offset + i] !== part[i]) return false
  return true
}

function readContact(own: Uint8Array): Contact {
  return makeContact(
    own.subarray(0, KEY_BYTES),
    own.subarray(KEY_BYTES, KEY_BYTES * 2),
    own.subarray(KEY_BYTES * 2),
  )
}
