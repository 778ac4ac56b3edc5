import { expect, test } from 'vitest'
import { crc32 } from '../src/crc32.ts'

const text = (value: string) => new TextEncoder().encode(value)

test('has the check value of ISO 3309', () => {
  expect(crc32(text('123456789'))).toBe(0xcbf43926)
  expect(crc32(text(''))).toBe(0)
})

test('goes on where it stopped', () => {
  expect(crc32(text('6789'), crc32(text('12345')))).toBe(0xcbf43926)
})

test('notices every single flipped bit of a record', () => {
  const bytes = new Uint8Array(64).map((_, i) => i * 7)
  const checksum = crc32(bytes)
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.with(bit >> 3, (bytes[bit >> 3] as number) ^ (1 << (bit & 7)))
    expect(crc32(changed)).not.toBe(checksum)
  }
})
