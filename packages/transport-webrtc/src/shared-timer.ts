// One timer for everything that this transport waits for, and the notice of having been late.
//
// A page that was busy, throttled or asleep finds all its deadlines passed at once, while the messages that would have
// kept them still wait in its event queue. So the time in which nothing of ours ran although something was due is a
// *stall*, and who judges others by their silence is told how long it was.

import type { Clock } from '@hyphae/runtime'

/** Milliseconds. Less is the noise of a loaded machine, and small beside the shortest silence (3 s). */
const STALL_MS_MIN = 250
/**
 * Milliseconds between wakes that are asked for after a stall, for whoever is patient. A hidden tab is woken once a
 * second; were it to ask for less, each wake would count as late, and no silence would ever be long enough. Slightly
 * below the second, because a request made just after one wake must fit before the next.
 */
const CALM_MS = 900
/** Milliseconds after the last stall for which the page counts as throttled. A guess: a few dozen wakes in time. */
const CALM_PERIOD_MS = 30_000

export interface Alarm {
  /** Rings once at this time, at once where it has passed. Replaces an earlier setting. `Infinity` is never. */
  set(at: number): void
  /** Later by so much, where it is set. */
  postpone(ms: number): void
  clear(): void
}

export interface AlarmOptions {
  /** May ring up to `slackMs` early or late. */
  readonly isPatient: boolean
}

class Entry implements Alarm {
  at = Number.POSITIVE_INFINITY
  readonly ring: () => void
  readonly isPatient: boolean
  readonly #onSet: (entry: Entry) => void

  constructor(ring: () => void, isPatient: boolean, onSet: (entry: Entry) => void) {
    this.ring = ring
    this.isPatient = isPatient
    this.#onSet = onSet
  }

  set(at: number): void {
    this.at = at
    this.#onSet(this)
  }

  /** An early wake finds nothing due and arms itself again. */
  postpone(ms: number): void {
    this.at += ms
  }

  clear(): void {
    this.at = Number.POSITIVE_INFINITY
    this.#onSet(this)
  }
}

export class SharedTimer {
  readonly #clock: Clock
  readonly #onStall: (stalledMs: number) => void
  /** Set alarms only, so what nobody waits for costs nothing. */
  readonly #entries = new Set<Entry>()
  #armedAt = Number.POSITIVE_INFINITY
  #cancel: () => void = () => undefined
  #ranAt: number
  #wokeAt = 0
  #calmUntil = 0

  /** `onStall` is called before any alarm that is due after the stall. */
  constructor(clock: Clock, onStall: (stalledMs: number) => void) {
    this.#clock = clock
    this.#onStall = onStall
    this.#ranAt = clock.now()
  }

  now(): number {
    return this.#clock.now()
  }

  /** Milliseconds by which the next wake may be too late for what is due before it: not zero where we are throttled. */
  get slackMs(): number {
    return this.#clock.now() < this.#calmUntil ? CALM_MS : 0
  }

  /** An alarm that is not set. `ring` may set and clear any alarm. */
  alarm(ring: () => void, { isPatient }: AlarmOptions = { isPatient: false }): Alarm {
    return new Entry(ring, isPatient, (entry) => this.#onSet(entry))
  }

  /** To be called whenever something of ours runs: a page that handles messages is not stalled. */
  noteRunning(): number {
    const now = this.#clock.now()
    const stalledMs = now - Math.max(this.#armedAt, this.#ranAt)
    this.#ranAt = now
    if (stalledMs < STALL_MS_MIN) return now
    this.#calmUntil = now + CALM_PERIOD_MS
    this.#onStall(stalledMs)
    return now
  }

  /** Nothing is waited for any more: the clock is let go, which holds a process of Node until then. */
  stop(): void {
    this.#entries.clear()
    this.#arm(Number.POSITIVE_INFINITY)
  }

  #onSet(entry: Entry): void {
    if (entry.at === Number.POSITIVE_INFINITY) this.#entries.delete(entry)
    else this.#entries.add(entry)
    if (this.#timeOf(entry) < this.#armedAt) this.#arm(this.#timeOf(entry))
  }

  #timeOf(entry: Entry): number {
    return entry.isPatient ? Math.max(entry.at, this.#wokeAt + this.slackMs) : entry.at
  }

  #arm(at: number): void {
    this.#cancel()
    this.#armedAt = at
    if (at < Number.POSITIVE_INFINITY) this.#cancel = this.#clock.wakeAt(at, () => this.#wake())
  }

  #wake(): void {
    const now = this.noteRunning()
    this.#wokeAt = now
    // Alarms set while others ring must not be compared with a time that has passed.
    this.#armedAt = Number.POSITIVE_INFINITY
    const patientUntil = now + this.slackMs
    for (const entry of [...this.#entries])
      if (entry.at <= (entry.isPatient ? patientUntil : now)) this.#ring(entry)
    this.#arm(this.#earliest())
  }

  #ring(entry: Entry): void {
    entry.at = Number.POSITIVE_INFINITY
    this.#entries.delete(entry)
    entry.ring()
  }

  #earliest(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const entry of this.#entries) earliest = Math.min(earliest, this.#timeOf(entry))
    return earliest
  }
}
