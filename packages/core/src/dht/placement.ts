// One record on its way to the peers that should hold it: STORE to the closest, then the signed acknowledgements of the
// holders, counted (PROTOCOL.md, RC-12 and RC-13). Puts and republishing both place records.

import type { FailureCode } from '../errors.ts'
import { isAcceptable } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { OPERATION_TIMEOUT_MS, RECORD_TTL_MS, REPLICAS_ENOUGH_SHARE, SIBLINGS_MAX } from '../limits.ts'
import type { OperationId } from '../wire/messages.ts'
import { isAhead, type PeerRecord, type RecordVersion, recordKey, recordVersion } from './record.ts'
import type { RoutedReply, RouteEnd } from './routed.ts'
import type { Follow, StoreContext, Turn } from './store-context.ts'
import { compareStored, STORED_RESULTS, type Stored, storedSignedBytes } from './stored-ack.ts'

export type Outcome =
  /** `short`: fewer copies than are enough; worth another try soon. */
  | { readonly type: 'placed'; readonly stored: number; readonly wanted: number; readonly short: boolean }
  /** Too many hold a newer version than this one, of this rank. */
  | {
      readonly type: 'conflict'
      readonly rank: number
      /** Who says so. */
      readonly holders: ReadonlySet<PeerId>
    }
  | { readonly type: 'failed'; readonly code: FailureCode; readonly message: string }

export interface Placement {
  readonly record: PeerRecord
  readonly key: Key
  readonly version: RecordVersion
  /** Copies asked for. */
  readonly requested: number
  readonly follow: Follow<Outcome>
  operation: OperationId | null
  /** Copies asked for, or the peers there are. */
  wanted: number
  /** The closest peer has said how many copies are on their way. */
  told: boolean
  /** Holders that have proved what they say. */
  readonly heard: Set<PeerId>
  readonly stored: Set<PeerId>
  readonly newer: Set<PeerId>
  newestRank: number
  refused: number
  verifying: number
  ended: RouteEnd | null
  triesLeft: number
  over: boolean
}

export interface PlacementWanted {
  readonly record: PeerRecord
  readonly copies: number
  /** How often the STORE goes out, where too few acknowledgements come back. */
  readonly tries: number
  readonly follow: Follow<Outcome>
}

export class Placements {
  readonly #context: StoreContext

  constructor(context: StoreContext) {
    this.#context = context
  }

  /** The record is ours and held here. `follow` runs once, unless the placement is cancelled before. */
  place(what: PlacementWanted, turn: Turn): Placement {
    const placement = this.#open(what)
    if (this.#context.routing.linked().length === 0) this.#settle(placement, alone(placement), turn)
    else if (!this.#route(placement, turn)) this.#settle(placement, busy(), turn)
    return placement
  }

  cancel(placement: Placement, turn: Turn): void {
    placement.over = true
    if (placement.operation !== null) this.#context.routes.stop(placement.operation, turn)
  }

  /** Settles for what there is. */
  timeout(placement: Placement, turn: Turn): void {
    placement.ended ??= 'timeout'
    placement.verifying = 0
    this.#judge(placement, turn)
  }

  #open(what: PlacementWanted): Placement {
    const { record, follow } = what
    const { routing, neighbourhood, self } = this.#context
    const key = recordKey(record)
    const requested = Math.min(Math.max(what.copies, 1), SIBLINGS_MAX)
    return {
      record,
      key,
      version: recordVersion(record),
      requested,
      follow,
      operation: null,
      wanted: Math.min(requested, routing.closest(key, requested).length + 1),
      told: false,
      heard: new Set(),
      stored: new Set(neighbourhood.isAmong(key, requested) ? [self.id] : []),
      newer: new Set(),
      newestRank: 0,
      refused: 0,
      verifying: 0,
      ended: null,
      triesLeft: what.tries,
      over: false,
    }
  }

  /** False where too many messages are under way. */
  #route(placement: Placement, turn: Turn): boolean {
    const { record, key, requested } = placement
    const { replicas, routes } = this.#context
    placement.triesLeft--
    const lifeSeconds = RECORD_TTL_MS / 1_000
    const inner = { type: 'STORE', wanted: requested, lifeSeconds, record } as const
    const mode = requested === replicas ? 'near' : 'closest'
    const route = { mode, target: key, inner, paths: 1, timeoutMs: OPERATION_TIMEOUT_MS } as const
    const handler = {
      reply: (reply: RoutedReply, later: Turn) => this.#onReply(placement, reply, later),
      ended: (reason: RouteEnd, later: Turn) => this.#onEnded(placement, reason, later),
    }
    placement.operation = routes.start(route, handler, turn)
    return placement.operation !== null
  }

