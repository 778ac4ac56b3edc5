// A topic's messages for `for await`: heard from the moment it is made, kept up to a bound, over when anybody ends it.

const OVER: IteratorResult<never> = { done: true, value: undefined }

export class MessageStream<T> implements AsyncIterableIterator<T> {
  readonly #waiting: T[] = []
  readonly #readers: ((result: IteratorResult<T>) => void)[] = []
  readonly #bufferMax: number
  readonly #onEnd: () => void
  #isOver = false

  constructor(bufferMax: number, onEnd: () => void) {
    this.#bufferMax = bufferMax
    this.#onEnd = onEnd
  }

  /** A reader that is slower than the topic loses the oldest: memory is the tab's, not the sender's. */
  push(value: T): void {
    const reader = this.#readers.shift()
    if (reader) reader({ done: false, value })
    else if (this.#waiting.push(value) > this.#bufferMax) this.#waiting.shift()
  }

  /** Idempotent. What was not read is dropped, and whoever waits hears that there is no more. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#waiting.length = 0
    for (const reader of this.#readers.splice(0)) reader(OVER)
    this.#onEnd()
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#waiting.length > 0) return Promise.resolve({ done: false, value: this.#waiting.shift() as T })
    return this.#isOver ? Promise.resolve(OVER) : new Promise((resolve) => this.#readers.push(resolve))
  }

  return(): Promise<IteratorResult<T>> {
    this.end()
    return Promise.resolve(OVER)
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
