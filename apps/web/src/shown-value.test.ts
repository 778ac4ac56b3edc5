import { describe, expect, test } from 'vitest'
import { shownValue } from './shown-value.ts'

describe('a value of the store', () => {
  test('is text as it is, and JSON in lines', () => {
    expect(shownValue(' 42 ')).toEqual({ kind: 'text', text: ' 42 ' })
    expect(shownValue(42)).toEqual({ kind: 'JSON', text: '42' })
    expect(shownValue(null)).toEqual({ kind: 'JSON', text: 'null' })
    expect(shownValue({ a: ['x'] })).toEqual({ kind: 'JSON', text: '{\n  "a": [\n    "x"\n  ]\n}' })
  })

  test('is said to be empty where it is', () => {
    expect(shownValue('')).toEqual({ kind: 'empty text', text: '' })
    expect(shownValue(new Uint8Array())).toEqual({ kind: '0 bytes', text: '' })
  })

  test('is shown byte by byte where it is binary, and not more of it than fits a page', () => {
    expect(shownValue(Uint8Array.of(0, 10, 255))).toEqual({ kind: '3 bytes', text: '00 0a ff' })
    expect(shownValue(Uint8Array.of(7)).kind).toBe('1 byte')
    const { kind, text } = shownValue(new Uint8Array(8_000))
    expect(kind).toBe('8000 bytes')
    expect(text).toBe(`${'00 '.repeat(256)}…`)
  })
})
