// Which contacts we want links to. The choice is incremental: what was chosen stays chosen while it lives, and only what is
// missing is added, so that a network in which nothing changes makes and closes no link.

import type { LinkRole, Millis, Random } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import { ID_BYTES, type PeerId } from '../identity/peer-id.ts'
import { DIALS_MAX, REMEMBERED_PEERS_MAX } from '../limits.ts'
import { LINK_REASONS } from '../peer/calls.ts'
import { toHex } from '../wire/bytes.ts'
import type { KnownContact } from './bucket.ts'
import { closestOf, mirrorOf } from './distance.ts'
import { type LinkTargets, linkTargets } from './link-targets.ts'
import type { RoutingTable } from './routing-table.ts'

/** Links wanted before our own id has been looked up: more would be chosen blindly. */
export const FIRST_LINKS = Number((globalThis as any).process?.env['FIRST'] ?? 2)
/** A leaf stays one until it is this much farther down the list than the last leaf: newcomers do not push it out at once. */
const LEAF_TOLERANCE = 1.5
/** Wanted contacts that are not linked yet, leaves not counted: what the dialer does at once, and as many in line. */
const PENDING_MAX = DIALS_MAX * 2
/**
 * Milliseconds the peer with the larger id waits before it wants a link, and as much again by chance at most: the other one
 * usually dials meanwhile, and two connections for one link would cost both.
 */
const YIELD_MS = 1_500

declare const process: any
const { leaf: LEAF, bucket: BUCKET, random: RANDOM } = LINK_REASONS

/** `first`: no neighbourhood known yet; `near`: it is, but still changing; `all`: fill up. */
export type ChoicePhase = 'first' | 'near' | 'all'

export interface LinkState {
  readonly known: KnownContact
  readonly role: LinkRole
  /** Counts link-ups; larger is later. */
  readonly number: number
  /** Why the remote wants the link. */
  theirs: number
  roundTripMs: number | null
}

export interface WantChange {
  readonly contact: Contact
  readonly reasons: number
}

interface Want {
  readonly known: KnownContact
  reasons: number
  /** What the dialer was told. */
  said: number
  readonly sayAt: Millis
}

/** Where links of one kind come from: contacts of a pool, closest to a point. */
interface Source {
  readonly pool: readonly KnownContact[]
  readonly reasons: number
  readonly near: () => string
  readonly now: Millis
}

interface Tally {
  /** Links that somebody wants, and contacts that we want, by bucket. */
  readonly byBucket: Map<number, number>
  random: number
  total: number
  /** Those of them that we dialed or are going to. */
  dialed: number
}

export class LinkChoice {
  readonly targets: LinkTargets
  readonly #self: PeerId
  readonly #linksMax: number
  readonly #table: RoutingTable
  readonly #linkByPeer: ReadonlyMap<PeerId, LinkState>
  readonly #random: Random
  readonly #wantByPeer = new Map<PeerId, Want>()
  /** Contacts that are not to be dialed before a time. */
  readonly #restsUntilByPeer = new Map<PeerId, Millis>()
  /** Contacts that may be dead, which others must not be kept waiting for. */
  readonly #isSuspect: (peer: PeerId) => boolean
  #enrichAt = 0
  #tally: Tally = emptyTally()
  #nextAt = Number.POSITIVE_INFINITY
  /** What a link must be worth not to be given up for something better; 0 where nothing better waits. */
  #spare = 0

  constructor(
    options: {
      readonly self: PeerId
      readonly linksMax: number
      readonly isSuspect: (peer: PeerId) => boolean
    },
    table: RoutingTable,
    linkByPeer: ReadonlyMap<PeerId, LinkState>,
    random: Random,
  ) {
    this.targets = linkTargets(options.linksMax)
    this.#self = options.self
    this.#linksMax = options.linksMax
    this.#isSuspect = options.isSuspect
    this.#table = table
    this.#linkByPeer = linkByPeer
    this.#random = random
  }

