// The peer closest to a record's key copies it to the others that should hold it, and tells whoever began the STORE who
// took a copy (PROTOCOL.md, RP-1 to RP-5).

import { type Admission, resultOf, type Verdict } from '../dht/admission.ts'
import { type PeerRecord, type RecordVersion, recordKey } from '../dht/record.ts'
import type { Delivery } from '../dht/routed.ts'
import type { RouteKey } from '../dht/router.ts'
import type { StoreContext, Turn } from '../dht/store-context.ts'
import { STORED_RESULTS, type Stored, type StoredClaim, signStored } from '../dht/stored-ack.ts'
import type { Contact } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { RECORD_TTL_MS, SIBLINGS_MAX } from '../limits.ts'
import type { Message, MessageOf, OperationId } from '../wire/messages.ts'
import { copyRecord } from '../wire/record-field.ts'
import { REPLICA_TIMEOUT_MS } from './copies.ts'

/**
 * STOREs that we copy at once; more of them go on to the next closest peer. With REPLICAS copies each they take little more
 * than half of OPERATIONS_MAX.
 */
const FAN_OUTS_MAX = 128
/** Of these, what one link brought: the others must not wait for it. */
const FAN_OUTS_PER_LINK_MAX = FAN_OUTS_MAX >> 2
/**
 * Milliseconds after which whoever began the STORE hears that no more will follow; copying goes on without it. As long as two
 * holders may take, one in place of the other.
 */
const FAN_OUT_ANSWER_MS = 2 * REPLICA_TIMEOUT_MS
/** Holders asked in place of others that did not take a copy, as a share of the copies wanted. */
const SPARE_SHARE = 0.5

interface FanOut {
  readonly operation: OperationId
  readonly cause: PeerId
  readonly key: Key
  readonly replica: MessageOf<'REPLICA'>
  /** Ways back to whoever began it: one, or two where its second path came here too. */
  readonly routes: RouteKey[]
  /** What was answered so far, for a way back that comes later. */
  readonly answers: Stored[]
  /** Our own acknowledgement, said again at the end where nothing else carries `last`. */
  own: Stored | null
  /** Peers that may hold it, closest first, those not yet asked. */
  candidates: Contact[]
  outstanding: number
  /** Whoever began it has heard `last`. */
  said: boolean
}

export class FanOuts {
  readonly #context: StoreContext
  readonly #admission: Admission
  readonly #fanOutByOperation = new Map<OperationId, FanOut>()

  constructor(context: StoreContext, admission: Admission) {
    this.#context = context
    this.#admission = admission
  }

