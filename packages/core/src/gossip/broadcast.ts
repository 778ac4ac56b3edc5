// The strategy `tree`: who gets whole messages, who gets ids, and how trees mend themselves.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  DIRECT_PAYLOAD_BYTES_MAX,
  EAGER_LINKS_GRAFTED_MAX,
  EAGER_LINKS_MAX,
  HOP_RTT_UNKNOWN_MS,
  RECONCILE_MS,
  RECONCILE_RECENT_MS,
  RECONCILE_YOUNG_MS,
  SHORTCUT_MS,
} from '../limits.ts'
import { IDS_PER_FRAME_MAX, type MessageId, type MessageOf, type TopicId } from '../wire/messages.ts'
import { Announcements, type AnnounceStage } from './announcements.ts'
import { type AuthorTree, AuthorTrees, type TreeName } from './author-trees.ts'
import { answerGraft, isNewsTo, push } from './copies.ts'
import type { GossipContext } from './gossip-context.ts'
import type { GossipEffect } from './gossip-contract.ts'
import { GraftWait } from './graft-wait.ts'
import { linkDelayMs } from './link-delay.ts'
import type { CachedMessage } from './message-cache.ts'
import type { MissingMessage } from './missing.ts'
import { Reconciliation, type ReconciliationOptions } from './reconciliation.ts'
import { SharedTree } from './shared-tree.ts'
import type { Spread } from './spread.ts'

/** The remote's window is a round longer than our answer's. */
const RECONCILIATION: ReconciliationOptions = Object.freeze({
  recentMs: RECONCILE_RECENT_MS,
  answerMs: RECONCILE_RECENT_MS - RECONCILE_MS,
  youngMs: RECONCILE_YOUNG_MS,
  answersCompare: true,
})

/**
 * Full message along a tree, ids to all other links; a missing message grafts, a duplicate prunes.
 *
 * Plumtree (Leitão, Pereira, Rodrigues, SRDS 2007), with a tree for each author heard lately, because the fastest way
 * from one is a detour from another. GRAFT and prune name a message and so a tree; the prune is an IHAVE of what was
 * pushed. An announcement that beats the tree becomes its edge even where nothing was missing. Trees begin as copies of
 * the shared one, except that an author hands small messages (*direct* ones) to all its links at once: such a message
 * enters the network at many places, and its duplicates must not cut the tree that others share.
 */
export class Broadcast implements Spread {
  readonly #topic: TopicId
  readonly #context: GossipContext
  readonly #links = new Set<PeerId>()
  readonly #trees: AuthorTrees
  readonly #announcements: Announcements
  readonly #reconciliation: Reconciliation
  readonly #wait = new GraftWait()
  /** We had no link until now: what others heard meanwhile is to be asked for, once there are more to choose from. */
  #isNew = false

  constructor(topic: TopicId, context: GossipContext) {
    this.#topic = topic
    this.#context = context
    this.#trees = new AuthorTrees(context.treeCount, new SharedTree(context))
    this.#announcements = new Announcements(topic, context, this.#links)
    this.#reconciliation = new Reconciliation(topic, context, this.#links, RECONCILIATION)
  }

  get size(): number {
    return this.#links.size
  }

  /** Links of the shared tree. */
  get eager(): number {
    return this.#trees.shared.size
  }

  has(peer: PeerId): boolean {
    return this.#links.has(peer)
  }

  peers(): IterableIterator<PeerId> {
    return this.#links.values()
  }

