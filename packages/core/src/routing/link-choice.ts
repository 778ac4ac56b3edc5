// Which contacts we want links to. The choice is incremental: what was chosen stays chosen while it lives, and only what is
// missing is added, so that a network in which nothing changes makes and closes no link.

import type { Millis, Random } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import { ID_BYTES, type PeerId } from '../identity/peer-id.ts'
import { DIALS_MAX } from '../limits.ts'
import { LINK_REASONS } from '../peer/calls.ts'
import { toHex } from '../wire/bytes.ts'
import type { KnownContact } from './bucket.ts'
import { closestOf, mirrorOf } from './distance.ts'
import { type LinkState, LinkTally } from './link-tally.ts'
import { type LinkTargets, linkTargets } from './link-targets.ts'
import type { Proximity } from './proximity.ts'
import { Rests } from './rests.ts'
import type { RoutingTable } from './routing-table.ts'
import { Wants } from './wants.ts'

/** Contacts dialed, one after the other, while we have no link: more links would be chosen blindly. */
const FIRST_DIALS = 3
/** Milliseconds after which the next one is dialed beside the first: most links are open by then. */
const FIRST_DIALS_APART_MS = 2_000
/** A leaf stays one until it is this much farther down the list than the last leaf: newcomers do not push it out at once. */
const LEAF_TOLERANCE = 1.5
/** Wanted contacts that are not linked yet, leaves not counted: what the dialer does at once, and as many in line. */
const PENDING_MAX = DIALS_MAX * 2
/** Milliseconds between two links that nobody needs, in which others may dial us. */
const ENRICH_EVERY_MS = 2_000
/** The same where dials fail one after the other: everybody is full. */
const ENRICH_EVERY_MS_MAX = 15 * 60_000
/** Milliseconds for which a link to another network waits for a place: crowded peers give up links as it is. */
const BRIDGE_MS = 60_000
/**
 * Milliseconds the peer with the larger id waits before it wants a link, and as much again by chance at most: the other one
 * usually dials meanwhile, and two connections for one link would cost both.
 */
const YIELD_MS = 1_500

const { leaf: LEAF, bucket: BUCKET, random: RANDOM } = LINK_REASONS

/** What a link is worth to us: one more than we aim for in its bucket, one of those, a leaf. */
const WORTH = { surplus: 0, bucket: 1, kept: 2 } as const
type Worth = (typeof WORTH)[keyof typeof WORTH]

/** `first`: there is nobody to look around from; `wait`: there is, and we do not know our neighbourhood; `all`: we do. */
export type ChoicePhase = 'first' | 'wait' | 'all'

export interface WantChange {
  readonly contact: Contact
  readonly reasons: number
}

export interface LinkChoiceOptions {
  readonly self: PeerId
  readonly linksMax: number
  /** Whether a contact may be dead, so that nothing is lost by waiting. */
  readonly isSuspect: (peer: PeerId) => boolean
}

export class LinkChoice {
  readonly targets: LinkTargets
  readonly #options: LinkChoiceOptions
  readonly #table: RoutingTable
  readonly #proximity: Proximity
  readonly #linkByPeer: ReadonlyMap<PeerId, LinkState>
  readonly #random: Random
  readonly #wants = new Wants()
  readonly #rests = new Rests()
  #tally = new LinkTally()
  /** No link is made only to have more of them before. */
  #enrichAt: Millis = 0
  /** Dials that failed since one succeeded. */
  #refusals = 0
  #nextAt = Number.POSITIVE_INFINITY
  /** A contact that may lead to another network. */
  #bridge: { readonly peer: PeerId; readonly until: Millis } | null = null
  /** Links worth less are given up for something better that waits for a place. */
  #better: Worth = WORTH.surplus

  constructor(
    options: LinkChoiceOptions,
    views: { readonly table: RoutingTable; readonly proximity: Proximity },
    linkByPeer: ReadonlyMap<PeerId, LinkState>,
    random: Random,
  ) {
    this.targets = linkTargets(options.linksMax)
    this.#options = options
    this.#table = views.table
    this.#proximity = views.proximity
    this.#linkByPeer = linkByPeer
    this.#random = random
  }

