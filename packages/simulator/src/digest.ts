// A fast 64-bit hash of words, bytes and text. It tells runs apart and stands in for cryptography; it withstands nobody
// who wants a collision.

/** Multipliers and rotations of MurmurHash3 (Appleby, 2011; public domain), and of Fibonacci hashing (Knuth, 6.4). */
const MURMUR_C1 = 0xcc9e2d51
const MURMUR_C2 = 0x1b873593
const MURMUR_STEP = 0xe6546b64
const GOLDEN = 0x9e3779b1

/** Two lanes, each a bijection of its state for a given word: one changed word always changes the result. */
export class Digest {
  #a: number
  #b: number

  constructor(key = 0) {
    this.#a = key | 0
    this.#b = ~key
  }

  word(value: number): void {
    this.#a = murmurStep(this.#a, value)
    this.#b = goldenStep(this.#b, value)
  }

  /** Any double; equal numbers give equal words. */
  number(value: number): void {
    if ((value | 0) === value) return this.word(value)
    scratchDouble[0] = value
    this.word(scratchWords[0] as number)
    this.word(scratchWords[1] as number)
  }

  /** The length, then the bytes, four to a word. */
  bytes(bytes: Uint8Array): void {
    this.word(bytes.length)
    let a = this.#a
    let b = this.#b
    const whole = bytes.length & ~3
    for (let i = 0; i < whole; i += 4) {
      const word =
        (bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24)
      a = murmurStep(a, word)
      b = goldenStep(b, word)
    }
    this.#a = a
    this.#b = b
    for (let i = whole; i < bytes.length; i++) this.word(bytes[i] as number)
  }

  /** The length, then the UTF-16 units. */
  text(text: string): void {
    this.word(text.length)
    for (let i = 0; i < text.length; i++) this.word(text.charCodeAt(i))
  }

  /** The hash so far, as two words; more may follow. */
  words(): [number, number] {
    const a = finish(this.#a)
    const b = finish(this.#b)
    return [finish(a ^ Math.imul(b, MURMUR_C1)) >>> 0, finish(b ^ Math.imul(a, MURMUR_C2)) >>> 0]
  }

  /** The hash so far, as 16 hexadecimal digits. */
  hex(): string {
    return this.words()
      .map((word) => word.toString(16).padStart(8, '0'))
      .join('')
  }
}

const scratchDouble = new Float64Array(1)
const scratchWords = new Uint32Array(scratchDouble.buffer)

function murmurStep(state: number, word: number): number {
  let k = Math.imul(word, MURMUR_C1)
  k = (k << 15) | (k >>> 17)
  const mixed = state ^ Math.imul(k, MURMUR_C2)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + MURMUR_STEP) | 0
}

function goldenStep(state: number, word: number): number {
  return Math.imul(((state << 7) | (state >>> 25)) ^ word, GOLDEN)
}

/** MurmurHash3's finalizer: every bit of the input reaches every bit of the output. */
function finish(word: number): number {
  let h = word ^ (word >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}
