// Records: what we write, read, and hold for others. Here are the machine's inputs and effects, and which part of it
// answers to what; the rules (PROTOCOL.md, RC and RP) are in the parts. Values are never in memory: we keep headers, and
// the driver keeps the records.

import type { JobResult, Millis, OpId, Random } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { RECORD_BYTES_HELD_MAX, RECORD_TTL_MS, RECORDS_HELD_MAX } from '../limits.ts'
import type {
  EventEffect,
  Machine,
  OutcomeEffect,
  RoutingView,
  SetTimerEffect,
  SignEffect,
  VerifyEffect,
} from '../machine.ts'
import type { PeerCall } from '../peer/calls.ts'
import { Copies } from '../replication/copies.ts'
import { FanOuts } from '../replication/fan-out.ts'
import { HandOver } from '../replication/hand-over.ts'
import { Neighbourhood } from '../replication/neighbourhood.ts'
import { Repair } from '../replication/repair.ts'
import { Republish } from '../replication/republish.ts'
import type { OperationId } from '../wire/messages.ts'
import { Admission } from './admission.ts'
import { Gets } from './get.ts'
import { Holders } from './holders.ts'
import { Holding } from './holding.ts'
import { Placements } from './placement.ts'
import { Puts } from './put.ts'
import { isAhead, type PeerRecord, type RecordHeader } from './record.ts'
import { RecordIndex } from './record-index.ts'
import type { Delivery, RoutedEnd, RoutedReply, RouteEffect } from './routed.ts'
import { SeenRanks } from './seen-ranks.ts'
import type { StoreContext, Turn } from './store-context.ts'
import { StoreJobs } from './store-jobs.ts'
import { StoreRoutes } from './store-routes.ts'

export type StoreToken = string
export type StoreTimer =
  /** A command has had its time. */
  | { readonly type: 'operation'; readonly op: OpId }
  /** A get has waited long enough for a second answer. */
  | { readonly type: 'grace'; readonly op: OpId }
  /** A newcomer's get asks again. */
  | { readonly type: 'again'; readonly op: OpId }
  /** Whoever began this STORE has waited long enough for the copies we make. */
  | { readonly type: 'fan-out'; readonly operation: OperationId }
  | { readonly type: 'maintain' }
  | { readonly type: 'republish' }
  /** Time to look for missing copies: role 0 is the peer responsible, role 1 the one that steps in for it. */
  | { readonly type: 'repair'; readonly role: RepairRole }
  | { readonly type: 'repair-turn' }
  /** Time to look for missing copies even where nothing has changed. */
  | { readonly type: 'review' }
  | { readonly type: 'hand-over' }
  /** Copies wait for answers to others. */
  | { readonly type: 'copies' }

/** Who copies a record to a peer that lacks it: the first responsible one, or its backup later. */
export type RepairRole = 0 | 1

export type StoreInput =
  | { readonly type: 'start'; readonly recordIndex: readonly RecordHeader[] }
  | { readonly type: 'call'; readonly op: OpId; readonly call: StoreCall }
  | { readonly type: 'cancel'; readonly op: OpId }
  /** A routed message for us (GET, STORE, REPLICA). Answer with `answer`, or `pass` it on. */
  | Delivery
  | RoutedReply
  | RoutedEnd
  | {
      readonly type: 'siblings-changed'
      readonly added: readonly Contact[]
      readonly gone: readonly PeerId[]
    }
  /** The disk has no room: records of others make some (RC-11). */
  | { readonly type: 'storage-full' }
  /** There is a link again, or the first one. */
  | { readonly type: 'linked' }
  /** A job is done. */
  | (Exclude<JobResult, { readonly type: 'sealed' | 'opened' }> & { readonly token: StoreToken })
  /** Hand every record over to those who should hold it; `handed-over` when done or when time is up. */
  | { readonly type: 'leave'; readonly deadlineMs: number }
  | { readonly type: 'timer'; readonly timer: StoreTimer }

export type StoreCall = PeerCall & { readonly type: 'put' | 'get' | 'holders' }

