// FINDs of our own: one question, one verified answer or none. Everything that asks peers for contacts asks through here.

import type { Millis, OpId, Random } from '../contract.ts'
import { type Contact, isAcceptable } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { CONTACTS_PER_FRAME_MAX, FINDS_OUT_MAX, HOPS_MAX } from '../limits.ts'
import type { Out } from '../machine.ts'
import type { MessageOf, OperationId } from '../wire/messages.ts'
import type { FinderEffect } from './finder.ts'
import { foundSignedBytes } from './found.ts'
import type { RouteMode } from './route-state.ts'
import { newOperationId, type RoutedReply } from './routed.ts'

/** Milliseconds that a signature may take beyond the time of its question. */
const VERIFY_GRACE_MS = 1_000

export interface Turn {
  readonly now: Millis
  readonly out: Out<FinderEffect>
}

export interface Question {
  readonly mode: RouteMode
  /** Where the question goes. */
  readonly to: Key
  /** The only peer whose answer counts; null for whoever is closest. */
  readonly responder: PeerId | null
  readonly target: Key
  readonly what: number
  readonly count: number
  readonly via: readonly PeerId[]
  readonly timeoutMs: number
  /** The command it serves; null where none. */
  readonly op: OpId | null
}

export interface Answer {
  readonly responder: Contact
  /** Those that paid the work of their ids. */
  readonly contacts: readonly Contact[]
  readonly hops: number
}

export type Follow = (answer: Answer | null, turn: Turn) => void

interface Asked {
  readonly operation: OperationId
  readonly question: Question
  readonly follow: Follow
  /** Answers whose signatures are being checked, by token. */
  readonly checking: Map<string, Answer>
  ended: boolean
}

export class Questions {
  readonly #workBits: number
  readonly #random: Random
  readonly #askedByOperation = new Map<OperationId, Asked>()
  #checks = 0

  constructor(workBits: number, random: Random) {
    this.#workBits = workBits
    this.#random = random
  }

  get size(): number {
    return this.#askedByOperation.size
  }

  has(operation: OperationId): boolean {
    return this.#askedByOperation.has(operation)
  }

  /** False where too many are under way: then nothing follows. `follow` is never called before this returns. */
  ask(question: Question, follow: Follow, turn: Turn): boolean {
    if (this.size >= FINDS_OUT_MAX) return false
    const operation = newOperationId(this.#random)
    this.#askedByOperation.set(operation, {
      operation,
      question,
      follow,
      checking: new Map(),
      ended: false,
    })
    const { mode, to, target, what, count, timeoutMs } = question
    const via = question.via.length <= HOPS_MAX ? question.via : []
    const inner = { type: 'FIND', target, what, count } as const
    turn.out.push({ type: 'route', operation, mode, target: to, inner, paths: 1, via, timeoutMs })
    const timer = { type: 'question', operation } as const
    turn.out.push({ type: 'set-timer', afterMs: timeoutMs + VERIFY_GRACE_MS, timer })
    return true
  }

  /** The same; who is not reached by `via` is asked once more without, as somebody on that way may be gone. */
  askTwice(question: Question, follow: Follow, turn: Turn): boolean {
    if (question.via.length === 0) return this.ask(question, follow, turn)
    const followFirst: Follow = (answer, later) => {
      const isAskedAgain = answer === null && this.ask({ ...question, via: [] }, follow, later)
      if (!isAskedAgain) follow(answer, later)
    }
    return this.ask(question, followFirst, turn)
  }

  /** The command is over: its questions are dropped. */
  stopAll(op: OpId, turn: Turn): void {
    for (const asked of [...this.#askedByOperation.values()])
      if (asked.question.op === op) this.#stop(asked, turn)
  }

  reply(reply: RoutedReply, turn: Turn): void {
    const asked = this.#askedByOperation.get(reply.operation)
    const { inner: found, hops, via } = reply
    if (asked === undefined || found.type !== 'FOUND' || !this.#answers(found, asked.question)) return
    const token = `${asked.operation}:${this.#checks++}`
    const contacts = found.contacts.filter((contact) => isAcceptable(contact, this.#workBits))
    asked.checking.set(token, { responder: found.responder, contacts, hops })
    const { operation, question } = asked
    const { target, what } = question
    const bytes = foundSignedBytes({ operation, target, what }, found)
    const { signature } = found
    turn.out.push({
      type: 'verify',
      token,
      key: found.responder.signingKey,
      bytes,
      signature,
      cause: hops === 0 ? null : via,
    })
  }

  /** The first answer that proves itself is the answer. */
  verified(token: string, valid: boolean, turn: Turn): void {
    const asked = this.#askedByOperation.get(token.slice(0, token.indexOf(':')) as OperationId)
    const answer = asked?.checking.get(token)
    if (asked === undefined || answer === undefined) return
    asked.checking.delete(token)
    if (valid) this.#finish(asked, answer, turn)
    else if (asked.ended && asked.checking.size === 0) this.#finish(asked, null, turn)
  }

  /** Nothing more comes; what came may still prove itself. */
  ended(operation: OperationId, turn: Turn): void {
    const asked = this.#askedByOperation.get(operation)
    if (asked === undefined) return
    asked.ended = true
    if (asked.checking.size === 0) this.#finish(asked, null, turn)
  }

  timeout(operation: OperationId, turn: Turn): void {
    const asked = this.#askedByOperation.get(operation)
    if (asked !== undefined) this.#finish(asked, null, turn)
  }

  #finish(asked: Asked, answer: Answer | null, turn: Turn): void {
    this.#stop(asked, turn)
    asked.follow(answer, turn)
  }

  #stop(asked: Asked, turn: Turn): void {
    this.#askedByOperation.delete(asked.operation)
    turn.out.push({ type: 'stop-route', operation: asked.operation })
  }

  #answers(found: MessageOf<'FOUND'>, question: Question): boolean {
    const { responder, contacts } = found
    if (question.responder !== null && responder.id !== question.responder) return false
    if (contacts.length > Math.min(question.count, CONTACTS_PER_FRAME_MAX)) return false
    return isAcceptable(responder, this.#workBits)
  }
}
