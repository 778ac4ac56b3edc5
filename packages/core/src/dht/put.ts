// Writing: a draft becomes a signed record, kept here as ours, and placed with the peers that should hold it
// (PROTOCOL.md, RC-7, RC-8 and RC-13).

import type { OpId } from '../contract.ts'
import type { Key } from '../identity/peer-id.ts'
import { OPERATION_TIMEOUT_MS, RECORD_TTL_MS } from '../limits.ts'
import type { PeerCall, PutResult, RecordDraft } from '../peer/calls.ts'
import type { Republish } from '../replication/republish.ts'
import { type CallFailure, draftFailure, keyOfDraft, nextRank, unsigned } from './draft.ts'
import type { Outcome, Placement, Placements } from './placement.ts'
import { compareVersions, type PeerRecord, type RecordHeader, recordKey, recordVersion } from './record.ts'
import type { SeenRanks } from './seen-ranks.ts'
import type { StoreContext, Turn } from './store-context.ts'

interface Put {
  readonly op: OpId
  readonly draft: RecordDraft
  readonly copies: number
  /** Null for an immutable record, which no other put can get in the way of. */
  readonly key: Key | null
  placement: Placement | null
  /** A shared record whose clock was behind is written a second time, once. */
  again: boolean
}

export interface PutsParts {
  readonly context: StoreContext
  readonly placements: Placements
  readonly republish: Republish
  readonly seenRanks: SeenRanks
}

export class Puts {
  readonly #parts: PutsParts
  readonly #putByOp = new Map<OpId, Put>()
  /** Puts of one key in the order of their calls, the first one under way: a later one must not overtake it. */
  readonly #putsByKey = new Map<Key, Put[]>()

  constructor(parts: PutsParts) {
    this.#parts = parts
  }

  call(op: OpId, call: PeerCall & { type: 'put' }, turn: Turn): void {
    const { context } = this.#parts
    const { draft, replicas } = call
    const failure = draftFailure(draft, context.self.id)
    if (failure !== null) {
      turn.out.push({ type: 'failed', op, ...failure })
      return
    }
    const key = keyOfDraft(draft, context)
    const put: Put = { op, draft, copies: replicas ?? context.replicas, key, placement: null, again: false }
    this.#putByOp.set(op, put)
    turn.out.push({ type: 'set-timer', afterMs: OPERATION_TIMEOUT_MS, timer: { type: 'operation', op } })
    if (this.#enqueue(put)) this.#write(put, turn)
  }

  cancel(op: OpId, turn: Turn): void {
    const put = this.#putByOp.get(op)
    if (put === undefined) return
    if (put.placement !== null) this.#parts.placements.cancel(put.placement, turn)
    this.#end(put, turn)
  }

  timeout(op: OpId, turn: Turn): void {
    const put = this.#putByOp.get(op)
    if (put === undefined) return
    if (put.placement !== null) this.#parts.placements.timeout(put.placement, turn)
    else this.#fail(put, { code: 'TIMEOUT', message: 'not written in time' }, turn)
  }

  get size(): number {
    return this.#putByOp.size
  }

  /** Whether it is this put's turn. */
  #enqueue(put: Put): boolean {
    if (put.key === null) return true
    const waiting = this.#putsByKey.get(put.key) ?? []
    this.#putsByKey.set(put.key, waiting)
    return waiting.push(put) === 1
  }

