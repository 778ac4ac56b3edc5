// Virtual time: integer milliseconds since the run began, which pass only when there is nothing left to do.

import { EventQueue } from './event-queue.ts'

export class Timeline {
  readonly #queue = new EventQueue<() => void>()
  #now = 0

  /** Milliseconds since the run began. */
  get now(): number {
    return this.#now
  }

  /** What is still to happen. */
  get pending(): number {
    return this.#queue.size
  }

  /** Runs the task at this integer time, after everything that was planned earlier for the same millisecond. */
  at(time: number, task: () => void): void {
    this.#queue.push(time < this.#now ? this.#now : time, task)
  }

  /** Runs the task this many whole milliseconds from now; 0 means after what is planned for now. */
  after(delayMs: number, task: () => void): void {
    this.#queue.push(this.#now + delayMs, task)
  }

  /** Runs the next task due by `time`; false where there is none, and then it is `time`. */
  step(time: number): boolean {
    const at = this.#queue.nextAt
    if (at > time) {
      this.#now = time
      return false
    }
    this.#now = at
    this.#queue.pop()()
    return true
  }
}
