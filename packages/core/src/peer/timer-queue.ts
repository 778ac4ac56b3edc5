// All timers of one peer: a binary heap ordered by due time, then by when they were set, so that equal runs are equal.
// What became stale is taken out once it is the next one: until then it costs nobody a wake.

import type { Millis } from '../contract.ts'

interface Entry<T> {
  readonly due: Millis
  readonly sequence: number
  readonly timer: T
}

export class TimerQueue<T> {
  readonly #heap: Entry<T>[] = []
  #sequence = 0

  set(due: Millis, timer: T): void {
    const heap = this.#heap
    heap.push({ due, sequence: this.#sequence++, timer })
    let child = heap.length - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (!this.#isBefore(child, parent)) return
      this.#swap(child, parent)
      child = parent
    }
  }

  /** Due time of the next timer; infinity where there is none. */
  get nextDue(): Millis {
    return this.#heap[0]?.due ?? Number.POSITIVE_INFINITY
  }

  get size(): number {
    return this.#heap.length
  }

  /** Takes the next timer that is due, or null. */
  takeDue(now: Millis): T | null {
    const first = this.#heap[0]
    if (first === undefined || first.due > now) return null
    this.#takeFirst()
    return first.timer
  }

  /** Takes out what is not wanted, up to the first timer that is. */
  dropStale(isWanted: (timer: T) => boolean): void {
    for (let first = this.#heap[0]; first !== undefined && !isWanted(first.timer); first = this.#heap[0])
      this.#takeFirst()
  }

  #takeFirst(): void {
    const last = this.#heap.pop() as Entry<T>
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink()
  }

  #sink(): void {
    const length = this.#heap.length
    for (let parent = 0; ; ) {
      let child = parent * 2 + 1
      if (child >= length) return
      if (child + 1 < length && this.#isBefore(child + 1, child)) child += 1
      if (!this.#isBefore(child, parent)) return
      this.#swap(child, parent)
      parent = child
    }
  }

  #isBefore(a: number, b: number): boolean {
    const left = this.#heap[a] as Entry<T>
    const right = this.#heap[b] as Entry<T>
    return left.due < right.due || (left.due === right.due && left.sequence < right.sequence)
  }

  #swap(a: number, b: number): void {
    const entry = this.#heap[a] as Entry<T>
    this.#heap[a] = this.#heap[b] as Entry<T>
    this.#heap[b] = entry
  }
}
