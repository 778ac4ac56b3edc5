// Finding peers: recursive FINDs and probes for our routing table, answers to the FINDs of others, and the lookups and
// crawls of the application (PROTOCOL.md, LU-1 to LU-12). The parts: questions.ts asks and checks, find-answers.ts answers,
// lookup.ts and crawl.ts go from peer to peer.

import type { Millis, OpId, Random } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import { type Key, keyOf, type PeerId } from '../identity/peer-id.ts'
import { BUCKET_CONTACTS_MAX, LOOKUP_STEP_TIMEOUT_MS, LOOKUPS_MAX, PROBE_TIMEOUT_MS } from '../limits.ts'
import type {
  Machine,
  OutcomeEffect,
  RoutingView,
  SetTimerEffect,
  SignEffect,
  VerifyEffect,
} from '../machine.ts'
import type { PeerCall } from '../peer/calls.ts'
import type { OperationId } from '../wire/messages.ts'
import { Crawls } from './crawl.ts'
import { FindAnswers } from './find-answers.ts'
import { FIND_WHAT } from './found.ts'
import { Lookups } from './lookup.ts'
import { Questions, type Turn } from './questions.ts'
import type { Delivery, RoutedEnd, RoutedReply, RouteEffect } from './routed.ts'
import type { HoldsView } from './store.ts'

export type FinderTimer =
  /** A question and its signature have had their time. */
  | { readonly type: 'question'; readonly operation: OperationId }
  /** A lookup or crawl has. */
  | { readonly type: 'call'; readonly op: OpId }

export type FinderCall = PeerCall & { readonly type: 'lookup' | 'crawl' }

export type FinderInput =
  | { readonly type: 'call'; readonly op: OpId; readonly call: FinderCall }
  | { readonly type: 'cancel'; readonly op: OpId }
  /** Ask whoever is closest to the target for its closest contacts. */
  | { readonly type: 'find'; readonly target: Key; readonly via: readonly PeerId[] }
  /** Ask an unlinked contact whether it lives. */
  | { readonly type: 'probe'; readonly contact: Contact; readonly via: readonly PeerId[] }
  /** A routed FIND for us. */
  | Delivery
  | RoutedReply
  | RoutedEnd
  | { readonly type: 'verified'; readonly token: string; readonly valid: boolean }
  | { readonly type: 'signed'; readonly token: string; readonly signature: Uint8Array }
  | { readonly type: 'timer'; readonly timer: FinderTimer }

export type FinderEffect =
  | SetTimerEffect<FinderTimer>
  | VerifyEffect<string>
  | SignEffect<string>
  | OutcomeEffect
  | RouteEffect
  /** Ends a `find`. The contacts include the responder; null where nobody answered. */
  | {
      readonly type: 'found'
      readonly target: Key
      readonly via: readonly PeerId[]
      readonly responder: PeerId | null
      readonly contacts: readonly Contact[]
    }
  /** Ends a `probe`. */
  | { readonly type: 'probed'; readonly peer: PeerId; readonly alive: boolean }
  /** Nobody was asked: too many questions are under way. */
  | { readonly type: 'probe-dropped'; readonly peer: PeerId }

export interface FinderOptions {
  /** Zero bits that ids of this network begin with, hashed. */
  readonly workBits: number
}

export class Finder implements Machine<FinderInput, FinderEffect> {
  readonly #questions: Questions
  readonly #answers: FindAnswers
  readonly #lookups: Lookups
  readonly #crawls: Crawls

  constructor(options: FinderOptions, routing: RoutingView, holds: HoldsView, random: Random) {
    this.#questions = new Questions(options.workBits, random)
    this.#answers = new FindAnswers(routing, holds)
    this.#lookups = new Lookups(routing, this.#questions)
    this.#crawls = new Crawls(routing, this.#questions)
  }

  handle(input: FinderInput, now: Millis, out: FinderEffect[]): void {
    const turn = { now, out }
    switch (input.type) {
      case 'call':
        return this.#onCall(input.op, input.call, turn)
      case 'cancel':
        this.#lookups.cancel(input.op, turn)
        return this.#crawls.cancel(input.op, turn)
      case 'find':
        return this.#find(input.target, input.via, turn)
      case 'probe':
        return this.#probe(input.contact.id, input.via, turn)
      case 'deliver':
        return this.#answers.deliver(input, turn)
      case 'reply':
        return this.#questions.reply(input, turn)
      case 'ended':
        return this.#questions.ended(input.operation, turn)
      case 'verified':
        return this.#questions.verified(input.token, input.valid, turn)
      case 'signed':
        return this.#answers.signed(input.token, input.signature, turn)
      case 'timer':
        return this.#onTimer(input.timer, turn)
    }
  }

  wants(timer: FinderTimer): boolean {
    return timer.type !== 'question' || this.#questions.has(timer.operation)
  }

  /** Sizes of what remotes or the application can fill. */
  tables(): Readonly<Record<string, number>> {
    return {
      questions: this.#questions.size,
      findAnswers: this.#answers.size,
      lookups: this.#lookups.size,
      crawls: this.#crawls.size,
    }
  }

  #onCall(op: OpId, call: FinderCall, turn: Turn): void {
    if (this.#lookups.size + this.#crawls.size >= LOOKUPS_MAX) {
      const message = `more than ${LOOKUPS_MAX} lookups and crawls under way`
      turn.out.push({ type: 'failed', op, code: 'BUSY', message })
    } else if (call.type === 'lookup') this.#lookups.call(op, call.target, turn)
    else this.#crawls.call(op, call.peersMax, turn)
  }

  #find(target: Key, via: readonly PeerId[], turn: Turn): void {
    const question = {
      mode: 'closest',
      to: target,
      responder: null,
      target,
      what: FIND_WHAT.known,
      count: BUCKET_CONTACTS_MAX,
      via,
      timeoutMs: LOOKUP_STEP_TIMEOUT_MS,
      op: null,
    } as const
    const isAsked = this.#questions.ask(
      question,
      (answer, later) => {
        const responder = answer?.responder.id ?? null
        const contacts = answer === null ? [] : [answer.responder, ...answer.contacts]
        later.out.push({ type: 'found', target, via, responder, contacts })
      },
      turn,
    )
    if (!isAsked) turn.out.push({ type: 'found', target, via, responder: null, contacts: [] })
  }

  #probe(peer: PeerId, via: readonly PeerId[], turn: Turn): void {
    const target = keyOf(peer)
    const question = {
      mode: 'probe',
      to: target,
      responder: peer,
      target,
      what: FIND_WHAT.linked,
      count: 0,
      via,
      timeoutMs: PROBE_TIMEOUT_MS,
      op: null,
    } as const
    const isAsked = this.#questions.ask(
      question,
      (answer, later) => later.out.push({ type: 'probed', peer, alive: answer !== null }),
      turn,
    )
    if (!isAsked) turn.out.push({ type: 'probe-dropped', peer })
  }

  #onTimer(timer: FinderTimer, turn: Turn): void {
    if (timer.type === 'question') return this.#questions.timeout(timer.operation, turn)
    this.#lookups.timeout(timer.op, turn)
    this.#crawls.timeout(timer.op, turn)
  }
}
