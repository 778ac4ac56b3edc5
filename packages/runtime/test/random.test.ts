import { expect, test } from 'vitest'
import { secureRandom } from '../src/random.ts'

test('numbers are 32 bits without a sign, and go on past the buffer', () => {
  const random = secureRandom()
  const numbers = Array.from({ length: 1_000 }, () => random.u32())
  expect(numbers.every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 32)).toBe(true)
  // Two equal ones among 1,000 have a chance of 1 in 8,600; three fewer, of less than 1 in 10^11.
  expect(new Set(numbers).size).toBeGreaterThan(997)
})

test('bytes come in any length, beyond what one call of the platform gives', () => {
  const bytes = secureRandom().bytes(200_000)
  expect(bytes.length).toBe(200_000)
  for (const from of [0, 65_536, 131_072, 196_608]) {
    expect(bytes.subarray(from, from + 32).some((byte) => byte !== 0)).toBe(true)
  }
})
