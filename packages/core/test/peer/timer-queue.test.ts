import { describe, expect, it } from 'vitest'
import { TimerQueue } from '../../src/peer/timer-queue.ts'
import { SeededRandom } from '../gossip/seeded.ts'

describe('the timer queue', () => {
  it('gives timers back by due time, then by when they were set, whatever the order of setting', () => {
    const random = new SeededRandom(1)
    for (let run = 0; run < 100; run++) {
      const queue = new TimerQueue<number>()
      const set = Array.from({ length: 200 }, (_, timer) => ({ due: random.below(20), timer }))
      for (const { due, timer } of set) queue.set(due, timer)
      const taken: (number | null)[] = []
      for (let next = queue.takeDue(99); next !== null; next = queue.takeDue(99)) taken.push(next)
      expect(taken).toEqual(
        set.toSorted((a, b) => a.due - b.due || a.timer - b.timer).map(({ timer }) => timer),
      )
      expect([queue.size, queue.nextDue]).toEqual([0, Number.POSITIVE_INFINITY])
    }
  })

  it('keeps what is not due', () => {
    const queue = new TimerQueue<string>()
    queue.set(10, 'later')
    queue.set(5, 'now')
    expect([queue.takeDue(4), queue.takeDue(5), queue.takeDue(5), queue.nextDue]).toEqual([
      null,
      'now',
      null,
      10,
    ])
  })

  it('drops what is stale up to the next that is wanted, and no more', () => {
    const queue = new TimerQueue<string>()
    for (const [due, timer] of [
      [4, 'stale later'],
      [1, 'stale'],
      [2, 'stale too'],
      [3, 'wanted'],
    ] as const)
      queue.set(due, timer)
    const isWanted = (timer: string) => !timer.startsWith('stale')
    queue.dropStale(isWanted)
    expect([queue.size, queue.nextDue]).toEqual([2, 3])
    expect(queue.takeDue(9)).toBe('wanted')
    queue.dropStale(isWanted)
    expect([queue.size, queue.nextDue]).toEqual([0, Number.POSITIVE_INFINITY])
    queue.dropStale(isWanted)
  })

  it('takes timers that are set while others are taken', () => {
    const queue = new TimerQueue<number>()
    queue.set(1, 1)
    queue.set(3, 3)
    expect(queue.takeDue(3)).toBe(1)
    queue.set(2, 2)
    expect([queue.takeDue(3), queue.takeDue(3), queue.takeDue(3)]).toEqual([2, 3, null])
  })
})