  /** Contacts wanted and not linked. */
  get pending(): number {
    let count = 0
    for (const { known } of this.#wantByPeer.values()) if (!known.linked) count += 1
    return count
  }

  /** When the choice may come out differently although nothing happens; infinity where it will not. */
  get nextAt(): Millis {
    return this.#nextAt
  }

  /** Our reasons for a link, as last said. */
  reasonsOf(peer: PeerId): number {
    return this.#wantByPeer.get(peer)?.said ?? 0
  }

  /** A link or a dial has ended, and the dialer has forgotten that we wanted it. */
  ended(peer: PeerId, restMs: number, now: Millis): void {
    this.#wantByPeer.delete(peer)
    this.#restsUntilByPeer.delete(peer)
    if (restMs <= 0) return
    this.#restsUntilByPeer.set(peer, now + restMs)
    if (this.#restsUntilByPeer.size > REMEMBERED_PEERS_MAX) {
      this.#restsUntilByPeer.delete(this.#restsUntilByPeer.keys().next().value as PeerId)
    }
  }

  /** The contact is known no more. Answers with what the dialer must hear, or null. */
  drop(known: KnownContact): WantChange | null {
    const said = this.reasonsOf(known.id)
    this.#wantByPeer.delete(known.id)
    return said === 0 ? null : { contact: known.contact, reasons: 0 }
  }

  /** Chooses anew and answers with what changed. */
  choose(phase: ChoicePhase, now: Millis): WantChange[] {
    this.#nextAt = Number.POSITIVE_INFINITY
    this.#spare = 0
    const changes = this.#revoke()
    this.#tally = this.#count()
    this.#chooseLeaves(phase, now)
    if (phase === 'first') this.#chooseFirst(now)
    if (phase === 'all') this.#coverBuckets(now)
    if (phase === 'all') this.#enrich(now)
    this.#makePlace()
    this.#say(changes, now)
    return changes
  }

  tables(): Record<string, number> {
    return { wanted: this.#wantByPeer.size, resting: this.#restsUntilByPeer.size }
  }

  check(): string[] {
    const wanted = this.#wantByPeer.size
    return wanted > this.#linksMax ? [`${wanted} links wanted of at most ${this.#linksMax}`] : []
  }

  // The parts of a choice, most important first

  #chooseLeaves(phase: ChoicePhase, now: Millis): void {
    const { leaf } = this.targets
    const leaves = new Set<PeerId>()
    for (const known of this.#table.siblings.list) {
      if (leaves.size >= Math.floor(leaf * Number(process.env['TOL'] ?? LEAF_TOLERANCE))) break
      const isLeaf = (this.#reasons(known.id) & LEAF) !== 0
      const isClose = leaves.size < leaf
      if (known.linked || this.#wantByPeer.has(known.id)) {
        if (isClose && !isLeaf) this.#want(known, LEAF, now)
        leaves.add(known.id)
      } else if (isClose && this.#isDialable(known, now)) {
        if (this.#places(phase === 'first' ? FIRST_LINKS : this.#leafMax) > 0) this.#want(known, LEAF, now)
        else if (phase !== 'first') this.#spare = 3
        leaves.add(known.id)
      }
    }
    for (const [peer, want] of this.#wantByPeer) {
      if ((want.reasons & LEAF) !== 0 && !leaves.has(peer)) want.reasons = (want.reasons & ~LEAF) | RANDOM
    }
  }

  /** Nothing is known of our neighbourhood: anybody will do, and stored contacts are better than nobody. */
  #chooseFirst(now: Millis): void {
    while (this.#places(FIRST_LINKS) > 0) {
      const known = this.#closestDialable(this.#randomKey(), this.#table.all(), now, true)
      if (known === null) return
      this.#want(known, RANDOM, now)
    }
  }

  /**
   * Every bucket needs a link, or greedy routes end here. It goes to whoever is closest to our mirror image in the bucket,
   * because we are mostly closest to theirs: one link then serves both ends.
   */
  #coverBuckets(now: Millis): void {
    for (const bucket of this.#table.bucketIndexes().reverse()) {
      if ((this.#tally.byBucket.get(bucket) ?? 0) > 0) continue
      const pool = this.#table.contactsIn(bucket)
      const mirror = mirrorOf(this.#self, bucket)
      this.#fill(() => (this.#tally.byBucket.get(bucket) ?? 0) < 1, { pool, reasons: BUCKET, near: () => mirror, now })
      if ((this.#tally.byBucket.get(bucket) ?? 0) > 0 || this.#places(this.targets.dialMax) > 0) continue
      if (this.#closestDialable(mirror, pool, now) !== null) this.#spare = Math.max(this.#spare, 2)
    }
  }

  /**
   * More links shorten routes, but a newcomer leaves half of them to those who come after it: a network that grows would
   * otherwise fill up with links that nobody has to have.
   */
  #enrich(now: Millis): void {
    const { perBucket, random, total, dialedMax } = this.targets
    const everybody = this.#table.all()
    const isSmall = everybody.length <= total
    const PACE = Number(process.env['PACE'] ?? 2000)
    const before = this.#wantByPeer.size
    const mayDial = (): boolean => this.#tally.total < total && (isSmall || (this.#tally.dialed < dialedMax && now >= this.#enrichAt && this.#wantByPeer.size === before))
    for (const bucket of this.#table.bucketIndexes()) {
      const pool = this.#table.contactsIn(bucket)
      const lacks = (): boolean => (this.#tally.byBucket.get(bucket) ?? 0) < perBucket && mayDial()
      this.#fill(lacks, { pool, reasons: BUCKET, near: () => this.#randomKey(), now })
    }
    const anybody = { pool: everybody, reasons: RANDOM, near: () => this.#randomKey(), now }
    this.#fill(() => this.#tally.random < random && mayDial(), anybody)
    this.#fill(mayDial, anybody)
    if (!isSmall && this.#wantByPeer.size > before) this.#enrichAt = now + PACE
    if (this.#enrichAt > now && this.#tally.total < total) this.#nextAt = Math.min(this.#nextAt, this.#enrichAt)
  }

  /** While something lacks: keeps links that nobody wants, then dials. */
  #fill(lacks: () => boolean, from: Source): void {
    for (const known of from.pool) {
      if (!lacks()) return
      if (known.linked && this.#isIdle(known.id)) this.#want(known, from.reasons, from.now)
    }
    while (lacks() && this.#places(this.targets.dialMax) > 0 && this.pending < PENDING_MAX) {
      const known = this.#closestDialable(from.near(), from.pool, from.now)
      if (known === null) return
      this.#want(known, from.reasons, from.now)
    }
  }

  /** Gives up our interest in links, where a better one finds no place or newcomers would find none. */
  #makePlace(): void {
    const links = [...this.#linkByPeer.values()]
    let leaving = 0
    for (const { known } of links) if (this.#isIdle(known.id)) leaving += 1
    let surplus = Math.max(links.length - this.targets.comfortMax, this.#spare > 0 ? 1 : 0) - leaving
    const limit = Math.max(this.#spare, 2)
    for (const worth of [0, 1, 2]) {
      for (const link of links) {
        if (surplus <= 0 || worth >= limit) return
        if (this.#worth(link) !== worth) continue
        this.#giveUp(link.known)
        surplus -= 1
      }
    }
  }

  #giveUp(known: KnownContact): void {
    const want = this.#wantByPeer.get(known.id)
    if (want === undefined) return
    want.reasons = 0
    this.#tally.total -= 1
    this.#tally.byBucket.set(known.bucket, (this.#tally.byBucket.get(known.bucket) ?? 0) - 1)
  }

  /** 0: more of its kind than we aim for; 1: random; 2: serves a bucket; 9: not ours to give up. */
  #worth({ known, theirs }: LinkState): number {
    const ours = this.#reasons(known.id)
    if (ours === 0 || theirs !== 0 || (ours & LEAF) !== 0) return 9
    const { perBucket, random } = this.targets
    const serves = (this.#tally.byBucket.get(known.bucket) ?? 0) <= perBucket
    if (serves) return 2
    return this.#tally.random > random ? 0 : 1
  }

  // Small things

  get #leafMax(): number {
    return Math.max(this.targets.dialMax, this.#linksMax - 1)
  }

  #places(max: number): number {
    return max - this.#linkByPeer.size - this.pending
  }

  #reasons(peer: PeerId): number {
    return this.#wantByPeer.get(peer)?.reasons ?? 0
  }

  #isIdle(peer: PeerId): boolean {
    return this.#reasons(peer) === 0 && (this.#linkByPeer.get(peer)?.theirs ?? 0) === 0
  }

  #isDialable(known: KnownContact, now: Millis): boolean {
    if (known.linked || this.#wantByPeer.has(known.id) || this.#isSuspect(known.id)) return false
    const restsUntil = this.#restsUntilByPeer.get(known.id) ?? 0
    if (restsUntil > now) this.#nextAt = Math.min(this.#nextAt, restsUntil)
    return restsUntil <= now
  }

  isD(k: KnownContact): boolean { return k.heard && !this.#restsUntilByPeer.has(k.id) && !k.linked && !this.#wantByPeer.has(k.id) }
  #closestDialable(
    target: string,
    pool: readonly KnownContact[],
    now: Millis,
    unheard = false,
  ): KnownContact | null {
    const dialable = pool.filter((known) => (known.heard || unheard) && this.#isDialable(known, now))
    return closestOf(target, dialable, 1)[0] ?? null
  }

  /** Whoever is closest to it is drawn with the chance of its share of the id space. */
  #randomKey(): string {
    return toHex(this.#random.bytes(ID_BYTES))
  }

  #want(known: KnownContact, reason: number, now: Millis): void {
    const want = this.#wantByPeer.get(known.id)
    const wasIdle = want === undefined && this.#isIdle(known.id)
    if (want !== undefined) want.reasons |= reason
    else this.#wantByPeer.set(known.id, { known, reasons: reason, said: 0, sayAt: this.#sayAt(known, now) })
    if (!wasIdle) return
    this.#add(this.#tally, known, reason)
    if (!known.linked) this.#tally.dialed += 1
  }

  #sayAt(known: KnownContact, now: Millis): Millis {
    const isAlone = this.#linkByPeer.size + this.pending === 0
    if (known.linked || this.#self < known.id || isAlone) return now
    return now + YIELD_MS + (this.#random.u32() % YIELD_MS)
  }

  #count(): Tally {
    const tally = emptyTally()
    for (const { known, theirs, role } of this.#linkByPeer.values()) {
      const reasons = theirs | this.#reasons(known.id)
      if (reasons !== 0) this.#add(tally, known, reasons)
      if (role === 'dialer') tally.dialed += 1
    }
    for (const { known, reasons } of this.#wantByPeer.values()) {
      if (known.linked) continue
      this.#add(tally, known, reasons)
      tally.dialed += 1
    }
    return tally
  }

  #add(tally: Tally, known: KnownContact, reasons: number): void {
    tally.byBucket.set(known.bucket, (tally.byBucket.get(known.bucket) ?? 0) + 1)
    if ((reasons & LEAF) === 0 && (reasons & RANDOM) !== 0) tally.random += 1
    tally.total += 1
  }

  /** Others took the places that we meant to fill: the newest wants are dropped. */
  #revoke(): WantChange[] {
    const changes: WantChange[] = []
    let surplus = this.#linkByPeer.size + this.pending - this.#linksMax
    for (const { known } of [...this.#wantByPeer.values()].reverse()) {
      if (surplus <= 0) break
      if (known.linked) continue
      const change = this.drop(known)
      if (change !== null) changes.push(change)
      surplus -= 1
    }
    return changes
  }

  #say(changes: WantChange[], now: Millis): void {
    for (const [peer, want] of this.#wantByPeer) {
      if (want.reasons === want.said) continue
      if (!want.known.linked && want.sayAt > now) {
        this.#nextAt = Math.min(this.#nextAt, want.sayAt)
        continue
      }
      changes.push({ contact: want.known.contact, reasons: want.reasons })
      want.said = want.reasons
      if (want.reasons === 0) this.#wantByPeer.delete(peer)
    }
  }
}

function emptyTally(): Tally {
  return { byBucket: new Map(), random: 0, total: 0, dialed: 0 }
}
