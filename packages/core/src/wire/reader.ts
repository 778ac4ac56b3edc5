// Reads what Writer wrote. A read past the end marks the reader as failed and returns zeros; whoever decodes asks `done`
// once at the end, so that no decoder has to check every field and none can throw.

import { toHex } from './bytes.ts'

const NOTHING = new Uint8Array(0)

export class Reader {
  readonly #bytes: Uint8Array
  #offset: number
  #failed = false

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes
    this.#offset = offset
  }

  u8(): number {
    if (this.#offset >= this.#bytes.length) return this.fail()
    return this.#bytes[this.#offset++] as number
  }

  u16(): number {
    return this.u8() * 0x100 + this.u8()
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16()
  }

  /** Fails above 2^53 - 1. */
  u53(): number {
    const high = this.u32()
    const low = this.u32()
    return high > 0x1f_ffff ? this.fail() : high * 0x1_0000_0000 + low
  }

  /** A view into the input, not a copy. Fails where `length` is more than `max`. */
  raw(length: number, max = length): Uint8Array {
    const end = this.#offset + length
    if (length > max || end > this.#bytes.length) {
      this.fail()
      return NOTHING
    }
    const bytes = this.#bytes.subarray(this.#offset, end)
    this.#offset = end
    return bytes
  }

  hex(length: number): string {
    const start = this.#offset
    const end = start + length
    if (end > this.#bytes.length) {
      this.fail()
      return ''
    }
    this.#offset = end
    return toHex(this.#bytes, start, end)
  }

  get left(): number {
    return this.#bytes.length - this.#offset
  }

  get failed(): boolean {
    return this.#failed
  }

  /** Whether every byte was read and none was missing. */
  get done(): boolean {
    return !this.#failed && this.#offset === this.#bytes.length
  }

  /** Marks the input as malformed. */
  fail(): 0 {
    this.#failed = true
    this.#offset = this.#bytes.length
    return 0
  }
}
