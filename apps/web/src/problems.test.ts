import { HyphaeError } from 'hyphae'
import { describe, expect, test } from 'vitest'
import { areServersSilent, lastingProblems, withProblem } from './problems.ts'

const down = new HyphaeError('SIGNALING_FAILED', 'ws://a/signal: The server cannot be reached.')
const full = new HyphaeError('STORAGE_FULL', 'no room')

describe('problems', () => {
  test('are shown once, the newest last, and not more than a few', () => {
    const shown = [down, full, down].reduce(withProblem, [])
    expect(shown.map(({ code }) => code)).toEqual(['STORAGE_FULL', 'SIGNALING_FAILED'])
    const many = Array.from({ length: 9 }, (_, index) => new HyphaeError('STORAGE_FAILED', String(index)))
    expect(many.reduce(withProblem, []).map(({ message }) => message)).toEqual(['4', '5', '6', '7', '8'])
  })

  test('of a server are over when it answers again, others stay', () => {
    const shown = [down, full].reduce(withProblem, [])
    const servers = (state: string) => [
      { url: 'ws://a/signal', state },
      { url: 'tabs', state: 'up' },
    ]
    expect(lastingProblems(shown, servers('up'))).toEqual([{ code: 'STORAGE_FULL', message: 'no room' }])
    expect(lastingProblems(shown, servers('down'))).toBe(shown)
    expect(lastingProblems(shown, [])).toBe(shown)
  })
})

test('servers are silent where none of them answers, whatever the tabs of this browser do', () => {
  const introducers = (...states: string[]) => [
    ...states.map((state, index) => ({ url: `ws://${index}/signal`, state })),
    { url: 'tabs', state: 'up' },
  ]
  expect(areServersSilent(introducers('down'))).toBe(true)
  expect(areServersSilent(introducers('down', 'refused'))).toBe(true)
  expect(areServersSilent(introducers('down', 'up'))).toBe(false)
  expect(areServersSilent(introducers('connecting', 'down'))).toBe(false)
  expect(areServersSilent(introducers())).toBe(false)
})