  /** Whatever became of it, the next put of its key may begin. */
  #end(put: Put, turn: Turn): void {
    this.#putByOp.delete(put.op)
    const waiting = put.key === null ? undefined : this.#putsByKey.get(put.key)
    if (put.key === null || waiting === undefined) return
    const wasFirst = waiting[0] === put
    waiting.splice(waiting.indexOf(put), 1)
    const next = waiting[0]
    if (next === undefined) this.#putsByKey.delete(put.key)
    else if (wasFirst) this.#write(next, turn)
  }

  #write(put: Put, turn: Turn): void {
    const { context, seenRanks } = this.#parts
    const { key } = put
    const held = key === null ? null : context.index.get(key, turn.now)
    const seen = Math.max(held?.version.rank ?? 0, key === null ? 0 : seenRanks.of(key))
    const rank = nextRank(put.draft, seen, turn.now)
    if (rank > Number.MAX_SAFE_INTEGER) return this.#reject(put, seen, turn)
    if (key !== null) seenRanks.see(key, rank)
    const { bytes, sign } = unsigned(put.draft, rank, context)
    const follow = (signature: Uint8Array, later: Turn) => {
      if (this.#putByOp.get(put.op) === put) this.#keep(put, sign(signature), later)
    }
    if (bytes === null) follow(new Uint8Array(0), turn)
    else context.jobs.sign({ cause: null, bytes, follow }, turn)
  }

  /** Ours before anybody else has it, wherever its key is. */
  #keep(put: Put, record: PeerRecord, turn: Turn): void {
    const { index, jobs } = this.#parts.context
    const key = recordKey(record)
    const held = index.get(key, turn.now)
    if (held !== null && !mayReplace(record, held)) return this.#reject(put, held.version.rank, turn)
    const header = ownHeader(record, turn.now)
    const evicted = index.put(header)
    if (evicted === null)
      return this.#fail(put, { code: 'STORAGE_FULL', message: 'no room for another record of ours' }, turn)
    for (const gone of evicted) turn.out.push({ type: 'forget', key: gone })
    jobs.store(header, record, turn, (persisted, later) =>
      later.out.push({ type: 'event', event: { type: 'record-persisted', key, persisted } }),
    )
    this.#parts.republish.written(key, turn)
    this.#place(put, record, turn)
  }

  #place(put: Put, record: PeerRecord, turn: Turn): void {
    const { placements } = this.#parts
    const key = recordKey(record)
    const follow = (outcome: Outcome, later: Turn) => this.#onOutcome(put, { record, key, outcome }, later)
    put.placement = placements.place({ record, copies: put.copies, tries: 2, follow }, turn)
  }

  #onOutcome(put: Put, placed: { record: PeerRecord; key: Key; outcome: Outcome }, turn: Turn): void {
    const { seenRanks, republish } = this.#parts
    const { record, key, outcome } = placed
    if (outcome.type === 'conflict' && put.draft.kind === 'shared' && !put.again) {
      put.again = true
      put.placement = null
      seenRanks.see(key, outcome.rank)
      return this.#write(put, turn)
    }
    republish.settled(placed, turn)
    if (outcome.type === 'failed') return this.#fail(put, outcome, turn)
    if (outcome.type === 'conflict') return this.#reject(put, outcome.rank, turn)
    const { stored, wanted } = outcome
    const value: PutResult = { key, version: recordVersion(record), stored, wanted }
    turn.out.push({ type: 'done', op: put.op, value })
    this.#end(put, turn)
  }

  #reject(put: Put, rank: number, turn: Turn): void {
    this.#fail(put, { code: 'RECORD_REJECTED', message: `another version, ${rank}, is not older` }, turn)
  }

  #fail(put: Put, { code, message }: CallFailure, turn: Turn): void {
    turn.out.push({ type: 'failed', op: put.op, code, message })
    this.#end(put, turn)
  }
}

/** Two values under one sequence would have holders disagree for ever; the same version may be written again. */
function mayReplace(record: PeerRecord, held: RecordHeader): boolean {
  const version = recordVersion(record)
  const order = compareVersions(version, held.version)
  return order === 0 || (order > 0 && (record.kind !== 'owned' || version.rank > held.version.rank))
}

function ownHeader(record: PeerRecord, now: number): RecordHeader {
  return {
    key: recordKey(record),
    kind: record.kind,
    version: recordVersion(record),
    valueBytes: record.value.length,
    storedAt: now,
    expiresAt: now + RECORD_TTL_MS,
    own: true,
  }
}
