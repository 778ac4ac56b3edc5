// Outgoing messages of one channel. The stack's own queue is kept short: what is in it can no longer be overtaken, its
// size is what control waits behind, and browsers throw (Chromium) or grow without bound (Firefox) when it is long.

import type { Allowance } from './allowance.ts'

/** What is needed of an RTCDataChannel. */
export interface SendPipe {
  readonly bufferedAmount: number
  bufferedAmountLowThreshold: number
  send(bytes: Uint8Array<ArrayBuffer>): void
}

export interface SendQueueOptions {
  readonly allowance: Allowance
  /** Bytes of messages waiting here beyond which `push` refuses. */
  readonly queuedBytesMax: number
  /** Half of the allowance is free again, and the caller knows of less: time to `announceRoom`. */
  readonly onRoom: () => void
  /** Messages wait, and the stack will not say when it is low: `resume` in a turn of its own. */
  readonly onHeldBack: () => void
}

/** Messages after which the sent ones at the front of the list are let go: one by one would copy the list each time. */
const SENT_MESSAGES_KEPT_MAX = 64

export class SendQueue {
  readonly #pipe: SendPipe
  readonly #options: SendQueueOptions
  readonly #allowance: Allowance
  #messages: Uint8Array[] = []
  /** Messages before this place are sent. */
  #sent = 0
  #queuedBytes = 0
  /** What the caller believes to be free; negative where it pushed more. */
  #announcedRoom = 0
  /**
   * Bytes handed over in this turn of the event loop. usrsctp (Node) swallows a megabyte and says that nothing is
   * buffered; without a limit of our own nobody would get a word in between, here or on the way.
   */
  #turnBytes = 0
  #isFinishing = false

  constructor(pipe: SendPipe, options: SendQueueOptions) {
    this.#pipe = pipe
    this.#options = options
    this.#allowance = options.allowance
  }

  /** Bytes that wait here and in the stack's queue. */
  get pendingBytes(): number {
    return this.#queuedBytes + this.#pipe.bufferedAmount
  }

  /** Bytes that may be pushed before messages pile up. The caller is held to what it was told last. */
  announceRoom(): number {
    this.#announcedRoom = this.#roomBytes
    return this.#announcedRoom
  }

  /** False where the queue is full; nothing is queued then. Throws what the channel throws. */
  push(bytes: Uint8Array): boolean {
    if (this.#queuedBytes + bytes.length > this.#options.queuedBytesMax) return false
    this.#messages.push(bytes)
    this.#queuedBytes += bytes.length
    this.#announcedRoom -= bytes.length
    this.#pump({ isLow: false })
    return true
  }

  /** The stack's queue has become low. Throws what the channel throws. */
  onLow(): void {
    this.#pump({ isLow: true })
  }

  /** Goes on where `onHeldBack` asked for it. Throws what the channel throws. */
  resume(): void {
    this.#pump({ isLow: false })
  }

  /** From now on the stack tells only when its queue is empty. */
  finish(): void {
    this.#isFinishing = true
    this.#pump({ isLow: false })
  }

  get #roomBytes(): number {
    return Math.max(0, this.#allowance.bytesMax - this.pendingBytes)
  }

  #pump({ isLow }: { readonly isLow: boolean }): void {
    this.#allowance.noteFound(this.#pipe.bufferedAmount, isLow)
    const max = this.#allowance.bytesMax
    for (let next = this.#next; next && this.#fits(next, max); next = this.#next) this.#handOver(next)
    this.#allowance.noteLeft(this.#pipe.bufferedAmount)
    this.#pipe.bufferedAmountLowThreshold = this.#thresholdFor(this.#next, max)
    this.#resumeUnlessTold()
    if (this.#announcedRoom < max / 2 && this.#roomBytes >= max / 2) this.#options.onRoom()
  }

  get #next(): Uint8Array | undefined {
    return this.#messages[this.#sent]
  }

  /** The stack tells when it falls to the threshold; in Node it may be there already, as other threads send meanwhile. */
  #resumeUnlessTold(): void {
    const isLow = this.#pipe.bufferedAmount <= this.#pipe.bufferedAmountLowThreshold
    if (this.#next && this.#turnBytes === 0 && isLow) this.#options.onHeldBack()
  }

  /** A message larger than the allowance goes alone. */
  #fits(message: Uint8Array, max: number): boolean {
    const ahead = Math.max(this.#pipe.bufferedAmount, this.#turnBytes)
    return ahead === 0 || ahead + message.length <= max
  }

  #handOver(message: Uint8Array): void {
    if (this.#turnBytes === 0) queueMicrotask(() => this.#endTurn())
    this.#turnBytes += message.length
    this.#sent++
    this.#queuedBytes -= message.length
    if (this.#sent === this.#messages.length || this.#sent > SENT_MESSAGES_KEPT_MAX) {
      this.#messages = this.#messages.slice(this.#sent)
      this.#sent = 0
    }
    // The type says that channels refuse shared memory; messages are never in any.
    this.#pipe.send(message as Uint8Array<ArrayBuffer>)
  }

  #endTurn(): void {
    this.#turnBytes = 0
    this.#resumeUnlessTold()
  }

  /** The stack tells when the next message fits, or, with none waiting, when half of the allowance is free. */
  #thresholdFor(next: Uint8Array | undefined, max: number): number {
    if (next) return Math.max(0, max - next.length)
    return this.#isFinishing ? 0 : Math.floor(max / 2)
  }
}
