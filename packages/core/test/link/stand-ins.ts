// What stands in for cryptography in these tests: keyed hashes. A signature verifies for the right key and bytes and for no
// others, a box opens for the right pair. Nothing is secret; tests forge only what a real attacker could.

import { sha256 } from '@noble/hashes/sha2.js'
import type { AttemptId, JobResult } from '../../src/contract.ts'
import { type Contact, makeContact } from '../../src/identity/contact.ts'
import { concatBytes, equalBytes, toHex, utf8 } from '../../src/wire/bytes.ts'

const TAG_BYTES = 32

/** A made-up contact: no work, and keys that nobody has a private one for. */
export function contactNumber(number: number): Contact {
  const key = (use: string) => sha256(utf8(`${use} ${number}`))
  return makeContact(key('signing'), key('exchange'), new Uint8Array(8))
}

/** Contacts whose ids are in ascending order. */
export function contactsInOrder(count: number, first = 0): Contact[] {
  const contacts = Array.from({ length: count }, (_, index) => contactNumber(first + index))
  return contacts.sort((a, b) => (a.id < b.id ? -1 : 1))
}

export function attemptNumber(number: number): AttemptId {
  return toHex(sha256(utf8(`attempt ${number}`)).subarray(0, 8)) as AttemptId
}

export function sign(signingKey: Uint8Array, bytes: Uint8Array): Uint8Array {
  const half = sha256(concatBytes(signingKey, bytes))
  return concatBytes(half, half)
}

export function verify(signingKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  return equalBytes(sign(signingKey, bytes), signature)
}

export function seal(own: Contact, peer: Contact, bytes: Uint8Array): Uint8Array {
  return concatBytes(bytes, boxTag(own, peer, bytes))
}

/** Null where the box was not sealed between these two. */
export function open(own: Contact, peer: Contact, box: Uint8Array): Uint8Array | null {
  const bytes = box.slice(0, -TAG_BYTES)
  return equalBytes(boxTag(own, peer, bytes), box.subarray(-TAG_BYTES)) ? bytes : null
}

/** The results of the jobs that need keys. */
export function compute(
  own: Contact,
  job:
    | { readonly type: 'sign'; readonly bytes: Uint8Array }
    | {
        readonly type: 'verify'
        readonly key: Uint8Array
        readonly bytes: Uint8Array
        readonly signature: Uint8Array
      }
    | { readonly type: 'seal' | 'open'; readonly bytes: Uint8Array; readonly peer: Contact },
): JobResult {
  switch (job.type) {
    case 'sign':
      return { type: 'signed', signature: sign(own.signingKey, job.bytes) }
    case 'verify':
      return { type: 'verified', valid: verify(job.key, job.bytes, job.signature) }
    case 'seal':
      return { type: 'sealed', bytes: seal(own, job.peer, job.bytes) }
    case 'open':
      return { type: 'opened', bytes: open(own, job.peer, job.bytes) }
  }
}

function boxTag(own: Contact, peer: Contact, bytes: Uint8Array): Uint8Array {
  const [first, second] = own.id < peer.id ? [own, peer] : [peer, own]
  return sha256(concatBytes(first.exchangeKey, second.exchangeKey, bytes))
}
