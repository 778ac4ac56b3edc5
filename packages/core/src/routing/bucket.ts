// One k-bucket: contacts that share a given number of first bits with us, least recently seen first. A full bucket takes
// nobody in: newcomers wait beside it until a member proves dead, because whoever lived long will live longer.

import type { Millis } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { BUCKET_CANDIDATES_MAX, BUCKET_CONTACTS_MAX } from '../limits.ts'
import type { Landmark } from './proximity.ts'

/** What routing knows about one other peer. */
export interface KnownContact {
  readonly id: PeerId
  readonly contact: Contact
  /** Number of its bucket. */
  readonly bucket: number
  linked: boolean
  /** Somebody named it since we started. A contact restored from storage is named to nobody before that. */
  heard: boolean
  /** Last evidence that it lives: its own, or that of a peer linked to it. */
  seenAt: Millis
  /** The linked peer that last named it as one of its live links. */
  via: PeerId | null
  /** Hops of the lookup through others that brought it, the first of them linked; empty where another way did. */
  foundBy: readonly PeerId[]
  /** Linked peers that said how far it is from them. */
  landmarks: readonly Landmark[]
}

/** Hops to the contact, as far as we know them. Where it is not the last of them it is near that one. */
export function hopsTo({ id, via, foundBy }: KnownContact): readonly PeerId[] {
  return via === null ? foundBy : [via, id]
}

export class Bucket {
  readonly #members: KnownContact[] = []
  readonly #candidates: KnownContact[] = []

  /** Least recently seen first. */
  get members(): readonly KnownContact[] {
    return this.#members
  }

  /** Longest waiting first. */
  get candidates(): readonly KnownContact[] {
    return this.#candidates
  }

  get isFull(): boolean {
    return this.#members.length >= BUCKET_CONTACTS_MAX
  }

  has(known: KnownContact): boolean {
    return this.#members.includes(known) || this.#candidates.includes(known)
  }

  /** Takes the contact in, as member or candidate. Answers with the candidate that lost its place, or null. */
  add(known: KnownContact): KnownContact | null {
    if (this.has(known)) return null
    if (!this.isFull) {
      this.#members.push(known)
      return null
    }
    this.#candidates.push(known)
    return this.#candidates.length > BUCKET_CANDIDATES_MAX ? (this.#candidates.shift() ?? null) : null
  }

  /** The contact was seen just now. */
  touch(known: KnownContact): void {
    const list = this.#members.includes(known) ? this.#members : this.#candidates
    if (take(list, known)) list.push(known)
  }

  /** Takes the contact out; the newest candidate, a linked one first, gets a member's place. */
  remove(known: KnownContact): void {
    if (take(this.#candidates, known) || !take(this.#members, known)) return
    const heir = this.#candidates.findLast(({ linked }) => linked) ?? this.#candidates.at(-1)
    if (heir === undefined) return
    take(this.#candidates, heir)
    this.#members.push(heir)
  }

  /** Whoever has to prove that it lives before a candidate may take its place: never a linked contact. */
  leastRecentlySeen(): KnownContact | null {
    return this.#members.find(({ linked }) => !linked) ?? null
  }
}

function take(list: KnownContact[], known: KnownContact): boolean {
  const index = list.indexOf(known)
  if (index >= 0) list.splice(index, 1)
  return index >= 0
}
