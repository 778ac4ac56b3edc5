// Timers that are set again and again. Of each kind one counts, the earliest; the others are stale when they fire.

import type { Millis } from '../contract.ts'
import type { Out, SetTimerEffect } from '../machine.ts'

export class Alarms<Name extends string> {
  readonly #dueByName = new Map<Name, Millis>()

  /** Lets the alarm ring at this time or earlier; never where the time is infinity. */
  arm(name: Name, at: Millis, now: Millis, out: Out<SetTimerEffect<{ readonly type: Name }>>): void {
    if (this.#dueAt(name) <= at) return
    this.#dueByName.set(name, Math.max(at, now))
    out.push({ type: 'set-timer', afterMs: Math.max(0, at - now), timer: { type: name } })
  }

  /** Whether the timer that just fired is the one that counts. The alarm is then no longer armed. */
  take(name: Name, now: Millis): boolean {
    return this.#dueAt(name) <= now && this.#dueByName.delete(name)
  }

  #dueAt(name: Name): Millis {
    return this.#dueByName.get(name) ?? Number.POSITIVE_INFINITY
  }
}
