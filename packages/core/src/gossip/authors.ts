// What is remembered of authors: which of their counters came already, so that nobody can replay a message after its id
// is forgotten, and how much they published lately.

import { putLast } from '../bounded-map.ts'
import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  AUTHOR_WINDOW,
  AUTHORS_MAX,
  MESSAGES_PER_AUTHOR_BURST,
  MESSAGES_PER_AUTHOR_PER_SECOND,
} from '../limits.ts'
import { TokenBuckets } from '../token-buckets.ts'
import type { TopicId } from '../wire/messages.ts'

/** Names one message of one author, whatever its signature. */
export interface Sequence {
  readonly topic: TopicId
  readonly author: PeerId
  readonly boot: number
  readonly counter: number
}

/** Counters of one boot: a sliding window of bits behind the newest (as in RFC 6479). */
class CounterWindow {
  readonly boot: number
  #newest = -1
  readonly #bits = new Uint32Array(AUTHOR_WINDOW / 32)

  constructor(boot: number) {
    this.boot = boot
  }

  isFresh(counter: number): boolean {
    if (counter > this.#newest) return true
    return counter > this.#newest - AUTHOR_WINDOW && (this.#word(counter) & bit(counter)) === 0
  }

  add(counter: number): void {
    const steps = Math.min(counter - this.#newest, AUTHOR_WINDOW)
    for (let i = 0; i < steps; i++) this.#clear(counter - i)
    this.#newest = Math.max(this.#newest, counter)
    this.#bits[wordIndex(counter)] = this.#word(counter) | bit(counter)
  }

  #word(counter: number): number {
    return this.#bits[wordIndex(counter)] as number
  }

  #clear(counter: number): void {
    this.#bits[wordIndex(counter)] = this.#word(counter) & ~bit(counter)
  }
}

/** The two newest boots: messages of the last one may still be on their way when an author has restarted. */
interface Windows {
  newest: CounterWindow
  previous: CounterWindow | null
}

/** At its bound the author longest unheard is forgotten; its old messages can then be replayed once. */
export class Authors {
  readonly #windowsByAuthor = new Map<string, Windows>()
  readonly #buckets = new TokenBuckets(MESSAGES_PER_AUTHOR_BURST, MESSAGES_PER_AUTHOR_PER_SECOND, AUTHORS_MAX)

  get size(): number {
    return this.#windowsByAuthor.size
  }

  /** Whether the message can be new. Forged messages change nothing here. */
  isFresh({ topic, author, boot, counter }: Sequence): boolean {
    const windows = this.#windowsByAuthor.get(topic + author)
    if (windows === undefined || boot > windows.newest.boot) return true
    return windowOf(windows, boot)?.isFresh(counter) ?? false
  }

  /** Marks a verified message. Returns false where its author publishes too much. */
  accept(sequence: Sequence, now: Millis): boolean {
    const { boot, counter } = sequence
    const windows = this.#touch(sequence)
    if (boot > windows.newest.boot) {
      windows.previous = windows.newest
      windows.newest = new CounterWindow(boot)
    }
    windowOf(windows, boot)?.add(counter)
    return this.#buckets.take(sequence.author, 1, now)
  }

  #touch({ topic, author, boot }: Sequence): Windows {
    const name = topic + author
    const windows = this.#windowsByAuthor.get(name) ?? { newest: new CounterWindow(boot), previous: null }
    putLast(this.#windowsByAuthor, name, windows, AUTHORS_MAX)
    return windows
  }
}

function windowOf({ newest, previous }: Windows, boot: number): CounterWindow | null {
  return newest.boot === boot ? newest : previous?.boot === boot ? previous : null
}

function wordIndex(counter: number): number {
  return Math.floor(counter / 32) % (AUTHOR_WINDOW / 32)
}

function bit(counter: number): number {
  return 1 << (counter % 32)
}
