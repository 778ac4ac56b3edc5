// Reading. An immutable record is right wherever it comes from, so the first copy ends the get; what can change is asked
// of two holders on different ways, and whoever turns out to be behind is brought up to date (PROTOCOL.md, RC-16 to RC-20).

import type { Millis, OpId } from '../contract.ts'
import { type Contact, isAcceptable } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { GET_PATHS, OPERATION_TIMEOUT_MS, RECORD_TTL_MS } from '../limits.ts'
import type { GetResult, RecordName } from '../peer/calls.ts'
import { bucketIndexOf } from '../routing/distance.ts'
import { equalBytes } from '../wire/bytes.ts'
import type { MessageOf, OperationId } from '../wire/messages.ts'
import { copyRecord, encodeRecord } from '../wire/record-field.ts'
import { type Admission, proofOf } from './admission.ts'
import { type CallFailure, keyOfName, nameFailure } from './draft.ts'
import {
  compareVersions,
  isAhead,
  isWellFormed,
  type PeerRecord,
  type RecordHeader,
  type RecordKind,
  recordKey,
  recordVersion,
} from './record.ts'
import { lifeSecondsOf } from './record-index.ts'
import type { RoutedReply, RouteEnd } from './routed.ts'
import type { SeenRanks } from './seen-ranks.ts'
import type { Follow, StoreContext, Turn } from './store-context.ts'
import { NO_ORIGIN } from './stored-ack.ts'

/** Holders that must have answered before a record that can change is believed to be the newest. */
const QUORUM = 2
/** Milliseconds a second answer may come after the first: two round trips between far regions. A guess. */
const GRACE_MS = 400
/** Milliseconds others have to answer where we hold a copy ourselves. A guess. */
const LOCAL_GRACE_MS = 1_000
/** Milliseconds after which a newcomer asks again for what nobody had. A guess: a dial takes about as long. */
const AGAIN_MS = 1_000
/**
 * Milliseconds after a newcomer has chosen its links in which they may not be made: a dial takes about one second, and who yields to the
 * other end waits three.
 */
const LINKING_MS = 3_000
/** The same for a link toward one key, where it is missing. A guess: dials that fail take some seconds each. */
const MISSING_LINK_MS = 15_000

interface Answer {
  readonly record: PeerRecord
  readonly holder: Contact
  readonly hops: number
  readonly lifeSeconds: number
}

interface Get {
  readonly op: OpId
  readonly key: Key
  readonly kind: RecordKind
  readonly answerByHolder: Map<PeerId, Answer>
  readonly paths: Set<number>
  operation: OperationId | null
  verifying: number
  ended: RouteEnd | null
  /** All ways have ended once, and nobody had it. */
  isMissed: boolean
}

export class Gets {
  readonly #context: StoreContext
  readonly #admission: Admission
  readonly #seenRanks: SeenRanks
  readonly #getByOp = new Map<OpId, Get>()

  constructor(context: StoreContext, admission: Admission, seenRanks: SeenRanks) {
    this.#context = context
    this.#admission = admission
    this.#seenRanks = seenRanks
  }

