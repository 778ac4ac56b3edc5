// Our side of an attempt's signals. Each one may travel through several peers, sealed and signed, so they are few: the
// description waits a moment and takes the first candidates along, and later candidates travel together.

import { readCandidate } from './candidate.ts'
import { BATCH_MS, CANDIDATES_MAX, GATHER_MS_MAX } from './limits.ts'
import { type DescriptionKind, readDescription } from './sdp.ts'
import type { Alarm, SharedTimer } from './shared-timer.ts'
import { CANDIDATES_PER_SIGNAL, encodeCandidates, encodeDescription } from './signal.ts'

export interface SignalOutboxOptions {
  readonly timer: SharedTimer
  /** One signal with everything in it, and none afterwards. */
  readonly gatherFirst: boolean
  /** The local description with the candidates found so far, as the browser has it now. */
  readonly describe: () => string
  readonly send: (bytes: Uint8Array) => void
  /** Our own description is none that others would take. */
  readonly onUnusable: () => void
}

export class SignalOutbox {
  readonly #options: SignalOutboxOptions
  readonly #alarm: Alarm
  #kind: DescriptionKind | null = null
  #isDescriptionSent = false
  #isGathered = false
  #candidates: string[] = []
  #candidatesSent = 0

  constructor(options: SignalOutboxOptions) {
    this.#options = options
    this.#alarm = options.timer.alarm(() => this.#flush())
  }

  noteDescription(kind: DescriptionKind): void {
    this.#kind = kind
    if (this.#isGathered) return this.#flush()
    this.#wait(this.#options.gatherFirst ? GATHER_MS_MAX : BATCH_MS)
  }

  /** A candidate that comes before the description is sent is in it already. */
  noteCandidate(line: string): void {
    const candidate = readCandidate(line)
    if (!candidate || !this.#isDescriptionSent || this.#options.gatherFirst) return
    if (this.#candidatesSent === CANDIDATES_MAX) return
    this.#candidatesSent++
    this.#candidates.push(candidate)
    if (this.#candidates.length === CANDIDATES_PER_SIGNAL) this.#flush()
    else if (this.#candidates.length === 1) this.#wait(BATCH_MS)
  }

  noteGathered(): void {
    this.#isGathered = true
    if (this.#kind !== null) this.#flush()
  }

  stop(): void {
    this.#alarm.clear()
  }

  #wait(ms: number): void {
    this.#alarm.set(this.#options.timer.now() + ms)
  }

  #flush(): void {
    this.#alarm.clear()
    if (!this.#isDescriptionSent) return this.#sendDescription()
    if (this.#candidates.length === 0) return
    const candidates = this.#candidates
    this.#candidates = []
    this.#options.send(encodeCandidates(candidates))
  }

  #sendDescription(): void {
    if (this.#kind === null) return
    const description = readDescription(this.#kind, this.#options.describe())
    this.#isDescriptionSent = true
    if (description) this.#options.send(encodeDescription(description))
    else this.#options.onUnusable()
  }
}
