// Which topics we are a member of, which our links are, and so which links each topic's tree may use.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  ANNOUNCED_PER_LINK_MAX,
  FORWARDED_PER_LINK_MAX,
  FORWARDED_TOPICS_MAX,
  JOINS_PER_LINK_PER_SECOND,
  JOINS_PER_SECOND,
  LINKS_MAX,
  SUBSCRIBE_LIFE_MS,
  TOPICS_MAX,
} from '../limits.ts'
import type { RoutingView } from '../machine.ts'
import { TokenBucket, TokenBuckets } from '../token-buckets.ts'
import type { MessageOf, TopicId } from '../wire/messages.ts'
import type { GossipEffect } from './gossip-contract.ts'
import { Paths } from './paths.ts'
import { type GossipStrategy, TREE } from './strategy.ts'
import { type Topic, type TopicKey, topicIdOf } from './topic.ts'

export interface SubscriptionsContext {
  readonly routing: RoutingView
  makeTopic(id: TopicId, key: TopicKey): Topic
  /** The topic has ended: nothing of it need be kept. */
  forgetTopic(id: TopicId): void
}

/** What the application calls a topic. */
interface NamedTopic {
  readonly id: TopicId
  readonly key: TopicKey
  readonly name: string
  readonly strategy: GossipStrategy
}

/**
 * A link belongs to a topic's tree where its peer announced the topic (TOPICS), asked us for it (SUBSCRIBE), or is asked
 * by us. A mere forwarder announces itself to all but those who asked: so whoever hears an announcement knows that the
 * sender stays without being asked.
 */
export class Subscriptions {
  readonly #context: SubscriptionsContext
  readonly #paths: Paths
  readonly #topicById = new Map<TopicId, Topic>()
  readonly #announcedByPeer = new Map<PeerId, Set<TopicId>>()
  /** Of these, peers that are silent: what they said holds, for they need not know that we do not hear them. */
  readonly #suspects = new Set<PeerId>()
  readonly #joinsByLink = new TokenBuckets(FORWARDED_PER_LINK_MAX, JOINS_PER_LINK_PER_SECOND, LINKS_MAX)
  readonly #joins = new TokenBucket(FORWARDED_TOPICS_MAX, JOINS_PER_SECOND, 0)
  #subscribed = 0

