// What every hop does with a routed message, ours or another's: acknowledge, hand on, take back, bring the reply home
// (PROTOCOL.md, RO-1 to RO-4 and RO-10 to RO-15). Operations of our own are routes without a previous hop; their owner hears how they end.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { HOP_TARGET_MS, HOP_TIMEOUT_MAX_MS, REPLIES_PER_ROUTE_MAX } from '../limits.ts'
import { decodeInner } from '../wire/codec.ts'
import type { MessageOf, OperationId } from '../wire/messages.ts'
import type { HopTimes } from './hop-timeout.ts'
import type { NextHop, Step } from './next-hop.ts'
import { RouteAdmission } from './route-admission.ts'
import {
  addVisited,
  type Hop,
  hopOf,
  isPending,
  isTarget,
  prefixOf,
  ROUTE_MODES,
  type Route,
  type RouteTable,
  routeId,
} from './route-state.ts'
import type { RouterEffect } from './router.ts'

export interface RouteReply {
  readonly via: PeerId
  readonly hops: number
  readonly inner: Uint8Array
  readonly last: boolean
}

/** Whoever began the routes that have no previous hop. */
export interface RouteOwner {
  isOurs(operation: OperationId): boolean
  /** Whether the local machine may get the message of this path. */
  mayEndHere(route: Route): boolean
  took(route: Route, firstHop: PeerId): void
  passed(route: Route): void
  replied(route: Route, reply: RouteReply, now: Millis, out: RouterEffect[]): boolean
  ended(route: Route, out: RouterEffect[]): void
}

export interface ForwarderParts {
  readonly self: PeerId
  readonly table: RouteTable
  readonly times: HopTimes
  readonly next: NextHop
  readonly owner: RouteOwner
}

export class Forwarder {
  readonly #self: PeerId
  readonly #table: RouteTable
  readonly #times: HopTimes
  readonly #next: NextHop
  readonly #owner: RouteOwner
  readonly #admission: RouteAdmission
  /** Of others' messages: handed on, answered here, sent back; and what was dropped because nobody waits for it. */
  readonly counters = { forwarded: 0, answered: 0, failed: 0, stray: 0 }

  constructor(parts: ForwarderParts) {
    this.#self = parts.self
    this.#table = parts.table
    this.#times = parts.times
    this.#next = parts.next
    this.#owner = parts.owner
    this.#admission = new RouteAdmission(parts, this.counters)
  }

