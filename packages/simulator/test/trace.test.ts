import type { Input } from '@hyphae/core'
import { describe, expect, test } from 'vitest'
import { Digest } from '../src/digest.ts'
import { Trace } from '../src/trace.ts'

const received = (bytes: Uint8Array): Input => ({ type: 'link-received', link: 1, channel: 'control', bytes })

function hashOf(...inputs: readonly [time: number, peer: number, input: Input][]): string {
  const trace = new Trace()
  for (const [time, peer, input] of inputs) trace.input(time, peer, input)
  return trace.hex()
}

describe('trace', () => {
  test('one changed byte, whichever it is, changes the hash', () => {
    const bytes = Uint8Array.from({ length: 23 }, (_, index) => index)
    const hashes = new Set([hashOf([0, 0, received(bytes)])])
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice()
      changed[i]! ^= 1 << (i % 8)
      hashes.add(hashOf([0, 0, received(changed)]))
    }
    expect(hashes.size).toBe(bytes.length + 1)
  })

  test('time, peer, order and lengths count', () => {
    const input = received(Uint8Array.of(1, 2))
    const wake: Input = { type: 'wake' }
    const hashes = [
      hashOf([0, 0, input]),
      hashOf([1, 0, input]),
      hashOf([0, 1, input]),
      hashOf([0, 0, input], [0, 0, wake]),
      hashOf([0, 0, wake], [0, 0, input]),
      hashOf([0, 0, received(Uint8Array.of(1, 2, 0))]),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  test('every field of every input counts, however deep', () => {
    const contacts = (salt: number): Input => ({
      type: 'introduced',
      source: 'a',
      contacts: [
        {
          id: 'x' as never,
          signingKey: new Uint8Array(32),
          exchangeKey: new Uint8Array(32),
          salt: Uint8Array.of(salt),
        },
      ],
    })
    const hashes = [
      hashOf([0, 0, contacts(1)]),
      hashOf([0, 0, contacts(2)]),
      hashOf([0, 0, { type: 'job-done', job: 1, result: { type: 'verified', valid: true } }]),
      hashOf([0, 0, { type: 'job-done', job: 1, result: { type: 'verified', valid: false } }]),
      hashOf([0, 0, { type: 'job-done', job: 2 ** 40, result: { type: 'verified', valid: false } }]),
      hashOf([0, 0, { type: 'job-done', job: 1, result: { type: 'loaded', record: null } }]),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  test('the digest tells a million words apart', () => {
    const seen = new Set<string>()
    for (let i = 0; i < 1_000_000; i += 7) {
      const digest = new Digest()
      digest.word(i)
      seen.add(digest.hex())
    }
    expect(seen.size).toBe(Math.ceil(1_000_000 / 7))
  })
})
