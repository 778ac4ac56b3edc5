import { describe, expect, test } from 'vitest'
import { EventQueue } from '../src/event-queue.ts'
import { SeededRandom } from '../src/random.ts'

describe('event queue', () => {
  test('events come by time, and those of one time in the order they were put in', () => {
    const queue = new EventQueue<string>()
    for (const [at, name] of [
      [5, 'c'],
      [1, 'a'],
      [5, 'd'],
      [3, 'b'],
      [5, 'e'],
    ] as const)
      queue.push(at, name)
    expect(Array.from({ length: 5 }, () => queue.pop()).join('')).toBe('abcde')
  })

  test('ten thousand random events come out as a stable sort has them, also with pops in between', () => {
    const random = new SeededRandom(7, 'queue')
    const queue = new EventQueue<{ at: number; order: number }>()
    const out: { at: number; order: number }[] = []
    let floor = 0
    for (let order = 0; order < 10_000; order++) {
      const at = floor + random.below(50)
      queue.push(at, { at, order })
      if (random.below(3) === 0) {
        floor = queue.nextAt
        out.push(queue.pop())
      }
    }
    while (queue.size > 0) out.push(queue.pop())
    expect(out).toHaveLength(10_000)
    expect(out).toEqual([...out].sort((a, b) => a.at - b.at || a.order - b.order))
  })

  test('an empty queue has nothing next and nothing to take', () => {
    const queue = new EventQueue<string>()
    expect(queue.nextAt).toBe(Number.POSITIVE_INFINITY)
    expect(() => queue.pop()).toThrow(RangeError)
  })
})
