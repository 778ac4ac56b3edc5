import { expect, it } from 'vitest'
import { decodeValue, encodeValue } from '../src/values.ts'

const bytes = Uint8Array.of(1, 2)

it.each([null, 0, 'text', true, [1, [2]], { a: { b: [] } }, bytes, new Uint8Array(0)])(
  'a value comes back as it was: %j',
  (value) => {
    expect(decodeValue(encodeValue(value))).toEqual({ ok: true, value })
  },
)

it('who says itself how JSON says it is asked', () => {
  const value = { at: new Date(0), left: undefined, size: { toJSON: () => 3 } }
  expect(decodeValue(encodeValue(value))).toEqual({
    ok: true,
    value: { at: '1970-01-01T00:00:00.000Z', size: 3 },
  })
})

it.each([
  ['Uint8Array', { name: 'a.png', bytes }],
  ['Float32Array', new Float32Array(2)],
  ['ArrayBuffer', bytes.buffer],
  ['Blob', [new Blob(['x'])]],
  ['Map', new Map([[1, 2]])],
  ['Set', { members: new Set([1]) }],
  ['Promise', Promise.resolve(1)],
  ['Error', new Error('lost')],
  ['undefined', undefined],
  ['function', () => 1],
])('what JSON would make nothing of is refused, and not sent as nothing: %s', (kind, value) => {
  expect(() => encodeValue(value)).toThrow(
    new TypeError(`a value must be bytes or something JSON can say, got ${kind}`),
  )
})