  get linksMax(): number {
    return this.#options.linksMax
  }

  /** Contacts wanted and not linked. */
  get pending(): number {
    return this.#wants.pending
  }

  /** When the choice may come out differently although nothing happens; infinity where it will not. */
  get nextAt(): Millis {
    return this.#nextAt
  }

  /** Our reasons for a link, as last said. */
  reasonsOf(peer: PeerId): number {
    return this.#wants.get(peer)?.said ?? 0
  }

  /** Whether this contact is left alone for a while: its last dial or link came to nothing. */
  isResting(peer: PeerId, now: Millis): boolean {
    return this.#rests.peerUntil(peer) > now
  }

  linkUp({ known, role }: LinkState): void {
    this.#wants.linked(known)
    this.#rests.bucketServed(known.bucket)
    if (role === 'dialer') this.#refusals = 0
  }

  /** A link has gone, and the dialer has forgotten that we wanted it. */
  linkDown(peer: PeerId, restMs: number, now: Millis): void {
    this.#wants.delete(peer)
    this.#rests.restPeer(peer, restMs, now)
  }

  /** A dial came to nothing, and the dialer has forgotten it. */
  dialFailed(peer: PeerId, restMs: number, now: Millis): void {
    const want = this.#wants.get(peer)
    if (want !== undefined && (want.reasons & BUCKET) !== 0) this.#rests.bucketFailed(want.known.bucket, now)
    this.#refusals += 1
    this.#wants.delete(peer)
    this.#rests.peerFailed(peer, restMs, now)
  }

  /** The contact is known no more. Answers with what the dialer must hear, or null. */
  drop({ id, contact }: KnownContact): WantChange | null {
    const said = this.reasonsOf(id)
    this.#wants.delete(id)
    return said === 0 ? null : { contact, reasons: 0 }
  }

  /** A link to this contact may lead to a network other than ours. */
  bridgeTo(peer: PeerId, now: Millis): void {
    this.#bridge = { peer, until: now + BRIDGE_MS }
  }

