import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkScripts, replay, type Stage } from './script.ts'

interface Step {
  readonly do: 'add'
  readonly number: number
}

const step = fc.record({ do: fc.constant('add' as const), number: fc.integer({ min: 0, max: 50 }) })

/** Adds numbers up, and is wrong above 60. */
function newSum(): Stage<Step> {
  let sum = 0
  return {
    perform: ({ number }) => {
      sum += number
      return [{ type: 'sum', sum }]
    },
    problems: () => (sum > 60 ? [`the sum is ${sum}`] : []),
  }
}

describe('random scripts', () => {
  const failure = (newStage: () => Stage<Step>): string => {
    try {
      checkScripts({ step, newStage, runs: 200, steps: 20 })
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }

  test('a failure says the seed and the shortest script that fails, which can be pasted', () => {
    const message = failure(newSum)
    expect(message).toContain('the sum is 61')
    expect(message).toMatch(/HYPHAE_SEED=-?\d+ HYPHAE_RUNS=\d+/)
    const script = JSON.parse(message.slice(message.lastIndexOf('\n[')).replace(/,\n\]/, ']')) as Step[]
    expect(script.reduce((sum, { number }) => sum + number, 0)).toBe(61)
    expect(script.length).toBeLessThan(6)
    expect(() => replay(newSum, script)).toThrow('the sum is 61')
  })

  test('a machine that does something else the second time is found', () => {
    let plays = 0
    expect(failure(() => ({ perform: () => [plays++], problems: () => [] }))).toContain('other effects')
  })

  test('what is right passes', () => {
    expect(failure(() => ({ perform: () => [], problems: () => [] }))).toBe('')
  })
})
