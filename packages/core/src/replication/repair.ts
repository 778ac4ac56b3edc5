// Keeps every record on the peers that should hold it while peers come and go: looks through what we hold, asks who may
// lack a copy, and sends one (PROTOCOL.md, RP-6 to RP-11). Asking first makes a reload cost a question, not a record.

import type { Millis, Random } from '../contract.ts'
import type { PeerRecord } from '../dht/record.ts'
import { lifeSecondsOf } from '../dht/record-index.ts'
import type { RoutedReply } from '../dht/routed.ts'
import type { RepairRole } from '../dht/store.ts'
import type { StoreContext, Turn } from '../dht/store-context.ts'
import { compareStored, NO_ORIGIN, STORED_RESULTS } from '../dht/stored-ack.ts'
import type { Contact } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { REPAIR_BATCH, REPAIR_DELAY_MS } from '../limits.ts'
import type { Message } from '../wire/messages.ts'
import { REPLICA_TIMEOUT_MS } from './copies.ts'
import { SETTLED_MS } from './neighbourhood.ts'
import { type Changes, type Check, merge, noChanges, plan } from './repair-plan.ts'

/** Milliseconds after the responsible peer's look at which its backup looks: by then copies have arrived. A guess. */
const BACKUP_MS = 8_000
/** Milliseconds between two turns. With REPAIR_BATCH: 80 records a second, 640 KiB of the largest ones. */
const TURN_MS = 200
/** Records looked at in one turn: each costs a sort of the contacts near its key. */
const KEYS_PER_TURN = 256
/** Checks under way at once. */
const CHECKS_MAX = 64
/**
 * Milliseconds before a peer that did not answer is looked at again, doubled each time: it may be cut off from us, and not from
 * those who name it.
 */
const RETRY_MS = 10_000
/** Peers that did not answer, remembered. */
const SILENT_PEERS_MAX = 256
/** Milliseconds between two looks at everybody, less up to a fifth: about two questions per record held. */
const REVIEW_MS = 60 * 60_000
const REVIEW_SPREAD_SHARE = 0.2
/** Records received of which we still have to look at the group. More of them wait for the next change. */
const RECEIVED_MAX = 1_024

interface Waiting {
  readonly changes: Changes
  dueAt: Millis
}

interface Scan {
  readonly role: RepairRole
  readonly changes: Changes
  readonly keys: readonly Key[]
  next: number
}

interface Silence {
  readonly until: Millis
  readonly times: number
}

export class Repair {
  readonly #context: StoreContext
  readonly #random: Random
  /** Changes not yet looked at, by role; each has a timer. */
  readonly #waitingByRole: [Waiting | null, Waiting | null] = [null, null]
  /** At most one scan per role: newer changes wait for its end. */
  readonly #scans: Scan[] = []
  /** Records that came from a repair and make us look at their group. */
  readonly #received = new Set<Key>()
  readonly #queue: Check[] = []
  readonly #silenceByPeerId = new Map<PeerId, Silence>()
  #underWay = 0
  #turning = false
  #stopped = false

  constructor(context: StoreContext, random: Random) {
    this.#context = context
    this.#random = random
  }

  /** Until we are settled others look after our neighbours; then we look at everybody, and again every hour. */
  start(turn: Turn): void {
    this.#wait(0, { changes: { ...noChanges(), all: true }, afterMs: SETTLED_MS }, turn)
    this.#setReview(turn)
  }

