// What the dialer was told of our wishes, what it is still to be told, and whom it is not to be bothered with for a while.

import type { Millis } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { REMEMBERED_PEERS_MAX } from '../limits.ts'
import type { KnownContact } from './bucket.ts'

/** Failed dials of one contact after which it rests twice as long each time, and at most: who refused so often will refuse again. */
const PATIENCE = 3
const REST_MS_MAX = 15 * 60_000

export interface Want {
  readonly known: KnownContact
  /** Bits of LINK_REASONS. */
  reasons: number
  /** What the dialer was told. */
  said: number
  /** Not told before, while there is no link. */
  readonly sayAt: Millis
}

interface Rest {
  readonly until: Millis
  /** Dials that failed one after the other. */
  readonly failures: number
}

export class Wants {
  readonly #wantByPeer = new Map<PeerId, Want>()
  readonly #restByPeer = new Map<PeerId, Rest>()

  get size(): number {
    return this.#wantByPeer.size
  }

  /** Contacts that rest, or rested once and were not dialed since. */
  get resting(): number {
    return this.#restByPeer.size
  }

  /** Contacts wanted and not linked. */
  get pending(): number {
    let count = 0
    for (const { known } of this.#wantByPeer.values()) if (!known.linked) count += 1
    return count
  }

  /** Those, in the order in which they were first wanted. */
  unlinked(): KnownContact[] {
    return [...this.#wantByPeer.values()].map(({ known }) => known).filter(({ linked }) => !linked)
  }

  get(peer: PeerId): Want | undefined {
    return this.#wantByPeer.get(peer)
  }

  reasonsOf(peer: PeerId): number {
    return this.#wantByPeer.get(peer)?.reasons ?? 0
  }

  /** Adds a reason. True where the contact was not wanted before. */
  add(known: KnownContact, reason: number, sayAt: Millis): boolean {
    const want = this.#wantByPeer.get(known.id)
    if (want !== undefined) {
      want.reasons |= reason
      return false
    }
    this.#wantByPeer.set(known.id, { known, reasons: reason, said: 0, sayAt })
    return true
  }

  /** Who has this reason without being one of those gets the other reason for it. */
  demote(reason: number, other: number, except: ReadonlySet<PeerId>): void {
    for (const [peer, want] of this.#wantByPeer) {
      if ((want.reasons & reason) !== 0 && !except.has(peer)) want.reasons = (want.reasons & ~reason) | other
    }
  }

  /** The contact is wanted no more, and the dialer will hear. */
  giveUp(peer: PeerId): void {
    const want = this.#wantByPeer.get(peer)
    if (want !== undefined) want.reasons = 0
  }

  /** The contact is wanted no more, and the dialer has not to be told. */
  delete(peer: PeerId): void {
    this.#wantByPeer.delete(peer)
  }

  dropUnsaid(): void {
    for (const [peer, { said, known }] of this.#wantByPeer) {
      if (said === 0 && !known.linked) this.#wantByPeer.delete(peer)
    }
  }

  /** What the dialer must hear now, and when there may be more. */
  say(now: Millis): { changes: { contact: Contact; reasons: number }[]; nextAt: Millis } {
    const changes: { contact: Contact; reasons: number }[] = []
    let nextAt = Number.POSITIVE_INFINITY
    for (const [peer, want] of this.#wantByPeer) {
      const { known, reasons, said, sayAt } = want
      if (reasons === said) continue
      if (!known.linked && sayAt > now) {
        nextAt = Math.min(nextAt, sayAt)
        continue
      }
      changes.push({ contact: known.contact, reasons })
      want.said = reasons
      if (reasons === 0) this.#wantByPeer.delete(peer)
    }
    return { changes, nextAt }
  }

  /** A dial failed: the contact is not to be dialed for this long, or longer. */
  failed(peer: PeerId, restMs: number, now: Millis): void {
    const failures = (this.#restByPeer.get(peer)?.failures ?? 0) + 1
    const longer = 2 ** Math.max(0, failures - PATIENCE)
    this.#remember(peer, { until: now + Math.min(restMs * longer, Math.max(restMs, REST_MS_MAX)), failures })
  }

  /** The contact was linked, and is not to be dialed for this long. */
  rest(peer: PeerId, restMs: number, now: Millis): void {
    this.#remember(peer, { until: now + restMs, failures: 0 })
  }

  restsUntil(peer: PeerId): Millis {
    return this.#restByPeer.get(peer)?.until ?? 0
  }

  /** Beyond the bound whoever has rested longest may be dialed again. */
  #remember(peer: PeerId, rest: Rest): void {
    this.#restByPeer.delete(peer)
    this.#restByPeer.set(peer, rest)
    if (this.#restByPeer.size > REMEMBERED_PEERS_MAX) {
      this.#restByPeer.delete(this.#restByPeer.keys().next().value as PeerId)
    }
  }
}
