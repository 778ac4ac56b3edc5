import { describe, expect, test } from 'vitest'
import { typedValue } from './typed-value.ts'

describe('a value that is typed', () => {
  test.each([
    ['{"a":[1,-2.5,true,null]}', { a: [1, -2.5, true, null] }],
    ['42', 42],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['1.10', 1.1],
    ['6.02e23', 6.02e23],
    ['"quoted"', 'quoted'],
    ['{"id":"12345678901234567890"}', { id: '12345678901234567890' }],
    ['"a \\" 12345678901234567890"', 'a " 12345678901234567890'],
  ])('is JSON where it is JSON: %s', (text, value) => {
    expect(typedValue(text)).toEqual(value)
  })

  test.each(['', 'hello', '{"a":', '007', '0x10'])('is the text where it is not: %s', (text) => {
    expect(typedValue(text)).toBe(text)
  })

  test.each(['12345678901234567890', '{"id":12345678901234567890}', '1e400', '[0.12345678901234567]'])(
    'is the text where a number would become another: %s',
    (text) => {
      expect(typedValue(text)).toBe(text)
    },
  )
})
