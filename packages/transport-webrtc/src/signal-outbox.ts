// Our side of an attempt's signals. Each one may travel through several peers, sealed and signed, so they are few: the
// description waits a moment and takes the first candidates along, and later candidates travel together.

import { readCandidate } from './candidate.ts'
import { BATCH_MS, CANDIDATES_MAX, GATHER_MS_MAX } from './limits.ts'
import { type Description, type DescriptionKind, readDescription } from './sdp.ts'
import type { Alarm, SharedTimer } from './shared-timer.ts'
import { encodeCandidates, encodeDescription } from './signal.ts'

export interface SignalOutboxOptions {
  readonly timer: SharedTimer
  /** One signal with everything in it, and none afterwards. */
  readonly gatherFirst: boolean
  /** No candidate leaves before the answer is here (see `WebRtcTransportOptions`). */
  readonly holdsCandidates: boolean
  /** The local description with the candidates found so far, as the browser has it now. */
  readonly describe: () => string
  readonly send: (bytes: Uint8Array) => void
  /** Our own description is none that others would take. */
  readonly onUnusable: () => void
}

export class SignalOutbox {
  readonly #options: SignalOutboxOptions
  readonly #alarm: Alarm
  #holdsCandidates: boolean
  #kind: DescriptionKind | null = null
  #isDescriptionSent = false
  #isGathered = false
  #candidates: string[] = []
  #candidatesSent = 0

  constructor(options: SignalOutboxOptions) {
    this.#options = options
    this.#holdsCandidates = options.holdsCandidates && !options.gatherFirst
    this.#alarm = options.timer.alarm(() => this.#flush())
  }

  noteDescription(kind: DescriptionKind): void {
    this.#kind = kind
    if (this.#isGathered || this.#holdsCandidates) return this.#flush()
    this.#wait(this.#options.gatherFirst ? GATHER_MS_MAX : BATCH_MS)
  }

  /** A candidate that comes before the description is sent is in it already. */
  noteCandidate(line: string): void {
    const candidate = readCandidate(line)
    const isInDescription = !this.#isDescriptionSent || this.#holdsCandidates || this.#options.gatherFirst
    if (!candidate || isInDescription || this.#candidatesSent === CANDIDATES_MAX) return
    this.#candidatesSent++
    this.#candidates.push(candidate)
    if (this.#candidates.length === 1) this.#wait(BATCH_MS)
  }

  /** The other end's answer is applied: candidates that were held go out, at once but not inside of this call. */
  noteAnswered(): void {
    if (!this.#holdsCandidates) return
    this.#holdsCandidates = false
    this.#candidates = [...(this.#describe()?.candidates ?? [])]
    this.#candidatesSent = this.#candidates.length
    this.#wait(0)
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
    const description = this.#describe()
    this.#isDescriptionSent = true
    if (!description) return this.#options.onUnusable()
    const candidates = this.#holdsCandidates ? [] : description.candidates
    this.#candidatesSent = candidates.length
    this.#options.send(encodeDescription({ ...description, candidates }))
  }

  #describe(): Description | null {
    return this.#kind && readDescription(this.#kind, this.#options.describe())
  }
}
