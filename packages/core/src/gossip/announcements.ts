// Ids of messages for the links that did not get the messages themselves. Most of what a topic costs is these, so they
// are gathered, and sent in stages to peers that may still lack the message.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  ANNOUNCE_TO_ALL_MAX,
  ANNOUNCEMENTS_MAX,
  CALM_AFTER_MESSAGES,
  CALM_CYCLE_MESSAGES,
  CALM_LINKS_MAX,
  CALM_PAUSE_MS,
  CALM_TURNS,
} from '../limits.ts'
import { hexDigit } from '../wire/bytes.ts'
import { IDS_PER_FRAME_MAX, type MessageId, type TopicId } from '../wire/messages.ts'
import type { GossipContext } from './gossip-context.ts'
import type { GossipEffect } from './gossip-contract.ts'
import type { CachedMessage } from './message-cache.ts'

/** Soon; a while later; at last. */
export type AnnounceStage = 0 | 1 | 2
export const ANNOUNCE_STAGES: readonly AnnounceStage[] = [0, 1, 2]

/**
 * Of the two ends of a link one is first and announces soon; the other does so only at last, where it has heard nothing: else
 * both would, since an announcement travels longer than it is gathered. A topic is calm while messages follow one another and
 * nobody misses one: then a few links hear of each, a while later and several at a time, and the others not at all, unless
 * somebody misses a message before the last stage comes.
 */
export class Announcements {
  readonly #topic: TopicId
  readonly #context: GossipContext
  readonly #links: ReadonlySet<PeerId>
  readonly #gathered: [CachedMessage[], CachedMessage[], CachedMessage[]] = [[], [], []]
  /** Messages since one was missed, or none came for a while. */
  #unmissed = 0
  #latestAt: Millis = 0
  /** Turns of the last stage while the topic was calm. */
  #lastTurns = 0

  constructor(topic: TopicId, context: GossipContext, links: ReadonlySet<PeerId>) {
    this.#topic = topic
    this.#context = context
    this.#links = links
  }

  add(message: CachedMessage): void {
    if (message.at - this.#latestAt > CALM_PAUSE_MS) this.#unmissed = 0
    this.#latestAt = message.at
    this.#unmissed += 1
    this.#gather(this.#unmissed % CALM_CYCLE_MESSAGES < CALM_AFTER_MESSAGES ? 0 : 1, [message])
  }

  /** Somebody had to ask for a message, so the tree has holes: what waits is announced at its next turn. */
  missed(): void {
    this.#unmissed = 0
  }

  send(stage: AnnounceStage, out: GossipEffect[]): void {
    const isLast = stage === 2
    // What waits for the last stage of a calm topic waits for somebody to miss it.
    if (isLast && this.#isCalm && ++this.#lastTurns % CALM_TURNS > 0)
      return void this.#context.announcing[stage].add(this.#topic)
    const messages = this.#gathered[stage]
    this.#gathered[stage] = []
    if (!isLast) this.#gather((stage + 1) as AnnounceStage, messages)
    else if (this.#isCalm) return
    this.#sendTo(messages, stage, stage === 1 && this.#isCalm ? CALM_LINKS_MAX : this.#links.size, out)
  }

  get #isCalm(): boolean {
    return this.#unmissed >= CALM_AFTER_MESSAGES
  }

  /** At the bound the oldest are left to reconciliation. */
  #gather(stage: AnnounceStage, messages: readonly CachedMessage[]): void {
    const gathered = this.#gathered[stage]
    gathered.push(...messages)
    if (gathered.length > ANNOUNCEMENTS_MAX) gathered.splice(0, gathered.length - ANNOUNCEMENTS_MAX)
    this.#context.announcing[stage].add(this.#topic)
  }

  /** Begins at a link chosen by chance, so that all have their turn where not all get a frame. */
  #sendTo(
    messages: readonly CachedMessage[],
    stage: AnnounceStage,
    linksMax: number,
    out: GossipEffect[],
  ): void {
    const links = [...this.#links]
    const start = linksMax < links.length ? this.#context.random.u32() % links.length : 0
    let left = linksMax
    for (let i = 0; i < links.length && left > 0; i++) {
      const peer = links[(start + i) % links.length] as PeerId
      const news = messages.filter((message) => this.#isNews(message, peer, stage))
      if (news.length === 0) continue
      for (const { knowledgeByPeer } of news) knowledgeByPeer.set(peer, 'told')
      sendIds(peer, this.#topic, news, out)
      left -= 1
    }
  }

  #isNews({ id, knowledgeByPeer }: CachedMessage, peer: PeerId, stage: AnnounceStage): boolean {
    if (knowledgeByPeer.has(peer)) return false
    return (
      stage === 2 ||
      (stage === 1 && this.#isCalm) ||
      this.#links.size <= ANNOUNCE_TO_ALL_MAX ||
      this.#isFirst(id, peer)
    )
  }

  /** Which end is first changes from message to message, so that either end can find a shortcut. */
  #isFirst(id: MessageId, peer: PeerId): boolean {
    return this.#context.self < peer === (hexDigit(id, id.length - 1) & 1) > 0
  }
}

function sendIds(to: PeerId, topic: TopicId, messages: readonly CachedMessage[], out: GossipEffect[]): void {
  for (let i = 0; i < messages.length; i += IDS_PER_FRAME_MAX) {
    const ids = messages.slice(i, i + IDS_PER_FRAME_MAX).map(({ id }) => id)
    out.push({ type: 'send', to, message: { type: 'IHAVE', topic, ids, reconcile: false }, lazy: true })
  }
}
