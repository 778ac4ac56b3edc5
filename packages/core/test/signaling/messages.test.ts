import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ClientMessage,
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
  INTRODUCED_MAX,
  isPermanent,
  joinBytes,
  LINKS_SAID_MAX,
  makeContact,
  NONCE_BYTES,
  type PeerId,
  type ServerMessage,
  SIGNAL_BYTES_MAX,
  SIGNALING_ERRORS,
  SIGNALING_MESSAGE_BYTES_MAX,
  WANTED_MAX,
} from '../../src/signaling/index.ts'

const SEED = 1
const ada = makeContact(filled(32, 1), filled(32, 2), filled(8, 3))
const network = '0123456789abcdef'.repeat(2)
const wanted = { random: 4, close: 4 }
const signature = filled(64, 4)
const longest = filled(SIGNAL_BYTES_MAX, 5)

const clientMessages: readonly ClientMessage[] = [
  { type: 'join', version: 1, network, contact: ada, signature, links: 0, wanted },
  { type: 'introduce', random: WANTED_MAX, close: 0 },
  { type: 'signal', to: ada.id, data: longest },
  { type: 'meshed', links: LINKS_SAID_MAX },
]
const serverMessages: readonly ServerMessage[] = [
  { type: 'challenge', versions: { min: 1, max: 1 }, nonce: filled(NONCE_BYTES, 6) },
  { type: 'welcome', stay: true, checkInMs: 300_000, online: 1 },
  { type: 'introduced', contacts: Array(INTRODUCED_MAX).fill(ada) },
  { type: 'signal', from: ada, data: longest },
  { type: 'undeliverable', to: ada.id },
  { type: 'release', checkInMs: 300_000 },
  { type: 'stay' },
  ...SIGNALING_ERRORS.map((code) => ({ type: 'error' as const, code, message: 'why' })),
]

/** Every text that either side may send, with the decoder of whoever gets it. */
const texts = [
  ...clientMessages.map((message) => ({ json: encodeClientMessage(message), decode: decodeClientMessage })),
  ...serverMessages.map((message) => ({ json: encodeServerMessage(message), decode: decodeServerMessage })),
]

describe('[SG-2] messages', () => {
  test.each(clientMessages)('of clients come back: $type', (message) => {
    expect(decodeClientMessage(encodeClientMessage(message))).toEqual(message)
  })

  test.each(serverMessages)('of servers come back: $type', (message) => {
    expect(decodeServerMessage(encodeServerMessage(message))).toEqual(message)
  })

  test('have a form that other implementations can test against', () => {
    expect(encodeClientMessage({ type: 'signal', to: ada.id, data: Uint8Array.of(1, 2, 255) })).toBe(
      `{"type":"signal","to":"${ada.id}","data":"AQL_"}`,
    )
    expect(encodeServerMessage({ type: 'stay' })).toBe('{"type":"stay"}')
  })

  test('[SG-3] the longest of them fit into one message', () => {
    for (const { json } of texts) expect(json.length).toBeLessThanOrEqual(SIGNALING_MESSAGE_BYTES_MAX)
  })

  test('name a contact by its keys alone, so its id cannot be another', () => {
    const decoded = decodeServerMessage(encodeServerMessage({ type: 'signal', from: ada, data: signature }))
    expect(decoded).toMatchObject({ from: { id: ada.id } })
  })

  test('of one side are nothing to the other', () => {
    expect(decodeServerMessage(encodeClientMessage({ type: 'meshed', links: 1 }))).toBeNull()
    expect(decodeClientMessage(encodeServerMessage({ type: 'stay' }))).toBeNull()
  })
})

