// Where a routed message goes from here: to ourselves, to one of our links, or back (PROTOCOL.md, RO-5 to RO-9 and RO-22 to RO-25).

import type { Millis } from '../contract.ts'
import { keyOf, type PeerId, peerIdOf } from '../identity/peer-id.ts'
import { BUCKET_CONTACTS_MAX, DEPARTED_HOPS_MAX, DETOUR_HOPS_MAX } from '../limits.ts'
import type { RoutingView, Way } from '../machine.ts'
import { nearCount } from '../replication/neighbourhood.ts'
import { bucketIndexOf, ID_BITS } from '../routing/distance.ts'
import type { HopTimes } from './hop-timeout.ts'
import {
  endsAtClosest,
  endsOnTheWay,
  hopOf,
  isForOne,
  isTarget,
  prefixOf,
  type Route,
} from './route-state.ts'
import type { HoldsView } from './store.ts'

export type Step =
  | { readonly type: 'deliver' }
  /** `hopsLeft`: what the receiver may still spend. */
  | {
      readonly type: 'forward'
      readonly to: PeerId
      readonly hopsLeft: number
      readonly via: readonly PeerId[]
    }
  | { readonly type: 'give-up' }

const GIVE_UP: Step = { type: 'give-up' }
const DELIVER: Step = { type: 'deliver' }

/**
 * Times the bits of the best single hop that two hops must gain. Measured with 1,000 routers, mean of an exact message and
 * its reply, two seeds: 40 links 234 and 246 ms (2: 236 and 249, 4: 231 and 243, never: 262 and 275); 8 links 540 and 566 ms
 * (2: 538 and 563, 4: 547 and 572, never: 577 and 603).
 */
const TWO_HOPS_GAIN = 3

/**
 * Milliseconds that one bit nearer to the target is worth, when the round trip of a candidate is weighed against its distance.
 * At 150 ms a hop and five bits a hop it would be 30; docs/decisions/006 has what others give.
 */
const BIT_MS = 36

export interface NextHopViews {
  readonly routing: RoutingView
  readonly holds: HoldsView
  readonly times: HopTimes
  /** First hops of an operation of ours, each of which serves one path only. */
  isTaken(route: Route, peer: PeerId): boolean
}

/** The choice of the next hop: pure, so that every call looks at the links of the moment. */
export class NextHop {
  readonly #self: PeerId
  readonly #views: NextHopViews

  constructor(self: PeerId, views: NextHopViews) {
    this.#self = self
    this.#views = views
  }

  /** Whether a message that just came is for us wherever else it could go. */
  isForUs(route: Route, now: Millis): boolean {
    const { mode, target } = route
    const { holds } = this.#views
    if (isForOne(mode)) return target === keyOf(this.#self)
    return (mode === 'any' && holds.holds(target)) || (mode === 'near' && holds.isNear(target, now))
  }

  isCloserThan(route: Route, peer: PeerId): boolean {
    return this.#views.routing.isSelfCloser(route.target, peer)
  }

  step(route: Route, now: Millis): Step {
    if (route.stage === 'passed' && !endsOnTheWay(route.mode)) return GIVE_UP
    // Nobody else may answer, and nobody gives it to the target again (RO-26).
    if (isForOne(route.mode) && this.#isVisited(route, peerIdOf(route.target))) return GIVE_UP
    if (route.via.length > 0) return this.#asTold(route)
    return this.#freely(route, now) ?? (this.#mayEndHere(route) ? DELIVER : GIVE_UP)
  }

  #asTold(route: Route): Step {
    const to = route.via[0] as PeerId
    if (route.hopsLeft === 0 || !this.#views.routing.isLinked(to) || this.#isUsed(route, to)) return GIVE_UP
    return forward(to, route.hopsLeft, route.via.slice(1))
  }

  /** Closer, or closer in two hops; in the modes that may look around, then away from the target. */
  #freely(route: Route, now: Millis): Step | null {
    const left = this.#hopsLeft(route, now)
    if (left === 0 || (left === 1 && this.#isAstray(route))) return null
    const linked = this.#views.routing.linkedByDistance(route.target)
    const closer = this.#closerOf(route, linked)
    const closest = this.#best(route, closer, now)
    const twoHops = left > 1 ? this.#inTwoHops(route, closest, now) : null
    if (twoHops !== null) return forward(twoHops, left)
    if (closest !== null) return forward(this.#quickest(route, closer, closest, now), left)
    const outward = endsAtClosest(route.mode) ? null : this.#best(route, linked, now)
    return outward && forward(outward, Math.min(left, DETOUR_HOPS_MAX))
  }

  /** Where we found the target dead ourselves, whoever asks whether it lives may ask one more of its neighbours. */
  #hopsLeft({ mode, target, previous, hopsLeft }: Route, now: Millis): number {
    const isOthers = mode === 'probe' && previous !== null
    const isDead = isOthers && this.#views.routing.isDeparted(peerIdOf(target), now)
    return isDead ? Math.min(hopsLeft, DEPARTED_HOPS_MAX) : hopsLeft
  }

  /** Whether the last hop would lead to somebody who is not the target. */
  #isAstray({ mode, target }: Route): boolean {
    return isForOne(mode) && !this.#views.routing.isLinked(peerIdOf(target))
  }

  /** Linked peers closer to the target than we are; our own id is looked up among the others. */
  #closerOf(route: Route, linked: readonly PeerId[]): readonly PeerId[] {
    if (this.#isOwn(route)) return linked
    const { routing } = this.#views
    const end = linked.findIndex((peer) => routing.isSelfCloser(route.target, peer))
    return end < 0 ? linked : linked.slice(0, end)
  }

  /**
   * Toward the closest contact that some linked peer holds a link to: where nobody linked is closer than we are, or where
   * it is so much closer that two hops there beat two single ones. With few links this is what makes greedy routing arrive.
   * What may end on its way takes any single hop that gains a bit: a GET (mean 99 ms instead of 105), a STORE (p99 of puts 663
   * instead of 775).
   */
  #inTwoHops(route: Route, closer: PeerId | null, now: Millis): PeerId | null {
    const { routing } = this.#views
    for (const { id } of routing.closest(route.target, BUCKET_CONTACTS_MAX)) {
      if (!this.#isWorthTwo(route, closer, id)) return null
      const to = routing.isLinked(id) || this.#isVisited(route, id) ? null : routing.viaOf(id)
      if (to !== null && this.#isOpen(route, to, now)) return to
    }
    return null
  }

  #isWorthTwo(route: Route, closer: PeerId | null, id: PeerId): boolean {
    const { target } = route
    if (closer === null) return this.#isOwn(route) || !this.#views.routing.isSelfCloser(target, id)
    const ownBits = this.#isOwn(route) ? 0 : bucketIndexOf(target, this.#self)
    const gainedBits = bucketIndexOf(target, closer) - ownBits
    if (endsOnTheWay(route.mode) && gainedBits > 0) return false
    return bucketIndexOf(target, id) - ownBits > TWO_HOPS_GAIN * gainedBits
  }

  #isOpen(route: Route, peer: PeerId, now: Millis): boolean {
    const { routing, times } = this.#views
    return routing.isLinked(peer) && !this.#isUsed(route, peer) && !times.isSuspect(peer, now)
  }

  /** Where nobody closer is left. */
  #mayEndHere(route: Route): boolean {
    return endsAtClosest(route.mode) && route.stage !== 'passed' && !this.#isOwn(route)
  }