  /** A STORE that ended here, because nobody it met is closer. */
  begin(delivery: Delivery, store: MessageOf<'STORE'>, turn: Turn): void {
    const known = this.#fanOutByOperation.get(delivery.route.operation)
    if (known !== undefined) return this.#join(known, delivery.route, turn)
    if (!this.#hasRoom(delivery.from)) {
      turn.out.push({ type: 'pass', route: delivery.route })
      return
    }
    const key = recordKey(store.record)
    if (key !== delivery.target) return
    const wanted = Math.min(Math.max(store.wanted, 1), SIBLINGS_MAX)
    const fanOut = this.#open(delivery, store, key)
    const timer = { type: 'fan-out', operation: fanOut.operation } as const
    turn.out.push({ type: 'set-timer', afterMs: FAN_OUT_ANSWER_MS, timer })
    this.#admission.offer(
      {
        record: store.record,
        key,
        lifeMs: Math.min(store.lifeSeconds * 1_000, RECORD_TTL_MS),
        cause: delivery.from,
        prove: true,
        anywhere: true,
        follow: ({ verdict, version }, later) => this.#onVerdict(fanOut, { verdict, version, wanted }, later),
      },
      turn,
    )
  }

  /** Whoever began it has waited long enough. Without a signature of ours by now there will be none. */
  timeout(operation: OperationId, turn: Turn): void {
    const fanOut = this.#fanOutByOperation.get(operation)
    if (fanOut === undefined) return
    this.#sayLast(fanOut, turn)
    if (fanOut.own === null) this.#fanOutByOperation.delete(operation)
  }

  get size(): number {
    return this.#fanOutByOperation.size
  }

  #open(delivery: Delivery, store: MessageOf<'STORE'>, key: Key): FanOut {
    const { operation } = delivery.route
    const { lifeSeconds } = store
    const record: PeerRecord = copyRecord(store.record)
    const fanOut: FanOut = {
      operation,
      cause: delivery.from,
      key,
      replica: { type: 'REPLICA', origin: operation, lifeSeconds, record },
      routes: [delivery.route],
      answers: [],
      own: null,
      candidates: [],
      outstanding: 0,
      said: false,
    }
    this.#fanOutByOperation.set(operation, fanOut)
    return fanOut
  }

  #hasRoom(from: PeerId): boolean {
    const { self, jobs } = this.#context
    const fanOuts = [...this.#fanOutByOperation.values()]
    const ofLink = from === self.id ? 0 : fanOuts.filter(({ cause }) => cause === from).length
    return fanOuts.length < FAN_OUTS_MAX && ofLink < FAN_OUTS_PER_LINK_MAX && jobs.hasRoom(from)
  }

  /** The same STORE by another path: one fan-out serves both. */
  #join(fanOut: FanOut, route: RouteKey, turn: Turn): void {
    if (fanOut.routes.some(({ path }) => path === route.path)) return
    fanOut.routes.push(route)
    fanOut.answers.forEach((inner, index) => {
      const last = fanOut.said && index === fanOut.answers.length - 1
      turn.out.push({ type: 'answer', route, inner, last })
    })
  }

  /** A record that is false gets no answer; one that nobody will take is not copied. */
  #onVerdict(
    fanOut: FanOut,
    decided: { verdict: Verdict; version: RecordVersion; wanted: number },
    turn: Turn,
  ): void {
    const { verdict, version, wanted } = decided
    if (verdict === 'false') {
      this.#fanOutByOperation.delete(fanOut.operation)
      return
    }
    const copies = verdict === 'kept' || verdict === 'full'
    const others = copies ? wanted - (verdict === 'kept' ? 1 : 0) : 0
    const spares = Math.ceil(others * SPARE_SHARE)
    fanOut.candidates = [...this.#context.routing.closest(fanOut.key, others + spares)]
    const asked = Math.min(others, fanOut.candidates.length)
    const own = verdict === 'kept' ? 1 : 0
    this.#acknowledge(
      fanOut,
      { key: fanOut.key, version, result: resultOf(verdict), wanted: own + asked },
      turn,
    )
    for (let i = 0; i < asked; i++) this.#askNext(fanOut, turn)
  }

  #acknowledge(fanOut: FanOut, claim: StoredClaim, turn: Turn): void {
    const { operation, cause } = fanOut
    const follow = (stored: Stored, later: Turn) => {
      fanOut.own = stored
      this.#answer(fanOut, stored, later)
    }
    signStored(this.#context, { operation, cause, claim, follow }, turn)
  }

  #askNext(fanOut: FanOut, turn: Turn): void {
    const peer = fanOut.candidates.shift()
    if (peer === undefined) return
    fanOut.outstanding++
    this.#context.copies.send(
      {
        peer: peer.id,
        replica: fanOut.replica,
        follow: (reply, later) =>
          this.#onAnswer(fanOut, { peer: peer.id, answer: reply?.inner ?? null }, later),
      },
      turn,
    )
  }

  /** Who refuses or is silent is replaced by the next closest, in the background where nobody waits any more. */
  #onAnswer(fanOut: FanOut, from: { peer: PeerId; answer: Message | null }, turn: Turn): void {
    const { peer, answer } = from
    const stored =
      answer?.type === 'STORED' && answer.holder.id === peer && answer.key === fanOut.key ? answer : null
    fanOut.outstanding--
    if (stored === null || stored.result === STORED_RESULTS.refused) this.#askNext(fanOut, turn)
    if (stored !== null) this.#answer(fanOut, stored, turn)
    else this.#end(fanOut, turn)
  }

  #answer(fanOut: FanOut, stored: Stored, turn: Turn): void {
    if (!fanOut.said) {
      fanOut.answers.push(stored)
      fanOut.said = isComplete(fanOut)
      for (const route of fanOut.routes)
        turn.out.push({ type: 'answer', route, inner: stored, last: fanOut.said })
    }
    this.#end(fanOut, turn)
  }

  #sayLast(fanOut: FanOut, turn: Turn): void {
    if (fanOut.own === null || fanOut.said) return
    fanOut.said = true
    for (const route of fanOut.routes) turn.out.push({ type: 'answer', route, inner: fanOut.own, last: true })
  }

  #end(fanOut: FanOut, turn: Turn): void {
    if (!isComplete(fanOut)) return
    this.#sayLast(fanOut, turn)
    this.#fanOutByOperation.delete(fanOut.operation)
  }
}

function isComplete(fanOut: FanOut): boolean {
  return fanOut.own !== null && fanOut.outstanding === 0
}
