// All chance of a run comes from one seed. Streams are forked by name, not drawn from one another, so that one more
// number used here changes nothing there.

import type { Random } from '@hyphae/core'
import { Digest } from './digest.ts'

/** Numbers thrown away after seeding, so that similar seeds part (as PractRand does for sfc32). */
const WARM_UP = 15

/** sfc32, "small fast counting", by Chris Doty-Humphrey (PractRand): 128 bits of state, among them a counter. */
export class SeededRandom implements Random {
  readonly #name: Digest
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** The same seed and labels give the same numbers. */
  constructor(seed: number, ...labels: readonly (string | number)[]) {
    this.#name = new Digest(GENERATOR)
    this.#name.number(seed)
    for (const label of labels) this.#name.text(String(label))
    const [a, b] = this.#name.words()
    this.#a = a
    this.#b = b
    this.#c = seed | 0
    for (let i = 0; i < WARM_UP; i++) this.u32()
  }

  /** An independent stream: the same for the same label, however many numbers were drawn here. */
  fork(...labels: readonly (string | number)[]): SeededRandom {
    const [a, b] = this.#name.words()
    return new SeededRandom(a * 0x20_0000 + (b >>> 11), ...labels)
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i += 4) {
      const word = this.u32()
      for (let k = 0; k < 4 && i + k < length; k++) bytes[i + k] = word >>> (8 * k)
    }
    return bytes
  }

  /** From 0 up to, not including, 1. */
  share(): number {
    return this.u32() / 0x1_0000_0000
  }

  /** An integer from 0 up to, not including, `bound`. */
  below(bound: number): number {
    return Math.floor(this.share() * bound)
  }

  /** One of the items. Throws a RangeError where there is none. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('items has at least one; got none')
    return items[this.below(items.length)] as T
  }

  /** Up to `count` different items, in random order. */
  sample<T>(items: readonly T[], count: number): T[] {
    const pool = [...items]
    const taken = Math.min(count, pool.length)
    for (let i = 0; i < taken; i++) {
      const j = i + this.below(pool.length - i)
      const item = pool[i] as T
      pool[i] = pool[j] as T
      pool[j] = item
    }
    return pool.slice(0, taken)
  }
}

/** Tells these streams from other uses of the digest. */
const GENERATOR = 0x5fc32