  /** Chooses anew and answers with what changed. */
  choose(phase: ChoicePhase, now: Millis): WantChange[] {
    this.#nextAt = Number.POSITIVE_INFINITY
    this.#better = WORTH.surplus
    const changes = this.#revoke()
    this.#tally = LinkTally.of(this.#linkByPeer.values(), this.#wants)
    if (phase === 'first') this.#chooseFirst(now)
    if (phase === 'wait') this.#wants.dropUnsaid()
    if (phase === 'all') {
      this.#chooseLeaves(now)
      this.#coverBuckets(now)
      this.#reachBridge(now)
      this.#adopt(now)
      this.#enrich(now)
      this.#makePlace()
    }
    changes.push(...this.#say(now))
    return changes
  }

  tables(): Record<string, number> {
    return { wanted: this.#wants.size, resting: this.#rests.size }
  }

  // The parts of a choice, most important first

  /** One link is enough to look around from. Somebody else is dialed beside whoever does not answer; stored contacts last. */
  #chooseFirst(now: Millis): void {
    const { self, linksMax } = this.#options
    const all = this.#table.all().filter((known) => !known.linked)
    const heard = all.filter(({ heard }) => heard)
    for (const pool of [closestOf(self, heard, FIRST_DIALS), latest(all, FIRST_DIALS)]) {
      for (const known of pool) {
        const dials = this.#wants.unlinked().filter((other) => other.heard === known.heard).length
        if (dials >= FIRST_DIALS || this.#places(linksMax) <= 0 || !this.#isDialable(known, now)) continue
        this.#want(known, LEAF, now + dials * FIRST_DIALS_APART_MS)
      }
    }
  }

  #chooseLeaves(now: Millis): void {
    const { leaf } = this.targets
    const leaves = new Set<PeerId>()
    for (const known of this.#table.siblings.list) {
      if (leaves.size >= Math.floor(leaf * LEAF_TOLERANCE)) break
      const isClose = leaves.size < leaf
      if (known.linked || this.#wants.get(known.id) !== undefined) {
        if (isClose) this.#want(known, LEAF, now)
        leaves.add(known.id)
      } else if (isClose && this.#isDialable(known, now)) {
        // One place stays free for whoever counts us among its leaves.
        if (this.#places(Math.max(1, this.#options.linksMax - 1)) > 0) this.#dial(known, LEAF, now)
        else this.#better = WORTH.kept
        leaves.add(known.id)
      }
    }
    this.#wants.demote(LEAF, RANDOM, leaves)
  }

  /**
   * Every bucket needs a link, or greedy routes end here. It goes to whoever is closest to our mirror image in the bucket,
   * because we are mostly closest to theirs: one link then serves both ends.
   */
  #coverBuckets(now: Millis): void {
    for (const bucket of this.#table.bucketIndexes().reverse()) {
      if (this.#tally.inBucket(bucket) > 0 || this.#keepIdle(bucket, now)) continue
      if (!this.#isAwake(this.#rests.bucketUntil(bucket), now)) continue
      const pool = this.#table.contactsIn(bucket)
      const known = this.#closestDialable(mirrorOf(this.#options.self, bucket), pool, now)
      if (known === null) continue
      if (this.#hasPlace()) this.#dial(known, BUCKET, now)
      else this.#better = Math.max(this.#better, WORTH.bucket) as Worth
    }
  }

  #reachBridge(now: Millis): void {
    if (this.#bridge === null) return
    const known = this.#table.get(this.#bridge.peer)
    if (known === null || known.linked || now >= this.#bridge.until) this.#bridge = null
    else if (this.#hasPlace(this.#options.linksMax) && this.#isDialable(known, now)) {
      this.#dial(known, RANDOM, now)
      this.#bridge = null
    }
  }

  /** Wants a link of the bucket that we have and nobody wants, unless its place is needed for a leaf. */
  #keepIdle(bucket: number, now: Millis): boolean {
    const idle = this.#tally.idle.find(({ known }) => known.bucket === bucket)
    if (idle === undefined || this.#better === WORTH.kept) return false
    this.#want(idle.known, BUCKET, now)
    return true
  }

  /** Wants links that we have and nobody wants, where we would dial for others. */
  #adopt(now: Millis): void {
    if (this.#better !== WORTH.surplus) return
    for (const { known } of this.#tally.idle) {
      if (this.#tally.total >= this.targets.total) return
      if (this.#wants.get(known.id) === undefined) this.#want(known, RANDOM, now)
    }
  }

  /**
   * More links shorten routes, but a newcomer leaves half of them to those who come after it: a network that grows would
   * otherwise fill up with links that nobody has to have. Where there are few peers everybody links to everybody.
   */
  #enrich(now: Millis): void {
    const { total, perBucket, dialedMax } = this.targets
    const isSmall = this.#table.size <= total
    while (this.#tally.total < total && this.#hasPlace()) {
      if (!isSmall && this.#tally.dialed >= dialedMax) return
      if (!isSmall && now < this.#enrichAt) return this.#wakeAt(this.#enrichAt)
      const known = this.#drawForBucket(now) ?? this.#drawFrom(this.#table.all(), now)
      if (known === null) return
      this.#dial(known, this.#tally.inBucket(known.bucket) < perBucket ? BUCKET : RANDOM, now)
      this.#enrichAt = now + Math.min(ENRICH_EVERY_MS * 2 ** this.#refusals, ENRICH_EVERY_MS_MAX)
    }
  }

  /**
   * The nearest of the farthest bucket that should have more links, as far as links tell; every other time nobody, while random
   * links are too few.
   */
  #drawForBucket(now: Millis): KnownContact | null {
    if (this.#tally.random < this.targets.random && (this.#random.u32() & 1) === 0) return null
    for (const bucket of this.#table.bucketIndexes()) {
      if (this.#tally.inBucket(bucket) >= this.targets.perBucket) continue
      const pool = this.#table.contactsIn(bucket)
      const known = this.#nearestDialable(pool, now) ?? this.#drawFrom(pool, now)
      if (known !== null) return known
    }
    return null
  }

  /** Gives up our interest in links, the slowest first, where something better finds no place or newcomers would find none. */
  #makePlace(): void {
    const links = [...this.#linkByPeer.values()].sort((a, b) =>
      this.#proximity.slowestFirst(a.known.id, b.known.id),
    )
    const leaving = links.filter((link) => this.#isIdle(link)).length
    const crowd = links.length - this.targets.comfortMax
    let surplus = Math.max(crowd, this.#better > WORTH.surplus ? 1 : 0) - leaving
    const limit = Math.max(this.#better, crowd > 0 ? WORTH.bucket : WORTH.surplus)
    for (let worth: number = WORTH.surplus; worth < limit; worth++) {
      for (const link of links) {
        if (surplus <= 0) return
        if (this.#worth(link) !== worth) continue
        this.#wants.giveUp(link.known.id)
        this.#tally.remove(link.known)
        surplus -= 1
      }
    }
  }

  /** Links that the remote wants, and those that we never wanted, are not ours to give up. */
  #worth({ known, theirs }: LinkState): Worth {
    const ours = this.#wants.reasonsOf(known.id)
    if (ours === 0 || theirs !== 0 || (ours & LEAF) !== 0) return WORTH.kept
    return this.#tally.inBucket(known.bucket) > this.targets.perBucket ? WORTH.surplus : WORTH.bucket
  }

  // Small things

  #places(max: number): number {
    return max - this.#linkByPeer.size - this.pending
  }

  #hasPlace(max = this.targets.dialMax): boolean {
    return this.#places(max) > 0 && this.pending < PENDING_MAX
  }

  #isIdle({ known, theirs }: LinkState): boolean {
    return theirs === 0 && this.#wants.reasonsOf(known.id) === 0
  }

  #isDialable(known: KnownContact, now: Millis): boolean {
    if (known.linked || this.#wants.get(known.id) !== undefined || this.#options.isSuspect(known.id))
      return false
    return this.#isAwake(this.#rests.peerUntil(known.id), now)
  }

  #isAwake(restsUntil: Millis, now: Millis): boolean {
    if (restsUntil > now) this.#wakeAt(restsUntil)
    return restsUntil <= now
  }

  #closestDialable(target: string, pool: readonly KnownContact[], now: Millis): KnownContact | null {
    return closestOf(target, this.#dialable(pool, now), 1)[0] ?? null
  }

  #nearestDialable(pool: readonly KnownContact[], now: Millis): KnownContact | null {
    return this.#proximity.nearest(this.#dialable(pool, now))
  }

  #dialable(pool: readonly KnownContact[], now: Millis): KnownContact[] {
    return pool.filter((known) => known.heard && this.#isDialable(known, now))
  }

  /** Whoever is closest to a random point: everybody is drawn with the chance of its share of the id space. */
  #drawFrom(pool: readonly KnownContact[], now: Millis): KnownContact | null {
    return this.#closestDialable(toHex(this.#random.bytes(ID_BYTES)), pool, now)
  }

  #dial(known: KnownContact, reason: number, now: Millis): void {
    const yields = this.#options.self > known.id && this.#linkByPeer.size > 0
    this.#want(known, reason, yields ? now + YIELD_MS + (this.#random.u32() % YIELD_MS) : now)
  }

  #want(known: KnownContact, reason: number, sayAt: Millis): void {
    const link = this.#linkByPeer.get(known.id)
    if (this.#wants.add(known, reason, sayAt) && (link === undefined || link.theirs === 0)) {
      this.#tally.add(known, reason)
      if (link === undefined) this.#tally.dialed += 1
    }
  }

  #wakeAt(at: Millis): void {
    this.#nextAt = Math.min(this.#nextAt, at)
  }

  /** Others took the places that we meant to fill: the newest wants are dropped. */
  #revoke(): WantChange[] {
    const surplus = this.#linkByPeer.size + this.pending - this.#options.linksMax
    if (surplus <= 0) return []
    const revoked = this.#wants.unlinked().reverse().slice(0, surplus)
    return revoked.map((known) => this.drop(known)).filter((change) => change !== null)
  }

  #say(now: Millis): WantChange[] {
    const { changes, nextAt } = this.#wants.say(now)
    this.#wakeAt(nextAt)
    return changes
  }
}

function latest(contacts: readonly KnownContact[], count: number): KnownContact[] {
  return contacts.toSorted((a, b) => b.seenAt - a.seenAt).slice(0, count)
}
