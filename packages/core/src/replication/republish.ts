// Records that we wrote are placed again and again, so that they outlive those who hold them: every hour, and soon where
// too few took a copy (PROTOCOL.md, RP-12 to RP-14).

import type { Millis, Random } from '../contract.ts'
import type { Admission } from '../dht/admission.ts'
import type { Outcome, Placements } from '../dht/placement.ts'
import {
  compareVersions,
  type PeerRecord,
  type RecordHeader,
  recordKey,
  recordVersion,
} from '../dht/record.ts'
import type { RoutedReply } from '../dht/routed.ts'
import type { StoreContext, Turn } from '../dht/store-context.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import {
  OPERATION_TIMEOUT_MS,
  RECORD_TTL_MS,
  REPAIR_BATCH,
  REPAIR_DELAY_MS,
  REPUBLISH_MS,
} from '../limits.ts'
import { REPLICA_TIMEOUT_MS } from './copies.ts'

/** Milliseconds before a record that too few hold is placed again; doubled after every further try. A guess. */
const SHORT_MS = 5_000
/** Milliseconds within which records are placed that nobody may hold any more, after a long absence. */
const OVERDUE_MS = 60_000
/** Milliseconds between two batches. */
const BATCH_MS = 1_000
/** Of those who say that they hold a newer version, how many are asked for it. A guess. */
const CLAIMANTS_ASKED = 2
/** Share of REPUBLISH_MS by which the records of one writer are spread, so that they do not come in one burst. */
const SPREAD_SHARE = 0.2

interface Due {
  readonly at: Millis
  /** Milliseconds until the next try where this one is short too. */
  readonly pauseMs: number
  /** Whether enough hold it, as far as we know; unknown while it is being placed. */
  readonly copies: 'enough' | 'short' | 'unknown'
}

interface Placed {
  readonly key: Key
  readonly record: PeerRecord
  readonly outcome: Outcome
}

export class Republish {
  readonly #context: StoreContext
  readonly #admission: Admission
  readonly #placements: Placements
  readonly #random: Random
  readonly #dueByKey = new Map<Key, Due>()
  #underWay = 0
  #wakeAt: Millis | null = null
  #stopped = false

  constructor(
    context: StoreContext,
    parts: { readonly admission: Admission; readonly placements: Placements },
    random: Random,
  ) {
    this.#context = context
    this.#admission = parts.admission
    this.#placements = parts.placements
    this.#random = random
  }

  /** Own records of an earlier run: spread over an hour; within a minute where their copies must be about to expire, or were too few. */
  start(turn: Turn): void {
    for (const header of this.#context.index.ownHeaders()) {
      const overdue = turn.now - header.storedAt >= RECORD_TTL_MS / 2
      const at = turn.now + this.#upTo(overdue ? OVERDUE_MS : REPUBLISH_MS)
      this.#dueByKey.set(header.key, { at, pauseMs: SHORT_MS, copies: overdue ? 'short' : 'enough' })
    }
    this.#wakeForFirst(turn)
  }

  /** A record was written; its first placement is under way. */
  written(key: Key, turn: Turn): void {
    const at = turn.now + OPERATION_TIMEOUT_MS + SHORT_MS
    this.#schedule(key, { at, pauseMs: SHORT_MS, copies: 'unknown' }, turn)
  }

  /** How a placement ended. What became of a version that another one has replaced meanwhile says nothing of that one. */
  settled(placed: Placed, turn: Turn): void {
    const { key, record, outcome } = placed
    const header = this.#context.index.get(key, turn.now)
    if (header?.own !== true || compareVersions(header.version, recordVersion(record)) !== 0) return
    this.#note(placed, header, turn)
    this.#settle(key, outcome, turn)
  }

