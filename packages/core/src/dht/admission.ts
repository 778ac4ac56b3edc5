// Whether a record that somebody offers is taken in. Cheap questions come first: most refusals cost no signature check
// (PROTOCOL.md, RC-9 to RC-11).

import type { Millis } from '../contract.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { RECORD_TTL_MS } from '../limits.ts'
import { copyRecord } from '../wire/record-field.ts'
import {
  compareVersions,
  isAhead,
  isWellFormed,
  ownedSignedBytes,
  type PeerRecord,
  type RecordHeader,
  type RecordVersion,
  recordVersion,
  sharedSignedBytes,
} from './record.ts'
import type { Follow, StoreContext, Turn } from './store-context.ts'
import type { Proof } from './store-jobs.ts'
import { STORED_RESULTS } from './stored-ack.ts'

/**
 * Milliseconds by which a repeated version must outlive the copy on disk before it is written again: one write in six
 * hours instead of one in every hour's republishing.
 */
const REWRITE_MS = RECORD_TTL_MS / 4

export type Verdict =
  /** Held now, or already. */
  | 'kept'
  /** A newer version is held. */
  | 'newer'
  /** Its clock is ahead of ours by more than clocks of honest peers are. */
  | 'ahead'
  /** Twice as many peers as keep a record are closer to it. */
  | 'far'
  /** No room that it may have. */
  | 'full'
  /** Ill-formed, or its signature is wrong. */
  | 'false'

export interface Offer {
  readonly record: PeerRecord
  readonly key: Key
  readonly lifeMs: number
  /** The link whose remote makes us work; null where it was ourselves. */
  readonly cause: PeerId | null
  /** Its signature was made or checked by us. */
  readonly proven?: boolean
  /** It goes on to others, so the copy that was offered must be checked even where we hold that version. */
  readonly prove?: boolean
  /** Kept however many peers are closer. */
  readonly anywhere?: boolean
  /** The version: the one held where that is newer, else the one offered. */
  readonly follow: Follow<{ readonly verdict: Verdict; readonly version: RecordVersion }>
}

export class Admission {
  readonly #context: StoreContext

  constructor(context: StoreContext) {
    this.#context = context
  }

  offer(offer: Offer, turn: Turn): void {
    const verdict = this.#withoutProof(offer, turn.now)
    if (verdict !== null) return this.#decide(offer, verdict, turn)
    const proof = offer.proven === true ? null : proofOf(offer.record)
    if (proof === null) return this.#decide(offer, this.#keep(offer, turn), turn)
    const follow: Follow<boolean> = (valid, later) =>
      this.#decide(offer, valid ? this.#keep(offer, later) : 'false', later)
    this.#context.jobs.verify({ ...proof, cause: offer.cause, follow }, turn)
  }

  /** What can be said without a signature check; null where that is needed. */
  #withoutProof(offer: Offer, now: Millis): Verdict | null {
    const { record, key, lifeMs } = offer
    if (lifeMs <= 0 || !isWellFormed(record)) return 'false'
    if (record.kind === 'shared' && isAhead(record.clock, now)) return 'ahead'
    const { index, neighbourhood, replicas } = this.#context
    const held = index.get(key, now)
    if (held === null)
      return offer.anywhere === true || neighbourhood.isAmong(key, replicas * 2) ? null : 'far'
    const order = compareVersions(recordVersion(record), held.version)
    if (order < 0) return 'newer'
    if (order > 0 || offer.prove === true || isOutlived(held, now + lifeMs)) return null
    index.change(key, { expiresAt: Math.max(held.expiresAt, now + lifeMs) })
    return 'kept'
  }

  /** Asks again what a signature check may have outlived, and writes. */
  #keep(offer: Offer, turn: Turn): Verdict {
    const { index, jobs } = this.#context
    const held = index.get(offer.key, turn.now)
    const header = headerOf(offer, held, turn.now)
    const order = held === null ? 1 : compareVersions(header.version, held.version)
    if (order < 0) return 'newer'
    if (order === 0 && held !== null && !isOutlived(held, header.expiresAt)) {
      index.change(offer.key, { expiresAt: Math.max(held.expiresAt, header.expiresAt) })
      return 'kept'
    }
    const evicted = index.put(header)
    if (evicted === null) return 'full'
    for (const key of evicted) turn.out.push({ type: 'forget', key })
    jobs.store(header, copyRecord(offer.record), turn)
    return 'kept'
  }

  #decide(offer: Offer, verdict: Verdict, turn: Turn): void {
    const held = verdict === 'newer' ? this.#context.index.get(offer.key, turn.now) : null
    offer.follow({ verdict, version: held?.version ?? recordVersion(offer.record) }, turn)
  }
}

/** The life in memory grows with every offer, the one on disk with a write alone: a day at most. Our own does not expire. */
function isOutlived({ own, storedAt, expiresAt }: RecordHeader, byExpiresAt: Millis): boolean {
  return !own && byExpiresAt >= Math.min(expiresAt, storedAt + RECORD_TTL_MS) + REWRITE_MS
}

/** What must verify before the record is believed; null where its key is the proof. */
export function proofOf(record: PeerRecord): Proof | null {
  if (record.kind === 'immutable') return null
  const { signature } = record
  return record.kind === 'owned'
    ? { key: record.ownerKey, bytes: ownedSignedBytes(record), signature }
    : { key: record.author.signingKey, bytes: sharedSignedBytes(record), signature }
}

/** How a verdict is told to whoever offered the record. */
export function resultOf(verdict: Verdict): number {
  if (verdict === 'kept') return STORED_RESULTS.kept
  return verdict === 'newer' ? STORED_RESULTS.newer : STORED_RESULTS.refused
}

/** A version stays ours only while it is the one we wrote. */
function headerOf(offer: Offer, held: RecordHeader | null, now: Millis): RecordHeader {
  const { record, key, lifeMs } = offer
  const version = recordVersion(record)
  const same = held !== null && compareVersions(version, held.version) === 0
  return {
    key,
    kind: record.kind,
    version,
    valueBytes: record.value.length,
    storedAt: now,
    expiresAt: now + lifeMs,
    own: same && held.own,
  }
}
