// Messages that were announced but have not come: who announced them, when to ask, and who was asked already.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { MISSING_MAX, MISSING_MS, MISSING_PER_LINK_MAX, PULL_AGAIN_MS } from '../limits.ts'
import type { MessageId, TopicId } from '../wire/messages.ts'

/** How a message was asked for: with a place in the tree, or without. */
export type Asking = 'grafted' | 'pulled'

export interface MissingMessage {
  readonly id: MessageId
  readonly topic: TopicId
  readonly since: Millis
  readonly firstAnnouncer: PeerId
  dueAt: Millis
  /** Who announced it and was not asked yet, in order of announcement. */
  readonly announcers: PeerId[]
  readonly askingByPeer: Map<PeerId, Asking>
}

/** At its bound a link's new ids are refused; at that of all, whoever named most loses one to who named fewer. */
export class Missing {
  readonly #messageById = new Map<MessageId, MissingMessage>()
  readonly #countByPeer = new Map<PeerId, number>()

  get size(): number {
    return this.#messageById.size
  }

  get(id: MessageId): MissingMessage | undefined {
    return this.#messageById.get(id)
  }

  /** Another announcement. Returns whether the id had no time to be asked for yet, so that a timer is needed. */
  announce(id: MessageId, topic: TopicId, from: PeerId, now: Millis, dueAt: Millis): boolean {
    const known = this.#messageById.get(id)
    if (known === undefined) return this.#add(id, topic, from, now, dueAt)?.announcers.push(from) === 1
    if (!known.announcers.includes(from) && !known.askingByPeer.has(from)) known.announcers.push(from)
    // Whoever was asked outside the tree need not answer.
    if (known.dueAt !== Number.POSITIVE_INFINITY || known.announcers.length === 0) return false
    known.dueAt = dueAt
    return true
  }

  /** The message was asked for outside the tree. Returns false where it may be on its way already. */
  pull(id: MessageId, topic: TopicId, from: PeerId, now: Millis): boolean {
    const message = this.#messageById.get(id) ?? this.#add(id, topic, from, now, Number.POSITIVE_INFINITY)
    if (message === null || message.askingByPeer.has(from)) return false
    if (message.askingByPeer.size > 0 && message.since + PULL_AGAIN_MS > now) return false
    message.askingByPeer.set(from, 'pulled')
    return true
  }

  /** Messages of a topic that are due and can still be asked for; those that cannot are dropped. */
  takeDue(topic: TopicId, now: Millis): MissingMessage[] {
    const due: MissingMessage[] = []
    for (const message of this.#messageById.values()) {
      if (message.topic !== topic || message.dueAt > now) continue
      if (message.announcers.length > 0) due.push(message)
      else this.remove(message.id)
    }
    return due
  }

  /** It came, or is no longer wanted. */
  remove(id: MessageId): MissingMessage | undefined {
    const message = this.#messageById.get(id)
    if (message === undefined) return undefined
    this.#messageById.delete(id)
    const left = (this.#countByPeer.get(message.firstAnnouncer) ?? 1) - 1
    if (left > 0) this.#countByPeer.set(message.firstAnnouncer, left)
    else this.#countByPeer.delete(message.firstAnnouncer)
    return message
  }

  forgetLink(peer: PeerId): void {
    for (const message of this.#messageById.values()) {
      const index = message.announcers.indexOf(peer)
      if (index >= 0) message.announcers.splice(index, 1)
      message.askingByPeer.delete(peer)
    }
  }

  forgetTopic(topic: TopicId): void {
    for (const message of this.#messageById.values()) if (message.topic === topic) this.remove(message.id)
  }

  expire(now: Millis): void {
    for (const message of this.#messageById.values())
      if (message.since + MISSING_MS <= now) this.remove(message.id)
  }

  /** Takes the oldest id of the link that named most, if those are more than `count`. */
  #makeRoom(count: number): boolean {
    let [most, peer]: [number, PeerId | null] = [count, null]
    for (const [other, named] of this.#countByPeer) if (named > most) [most, peer] = [named, other]
    if (peer === null) return false
    for (const message of this.#messageById.values())
      if (message.firstAnnouncer === peer) return this.remove(message.id) !== undefined
    return false
  }

  #add(id: MessageId, topic: TopicId, from: PeerId, now: Millis, dueAt: Millis): MissingMessage | null {
    const count = this.#countByPeer.get(from) ?? 0
    if (count >= MISSING_PER_LINK_MAX) return null
    if (this.#messageById.size >= MISSING_MAX && !this.#makeRoom(count + 1)) return null
    this.#countByPeer.set(from, count + 1)
    const message = {
      id,
      topic,
      since: now,
      firstAnnouncer: from,
      dueAt,
      announcers: [],
      askingByPeer: new Map(),
    }
    this.#messageById.set(id, message)
    return message
  }
}