  /** Whether we look up our own id. */
  #isOwn(route: Route): boolean {
    return route.previous === null && route.target === keyOf(this.#self)
  }

  /** The first open peer in order; those under suspicion only where there is no other, except the target itself. */
  #best(route: Route, peers: readonly PeerId[], now: Millis): PeerId | null {
    let suspect: PeerId | null = null
    for (const peer of peers) {
      if (this.#isUsed(route, peer)) continue
      if (!this.#views.times.isSuspect(peer, now) || isTarget(route, peer)) return peer
      suspect ??= peer
    }
    return suspect
  }

  /**
   * Of the open peers that are closer, the one with the best of distance and round trip: what is near is crossed in no time, and
   * the far hop, where one has to be taken, is taken once.
   */
  #quickest(route: Route, closer: readonly PeerId[], closest: PeerId, now: Millis): PeerId {
    const { times } = this.#views
    if (isTarget(route, closest) || times.isSuspect(closest, now)) return closest
    const bitsMax = this.#bitsThatCount(route)
    let best = closest
    let bestMs = Number.POSITIVE_INFINITY
    for (const peer of closer) {
      const ms = times.roundTripMs(peer) - bitsMs(route, peer, bitsMax)
      if (ms >= bestMs || this.#isUsed(route, peer) || times.isSuspect(peer, now)) continue
      best = peer
      bestMs = ms
    }
    for (const { to, via, ms: bothMs } of this.#ways(route)) {
      const ms = bothMs - bitsMs(route, to, bitsMax)
      if (ms >= bestMs || this.#isVisited(route, to) || !this.#isOpen(route, via, now)) continue
      best = via
      bestMs = ms
    }
    return best
  }

  /**
   * Two hops ahead, for what may end on its way (neighbour-of-neighbour routing: Manku, Naor and Wieder, 2004). The link that gets
   * the message finds its own way: to the contact we thought of, or a better one. On every other path only, because links may lie
   * about theirs to draw messages to themselves.
   */
  #ways({ key, mode, target, hopsLeft }: Route): readonly Way[] {
    const isTrusting = endsOnTheWay(mode) && key.path % 2 === 0
    return isTrusting && hopsLeft > 1 ? this.#views.routing.ways(target, BUCKET_CONTACTS_MAX) : []
  }

  /** Whoever is as close to the target as those who may answer will do. How close that is, our own neighbourhood tells. */
  #bitsThatCount({ mode }: Route): number {
    if (!endsOnTheWay(mode)) return ID_BITS
    const { routing, holds } = this.#views
    const last = routing.siblings()[(mode === 'any' ? holds.replicas : nearCount(holds.replicas)) - 1]
    return last === undefined ? ID_BITS : bucketIndexOf(this.#self, last.id) + 1
  }

  #isUsed(route: Route, peer: PeerId): boolean {
    return (
      peer === route.previous ||
      this.#isVisited(route, peer) ||
      hopOf(route, peer) !== undefined ||
      this.#views.isTaken(route, peer)
    )
  }

  #isVisited(route: Route, peer: PeerId): boolean {
    return route.visited.includes(prefixOf(peer))
  }
}

function forward(to: PeerId, hopsLeft: number, via: readonly PeerId[] = []): Step {
  return { type: 'forward', to, hopsLeft: hopsLeft - 1, via }
}

/** What the bits that a peer shares with the target are worth. */
function bitsMs({ target }: Route, peer: PeerId, bitsMax: number): number {
  return BIT_MS * Math.min(bitsMax, bucketIndexOf(target, peer))
}
