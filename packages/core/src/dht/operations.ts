// Operations of our own: several first hops at once, one more when an answer is late, and an end when all are used up.

import type { Millis } from '../contract.ts'
import { type PeerId, peerIdOf } from '../identity/peer-id.ts'
import {
  HEDGE_MAX_MS,
  HEDGE_MIN_MS,
  HEDGE_UNKNOWN_MS,
  HOPS_MAX,
  OPERATIONS_MAX,
  ROUTE_HEDGES_MAX,
  ROUTE_PATHS_MAX,
} from '../limits.ts'
import type { RoutingView } from '../machine.ts'
import { decodeInner, encodeInner } from '../wire/codec.ts'
import { type OperationId, ROUTED_BYTES_MAX } from '../wire/messages.ts'
import type { RouteOwner, RouteReply } from './forwarder.ts'
import { isForOne, prefixOf, type Route, type RouteMode, type RouteTable, routeId } from './route-state.ts'
import type { RouteEnd } from './routed.ts'
import type { RouterEffect, RouterInput } from './router.ts'

/** Bytes of one hop of a source route. */
const VIA_BYTES = 32

export type StartInput = RouterInput & { readonly type: 'start' }

export interface Operation {
  readonly start: StartInput
  readonly inner: Uint8Array
  readonly startedAt: Millis
  /** Number of the next path. */
  nextPath: number
  /** Paths that may still bring something. */
  readonly open: Set<number>
  /** Peers that began a path: every path has first hops of its own. */
  readonly firstHops: Set<PeerId>
  /** Whether the local machine has the message; whether it had it and passed it on, so that no path ends with it again. */
  here: boolean
  passed: boolean
  replied: boolean
}

export class Operations implements RouteOwner {
  readonly #routing: RoutingView
  readonly #table: RouteTable
  readonly #operationById = new Map<OperationId, Operation>()
  readonly #hedges = new HedgeTimes()

  constructor(routing: RoutingView, table: RouteTable) {
    this.#routing = routing
    this.#table = table
  }

  get(operation: OperationId): Operation | undefined {
    return this.#operationById.get(operation)
  }

  get size(): number {
    return this.#operationById.size
  }

  /** Null where the name is taken or too many are under way. */
  open(start: StartInput, now: Millis): Operation | null {
    if (this.#isTakenName(start.operation) || this.#operationById.size >= OPERATIONS_MAX) return null
    const inner = encodeInner(start.inner)
    const operation = {
      start,
      inner,
      startedAt: now,
      nextPath: 0,
      open: new Set<number>(),
      firstHops: new Set<PeerId>(),
      here: false,
      passed: false,
      replied: false,
    }
    this.#operationById.set(start.operation, operation)
    return operation
  }

  /** By an operation of ours, or a way of others that is here under a name that one of our paths would have. */
  #isTakenName(operation: OperationId): boolean {
    for (let path = 0; path < ROUTE_PATHS_MAX; path++)
      if (this.#table.get(routeId(operation, path)) !== undefined) return true
    return false
  }

  /** A path more, which the forwarder sets in motion. The first one goes the way that was told. */
  addPath(operation: Operation): Route {
    const { start, inner } = operation
    const path = operation.nextPath++
    operation.open.add(path)
    const self = this.#routing.self.id
    const route = this.#table.add(
      {
        key: { operation: start.operation, path },
        previous: null,
        mode: start.mode,
        target: start.target,
        inner,
        via: path === 0 ? viaThatFits(start, inner) : [],
        hopsLeft: HOPS_MAX,
        visited: [prefixOf(self)],
      },
      Number.MAX_SAFE_INTEGER,
    )
    if (operation.passed) route.stage = 'passed'
    return route
  }

  /** Paths to begin at once that have not begun. */
  pathsToBegin(operation: Operation): number {
    return Math.min(Math.max(1, operation.start.paths), ROUTE_PATHS_MAX) - operation.nextPath
  }

  hedgeDelayMs(operation: Operation): number {
    return this.#hedges.delayMs(operation.start.mode)
  }

