// Base64url without padding (RFC 4648, section 5): how JSON carries bytes. Written here because core has neither `btoa`
// nor Buffer, and because decoding is strict: equal bytes have exactly one text.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const NOT_A_DIGIT = 255
/** Value of a character by its code. */
const VALUE_BY_CODE = valuesByCode()

/** Characters that this many bytes take. */
export function base64urlLength(byteLength: number): number {
  return Math.ceil((byteLength * 4) / 3)
}

export function toBase64url(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) text += group(bytes, i)
  return text
}

/** The bytes, or null where the text has another character, padding, an impossible length or bits past the end. */
export function fromBase64url(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let bits = 0
  let bitCount = 0
  let offset = 0
  for (let i = 0; i < text.length; i++) {
    const value = VALUE_BY_CODE[text.charCodeAt(i)] ?? NOT_A_DIGIT
    if (value === NOT_A_DIGIT) return null
    bits = ((bits << 6) | value) & 0xffff
    bitCount += 6
    if (bitCount < 8) continue
    bitCount -= 8
    bytes[offset++] = (bits >>> bitCount) & 0xff
  }
  return (bits & ((1 << bitCount) - 1)) === 0 ? bytes : null
}

/** Up to three bytes from `start` as two to four characters. */
function group(bytes: Uint8Array, start: number): string {
  const count = Math.min(3, bytes.length - start)
  const bits = (byteAt(bytes, start) << 16) | (byteAt(bytes, start + 1) << 8) | byteAt(bytes, start + 2)
  let text = ''
  for (let i = 0; i <= count; i++) text += ALPHABET.charAt((bits >>> (18 - 6 * i)) & 63)
  return text
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}

function valuesByCode(): Uint8Array {
  const values = new Uint8Array(128).fill(NOT_A_DIGIT)
  for (let i = 0; i < ALPHABET.length; i++) values[ALPHABET.charCodeAt(i)] = i
  return values
}