  call(op: OpId, name: RecordName, turn: Turn): void {
    const failure = nameFailure(name)
    if (failure !== null) {
      turn.out.push({ type: 'failed', op, ...failure })
      return
    }
    const get = newGet(op, name, keyOfName(name, this.#context.networkId))
    this.#getByOp.set(op, get)
    turn.out.push({ type: 'set-timer', afterMs: OPERATION_TIMEOUT_MS, timer: { type: 'operation', op } })
    const header = this.#context.index.get(get.key, turn.now)
    if (header === null || header.kind !== get.kind) return this.#route(get, turn)
    const follow = (record: PeerRecord | null, later: Turn, failed: boolean) => {
      if (!failed) this.#onLoaded(get, { header, record }, later)
      else if (this.#getByOp.get(get.op) === get) this.#route(get, later)
    }
    this.#context.jobs.load({ cause: null, key: get.key, follow }, turn)
  }

  cancel(op: OpId, turn: Turn): void {
    const get = this.#getByOp.get(op)
    if (get !== undefined) this.#close(get, turn)
  }

  /** The command has had its time: what came counts, what did not come is not waited for. */
  timeout(op: OpId, turn: Turn): void {
    const get = this.#getByOp.get(op)
    if (get === undefined) return
    get.ended ??= get.isMissed ? 'exhausted' : 'timeout'
    this.#finish(get, turn)
  }

  graceOver(op: OpId, turn: Turn): void {
    const get = this.#getByOp.get(op)
    if (get !== undefined) this.#finish(get, turn)
  }

  /** A newcomer has had time to find more links. */
  again(op: OpId, turn: Turn): void {
    const get = this.#getByOp.get(op)
    if (get === undefined) return
    get.paths.clear()
    this.#route(get, turn)
  }

  get size(): number {
    return this.#getByOp.size
  }

  #onLoaded(get: Get, held: { header: RecordHeader; record: PeerRecord | null }, turn: Turn): void {
    if (this.#getByOp.get(get.op) !== get) return
    const { header, record } = held
    const { index, self } = this.#context
    if (record === null) {
      if (index.lost(header)) turn.out.push({ type: 'forget', key: get.key })
    } else {
      const answer = { record, holder: self, hops: 0, lifeSeconds: lifeSecondsOf(header, turn.now) }
      get.answerByHolder.set(self.id, answer)
      if (get.kind === 'immutable') return this.#finish(get, turn)
      this.#setGrace(get, LOCAL_GRACE_MS, turn)
    }
    this.#route(get, turn)
  }

  #route(get: Get, turn: Turn): void {
    const inner = { type: 'GET', key: get.key, head: false } as const
    const timeoutMs = OPERATION_TIMEOUT_MS
    const route = { mode: 'any', target: get.key, inner, paths: GET_PATHS, timeoutMs } as const
    const handler = {
      reply: (reply: RoutedReply, later: Turn) => this.#onReply(get, reply, later),
      ended: (reason: RouteEnd, later: Turn) => this.#onEnded(get, reason, later),
    }
    get.operation = this.#context.routes.start(route, handler, turn)
    if (get.operation === null) this.#onEnded(get, 'timeout', turn)
  }

  /** A false copy is ignored: we know the last hop it came through, not who made it. */
  #onReply(get: Get, reply: RoutedReply, turn: Turn): void {
    const { inner, path, hops } = reply
    if (inner.type !== 'VALUE' || !this.#isNew(get, inner, path)) return
    get.paths.add(path)
    const { record, holder, lifeSeconds } = inner
    if (!isRecordOf(get, record) || !isWellFormed(record)) return
    if (record.kind === 'shared' && isAhead(record.clock, turn.now)) return
    const answer = { record, holder, hops, lifeSeconds }
    const proof = proofOf(record)
    if (proof === null || this.#isProven(get, record)) return this.#onProven(get, answer, turn)
    get.verifying++
    const follow: Follow<boolean> = (valid, later) => {
      get.verifying--
      if (valid) this.#onProven(get, answer, later)
      else this.#finishIfEnded(get, later)
    }
    this.#context.jobs.verify({ ...proof, cause: null, follow }, turn)
  }

  /** One answer per way and per holder: whoever sits on one way cannot speak for two. */
  #isNew(get: Get, value: MessageOf<'VALUE'>, path: number): boolean {
    const { holder } = value
    if (get.paths.has(path)) return false
    if (holder.id === this.#context.self.id || get.answerByHolder.has(holder.id)) return false
    return isAcceptable(holder, this.#context.workBits)
  }

  #isProven(get: Get, record: PeerRecord): boolean {
    for (const answer of get.answerByHolder.values()) if (isSameRecord(answer.record, record)) return true
    return false
  }

  #onProven(get: Get, answer: Answer, turn: Turn): void {
    if (this.#getByOp.get(get.op) !== get) return
    get.answerByHolder.set(answer.holder.id, answer)
    if (get.kind === 'immutable' || get.answerByHolder.size >= QUORUM) return this.#finish(get, turn)
    this.#setGrace(get, GRACE_MS, turn)
    this.#finishIfEnded(get, turn)
  }

  #onEnded(get: Get, reason: RouteEnd, turn: Turn): void {
    get.ended = reason
    this.#finishIfEnded(get, turn)
  }

  #finishIfEnded(get: Get, turn: Turn): void {
    if (get.ended === null || get.verifying > 0 || this.#getByOp.get(get.op) !== get) return
    if (!this.#mayKnowTooFew(get, turn.now)) return this.#finish(get, turn)
    get.ended = null
    get.isMissed = true
    turn.out.push({ type: 'set-timer', afterMs: AGAIN_MS, timer: { type: 'again', op: get.op } })
  }

  /**
   * Whether nobody had it because we have just come, and are not linked with all who should hold it. Amid a crowd that comes at once the
   * first links of a newcomer are newcomers too, who hold nothing yet and lead nowhere else.
   */
  #mayKnowTooFew({ key, ended, answerByHolder }: Get, now: Millis): boolean {
    const { replicas, routing } = this.#context
    if (ended !== 'exhausted' || answerByHolder.size > 0) return false
    const closest = routing.closest(key, replicas).map(({ id }) => id)
    if (closest.every((id) => routing.isLinked(id))) return false
    const ownBits = bucketIndexOf(key, routing.self.id)
    const isNearer = (id: PeerId | undefined) => id !== undefined && bucketIndexOf(key, id) > ownBits
    const isStuck = isNearer(closest[0]) && !isNearer(routing.linkedByDistance(key)[0])
    return routing.settledForMs(now) < (isStuck ? MISSING_LINK_MS : LINKING_MS)
  }

  #finish(get: Get, turn: Turn): void {
    this.#close(get, turn)
    const best = newest(get)
    if (best === null) {
      turn.out.push({ type: 'failed', op: get.op, ...failureOf(get) })
      return
    }
    const { record, holder, hops } = best
    this.#seenRanks.see(get.key, recordVersion(record).rank)
    const value: GetResult = { key: get.key, record: copyRecord(record), holder: holder.id, hops }
    turn.out.push({ type: 'done', op: get.op, value })
    this.#repair(get, best, turn)
  }

  /** Read repair: who answered with an older version gets the newest, with the life its holder would give it. */
  #repair(get: Get, best: Answer, turn: Turn): void {
    const { copies, self } = this.#context
    const { record } = best
    const lifeSeconds = Math.min(best.lifeSeconds, RECORD_TTL_MS / 1_000)
    const stale = [...get.answerByHolder.values()].filter((answer) => isOlder(answer.record, record))
    for (const { holder } of stale) {
      if (holder.id === self.id) this.#keep(get.key, { record, lifeSeconds }, turn)
      else {
        const replica = { type: 'REPLICA', origin: NO_ORIGIN, lifeSeconds, record } as const
        copies.send({ peer: holder.id, replica, follow: () => {} }, turn)
      }
    }
  }

