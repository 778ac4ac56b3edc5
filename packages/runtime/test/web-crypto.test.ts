import { createDecipheriv, createHash, diffieHellman, hkdfSync, KeyObject } from 'node:crypto'
import { type Contact, makeContact } from '@hyphae/core'
import { concatBytes, fromHex, utf8 } from '@hyphae/core/wire'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { generateIdentity } from '../src/generate-identity.ts'
import type { PeerCrypto } from '../src/ports/crypto.ts'
import type { StoredIdentity } from '../src/ports/storage.ts'
import { secureRandom } from '../src/random.ts'
import { createWebCryptoPeer, SEAL_OVERHEAD_BYTES } from '../src/web-crypto.ts'

const { subtle } = crypto
const message = utf8('a message')

const { Point } = ed25519
const SECRET = 123_456_789_123_456_789n
const SOUND = Point.BASE.multiply(SECRET)
/** A point of order 8. */
const TORSION = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')

/** A browser whose WebCrypto knows neither curve. */
const oldSubtle = {
  generateKey: () => Promise.reject(new DOMException('unknown algorithm', 'NotSupportedError')),
} as unknown as SubtleCrypto

let native: StoredIdentity
let fallback: StoredIdentity
let peers: Record<'native' | 'fallback', PeerCrypto>

beforeAll(async () => {
  native = await generateIdentity({ workBits: 0, random: secureRandom() })
  fallback = await generateIdentity({ workBits: 0, random: secureRandom(), subtle: oldSubtle })
  peers = { native: createWebCryptoPeer(native), fallback: createWebCryptoPeer(fallback) }
})

describe('keys', () => {
  test('cannot be exported from WebCrypto', async () => {
    await expect(subtle.exportKey('pkcs8', native.signingPrivateKey as CryptoKey)).rejects.toThrow()
    await expect(subtle.exportKey('pkcs8', native.exchangePrivateKey as CryptoKey)).rejects.toThrow()
  })

  test('are bytes where WebCrypto lacks the curves', () => {
    expect(fallback.signingPrivateKey).toBeInstanceOf(Uint8Array)
    expect(fallback.exchangePrivateKey).toBeInstanceOf(Uint8Array)
  })
})

describe.each([
  ['native', 'native'],
  ['native', 'fallback'],
  ['fallback', 'native'],
  ['fallback', 'fallback'],
] as const)('%s speaks to %s', (from, to) => {
  test('a signature is accepted, and refused for other bytes or another key', async () => {
    const signature = await peers[from].sign(message)
    const key = peers[from].contact.signingKey
    expect(signature.length).toBe(64)
    expect(await peers[to].verify(key, message, signature)).toBe(true)
    expect(await peers[to].verify(key, utf8('a massage'), signature)).toBe(false)
    expect(await peers[to].verify(peers[from].contact.exchangeKey, message, signature)).toBe(false)
  })

  test('a box opens at its receiver', async () => {
    const box = await peers[from].seal(message, peers[to].contact)
    expect(box.length).toBe(message.length + SEAL_OVERHEAD_BYTES)
    expect(await peers[to].open(box, peers[from].contact)).toEqual(message)
  })
})