  /** A message begins its way at this peer. */
  arrive(route: Route, now: Millis, out: RouterEffect[]): void {
    if (route.stage === 'moving' && this.#next.isForUs(route, now)) this.#endHere(route, out)
    else this.#advance(route, now, out)
  }

  onRoute(from: PeerId, ttl: number, message: MessageOf<'ROUTE'>, now: Millis, out: RouterEffect[]): void {
    const route = this.#admission.admit(from, ttl, message, now, out)
    if (route !== null) this.arrive(route, now, out)
  }

  onAck(from: PeerId, message: MessageOf<'ROUTE_ACK'>, now: Millis, out: RouterEffect[]): void {
    const found = this.#hop(from, message, out)
    if (found !== null) this.#acknowledged(found.hop, now, out)
  }

  onNack(from: PeerId, message: MessageOf<'ROUTE_NACK'>, now: Millis, out: RouterEffect[]): void {
    const found = this.#hop(from, message, out)
    if (found === null || found.hop.state === 'failed') return
    const { route, hop } = found
    this.#acknowledged(hop, now, out)
    hop.state = 'failed'
    route.hopsLeft = Math.min(route.hopsLeft, message.hopsLeft)
    addVisited(route, [prefixOf(from), ...message.visited])
    // Another branch is at work, or the answer has gone home: this one must not end here as if nobody were closer.
    if (message.hopsLeft === 0 && route.stage === 'moving') route.stage = 'passed'
    this.#advance(route, now, out)
  }

  onReply(from: PeerId, message: MessageOf<'ROUTE_REPLY'>, now: Millis, out: RouterEffect[]): void {
    const found = this.#hop(from, message, out)
    if (found === null) return
    const { route, hop } = found
    this.#times.heard(from)
    if (hop.state !== 'failed') hop.state = 'trusted'
    const { inner, last } = message
    // None is for answers of our own, whose signatures no link has to answer for.
    const hops = Math.max(message.hops, 1)
    if (!this.#bringBack(route, { via: from, hops, inner, last }, now, out)) {
      hop.state = 'failed'
      this.#advance(route, now, out)
    }
  }

  /** The local machine answers. Too late, or once too often, it is dropped. */
  answer(id: string, inner: Uint8Array, last: boolean, now: Millis, out: RouterEffect[]): void {
    const route = this.#table.get(id)
    if (route?.stage !== 'here') {
      this.counters.stray++
      return
    }
    if (route.previous !== null && route.replies === 0) this.counters.answered++
    this.#bringBack(route, { via: this.#self, hops: 0, inner, last }, now, out)
  }

  /** The local machine has no answer: the message goes on. */
  pass(id: string, now: Millis, out: RouterEffect[]): void {
    const route = this.#table.get(id)
    if (route?.stage !== 'here') return
    route.stage = 'passed'
    this.#owner.passed(route)
    this.#advance(route, now, out)
  }

  onLinkDown(peer: PeerId, now: Millis, out: RouterEffect[]): void {
    this.#times.forget(peer)
    for (const route of this.#table.all()) {
      const also = route.alsoFrom.indexOf(peer)
      if (also >= 0) route.alsoFrom.splice(also, 1)
      const hop = hopOf(route, peer)
      if (route.previous === peer) {
        if (!this.#table.dropPrevious(route)) this.#table.finish(route)
      } else if (hop !== undefined && hop.state !== 'failed') {
        hop.state = 'failed'
        this.#advance(route, now, out)
      }
    }
  }

  /** A hop did not acknowledge in time, or it had its last chance. */
  onHopTimer(id: string, attempt: number, now: Millis, out: RouterEffect[]): void {
    const route = this.#table.get(id)
    const hop = route?.hops[attempt]
    if (route === undefined || hop === undefined) return
    if (hop.state === 'waiting') {
      hop.state = 'silent'
      this.#times.silent(hop.peer, now)
      addVisited(route, [prefixOf(hop.peer)])
    } else if (hop.state === 'silent' && now - hop.sentAt >= lastChanceMs(route)) hop.state = 'failed'
    else return
    this.#advance(route, now, out)
  }

  /** One hop at a time: nothing moves while a hop has the message and has not sent it back. */
  #advance(route: Route, now: Millis, out: RouterEffect[]): void {
    if (route.stage === 'here') return
    if (route.hops.some(isPending)) return
    if (route.stage === 'over') return this.#sendBack(route.alsoFrom, route, out)
    const step = this.#next.step(route, now)
    if (step.type === 'forward') this.#forward(route, step, now, out)
    else if (route.previous === null && route.via.length > 0) this.#routeFreely(route, now, out)
    else if (this.#mayYetHear(route, now, out)) return
    else if (step.type === 'deliver') this.#endHere(route, out)
    else this.#giveUp(route, out)
  }

  #forward(route: Route, step: Step & { type: 'forward' }, now: Millis, out: RouterEffect[]): void {
    const { to, via, hopsLeft } = step
    if (route.previous === null) this.#owner.took(route, to)
    else if (route.hops.length === 0) this.counters.forwarded++
    route.hopsLeft = hopsLeft
    route.hops.push({ peer: to, sentAt: now, state: 'waiting' })
    const { key, mode, target, inner } = route
    const visited = [...route.visited]
    const message = { type: 'ROUTE', ...key, mode: ROUTE_MODES[mode], target, visited, via, inner } as const
    out.push({ type: 'send', to, ttl: hopsLeft, message })
    const timer = { type: 'hop', route: route.id, attempt: route.hops.length - 1 } as const
    out.push({ type: 'set-timer', afterMs: this.#times.sent(to, inner.length, now), timer })
  }

  /** The way that was told has failed: from the origin, the message finds its own. */
  #routeFreely(route: Route, now: Millis, out: RouterEffect[]): void {
    route.via = []
    this.#advance(route, now, out)
  }

  /** A silent hop may only be slow, and nobody else can tell the origin so; nor anybody that the target is. */
  #mayYetHear(route: Route, now: Millis, out: RouterEffect[]): boolean {
    const attempt = route.hops.findLastIndex(
      ({ state, peer }) => state === 'silent' && (route.previous === null || isTarget(route, peer)),
    )
    if (attempt < 0) return false
    const leftMs = (route.hops[attempt] as Hop).sentAt + lastChanceMs(route) - now
    if (leftMs <= 0) return false
    out.push({ type: 'set-timer', afterMs: leftMs, timer: { type: 'hop', route: route.id, attempt } })
    return true
  }

  #endHere(route: Route, out: RouterEffect[]): void {
    const inner = decodeInner(route.inner, 'routed')
    if (inner === null || (route.previous === null && !this.#owner.mayEndHere(route))) {
      this.#giveUp(route, out)
      return
    }
    route.stage = 'here'
    const { key, mode, target } = route
    out.push({ type: 'deliver', route: key, from: route.previous ?? this.#self, mode, target, inner })
  }

  /** Back to whoever gave it to us. The way back stays open for what a silent hop may still answer. */
  #giveUp(route: Route, out: RouterEffect[]): void {
    route.stage = 'over'
    if (route.previous === null) {
      this.#owner.ended(route, out)
      return
    }
    this.counters.failed++
    this.#sendBack([route.previous, ...route.alsoFrom], route, out)
    if (route.mode === 'exact' || route.hops.some((hop) => hop.state === 'silent')) this.#table.keepWay(route)
    else this.#table.finish(route)
  }

  /** Who joined after we had sent it back waits for the hop that had it then. To the others it means nothing any more. */
  #sendBack(peers: readonly PeerId[], { key, hopsLeft, visited }: Route, out: RouterEffect[]): void {
    for (const to of peers)
      out.push({ type: 'send', to, message: { type: 'ROUTE_NACK', ...key, hopsLeft, visited: [...visited] } })
  }

  /** False where the owner cannot read the reply. */
  #bringBack(route: Route, reply: RouteReply, now: Millis, out: RouterEffect[]): boolean {
    if (route.replies >= REPLIES_PER_ROUTE_MAX) {
      this.counters.stray++
      return true
    }
    route.replies++
    if (route.previous === null) {
      if (!this.#owner.replied(route, reply, now, out)) return false
    } else for (const to of [route.previous, ...route.alsoFrom]) this.#sendReply(route, to, reply, out)
    if (reply.last) this.#table.finish(route, 'answered')
    return true
  }

  #sendReply(route: Route, to: PeerId, reply: RouteReply, out: RouterEffect[]): void {
    const hops = Math.min(reply.hops + 1, 0xff)
    const { inner, last } = reply
    out.push({ type: 'send', to, message: { type: 'ROUTE_REPLY', ...route.key, hops, inner, last } })
  }

  #acknowledged(hop: Hop, now: Millis, out: RouterEffect[]): void {
    if (hop.state !== 'waiting' && hop.state !== 'silent') return
    hop.state = 'trusted'
    this.#times.acknowledged(hop.peer, now - hop.sentAt)
    out.push({ type: 'round-trip', peer: hop.peer, ms: now - hop.sentAt })
  }

  /** The hop an answer speaks for. Only a peer that was given the message may say anything about it. */
  #hop(
    from: PeerId,
    message: { readonly operation: OperationId; readonly path: number },
    out: RouterEffect[],
  ): { route: Route; hop: Hop } | null {
    const id = routeId(message.operation, message.path)
    const route = this.#table.get(id)
    const hop = route && hopOf(route, from)
    if (route !== undefined && hop !== undefined) return { route, hop }
    if (route !== undefined) out.push({ type: 'offence', peer: from, offence: 'unsolicited' })
    else this.counters.stray++
    return null
  }
}

/** Milliseconds after which a silent hop has failed that nobody else can stand in for. */
function lastChanceMs({ previous }: Route): number {
  return previous === null ? HOP_TIMEOUT_MAX_MS : HOP_TARGET_MS
}