/** No offences: whoever brings a false record may only have carried it (RC-19). */
export type StoreEffect =
  | SetTimerEffect<StoreTimer>
  | VerifyEffect<StoreToken>
  | SignEffect<StoreToken>
  | OutcomeEffect
  | EventEffect
  | RouteEffect
  /** Storage jobs; `loaded` and `stored` come back with the token. */
  | { readonly type: 'load'; readonly token: StoreToken; readonly key: Key }
  | {
      readonly type: 'store'
      readonly token: StoreToken
      readonly key: Key
      readonly record: PeerRecord
      readonly header: RecordHeader
    }
  | { readonly type: 'forget'; readonly key: Key }
  | { readonly type: 'handed-over' }

/** The router asks this of the holder before it passes a GET or a STORE on. */
export interface HoldsView {
  /** Peers closest to a key that hold its record. */
  readonly replicas: number
  holds(key: Key): boolean
  /** Whether a STORE for this key may end here (RO-23). */
  isNear(key: Key, now: Millis): boolean
}

export interface StoreOptions {
  readonly self: Contact
  /** First 16 bytes of the network's hash, as 32 hexadecimal digits. */
  readonly networkId: string
  /** Zero bits that ids of this network begin with, hashed. */
  readonly workBits: number
  /** Copies of a record that the network keeps; every peer of a network should say the same. */
  readonly replicas: number
}

/** Milliseconds between two looks for expired records and forgotten jobs. Throttled tabs wake once a minute anyway. */
const MAINTAIN_MS = 60_000
/** Commands of the application under way at once; above that they fail as BUSY. */
const CALLS_MAX = 1_024

export class Store implements Machine<StoreInput, StoreEffect>, HoldsView {
  readonly replicas: number
  readonly #context: StoreContext
  readonly #fanOuts: FanOuts
  readonly #holding: Holding
  readonly #seenRanks = new SeenRanks()
  readonly #puts: Puts
  readonly #gets: Gets
  readonly #holders: Holders
  readonly #repair: Repair
  readonly #republish: Republish
  readonly #handOver: HandOver

  constructor(options: StoreOptions, routing: RoutingView, random: Random) {
    const context = contextOf(options, routing, random)
    const admission = new Admission(context)
    const placements = new Placements(context)
    this.replicas = options.replicas
    this.#context = context
    this.#fanOuts = new FanOuts(context, admission)
    this.#repair = new Repair(context, random)
    this.#holding = new Holding({ context, admission, fanOuts: this.#fanOuts, repair: this.#repair })
    this.#republish = new Republish(context, { admission, placements }, random)
    this.#puts = new Puts({ context, placements, republish: this.#republish, seenRanks: this.#seenRanks })
    this.#gets = new Gets(context, admission, this.#seenRanks)
    this.#holders = new Holders(context)
    this.#handOver = new HandOver(context)
  }

  handle(input: StoreInput, now: Millis, out: StoreEffect[]): void {
    const { jobs, routes } = this.#context
    const turn: Turn = { now, out }
    switch (input.type) {
      case 'start':
        return this.#onStart(input.recordIndex, turn)
      case 'call':
        return this.#onCall(input.op, input.call, turn)
      case 'cancel':
        return this.#onCancel(input.op, turn)
      case 'deliver':
        return this.#holding.deliver(input, turn)
      case 'reply':
        return routes.reply(input, turn)
      case 'ended':
        return routes.ended(input.operation, input.reason, turn)
      case 'siblings-changed':
        return this.#onSiblingsChanged(input.added, input.gone, turn)
      case 'storage-full':
        return this.#forget(this.#context.index.tighten(), turn)
      case 'linked':
        this.#repair.linked(turn)
        return this.#republish.somebodyCame(turn)
      case 'verified':
      case 'signed':
      case 'loaded':
      case 'stored':
        return jobs.finished(input.token, input, turn)
      case 'leave':
        return this.#onLeave(input.deadlineMs, turn)
      case 'timer':
        return this.#onTimer(input.timer, turn)
    }
  }

  /** Whether a GET for this key should end here (RC-14). */
  holds(key: Key): boolean {
    return this.#holding.answersFor(key)
  }

  isNear(key: Key, now: Millis): boolean {
    return this.#context.neighbourhood.isNear(key, this.replicas, now)
  }

  /** Records held, how many of them we wrote, and the bytes of their values. */
  stats(): { readonly held: number; readonly own: number; readonly bytes: number } {
    return this.#context.index.stats()
  }