  /** What messages lost and peers that died at the wrong moment have left open. */
  review(turn: Turn): void {
    if (this.#stopped) return
    this.#wait(0, { changes: { ...noChanges(), all: true }, afterMs: REPAIR_DELAY_MS }, turn)
    this.#setReview(turn)
  }

  /** `alone`: there was nobody before, so that we are the newcomer ourselves. */
  siblingsChanged(
    changed: {
      readonly added: readonly Contact[]
      readonly gone: readonly PeerId[]
      readonly alone: boolean
    },
    turn: Turn,
  ): void {
    const { added, gone, alone } = changed
    for (const peer of gone) this.#silenceByPeerId.delete(peer)
    const changes = { ...noChanges(), all: alone }
    for (const { id } of added) changes.added.add(id)
    for (const id of gone) changes.gone.add(id)
    const afterMs = Math.max(REPAIR_DELAY_MS, this.#context.neighbourhood.settledInMs(turn.now))
    this.#wait(0, { changes, afterMs }, turn)
  }

  /** Whoever was silent while we had no links: perhaps it was us. */
  linked(turn: Turn): void {
    const silent = [...this.#silenceByPeerId.keys()]
    this.#silenceByPeerId.clear()
    for (const peer of silent) this.#retry(peer, REPAIR_DELAY_MS, turn)
  }

  /** Somebody thought that we should hold this. Where we are the closest, it may be that others should, too. */
  received(key: Key, turn: Turn): void {
    const { neighbourhood, self } = this.#context
    if (this.#received.size >= RECEIVED_MAX || !neighbourhood.isSettled(self.id, turn.now)) return
    if (!neighbourhood.isAmong(key, 1)) return
    this.#received.add(key)
    this.#go(turn)
  }

  timer(role: RepairRole, turn: Turn): void {
    const waiting = this.#waitingByRole[role]
    if (waiting === null || turn.now < waiting.dueAt || this.#stopped) return
    this.#waitingByRole[role] = null
    const { changes } = waiting
    const busyMs = this.#scans.some((scan) => scan.role === role) ? REPAIR_DELAY_MS : 0
    const afterMs = Math.max(busyMs, this.#context.neighbourhood.settledInMs(turn.now))
    if (afterMs > 0) return this.#wait(role, { changes, afterMs }, turn)
    this.#scans.push({ role, changes, keys: this.#context.index.keys(), next: 0 })
    if (role === 0 && !changes.all) this.#wait(1, { changes, afterMs: BACKUP_MS }, turn)
    if (!this.#turning) this.turn(turn)
  }

  /** Plans and asks, as much as one turn may. */
  turn(turn: Turn): void {
    this.#turning = false
    if (this.#stopped) return
    this.#plan(turn.now)
    for (let i = 0; i < REPAIR_BATCH && this.#underWay < CHECKS_MAX; i++) {
      const check = this.#queue.shift()
      if (check === undefined) break
      this.#ask(check, turn)
    }
    if (this.#queue.length > 0 || this.#scans.length > 0 || this.#received.size > 0) this.#go(turn)
  }

  /** We are leaving: from now on others see to it. */
  stop(): void {
    this.#stopped = true
  }

  get size(): number {
    return this.#queue.length + this.#received.size + this.#underWay + this.#silenceByPeerId.size
  }

  #setReview(turn: Turn): void {
    const share = 1 - (REVIEW_SPREAD_SHARE * this.#random.u32()) / 0x1_0000_0000
    turn.out.push({ type: 'set-timer', afterMs: Math.floor(REVIEW_MS * share), timer: { type: 'review' } })
  }

  #go(turn: Turn): void {
    if (this.#turning) return
    this.#turning = true
    turn.out.push({ type: 'set-timer', afterMs: TURN_MS, timer: { type: 'repair-turn' } })
  }

  #wait(role: RepairRole, what: { readonly changes: Changes; readonly afterMs: number }, turn: Turn): void {
    const { changes, afterMs } = what
    const waiting = this.#waitingByRole[role] ?? { changes: noChanges(), dueAt: Number.POSITIVE_INFINITY }
    merge(waiting.changes, changes)
    this.#waitingByRole[role] = waiting
    if (this.#stopped || waiting.dueAt <= turn.now + afterMs) return
    waiting.dueAt = turn.now + afterMs
    turn.out.push({ type: 'set-timer', afterMs, timer: { type: 'repair', role } })
  }

  #plan(now: Millis): void {
    for (const key of this.#received) {
      if (this.#queue.length >= REPAIR_BATCH) return
      this.#received.delete(key)
      this.#look(key, { role: 0, changes: { ...noChanges(), all: true }, now })
    }
    for (let looked = 0; looked < KEYS_PER_TURN && this.#queue.length < REPAIR_BATCH; looked++) {
      const scan = this.#scans[0]
      const key = scan?.keys[scan.next]
      if (scan === undefined) return
      if (key === undefined) this.#scans.shift()
      else {
        scan.next++
        this.#look(key, { role: scan.role, changes: scan.changes, now })
      }
    }
  }

  #look(key: Key, look: { role: RepairRole; changes: Changes; now: Millis }): void {
    if (this.#context.index.get(key, look.now) !== null) this.#queue.push(...plan(this.#context, key, look))
  }

  #ask(check: Check, turn: Turn): void {
    const silentMs = (this.#silenceByPeerId.get(check.target)?.until ?? 0) - turn.now
    if (silentMs > 0) return this.#retry(check.target, silentMs, turn)
    this.#underWay++
    const inner = { type: 'GET', key: check.key, head: true } as const
    const follow = (reply: RoutedReply | null, later: Turn) => this.#onAsked(check, reply?.inner, later)
    this.#context.routes.ask({ peer: check.target, inner, timeoutMs: REPLICA_TIMEOUT_MS, follow }, turn)
  }

  #onAsked(check: Check, answer: Message | undefined, turn: Turn): void {
    const { index, jobs } = this.#context
    const header = index.get(check.key, turn.now)
    if (answer?.type === 'STORED' && header !== null && compareStored(answer, header.version) >= 0)
      return this.#held(check, turn)
    if (answer?.type !== 'STORED' && answer?.type !== 'ABSENT') return this.#silent(check, turn)
    if (header === null || this.#stopped) return this.#finished()
    const follow = (record: PeerRecord | null, later: Turn) => this.#send(check, record, later)
    jobs.load({ cause: null, key: check.key, follow }, turn)
  }

  #send(check: Check, record: PeerRecord | null, turn: Turn): void {
    const { index, copies } = this.#context
    const header = index.get(check.key, turn.now)
    if (record === null || header === null) return this.#finished()
    const lifeSeconds = lifeSecondsOf(header, turn.now)
    const replica = { type: 'REPLICA', origin: NO_ORIGIN, lifeSeconds, record } as const
    const follow = (reply: RoutedReply | null, later: Turn) => {
      const answer = reply?.inner
      if (answer?.type !== 'STORED') this.#silent(check, later)
      else if (answer.result === STORED_RESULTS.refused) this.#finished()
      else this.#held(check, later)
    }
    copies.send({ peer: check.target, replica, follow }, turn)
  }

  #held(check: Check, turn: Turn): void {
    this.#finished()
    this.#silenceByPeerId.delete(check.target)
    if (!check.drop || this.#context.index.peek(check.key)?.own !== false) return
    this.#context.index.remove(check.key)
    turn.out.push({ type: 'forget', key: check.key })
  }

  /** Its other checks would be silent too: they come again with it. */
  #silent(check: Check, turn: Turn): void {
    this.#finished()
    const { target } = check
    const silence = this.#silenceByPeerId.get(target)
    if (silence !== undefined && turn.now < silence.until) return
    const times = (silence?.times ?? 0) + 1
    const afterMs = Math.min(RETRY_MS * 2 ** (times - 1), REVIEW_MS)
    if (silence === undefined && this.#silenceByPeerId.size >= SILENT_PEERS_MAX) this.#silenceByPeerId.clear()
    this.#silenceByPeerId.set(target, { until: turn.now + afterMs, times })
    this.#retry(target, afterMs, turn)
  }

  #retry(peer: PeerId, afterMs: number, turn: Turn): void {
    const changes = noChanges()
    changes.added.add(peer)
    this.#wait(0, { changes, afterMs }, turn)
  }

  #finished(): void {
    this.#underWay--
  }
}