  #keep(key: Key, what: { record: PeerRecord; lifeSeconds: number }, turn: Turn): void {
    const { record, lifeSeconds } = what
    this.#admission.offer(
      { record, key, lifeMs: lifeSeconds * 1_000, cause: null, proven: true, follow: () => {} },
      turn,
    )
  }

  #setGrace(get: Get, afterMs: number, turn: Turn): void {
    turn.out.push({ type: 'set-timer', afterMs, timer: { type: 'grace', op: get.op } })
  }

  #close(get: Get, turn: Turn): void {
    this.#getByOp.delete(get.op)
    if (get.operation !== null) this.#context.routes.stop(get.operation, turn)
  }
}

function newGet(op: OpId, name: RecordName, key: Key): Get {
  const { kind } = name
  return {
    op,
    key,
    kind,
    answerByHolder: new Map(),
    paths: new Set(),
    operation: null,
    verifying: 0,
    ended: null,
    isMissed: false,
  }
}

/** The kind counts too: an immutable value may be made that hashes to the key of an owned record. */
function isRecordOf(get: Get, record: PeerRecord): boolean {
  return record.kind === get.kind && recordKey(record) === get.key
}

function isSameRecord(a: PeerRecord, b: PeerRecord): boolean {
  return equalBytes(encodeRecord(a), encodeRecord(b))
}

function isOlder(record: PeerRecord, than: PeerRecord): boolean {
  return compareVersions(recordVersion(record), recordVersion(than)) < 0
}

/** Of equal ones the answer that came last: the get waited for it, so its holder and its way are what it took. */
function newest(get: Get): Answer | null {
  let best: Answer | null = null
  for (const answer of get.answerByHolder.values())
    if (best === null || !isOlder(answer.record, best.record)) best = answer
  return best
}

function failureOf(get: Get): CallFailure {
  if (get.ended === 'no-links') return { code: 'NO_PEERS', message: 'no link to ask over' }
  if (get.ended === 'timeout') return { code: 'TIMEOUT', message: 'no holder answered in time' }
  return { code: 'NOT_FOUND', message: 'no peer that was reached holds the record' }
}
