// Which unlinked contacts are being asked whether they live. A contact is only ever removed on its own silence, never on
// the word of a third; this is where that silence is measured.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { KnownContact } from './bucket.ts'

/** Probes under way at once, each a routed message and its answer. Guess: a third of the largest neighbourhood. */
export const PROBES_MAX = 16
/** Probes that wait for one of those to end; beyond that a suspicion is dropped, and a later refresh finds the dead. */
export const PROBES_WAITING_MAX = 64

export class Probes {
  readonly #sinceByPeer = new Map<PeerId, Millis>()
  readonly #waiting = new Set<KnownContact>()

  has(peer: PeerId): boolean {
    return this.#sinceByPeer.has(peer)
  }

  /** Puts the contact in line. */
  add(known: KnownContact): void {
    if (this.has(known.id) || this.#waiting.size >= PROBES_WAITING_MAX) return
    this.#waiting.add(known)
  }

  /** Who is to be asked now. */
  take(now: Millis): KnownContact[] {
    const taken: KnownContact[] = []
    for (const known of this.#waiting) {
      if (this.#sinceByPeer.size >= PROBES_MAX) break
      this.#waiting.delete(known)
      if (known.linked) continue
      this.#sinceByPeer.set(known.id, now)
      taken.push(known)
    }
    return taken
  }

  /** Ends a probe; false where none was under way, or where it was begun at another time than `since`. */
  end(peer: PeerId, since?: Millis): boolean {
    const begun = this.#sinceByPeer.get(peer)
    if (begun === undefined || (since !== undefined && since !== begun)) return false
    return this.#sinceByPeer.delete(peer)
  }

  clear(): void {
    this.#sinceByPeer.clear()
    this.#waiting.clear()
  }

  tables(): Record<string, number> {
    return { probes: this.#sinceByPeer.size, probesWaiting: this.#waiting.size }
  }
}
