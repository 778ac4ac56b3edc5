// Which unlinked contacts are being asked whether they live. A contact is only ever removed on its own silence, never on
// the word of a third; this is where that silence is measured.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { KnownContact } from './bucket.ts'

/** Probes under way at once, each a routed message and its answer. Guess: a third of the largest neighbourhood. */
export const PROBES_MAX = 16
/** Probes under way up to which one begins because others say so: what we have found ourselves needs no place of theirs. Guess. */
export const RUMOURED_PROBES_MAX = 12
/** Probes of either kind that wait for one of those to end; beyond that a suspicion is dropped, and a later refresh finds the dead. */
export const PROBES_WAITING_MAX = 64

export class Probes {
  readonly #sinceByPeer = new Map<PeerId, Millis>()
  readonly #waiting = new Set<KnownContact>()
  readonly #rumoured = new Set<KnownContact>()

  has(peer: PeerId): boolean {
    return this.#sinceByPeer.has(peer)
  }

  /** Puts the contact in line; on the word of others behind those whom we have a reason of our own to ask. */
  add(known: KnownContact, isRumour: boolean): void {
    const line = isRumour ? this.#rumoured : this.#waiting
    if (!this.has(known.id) && line.size < PROBES_WAITING_MAX) line.add(known)
  }

  /** Who is to be asked now. */
  take(now: Millis): KnownContact[] {
    return [
      ...this.#takeFrom(this.#waiting, PROBES_MAX, now),
      ...this.#takeFrom(this.#rumoured, RUMOURED_PROBES_MAX, now),
    ]
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
    this.#rumoured.clear()
  }

  tables(): Record<string, number> {
    return { probes: this.#sinceByPeer.size, probesWaiting: this.#waiting.size + this.#rumoured.size }
  }

  #takeFrom(line: Set<KnownContact>, underWayMax: number, now: Millis): KnownContact[] {
    const taken: KnownContact[] = []
    for (const known of line) {
      if (this.#sinceByPeer.size >= underWayMax) break
      line.delete(known)
      if (known.linked || this.has(known.id)) continue
      this.#sinceByPeer.set(known.id, now)
      taken.push(known)
    }
    return taken
  }
}
