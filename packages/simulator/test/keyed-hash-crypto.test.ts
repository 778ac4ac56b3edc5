import { describe, expect, test } from 'vitest'
import { drawContact, open, seal, sign, verify } from '../src/keyed-hash-crypto.ts'
import { SeededRandom } from '../src/random.ts'

const random = new SeededRandom(5, 'crypto')
const [ann, bob, eve] = [drawContact(random), drawContact(random), drawContact(random)]
const message = random.bytes(101)

describe('keyed-hash stand-in', () => {
  test('a signature verifies for the right key and bytes alone', () => {
    const signature = sign(ann.signingKey, message)
    expect(signature).toHaveLength(64)
    expect(verify(ann.signingKey, message, signature)).toBe(true)
    expect(verify(bob.signingKey, message, signature)).toBe(false)
    for (let i = 0; i < message.length; i++)
      expect(verify(ann.signingKey, flipped(message, i), signature)).toBe(false)
    for (let i = 0; i < 64; i++) expect(verify(ann.signingKey, message, flipped(signature, i))).toBe(false)
    expect(verify(ann.signingKey, message, signature.subarray(1))).toBe(false)
  })

  test('a box opens for both ends of its pair and nobody else, 28 bytes longer than its content', () => {
    const box = seal(ann, bob, 1, message)
    expect(box).toHaveLength(message.length + 28)
    expect(open(bob, ann, box)).toEqual(message)
    expect(open(eve, ann, box)).toBeNull()
    expect(open(bob, eve, box)).toBeNull()
    for (let i = 0; i < box.length; i++) expect(open(bob, ann, flipped(box, i))).toBeNull()
    expect(open(bob, ann, box.subarray(0, 27))).toBeNull()
  })

  test('two boxes of the same content differ', () => {
    expect(seal(ann, bob, 1, message)).not.toEqual(seal(ann, bob, 2, message))
  })
})

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const copy = bytes.slice()
  copy[index]! ^= 0x10
  return copy
}
