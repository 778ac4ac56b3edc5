// Virtual time: what is due first, and of that what was added first.

export class EventQueue<T> {
  readonly #heap: { readonly at: number; readonly order: number; readonly event: T }[] = []
  #order = 0

  get size(): number {
    return this.#heap.length
  }

  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  add(at: number, event: T): void {
    const heap = this.#heap
    let index = heap.push({ at, order: this.#order++, event }) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#isBefore(index, parent)) return
      this.#swap(index, parent)
      index = parent
    }
  }

  take(): T {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      heap[0] = last
      this.#sink(0)
    }
    return first.event
  }

  #sink(index: number): void {
    for (;;) {
      let least = index
      for (const child of [index * 2 + 1, index * 2 + 2]) {
        if (child < this.#heap.length && this.#isBefore(child, least)) least = child
      }
      if (least === index) return
      this.#swap(index, least)
      index = least
    }
  }

  #isBefore(a: number, b: number): boolean {
    const left = this.#heap[a]!
    const right = this.#heap[b]!
    return left.at < right.at || (left.at === right.at && left.order < right.order)
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = kept
  }
}
