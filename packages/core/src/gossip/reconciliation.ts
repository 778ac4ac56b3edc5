// The backstop of the tree: two members compare the ids of what came lately, and each fetches what it lacks.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { RECONCILE_MS, RECONCILE_RECENT_MS, RECONCILE_YOUNG_MS } from '../limits.ts'
import { IDS_PER_FRAME_MAX, type MessageId } from '../wire/messages.ts'
import type { GossipContext } from './gossip-context.ts'
import type { GossipEffect } from './gossip-contract.ts'
import type { Topic } from './topic.ts'

export class Reconciliation {
  readonly #context: GossipContext

  constructor(context: GossipContext) {
    this.#context = context
  }

  /** Without traffic there is nothing to compare, and silence is free. */
  isActive(topic: Topic, now: Millis): boolean {
    return topic.lastMessageAt + RECONCILE_RECENT_MS > now
  }

  /** Sends the ids of the last minute to a link chosen by chance. */
  begin(topic: Topic, now: Millis, out: GossipEffect[]): void {
    topic.reconcilingWith = null
    if (topic.tree.size === 0) return
    const peer = [...topic.tree.peers()][this.#context.random.u32() % topic.tree.size] as PeerId
    const ids = this.#recent(topic, RECONCILE_RECENT_MS, now)
    if (ids.length === 0) return
    topic.reconcilingWith = peer
    this.#send(peer, topic, ids, out)
  }

  /** Fetches what we lack, and names what the remote lacks unless this is its answer to us. */
  compare(topic: Topic, from: PeerId, ids: readonly MessageId[], now: Millis, out: GossipEffect[]): void {
    const lacked = ids.filter(
      (id) => !this.#context.isKnown(id) && this.#context.missing.pull(id, topic.id, from, now),
    )
    if (lacked.length > 0) {
      out.push({
        type: 'send',
        to: from,
        message: { type: 'GRAFT', topic: topic.id, ids: lacked, pullOnly: true },
      })
    }
    if (topic.reconcilingWith === from) topic.reconcilingWith = null
    else this.#answer(topic, from, ids, now, out)
  }

  /** Our window is a round shorter than the remote's: what it has just stopped naming is not what it lacks. */
  #answer(topic: Topic, from: PeerId, ids: readonly MessageId[], now: Millis, out: GossipEffect[]): void {
    const theirs = new Set(ids)
    const unnamed = this.#recent(topic, RECONCILE_RECENT_MS - RECONCILE_MS, now).filter(
      (id) => !theirs.has(id),
    )
    if (unnamed.length > 0) this.#send(from, topic, unnamed, out)
  }

  #recent(topic: Topic, windowMs: number, now: Millis): MessageId[] {
    return this.#context.messages.recent(
      topic.id,
      now - windowMs,
      now - RECONCILE_YOUNG_MS,
      IDS_PER_FRAME_MAX,
    )
  }

  #send(to: PeerId, topic: Topic, ids: readonly MessageId[], out: GossipEffect[]): void {
    out.push({ type: 'send', to, message: { type: 'IHAVE', topic: topic.id, ids, reconcile: true } })
  }
}