  constructor(context: SubscriptionsContext) {
    this.#context = context
    this.#paths = new Paths({
      routing: context.routing,
      isLinked: (peer) => this.isLinked(peer),
      announces: (peer, topic) => this.#announces(peer, topic.id),
      changed: (topic, peer, out) => this.#syncLink(topic, peer, out),
    })
  }

  get(id: TopicId): Topic | undefined {
    return this.#topicById.get(id)
  }

  topics(): IterableIterator<Topic> {
    return this.#topicById.values()
  }

  get size(): number {
    return this.#topicById.size
  }

  isLinked(peer: PeerId): boolean {
    return this.#announcedByPeer.has(peer) && !this.#suspects.has(peer)
  }

  get links(): number {
    return this.#announcedByPeer.size - this.#suspects.size
  }

  tables() {
    let gossipAnnounced = 0
    for (const topics of this.#announcedByPeer.values()) gossipAnnounced += topics.size
    return { gossipTopics: this.size, gossipAnnounced }
  }

  // Our own wishes

  /** Subscribes, or changes the strategy. Returns false at TOPICS_MAX. */
  subscribe(named: NamedTopic, now: Millis, out: GossipEffect[]): boolean {
    const topic = this.#topicById.get(named.id)
    if (topic?.isSubscribed) {
      topic.use(named.strategy, out)
      return true
    }
    if (this.#subscribed >= TOPICS_MAX) return false
    this.#subscribed += 1
    if (topic !== undefined) this.#promote(topic, named, now, out)
    else this.#join(named, (joined) => this.#markSubscribed(joined, named, out), now, out)
    return true
  }

  unsubscribe(id: TopicId, now: Millis, out: GossipEffect[]): void {
    const topic = this.#topicById.get(id)
    if (!topic?.isSubscribed) return
    topic.isSubscribed = false
    this.#subscribed -= 1
    this.#settle(topic, now, out)
  }

  /** The topic of a publication: we stay a member for a while. */
  hold(named: NamedTopic, until: Millis, now: Millis, out: GossipEffect[]): Topic {
    let topic = this.#topicById.get(named.id)
    if (topic === undefined) {
      this.#makeRoom(now, out)
      topic = this.#join(named, (joined) => this.#markHeld(joined, named, until, out), now, out)
    }
    this.#markHeld(topic, named, until, out)
    return topic
  }

  // Links

  /** A link is new, or lives again. */
  linkUp(peer: PeerId, now: Millis, out: GossipEffect[]): void {
    if (!this.#announcedByPeer.has(peer)) this.#announcedByPeer.set(peer, new Set())
    this.#suspects.delete(peer)
    this.#announceAll(peer, out)
    for (const topic of this.#topicById.values()) {
      this.#syncLink(topic, peer, out)
      if (topic.spread.size === 0) this.#paths.choose(topic, now, out)
    }
  }

  /** Those who asked us are forgotten with the next look, so that a link that is made again finds its forwarder. */
  linkDown(peer: PeerId, now: Millis, out: GossipEffect[]): void {
    this.#announcedByPeer.delete(peer)
    this.#suspects.delete(peer)
    for (const topic of this.#topicById.values()) {
      topic.untilByAsker.delete(peer)
      topic.droppedBy.delete(peer)
      topic.refusedBy.delete(peer)
      topic.untilByAsked.delete(peer)
    }
    this.#leaveTrees(peer, now, out)
  }

  /** Nothing goes over the link until it lives again, or has ended. */
  linkSuspect(peer: PeerId, now: Millis, out: GossipEffect[]): void {
    if (!this.#announcedByPeer.has(peer)) return
    this.#suspects.add(peer)
    this.#leaveTrees(peer, now, out)
  }

  #leaveTrees(peer: PeerId, now: Millis, out: GossipEffect[]): void {
    for (const topic of this.#topicById.values()) {
      const wasMember = topic.spread.has(peer)
      topic.spread.removeLink(peer, out)
      if (wasMember && topic.isNeeded(now)) this.#paths.choose(topic, now, out)
    }
  }

  /** Links have come: paths may be shorter now. */
  choosePaths(now: Millis, out: GossipEffect[]): void {
    for (const topic of this.#topicById.values()) this.#paths.choose(topic, now, out)
  }

  /** The look at what has run out and what is due. */
  look(now: Millis, out: GossipEffect[]): void {
    for (const topic of [...this.#topicById.values()]) {
      topic.droppedBy.clear()
      topic.refusedBy.clear()
      for (const [peer, until] of topic.untilByAsker) if (until <= now) this.#dropAsker(topic, peer, now, out)
      this.#settle(topic, now, out)
    }
  }

  // Messages

  onTopics(
    from: PeerId,
    { all, added, removed }: MessageOf<'TOPICS'>,
    now: Millis,
    out: GossipEffect[],
  ): void {
    const announced = this.#announcedByPeer.get(from)
    if (announced === undefined) return
    const staying = new Set(added)
    const gone = all ? [...announced].filter((id) => !staying.has(id)) : removed
    for (const id of gone) this.#onRemoved(announced, from, id, now, out)
    for (const id of added) this.#onAdded(announced, from, id, out)
  }

  /** Returns false where the target does not belong to the topic. */
  onSubscribe(from: PeerId, message: MessageOf<'SUBSCRIBE'>, now: Millis, out: GossipEffect[]): boolean {
    const { topic: id, target: key, lifeSeconds } = message
    if (topicIdOf(key) !== id) return false
    if (lifeSeconds === 0 || !this.#announcedByPeer.has(from)) return true
    const until = now + Math.min(lifeSeconds * 1_000, SUBSCRIBE_LIFE_MS)
    const topic = this.#topicById.get(id)
    if (topic !== undefined) this.#addAsker(topic, from, until, now, out)
    else if (this.#mayJoin(from, now)) this.#forward({ id, key }, from, until, now, out)
    else this.#send(from, [], [id], out)
    return true
  }

  onUnsubscribe(from: PeerId, id: TopicId, now: Millis, out: GossipEffect[]): void {
    const topic = this.#topicById.get(id)
    if (topic === undefined || !topic.untilByAsker.has(from)) return
    topic.untilByAsker.delete(from)
    if (topic.isNeeded(now)) this.#send(from, [id], [], out)
    this.#syncLink(topic, from, out)
    this.#settle(topic, now, out)
  }

  // Joining and leaving

  #join(
    { id, key }: { id: TopicId; key: TopicKey },
    begin: (topic: Topic) => void,
    now: Millis,
    out: GossipEffect[],
  ): Topic {
    const topic = this.#context.makeTopic(id, key)
    begin(topic)
    this.#topicById.set(id, topic)
    for (const peer of this.#announcedByPeer.keys()) {
      this.#syncLink(topic, peer, out)
      if (!topic.untilByAsker.has(peer)) this.#send(peer, [id], [], out)
    }
    this.#paths.choose(topic, now, out)
    return topic
  }

  /** A forwarder becomes a subscriber: those who asked may now stop asking. */
  #promote(topic: Topic, named: NamedTopic, now: Millis, out: GossipEffect[]): void {
    this.#markSubscribed(topic, named, out)
    for (const peer of topic.untilByAsker.keys()) this.#send(peer, [topic.id], [], out)
    this.#paths.choose(topic, now, out)
  }

  #markSubscribed(topic: Topic, { name, strategy }: NamedTopic, out: GossipEffect[]): void {
    topic.use(strategy, out)
    topic.name = name
    topic.isSubscribed = true
  }

  #markHeld(topic: Topic, { name, strategy }: NamedTopic, until: Millis, out: GossipEffect[]): void {
    topic.use(strategy, out)
    topic.name = name
    topic.heldUntil = Math.max(topic.heldUntil, until)
  }

  /** Joining tells all our links, whose patience with us a stranger must not spend. */
  #mayJoin(from: PeerId, now: Millis): boolean {
    return this.#joinsByLink.take(from, 1, now) && this.#joins.take(1, now)
  }

  #forward(
    topic: { id: TopicId; key: TopicKey },
    from: PeerId,
    until: Millis,
    now: Millis,
    out: GossipEffect[],
  ): void {
    const ofLink = [...this.#topicById.values()].filter(
      (other) => other.untilByAsker.has(from) && !other.isSubscribed,
    )
    if (ofLink.length >= FORWARDED_PER_LINK_MAX) {
      const oldest = ofLink[0] as Topic
      this.#dropAsker(oldest, from, now, out)
      this.#settle(oldest, now, out)
    }
    this.#makeRoom(now, out)
    this.#join(topic, (joined) => joined.untilByAsker.set(from, until), now, out)
  }

  /** At FORWARDED_TOPICS_MAX the one forwarded longest is left; where we published lately only if there is no other. */
  #makeRoom(now: Millis, out: GossipEffect[]): void {
    if (this.#topicById.size - this.#subscribed < FORWARDED_TOPICS_MAX) return
    const forwarded = [...this.#topicById.values()].filter(({ isSubscribed }) => !isSubscribed)
    const oldest = forwarded.find(({ heldUntil }) => heldUntil <= now) ?? forwarded[0]
    this.#leave(oldest as Topic, out)
  }

  #settle(topic: Topic, now: Millis, out: GossipEffect[]): void {
    // Who only forwards uses trees.
    if (!topic.isSubscribed && topic.heldUntil <= now) topic.use(TREE, out)
    if (topic.isNeeded(now)) this.#paths.choose(topic, now, out)
    else this.#leave(topic, out)
  }

  #leave(topic: Topic, out: GossipEffect[]): void {
    this.#topicById.delete(topic.id)
    topic.spread.close()
    this.#paths.leave(topic, out)
    for (const peer of this.#announcedByPeer.keys()) this.#send(peer, [], [topic.id], out)
    this.#context.forgetTopic(topic.id)
  }

  // What others are members of

  #onAdded(announced: Set<TopicId>, from: PeerId, id: TopicId, out: GossipEffect[]): void {
    if (announced.size >= ANNOUNCED_PER_LINK_MAX) return
    announced.add(id)
    const topic = this.#topicById.get(id)
    if (topic === undefined) return
    topic.untilByAsked.delete(from)
    this.#syncLink(topic, from, out)
  }

  #onRemoved(announced: Set<TopicId>, from: PeerId, id: TopicId, now: Millis, out: GossipEffect[]): void {
    announced.delete(id)
    const topic = this.#topicById.get(id)
    if (topic === undefined) return
    if (topic.untilByAsked.delete(from))
      (topic.droppedBy.has(from) ? topic.refusedBy : topic.droppedBy).add(from)
    topic.untilByAsker.delete(from)
    this.#syncLink(topic, from, out)
    this.#settle(topic, now, out)
  }

  #addAsker(topic: Topic, from: PeerId, until: Millis, now: Millis, out: GossipEffect[]): void {
    topic.untilByAsker.set(from, Math.max(until, topic.untilByAsker.get(from) ?? 0))
    this.#syncLink(topic, from, out)
    this.#paths.choose(topic, now, out)
  }

  /** Once it no longer asks it must hear that we are still a member. */
  #dropAsker(topic: Topic, peer: PeerId, now: Millis, out: GossipEffect[]): void {
    topic.untilByAsker.delete(peer)
    if (topic.isNeeded(now)) this.#send(peer, [topic.id], [], out)
    this.#syncLink(topic, peer, out)
  }

  #announces(peer: PeerId, topic: TopicId): boolean {
    return this.#announcedByPeer.get(peer)?.has(topic) ?? false
  }

  #syncLink(topic: Topic, peer: PeerId, out: GossipEffect[]): void {
    const isMember =
      this.#announces(peer, topic.id) || topic.untilByAsker.has(peer) || topic.untilByAsked.has(peer)
    if (isMember && this.isLinked(peer)) topic.spread.addLink(peer, out)
    else topic.spread.removeLink(peer, out)
  }

  // Announcing

  #announceAll(peer: PeerId, out: GossipEffect[]): void {
    const topics = [...this.#topicById.values()]
    const ids = topics
      .filter((topic) => topic.isSubscribed || !topic.untilByAsker.has(peer))
      .map(({ id }) => id)
    out.push({
      type: 'send',
      to: peer,
      message: { type: 'TOPICS', all: true, added: ids.slice(0, TOPICS_MAX), removed: [] },
    })
    for (let i = TOPICS_MAX; i < ids.length; i += TOPICS_MAX)
      this.#send(peer, ids.slice(i, i + TOPICS_MAX), [], out)
  }

  #send(to: PeerId, added: readonly TopicId[], removed: readonly TopicId[], out: GossipEffect[]): void {
    out.push({ type: 'send', to, message: { type: 'TOPICS', all: false, added, removed } })
  }
}
