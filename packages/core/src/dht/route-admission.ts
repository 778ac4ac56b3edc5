// Whether a ROUTE that comes over a link is taken: as a new message, as one more branch of a message that is here, or not
// at all. Whatever it is, the sender hears it at once (PROTOCOL.md, RO-2 and RO-21).

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { HOPS_MAX } from '../limits.ts'
import type { MessageOf, OperationId } from '../wire/messages.ts'
import type { NextHop } from './next-hop.ts'
import {
  addVisited,
  isPending,
  prefixOf,
  ROUTE_MODES,
  type Route,
  type RouteMode,
  type RouteTable,
  routeId,
  stateMs,
} from './route-state.ts'
import type { RouterEffect } from './router.ts'

export interface AdmissionParts {
  readonly self: PeerId
  readonly table: RouteTable
  readonly next: NextHop
  readonly owner: { isOurs(operation: OperationId): boolean }
}

/** Peers that may join one message here. A second is bad luck, more are a network that cannot keep up. Guess. */
const ALSO_FROM_MAX = 3

const MODE_BY_NUMBER = Object.keys(ROUTE_MODES) as RouteMode[]

export class RouteAdmission {
  readonly #parts: AdmissionParts
  readonly #counters: { failed: number }

  constructor(parts: AdmissionParts, counters: { failed: number }) {
    this.#parts = parts
    this.#counters = counters
  }

  /** The new way; null where the message joins another, or goes back. */
  admit(
    from: PeerId,
    ttl: number,
    message: MessageOf<'ROUTE'>,
    now: Millis,
    out: RouterEffect[],
  ): Route | null {
    const { operation, path } = message
    const hopsLeft = Math.min(ttl, HOPS_MAX - 1)
    const joins = this.#joins(from, message)
    const isNew = !this.#isRepeated(message) && this.#parts.table.hasRoom(from, message.inner.length)
    if (!joins && !isNew) {
      this.#refuse(from, hopsLeft, message, out)
      return null
    }
    out.push({ type: 'send', to: from, message: { type: 'ROUTE_ACK', operation, path } })
    return joins ? null : this.#take(from, hopsLeft, message, now)
  }

  #take(from: PeerId, hopsLeft: number, message: MessageOf<'ROUTE'>, now: Millis): Route {
    const { operation, path, target, via } = message
    const inner = message.inner.slice()
    const mode = MODE_BY_NUMBER[message.mode] as RouteMode
    const visited = [...message.visited]
    const start = { key: { operation, path }, previous: from, mode, target, inner, via, hopsLeft, visited }
    const route = this.#parts.table.add(start, now + stateMs(inner))
    addVisited(route, [prefixOf(this.#parts.self)])
    return route
  }

  /**
   * A message that comes again, from a peer that took one between us for dead, joins the first: it is acknowledged, and
   * what comes of the first goes back to both. So two branches are one again where they meet, and a hop that died after
   * its acknowledgement is bypassed. Only toward the target, and not where what comes is what we sent: no ring may form.
   */
  #joins(from: PeerId, message: MessageOf<'ROUTE'>): boolean {
    const { self, table, next } = this.#parts
    const route = table.get(routeId(message.operation, message.path))
    if (route === undefined || route.previous === null || route.previous === from) return false
    const pending = route.hops.filter(isPending).map(({ peer }) => peer)
    const isAlive = route.stage === 'here' || pending.length > 0
    const isRing = [self, ...pending].some((peer) => message.visited.includes(prefixOf(peer)))
    if (!isAlive || isRing || !next.isCloserThan(route, from)) return false
    if (route.alsoFrom.includes(from) || route.alsoFrom.length >= ALSO_FROM_MAX) return false
    route.alsoFrom.push(from)
    addVisited(route, [prefixOf(from), ...message.visited])
    return true
  }

  #isRepeated({ operation, path, visited }: MessageOf<'ROUTE'>): boolean {
    const { self, table, owner } = this.#parts
    const id = routeId(operation, path)
    if (visited.includes(prefixOf(self)) || owner.isOurs(operation)) return true
    return table.get(id) !== undefined || table.isFinished(id)
  }

  /** Where the answer has gone home, or another branch is at work, there is nothing left to search for. */
  #refuse(from: PeerId, hopsLeft: number, message: MessageOf<'ROUTE'>, out: RouterEffect[]): void {
    this.#counters.failed++
    const { operation, path, visited } = message
    const { self, table } = this.#parts
    const id = routeId(operation, path)
    const stage = table.get(id)?.stage ?? 'over'
    const isNeedless = table.isAnswered(id) || (stage !== 'over' && !visited.includes(prefixOf(self)))
    const left = isNeedless ? 0 : hopsLeft
    const nack = { type: 'ROUTE_NACK', operation, path, hopsLeft: left, visited } as const
    out.push({ type: 'send', to: from, message: nack })
  }
}
