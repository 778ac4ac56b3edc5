// Direct requests: a question to exactly one peer, and its answer, wherever in the network the two are. Both ways are
// signed even over one link, so that there is one rule and nobody on the way can speak for either (PROTOCOL.md, RQ-1 to
// RQ-14). The parts: outgoing.ts for requests of ours, incoming.ts for those of others.

import type { Millis, OpId, Random } from '../contract.ts'
import type { Delivery, RoutedEnd, RoutedReply, RouteEffect } from '../dht/routed.ts'
import type { Contact } from '../identity/contact.ts'
import type {
  EventEffect,
  Machine,
  Out,
  OutcomeEffect,
  RoutingView,
  SetTimerEffect,
  SignEffect,
  VerifyEffect,
} from '../machine.ts'
import type { PeerCall } from '../peer/calls.ts'
import type { OperationId } from '../wire/messages.ts'
import { Incoming } from './incoming.ts'
import { Outgoing } from './outgoing.ts'

export type RequestsTimer =
  /** A request of ours has had its time. */
  { readonly type: 'request'; readonly request: OperationId } | { readonly type: 'sweep' }

export type RequestsCall = PeerCall & { readonly type: 'request' | 'respond' }

export type RequestsInput =
  | { readonly type: 'call'; readonly op: OpId; readonly call: RequestsCall }
  | { readonly type: 'cancel'; readonly op: OpId }
  /** A routed REQUEST for us, or a RESPONSE that found its own way because the way back was forgotten. */
  | Delivery
  | RoutedReply
  | RoutedEnd
  | { readonly type: 'verified'; readonly token: string; readonly valid: boolean }
  | { readonly type: 'verify-dropped'; readonly token: string }
  | { readonly type: 'signed'; readonly token: string; readonly signature: Uint8Array }
  | { readonly type: 'timer'; readonly timer: RequestsTimer }

export type RequestsEffect =
  | SetTimerEffect<RequestsTimer>
  | VerifyEffect<string>
  | SignEffect<string>
  | OutcomeEffect
  | EventEffect
  | RouteEffect

export interface RequestsOptions {
  readonly self: Contact
  /** First 16 bytes of the network's hash, as 32 hexadecimal digits. */
  readonly networkId: string
  /** Zero bits that ids of this network begin with, hashed. */
  readonly workBits: number
}

/** What both parts need. */
export interface RequestsContext extends RequestsOptions {
  readonly routing: RoutingView
  readonly random: Random
}

export interface Turn {
  readonly now: Millis
  readonly out: Out<RequestsEffect>
}

export class Requests implements Machine<RequestsInput, RequestsEffect> {
  readonly #outgoing: Outgoing
  readonly #incoming: Incoming

  constructor(options: RequestsOptions, routing: RoutingView, random: Random) {
    const context = { ...options, routing, random }
    this.#outgoing = new Outgoing(context)
    this.#incoming = new Incoming(context)
  }

  handle(input: RequestsInput, now: Millis, out: RequestsEffect[]): void {
    const turn = { now, out }
    switch (input.type) {
      case 'call':
        return this.#onCall(input.op, input.call, turn)
      case 'cancel':
        this.#outgoing.cancel(input.op, turn)
        return this.#incoming.cancel(input.op)
      case 'deliver':
        return this.#onDeliver(input, turn)
      case 'reply':
        this.#outgoing.reply(input, turn)
        return this.#incoming.receipt(input, turn)
      case 'ended':
        this.#outgoing.ended(input.operation, input.reason, turn)
        return this.#incoming.ended(input.operation, turn)
      case 'verified':
        this.#outgoing.verified(input.token, input.valid, turn)
        return this.#incoming.verified(input.token, input.valid, turn)
      case 'verify-dropped':
        this.#outgoing.verified(input.token, false, turn)
        return this.#incoming.dropped(input.token, turn)
      case 'signed':
        this.#outgoing.signed(input.token, input.signature, turn)
        return this.#incoming.signed(input.token, input.signature, turn)
      case 'timer':
        if (input.timer.type === 'sweep') return this.#incoming.sweep(turn)
        return this.#outgoing.timeout(input.timer.request, turn)
    }
  }

  /** Sizes of what remotes or the application can fill. */
  tables(): Readonly<Record<string, number>> {
    return { requestsOut: this.#outgoing.size, ...this.#incoming.tables() }
  }

  #onCall(op: OpId, call: RequestsCall, turn: Turn): void {
    if (call.type === 'request') this.#outgoing.call(op, call, turn)
    else this.#incoming.respond(op, call, turn)
  }

  #onDeliver(input: Delivery, turn: Turn): void {
    const { inner, route, from } = input
    if (inner.type === 'REQUEST') this.#incoming.deliver({ route, from, message: inner }, turn)
    else if (inner.type === 'RESPONSE') this.#outgoing.deliver({ route, from, message: inner }, turn)
    else turn.out.push({ type: 'pass', route })
  }
}
