// Bytes and text without DOM or Node: core compiles against the language alone.

const HEX_DIGITS: readonly number[] = [...'0123456789abcdef'].map((digit) => digit.charCodeAt(0))
/** Bytes turned into text at once: a call takes a limited number of arguments. */
const HEX_AT_ONCE = 4_096

/** Lower-case hexadecimal digits of `bytes` from `start` up to `end`. */
export function toHex(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start > HEX_AT_ONCE) {
    const middle = start + HEX_AT_ONCE
    return toHex(bytes, start, middle) + toHex(bytes, middle, end)
  }
  // One flat string: a sum of pairs is a tree of strings, which every table that it is looked up in has to flatten.
  const digits: number[] = new Array((end - start) * 2)
  for (let i = start, at = 0; i < end; i++) {
    const byte = bytes[i] as number
    digits[at++] = HEX_DIGITS[byte >> 4] as number
    digits[at++] = HEX_DIGITS[byte & 15] as number
  }
  return String.fromCharCode.apply(null, digits)
}

/** Bytes of lower-case hexadecimal digits. The caller has checked the text. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1)
  for (let i = 0; i < bytes.length; i++) bytes[i] = hexByte(text, i)
  return bytes
}

/** Byte number `index` of hexadecimal digits. */
export function hexByte(text: string, index: number): number {
  return (hexDigit(text, index * 2) << 4) | hexDigit(text, index * 2 + 1)
}

/** Value of the hexadecimal digit at `index`. */
export function hexDigit(text: string, index: number): number {
  return digitOf(text.charCodeAt(index))
}

/** Value of a hexadecimal digit by its code: '0' is 48 and 'a' is 97. */
export function digitOf(code: number): number {
  return code < 58 ? code - 48 : code - 87
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** UTF-8 of a string (RFC 3629). A lone surrogate becomes U+FFFD, as in TextEncoder. */
export function utf8(text: string): Uint8Array {
  const bytes: number[] = []
  for (const character of text) {
    const code = character.codePointAt(0) as number
    pushCodePoint(bytes, code >= 0xd800 && code <= 0xdfff ? 0xfffd : code)
  }
  return Uint8Array.from(bytes)
}

function pushCodePoint(bytes: number[], code: number): void {
  if (code < 0x80) bytes.push(code)
  else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f))
  else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
  else
    bytes.push(
      0xf0 | (code >> 18),
      0x80 | ((code >> 12) & 0x3f),
      0x80 | ((code >> 6) & 0x3f),
      0x80 | (code & 0x3f),
    )
}

/** Text of UTF-8 bytes, or null where they are not valid (overlong forms and surrogates included). */
export function fromUtf8(bytes: Uint8Array): string | null {
  let text = ''
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i++] as number
    const more =
      first < 0x80
        ? 0
        : first >= 0xc2 && first < 0xe0
          ? 1
          : first >= 0xe0 && first < 0xf0
            ? 2
            : first >= 0xf0 && first < 0xf5
              ? 3
              : -1
    if (more < 0 || i + more > bytes.length) return null
    let code = more === 0 ? first : first & (0x3f >> more)
    for (let k = 0; k < more; k++) {
      const next = bytes[i++] as number
      if ((next & 0xc0) !== 0x80) return null
      code = (code << 6) | (next & 0x3f)
    }
    if (
      (more === 2 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) ||
      (more === 3 && (code < 0x10000 || code > 0x10ffff))
    )
      return null
    text += String.fromCodePoint(code)
  }
  return text
}
