// What lies where. One database per network and slot, with one object store of named entries: idb-keyval's shape.

import { type Contact, contactBytes, contactFromBytes, type Key, type StoredContact } from '@hyphae/core'
import type { StoredIdentity, StoredPrivateKey, StoredRecord } from '@hyphae/runtime'
import { crc32 } from './crc32.ts'

/** Grows with every change of what is written below. A store of another version is left alone. */
export const SCHEMA_VERSION = 1
/** The object store. */
export const OBJECT_STORE = 'entries'

/** Begins the names of databases and locks. */
export const PREFIX_DEFAULT = 'hyphae'

/** Holds SCHEMA_VERSION. Every database of ours has it, so one without it was deleted beneath us. */
export const SCHEMA_ENTRY = 'schema'
export const IDENTITY_ENTRY = 'identity'
export const BOOT_ENTRY = 'boot'
export const CONTACTS_ENTRY = 'contacts'
const RECORD_PREFIX = 'record:'

/** The name of a slot's database and lock. Prefix and slot have no '/': a network may be called anything. */
export function slotName(prefix: string, network: string, slot: number): string {
  return `${prefix}/${slot}/${network}`
}

export function recordEntry(key: Key): string {
  return RECORD_PREFIX + key
}

export function keyOfEntry(entry: string): Key {
  return entry.slice(RECORD_PREFIX.length) as Key
}

/** All entries of records after this one. */
export function recordEntriesAfter(entry: string): IDBKeyRange {
  // ';' follows ':' in Unicode, so the range ends behind the last key.
  return IDBKeyRange.bound(entry, 'record;', true, true)
}

/** Before the first record. */
export const RECORD_ENTRIES_START = RECORD_PREFIX

export interface IdentityValue {
  readonly contact: Uint8Array
  readonly signingPrivateKey: StoredPrivateKey
  readonly exchangePrivateKey: StoredPrivateKey
}

export function identityValue(identity: StoredIdentity): IdentityValue {
  const { contact, signingPrivateKey, exchangePrivateKey } = identity
  return { contact: contactBytes(contact), signingPrivateKey, exchangePrivateKey }
}

export function identityOf(value: IdentityValue): StoredIdentity | null {
  const contact = contactFromBytes(value.contact)
  return contact && { ...value, contact }
}

export type ContactValue = readonly [contact: Uint8Array, lastSeen: number]

export function contactValues(contacts: readonly StoredContact[]): readonly ContactValue[] {
  return contacts.map(({ contact, lastSeen }) => [contactBytes(contact), lastSeen])
}

export function contactsOf(values: readonly ContactValue[]): readonly StoredContact[] {
  return values.flatMap(([bytes, lastSeen]) => {
    const contact: Contact | null = contactFromBytes(bytes)
    return contact ? [{ contact, lastSeen }] : []
  })
}

export interface RecordValue {
  readonly header: Uint8Array
  readonly bytes: Uint8Array
  /** CRC-32 of the header, gone on with the bytes. */
  readonly checksum: number
}

/** Copies: a view would be stored with the whole buffer beneath it, and its owner may write there. */
export function recordValue({ header, bytes }: StoredRecord): RecordValue {
  return { header: header.slice(), bytes: bytes.slice(), checksum: checksumOf(header, bytes) }
}

/** False for a damaged record, and for anything that is none. */
export function isIntact(value: Partial<RecordValue> | null | undefined): value is RecordValue {
  if (!value || !(value.header instanceof Uint8Array) || !(value.bytes instanceof Uint8Array)) return false
  return value.checksum === checksumOf(value.header, value.bytes)
}

function checksumOf(header: Uint8Array, bytes: Uint8Array): number {
  return crc32(bytes, crc32(header))
}
