// From what an application wants to write or read to the record and the key: ownership, versions, sizes, writers
// (PROTOCOL.md, RC-1 to RC-6).

import type { Millis } from '../contract.ts'
import type { FailureCode } from '../errors.ts'
import type { Contact } from '../identity/contact.ts'
import { isId, type Key, type PeerId } from '../identity/peer-id.ts'
import { NAME_BYTES_MAX, OWNED_SALT_BYTES_MAX, RECORD_BYTES_MAX, WRITERS_MAX } from '../limits.ts'
import type { RecordDraft, RecordName } from '../peer/calls.ts'
import { utf8 } from '../wire/bytes.ts'
import {
  isKeyMaterial,
  nextClock,
  ownedKey,
  ownedSignedBytes,
  type PeerRecord,
  sharedKey,
  sharedNameHash,
  sharedSignedBytes,
} from './record.ts'

export interface Writer {
  readonly self: Contact
  readonly networkId: string
}

/** A record but for its signature. `bytes` is what to sign, null where the key is the proof. */
export interface Unsigned {
  readonly bytes: Uint8Array | null
  sign(signature: Uint8Array): PeerRecord
}

/** Why a call fails. */
export interface CallFailure {
  readonly code: FailureCode
  readonly message: string
}

const SEQUENCE_MAX = Number.MAX_SAFE_INTEGER

/** What is wrong with a draft, or null. */
export function draftFailure(draft: RecordDraft, self: PeerId): CallFailure | null {
  const { length } = draft.value
  if (length > RECORD_BYTES_MAX)
    return { code: 'TOO_LARGE', message: `a value of ${length} bytes, at most ${RECORD_BYTES_MAX}` }
  if (draft.kind === 'owned') return ownedFailure(draft)
  if (draft.kind === 'shared') return sharedFailure(draft, self)
  return isKeyMaterial(draft.value) ? rejected('a value that begins like the key of a record') : null
}

/** What is wrong with a name, or null. */
export function nameFailure(name: RecordName): CallFailure | null {
  if (name.kind === 'owned') return saltFailure(name.salt)
  if (name.kind === 'shared') return textFailure(name) ?? writersFailure(name.writers)
  return isId(name.key) ? null : rejected('a key is 64 lower-case hexadecimal digits')
}

/** The key a record of this name is under. */
export function keyOfName(name: RecordName, networkId: string): Key {
  if (name.kind === 'immutable') return name.key
  if (name.kind === 'owned') return ownedKey(name.ownerKey, name.salt)
  return sharedKey(sharedNameHash(networkId, name.namespace, name.name), inOrder(name.writers))
}

/** The key a draft will be under; null for an immutable one, whose key is its value's. */
export function keyOfDraft(draft: RecordDraft, writer: Writer): Key | null {
  if (draft.kind === 'immutable') return null
  if (draft.kind === 'owned') return ownedKey(writer.self.signingKey, draft.salt)
  return keyOfName(draft, writer.networkId)
}

/**
 * The rank of the next version: what the draft says; else above every version seen, and not below our clock, so that a
 * peer which lost its memory still writes higher than before.
 */
export function nextRank(draft: RecordDraft, seen: number, now: Millis): number {
  if (draft.kind === 'shared') return nextClock(now, seen)
  if (draft.kind === 'owned') return draft.sequence ?? Math.max(seen, now) + 1
  return 0
}

/** The record of a draft that has no failure, with this rank. */
export function unsigned(draft: RecordDraft, rank: number, writer: Writer): Unsigned {
  if (draft.kind === 'immutable')
    return { bytes: null, sign: () => ({ kind: 'immutable', value: draft.value }) }
  if (draft.kind === 'owned') {
    const owned = { ownerKey: writer.self.signingKey, salt: draft.salt, sequence: rank, value: draft.value }
    return {
      bytes: ownedSignedBytes(owned),
      sign: (signature) => ({ kind: 'owned', ...owned, signature }),
    }
  }
  const shared = {
    nameHash: sharedNameHash(writer.networkId, draft.namespace, draft.name),
    writers: inOrder(draft.writers),
    clock: rank,
    author: writer.self,
    value: draft.value,
  }
  return {
    bytes: sharedSignedBytes(shared),
    sign: (signature) => ({ kind: 'shared', ...shared, signature }),
  }
}

function ownedFailure(draft: RecordDraft & { kind: 'owned' }): CallFailure | null {
  const { sequence } = draft
  if (sequence !== undefined && !(Number.isInteger(sequence) && sequence >= 0 && sequence <= SEQUENCE_MAX))
    return rejected(`a sequence is an integer from 0 to ${SEQUENCE_MAX}, not ${sequence}`)
  return saltFailure(draft.salt)
}

function sharedFailure(draft: RecordDraft & { kind: 'shared' }, self: PeerId): CallFailure | null {
  const { writers } = draft
  if (writers.length > 0 && !writers.includes(self)) return rejected('this peer is not among the writers')
  return textFailure(draft) ?? writersFailure(writers)
}

function saltFailure(salt: Uint8Array): CallFailure | null {
  return salt.length <= OWNED_SALT_BYTES_MAX
    ? null
    : { code: 'TOO_LARGE', message: `a salt of ${salt.length} bytes, at most ${OWNED_SALT_BYTES_MAX}` }
}

function textFailure(named: { namespace: string; name: string }): CallFailure | null {
  const length = Math.max(utf8(named.namespace).length, utf8(named.name).length)
  return length <= NAME_BYTES_MAX
    ? null
    : { code: 'TOO_LARGE', message: `a name of ${length} bytes, at most ${NAME_BYTES_MAX}` }
}

function writersFailure(writers: readonly PeerId[]): CallFailure | null {
  if (inOrder(writers).length > WRITERS_MAX) return rejected(`more than ${WRITERS_MAX} writers`)
  return writers.every(isId) ? null : rejected('a writer is 64 lower-case hexadecimal digits')
}

/** Ascending and each once: a list of writers is a set, and equal sets have one key. */
function inOrder(writers: readonly PeerId[]): readonly PeerId[] {
  return [...new Set(writers)].sort()
}

function rejected(message: string): CallFailure {
  return { code: 'RECORD_REJECTED', message }
}
