// Liveness of one link: a keep-alive when nothing else went out, and the notice that nothing came in.

import type { Alarm, SharedTimer } from './shared-timer.ts'

/** A control message of exactly these bytes says only that the sender is there. No frame begins with a zero. */
export const KEEPALIVE: Uint8Array<ArrayBuffer> = new Uint8Array(4)

export function isKeepalive(bytes: Uint8Array): boolean {
  return bytes.length === KEEPALIVE.length && bytes.every((byte) => byte === 0)
}

export interface LinkWatchEvents {
  /** Send a keep-alive now. */
  keepalive(): void
  /** Nothing came for the watched time. Said once per silence. */
  silent(): void
}

export class LinkWatch {
  readonly #timer: SharedTimer
  readonly #events: LinkWatchEvents
  readonly #alarm: Alarm
  #keepaliveMs = Number.POSITIVE_INFINITY
  #silenceMs = Number.POSITIVE_INFINITY
  #sentAt: number
  #receivedAt: number
  #isSilent = false

  /** Watches nothing until `start`. */
  constructor(timer: SharedTimer, events: LinkWatchEvents) {
    this.#timer = timer
    this.#events = events
    this.#alarm = timer.alarm(() => this.#onAlarm(), { isPatient: true })
    this.#sentAt = timer.now()
    this.#receivedAt = this.#sentAt
  }

  /** Begins, or goes on with other times: silence counts from now, idleness from the last message. */
  start(keepaliveMs: number, silenceMs: number): void {
    this.#keepaliveMs = keepaliveMs
    this.#silenceMs = silenceMs
    this.noteReceived(this.#timer.now())
    this.#setAlarm()
  }

  stop(): void {
    this.#alarm.clear()
  }

  noteSent(now: number): void {
    this.#sentAt = now
  }

  noteReceived(now: number): void {
    this.#receivedAt = now
    if (!this.#isSilent) return
    this.#isSilent = false
    this.#setAlarm()
  }

  /** We were not there to hear anything for so long: the other end gets that time on top. */
  extend(stalledMs: number): void {
    this.#receivedAt = Math.min(this.#receivedAt + stalledMs, this.#timer.now())
  }

  /**
   * Messages move both times on; the alarm is not moved with each of them, but looks when it rings. A keep-alive is
   * rather early than late, silence rather late than early.
   */
  #onAlarm(): void {
    const now = this.#timer.now()
    const isIdle = now + this.#timer.slackMs >= this.#sentAt + this.#keepaliveMs
    const isSilence = !this.#isSilent && now >= this.#receivedAt + this.#silenceMs
    if (isIdle) this.#sentAt = now
    if (isSilence) this.#isSilent = true
    // Before anything is said: a channel that takes no keep-alive ends the link, and its watch.
    this.#setAlarm()
    if (isIdle) this.#events.keepalive()
    if (isSilence) this.#events.silent()
  }

  #setAlarm(): void {
    const silentAt = this.#isSilent ? Number.POSITIVE_INFINITY : this.#receivedAt + this.#silenceMs
    this.#alarm.set(Math.min(this.#sentAt + this.#keepaliveMs, silentAt))
  }
}
