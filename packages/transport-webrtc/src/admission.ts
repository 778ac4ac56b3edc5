// Who may make a connection now. Connections are expensive while they open, and in browsers they stay expensive until
// the garbage is collected: Chromium counts what is not collected, and throws at 500.

import {
  ACCEPTS_WAITING_MAX,
  CONNECTIONS_MAX,
  CONSTRUCTION_BURST,
  CONSTRUCTIONS_PER_SECOND,
  DIALS_WAITING_MAX,
} from './limits.ts'
import type { Alarm, SharedTimer } from './shared-timer.ts'

export interface AdmissionOptions {
  /** Connections being opened at once. */
  readonly openingMax: number
  /** Whether closing frees a connection. In browsers only garbage collection does. */
  readonly isFreedOnClose: boolean
  readonly timer: SharedTimer
}

/** One attempt in the queue or opening. */
export interface Applicant {
  readonly role: 'dialer' | 'listener'
  /** Called once, never before `apply` returns. */
  admitted(): void
  /** Called instead. `detail` is for people. */
  refused(detail: string): void
}

export class Admission {
  readonly #openingMax: number
  readonly #isFreedOnClose: boolean
  readonly #collected = new FinalizationRegistry(() => {
    this.#connections--
  })
  readonly #timer: SharedTimer
  readonly #alarm: Alarm
  readonly #waiting: Record<Applicant['role'], Applicant[]> = { dialer: [], listener: [] }
  readonly #opening = new Set<Applicant>()
  #tokens = CONSTRUCTION_BURST
  #tokensAt: number
  #connections = 0

  constructor({ openingMax, isFreedOnClose, timer }: AdmissionOptions) {
    this.#openingMax = openingMax
    this.#isFreedOnClose = isFreedOnClose
    this.#timer = timer
    this.#alarm = timer.alarm(() => this.#admit())
    this.#tokensAt = timer.now()
  }

  apply(applicant: Applicant): void {
    const queue = this.#waiting[applicant.role]
    const most = applicant.role === 'dialer' ? DIALS_WAITING_MAX : ACCEPTS_WAITING_MAX
    const refusal = queue.length >= most ? `${most} attempts wait already` : null
    if (refusal) return queueMicrotask(() => applicant.refused(refusal))
    queue.push(applicant)
    queueMicrotask(() => this.#admit())
  }

  /** The attempt no longer opens: it opened, failed or was given up. */
  leave(applicant: Applicant): void {
    const queue = this.#waiting[applicant.role]
    const place = queue.indexOf(applicant)
    if (place >= 0) queue.splice(place, 1)
    if (this.#opening.delete(applicant)) queueMicrotask(() => this.#admit())
  }

  noteConstructed(connection: object): void {
    this.#connections++
    if (!this.#isFreedOnClose) this.#collected.register(connection, undefined)
  }

  noteClosed(): void {
    if (this.#isFreedOnClose) this.#connections--
  }

  #admit(): void {
    for (let next = this.#next(); next && this.#opening.size < this.#openingMax; next = this.#next()) {
      if (!this.#isTokenThere()) return this.#alarm.set(this.#timer.now() + 1_000 / CONSTRUCTIONS_PER_SECOND)
      this.#waiting[next.role].shift()
      this.#decide(next)
    }
  }

  #decide(applicant: Applicant): void {
    if (this.#connections >= CONNECTIONS_MAX)
      return applicant.refused(`${CONNECTIONS_MAX} connections are not yet freed by the browser`)
    this.#tokens--
    this.#opening.add(applicant)
    applicant.admitted()
  }

  /** Listeners first: the dialer's connection already exists and waits. */
  #next(): Applicant | undefined {
    return this.#waiting.listener[0] ?? this.#waiting.dialer[0]
  }

  #isTokenThere(): boolean {
    const now = this.#timer.now()
    const earned = ((now - this.#tokensAt) * CONSTRUCTIONS_PER_SECOND) / 1_000
    this.#tokens = Math.min(CONSTRUCTION_BURST, this.#tokens + earned)
    this.#tokensAt = now
    return this.#tokens >= 1
  }
}