  /** New peers nearby, or any after we had no links: what too few hold is placed again soon. */
  somebodyCame(turn: Turn): void {
    const at = turn.now + REPAIR_DELAY_MS
    for (const [key, due] of this.#dueByKey)
      if (due.copies === 'short' && due.at > at) this.#schedule(key, { ...due, at, pauseMs: SHORT_MS }, turn)
  }

  timer(turn: Turn): void {
    if (this.#stopped || this.#wakeAt === null || turn.now < this.#wakeAt) return
    this.#wakeAt = null
    for (const [key, due] of this.#dueByKey) {
      if (this.#underWay >= REPAIR_BATCH) break
      if (due.at <= turn.now) this.#republish(key, due, turn)
    }
    this.#wakeForFirst(turn)
  }

  /** Names the records that too few hold, for all we know. */
  stop(): readonly Key[] {
    this.#stopped = true
    return [...this.#dueByKey].filter(([, due]) => due.copies !== 'enough').map(([key]) => key)
  }

  /** On the disk as well: a restart knows then when enough took a copy, or that the last time too few did. */
  #note({ key, record, outcome }: Placed, header: RecordHeader, turn: Turn): void {
    const { index, jobs } = this.#context
    const storedAt = outcome.type === 'placed' && !outcome.short ? turn.now : 0
    if (Math.abs(storedAt - header.storedAt) <= OPERATION_TIMEOUT_MS * 2) return
    const noted = index.change(key, { storedAt, expiresAt: turn.now + RECORD_TTL_MS }) ?? header
    jobs.store(noted, record, turn)
  }

  /** Null: nobody was there. */
  #settle(key: Key, outcome: Outcome | null, turn: Turn): void {
    const due = this.#dueByKey.get(key)
    if (due === undefined) return
    if (outcome?.type === 'conflict') this.#contest(key, outcome.holders, turn)
    if (outcome?.type === 'placed' && !outcome.short) {
      const afterMs = REPUBLISH_MS * (1 - SPREAD_SHARE) + this.#upTo(REPUBLISH_MS * SPREAD_SHARE)
      return this.#schedule(key, { at: turn.now + afterMs, pauseMs: SHORT_MS, copies: 'enough' }, turn)
    }
    const pauseMs = Math.min(due.pauseMs * 2, REPUBLISH_MS)
    this.#schedule(key, { at: turn.now + due.pauseMs, pauseMs, copies: 'short' }, turn)
  }

  /** Until its outcome is known the record is due again only after the longest that an outcome can take. */
  #republish(key: Key, due: Due, turn: Turn): void {
    this.#dueByKey.set(key, { ...due, at: turn.now + OPERATION_TIMEOUT_MS * 2, copies: 'unknown' })
    if (this.#context.routing.linked().length === 0) return this.#settle(key, null, turn)
    this.#underWay++
    const header = this.#context.index.get(key, turn.now)
    const follow = (record: PeerRecord | null, later: Turn, failed: boolean) => {
      if (!failed) return this.#onLoaded(key, { header, record }, later)
      this.#underWay--
      this.#settle(key, null, later)
    }
    this.#context.jobs.load({ cause: null, key, follow }, turn)
  }

  /** What came while the disk was asked is newer than its answer, and is due in its own time. */
  #onLoaded(
    key: Key,
    { header, record }: { readonly header: RecordHeader | null; readonly record: PeerRecord | null },
    turn: Turn,
  ): void {
    const { index } = this.#context
    const isLast = header === index.get(key, turn.now)
    if (isLast && record !== null && header?.own === true) return this.#place(key, record, turn)
    this.#underWay--
    if (!isLast) return
    this.#dueByKey.delete(key)
    if (record === null && header !== null && index.lost(header)) turn.out.push({ type: 'forget', key })
  }

  #place(key: Key, record: PeerRecord, turn: Turn): void {
    const follow = (outcome: Outcome, later: Turn) => {
      this.#underWay--
      this.settled({ key, record, outcome }, later)
    }
    this.#placements.place({ record, copies: this.#context.replicas, tries: 1, follow }, turn)
  }

  /**
   * Whoever says that it holds a newer version is asked for it, and ours stays ours until one is shown: a single liar near the key
   * would end its life.
   */
  #contest(key: Key, holders: ReadonlySet<PeerId>, turn: Turn): void {
    const inner = { type: 'GET', key, head: false } as const
    const follow = (reply: RoutedReply | null, later: Turn) => this.#onShown(key, reply, later)
    for (const peer of [...holders].slice(0, CLAIMANTS_ASKED))
      this.#context.routes.ask({ peer, inner, timeoutMs: REPLICA_TIMEOUT_MS, follow }, turn)
  }

  #onShown(key: Key, reply: RoutedReply | null, turn: Turn): void {
    if (reply?.inner.type !== 'VALUE' || recordKey(reply.inner.record) !== key) return
    const { record, lifeSeconds } = reply.inner
    const lifeMs = Math.min(lifeSeconds * 1_000, RECORD_TTL_MS)
    this.#admission.offer({ record, key, lifeMs, cause: null, follow: () => {} }, turn)
  }

  #schedule(key: Key, due: Due, turn: Turn): void {
    this.#dueByKey.set(key, due)
    this.#wakeBy(due.at, turn)
  }

  #wakeForFirst(turn: Turn): void {
    let first = Number.POSITIVE_INFINITY
    for (const { at } of this.#dueByKey.values()) first = Math.min(first, at)
    if (first < Number.POSITIVE_INFINITY) this.#wakeBy(first, turn)
  }

  /** One timer, for whatever is due first. A later one that was set before is a no-op when it comes. */
  #wakeBy(dueAt: Millis, turn: Turn): void {
    const at = Math.max(dueAt, turn.now + BATCH_MS)
    if (this.#stopped || (this.#wakeAt !== null && this.#wakeAt <= at)) return
    this.#wakeAt = at
    turn.out.push({ type: 'set-timer', afterMs: at - turn.now, timer: { type: 'republish' } })
  }

  #upTo(ms: number): number {
    return Math.floor((this.#random.u32() / 0x1_0000_0000) * ms)
  }
}
