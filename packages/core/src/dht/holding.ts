// What others ask of us as a holder: GET, STORE and REPLICA (PROTOCOL.md, RC-9 to RC-15).

import type { Key } from '../identity/peer-id.ts'
import { RECORD_TTL_MS } from '../limits.ts'
import type { FanOuts } from '../replication/fan-out.ts'
import type { Repair } from '../replication/repair.ts'
import type { Message, MessageOf } from '../wire/messages.ts'
import { type Admission, type Offer, resultOf } from './admission.ts'
import { compareVersions, type PeerRecord, type RecordHeader, recordKey, recordVersion } from './record.ts'
import { lifeSecondsOf } from './record-index.ts'
import { endsAtClosest } from './route-state.ts'
import type { Delivery } from './routed.ts'
import type { StoreContext, Turn } from './store-context.ts'
import { NO_ORIGIN, STORED_RESULTS, signStored, unsignedStored } from './stored-ack.ts'

export interface HoldingParts {
  readonly context: StoreContext
  readonly admission: Admission
  readonly fanOuts: FanOuts
  readonly repair: Repair
}

export class Holding {
  readonly #context: StoreContext
  readonly #parts: HoldingParts

  constructor(parts: HoldingParts) {
    this.#context = parts.context
    this.#parts = parts
  }

  deliver(delivery: Delivery, turn: Turn): void {
    const { inner, mode } = delivery
    if (inner.type === 'GET') this.#onGet(delivery, inner, turn)
    else if (inner.type === 'STORE' && endsAtClosest(mode)) this.#parts.fanOuts.begin(delivery, inner, turn)
    else if (inner.type === 'REPLICA' && mode === 'exact') this.#onReplica(delivery, inner, turn)
  }

  /**
   * Whether our copy is an answer. A copy of something that changes is one only while we are among those whom the next
   * version will reach, or wrote it as the only one who can; farther peers keep theirs, but it may be old.
   */
  answersFor(key: Key): boolean {
    const { index, neighbourhood, replicas } = this.#context
    const header = index.peek(key)
    if (header === null) return false
    if (header.kind === 'immutable' || (header.kind === 'owned' && header.own)) return true
    return neighbourhood.isAmong(key, replicas)
  }

  #onGet(delivery: Delivery, get: MessageOf<'GET'>, turn: Turn): void {
    const { index, jobs, self } = this.#context
    const { from, mode, route } = delivery
    const header = from === self.id ? null : index.get(get.key, turn.now)
    if (header === null) return this.#hasNone(delivery, get.key, turn)
    if (get.head) {
      const claim = { key: get.key, version: header.version, result: STORED_RESULTS.kept, wanted: 0 }
      return this.#answer(delivery, unsignedStored(self, claim), turn)
    }
    const follow = (record: PeerRecord | null, later: Turn, failed: boolean) =>
      failed ? this.#hasNone(delivery, get.key, later) : this.#onLoaded({ delivery, header }, record, later)
    if (jobs.hasRoom(from)) jobs.load({ cause: from, key: get.key, follow }, turn)
    else if (mode !== 'exact') turn.out.push({ type: 'pass', route })
  }

  /** Something the driver no longer has was wiped from under us: we do not hold it either. */
  #onLoaded(
    asked: { delivery: Delivery; header: RecordHeader },
    record: PeerRecord | null,
    turn: Turn,
  ): void {
    const { delivery, header } = asked
    if (record === null) {
      if (this.#context.index.lost(header)) turn.out.push({ type: 'forget', key: header.key })
      return this.#hasNone(delivery, header.key, turn)
    }
    const lifeSeconds = lifeSecondsOf(header, turn.now)
    this.#answer(delivery, { type: 'VALUE', holder: this.#context.self, lifeSeconds, record }, turn)
  }

  #hasNone(delivery: Delivery, key: Key, turn: Turn): void {
    if (delivery.mode !== 'exact') turn.out.push({ type: 'pass', route: delivery.route })
    else this.#answer(delivery, { type: 'ABSENT', responder: this.#context.self, key }, turn)
  }

  #onReplica(delivery: Delivery, replica: MessageOf<'REPLICA'>, turn: Turn): void {
    const { from: cause } = delivery
    if (!this.#context.jobs.hasRoom(cause)) return
    const { record, origin: operation } = replica
    const key = recordKey(record)
    const lifeMs = Math.min(replica.lifeSeconds * 1_000, RECORD_TTL_MS)
    const held = this.#context.index.get(key, turn.now)
    const isNews = held === null || compareVersions(recordVersion(record), held.version) > 0
    const follow: Offer['follow'] = ({ verdict, version }, later) => {
      if (verdict === 'false') return
      const claim = { key, version, result: resultOf(verdict), wanted: 0 }
      const answer = (stored: Message, signed: Turn) => this.#answer(delivery, stored, signed)
      signStored(this.#context, { operation, cause, claim, follow: answer }, later)
      if (operation === NO_ORIGIN && isNews && verdict === 'kept') this.#parts.repair.received(key, later)
    }
    this.#parts.admission.offer({ record, key, lifeMs, cause, follow }, turn)
  }

  #answer(delivery: Delivery, inner: Message, turn: Turn): void {
    turn.out.push({ type: 'answer', route: delivery.route, inner, last: true })
  }
}
