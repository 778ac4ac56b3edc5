// A record inside a message: a tag, then the fields of its kind.

import type { PeerRecord } from '../dht/record.ts'
import { KEY_BYTES } from '../identity/contact.ts'
import { OWNED_SALT_BYTES_MAX, RECORD_BYTES_MAX, WRITERS_MAX } from '../limits.ts'
import { bytes, contact, type Field, fixed, list, peerId, struct, u53 } from './fields.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

const SIGNATURE_BYTES = 64

const immutable = struct({ value: bytes(RECORD_BYTES_MAX) })
const owned = struct({
  ownerKey: fixed(KEY_BYTES),
  salt: bytes(OWNED_SALT_BYTES_MAX),
  sequence: u53,
  value: bytes(RECORD_BYTES_MAX),
  signature: fixed(SIGNATURE_BYTES),
})
const shared = struct({
  nameHash: fixed(32),
  writers: list(peerId, WRITERS_MAX),
  clock: u53,
  author: contact,
  value: bytes(RECORD_BYTES_MAX),
  signature: fixed(SIGNATURE_BYTES),
})

const KINDS = { immutable: 0, owned: 1, shared: 2 } as const

export const record: Field<PeerRecord> = {
  notation: 'record',
  write: (writer, value) => {
    writer.u8(KINDS[value.kind])
    if (value.kind === 'immutable') immutable.write(writer, value)
    else if (value.kind === 'owned') owned.write(writer, value)
    else shared.write(writer, value)
  },
  read: (reader) => readRecord(reader),
  sample: (next) => {
    const kind = next() % 3
    if (kind === 0) return { kind: 'immutable', ...immutable.sample(next) }
    return kind === 1 ? { kind: 'owned', ...owned.sample(next) } : { kind: 'shared', ...shared.sample(next) }
  },
}

function readRecord(reader: Reader): PeerRecord {
  const kind = reader.u8()
  if (kind === 0) return { kind: 'immutable', ...immutable.read(reader) }
  if (kind === 1) return { kind: 'owned', ...owned.read(reader) }
  if (kind === 2) return { kind: 'shared', ...shared.read(reader) }
  reader.fail()
  return { kind: 'immutable', value: new Uint8Array(0) }
}

/** A record as bytes, for storage. */
export function encodeRecord(value: PeerRecord): Uint8Array {
  const writer = new Writer()
  record.write(writer, value)
  return writer.finish()
}

/** The record in stored bytes, or null. */
export function decodeRecord(stored: Uint8Array): PeerRecord | null {
  const reader = new Reader(stored)
  const value = record.read(reader)
  return reader.done ? value : null
}

/** A copy that shares no bytes with the message it came in: a kept view would keep 16 KiB alive. */
export function copyRecord(value: PeerRecord): PeerRecord {
  return decodeRecord(encodeRecord(value)) as PeerRecord
}
