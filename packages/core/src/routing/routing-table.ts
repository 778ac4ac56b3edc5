// Everybody we know: 256 k-buckets, made when first needed, and the sibling list. Who may enter, and who is proven dead,
// is decided by the caller.

import type { Millis } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { SIBLINGS_MAX } from '../limits.ts'
import { Bucket, type KnownContact } from './bucket.ts'
import { bucketIndexOf, keepClosest } from './distance.ts'
import type { Landmark } from './proximity.ts'
import { SiblingList } from './siblings.ts'

const NO_HOPS: readonly PeerId[] = []
const NO_LANDMARKS: readonly Landmark[] = []

export class RoutingTable {
  readonly siblings: SiblingList
  readonly self: PeerId
  readonly #buckets: (Bucket | undefined)[] = []
  /** Members, candidates, siblings and linked contacts. */
  readonly #knownById = new Map<PeerId, KnownContact>()
  /** The same by the number of their bucket. */
  readonly #knownByBucket: (Set<KnownContact> | undefined)[] = []

  constructor(self: PeerId) {
    this.self = self
    this.siblings = new SiblingList(self)
  }

  get size(): number {
    return this.#knownById.size
  }

  get(id: PeerId): KnownContact | null {
    return this.#knownById.get(id) ?? null
  }

  /** Everybody, in the order we learned of them. */
  all(): readonly KnownContact[] {
    return [...this.#knownById.values()]
  }

  /** The bucket of this number, where anybody was ever put into it. */
  bucket(index: number): Bucket | undefined {
    return this.#buckets[index]
  }

  /** Numbers of the buckets that have members, lowest (farthest from us) first. */
  bucketIndexes(): number[] {
    const indexes: number[] = []
    this.#buckets.forEach((bucket, index) => {
      if (bucket !== undefined && bucket.members.length > 0) indexes.push(index)
    })
    return indexes
  }

  membersOf(bucket: number): readonly KnownContact[] {
    return this.#buckets[bucket]?.members ?? []
  }

  /** Members of the bucket and those who wait for a place in it. */
  contactsIn(bucket: number): readonly KnownContact[] {
    const { members = [], candidates = [] } = this.#buckets[bucket] ?? {}
    return candidates.length === 0 ? members : [...members, ...candidates]
  }

  /**
   * Up to `count` contacts that somebody vouched for since we started, closest to the target first. All of the target's own
   * bucket are closer to it than those of the buckets behind, who are closer than each bucket before, last to first.
   */
  closest(target: string, count: number): KnownContact[] {
    const own = bucketIndexOf(this.self, target)
    const found: KnownContact[] = []
    this.#keepClosest(found, own, target, count)
    if (found.length < count)
      for (let bucket = own + 1; bucket < this.#knownByBucket.length; bucket++)
        this.#keepClosest(found, bucket, target, count)
    for (let bucket = own - 1; bucket >= 0 && found.length < count; bucket--)
      this.#keepClosest(found, bucket, target, count)
    return found
  }

  /** Adds a contact that is new to us, or keeps what we know of it. */
  add(contact: Contact, seenAt: Millis, heard: boolean): KnownContact {
    const known = this.#knownById.get(contact.id) ?? this.#make(contact, seenAt)
    const losers = [this.#bucketOf(known).add(known)]
    if (heard) {
      known.heard = true
      losers.push(this.siblings.add(known))
    }
    for (const loser of losers) if (loser !== null) this.#release(loser)
    return known
  }

  /** There is evidence of this moment that the contact lives. */
  touch(known: KnownContact, now: Millis): void {
    known.seenAt = now
    this.#bucketOf(known).touch(known)
  }

  /** The link has gone; the contact stays where there is a place for it. */
  unlink(known: KnownContact): void {
    known.linked = false
    const loser = this.#bucketOf(known).add(known)
    if (loser !== null) this.#release(loser)
    this.#release(known)
  }

  /** Forgets the contact; siblings are filled up with the next closest. True where it was a sibling. */
  remove(known: KnownContact): boolean {
    this.#forget(known)
    this.#bucketOf(known).remove(known)
    if (!this.siblings.remove(known)) return false
    for (const next of this.closest(this.self, SIBLINGS_MAX)) this.siblings.add(next)
    return true
  }

  /** The member of a full bucket that keeps a candidate waiting, or null. */
  blocker(bucket: number): KnownContact | null {
    const full = this.#buckets[bucket]
    return full?.isFull && full.candidates.length > 0 ? full.leastRecentlySeen() : null
  }

  tables(): Record<string, number> {
    let candidates = 0
    for (const bucket of this.#buckets) candidates += bucket?.candidates.length ?? 0
    return { contacts: this.#knownById.size, candidates, siblings: this.siblings.list.length }
  }

  #make(contact: Contact, seenAt: Millis): KnownContact {
    const bucket = bucketIndexOf(this.self, contact.id)
    const known: KnownContact = {
      id: contact.id,
      contact,
      bucket,
      linked: false,
      heard: false,
      seenAt,
      via: null,
      foundBy: NO_HOPS,
      landmarks: NO_LANDMARKS,
    }
    this.#knownById.set(contact.id, known)
    const inBucket = this.#knownByBucket[bucket] ?? new Set()
    this.#knownByBucket[bucket] = inBucket.add(known)
    return known
  }

  #bucketOf(known: KnownContact): Bucket {
    const bucket = this.#buckets[known.bucket] ?? new Bucket()
    this.#buckets[known.bucket] = bucket
    return bucket
  }

  #keepClosest(found: KnownContact[], bucket: number, target: string, count: number): void {
    const inBucket = this.#knownByBucket[bucket]
    if (inBucket === undefined) return
    for (const known of inBucket) if (known.heard) keepClosest(found, target, known, count)
  }

  #forget(known: KnownContact): void {
    this.#knownById.delete(known.id)
    this.#knownByBucket[known.bucket]?.delete(known)
  }

  /** Forgets a contact that has no place left. */
  #release(known: KnownContact): void {
    if (known.linked || this.#bucketOf(known).has(known) || this.siblings.has(known)) return
    this.#forget(known)
  }
}
