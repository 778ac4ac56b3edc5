// What a hop remembers of a routed message: where it came from, whom it was given to, and how far it may still go.

import type { Millis } from '../contract.ts'
import { type Key, keyOf, type PeerId } from '../identity/peer-id.ts'
import {
  HOPS_MAX,
  ROUTE_BYTES_MAX,
  ROUTE_BYTES_PER_LINK_MAX,
  ROUTE_STATE_MS,
  ROUTE_SWEEP_MS,
  ROUTES_FINISHED_MAX,
  ROUTES_MAX,
  ROUTES_PER_LINK_MAX,
  SIGNAL_STATE_MS,
} from '../limits.ts'
import { RecentSet } from '../recent-set.ts'
import { MESSAGES, type OperationId } from '../wire/messages.ts'

/**
 * To the peer closest to the target, to exactly the target, to the first peer that holds something under it, to the first
 * that is close enough to know all the closest, or to the target if it lives.
 */
export const ROUTE_MODES = { closest: 0, exact: 1, any: 2, near: 3, probe: 4 } as const
export type RouteMode = keyof typeof ROUTE_MODES

/** Names one way of one operation at this peer. */
export interface RouteKey {
  readonly operation: OperationId
  readonly path: number
}

/**
 * *waiting* for its acknowledgement; *trusted* since it came; *silent* when it did not come in time (it still may);
 * *failed* when the hop sent the message back or its link went down.
 */
export type HopState = 'waiting' | 'trusted' | 'silent' | 'failed'

/** One peer the message was given to. */
export interface Hop {
  readonly peer: PeerId
  readonly sentAt: Millis
  state: HopState
}

/** One way of one operation at this peer. */
export interface Route {
  readonly id: string
  readonly key: RouteKey
  /** Whoever gave it to us; null where we began it. */
  previous: PeerId | null
  /** Others that gave us the same message later, because they took a peer between us for dead. */
  readonly alsoFrom: PeerId[]
  readonly mode: RouteMode
  readonly target: Key
  /** The routed message, a copy of its own: a view would keep the whole channel message alive. Empty where only the way back is kept. */
  inner: Uint8Array
  readonly expiresAt: Millis
  /** Hops still to be taken as told. */
  via: readonly PeerId[]
  /** Hops that may still be spent from here on, backtracking included. */
  hopsLeft: number
  /** First 4 bytes of the ids of those who have seen it, ourselves included. */
  visited: string[]
  readonly hops: Hop[]
  /** *here*: the local machine has it; *passed*: it had no answer; *over*: we have sent it back. */
  stage: 'moving' | 'here' | 'passed' | 'over'
  replies: number
}

const NO_BYTES = new Uint8Array(0)
/** Milliseconds a name is remembered: longer than any hop of its way keeps that, or whoever answers late would seem to intrude. */
const NAMES_KEPT_MS = SIGNAL_STATE_MS + 2 * ROUTE_SWEEP_MS

/** A way as it begins here. */
export type NewRoute = Omit<Route, 'id' | 'alsoFrom' | 'hops' | 'stage' | 'replies' | 'expiresAt'>

/** Whether a message of that mode ends at the closest peer where it has not ended before. */
export function endsAtClosest(mode: RouteMode): boolean {
  return mode === 'closest' || mode === 'near'
}

/** Whether nobody but the target may get a message of that mode. */
export function isForOne(mode: RouteMode): boolean {
  return mode === 'exact' || mode === 'probe'
}

export function isTarget({ mode, target }: Route, peer: PeerId): boolean {
  return isForOne(mode) && target === keyOf(peer)
}

/** Whether several peers may answer a message of that mode: who has no answer passes it on. */
export function endsOnTheWay(mode: RouteMode): boolean {
  return mode === 'any' || mode === 'near'
}

export function routeId(operation: string, path: number): string {
  return `${operation}/${path}`
}

/** The first 4 bytes of an id. */
export function prefixOf(id: string): string {
  return id.slice(0, 8)
}

export function hopOf(route: Route, peer: PeerId): Hop | undefined {
  return route.hops.find((hop) => hop.peer === peer)
}

/** A hop that has the message, as far as we know. */
export function isPending(hop: Hop): boolean {
  return hop.state === 'waiting' || hop.state === 'trusted'
}

/** Adds to the visited; beyond the bound the newest are dropped, and loops are caught by the table alone. */
export function addVisited(route: Route, prefixes: readonly string[]): void {
  for (const prefix of prefixes) {
    if (route.visited.length >= HOPS_MAX) return
    if (!route.visited.includes(prefix)) route.visited.push(prefix)
  }
}