describe('verify never rejects', () => {
  test.each([
    ['an empty key', new Uint8Array(0), new Uint8Array(64)],
    ['a key that is too long', new Uint8Array(33), new Uint8Array(64)],
    ['a key that is no point', new Uint8Array(32).fill(0xff), new Uint8Array(64)],
    ['an empty signature', new Uint8Array(32), new Uint8Array(0)],
    ['a signature that is too long', new Uint8Array(32), new Uint8Array(65)],
  ])('%s is false', async (_, key, signature) => {
    expect(await peers.native.verify(key, message, signature)).toBe(false)
    expect(await peers.fallback.verify(key, message, signature)).toBe(false)
  })

  /** Signatures that are none where one multiplies by the cofactor and the other does not, and such with a key of small order. */
  test.each([
    ['whose R has a part of small order', SOUND, [77n, TORSION]],
    ['whose key has a part of small order', SOUND.add(TORSION), [3n, Point.ZERO]],
    ['under a key that is the identity', Point.ZERO, [55n, Point.ZERO]],
    ['whose R is the identity', SOUND, [0n, Point.ZERO]],
  ] as const)('[ID-6] a signature %s is the same to both', async (_, key, [r, part]) => {
    const [publicKey, R] = [key.toBytes(), Point.BASE.multiplyUnsafe(r).add(part).toBytes()]
    const verdicts = new Set<boolean>()
    for (let i = 0; i < 32; i++) {
      const bytes = utf8(`message ${i}`)
      const h = bytesToNumberLE(createHash('sha512').update(R).update(publicKey).update(bytes).digest())
      const s = Point.Fn.create(r + h * (key === Point.ZERO ? 0n : SECRET))
      const signature = concatBytes(R, numberToBytesLE(s, 32))
      const verdict = await peers.native.verify(publicKey, bytes, signature)
      expect(await peers.fallback.verify(publicKey, bytes, signature)).toBe(verdict)
      verdicts.add(verdict)
    }
    expect(verdicts.size).toBe(key.isTorsionFree() ? 1 : 2)
  })

  test('keys that were evicted from the cache still verify', async () => {
    const signature = await peers.native.sign(message)
    for (let i = 0; i < 600; i++) await peers.native.verify(secureRandom().bytes(32), message, signature)
    expect(await peers.native.verify(native.contact.signingKey, message, signature)).toBe(true)
  })
})

describe('a box', () => {
  test('is X25519, HKDF-SHA-256 over both ids and AES-256-GCM, computed here by another library', async () => {
    const pair = (await subtle.generateKey('X25519', true, ['deriveBits'])) as CryptoKeyPair
    const exchangeKey = new Uint8Array(await subtle.exportKey('raw', pair.publicKey))
    const receiver = makeContact(native.contact.signingKey, exchangeKey, new Uint8Array(8))
    const box = await peers.native.seal(message, receiver)
    const secret = diffieHellman({
      privateKey: KeyObject.from(pair.privateKey),
      publicKey: KeyObject.from(await importExchangeKey(native.contact)),
    })
    const info = concatBytes(fromHex(native.contact.id), fromHex(receiver.id))
    const key = hkdfSync('sha256', secret, 'hyphae seal 1', info, 32)
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key), box.subarray(0, 12))
    decipher.setAuthTag(box.subarray(-16))
    expect(concatBytes(decipher.update(box.subarray(12, -16)), decipher.final())).toEqual(message)
  })

  test('differs each time', async () => {
    const first = await peers.native.seal(message, fallback.contact)
    expect(await peers.native.seal(message, fallback.contact)).not.toEqual(first)
  })

  test('does not open when reflected, changed, cut, or taken for another sender’s', async () => {
    const box = await peers.native.seal(message, fallback.contact)
    const changed = box.with(-1, (box.at(-1) as number) ^ 1)
    const stranger = await generateIdentity({ workBits: 0, random: secureRandom() })
    expect(await peers.native.open(box, fallback.contact)).toBeNull()
    expect(await peers.fallback.open(changed, native.contact)).toBeNull()
    expect(await peers.fallback.open(box.subarray(0, 27), native.contact)).toBeNull()
    expect(await peers.fallback.open(box, stranger.contact)).toBeNull()
  })

  test('cannot be made for, nor come from, a peer whose exchange key has small order', async () => {
    const hostile = makeContact(native.contact.signingKey, new Uint8Array(32), new Uint8Array(8))
    for (const peer of Object.values(peers)) {
      await expect(peer.seal(message, hostile)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
      expect(await peer.open(new Uint8Array(64), hostile)).toBeNull()
    }
  })
})

function importExchangeKey(contact: Contact): Promise<CryptoKey> {
  return subtle.importKey('raw', contact.exchangeKey as Uint8Array<ArrayBuffer>, 'X25519', true, [])
}
