import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { proofOf } from '../../src/dht/admission.ts'
import {
  isAhead,
  isWellFormed,
  type OwnedRecord,
  type PeerRecord,
  recordKey,
  type SharedRecord,
} from '../../src/dht/record.ts'
import { contactBytes } from '../../src/identity/contact.ts'
import { concatBytes, fromHex, toHex, utf8 } from '../../src/wire/bytes.ts'
import { decodeRecord, encodeRecord } from '../../src/wire/record-field.ts'
import { contactNumber, contactsInOrder } from '../link/stand-ins.ts'

const NOW = 1_700_000_000_000
const AHEAD_MS = 600_000
const value = Uint8Array.of(7, 8, 9)
const [first, second] = contactsInOrder(2) as [Contact, Contact]
type Contact = ReturnType<typeof contactNumber>

const owned: OwnedRecord = {
  kind: 'owned',
  ownerKey: new Uint8Array(32).fill(3),
  salt: utf8('salt'),
  sequence: 0x1_0000_0002,
  value,
  signature: new Uint8Array(64),
}
const shared: SharedRecord = {
  kind: 'shared',
  nameHash: new Uint8Array(32).fill(4),
  writers: [first.id, second.id],
  clock: NOW * 1_024,
  author: second,
  value,
  signature: new Uint8Array(64),
}

function isGood(record: PeerRecord, now = NOW): boolean {
  return isWellFormed(record) && !(record.kind === 'shared' && isAhead(record.clock, now))
}

describe('an immutable record', () => {
  test('[RC-1] is its value under the hash of it, and needs no signature', () => {
    const record = { kind: 'immutable', value } as const
    expect(recordKey(record)).toBe(toHex(sha256(value)))
    expect(proofOf(record)).toBe(null)
    expect(encodeRecord(record)).toEqual(Uint8Array.of(0, 0, 3, 7, 8, 9))
  })
})

describe('an owned record', () => {
  test('[RC-2] is under the hash of domain, owner and salt, whatever its value and sequence', () => {
    const key = toHex(sha256(concatBytes(utf8('hyphae owned key 1'), owned.ownerKey, owned.salt)))
    expect(recordKey(owned)).toBe(key)
    expect(recordKey({ ...owned, sequence: 1, value: new Uint8Array(0) })).toBe(key)
    expect(recordKey({ ...owned, salt: utf8('Salt') })).not.toBe(key)
  })

  test('[RC-2] is signed by its owner over everything but the signature', () => {
    const bytes = concatBytes(
      utf8('hyphae owned record 1'),
      owned.ownerKey,
      Uint8Array.of(4),
      owned.salt,
      Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 2),
      value,
    )
    expect(proofOf(owned)).toEqual({ key: owned.ownerKey, bytes, signature: owned.signature })
  })

  test('[RC-2] a byte between salt and value belongs to one of them', () => {
    const moved = { ...owned, salt: utf8('sal'), value: concatBytes(utf8('t'), value) }
    expect(proofOf(moved)?.bytes).not.toEqual(proofOf(owned)?.bytes)
  })

  test('[RC-2] a salt has at most 64 bytes, a sequence is below 2^53', () => {
    const salted = (bytes: number) => ({ ...owned, salt: new Uint8Array(bytes) })
    expect([isGood(salted(64)), isGood(salted(65))]).toEqual([true, false])
    expect(decodeRecord(encodeRecord(salted(64)))).toEqual(salted(64))
    const last = encodeRecord({ ...owned, sequence: 2 ** 53 - 1 })
    expect(decodeRecord(last)).toMatchObject({ sequence: 2 ** 53 - 1 })
    // Kind, owner's key, length of the salt, salt; then the sequence.
    const at = 1 + 32 + 2 + owned.salt.length
    expect(last.subarray(at, at + 2)).toEqual(Uint8Array.of(0, 0x1f))
    expect(decodeRecord(last.with(at + 1, 0x20))).toBeNull()
  })
})

describe('a shared record', () => {
  test('[RC-3] is signed by its author over everything but the signature', () => {
    const bytes = concatBytes(
      utf8('hyphae shared record 1'),
      shared.nameHash,
      Uint8Array.of(2),
      fromHex(first.id),
      fromHex(second.id),
      new Uint8Array(new BigUint64Array([BigInt(shared.clock)]).buffer).reverse(),
      contactBytes(second),
      value,
    )
    expect(proofOf(shared)).toEqual({ key: second.signingKey, bytes, signature: shared.signature })
  })
})

describe('a record is well-formed', () => {
  const kinds: readonly PeerRecord[] = [{ kind: 'immutable', value }, owned, shared]

  test.each(kinds)('[RC-5] with a value of at most 8,192 bytes: $kind', (record) => {
    expect(isGood({ ...record, value: new Uint8Array(8_192) })).toBe(true)
    expect(isGood({ ...record, value: new Uint8Array(8_193) })).toBe(false)
  })

  test('[RC-5] as an immutable one that does not begin like the key of an owned or shared record', () => {
    for (const domain of ['hyphae owned key 1', 'hyphae shared key 1']) {
      const immutable = (text: string) => isGood({ kind: 'immutable', value: utf8(text) })
      expect([immutable(domain), immutable(`${domain}…`)]).toEqual([false, false])
      expect([immutable(` ${domain}`), immutable(domain.slice(0, -1))]).toEqual([true, true])
    }
  })

  test('[RC-5] with at most 16 writers in ascending order, each once', () => {
    const ids = (count: number) => contactsInOrder(count).map(({ id }) => id)
    const by = (writers: SharedRecord['writers']) =>
      isGood({ ...shared, writers, author: contactsInOrder(17).find(({ id }) => id === writers[0]) ?? first })
    expect([by(ids(16)), by(ids(17))]).toEqual([true, false])
    expect([by(ids(2).reverse()), by([first.id, first.id])]).toEqual([false, false])
  })

  test('[RC-5] by one of its writers, or by anybody where there are none', () => {
    const stranger = contactNumber(99)
    expect(isGood(shared)).toBe(true)
    expect(isGood({ ...shared, author: stranger })).toBe(false)
    expect(isGood({ ...shared, writers: [], author: stranger })).toBe(true)
  })

  test('[RC-5] with a clock at most 10 minutes ahead of the reader', () => {
    const ahead = (ms: number) => ({ ...shared, clock: (NOW + ms) * 1_024 })
    expect([isGood(ahead(AHEAD_MS)), isGood(ahead(AHEAD_MS + 1))]).toEqual([true, false])
    expect(isGood(ahead(AHEAD_MS + 1), NOW + 1)).toBe(true)
    expect(isGood({ ...owned, sequence: 2 ** 53 - 1 })).toBe(true)
  })
})
