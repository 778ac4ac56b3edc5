// Routed messages: greedy by XOR over the links we hold, acknowledged hop by hop, with depth-first backtracking
// (PROTOCOL.md, section RO). It moves messages and replies; what they mean is the business of others. How a hop
// treats a message is in forwarder.ts, where it goes in next-hop.ts, what is ours about an operation in operations.ts.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { LinkView, Machine, OffenceEffect, RoutingView, SendEffect, SetTimerEffect } from '../machine.ts'
import { encodeInner } from '../wire/codec.ts'
import type { MessageOf, OperationId } from '../wire/messages.ts'
import { Forwarder } from './forwarder.ts'
import { HopTimes } from './hop-timeout.ts'
import { NextHop } from './next-hop.ts'
import { type Operation, Operations, type StartInput } from './operations.ts'
import { type RouteKey, RouteTable, routeId } from './route-state.ts'
import type { Delivery, RoutedAnswer, RoutedEnd, RoutedPass, RoutedReply, RouteStart } from './routed.ts'
import type { HoldsView } from './store.ts'

export { ROUTE_MODES, type RouteKey, type RouteMode } from './route-state.ts'

export type RouterTimer =
  | { readonly type: 'hop'; readonly route: string; readonly attempt: number }
  | { readonly type: 'hedge'; readonly operation: OperationId }
  | { readonly type: 'operation'; readonly operation: OperationId }
  | { readonly type: 'sweep'; readonly at: Millis }

export type RouterInput =
  /** Begins an operation of ours. */
  | (RouteStart & { readonly type: 'start' })
  /** Our interest is over: late replies are no-ops. */
  | { readonly type: 'stop'; readonly operation: OperationId }
  | {
      readonly type: 'receive'
      readonly from: PeerId
      readonly ttl: number
      readonly message:
        | MessageOf<'ROUTE'>
        | MessageOf<'ROUTE_ACK'>
        | MessageOf<'ROUTE_NACK'>
        | MessageOf<'ROUTE_REPLY'>
    }
  | RoutedAnswer
  | RoutedPass
  | { readonly type: 'link-down'; readonly peer: PeerId }
  | { readonly type: 'timer'; readonly timer: RouterTimer }

export type RouterEffect =
  | SendEffect
  | SetTimerEffect<RouterTimer>
  | OffenceEffect
  | Delivery
  | RoutedReply
  | RoutedEnd
  /** A hop took this long to acknowledge: a sample of the link's round trip, late ones included. */
  | { readonly type: 'round-trip'; readonly peer: PeerId; readonly ms: number }

/**
 * The router of one peer.
 *
 * Recursive routing with an acknowledgement per hop and the reply on the reverse path (R/Kademlia, Heep 2010; R5N, Evans
 * and Grothoff 2011). One message is at one hop at a time, except where a hop was late: then both go on, and whichever
 * answers first is heard.
 */
export class Router implements Machine<RouterInput, RouterEffect> {
  readonly #table = new RouteTable()
  readonly #times: HopTimes
  readonly #operations: Operations
  readonly #forwarder: Forwarder
  #sweepAt: Millis = Number.POSITIVE_INFINITY

  constructor(self: PeerId, routing: RoutingView, links: LinkView, holds: HoldsView) {
    this.#times = new HopTimes(links)
    this.#operations = new Operations(routing, this.#table)
    const owner = this.#operations
    const times = this.#times
    const isTaken = owner.isTaken.bind(owner)
    const next = new NextHop(self, { routing, holds, times, isTaken })
    this.#forwarder = new Forwarder({ self, table: this.#table, times, next, owner })
  }

  handle(input: RouterInput, now: Millis, out: RouterEffect[]): void {
    this.#dispatch(input, now, out)
    this.#keepSweeping(now, out)
  }

  wants(timer: RouterTimer): boolean {
    if (timer.type === 'sweep') return timer.at === this.#sweepAt
    if (timer.type !== 'hop') return this.#operations.isOurs(timer.operation)
    const hop = this.#table.get(timer.route)?.hops[timer.attempt]
    return hop?.state === 'waiting' || hop?.state === 'silent'
  }

