// What is carried by hand: an offer, or the answer to it (PROTOCOL.md, SI-6).

import type { AttemptId } from '../contract.ts'
import {
  CONTACT_BYTES,
  type Contact,
  contactBytes,
  contactFromBytes,
  isAcceptable,
} from '../identity/contact.ts'
import { concatBytes, fromHex, toHex } from '../wire/bytes.ts'

const ATTEMPT_BYTES = 8
const HEADER_BYTES = CONTACT_BYTES + ATTEMPT_BYTES

export interface InviteParts {
  readonly contact: Contact
  readonly attempt: AttemptId
  readonly signal: Uint8Array
}

/** `contact || attempt || signal`. */
export function encodeInvite({ contact, attempt, signal }: InviteParts): Uint8Array {
  return concatBytes(contactBytes(contact), fromHex(attempt), signal)
}

/** The parts, or null: damaged, without work, or our own. */
export function decodeInvite(bytes: Uint8Array, self: Contact, workBits: number): InviteParts | null {
  if (bytes.length <= HEADER_BYTES) return null
  const contact = contactFromBytes(bytes.subarray(0, CONTACT_BYTES))
  if (contact === null || contact.id === self.id || !isAcceptable(contact, workBits)) return null
  const attempt = toHex(bytes.subarray(CONTACT_BYTES, HEADER_BYTES)) as AttemptId
  return { contact, attempt, signal: bytes.slice(HEADER_BYTES) }
}
