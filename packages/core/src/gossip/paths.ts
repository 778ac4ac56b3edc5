// How the members of a topic that are not neighbours find each other: each keeps the topic alive on links toward the
// topic's key (SUBSCRIBE), so that all paths meet. What travels on them is the tree's business.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  FORWARDER_PATHS,
  SUBSCRIBE_LIFE_MS,
  SUBSCRIBE_LOOK_MS,
  SUBSCRIBE_RENEW_MS,
  SUBSCRIBER_PATHS,
} from '../limits.ts'
import type { RoutingView } from '../machine.ts'
import type { GossipEffect } from './gossip-contract.ts'
import type { Topic } from './topic.ts'

/**
 * Milliseconds that a promise loses with each hop: more than a link's delay. Without it a SUBSCRIBE, and the UNSUBSCRIBE
 * that chases it, could run in a circle for ever.
 */
const HOP_MS = 2_000
/** Contacts looked at for one that is closer to the key than all of our links. */
const LOOKAHEAD = 8
/** Milliseconds by which a promise must grow to be worth a frame. */
const WORTH_MS = 5_000
/** Milliseconds left of a promise below which it is renewed, so that no look comes too late. */
const DUE_MS = SUBSCRIBE_LIFE_MS - SUBSCRIBE_RENEW_MS + SUBSCRIBE_LOOK_MS

export interface PathsContext {
  readonly routing: RoutingView
  isLinked(peer: PeerId): boolean
  /** Whether the peer said by itself that it is a member: then it is kept by its own will or by others. */
  announces(peer: PeerId, topic: Topic): boolean
  /** A peer became or ceased to be one that we ask. */
  changed(topic: Topic, peer: PeerId, out: GossipEffect[]): void
}

/**
 * A forwarder never promises more than it was promised, so that a promise dies out even where peers ask in a circle.
 */
export class Paths {
  readonly #context: PathsContext

  constructor(context: PathsContext) {
    this.#context = context
  }

  /** Asks the next hops, renews what is due, and takes back what is no longer on the way. */
  choose(topic: Topic, now: Millis, out: GossipEffect[]): void {
    const hops = this.#hops(topic, now)
    for (const peer of [...topic.untilByAsked.keys()])
      if (!hops.includes(peer)) this.#takeBack(topic, peer, out)
    for (const peer of hops) this.#ask(topic, peer, now, out)
  }

  /** The topic ends here. */
  leave(topic: Topic, out: GossipEffect[]): void {
    for (const peer of topic.untilByAsked.keys()) this.#sendUnsubscribe(topic, peer, out)
  }

  /** The linked peers closest to the key that are closer than we are. Where there is none we are a meeting point. */
  #hops(topic: Topic, now: Millis): readonly PeerId[] {
    const { routing } = this.#context
    const candidates = routing.linkedByDistance(topic.key).filter((peer) => this.#mayAsk(topic, peer, now))
    const closer = candidates.filter((peer) => !routing.isSelfCloser(topic.key, peer))
    if (closer.length > 0) return closer.slice(0, topic.isSubscribed ? SUBSCRIBER_PATHS : FORWARDER_PATHS)
    if (!this.#isMeetingPoint(topic, now)) return []
    const sideways = this.#viaToCloser(topic, now) ?? candidates[0]
    return sideways === undefined ? [] : [sideways]
  }

  /** Not somebody on whose behalf alone we would ask. */
  #mayAsk(topic: Topic, peer: PeerId, now: Millis): boolean {
    return this.#context.isLinked(peer) && !topic.refusedBy.has(peer) && topic.neededUntil(now, peer) > now
  }

  /** A link to one that is closer than all our links: meeting points that differ find each other. */
  #viaToCloser(topic: Topic, now: Millis): PeerId | null {
    const { routing } = this.#context
    for (const { id } of routing.closest(topic.key, LOOKAHEAD)) {
      if (routing.isSelfCloser(topic.key, id)) return null
      const via = routing.viaOf(id)
      if (via !== null && this.#mayAsk(topic, via, now)) return via
    }
    return null
  }

  /** Not for those who are closer themselves: they asked us only because they are meeting points. */
  #isMeetingPoint(topic: Topic, now: Millis): boolean {
    if (topic.isSubscribed || topic.heldUntil > now) return true
    for (const [peer, until] of topic.untilByAsker) {
      if (until > now && this.#context.routing.isSelfCloser(topic.key, peer)) return true
    }
    return false
  }

  #ask(topic: Topic, peer: PeerId, now: Millis, out: GossipEffect[]): void {
    const promised = topic.untilByAsked.get(peer)
    if (promised === undefined && this.#context.announces(peer, topic)) return
    const until = topic.neededUntil(now, peer)
    if (promised !== undefined && (promised - now >= DUE_MS || until - promised < WORTH_MS)) return
    const lifeSeconds = Math.floor((until - now - HOP_MS) / 1_000)
    if (lifeSeconds <= 0) return
    topic.untilByAsked.set(peer, until)
    out.push({
      type: 'send',
      to: peer,
      message: { type: 'SUBSCRIBE', topic: topic.id, target: topic.key, lifeSeconds },
    })
    this.#context.changed(topic, peer, out)
  }

  #takeBack(topic: Topic, peer: PeerId, out: GossipEffect[]): void {
    topic.untilByAsked.delete(peer)
    this.#sendUnsubscribe(topic, peer, out)
    this.#context.changed(topic, peer, out)
  }

  #sendUnsubscribe(topic: Topic, peer: PeerId, out: GossipEffect[]): void {
    out.push({ type: 'send', to: peer, message: { type: 'UNSUBSCRIBE', topic: topic.id } })
  }
}
