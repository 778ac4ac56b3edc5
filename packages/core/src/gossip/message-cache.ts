// Verified messages of the last minutes, to answer GRAFT and to reconcile, with what each linked peer has to do with them.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  KNOWLEDGE_MS,
  MESSAGES_CACHED_BYTES_MAX,
  MESSAGES_CACHED_MAX,
  MESSAGES_CACHED_MS,
} from '../limits.ts'
import type { MessageId, TopicId } from '../wire/messages.ts'

/**
 * What is known of a linked peer and a message: it sent or announced it (`has`), we announced it (`told`) or sent it
 * (`pushed`), or we asked for it without changing the tree (`pulled`) or with (`grafted`), so that a copy may follow.
 */
export type Knowledge = 'has' | 'told' | 'pushed' | 'pulled' | 'grafted'

export interface CachedMessage {
  readonly id: MessageId
  readonly topic: TopicId
  readonly author: PeerId
  /** As it goes out: TTL already less by one. Nobody signs the TTL, so a copy with more of it takes the place of one with less. */
  frame: Uint8Array
  /** Published to all links at once. */
  readonly isDirect: boolean
  readonly at: Millis
  /** Who sent the first copy; null for our own. */
  readonly source: PeerId | null
  /** When it was first announced to us, where that was before it came. */
  readonly announcedAt: Millis | null
  /** Who did so first, and was not asked since. */
  readonly firstAnnouncer: PeerId | null
  readonly knowledgeByPeer: Map<PeerId, Knowledge>
}

/** In order of arrival. At a bound the oldest message is dropped. */
export class MessageCache {
  readonly #messageById = new Map<MessageId, CachedMessage>()
  /** The same, to be read from the newest. */
  readonly #messages: CachedMessage[] = []
  #bytes = 0

  get size(): number {
    return this.#messageById.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(id: MessageId): CachedMessage | undefined {
    return this.#messageById.get(id)
  }

  add(message: CachedMessage): void {
    this.#messageById.set(message.id, message)
    this.#messages.push(message)
    this.#bytes += message.frame.length
    while (this.#messageById.size > MESSAGES_CACHED_MAX || this.#bytes > MESSAGES_CACHED_BYTES_MAX)
      this.#dropOldest()
  }

  /** Ids of a topic's messages that came after `from` and not after `to`: the newest `count`, oldest first. */
  recent(topic: TopicId, from: Millis, to: Millis, count: number): MessageId[] {
    const ids: MessageId[] = []
    for (let i = this.#messages.length - 1; i >= 0 && ids.length < count; i--) {
      const message = this.#messages[i] as CachedMessage
      if (message.at <= from) break
      if (message.topic === topic && message.at <= to) ids.push(message.id)
    }
    return ids.reverse()
  }

  /** A peer that comes back may have lost everything. */
  forgetLink(peer: PeerId): void {
    for (const { knowledgeByPeer } of this.#messages) knowledgeByPeer.delete(peer)
  }

  /** What peers have to do with a message is of use while it spreads; it takes more memory than the message. */
  expire(now: Millis): void {
    for (const { at, knowledgeByPeer } of this.#messageById.values()) {
      if (at + KNOWLEDGE_MS > now) return
      // Clearing a map takes a new table, even where it is empty; nearly all are.
      if (knowledgeByPeer.size > 0) knowledgeByPeer.clear()
      if (at + MESSAGES_CACHED_MS <= now) this.#dropOldest()
    }
  }

  #dropOldest(): void {
    const oldest = this.#messages.shift()
    if (oldest === undefined) return
    this.#messageById.delete(oldest.id)
    this.#bytes -= oldest.frame.length
  }
}
