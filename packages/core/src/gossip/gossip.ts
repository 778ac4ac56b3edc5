// Topics and how messages spread in them (PROTOCOL.md, section GS). This file decides in which order a message is
// judged; how a topic spreads, its members and its backstop have files of their own.

import type { Millis, Random } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  COPIES_SENT_BURST,
  COPIES_SENT_PER_SECOND,
  GOSSIP_CONTROL_BURST,
  GOSSIP_CONTROL_PER_SECOND,
  GRAFTED_BYTES_BURST,
  GRAFTED_BYTES_PER_SECOND,
  IHAVE_DELAY_MS,
  IHAVE_LATE_MS,
  LINKS_MAX,
  PATHS_DELAY_MS,
  RECONCILE_MS,
  REFUSED_IDS_MAX,
  SEEN_GENERATION_MS,
  SEEN_IDS_MAX,
  SUBSCRIBE_LOOK_MS,
} from '../limits.ts'
import type { LinkView, Machine, RoutingView } from '../machine.ts'
import { RecentSet } from '../recent-set.ts'
import { TokenBuckets } from '../token-buckets.ts'
import type { Frame } from '../wire/codec.ts'
import type { Message, MessageId, MessageOf, TopicId } from '../wire/messages.ts'
import { ANNOUNCE_STAGES, type AnnounceStage } from './announcements.ts'
import { Broadcast } from './broadcast.ts'
import { gossipDomain } from './envelope.ts'
import { Epidemic } from './epidemic.ts'
import type { GossipContext } from './gossip-context.ts'
import type { GossipEffect, GossipInput, GossipOptions, GossipStats, GossipTimer } from './gossip-contract.ts'
import { MessageCache } from './message-cache.ts'
import { Missing } from './missing.ts'
import { Parking } from './parking.ts'
import { Publishing } from './publishing.ts'
import { Reception } from './reception.ts'
import type { Spread } from './spread.ts'
import { type GossipStrategy, TREE } from './strategy.ts'
import { Subscriptions } from './subscriptions.ts'
import { Topic, topicOf } from './topic.ts'

export type * from './gossip-contract.ts'
export type { TopicKey } from './topic.ts'

export class Gossip implements Machine<GossipInput, GossipEffect> {
  readonly #networkId: string
  readonly #context: GossipContext
  readonly #parking = new Parking()
  readonly #subscriptions: Subscriptions
  readonly #reception: Reception
  readonly #publishing: Publishing
  readonly #controlByLink = new TokenBuckets(GOSSIP_CONTROL_BURST, GOSSIP_CONTROL_PER_SECOND, LINKS_MAX)
  readonly #armed = new Set<string>()
  #hasTraffic = false
  #seenTurnedAt: Millis = 0