  /** Sizes of everything that remotes or the application can fill. */
  tables(): Readonly<Record<string, number>> {
    const { index, jobs, routes, copies, neighbourhood } = this.#context
    return {
      recordsHeld: index.stats().held,
      storeCalls: this.#calls(),
      storeFanOuts: this.#fanOuts.size,
      storeJobs: jobs.size,
      storeRoutes: routes.size,
      storeCopies: copies.size,
      storeRanks: this.#seenRanks.size,
      ...neighbourhood.tables(),
      storeRepairs: this.#repair.size,
    }
  }

  #onStart(recordIndex: readonly RecordHeader[], turn: Turn): void {
    const { index, neighbourhood } = this.#context
    neighbourhood.start(turn.now)
    for (const header of recordIndex) {
      // Nobody takes it, and a put above it would be refused as well. It stays on disk: it may be now that our clock is wrong.
      if (header.kind === 'shared' && isAhead(header.version.rank, turn.now)) continue
      // What was stored while our clock was ahead lives no longer than other copies.
      const expiresAt = Math.min(header.expiresAt, turn.now + RECORD_TTL_MS)
      this.#forget(index.put({ ...header, expiresAt }) ?? [header.key], turn)
    }
    this.#republish.start(turn)
    this.#repair.start(turn)
    this.#maintain(turn)
  }

  #onCall(op: OpId, call: StoreCall, turn: Turn): void {
    if (this.#calls() >= CALLS_MAX)
      turn.out.push({ type: 'failed', op, code: 'BUSY', message: `more than ${CALLS_MAX} calls under way` })
    else if (call.type === 'put') this.#puts.call(op, call, turn)
    else if (call.type === 'get') this.#gets.call(op, call.name, turn)
    else this.#holders.call(op, call.key, turn)
  }

  #onCancel(op: OpId, turn: Turn): void {
    this.#puts.cancel(op, turn)
    this.#gets.cancel(op, turn)
    this.#holders.cancel(op, turn)
  }

  #onSiblingsChanged(added: readonly Contact[], gone: readonly PeerId[], turn: Turn): void {
    const alone = this.#context.neighbourhood.changed(added, gone, turn.now)
    this.#repair.siblingsChanged({ added, gone, alone }, turn)
    if (added.length > 0) this.#republish.somebodyCame(turn)
  }

  #onLeave(deadlineMs: number, turn: Turn): void {
    this.#repair.stop()
    this.#context.index.close()
    const short = this.#republish.stop()
    this.#handOver.leave({ deadlineMs, short }, turn)
  }

  #onTimer(timer: StoreTimer, turn: Turn): void {
    switch (timer.type) {
      case 'operation':
        this.#puts.timeout(timer.op, turn)
        this.#gets.timeout(timer.op, turn)
        return this.#holders.timeout(timer.op, turn)
      case 'grace':
        return this.#gets.graceOver(timer.op, turn)
      case 'again':
        return this.#gets.again(timer.op, turn)
      case 'fan-out':
        return this.#fanOuts.timeout(timer.operation, turn)
      case 'maintain':
        return this.#maintain(turn)
      case 'republish':
        return this.#republish.timer(turn)
      case 'repair':
        return this.#repair.timer(timer.role, turn)
      case 'repair-turn':
        return this.#repair.turn(turn)
      case 'review':
        return this.#repair.review(turn)
      case 'hand-over':
        return this.#handOver.timer(turn)
      case 'copies':
        return this.#context.copies.timer(turn)
    }
  }

  #maintain(turn: Turn): void {
    this.#forget(this.#context.index.expire(turn.now), turn)
    this.#context.jobs.sweep(turn.now)
    this.#context.routes.sweep(turn)
    turn.out.push({ type: 'set-timer', afterMs: MAINTAIN_MS, timer: { type: 'maintain' } })
  }

  #forget(keys: readonly Key[], turn: Turn): void {
    for (const key of keys) turn.out.push({ type: 'forget', key })
  }

  #calls(): number {
    return this.#puts.size + this.#gets.size + this.#holders.size
  }
}

function contextOf(options: StoreOptions, routing: RoutingView, random: Random): StoreContext {
  const bounds = { records: RECORDS_HELD_MAX, bytes: RECORD_BYTES_HELD_MAX }
  const routes = new StoreRoutes(routing, random)
  return {
    ...options,
    routing,
    index: new RecordIndex(options.self.id, bounds),
    jobs: new StoreJobs(),
    routes,
    copies: new Copies(routes),
    neighbourhood: new Neighbourhood(routing),
  }
}
