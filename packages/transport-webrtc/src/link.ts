// One open link: its two queues, its watch, and its orderly end.

import type { Channel, LinkId } from '@hyphae/core'
import { messageOf, type TransportEvent } from '@hyphae/runtime'
import { type Allowance, fixedAllowance, MeasuredAllowance } from './allowance.ts'
import {
  BULK_BYTES_MAX,
  BULK_QUEUED_BYTES_MAX,
  CONTROL_BUFFERED_BYTES_MAX,
  CONTROL_BYTES_MAX,
  CONTROL_QUEUED_BYTES_MAX,
  FLUSH_MS_MAX,
  FLUSH_STALL_MS_MAX,
} from './limits.ts'
import { isKeepalive, KEEPALIVE, LinkWatch } from './link-watch.ts'
import { type SendPipe, SendQueue } from './send-queue.ts'
import type { Alarm, SharedTimer } from './shared-timer.ts'

export interface LinkOptions {
  readonly id: LinkId
  readonly pipes: Readonly<Record<Channel, SendPipe>>
  readonly bulkBytesMax: number
  readonly timer: SharedTimer
  readonly tell: (event: TransportEvent) => void
  /** Everything is handed over: ask the other end to close. Called once, before `end` or in its place. */
  readonly finish: () => void
  /** The link is over: tear the connection down, and say `closed`. Called once. */
  readonly end: (reason: string) => void
}

const CHANNELS: readonly Channel[] = ['control', 'bulk']

export class Link {
  readonly id: LinkId
  readonly #options: LinkOptions
  readonly #queues: Readonly<Record<Channel, SendQueue>>
  readonly #watch: LinkWatch
  readonly #flushCheck: Alarm
  readonly #resumption: Alarm
  #closingReason: string | null = null
  /** When a closing link ends, whatever is still queued. */
  #flushUntil = 0
  #bytesToFlush = 0
  #isFinished = false
  #isOver = false

