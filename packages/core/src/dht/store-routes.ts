// Routed messages that we began, and who of us waits for what comes back.

import type { Millis, Random } from '../contract.ts'
import { keyOf, type PeerId } from '../identity/peer-id.ts'
import { OPERATION_TIMEOUT_MS, OPERATIONS_MAX } from '../limits.ts'
import type { RoutingView } from '../machine.ts'
import type { Message, OperationId } from '../wire/messages.ts'
import { newOperationId, type RoutedReply, type RouteEnd, type RouteStart, viaTo } from './routed.ts'
import type { Follow, Turn } from './store-context.ts'

/** Milliseconds after which a route that never ended is forgotten. */
const ROUTE_FORGOTTEN_MS = OPERATION_TIMEOUT_MS * 3

export interface RouteHandler {
  reply(reply: RoutedReply, turn: Turn): void
  /** Nothing more follows. */
  ended(reason: RouteEnd, turn: Turn): void
}

interface Question {
  readonly peer: PeerId
  readonly inner: Message
  readonly timeoutMs: number
  /** The answer, or null where none came. */
  readonly follow: Follow<RoutedReply | null>
}

export class StoreRoutes {
  readonly #routing: RoutingView
  readonly #random: Random
  readonly #waitingByOperation = new Map<
    OperationId,
    { readonly handler: RouteHandler; readonly since: Millis }
  >()

  constructor(routing: RoutingView, random: Random) {
    this.#routing = routing
    this.#random = random
  }

  /** Null where too much is under way already: the caller goes on as if nobody had answered. */
  start(route: Omit<RouteStart, 'operation'>, handler: RouteHandler, turn: Turn): OperationId | null {
    if (this.#waitingByOperation.size >= OPERATIONS_MAX) return null
    const operation = newOperationId(this.#random)
    this.#waitingByOperation.set(operation, { handler, since: turn.now })
    turn.out.push({ type: 'route', operation, ...route })
    return operation
  }

  /** Asks exactly one peer and takes its first answer. */
  ask(question: Question, turn: Turn): void {
    const { peer, inner, timeoutMs, follow } = question
    const handler: RouteHandler = {
      reply: (reply, later) => {
        this.stop(reply.operation, later)
        follow(reply, later)
      },
      ended: (_reason, later) => follow(null, later),
    }
    const via = viaTo(this.#routing, peer)
    const route = { mode: 'exact', target: keyOf(peer), inner, paths: 1, via, timeoutMs } as const
    const operation = this.start(route, handler, turn)
    if (operation === null) follow(null, turn)
  }

  stop(operation: OperationId, turn: Turn): void {
    if (this.#waitingByOperation.delete(operation)) turn.out.push({ type: 'stop-route', operation })
  }

  reply(reply: RoutedReply, turn: Turn): void {
    this.#waitingByOperation.get(reply.operation)?.handler.reply(reply, turn)
  }

  ended(operation: OperationId, reason: RouteEnd, turn: Turn): void {
    const waiting = this.#waitingByOperation.get(operation)
    if (waiting === undefined) return
    this.#waitingByOperation.delete(operation)
    waiting.handler.ended(reason, turn)
  }

  /** Ends what nobody ended. Operations are in the order of their start. */
  sweep(turn: Turn): void {
    for (const [operation, { since }] of this.#waitingByOperation) {
      if (turn.now - since < ROUTE_FORGOTTEN_MS) return
      this.ended(operation, 'timeout', turn)
    }
  }

  get size(): number {
    return this.#waitingByOperation.size
  }
}
