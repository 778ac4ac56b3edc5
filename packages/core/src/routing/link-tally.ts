// How many links there are of each kind, those that we only want counted in, those that nobody wants not.

import type { LinkRole } from '../contract.ts'
import { LINK_REASONS } from '../peer/calls.ts'
import type { KnownContact } from './bucket.ts'
import type { Wants } from './wants.ts'

/** A live link as routing sees it. */
export interface LinkState {
  readonly known: KnownContact
  readonly role: LinkRole
  /** Counts link-ups; larger is later. */
  readonly number: number
  /** Why the remote wants the link. */
  theirs: number
}

export class LinkTally {
  total = 0
  /** Random links that are not also leaves. */
  random = 0
  /** Links that we dialed or are going to. */
  dialed = 0
  /** Links that nobody wants. */
  readonly idle: LinkState[] = []
  readonly #countByBucket = new Map<number, number>()

  static of(links: Iterable<LinkState>, wants: Wants): LinkTally {
    const tally = new LinkTally()
    for (const link of links) {
      const reasons = link.theirs | wants.reasonsOf(link.known.id)
      if (reasons === 0) tally.idle.push(link)
      else tally.add(link.known, reasons)
      if (link.role === 'dialer') tally.dialed += 1
    }
    for (const known of wants.unlinked()) {
      tally.add(known, wants.reasonsOf(known.id))
      tally.dialed += 1
    }
    return tally
  }

  inBucket(bucket: number): number {
    return this.#countByBucket.get(bucket) ?? 0
  }

  add(known: KnownContact, reasons: number): void {
    this.#countByBucket.set(known.bucket, this.inBucket(known.bucket) + 1)
    if ((reasons & LINK_REASONS.leaf) === 0 && (reasons & LINK_REASONS.random) !== 0) this.random += 1
    this.total += 1
  }

  remove(known: KnownContact): void {
    this.#countByBucket.set(known.bucket, this.inBucket(known.bucket) - 1)
    this.total -= 1
  }
}
