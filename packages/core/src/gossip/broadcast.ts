// The tree of one topic: who gets whole messages, who gets ids, and how the tree mends itself. What a message is and
// whether it is genuine was decided before.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  CALM_MESSAGES,
  DIRECT_PAYLOAD_BYTES_MAX,
  EAGER_LINKS_GRAFTED_MAX,
  EAGER_LINKS_MAX,
  GRAFT_WAIT_MAX_MS,
  GRAFT_WAIT_MIN_MS,
  GRAFT_WAIT_START_MS,
  HOP_RTT_UNKNOWN_MS,
  TREE_ONLY_EVERY,
} from '../limits.ts'
import { IDS_PER_FRAME_MAX, type MessageId, type MessageOf, type TopicId } from '../wire/messages.ts'
import type { GossipEffect } from './gossip.ts'
import type { GossipContext } from './gossip-context.ts'
import type { CachedMessage } from './message-cache.ts'
import type { MissingMessage } from './missing.ts'
import { Mutes } from './mutes.ts'

/** Lazy links looked at for the fastest one. All peers taking their very fastest would not cross between regions. */
const CHOICES = 3
/** Milliseconds that a hidden tab's round trip is taken to be longer: its timers may be throttled. */
const HIDDEN_MS = 1_000
/** The wait grows by a tenth below a sample and shrinks by a two-hundredth above: it settles near the 95th percentile. */
const WAIT_UP = 1.1
const WAIT_DOWN = 0.995

/**
 * Full message to eager links, ids to all others; a missing message grafts, a duplicate prunes.
 *
 * Plumtree (Leitão, Pereira, Rodrigues, SRDS 2007), with three differences. Ids are batched. The wait before a graft
 * follows the measured delay between an announcement and the tree. And a publisher hands small messages to all its links
 * at once (FLAG_DIRECT): such a message enters the tree at many places, its duplicates say nothing about the tree, and so
 * they only mute a link for this author.
 */
export class Broadcast {
  readonly #topic: TopicId
  readonly #context: GossipContext
  readonly #isEagerByPeer = new Map<PeerId, boolean>()
  readonly #mutes = new Mutes()
  #announcing: CachedMessage[] = []
  #eager = 0
  #waitMs = GRAFT_WAIT_START_MS
  /** Messages in a row that left the tree as it is. */
  #calm = 0
  #published = 0

  constructor(topic: TopicId, context: GossipContext) {
    this.#topic = topic
    this.#context = context
  }

  get size(): number {
    return this.#isEagerByPeer.size
  }

  get eager(): number {
    return this.#eager
  }

