import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { CONTACT_BYTES, contactBytes, contactFromBytes, makeContact } from '../../src/identity/contact.ts'
import { networkIdOf, WORK_BITS_DEFAULT } from '../../src/identity/network-id.ts'
import { isId } from '../../src/identity/peer-id.ts'
import { concatBytes, toHex, utf8 } from '../../src/wire/bytes.ts'
import { decodeFrame, encodeFrame } from '../../src/wire/codec.ts'

const signingKey = new Uint8Array(32).fill(1)
const exchangeKey = new Uint8Array(32).fill(2)
const salt = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const contact = makeContact(signingKey, exchangeKey, salt)
const wire = concatBytes(signingKey, exchangeKey, salt)

describe('an id', () => {
  test('[ID-1] is the hash of domain, both keys and the salt, as 64 lower-case digits', () => {
    const hash = sha256(concatBytes(utf8('hyphae peer id 1'), signingKey, exchangeKey, salt))
    expect(contact.id).toBe(toHex(hash))
    expect(contact.id).toBe('4d3aa11cfa748e42923572738c5c14345e3870d2d3843e158d2c398d19e301c5')
    expect(contact.id).toMatch(/^[0-9a-f]{64}$/)
  })

  test('[ID-1] is written in one way only', () => {
    expect(isId(contact.id)).toBe(true)
    for (const text of [contact.id.toUpperCase(), contact.id.slice(1), `${contact.id}0`, ` ${contact.id}`])
      expect(isId(text)).toBe(false)
  })

  test('[ID-1] is another one as soon as a key or the salt is', () => {
    for (let index = 0; index < CONTACT_BYTES; index++) {
      const other = wire.slice()
      other[index]! ^= 1
      expect(contactFromBytes(other)?.id).not.toBe(contact.id)
    }
  })
})

describe('a contact on the wire', () => {
  test('[ID-3] is signing key, exchange key and salt: 72 bytes', () => {
    expect(contactBytes(contact)).toEqual(wire)
    expect(wire).toHaveLength(72)
    expect(contactFromBytes(wire)).toEqual(contact)
  })

  test('[ID-3] of any other length is none', () => {
    for (const bytes of [wire.subarray(1), new Uint8Array(0), concatBytes(wire, Uint8Array.of(0))])
      expect(contactFromBytes(bytes)).toBeNull()
  })

  test('[ID-3] has its id computed, and travels without it', () => {
    const frame = encodeFrame({ type: 'BUSY', alternatives: [contact] })
    expect(frame).toEqual(concatBytes(frame.subarray(0, 4), Uint8Array.of(0, 1), wire))
    // Whatever id the sender believes in: the receiver reads keys and salt.
    const lying = encodeFrame({ type: 'BUSY', alternatives: [{ ...contact, id: 'f'.repeat(64) as never }] })
    expect(decodeFrame(lying)?.message).toEqual({ type: 'BUSY', alternatives: [contact] })
  })

  test('[ID-3] is copied: bytes that change afterwards change no contact, nor one that is read later', () => {
    const bytes = wire.with(0, 0x77)
    const read = contactFromBytes(bytes)
    const { id } = read!
    bytes[1]! ^= 1
    expect(contactBytes(read!)).toEqual(wire.with(0, 0x77))
    expect(contactFromBytes(bytes)?.id).not.toBe(id)
    expect(contactFromBytes(wire.with(0, 0x77))?.id).toBe(id)
  })
})

describe('a network', () => {
  test('[ID-4] is named by the first 16 bytes of the hash of domain, work and name', () => {
    const hash = sha256(concatBytes(utf8('hyphae network 1'), Uint8Array.of(20), utf8('müll')))
    expect(networkIdOf('müll', 20)).toBe(toHex(hash.subarray(0, 16)))
    expect(networkIdOf('müll', 20)).toBe('7d067e7cc3c2542d235a0953521de5e3')
  })

  test('[ID-4] is another one with another name or other work, of which 16 bits are the default', () => {
    const ids = [networkIdOf('a', 16), networkIdOf('a', 17), networkIdOf('b', 16), networkIdOf('', 16)]
    expect(new Set(ids).size).toBe(ids.length)
    expect([WORK_BITS_DEFAULT, networkIdOf('a')]).toEqual([16, ids[0]])
  })
})
