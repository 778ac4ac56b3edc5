import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base64urlLength, fromBase64url, toBase64url } from '../../src/signaling/base64url.ts'

const SEED = 1

describe('[SG-2] base64url', () => {
  test('is what other implementations write', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
      }),
      { seed: SEED },
    )
  })

  test('comes back, and its length is known before', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = toBase64url(bytes)
        expect(text.length).toBe(base64urlLength(bytes.length))
        expect(fromBase64url(text)).toEqual(bytes)
      }),
      { seed: SEED },
    )
  })

  test('equal bytes have one text: whatever decodes is what would be encoded', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'AZaz09-_Bgw'), maxLength: 12 })
    fc.assert(
      fc.property(digits, (text) => {
        const bytes = fromBase64url(text)
        expect(bytes === null || toBase64url(bytes) === text).toBe(true)
      }),
      { seed: SEED, numRuns: 2_000 },
    )
  })

  test.each([
    ['padding', 'AA=='],
    ['the other alphabet', 'a+/b'],
    ['a lone digit', 'AAAAA'],
    ['bits past the end', 'AB'],
    ['white space', 'AA A'],
    ['letters beyond ASCII', 'AAAé'],
    ['a character outside the table', 'AAA\u{1F600}'],
  ])('does not take %s', (_what, text) => {
    expect(fromBase64url(text)).toBeNull()
  })
})