  /** Milliseconds between an announcement and a graft. */
  get waitMs(): number {
    return Math.round(this.#waitMs)
  }

  get mutedAuthors(): number {
    return this.#mutes.size
  }

  has(peer: PeerId): boolean {
    return this.#isEagerByPeer.has(peer)
  }

  peers(): IterableIterator<PeerId> {
    return this.#isEagerByPeer.keys()
  }

  addLink(peer: PeerId): void {
    if (this.has(peer)) return
    this.#isEagerByPeer.set(peer, false)
    if (this.#eager < EAGER_LINKS_MAX) this.#makeEager(peer)
  }

  /** The tree may just have been cut: a spare edge now is cheaper than a wait with the next message. */
  removeLink(peer: PeerId, out: GossipEffect[]): void {
    const wasEager = this.#isEagerByPeer.get(peer) ?? false
    this.#makeLazy(peer)
    this.#isEagerByPeer.delete(peer)
    this.#mutes.clear(peer)
    if (wasEager && this.#eager < EAGER_LINKS_MAX) this.#graftBestLazy(out)
  }

  // Messages

  /** Whether our next message goes to all links at once. Some never do, because only those prune the tree. */
  choosesDirect(payloadBytes: number): boolean {
    if (payloadBytes > DIRECT_PAYLOAD_BYTES_MAX) return false
    this.#published += 1
    return this.#published % (this.#calm >= CALM_MESSAGES ? TREE_ONLY_EVERY : 2) !== 0
  }

  /** Hands out our own message. Returns to how many links. */
  publish(message: CachedMessage, out: GossipEffect[]): number {
    this.#calm += 1
    if (this.#eager === 0) this.#graftBestLazy(out)
    const pushed = this.#push(message, message.isDirect, out)
    if (pushed > 0) return pushed
    this.#mutes.forget(message.author)
    return this.#push(message, message.isDirect, out)
  }

  /** The first copy of a verified message. `waitedMs`: since it was announced, 0 where it never was. */
  receive(message: CachedMessage, waitedMs: number, out: GossipEffect[]): void {
    const source = message.source as PeerId
    const asked = message.knowledgeByPeer.get(source)
    if (asked !== 'grafted' && asked !== 'pulled') this.#learnWait(waitedMs)
    message.knowledgeByPeer.set(source, 'has')
    if (asked !== 'pulled' && !isPublishersCopy(message, source)) this.#makeEager(source)
    this.#calm += 1
    if (message.mayTravel) this.#push(message, false, out)
  }

  /** Another copy, of `message` where it is still in the cache. */
  duplicate(
    message: CachedMessage | undefined,
    isDirect: boolean,
    from: PeerId,
    now: Millis,
    out: GossipEffect[],
  ): void {
    if (message === undefined) return isDirect ? undefined : this.#prune(from, out)
    const known = message.knowledgeByPeer.get(from)
    message.knowledgeByPeer.set(from, 'has')
    if (known === 'pulled') return
    if (message.announcedAt !== null && known !== 'grafted') this.#learnWait(now - message.announcedAt)
    if (known === 'grafted' || !this.#mayMute(message, from)) return this.#prune(from, out)
    this.#mute(message, from)
    if (known !== 'pushed' && known !== 'told') this.#tell(message, from)
  }

  /** Ids that the remote has. */
  announced(from: PeerId, ids: readonly MessageId[], now: Millis, out: GossipEffect[]): void {
    let isNew = false
    for (const id of ids) {
      const message = this.#context.messages.get(id)
      if (message !== undefined) this.#onKnownAnnounced(message, from)
      else if (!this.#context.isKnown(id)) {
        isNew = this.#context.missing.announce(id, this.#topic, from, now, now + this.waitMs) || isNew
      }
    }
    if (isNew) this.#setGraftTimer(this.waitMs, out)
  }

  /** Ids that the remote wants, and unless `pullOnly` a place in the tree. */
  grafted(from: PeerId, { ids, pullOnly }: MessageOf<'GRAFT'>, now: Millis, out: GossipEffect[]): void {
    for (const id of ids) this.#answer(from, id, now, out)
    if (pullOnly) return
    this.#mutes.clear(from)
    this.#calm = 0
    if (this.#makeEager(from)) return
    out.push({ type: 'send', to: from, message: { type: 'PRUNE', topic: this.#topic } })
  }

  pruned(from: PeerId): void {
    this.#makeLazy(from)
    this.#calm = 0
  }

  // Timers

  /** Grafts what is due: few announcers for many ids, those that are eager already first. */
  graftDue(now: Millis, out: GossipEffect[]): void {
    let due = this.#context.missing.takeDue(this.#topic, now)
    while (due.length > 0) {
      const peer = this.#bestAnnouncer(due)
      const asked = due.filter((message) => message.announcers.includes(peer)).slice(0, IDS_PER_FRAME_MAX)
      this.#graft(peer, asked, now, out)
      due = due.filter((message) => !asked.includes(message))
    }
  }

  /** Sends the gathered ids to all links that are not known to have the messages. */
  flushAnnouncements(out: GossipEffect[]): void {
    const gathered = this.#announcing
    this.#announcing = []
    for (const peer of this.#isEagerByPeer.keys()) {
      const news = gathered.filter(({ knowledgeByPeer }) => !knowledgeByPeer.has(peer))
      for (const { knowledgeByPeer } of news) knowledgeByPeer.set(peer, 'told')
      this.#announce(
        peer,
        news.map(({ id }) => id),
        out,
      )
    }
  }

  // Pushing

  #push(message: CachedMessage, toLazyToo: boolean, out: GossipEffect[]): number {
    let pushed = 0
    for (const [peer, isEager] of this.#isEagerByPeer) {
      if (!(isEager || toLazyToo) || peer === message.author || message.knowledgeByPeer.has(peer)) continue
      if (message.isDirect && this.#mutes.has(message.author, peer)) continue
      message.knowledgeByPeer.set(peer, 'pushed')
      out.push({ type: 'forward', to: peer, frame: message.frame })
      pushed += 1
    }
    this.#queueAnnouncement(message)
    return pushed
  }

  #answer(from: PeerId, id: MessageId, now: Millis, out: GossipEffect[]): void {
    const message = this.#context.messages.get(id)
    if (message?.topic !== this.#topic) return
    if (!this.#context.graftedBytes.take(from, message.frame.length, now)) return
    message.knowledgeByPeer.set(from, 'pushed')
    out.push({ type: 'forward', to: from, frame: message.frame })
  }

  #queueAnnouncement(message: CachedMessage): void {
    this.#announcing.push(message)
    this.#context.announcing.add(this.#topic)
  }

  #announce(peer: PeerId, ids: readonly MessageId[], out: GossipEffect[]): void {
    for (let i = 0; i < ids.length; i += IDS_PER_FRAME_MAX) {
      const some = ids.slice(i, i + IDS_PER_FRAME_MAX)
      out.push({
        type: 'send',
        to: peer,
        message: { type: 'IHAVE', topic: this.#topic, ids: some, reconcile: false },
        lazy: true,
      })
    }
  }

  // Muting

  /** A duplicate of a direct message blames the tree only on an edge that is half open. */
  #mayMute(message: CachedMessage, from: PeerId): boolean {
    return message.isDirect && (this.#isEagerByPeer.get(from) === true || from === message.author)
  }

  /** Where the message came over a link that is muted itself, both would fall silent: then neither is muted. */
  #mute(message: CachedMessage, peer: PeerId): void {
    const { author, source } = message
    if (source === null || !this.#mutes.has(author, source)) this.#mutes.add(author, peer)
  }

  /** An announcement of what the remote sent us: it learns that we had it from elsewhere. */
  #tell(message: CachedMessage, peer: PeerId): void {
    message.knowledgeByPeer.delete(peer)
    this.#queueAnnouncement(message)
  }

  #onKnownAnnounced(message: CachedMessage, from: PeerId): void {
    if (message.isDirect && message.knowledgeByPeer.get(from) === 'pushed') this.#mute(message, from)
    message.knowledgeByPeer.set(from, 'has')
  }

  // Grafting and pruning

  #graft(peer: PeerId, messages: readonly MissingMessage[], now: Millis, out: GossipEffect[]): void {
    const againAfterMs = this.#answerWaitMs(peer)
    for (const message of messages) {
      message.announcers.splice(message.announcers.indexOf(peer), 1)
      message.askingByPeer.set(peer, 'grafted')
      message.dueAt = now + againAfterMs
    }
    this.#sendGraft(
      peer,
      messages.map(({ id }) => id),
      out,
    )
    this.#setGraftTimer(againAfterMs, out)
  }

  #sendGraft(peer: PeerId, ids: readonly MessageId[], out: GossipEffect[]): void {
    this.#makeEager(peer)
    this.#mutes.clear(peer)
    this.#calm = 0
    out.push({ type: 'send', to: peer, message: { type: 'GRAFT', topic: this.#topic, ids, pullOnly: false } })
  }

  #prune(peer: PeerId, out: GossipEffect[]): void {
    this.#makeLazy(peer)
    this.#calm = 0
    out.push({ type: 'send', to: peer, message: { type: 'PRUNE', topic: this.#topic } })
  }

  #graftBestLazy(out: GossipEffect[]): void {
    const lazy = [...this.#isEagerByPeer].filter(([, isEager]) => !isEager).map(([peer]) => peer)
    let best: PeerId | null = null
    for (let i = 0; i < CHOICES && lazy.length > 0; i++) {
      const [peer] = lazy.splice(this.#context.random.u32() % lazy.length, 1) as [PeerId]
      if (best === null || this.#delayMs(peer) < this.#delayMs(best)) best = peer
    }
    if (best !== null) this.#sendGraft(best, [], out)
  }

  #bestAnnouncer(due: readonly MissingMessage[]): PeerId {
    const idsByPeer = new Map<PeerId, number>()
    for (const { announcers } of due) {
      for (const peer of announcers) idsByPeer.set(peer, (idsByPeer.get(peer) ?? 0) + 1)
    }
    const eagerOnes = [...idsByPeer].filter(([peer]) => this.#isEagerByPeer.get(peer) === true)
    const candidates = eagerOnes.length > 0 ? eagerOnes : [...idsByPeer]
    return candidates.reduce((best, other) => (other[1] > best[1] ? other : best))[0]
  }

  #makeEager(peer: PeerId): boolean {
    const isEager = this.#isEagerByPeer.get(peer)
    if (isEager === undefined || (!isEager && this.#eager >= EAGER_LINKS_GRAFTED_MAX)) return false
    if (!isEager) this.#eager += 1
    this.#isEagerByPeer.set(peer, true)
    return true
  }

  #makeLazy(peer: PeerId): void {
    if (this.#isEagerByPeer.get(peer) !== true) return
    this.#eager -= 1
    this.#isEagerByPeer.set(peer, false)
  }

  // Time

  /** An estimate of a quantile by steps whose sizes keep its odds (Ma, Muthukrishnan & Sandler, 2013, "Frugal streaming"). */
  #learnWait(sampleMs: number): void {
    const next = this.#waitMs * (sampleMs > this.#waitMs ? WAIT_UP : WAIT_DOWN)
    this.#waitMs = Math.min(Math.max(next, GRAFT_WAIT_MIN_MS), GRAFT_WAIT_MAX_MS)
  }

  #answerWaitMs(peer: PeerId): number {
    return Math.ceil(Math.min(Math.max(this.#delayMs(peer) * 2, GRAFT_WAIT_MIN_MS), GRAFT_WAIT_MAX_MS))
  }

  #delayMs(peer: PeerId): number {
    const { links } = this.#context
    return (links.roundTripMs(peer) ?? HOP_RTT_UNKNOWN_MS) + (links.isHidden(peer) ? HIDDEN_MS : 0)
  }

  #setGraftTimer(afterMs: number, out: GossipEffect[]): void {
    out.push({ type: 'set-timer', afterMs, timer: { type: 'graft', topic: this.#topic } })
  }
}

/** The publisher's own copy: it says who published, not where the tree is. */
function isPublishersCopy(message: CachedMessage, from: PeerId): boolean {
  return message.isDirect && from === message.author
}