  constructor(options: LinkOptions) {
    const { id, timer } = options
    this.id = id
    this.#options = options
    this.#queues = {
      control: this.#newQueue(
        'control',
        fixedAllowance(CONTROL_BUFFERED_BYTES_MAX),
        CONTROL_QUEUED_BYTES_MAX,
      ),
      bulk: this.#newQueue('bulk', new MeasuredAllowance(() => timer.now()), BULK_QUEUED_BYTES_MAX),
    }
    this.#watch = new LinkWatch(timer, {
      keepalive: () => this.#push('control', KEEPALIVE),
      silent: () => options.tell({ type: 'silent', link: id }),
    })
    this.#resumption = timer.alarm(() => this.#goOn(() => this.#resume()))
    this.#flushCheck = timer.alarm(() => this.#onFlushCheck())
  }

  /** Says how much may be sent. Right after `opened`. */
  announce(): void {
    for (const channel of CHANNELS) this.#announce(channel)
  }

  send(channel: Channel, bytes: Uint8Array): void {
    if (!this.#isUsable) return
    const most = channel === 'control' ? CONTROL_BYTES_MAX : this.#options.bulkBytesMax
    if (bytes.length > 0 && bytes.length <= most) return this.#push(channel, bytes)
    const detail = `a ${channel} message has 1 to ${most} bytes; got ${bytes.length}`
    queueMicrotask(() =>
      this.#options.tell({ type: 'warning', code: 'message-refused', link: this.id, detail }),
    )
  }

  watch(keepaliveMs: number, silenceMs: number): void {
    if (this.#isUsable) this.#watch.start(keepaliveMs, silenceMs)
  }

  /** With `flush` the link ends once the other end has everything, or a second after bytes cease to leave. */
  close(reason: string, flush: boolean): void {
    if (!this.#isUsable) return
    this.#closingReason = reason
    this.#watch.stop()
    if (!flush) return this.#endLater(reason)
    this.#flushUntil = this.#options.timer.now() + FLUSH_MS_MAX
    this.#checkFlushLater()
    this.#goOn(() => {
      for (const channel of CHANNELS) this.#queues[channel].finish()
    })
  }

  /** Ends at once, even where `close` waits for queued bytes. */
  abort(reason: string): void {
    this.#endLater(reason)
  }

  /** A message came. Also the sign that the other end is there. */
  receive(channel: Channel, bytes: Uint8Array, now: number): void {
    if (!this.#isUsable) return
    this.#watch.noteReceived(now)
    // Nobody sends empty messages; streams beneath some stacks swallow them, so that nobody can count on them either.
    if (bytes.length === 0 || (channel === 'control' && isKeepalive(bytes))) return
    const most = channel === 'control' ? CONTROL_BYTES_MAX : BULK_BYTES_MAX
    if (bytes.length > most) return this.#endLater('protocol-violation')
    this.#options.tell({ type: 'received', link: this.id, channel, bytes })
  }

  /** The stack's queue of the channel has become low. */
  onLow(channel: Channel): void {
    this.#goOn(() => this.#queues[channel].onLow())
  }

  /** Nothing ran here for so long: nobody is blamed for that time. */
  extend(stalledMs: number): void {
    this.#watch.extend(stalledMs)
    this.#flushCheck.postpone(stalledMs)
    this.#flushUntil += stalledMs
  }

  /** The connection is gone, or has to go now. */
  stop(): void {
    this.#isOver = true
    this.#watch.stop()
    this.#flushCheck.clear()
    this.#resumption.clear()
  }

  /** What the caller gave when it closed, if it did. */
  get closingReason(): string | null {
    return this.#closingReason
  }

  get #isUsable(): boolean {
    return !this.#isOver && this.#closingReason === null
  }

  #newQueue(channel: Channel, allowance: Allowance, queuedBytesMax: number): SendQueue {
    return new SendQueue(this.#options.pipes[channel], {
      allowance,
      queuedBytesMax,
      onRoom: () => queueMicrotask(() => this.#announce(channel)),
      onHeldBack: () => this.#resumption.set(this.#options.timer.now()),
    })
  }

  #push(channel: Channel, bytes: Uint8Array): void {
    this.#watch.noteSent(this.#options.timer.now())
    this.#attempt(() => {
      if (!this.#queues[channel].push(bytes)) this.#endLater('overloaded')
    })
  }

  #resume(): void {
    for (const channel of CHANNELS) this.#queues[channel].resume()
  }

  #goOn(sendMore: () => void): void {
    if (this.#isOver) return
    this.#attempt(sendMore)
    this.#finishWhenEmpty()
  }

  /** Channels throw when they are closing, and when their queue is full: the link is of no use any more. */
  #attempt(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#endLater(`send failed: ${messageOf(error)}`)
    }
  }

  #announce(channel: Channel): void {
    if (!this.#isUsable) return
    const roomBytes = this.#queues[channel].announceRoom()
    this.#options.tell({ type: 'writable', link: this.id, channel, roomBytes })
  }

  #finishWhenEmpty(): void {
    if (this.#closingReason === null || this.#isOver || this.#isFinished || this.#pendingBytes > 0) return
    this.#isFinished = true
    this.#checkFlushLater()
    this.#options.finish()
  }

  #checkFlushLater(): void {
    this.#bytesToFlush = this.#pendingBytes
    this.#flushCheck.set(Math.min(this.#options.timer.now() + FLUSH_STALL_MS_MAX, this.#flushUntil))
  }

  #onFlushCheck(): void {
    const isProgress = this.#pendingBytes < this.#bytesToFlush
    if (isProgress && this.#options.timer.now() < this.#flushUntil) this.#checkFlushLater()
    else this.#endLater('')
  }

  get #pendingBytes(): number {
    return this.#queues.control.pendingBytes + this.#queues.bulk.pendingBytes
  }

  /** Ends now, and says so once the call that we may be in has returned. Whoever closed it hears its own reason. */
  #endLater(reason: string): void {
    if (this.#isOver) return
    this.stop()
    queueMicrotask(() => this.#options.end(this.#closingReason ?? reason))
  }
}
