// Writes wait a moment and go to disk together: 1,000 records in one transaction cost as much as 40 alone.

/** A value to put, or `undefined` to delete. Values belong to whoever reads them: nobody may write into one. */
export type Change = { readonly put: unknown } | { readonly put?: undefined }

export type Changes = ReadonlyMap<string, Change>

export interface WriteBehindOptions {
  /** Milliseconds between the first write and its transaction. */
  readonly delayMs: number
  /** Writes all or nothing; `isLast` where there may be no later turn to do it in. */
  readonly write: (changes: Changes, isLast: boolean) => Promise<void>
  /** Whether a failed write may succeed once its deletions were made alone. */
  readonly isFull: (error: unknown) => boolean
}

interface Waiter {
  readonly isDeletion: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Writes that go to disk together, the last per entry, and everybody who waits for them. */
interface Batch {
  readonly changes: Map<string, Change>
  readonly waiters: Waiter[]
}

export class WriteBehind {
  readonly #options: WriteBehindOptions
  #collecting: Batch | null = null
  #writing: Batch | null = null
  /** Everything handed over before the last flush began. */
  #written: Promise<void> = Promise.resolve()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: WriteBehindOptions) {
    this.#options = options
  }

  /** Resolves once on disk. */
  put(entry: string, value: unknown): Promise<void> {
    return this.#change(entry, { put: value })
  }

  /** Resolves once on disk. */
  delete(entry: string): Promise<void> {
    return this.#change(entry, {})
  }

  /** The last change that is not yet known to be on disk. */
  pending(entry: string): Change | undefined {
    return this.#collecting?.changes.get(entry) ?? this.#writing?.changes.get(entry)
  }

  /** Resolves once everything handed over so far is on disk or has failed. `isLast` where there may be no later turn. */
  flush(isLast = false): Promise<void> {
    clearTimeout(this.#timer)
    const before = this.#written
    this.#written = isLast
      ? this.#writeLast().then(() => before)
      : before.then(() => this.#write(this.#collecting, false))
    return this.#written
  }

  #change(entry: string, change: Change): Promise<void> {
    const batch = this.#collecting ?? this.#startBatch()
    batch.changes.set(entry, change)
    return new Promise((resolve, reject) => {
      batch.waiters.push({ isDeletion: !('put' in change), resolve, reject })
    })
  }

  #startBatch(): Batch {
    const batch: Batch = { changes: new Map(), waiters: [] }
    this.#collecting = batch
    this.#timer = setTimeout(() => void this.flush(), this.#options.delayMs)
    return batch
  }

  /** At once, and with it what is being written: a page that goes may undo that. Written twice, it is the same. */
  async #writeLast(): Promise<void> {
    const [writing, collecting] = [this.#writing, this.#collecting]
    if (!writing && !collecting) return
    const changes = new Map([...(writing?.changes ?? []), ...(collecting?.changes ?? [])])
    await this.#write({ changes, waiters: collecting?.waiters ?? [] }, true)
  }

  async #write(batch: Batch | null, isLast: boolean): Promise<void> {
    if (!batch) return
    const { changes, waiters } = batch
    this.#collecting = null
    this.#writing = batch
    try {
      await this.#options.write(changes, isLast)
      for (const waiter of waiters) waiter.resolve()
    } catch (error) {
      if (this.#options.isFull(error)) await this.#writeDeletionsFirst(batch)
      else for (const waiter of waiters) waiter.reject(error)
    }
    // A last one may have begun meanwhile, with all of this.
    if (this.#writing === batch) this.#writing = null
  }

  /** A full disk refuses the whole transaction, and with it the deletions that would make room. */
  async #writeDeletionsFirst({ changes, waiters }: Batch): Promise<void> {
    for (const isDeletion of [true, false]) {
      const part = new Map([...changes].filter(([, change]) => !('put' in change) === isDeletion))
      const waiting = waiters.filter((waiter) => waiter.isDeletion === isDeletion)
      if (waiting.length === 0) continue
      try {
        await this.#options.write(part, false)
        for (const waiter of waiting) waiter.resolve()
      } catch (error) {
        for (const waiter of waiting) waiter.reject(error)
      }
    }
  }
}
