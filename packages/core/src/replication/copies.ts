// Copies of records on their way to other holders, and how many bytes of them at once (PROTOCOL.md, RP-18). The copies of one
// record leave together, and what leaves together on a thin line makes everything else on it late: above all acknowledgements,
// without which whoever waits for them sends once more.

import type { Millis } from '../contract.ts'
import type { RoutedReply } from '../dht/routed.ts'
import type { Follow, Turn } from '../dht/store-context.ts'
import type { StoreRoutes } from '../dht/store-routes.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  COPIES_BYTES_MAX,
  COPIES_BYTES_MIN,
  COPIES_BYTES_START,
  COPY_PROMPT_MS,
  COPY_SILENT_MS,
  OPERATIONS_MAX,
} from '../limits.ts'
import type { MessageOf } from '../wire/messages.ts'

/** Milliseconds one holder has to answer: a dead one is passed over earlier, by the router. */
export const REPLICA_TIMEOUT_MS = 2_500
/** Bytes of a REPLICA beside the value, roughly. */
const HEAD_BYTES = 256

export interface Copy {
  readonly peer: PeerId
  readonly replica: MessageOf<'REPLICA'>
  /** From when it is sent, which may be later. */
  readonly timeoutMs?: number
  /** The answer, or null where none came. */
  readonly follow: Follow<RoutedReply | null>
}

/** A window that answers keep open (RFC 5681: slow start, and half of it where they are late). */
export class Copies {
  readonly #routes: StoreRoutes
  readonly #waiting: Copy[] = []
  /** Those that take up the window, in the order they were sent. */
  readonly #sentAtByCopy = new Map<Copy, Millis>()
  #underWayBytes = 0
  #windowBytes = COPIES_BYTES_START
  /** Until then nobody is to blame for what was sent before. */
  #narrowedAt: Millis = 0
  #isSending = false
  #hasTimer = false

  constructor(routes: StoreRoutes) {
    this.#routes = routes
  }

  /** At once, or when there is room. */
  send(copy: Copy, turn: Turn): void {
    if (this.#waiting.length >= OPERATIONS_MAX) return copy.follow(null, turn)
    this.#waiting.push(copy)
    this.#sendAll(turn)
  }

  /** Whoever is silent, because it is dead or wants to, does not hold the others up. */
  timer(turn: Turn): void {
    this.#hasTimer = false
    for (const [copy, sentAt] of this.#sentAtByCopy)
      if (turn.now - sentAt >= COPY_SILENT_MS) this.#release(copy)
    this.#sendAll(turn)
  }

  get size(): number {
    return this.#waiting.length + this.#sentAtByCopy.size
  }

  #sendAll(turn: Turn): void {
    if (this.#isSending) return
    this.#isSending = true
    let copy = this.#waiting[0]
    while (copy !== undefined && this.#underWayBytes + bytesOf(copy) <= this.#windowBytes) {
      this.#waiting.shift()
      this.#sendOne(copy, turn)
      copy = this.#waiting[0]
    }
    this.#isSending = false
    if (copy !== undefined && !this.#hasTimer) this.#setTimer(turn)
  }

  #sendOne(copy: Copy, turn: Turn): void {
    const { peer, replica, timeoutMs = REPLICA_TIMEOUT_MS, follow } = copy
    this.#sentAtByCopy.set(copy, turn.now)
    this.#underWayBytes += bytesOf(copy)
    const answered = (reply: RoutedReply | null, later: Turn) => {
      this.#release(copy)
      if (reply !== null) this.#adapt(copy, turn.now, later.now)
      follow(reply, later)
      this.#sendAll(later)
    }
    this.#routes.ask({ peer, inner: replica, timeoutMs, follow: answered }, turn)
  }

  #release(copy: Copy): void {
    if (this.#sentAtByCopy.delete(copy)) this.#underWayBytes -= bytesOf(copy)
  }

  /** One flight of late answers counts once. */
  #adapt(copy: Copy, sentAt: Millis, now: Millis): void {
    if (now - sentAt <= COPY_PROMPT_MS)
      this.#windowBytes = Math.min(this.#windowBytes + bytesOf(copy), COPIES_BYTES_MAX)
    else if (sentAt >= this.#narrowedAt) {
      this.#narrowedAt = now
      this.#windowBytes = Math.max(this.#windowBytes / 2, COPIES_BYTES_MIN)
    }
  }

  #setTimer(turn: Turn): void {
    const [oldest = turn.now] = this.#sentAtByCopy.values()
    this.#hasTimer = true
    turn.out.push({
      type: 'set-timer',
      afterMs: oldest + COPY_SILENT_MS - turn.now,
      timer: { type: 'copies' },
    })
  }
}

function bytesOf({ replica }: Copy): number {
  return replica.record.value.length + HEAD_BYTES
}