/** Milliseconds a way back is kept: longer for signals, whose answers wait for ICE. */
export function stateMs(inner: Uint8Array): number {
  return inner[0] === MESSAGES.SIGNAL.type ? SIGNAL_STATE_MS : ROUTE_STATE_MS
}

/** What one link has put into our memory. */
interface Load {
  ways: number
  bytes: number
}

/** The soft state of a peer, and the names of what is over. */
export class RouteTable {
  readonly #routeById = new Map<string, Route>()
  readonly #loadByLink = new Map<PeerId, Load>()
  readonly #finished = new RecentSet<string>(ROUTES_FINISHED_MAX)
  readonly #answered = new RecentSet<string>(ROUTES_FINISHED_MAX)
  #bytes = 0
  #turnedAt: Millis = 0

  get(id: string): Route | undefined {
    return this.#routeById.get(id)
  }

  /** Whether the way was here before and is over. */
  isFinished(id: string): boolean {
    return this.#finished.has(id)
  }

  /** Whether it is over because the last answer went home through us. */
  isAnswered(id: string): boolean {
    return this.#answered.has(id)
  }

  /** Whether a message of that link and length may take a place. */
  hasRoom(previous: PeerId, innerBytes: number): boolean {
    const { ways, bytes } = this.#loadByLink.get(previous) ?? { ways: 0, bytes: 0 }
    return (
      this.#routeById.size < ROUTES_MAX &&
      this.#bytes + innerBytes <= ROUTE_BYTES_MAX &&
      ways < ROUTES_PER_LINK_MAX &&
      bytes + innerBytes <= ROUTE_BYTES_PER_LINK_MAX
    )
  }

  add(start: NewRoute, expiresAt: Millis): Route {
    const id = routeId(start.key.operation, start.key.path)
    const route: Route = { ...start, id, expiresAt, alsoFrom: [], hops: [], stage: 'moving', replies: 0 }
    this.#routeById.set(id, route)
    this.#count(route, 1)
    return route
  }

  /** Takes the way out of memory; only its name stays for a while. */
  finish(route: Route, how: 'answered' | 'failed' = 'failed'): void {
    if (!this.#routeById.delete(route.id)) return
    this.#finished.add(route.id)
    if (how === 'answered') this.#answered.add(route.id)
    this.#count(route, -1)
  }

  /** Only the way back is needed from now on, for an answer that is late. */
  keepWay(route: Route): void {
    this.#count(route, -1)
    route.inner = NO_BYTES
    this.#count(route, 1)
  }

  /** Whoever gave it to us has gone. False where nobody else did: then there is no way back. */
  dropPrevious(route: Route): boolean {
    const next = route.alsoFrom.shift()
    if (next === undefined) return false
    this.#count(route, -1)
    route.previous = next
    this.#count(route, 1)
    return true
  }

  finishPath(operation: OperationId, path: number): void {
    const route = this.#routeById.get(routeId(operation, path))
    if (route !== undefined) this.finish(route)
  }

  /** Ways in the order they came; the copy lets the caller finish some. */
  all(): Route[] {
    return [...this.#routeById.values()]
  }

  /** Finishes what is past its time and forgets old names. */
  sweep(now: Millis): void {
    for (const route of this.all()) if (route.expiresAt <= now) this.finish(route)
    if (now - this.#turnedAt >= NAMES_KEPT_MS) {
      this.#finished.turn()
      this.#answered.turn()
      this.#turnedAt = now
    }
  }

  /** When the next sweep is worth it: soon while ways of others are open, much later for names alone, else never. */
  sweepAt(now: Millis): Millis {
    if (this.#loadByLink.size > 0) return now + ROUTE_SWEEP_MS
    return this.#finished.size > 0 ? now + NAMES_KEPT_MS : Number.POSITIVE_INFINITY
  }

  tables() {
    return {
      routes: this.#routeById.size,
      routeBytes: this.#bytes,
      finishedRoutes: this.#finished.size,
      answeredRoutes: this.#answered.size,
      routeLinks: this.#loadByLink.size,
    }
  }

  #count({ previous, inner }: Route, change: 1 | -1): void {
    const bytes = change * inner.length
    this.#bytes += bytes
    if (previous === null) return
    const load = this.#loadByLink.get(previous) ?? { ways: 0, bytes: 0 }
    load.ways += change
    load.bytes += bytes
    if (load.ways > 0) this.#loadByLink.set(previous, load)
    else this.#loadByLink.delete(previous)
  }
}
