import { describe, expect, test } from 'vitest'
import { derivePeerId, hasWork, workTester } from '../../src/identity/peer-id.ts'

const signingKey = new Uint8Array(32).fill(1)
const exchangeKey = new Uint8Array(32).fill(2)

describe('[ID-2] the work of an id', () => {
  test.each([0, 1, 4, 7])(
    'of %i bits is found by the tester for exactly the salts that have it',
    (workBits) => {
      const isWorked = workTester(signingKey, exchangeKey, workBits)
      const salts = Array.from({ length: 512 }, (_, i) => Uint8Array.of(i, i >> 8, 0, 0, 0, 0, 0, 9))
      const expected = salts.map((salt) => hasWork(derivePeerId(signingKey, exchangeKey, salt), workBits))
      expect(salts.map(isWorked)).toEqual(expected)
      expect(expected.filter(Boolean).length).toBeGreaterThan(0)
    },
  )
})
