// What the dialer was told of our wishes, and what it is still to be told.

import type { Millis } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { KnownContact } from './bucket.ts'

export interface Want {
  known: KnownContact
  /** Bits of LINK_REASONS. */
  reasons: number
  /** What the dialer was told. */
  said: number
  /** Not told before, while there is no link. */
  readonly sayAt: Millis
}

export class Wants {
  readonly #wantByPeer = new Map<PeerId, Want>()

  get size(): number {
    return this.#wantByPeer.size
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

  /** The contact is linked; it may have been forgotten meanwhile, and is another object then. */
  linked(known: KnownContact): void {
    const want = this.#wantByPeer.get(known.id)
    if (want !== undefined) want.known = known
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
}
