import { describe, expect, test } from 'vitest'
import { chatMessageOf, chatPayloadOf, NAME_MAX, TEXT_MAX } from './chat-message.ts'

const NOW = 1_000
const received = (data: unknown) => chatMessageOf({ id: 'm1', from: 'ada', hops: 2, data }, NOW)

describe('a message of a topic', () => {
  test('is shown as it was said', () => {
    expect(received({ name: 'Ada', text: 'hello', at: 500 })).toEqual({
      id: 'm1',
      from: 'ada',
      hops: 2,
      name: 'Ada',
      text: 'hello',
      at: 500,
    })
  })

  test.each([
    null,
    5,
    'text',
    [],
    {},
    new Uint8Array(2),
    { text: 7 },
    { text: '' },
    { text: ' \n ' },
    { text: { toString: 1 } },
  ])('is left out where it is none: %j', (data) => {
    expect(received(data)).toBeNull()
  })

  test('has no name but one that is text', () => {
    expect(received({ text: 'hello' })?.name).toBe('')
    expect(received({ text: 'hello', name: { toString: 1 } })?.name).toBe('')
    expect(received({ text: 'hello', name: ' \n ' })?.name).toBe('')
  })

  test.each([undefined, 'yesterday', null, 1e300, Number.NaN])(
    'has the time it came where it says %j',
    (at) => {
      expect(received({ text: 'hello', at })?.at).toBe(NOW)
    },
  )

  test('was not said later than it came: a clock that is ahead does not count', () => {
    expect(received({ text: 'hello', at: NOW })?.at).toBe(NOW)
    expect(received({ text: 'hello', at: NOW + 1 })?.at).toBe(NOW)
  })

  test('is cut where it is longer than anybody can type', () => {
    const message = received({ name: 'N'.repeat(5_000), text: 't'.repeat(9_000) })
    expect(message?.name).toHaveLength(NAME_MAX)
    expect(message?.text).toHaveLength(TEXT_MAX)
  })

  test('is not cut through a character', () => {
    expect(received({ text: `x${'🌱'.repeat(TEXT_MAX)}` })?.text).toBe(`x${'🌱'.repeat(TEXT_MAX / 2 - 1)}`)
  })
})

test('what is said is sent whole, or not at all', () => {
  expect(chatPayloadOf('Ada', 'hello', NOW)).toEqual({ name: 'Ada', text: 'hello', at: NOW })
  expect(chatPayloadOf('', 't'.repeat(TEXT_MAX), NOW).text).toHaveLength(TEXT_MAX)
  expect(() => chatPayloadOf('', 't'.repeat(TEXT_MAX + 1), NOW)).toThrow(
    new RangeError('A message has at most 2000 characters, this one has 2001'),
  )
})
