// What is to happen, in order: a binary heap by time, then by when it was put in, so that equal runs are equal.

interface Entry<T> {
  readonly at: number
  readonly sequence: number
  readonly value: T
}

export class EventQueue<T> {
  readonly #heap: Entry<T>[] = []
  #sequence = 0

  get size(): number {
    return this.#heap.length
  }

  /** Time of the next event; infinity where there is none. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  push(at: number, value: T): void {
    const heap = this.#heap
    const entry = { at, sequence: this.#sequence++, value }
    let child = heap.length
    heap.push(entry)
    while (child > 0) {
      const parent = (child - 1) >> 1
      const above = heap[parent] as Entry<T>
      if (!isBefore(entry, above)) break
      heap[child] = above
      child = parent
    }
    heap[child] = entry
  }

  /** Takes the next event. Throws a RangeError where there is none. */
  pop(): T {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined) throw new RangeError('the queue has an event; got an empty one')
    const last = heap.pop() as Entry<T>
    if (heap.length > 0) this.#sink(last)
    return first.value
  }

  /** Finds the place of an entry that comes in at the top. */
  #sink(entry: Entry<T>): void {
    const heap = this.#heap
    const length = heap.length
    let parent = 0
    for (;;) {
      let child = parent * 2 + 1
      if (child >= length) break
      if (child + 1 < length && isBefore(heap[child + 1] as Entry<T>, heap[child] as Entry<T>)) child += 1
      const below = heap[child] as Entry<T>
      if (!isBefore(below, entry)) break
      heap[parent] = below
      parent = child
    }
    heap[parent] = entry
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}
