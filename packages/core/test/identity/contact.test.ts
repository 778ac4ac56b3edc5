import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import {
  CONTACT_BYTES,
  type Contact,
  contactBytes,
  contactFromBytes,
  isAcceptable,
  makeContact,
} from '../../src/identity/contact.ts'
import { networkIdOf, WORK_BITS_DEFAULT } from '../../src/identity/network-id.ts'
import { isId } from '../../src/identity/peer-id.ts'
import { concatBytes, fromHex, toHex, utf8 } from '../../src/wire/bytes.ts'
import { decodeFrame, encodeFrame } from '../../src/wire/codec.ts'
import type { Message } from '../../src/wire/messages.ts'

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
    expect(isId([contact.id])).toBe(false)
  })

  test('[ID-1] is another one as soon as a key or the salt is', () => {
    for (let index = 0; index < CONTACT_BYTES; index++) {
      const other = wire.slice()
      other[index]! ^= 1
      expect(contactFromBytes(other)?.id).not.toBe(contact.id)
    }
  })
})

describe('a signing key', () => {
  const withKey = (key: Uint8Array) => makeContact(key, exchangeKey, salt)
  const ORDER_8 = [
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ]
  /** `y` in 32 little-endian bytes, of which the first is given. */
  const small = (first: number) => new Uint8Array(32).with(0, first)
  const large = (first: number) => new Uint8Array(32).fill(0xff).with(0, first).with(31, 0x7f)
  const signed = (key: Uint8Array) => key.with(31, (key[31] as number) | 0x80)

  test.each([
    ['0, of order 4', small(0)],
    ['1, of order 1', small(1)],
    ['-1, of order 2', large(0xec)],
    ['of order 8', fromHex(ORDER_8[0]!)],
    ['of order 8, the other', fromHex(ORDER_8[1]!)],
    ['the prime, which stands for 0', large(0xed)],
    ['the prime and 1, which stand for 1', large(0xee)],
    ['the largest number', large(0xff)],
  ])('[ID-6] whose y is %s is of no contact, whatever its sign', (_, key) => {
    for (const unsound of [key, signed(key)]) expect(isAcceptable(withKey(unsound), 0)).toBe(false)
  })

  test('[ID-6] beside these is as good as any', () => {
    for (const key of [small(2), large(0xeb), small(1).with(30, 1), large(0xed).with(9, 0xfe), signingKey])
      for (const sound of [key, signed(key)]) expect(isAcceptable(withKey(sound), 0)).toBe(true)
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
    const naming = (linked: readonly Contact[]): Message => ({
      type: 'PEER_EXCHANGE',
      linked,
      siblings: [],
      gone: [],
      servers: [],
      delays: new Uint8Array(0),
    })
    const frame = encodeFrame(naming([contact]))
    expect(frame).toEqual(concatBytes(frame.subarray(0, 4), Uint8Array.of(0, 1), wire, new Uint8Array(6)))
    // Whatever id the sender believes in: the receiver reads keys and salt.
    const lying = encodeFrame(naming([{ ...contact, id: 'f'.repeat(64) as never }]))
    expect(decodeFrame(lying)?.message).toEqual(naming([contact]))
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
