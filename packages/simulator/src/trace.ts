// The fingerprint of a run: a hash over time, peer and every byte of every input, in order. Two runs with the same
// fingerprint did the same.

import type { Input } from '@hyphae/core'
import { Digest } from './digest.ts'

export class Trace {
  readonly #digest = new Digest()
  #inputs = 0

  /** Inputs so far. */
  get inputs(): number {
    return this.#inputs
  }

  /** 16 hexadecimal digits. */
  hex(): string {
    return this.#digest.hex()
  }

  /** `time` in milliseconds since the run began; `peer` by its number. */
  input(time: number, peer: number, input: Input): void {
    const digest = this.#digest
    this.#inputs += 1
    digest.word(time)
    digest.word(peer)
    digest.text(input.type)
    // What comes most often is written out; the rest is walked.
    if (input.type === 'link-received') {
      digest.word(input.link)
      digest.text(input.channel)
      digest.bytes(input.bytes)
    } else if (input.type !== 'wake') this.#fields(input)
  }

  #fields(value: object): void {
    for (const [name, field] of Object.entries(value)) {
      this.#digest.text(name)
      this.#value(field)
    }
  }

  /** Type first, so that `1`, `'1'` and `[1]` differ. Objects in the order of their fields. */
  #value(value: unknown): void {
    const digest = this.#digest
    if (value instanceof Uint8Array) {
      digest.word(TAGS.bytes)
      digest.bytes(value)
    } else if (Array.isArray(value)) {
      digest.word(TAGS.array)
      digest.word(value.length)
      for (const item of value) this.#value(item)
    } else if (typeof value === 'object' && value !== null) {
      digest.word(TAGS.object)
      this.#fields(value)
      digest.word(TAGS.end)
    } else this.#primitive(value)
  }

  #primitive(value: unknown): void {
    const digest = this.#digest
    if (typeof value === 'number') {
      digest.word(TAGS.number)
      digest.number(value)
    } else {
      digest.word(TAGS.text)
      digest.text(String(value))
    }
  }
}

const TAGS = { bytes: 1, array: 2, object: 3, end: 4, number: 5, text: 6 } as const
