// CRC-32 as in zip and PNG (ISO 3309, polynomial 0xEDB88320): finds what a disk damages. Forgery is found by signatures.

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++)
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1
  return remainder
})

/** 32 bits without a sign; `before` is the checksum of the bytes that these follow. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let remainder = ~before
  for (let i = 0; i < bytes.length; i++) {
    remainder = (remainder >>> 8) ^ (TABLE[(remainder ^ (bytes[i] as number)) & 0xff] as number)
  }
  return ~remainder >>> 0
}