  addLink(peer: PeerId, out: GossipEffect[]): void {
    if (this.#links.has(peer)) return
    if (this.#links.size === 0) {
      this.#isNew = true
      this.#setFetchTimer(RECONCILE_YOUNG_MS, out)
    }
    this.#links.add(peer)
    this.#trees.shared.addLink(peer, this.#links.size)
    this.#trees.get(directTreeName(this.#context.self))?.addChild(peer)
  }

  /** Trees may just have been cut: another edge now is cheaper than a wait with the next message. */
  removeLink(peer: PeerId, out: GossipEffect[]): void {
    if (!this.#links.delete(peer)) return
    const wasEager = this.#trees.shared.has(peer)
    for (const [parent, ids] of this.#trees.removeLink(peer)) this.#askForPlaces(parent, ids, out)
    if (wasEager && this.eager < EAGER_LINKS_MAX) this.#graftLazy(out)
  }

  expire(now: Millis): void {
    this.#trees.expire(now, this.#links)
  }

  close(): void {
    this.#trees.clear()
  }

  // Messages

  isDirect(payloadBytes: number): boolean {
    return payloadBytes <= DIRECT_PAYLOAD_BYTES_MAX
  }

  publish(message: CachedMessage, now: Millis, out: GossipEffect[]): number {
    this.#reconciliation.heard(now)
    if (this.eager === 0) this.#graftLazy(out)
    const name = treeName(message)
    this.#trees.follow(name)
    let tree = this.#trees.get(name)
    if (tree === undefined || tree.children.size === 0) {
      tree = this.#trees.add(name, message.isDirect ? this.#links : this.#trees.shared.links, now)
    }
    tree.heardAt = now
    return this.#push(message, tree.children, now, out)
  }

  receive(message: CachedMessage, now: Millis, out: GossipEffect[]): void {
    this.#reconciliation.heard(now)
    const source = message.source as PeerId
    const asked = message.knowledgeByPeer.get(source)
    const wasPushed = asked !== 'grafted' && asked !== 'pulled'
    message.knowledgeByPeer.set(source, 'has')
    if (wasPushed) this.#wait.learn(message.announcedAt === null ? 0 : now - message.announcedAt)
    const tree = this.#treeOf(message, wasPushed, now)
    if (asked === 'grafted') tree.blameParent(source)
    // Whoever left the topic or the link while its copy was verified brings nothing more.
    if (!this.#links.has(source)) tree.heardAt = now
    else if (asked !== 'pulled') tree.hear(source, now)
    else if (tree.parent === null) this.#joinTree(tree, message, now, out)
    tree.advance(message.id, message.firstAnnouncer)
    if (wasPushed) this.#takeShortcut(message, tree, now, out)
    this.#push(message, tree.children, now, out)
  }

  /** A tree asks for no TTL: whoever sends a message first could spend it, and we send it on once. */
  resume(): void {}

  duplicate(message: CachedMessage | undefined, from: PeerId, now: Millis, out: GossipEffect[]): void {
    if (message === undefined) return
    const known = message.knowledgeByPeer.get(from)
    message.knowledgeByPeer.set(from, 'has')
    if (known === 'pulled') return
    if (message.announcedAt !== null && known !== 'grafted') this.#wait.learn(now - message.announcedAt)
    const tree = this.#trees.get(treeName(message))
    if (tree?.parent === from) return
    tree?.children.delete(from)
    if (this.#links.has(from)) tree?.offer(message.id, from)
    if (known !== 'pushed' && known !== 'told' && (tree?.dismiss(from, now) ?? true))
      this.#prune(message, from, out)
  }

  announced(from: PeerId, { ids, reconcile }: MessageOf<'IHAVE'>, now: Millis, out: GossipEffect[]): void {
    if (reconcile) return this.#reconciliation.compare(from, ids, now, out)
    const missing: MessageId[] = []
    for (const id of ids) {
      const message = this.#context.messages.get(id)
      if (message !== undefined) this.#onKnownAnnounced(message, from)
      else if (!this.#context.isKnown(id)) missing.push(id)
    }
    if (missing.length > 0) this.#expectSoon(missing, from, now, out)
  }

  /**
   * Ids that the remote wants, and unless `pullOnly` a place in their trees; without ids, a place in the shared one. Who
   * asks for what it has announced wants no copy, only the place.
   */
  grafted(from: PeerId, graft: MessageOf<'GRAFT'>, now: Millis, out: GossipEffect[]): void {
    if (graft.ids.some((id) => this.#isMissedBy(from, id))) this.#announcements.missed()
    answerGraft(this.#context, from, graft, now, out)
    if (graft.pullOnly) return
    for (const id of graft.ids) this.#givePlace(id, from)
    if (graft.ids.length === 0) this.#shareWith(from, out)
  }

  pruned(from: PeerId): void {
    this.#trees.shared.delete(from)
  }

  // Timers

  /** Grafts what is due, from as few announcers as possible. */
  fetchDue(now: Millis, out: GossipEffect[]): void {
    if (this.#isNew) this.#reconciliation.begin(now, out, true)
    this.#isNew = false
    let due = this.#context.missing.takeDue(this.#topic, now)
    while (due.length > 0) {
      const peer = bestAnnouncer(due)
      const asked = due.filter((message) => message.announcers.includes(peer)).slice(0, IDS_PER_FRAME_MAX)
      this.#graft(peer, asked, now, out)
      this.#announcements.missed()
      due = due.filter((message) => !asked.includes(message))
    }
  }

  /** Sends gathered ids. */
  announce(stage: AnnounceStage, out: GossipEffect[]): void {
    this.#announcements.send(stage, out)
  }

  reconcile(now: Millis, out: GossipEffect[]): boolean {
    if (!this.#reconciliation.isActive(now)) return false
    this.#reconciliation.begin(now, out)
    return true
  }

  /** We announced it; who asks only for a place has announced it, too. */
  #isMissedBy(peer: PeerId, id: MessageId): boolean {
    return this.#context.messages.get(id)?.knowledgeByPeer.get(peer) === 'told'
  }

  #push(message: CachedMessage, targets: ReadonlySet<PeerId>, now: Millis, out: GossipEffect[]): number {
    this.#announcements.add(message)
    const pushed = push(this.#context, message, targets, now, out)
    // What a link does not take now it must hear of.
    for (const peer of targets) if (isNewsTo(peer, message)) this.#announcements.missed()
    return pushed
  }

  // Trees of authors

  #givePlace(id: MessageId, peer: PeerId): void {
    const message = this.#context.messages.get(id)
    if (message?.topic === this.#topic) this.#trees.get(treeName(message))?.addChild(peer)
  }

  /** Whoever had to ask for an author's first message is a leaf until others ask it. */
  #treeOf(message: CachedMessage, wasPushed: boolean, now: Millis): AuthorTree {
    const name = treeName(message)
    this.#trees.follow(name)
    return this.#trees.get(name) ?? this.#trees.add(name, wasPushed ? this.#trees.shared.links : [], now)
  }

  /** Somebody announced the message before the tree brought it: its copy would have been faster still, where copies are fast. */
  #takeShortcut(message: CachedMessage, tree: AuthorTree, now: Millis, out: GossipEffect[]): void {
    const { id, announcedAt, firstAnnouncer } = message
    const parent = tree.parent
    if (announcedAt === null || firstAnnouncer === null || now - announcedAt < SHORTCUT_MS) return
    if (this.#wait.isSlow) return
    if (!this.#links.has(firstAnnouncer) || parent === firstAnnouncer || !tree.trusts(firstAnnouncer)) return
    tree.adopt(firstAnnouncer, now)
    this.#askForPlaces(firstAnnouncer, [id], out)
    if (parent !== null) this.#prune(message, parent, out)
  }

  /** What had to be pulled was on a tree that does not reach us. */
  #joinTree(tree: AuthorTree, { id, source }: CachedMessage, now: Millis, out: GossipEffect[]): void {
    tree.hear(source as PeerId, now)
    this.#askForPlaces(source as PeerId, [id], out)
  }

  /** Places in the trees of messages that we have already, as the announcement says. */
  #askForPlaces(parent: PeerId, ids: readonly MessageId[], out: GossipEffect[]): void {
    for (let i = 0; i < ids.length; i += IDS_PER_FRAME_MAX) {
      const some = ids.slice(i, i + IDS_PER_FRAME_MAX)
      this.#sendAnnouncement(parent, some, out)
      this.#sendGraft(parent, some, out)
    }
  }

  /** An announcement of what the remote pushed to us: it learns that we had it from elsewhere, and stops. */
  #prune(message: CachedMessage, peer: PeerId, out: GossipEffect[]): void {
    this.#sendAnnouncement(peer, [message.id], out)
  }

  #sendAnnouncement(to: PeerId, ids: readonly MessageId[], out: GossipEffect[]): void {
    out.push({ type: 'send', to, message: { type: 'IHAVE', topic: this.#topic, ids, reconcile: false } })
  }

  #onKnownAnnounced(message: CachedMessage, from: PeerId): void {
    const wasPushed = message.knowledgeByPeer.get(from) === 'pushed'
    const tree = this.#trees.get(treeName(message))
    if (wasPushed) tree?.children.delete(from)
    tree?.offer(message.id, from)
    message.knowledgeByPeer.set(from, 'has')
  }

  // The shared tree

  #shareWith(peer: PeerId, out: GossipEffect[]): void {
    const { shared } = this.#trees
    if (shared.has(peer) || this.eager < EAGER_LINKS_GRAFTED_MAX) shared.add(peer)
    else out.push({ type: 'send', to: peer, message: { type: 'PRUNE', topic: this.#topic } })
  }

  #graftLazy(out: GossipEffect[]): void {
    const peer = this.#trees.shared.addLazy(this.#links)
    if (peer !== null) this.#sendGraft(peer, [], out)
  }

  // Grafting

  #expectSoon(ids: readonly MessageId[], from: PeerId, now: Millis, out: GossipEffect[]): void {
    const waitMs = this.#wait.ms(this.#slowestRoundTripMs)
    let isNew = false
    for (const id of ids) {
      isNew = this.#context.missing.announce(id, this.#topic, from, now, now + waitMs) || isNew
    }
    if (isNew) this.#setFetchTimer(waitMs, out)
  }

  #graft(peer: PeerId, messages: readonly MissingMessage[], now: Millis, out: GossipEffect[]): void {
    const againAfterMs = this.#wait.forAnswer(linkDelayMs(this.#context.links, peer))
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
    this.#setFetchTimer(againAfterMs, out)
  }

  #sendGraft(peer: PeerId, ids: readonly MessageId[], out: GossipEffect[]): void {
    out.push({ type: 'send', to: peer, message: { type: 'GRAFT', topic: this.#topic, ids, pullOnly: false } })
  }

  // Time

  get #slowestRoundTripMs(): number {
    const { links } = this.#context
    let slowestMs = 0
    for (const peer of this.#links)
      slowestMs = Math.max(slowestMs, links.roundTripMs(peer) ?? HOP_RTT_UNKNOWN_MS)
    return slowestMs
  }

  #setFetchTimer(afterMs: number, out: GossipEffect[]): void {
    out.push({ type: 'set-timer', afterMs, timer: { type: 'fetch', topic: this.#topic } })
  }
}

/** Whoever announced most of them, and of those the first. */
function bestAnnouncer(due: readonly MissingMessage[]): PeerId {
  const idsByPeer = new Map<PeerId, number>()
  for (const { announcers } of due) {
    for (const peer of announcers) idsByPeer.set(peer, (idsByPeer.get(peer) ?? 0) + 1)
  }
  return [...idsByPeer].reduce((best, other) => (other[1] > best[1] ? other : best))[0]
}

/** An author's direct messages have one tree, its larger ones another. */
function treeName({ author, isDirect }: CachedMessage): TreeName {
  return isDirect ? directTreeName(author) : (`${author}+` as TreeName)
}

function directTreeName(author: PeerId): TreeName {
  return author as string as TreeName
}
