// Ids of messages for the links that did not get the messages themselves. Most of what a topic costs is these, so they
// are gathered, and sent in three stages, each to fewer peers that may still lack the message.

import type { PeerId } from '../identity/peer-id.ts'
import {
  ANNOUNCE_TO_ALL_MAX,
  ANNOUNCEMENTS_MAX,
  HURRIED_LINKS_MAX,
  HURRY_MESSAGES,
  PATIENT_TURNS,
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
 * Of the two ends of a link one is first, and the other announces only at last, where it has heard nothing: else both
 * would, since an announcement travels longer than it is gathered. In a busy topic a few of the first ends announce soon,
 * and the rest a second later, with many ids in each frame, unless messages are missed.
 */
export class Announcements {
  readonly #topic: TopicId
  readonly #context: GossipContext
  readonly #links: ReadonlySet<PeerId>
  readonly #gathered: [CachedMessage[], CachedMessage[], CachedMessage[]] = [[], [], []]
  #turnsWaited = 0
  #isHurried = false

  constructor(topic: TopicId, context: GossipContext, links: ReadonlySet<PeerId>) {
    this.#topic = topic
    this.#context = context
    this.#links = links
  }

  add(message: CachedMessage): void {
    this.#gather(0, [message])
  }

  /** Somebody had to ask for a message, so the tree has holes: what waits is announced at its next turn. */
  hurry(): void {
    this.#isHurried = true
  }

  send(stage: AnnounceStage, out: GossipEffect[]): void {
    if (stage === 1 && this.#passesTurn()) return void this.#context.announcing[1].add(this.#topic)
    const messages = this.#gathered[stage]
    const linksMax = stage === 0 && this.#isBusy ? HURRIED_LINKS_MAX : this.#links.size
    this.#gathered[stage] = []
    this.#sendTo(messages, stage, linksMax, out)
    if (stage < 2) this.#gather((stage + 1) as AnnounceStage, messages)
  }

  /** Counts the turns that the second stage lets pass. The last one follows it, with as many ids in each frame. */
  #passesTurn(): boolean {
    if (this.#isBusy && !this.#isHurried && this.#turnsWaited++ < PATIENT_TURNS) return true
    this.#isHurried = false
    this.#turnsWaited = 0
    return false
  }

  get #isBusy(): boolean {
    return this.#gathered[0].length + this.#gathered[1].length > HURRY_MESSAGES
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
    return stage === 2 || this.#links.size <= ANNOUNCE_TO_ALL_MAX || this.#isFirst(id, peer)
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