  constructor(options: GossipOptions, routing: RoutingView, links: LinkView, random: Random) {
    const domain = gossipDomain(options.networkId)
    this.#networkId = options.networkId
    this.#context = this.#makeContext(options.self, links, random)
    this.#subscriptions = new Subscriptions({
      routing,
      makeTopic: (id, key) => new Topic(id, key, (topic, strategy) => this.#makeSpread(topic, strategy)),
      forgetTopic: (id) => this.#context.missing.forgetTopic(id),
    })
    this.#reception = new Reception(this.#context, {
      domain,
      workBits: options.workBits,
      parking: this.#parking,
    })
    this.#publishing = new Publishing({ ...options, domain }, this.#context, this.#subscriptions)
  }

  handle(input: GossipInput, now: Millis, out: GossipEffect[]): void {
    switch (input.type) {
      case 'start':
        this.#publishing.start(input.bootId)
        break
      case 'link-up':
        this.#onLinkUp(input.peer, now, out)
        break
      case 'link-suspect':
      case 'link-down':
        this.#onLinkDown(input, now, out)
        break
      case 'receive':
        this.#onReceive(input.from, input.frame, now, out)
        break
      case 'subscribe':
        this.#onSubscribe(input, now, out)
        break
      case 'unsubscribe':
        this.#subscriptions.unsubscribe(topicOf(this.#networkId, input.topic).id, now, out)
        break
      case 'publish':
        this.#publishing.publish(input, now, out)
        break
      case 'cancel':
        this.#publishing.cancel(input.op)
        break
      case 'verified':
        this.#reception.verified(input.token, input.valid, now, out)
        break
      case 'verify-dropped':
        this.#parking.drop(input.token)
        break
      case 'signed':
        this.#publishing.signed(input.token, input.signature)
        break
      case 'timer':
        this.#onTimer(input.timer, now, out)
        break
    }
    this.#publishing.flush(now, out)
    this.#armTimers(out)
  }

  stats(): GossipStats {
    const topics = [...this.#subscriptions.topics()].map(({ id, name, spread, isSubscribed }) => ({
      topic: name ?? id,
      eager: spread.eager,
      lazy: spread.size - spread.eager,
      forwarding: !isSubscribed,
    }))
    return { topics, ...this.#reception.counts, published: this.#publishing.published }
  }

  /** Sizes of what remotes can fill. */
  tables(): Readonly<Record<string, number>> {
    return {
      ...this.#subscriptions.tables(),
      gossipSeen: this.#context.seen.size,
      gossipRefused: this.#context.refused.size,
      gossipMessages: this.#context.messages.size,
      gossipMessageBytes: this.#context.messages.bytes,
      gossipMissing: this.#context.missing.size,
      gossipParked: this.#parking.size,
      gossipParkedBytes: this.#parking.bytes,
      ...this.#reception.tables(),
      gossipAuthorTrees: this.#context.treeCount.trees,
      ...this.#publishing.tables(),
    }
  }

  #makeContext(self: Contact, links: LinkView, random: Random): GossipContext {
    const seen = new RecentSet<MessageId>(SEEN_IDS_MAX)
    const messages = new MessageCache()
    const refused = new RecentSet<MessageId>(REFUSED_IDS_MAX)
    return {
      self: self.id,
      links,
      random,
      seen,
      refused,
      messages,
      missing: new Missing(),
      graftedBytes: new TokenBuckets(GRAFTED_BYTES_BURST, GRAFTED_BYTES_PER_SECOND, LINKS_MAX),
      sentCopies: new TokenBuckets(COPIES_SENT_BURST, COPIES_SENT_PER_SECOND, LINKS_MAX),
      announcing: [new Set(), new Set(), new Set()],
      treeCount: { trees: 0 },
      isLinked: (peer) => this.#subscriptions.isLinked(peer),
      topicOf: (id) => this.#subscriptions.get(id),
      isKnown: (id) => seen.has(id) || refused.has(id) || this.#parking.has(id),
      keep: (message) => {
        messages.add(message)
        this.#hasTraffic = true
      },
    }
  }

  #makeSpread(topic: TopicId, strategy: GossipStrategy): Spread {
    return strategy.strategy === 'tree'
      ? new Broadcast(topic, this.#context)
      : new Epidemic(topic, this.#context, strategy)
  }

  // Links and wishes

  #onLinkUp(peer: PeerId, now: Millis, out: GossipEffect[]): void {
    this.#subscriptions.linkUp(peer, now, out)
    if (this.#subscriptions.size > 0) this.#arm({ type: 'paths' }, PATHS_DELAY_MS, out)
  }

  #onLinkDown({ type, peer }: GossipInput & { peer: PeerId }, now: Millis, out: GossipEffect[]): void {
    this.#context.missing.forgetLink(peer)
    this.#context.messages.forgetLink(peer)
    if (type === 'link-down') this.#subscriptions.linkDown(peer, now, out)
    else this.#subscriptions.linkSuspect(peer, now, out)
  }

  #onSubscribe(
    { topic: name, strategy = TREE }: GossipInput & { type: 'subscribe' },
    now: Millis,
    out: GossipEffect[],
  ): void {
    const named = { ...topicOf(this.#networkId, name), name, strategy }
    if (this.#subscriptions.subscribe(named, now, out)) return
    const message = `too many topics: "${name}" is not subscribed to`
    out.push({ type: 'event', event: { type: 'problem', code: 'TOO_LARGE', message } })
  }

  // Frames

  #onReceive(from: PeerId, frame: Frame, now: Millis, out: GossipEffect[]): void {
    const { message } = frame
    if (message.type === 'GOSSIP') return this.#reception.receive(from, frame, now, out)
    if (!this.#controlByLink.take(from, costOf(message), now)) {
      return void out.push({ type: 'offence', peer: from, offence: 'flood' })
    }
    switch (message.type) {
      case 'TOPICS':
        return this.#subscriptions.onTopics(from, message, now, out)
      case 'SUBSCRIBE':
        if (this.#subscriptions.onSubscribe(from, message, now, out)) return
        return void out.push({ type: 'offence', peer: from, offence: 'malformed-frame' })
      case 'UNSUBSCRIBE':
        return this.#subscriptions.onUnsubscribe(from, message.topic, now, out)
      case 'IHAVE':
      case 'GRAFT':
      case 'PRUNE':
        return this.#onSpreadMessage(from, message, now, out)
    }
  }

  /** Only from members: a link that left the topic meanwhile has nothing to say. */
  #onSpreadMessage(
    from: PeerId,
    message: MessageOf<'IHAVE'> | MessageOf<'GRAFT'> | MessageOf<'PRUNE'>,
    now: Millis,
    out: GossipEffect[],
  ): void {
    const topic = this.#subscriptions.get(message.topic)
    if (!topic?.spread.has(from)) return
    if (message.type === 'GRAFT') return topic.spread.grafted(from, message, now, out)
    if (message.type === 'PRUNE') return topic.spread.pruned(from)
    topic.spread.announced(from, message, now, out)
  }

  // Timers

  #onTimer(timer: GossipTimer, now: Millis, out: GossipEffect[]): void {
    this.#armed.delete(nameOf(timer))
    switch (timer.type) {
      case 'ihave':
        return this.#announce(timer.stage, out)
      case 'fetch':
        return this.#subscriptions.get(timer.topic)?.spread.fetchDue(now, out)
      case 'reconcile':
        return this.#reconcile(now, out)
      case 'refresh':
        return this.#refresh(now, out)
      case 'paths':
        return this.#subscriptions.choosePaths(now, out)
      case 'deadline':
        return this.#publishing.deadline(timer.op, out)
    }
  }

  #announce(stage: AnnounceStage, out: GossipEffect[]): void {
    const topics = [...this.#context.announcing[stage]]
    this.#context.announcing[stage].clear()
    for (const id of topics) this.#subscriptions.get(id)?.spread.announce(stage, out)
  }

  #reconcile(now: Millis, out: GossipEffect[]): void {
    this.#hasTraffic = false
    for (const { spread } of this.#subscriptions.topics())
      if (spread.reconcile(now, out)) this.#hasTraffic = true
  }

  #refresh(now: Millis, out: GossipEffect[]): void {
    this.#subscriptions.look(now, out)
    for (const { spread } of this.#subscriptions.topics()) spread.expire(now)
    this.#context.messages.expire(now)
    this.#context.missing.expire(now)
    this.#parking.expire(now)
    if (now - this.#seenTurnedAt < SEEN_GENERATION_MS) return
    this.#seenTurnedAt = now
    this.#context.seen.turn()
    this.#context.refused.turn()
  }

  /** Timers run only while there is something to do: an idle peer is silent. */
  #armTimers(out: GossipEffect[]): void {
    for (const stage of ANNOUNCE_STAGES) {
      if (this.#context.announcing[stage].size === 0) continue
      this.#arm({ type: 'ihave', stage }, stage === 0 ? IHAVE_DELAY_MS : IHAVE_LATE_MS, out)
    }
    if (this.#hasTraffic && !this.#armed.has('reconcile'))
      this.#arm({ type: 'reconcile' }, this.#reconcileAfterMs(), out)
    if (this.#subscriptions.size + this.#context.messages.size + this.#parking.size === 0) return
    this.#arm({ type: 'refresh' }, SUBSCRIBE_LOOK_MS, out)
  }

  /** RECONCILE_MS on average; spread, because one message starts the timers of all members. */
  #reconcileAfterMs(): number {
    return RECONCILE_MS / 2 + (this.#context.random.u32() % RECONCILE_MS)
  }

  #arm(timer: GossipTimer, afterMs: number, out: GossipEffect[]): void {
    const name = nameOf(timer)
    if (this.#armed.has(name)) return
    this.#armed.add(name)
    out.push({ type: 'set-timer', afterMs, timer })
  }
}

function nameOf(timer: GossipTimer): string {
  return timer.type === 'ihave' ? `ihave-${timer.stage}` : timer.type
}

/** Tokens of a frame: one, and one more for every 16 ids or topics. */
function costOf(message: Message): number {
  const ids =
    message.type === 'IHAVE' || message.type === 'GRAFT'
      ? message.ids.length
      : message.type === 'TOPICS'
        ? message.added.length + message.removed.length
        : 0
  return 1 + ids / 16
}