  /** Whether one more first hop may help: not while the target itself has the message, or our own machine. */
  wantsHedge(operation: Operation): boolean {
    const { mode, target, paths } = operation.start
    if (operation.replied || operation.here) return false
    if (operation.nextPath >= Math.min(paths + ROUTE_HEDGES_MAX, ROUTE_PATHS_MAX)) return false
    return !isForOne(mode) || !this.#routing.isLinked(peerIdOf(target))
  }

  /** Ends an operation. Its paths become no-ops; `ended` is said unless it was stopped. */
  close(operation: Operation, reason: RouteEnd | 'stopped', out: RouterEffect[]): void {
    const { operation: id } = operation.start
    this.#operationById.delete(id)
    for (let path = 0; path < operation.nextPath; path++) this.#table.finishPath(id, path)
    if (reason !== 'stopped') out.push({ type: 'ended', operation: id, reason })
  }

  isOurs(operation: OperationId): boolean {
    return this.#operationById.has(operation)
  }

  isTaken(route: Route, peer: PeerId): boolean {
    return this.#operationById.get(route.key.operation)?.firstHops.has(peer) === true
  }

  took(route: Route, peer: PeerId): void {
    this.#operationOf(route).firstHops.add(peer)
  }

  /** Only the last open path may end with ourselves: the others may yet find somebody closer. */
  mayEndHere(route: Route): boolean {
    const operation = this.#operationOf(route)
    if (operation.open.size > 1) return false
    operation.here = true
    return true
  }

  passed(route: Route): void {
    const operation = this.#operationById.get(route.key.operation)
    if (operation === undefined) return
    operation.here = false
    operation.passed = true
  }

  /** False where the reply means nothing: the hop that brought it counts as failed. */
  replied(route: Route, reply: RouteReply, now: Millis, out: RouterEffect[]): boolean {
    const operation = this.#operationOf(route)
    const inner = decodeInner(reply.inner, 'routed')
    if (inner === null) return false
    if (!operation.replied) this.#hedges.add(operation.start.mode, now - operation.startedAt)
    operation.replied = true
    const { via, hops, last } = reply
    out.push({
      type: 'reply',
      operation: operation.start.operation,
      path: route.key.path,
      via,
      hops,
      inner,
      last,
    })
    if (last) this.ended(route, out)
    return true
  }

  ended(route: Route, out: RouterEffect[]): void {
    const operation = this.#operationOf(route)
    operation.open.delete(route.key.path)
    if (operation.open.size > 0) return
    const hadNobody = operation.firstHops.size === 0 && this.#routing.linked().length === 0
    this.close(operation, hadNobody ? 'no-links' : 'exhausted', out)
  }

  /** Whose path this is: a way without a previous hop is there as long as its operation. */
  #operationOf(route: Route): Operation {
    return this.#operationById.get(route.key.operation) as Operation
  }
}

/** A source route that would make the frame too long is left out: the message then finds its own way. */
function viaThatFits({ via = [] }: StartInput, inner: Uint8Array): readonly PeerId[] {
  return VIA_BYTES * via.length + inner.length <= ROUTED_BYTES_MAX ? via : []
}

/** First replies remembered per mode: enough for a p95, few enough to follow a network that changes. */
const SAMPLES_MAX = 64
/** Samples before the p95 means anything. Guess. */
const SAMPLES_MIN = 8

/** How long operations take to their first reply, per mode: a hedge waits for their 95th percentile (Dean & Barroso, 2013). */
class HedgeTimes {
  readonly #samplesByMode = new Map<RouteMode, number[]>()
  readonly #delayMsByMode = new Map<RouteMode, number>()

  delayMs(mode: RouteMode): number {
    return this.#delayMsByMode.get(mode) ?? HEDGE_UNKNOWN_MS
  }

  add(mode: RouteMode, ms: number): void {
    const samples = this.#samplesByMode.get(mode) ?? []
    this.#samplesByMode.set(mode, samples)
    if (samples.length === SAMPLES_MAX) samples.shift()
    samples.push(ms)
    if (samples.length >= SAMPLES_MIN) this.#delayMsByMode.set(mode, percentile95(samples))
  }
}

function percentile95(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const ms = sorted[Math.floor((sorted.length - 1) * 0.95)] as number
  return Math.ceil(Math.min(HEDGE_MAX_MS, Math.max(HEDGE_MIN_MS, ms)))
}