  #onReply(placement: Placement, reply: RoutedReply, turn: Turn): void {
    if (reply.inner.type === 'STORED') this.#onStored(placement, reply.inner, reply.via, turn)
    if (!reply.last) return
    placement.ended ??= 'exhausted'
    this.#judge(placement, turn)
  }

  #onEnded(placement: Placement, reason: RouteEnd, turn: Turn): void {
    placement.ended ??= reason
    this.#judge(placement, turn)
  }

  /** Our own acknowledgement needs no proof, and says only how many others we have asked. */
  #onStored(placement: Placement, stored: Stored, via: PeerId, turn: Turn): void {
    const { self, jobs } = this.#context
    if (stored.key !== placement.key || placement.operation === null) return
    if (stored.holder.id === self.id) {
      if (via === self.id) this.#tell(placement, stored.wanted)
      return
    }
    if (!this.#isPlausible(placement, stored, turn.now)) return
    placement.verifying++
    const { signingKey: key, id } = stored.holder
    const bytes = storedSignedBytes(placement.operation, id, stored)
    const follow: Follow<boolean> = (valid, later) => {
      placement.verifying--
      if (valid && !placement.heard.has(id)) this.#count(placement, stored)
      this.#judge(placement, later)
    }
    jobs.verify({ key, bytes, signature: stored.signature, cause: null, follow }, turn)
  }

  /**
   * Each costs a signature check, of which the router's bound on replies allows some hundred. A rank that no honest clock could
   * have reached would only keep us from ever writing again.
   */
  #isPlausible(placement: Placement, stored: Stored, now: number): boolean {
    const { heard, version, record } = placement
    const { holder, result, rank } = stored
    if (heard.has(holder.id)) return false
    if (!isAcceptable(holder, this.#context.workBits)) return false
    const order = compareStored(stored, version)
    if (result === STORED_RESULTS.kept) return order === 0
    if (result === STORED_RESULTS.refused) return true
    return order > 0 && (record.kind !== 'shared' || !isAhead(rank, now))
  }

  #count(placement: Placement, stored: Stored): void {
    placement.heard.add(stored.holder.id)
    this.#tell(placement, stored.wanted)
    if (stored.result === STORED_RESULTS.kept) placement.stored.add(stored.holder.id)
    else if (stored.result === STORED_RESULTS.refused) placement.refused++
    else {
      placement.newer.add(stored.holder.id)
      placement.newestRank = Math.max(placement.newestRank, stored.rank)
    }
  }

  /** The closest peer knows more peers than we do, perhaps; that it knows fewer, it cannot make us believe. */
  #tell(placement: Placement, wanted: number): void {
    if (wanted === 0) return
    placement.told = true
    placement.wanted = Math.max(placement.wanted, Math.min(wanted, placement.requested))
  }

  #judge(placement: Placement, turn: Turn): void {
    const outcome = placement.over ? null : this.#outcomeOf(placement)
    if (outcome !== null && !this.#goAgain(placement, outcome, turn)) this.#settle(placement, outcome, turn)
  }

  /** A link that closes on the way takes acknowledgements with it: who has the record says so once more. */
  #goAgain(placement: Placement, outcome: Outcome, turn: Turn): boolean {
    if (placement.triesLeft === 0 || placement.ended !== 'exhausted' || !isDoubtful(outcome)) return false
    placement.ended = null
    return this.#route(placement, turn)
  }

  /** Null while more may be heard. */
  #outcomeOf(placement: Placement): Outcome | null {
    const { stored, newer: holders, wanted, requested, newestRank: rank } = placement
    const enough = Math.ceil(REPLICAS_ENOUGH_SHARE * wanted)
    const known = placement.told || wanted === requested
    if (known && stored.size >= enough) return { type: 'placed', stored: stored.size, wanted, short: false }
    if (known && holders.size > wanted - enough) return { type: 'conflict', rank, holders }
    if (placement.ended === null || placement.verifying > 0) return null
    const others = stored.size - (stored.has(this.#context.self.id) ? 1 : 0)
    if (holders.size > 0 && holders.size >= others) return { type: 'conflict', rank, holders }
    if (stored.size > 0) return { type: 'placed', stored: stored.size, wanted, short: stored.size < enough }
    return failureOf(placement)
  }

  #settle(placement: Placement, outcome: Outcome, turn: Turn): void {
    this.cancel(placement, turn)
    placement.follow(outcome, turn)
  }
}

/** Whether peers may hold the record whose acknowledgements were not heard. */
function isDoubtful(outcome: Outcome): boolean {
  return outcome.type === 'placed'
    ? outcome.short
    : outcome.type === 'failed' && outcome.code === 'PEER_UNREACHABLE'
}

/** Nobody else is there: what happened is that we hold it ourselves, and no more. */
function alone(placement: Placement): Outcome {
  return { type: 'placed', stored: 1, wanted: placement.requested, short: true }
}

function busy(): Outcome {
  return { type: 'failed', code: 'BUSY', message: 'too many routed messages under way' }
}

function failureOf(placement: Placement): Outcome {
  const { ended, refused } = placement
  if (refused > 0)
    return { type: 'failed', code: 'RECORD_REJECTED', message: `${refused} peers refused the record` }
  if (ended === 'no-links')
    return { type: 'failed', code: 'NO_PEERS', message: 'no link to send the record over' }
  if (ended === 'timeout')
    return { type: 'failed', code: 'TIMEOUT', message: 'no holder acknowledged in time' }
  return { type: 'failed', code: 'PEER_UNREACHABLE', message: 'the closest peers could not be reached' }
}