describe('[SG-2] malformed messages decode to null', () => {
  const good = JSON.parse(encodeClientMessage(clientMessages[0] as ClientMessage))

  test.each<[string, object]>([
    ['a further field', { extra: 1 }],
    ['a network in capitals', { network: network.toUpperCase() }],
    ['a network of 31 digits', { network: network.slice(1) }],
    ['a version of 0', { version: 0 }],
    ['a version as text', { version: '1' }],
    ['a broken number', { links: 1.5 }],
    ['a negative number', { links: -1 }],
    ['too many links', { links: LINKS_SAID_MAX + 1 }],
    ['wanted beyond the bound', { wanted: { random: WANTED_MAX + 1, close: 0 } }],
    ['wanted with a further field', { wanted: { ...wanted, all: true } }],
    ['wanted as a list', { wanted: [4, 4] }],
    ['wanted as null', { wanted: null }],
    ['a short signature', { signature: 'AAAA' }],
    ['a contact of 73 bytes', { contact: 'A'.repeat(98) }],
    ['another type', { type: 'leave' }],
    ['a type of every object', { type: 'constructor' }],
    ['a type that is no text', { type: ['join'] }],
  ])('%s', (_what, change) => {
    expect(decodeClientMessage(JSON.stringify({ ...good, ...change }))).toBeNull()
  })

  test.each(Object.keys(good))('without %s', (name) => {
    const { [name]: _, ...rest } = good
    expect(decodeClientMessage(JSON.stringify(rest))).toBeNull()
  })

  test.each(['', 'null', '[]', '1', '"join"', '{', '{"type":"meshed","links":1}}', '{"links":1}', '\u0000'])(
    'the text %j',
    (json) => {
      expect(decodeClientMessage(json)).toBeNull()
      expect(decodeServerMessage(json)).toBeNull()
    },
  )

  test('a field under __proto__', () => {
    expect(decodeClientMessage('{"type":"meshed","__proto__":{"links":1}}')).toBeNull()
  })

  test('[SG-3] a text past the bound, even of white space', () => {
    const json = encodeClientMessage({ type: 'meshed', links: 1 })
    expect(decodeClientMessage(json + ' '.repeat(SIGNALING_MESSAGE_BYTES_MAX))).toBeNull()
  })

  test('[SG-3] an empty signal, one byte too many, and one contact too many', () => {
    for (const data of [new Uint8Array(0), filled(SIGNAL_BYTES_MAX + 1, 0)])
      expect(decodeClientMessage(encodeClientMessage({ type: 'signal', to: ada.id, data }))).toBeNull()
    const contacts = Array(INTRODUCED_MAX + 1).fill(ada)
    expect(decodeServerMessage(encodeServerMessage({ type: 'introduced', contacts }))).toBeNull()
  })

  test('an id of another length', () => {
    const to = ada.id.slice(2) as PeerId
    expect(decodeClientMessage(encodeClientMessage({ type: 'signal', to, data: signature }))).toBeNull()
  })
})

describe('[SG-2] whatever comes in, decoding does not throw', () => {
  test('any text and any JSON', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (json) => {
        decodeClientMessage(json)
        decodeServerMessage(json)
      }),
      { seed: SEED, numRuns: 2_000 },
    )
  })

  test('objects of the right type with arbitrary values', () => {
    const type = fc.constantFrom(...clientMessages, ...serverMessages).map((message) => message.type)
    const values = fc.dictionary(
      fc.constantFrom('to', 'data', 'links', 'contacts', 'from', 'code'),
      fc.anything(),
    )
    fc.assert(
      fc.property(type, values, (name, object) => {
        const json = JSON.stringify({ ...object, type: name }, (_key, value) =>
          typeof value === 'bigint' ? String(value) : value,
        )
        decodeClientMessage(json)
        decodeServerMessage(json)
      }),
      { seed: SEED, numRuns: 2_000 },
    )
  })

  test('a message with one character changed decodes to null or to a message that encodes to the same text', () => {
    let decodedCount = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1 }),
        (text, at, by) => {
          const index = at % text.json.length
          const changed = text.json.slice(0, index) + by + text.json.slice(index + 1)
          const decoded = text.decode(changed)
          if (decoded === null) return
          decodedCount++
          const encode = text.decode === decodeClientMessage ? encodeClientMessage : encodeServerMessage
          expect(JSON.parse(encode(decoded as never))).toEqual(JSON.parse(changed))
        },
      ),
      { seed: SEED, numRuns: 5_000 },
    )
    // Many changes only touch the digits of long values: the property is not met by refusing everything.
    expect(decodedCount).toBeGreaterThan(500)
  })
})

test('[SG-5] a join signs domain, nonce and network id', () => {
  const bytes = joinBytes(filled(NONCE_BYTES, 7), network)
  const expected = Buffer.concat([
    Buffer.from('hyphae signaling join 1'),
    Buffer.alloc(NONCE_BYTES, 7),
    Buffer.from(network, 'hex'),
  ])
  expect(Buffer.from(bytes).equals(expected)).toBe(true)
})

test('[SG-12] every error is permanent or passing', () => {
  expect(SIGNALING_ERRORS.filter(isPermanent)).toEqual([
    'version-mismatch',
    'malformed',
    'unexpected',
    'bad-proof',
    'bad-work',
    'bad-origin',
    'superseded',
  ])
})

function filled(length: number, byte: number): Uint8Array {
  return new Uint8Array(length).fill(byte)
}
