import { describe, expect, test } from 'vitest'
import { ReadingPlace } from './reading-place.ts'

/** A list of 350 pixels that shows what begins `top` pixels down in 3,000. */
const at = (top: number) => ({ scrollTop: top, clientHeight: 350, scrollHeight: 3_000 })
const END = 2_650

describe('the place in a list of messages', () => {
  test('is its end, until the reader scrolls up, and again where they scroll down', () => {
    const place = new ReadingPlace('me')
    expect(place.shows({ id: '1', from: 'ada' })).toBe('end')
    expect(place.shows({ id: '2', from: 'ada' })).toBe('end')
    place.scrolled(at(500))
    expect(place.shows({ id: '3', from: 'ada' })).toBeNull()
    place.scrolled(at(END - 30))
    expect(place.shows({ id: '4', from: 'ada' })).toBe('end')
  })

  test('is what we say ourselves, once', () => {
    const place = new ReadingPlace('me')
    place.scrolled(at(500))
    expect(place.shows({ id: '1', from: 'me' })).toBe('end')
    place.scrolled(at(500))
    expect(place.shows({ id: '2', from: 'ada' })).toBeNull()
  })

  test('is where it was when the list comes back, whoever said the last', () => {
    for (const from of ['me', 'ada']) {
      const place = new ReadingPlace('me')
      place.shows({ id: '1', from })
      place.scrolled(at(500))
      expect(place.shows({ id: '1', from })).toBe(500)
      place.scrolled(at(END))
      expect(place.shows({ id: '1', from })).toBe('end')
    }
  })

  test('is behind where somebody said something that is not shown, until the reader comes to the end', () => {
    const place = new ReadingPlace('me')
    place.shows({ id: '1', from: 'ada' })
    place.scrolled(at(500))
    expect(place.isBehind).toBe(false)
    place.shows({ id: '2', from: 'ada' })
    expect(place.isBehind).toBe(true)
    place.scrolled(at(900))
    place.shows({ id: '2', from: 'ada' })
    expect(place.isBehind).toBe(true)
    place.scrolled(at(END))
    expect(place.isBehind).toBe(false)
    place.scrolled(at(500))
    place.shows({ id: '3', from: 'me' })
    expect(place.isBehind).toBe(false)
  })

  test('is not changed while the list is hidden', () => {
    const place = new ReadingPlace('me')
    place.shows({ id: '1', from: 'ada' })
    place.scrolled(at(500))
    place.scrolled({ scrollTop: 0, clientHeight: 0, scrollHeight: 0 })
    expect(place.shows({ id: '1', from: 'ada' })).toBe(500)
  })
})
