// One topic that we are a member of, by subscribing, by publishing or because others want it through us.

import type { Millis } from '../contract.ts'
import { topicHash } from '../identity/network-id.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { SUBSCRIBE_LIFE_MS } from '../limits.ts'
import { toHex } from '../wire/bytes.ts'
import type { TopicId } from '../wire/messages.ts'
import type { GossipEffect } from './gossip-contract.ts'
import type { Spread } from './spread.ts'
import { type GossipStrategy, isSameStrategy, TREE } from './strategy.ts'

/** The point in the key space at which a topic's members meet. */
export type TopicKey = Key

export class Topic {
  readonly id: TopicId
  readonly key: TopicKey
  /** How its messages travel. What was sent or received is remembered elsewhere, and outlives a change. */
  spread: Spread
  /** Unknown where we only forward for others. */
  name: string | null = null
  isSubscribed = false
  /** We published without subscribing: until then we stay. */
  heldUntil: Millis = 0
  /** Peers that want the topic through us, and until when they said. */
  readonly untilByAsker = new Map<PeerId, Millis>()
  /** Peers through which we want it, and until when we promised to. */
  readonly untilByAsked = new Map<PeerId, Millis>()
  /** Peers that left although we asked, since the last look: once, which may be a race with our asking, or again. */
  readonly droppedBy = new Set<PeerId>()
  readonly refusedBy = new Set<PeerId>()

  readonly #makeSpread: (topic: TopicId, strategy: GossipStrategy) => Spread
  #strategy: GossipStrategy = TREE

  constructor(id: TopicId, key: TopicKey, makeSpread: (topic: TopicId, strategy: GossipStrategy) => Spread) {
    this.id = id
    this.key = key
    this.#makeSpread = makeSpread
    this.spread = makeSpread(id, TREE)
  }

  /** Changes the strategy, which takes the links over. Until then it is that of forwarders: `tree`. */
  use(strategy: GossipStrategy, out: GossipEffect[]): void {
    if (isSameStrategy(strategy, this.#strategy)) return
    this.#strategy = strategy
    const former = this.spread
    this.spread = this.#makeSpread(this.id, strategy)
    for (const peer of former.peers()) this.spread.addLink(peer, out)
    former.close()
  }

  /** Until when we, or somebody other than `except`, need our membership. */
  neededUntil(now: Millis, except: PeerId | null): Millis {
    if (this.isSubscribed) return now + SUBSCRIBE_LIFE_MS
    let until = this.heldUntil
    for (const [peer, theirs] of this.untilByAsker) if (peer !== except && theirs > until) until = theirs
    return until
  }

  isNeeded(now: Millis): boolean {
    return this.neededUntil(now, null) > now
  }
}

/** Id and key of a topic's name. */
export function topicOf(networkId: string, name: string): { id: TopicId; key: TopicKey } {
  const hash = toHex(topicHash(networkId, name))
  return { id: topicIdOf(hash as TopicKey), key: hash as TopicKey }
}

/** The first 16 bytes of the key. */
export function topicIdOf(key: TopicKey): TopicId {
  return key.slice(0, 32) as string as TopicId
}
