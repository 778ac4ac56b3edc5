// What the DHT stores. A record proves itself: its key follows from its content, and who may change it from its
// signature (PROTOCOL.md, RC-1 to RC-8). Signing and verifying are jobs; here are the bytes they are about.

import { sha256 } from '@noble/hashes/sha2.js'
import type { Millis } from '../contract.ts'
import { type Contact, contactBytes } from '../identity/contact.ts'
import { contentKey, type Key, type PeerId } from '../identity/peer-id.ts'
import {
  CLOCK_AHEAD_MS_MAX,
  HLC_TICKS_PER_MS,
  OWNED_SALT_BYTES_MAX,
  RECORD_BYTES_MAX,
  WRITERS_MAX,
} from '../limits.ts'
import { concatBytes, fromHex, toHex, utf8 } from '../wire/bytes.ts'
import { Writer } from '../wire/writer.ts'

/** Content under its own hash; never changes. */
export interface ImmutableRecord {
  readonly kind: 'immutable'
  readonly value: Uint8Array
}

/** A value that only the holder of one signing key can write; the highest sequence wins (BEP 44). */
export interface OwnedRecord {
  readonly kind: 'owned'
  /** Ed25519 public key, 32 bytes. */
  readonly ownerKey: Uint8Array
  /** Tells several records of one owner apart; at most 64 bytes. */
  readonly salt: Uint8Array
  readonly sequence: number
  readonly value: Uint8Array
  readonly signature: Uint8Array
}

/** A named value that several may write: the highest hybrid logical clock wins, then the higher author id. */
export interface SharedRecord {
  readonly kind: 'shared'
  /** `SHA-256(domain || network || namespace || name)`. */
  readonly nameHash: Uint8Array
  /** Who may write, in ascending order; empty: anybody. Part of the key, so nobody can change the list. */
  readonly writers: readonly PeerId[]
  /** Hybrid logical clock: milliseconds × 1024 + counter. */
  readonly clock: number
  readonly author: Contact
  readonly value: Uint8Array
  readonly signature: Uint8Array
}

export type PeerRecord = ImmutableRecord | OwnedRecord | SharedRecord
export type RecordKind = PeerRecord['kind']

/** Orders the versions of one key: by `rank` (sequence or clock), then by `tie`. */
export interface RecordVersion {
  readonly rank: number
  /** Hexadecimal: hash of the value, or the author's id. */
  readonly tie: string
}

/** What a holder keeps in memory for every record. */
export interface RecordHeader {
  readonly key: Key
  readonly kind: RecordKind
  readonly version: RecordVersion
  readonly valueBytes: number
  /** When it came; of our own, when enough took a copy last, 0 where too few did. */
  readonly storedAt: Millis
  readonly expiresAt: Millis
  /** Written by this peer: republished, and never expired while the peer lives. */
  readonly own: boolean
}

const OWNED_KEY_DOMAIN = utf8('hyphae owned key 1')
const OWNED_SIGN_DOMAIN = utf8('hyphae owned record 1')
const NAME_DOMAIN = utf8('hyphae name 1')
const SHARED_KEY_DOMAIN = utf8('hyphae shared key 1')
const SHARED_SIGN_DOMAIN = utf8('hyphae shared record 1')

/** The key of an owned record: `SHA-256(domain || ownerKey || salt)`. */
export function ownedKey(ownerKey: Uint8Array, salt: Uint8Array): Key {
  return contentKey(concatBytes(OWNED_KEY_DOMAIN, ownerKey, salt))
}

/** `SHA-256(domain || networkId || length-prefixed namespace || name)`. */
export function sharedNameHash(networkId: string, namespace: string, name: string): Uint8Array {
  const space = utf8(namespace)
  return sha256(concatBytes(NAME_DOMAIN, fromHex(networkId), Uint8Array.of(space.length), space, utf8(name)))
}

/** The key of a shared record: `SHA-256(domain || nameHash || writers)`. */
export function sharedKey(nameHash: Uint8Array, writers: readonly PeerId[]): Key {
  return contentKey(concatBytes(SHARED_KEY_DOMAIN, nameHash, ...writers.map(fromHex)))
}

export function recordKey(record: PeerRecord): Key {
  if (record.kind === 'immutable') return contentKey(record.value)
  if (record.kind === 'owned') return ownedKey(record.ownerKey, record.salt)
  return sharedKey(record.nameHash, record.writers)
}

export function recordVersion(record: PeerRecord): RecordVersion {
  if (record.kind === 'immutable') return { rank: 0, tie: '' }
  if (record.kind === 'owned') return { rank: record.sequence, tie: toHex(sha256(record.value)) }
  return { rank: record.clock, tie: record.author.id }
}

/** Negative where `a` is older than `b`, 0 where they are the same version. */
export function compareVersions(a: RecordVersion, b: RecordVersion): number {
  if (a.rank !== b.rank) return a.rank - b.rank
  return a.tie === b.tie ? 0 : a.tie < b.tie ? -1 : 1
}

export function ownedSignedBytes(record: Omit<OwnedRecord, 'signature' | 'kind'>): Uint8Array {
  const writer = new Writer()
  writer.raw(OWNED_SIGN_DOMAIN)
  writer.raw(record.ownerKey)
  writer.u8(record.salt.length)
  writer.raw(record.salt)
  writer.u53(record.sequence)
  writer.raw(record.value)
  return writer.finish()
}

export function sharedSignedBytes(record: Omit<SharedRecord, 'signature' | 'kind'>): Uint8Array {
  const writer = new Writer()
  writer.raw(SHARED_SIGN_DOMAIN)
  writer.raw(record.nameHash)
  writer.u8(record.writers.length)
  for (const id of record.writers) writer.hex(id)
  writer.u53(record.clock)
  writer.raw(contactBytes(record.author))
  writer.raw(record.value)
  return writer.finish()
}

/** Everything about a record that needs neither a signature check nor a clock: sizes, order of writers, an allowed author. */
export function isWellFormed(record: PeerRecord): boolean {
  if (record.value.length > RECORD_BYTES_MAX) return false
  if (record.kind === 'immutable') return !isKeyMaterial(record.value)
  if (record.kind === 'owned') return record.salt.length <= OWNED_SALT_BYTES_MAX
  if (record.writers.length > WRITERS_MAX || !isAscending(record.writers)) return false
  return record.writers.length === 0 || record.writers.includes(record.author.id)
}

/** Whether the clock of a shared record is further ahead of ours than clocks of honest peers are. */
export function isAhead(clock: number, now: Millis): boolean {
  return clock / HLC_TICKS_PER_MS > now + CLOCK_AHEAD_MS_MAX
}

/** Whether the value's hash may be the key of an owned or shared record, where it would stand in the way of every GET. */
export function isKeyMaterial(value: Uint8Array): boolean {
  return [OWNED_KEY_DOMAIN, SHARED_KEY_DOMAIN].some((domain) =>
    domain.every((byte, at) => value[at] === byte),
  )
}

function isAscending(ids: readonly PeerId[]): boolean {
  return ids.every((id, index) => index === 0 || (ids[index - 1] as PeerId) < id)
}

/** The next clock of a writer that has seen `seen`: never behind it, never behind its own time (Kulkarni et al. 2014). */
export function nextClock(now: Millis, seen: number): number {
  return Math.max(now * HLC_TICKS_PER_MS, seen + 1)
}