  /** Others' messages: handed on at least once, answered here, sent back. `stray`: replies nobody waited for. */
  stats(): { forwarded: number; answered: number; failed: number; stray: number } {
    return { ...this.#forwarder.counters }
  }

  /** Sizes of what remotes can fill. */
  tables() {
    return { ...this.#table.tables(), operations: this.#operations.size, hopTimes: this.#times.size }
  }

  #dispatch(input: RouterInput, now: Millis, out: RouterEffect[]): void {
    switch (input.type) {
      case 'start':
        return this.#onStart(input, now, out)
      case 'stop':
        return this.#onStop(input.operation, out)
      case 'receive':
        return this.#onReceive(input, now, out)
      case 'answer':
        return this.#forwarder.answer(idOf(input.route), encodeInner(input.inner), input.last, now, out)
      case 'pass':
        return this.#onPass(input.route, now, out)
      case 'link-down':
        return this.#forwarder.onLinkDown(input.peer, now, out)
      case 'timer':
        return this.#onTimer(input.timer, now, out)
    }
  }

  #onStart(start: StartInput, now: Millis, out: RouterEffect[]): void {
    const { operation: id, timeoutMs } = start
    const operation = this.#operations.open(start, now)
    if (operation === null) {
      out.push({ type: 'ended', operation: id, reason: 'exhausted' })
      return
    }
    out.push({ type: 'set-timer', afterMs: timeoutMs, timer: { type: 'operation', operation: id } })
    const first = this.#operations.addPath(operation)
    this.#forwarder.arrive(first, now, out)
    if (first.stage === 'moving') this.#spread(operation, now, out)
  }

  /** Begins the other paths of an operation that our own machine does not have. */
  #spread(operation: Operation, now: Millis, out: RouterEffect[]): void {
    while (this.#operations.pathsToBegin(operation) > 0)
      this.#forwarder.arrive(this.#operations.addPath(operation), now, out)
    this.#setHedge(operation, out)
  }

  #setHedge(operation: Operation, out: RouterEffect[]): void {
    if (!this.#operations.wantsHedge(operation)) return
    const timer = { type: 'hedge', operation: operation.start.operation } as const
    out.push({ type: 'set-timer', afterMs: this.#operations.hedgeDelayMs(operation), timer })
  }

  #onStop(id: OperationId, out: RouterEffect[]): void {
    const operation = this.#operations.get(id)
    if (operation !== undefined) this.#operations.close(operation, 'stopped', out)
  }

  #onReceive(input: RouterInput & { type: 'receive' }, now: Millis, out: RouterEffect[]): void {
    const { from, message } = input
    if (message.type === 'ROUTE') this.#forwarder.onRoute(from, input.ttl, message, now, out)
    else if (message.type === 'ROUTE_ACK') this.#forwarder.onAck(from, message, now, out)
    else if (message.type === 'ROUTE_NACK') this.#forwarder.onNack(from, message, now, out)
    else this.#forwarder.onReply(from, message, now, out)
  }

  #onPass(key: RouteKey, now: Millis, out: RouterEffect[]): void {
    this.#forwarder.pass(idOf(key), now, out)
    const operation = this.#operations.get(key.operation)
    if (operation !== undefined) this.#spread(operation, now, out)
  }

  #onTimer(timer: RouterTimer, now: Millis, out: RouterEffect[]): void {
    if (timer.type === 'hop') this.#forwarder.onHopTimer(timer.route, timer.attempt, now, out)
    else if (timer.type === 'sweep') this.#onSweep(timer.at, now)
    else this.#onOperationTimer(timer, now, out)
  }

  #onSweep(at: Millis, now: Millis): void {
    if (at !== this.#sweepAt) return
    this.#sweepAt = Number.POSITIVE_INFINITY
    this.#table.sweep(now)
  }

  /** One sweep at a time, and none while there is nothing to forget: an idle peer sleeps. */
  #keepSweeping(now: Millis, out: RouterEffect[]): void {
    const at = this.#table.sweepAt(now)
    if (at >= this.#sweepAt) return
    this.#sweepAt = at
    out.push({ type: 'set-timer', afterMs: at - now, timer: { type: 'sweep', at } })
  }

  #onOperationTimer(
    timer: RouterTimer & { type: 'hedge' | 'operation' },
    now: Millis,
    out: RouterEffect[],
  ): void {
    const operation = this.#operations.get(timer.operation)
    if (operation === undefined) return
    if (timer.type === 'operation') this.#operations.close(operation, 'timeout', out)
    else if (this.#operations.wantsHedge(operation)) {
      this.#forwarder.arrive(this.#operations.addPath(operation), now, out)
      this.#setHedge(operation, out)
    }
  }
}

function idOf(key: RouteKey): string {
  return routeId(key.operation, key.path)
}
