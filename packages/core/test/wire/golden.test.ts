import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/wire/bytes.ts'
import { decodeBulkFrame, decodeFrame, decodeInner, encodeFrame, encodeInner } from '../../src/wire/codec.ts'
import { MESSAGES, type Message, type MessageName } from '../../src/wire/messages.ts'
import { MESSAGE_NAMES, sampleMessage, sequence } from './samples.ts'

/** Bytes and their meaning, for peers in other languages: `UPDATE_VECTORS=1` writes them anew after a change of format. */
const FILE = new URL('../vectors/messages.json', import.meta.url)
const SAMPLES_PER_MESSAGE = 3
const TTL = 7

interface Vector {
  readonly name: string
  readonly layer: string
  readonly bytes: string
  readonly message: unknown
}

function vectors(): Vector[] {
  return MESSAGE_NAMES.flatMap((name) =>
    Array.from({ length: SAMPLES_PER_MESSAGE }, (_, index) => {
      const message = sampleMessage(name, sequence(1 + index * 7_919 + MESSAGES[name].type))
      return { name, layer: MESSAGES[name].layer, bytes: toHex(encode(message)), message: readable(message) }
    }),
  )
}

function encode(message: Message): Uint8Array {
  return MESSAGES[message.type].layer === 'link' ? encodeFrame(message, TTL) : encodeInner(message)
}

/** JSON of a message: bytes as hexadecimal digits. */
function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(readable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, readable(entry)]))
}

function decode(name: MessageName, bytes: Uint8Array): unknown {
  const { layer } = MESSAGES[name]
  if (layer !== 'link') return decodeInner(bytes, layer)
  return (name === 'DATA' ? decodeBulkFrame(bytes) : decodeFrame(bytes))?.message
}

if (process.env['UPDATE_VECTORS'] === '1') writeFileSync(FILE, `${JSON.stringify(vectors(), null, 1)}\n`)
const golden = JSON.parse(readFileSync(FILE, 'utf8')) as Vector[]

describe('golden bytes', () => {
  it('[WR1] every message of the table has vectors, and nothing else has', () => {
    expect([...new Set(golden.map((vector) => vector.name))]).toEqual(MESSAGE_NAMES)
  })

  it.each(MESSAGE_NAMES)('[WR2] %s encodes to its golden bytes', (name) => {
    const mine = vectors().filter((vector) => vector.name === name)
    expect(mine).toEqual(golden.filter((vector) => vector.name === name))
  })

  it.each(MESSAGE_NAMES)('[WR3] %s decodes from its golden bytes to the same message', (name) => {
    for (const vector of golden.filter((entry) => entry.name === name)) {
      const message = decode(name, Uint8Array.from(Buffer.from(vector.bytes, 'hex')))
      expect(readable(message)).toEqual(vector.message)
    }
  })

  it.each(MESSAGE_NAMES)(
    '[WR4] %s is null for every truncation and for one byte too many where its end is fixed',
    (name) => {
      const bytes = encode(sampleMessage(name, sequence(99)))
      const takesTheRest = Object.values(MESSAGES[name].fields).some((field) =>
        field.notation.startsWith('bytes(to the end)'),
      )
      if (takesTheRest) return expect(decode(name, bytes.subarray(0, 3))).toBeFalsy()
      for (let length = 0; length < bytes.length; length++)
        expect(decode(name, bytes.subarray(0, length))).toBeFalsy()
      expect(decode(name, Uint8Array.from([...bytes, 0]))).toBeFalsy()
    },
  )
})
