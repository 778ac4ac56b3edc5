// What happens to a copy that a link brings, up to the moment where it is a genuine message of the topic's tree.

import type { Millis } from '../contract.ts'
import { isAcceptable } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  COPIES_PER_LINK_BURST,
  COPIES_PER_LINK_PER_SECOND,
  DIRECT_PAYLOAD_BYTES_MAX,
  GOSSIP_HOPS_MAX,
  LINKS_MAX,
} from '../limits.ts'
import { TokenBuckets } from '../token-buckets.ts'
import { FLAG_DIRECT, type Frame, ttlOf, withTtl } from '../wire/codec.ts'
import type { MessageId } from '../wire/messages.ts'
import { Authors, type Sequence } from './authors.ts'
import { type GossipMessage, messageIdOf, signedBytes } from './envelope.ts'
import type { GossipContext } from './gossip-context.ts'
import type { GossipEffect } from './gossip-contract.ts'
import type { CachedMessage, Knowledge } from './message-cache.ts'
import type { MissingMessage } from './missing.ts'
import type { ParkedCopy, Parking } from './parking.ts'
import type { Topic } from './topic.ts'

interface Copy {
  readonly from: PeerId
  readonly frame: Frame
}

/**
 * Cheap questions first: the link's rate, whether the message came already, whether it can be new, its author's work.
 * Only then is its signature checked, and only then is it marked seen, so that no forged copy can censor a message.
 */
export class Reception {
  readonly #context: GossipContext
  readonly #domain: Uint8Array
  readonly #workBits: number
  readonly #authors = new Authors()
  readonly #parking: Parking
  readonly #copiesByLink = new TokenBuckets(COPIES_PER_LINK_BURST, COPIES_PER_LINK_PER_SECOND, LINKS_MAX)
  #copies = 0
  #first = 0

  constructor(context: GossipContext, options: { domain: Uint8Array; workBits: number; parking: Parking }) {
    this.#context = context
    this.#domain = options.domain
    this.#workBits = options.workBits
    this.#parking = options.parking
  }

  /** Copies received, and messages that were new. */
  get counts(): { copies: number; first: number } {
    return { copies: this.#copies, first: this.#first }
  }

  tables() {
    return { gossipAuthors: this.#authors.size }
  }

  receive(from: PeerId, frame: Frame, now: Millis, out: GossipEffect[]): void {
    const message = frame.message as GossipMessage
    const topic = this.#context.topicOf(message.topic)
    this.#copies += 1
    if (topic === undefined) return
    if (!this.#copiesByLink.take(from, 1, now))
      return void out.push({ type: 'offence', peer: from, offence: 'flood' })
    const id = messageIdOf(frame.bytes)
    if (this.#context.seen.has(id)) {
      this.#onDuplicate(topic, id, { from, frame }, now, out)
    } else if (this.#isWanted(message)) {
      this.#park({ id, frame, message, senders: [from] }, now, out)
    } else {
      this.#context.refused.add(id)
      this.#context.missing.remove(id)
    }
  }

  #onDuplicate(topic: Topic, id: MessageId, { from, frame }: Copy, now: Millis, out: GossipEffect[]): void {
    const known = this.#context.messages.get(id)
    topic.spread.duplicate(known, from, now, out)
    const ttl = hopsLeftOf(frame) - 1
    if (known === undefined || ttl <= ttlOf(known.frame)) return
    const spent = known.frame
    known.frame = withTtl(frame.bytes, ttl)
    topic.spread.resume(known, spent, now, out)
  }

  /** A late or unknown token is a no-op. */
  verified(token: string, isValid: boolean, now: Millis, out: GossipEffect[]): void {
    const settled = this.#parking.settle(token, isValid)
    if (settled === null) return
    if (isValid) return this.#accept(settled.copy, now, out)
    this.#context.missing.remove(settled.copy.id)
    for (const peer of settled.copy.senders) out.push({ type: 'offence', peer, offence: 'bad-signature' })
    if (settled.next !== null) this.#verify(settled.nextToken, settled.next, out)
  }

  /** Nobody but us publishes in our name, and what was replayed is not new. */
  #isWanted(message: GossipMessage): boolean {
    return message.author.id !== this.#context.self && this.#authors.isFresh(sequenceOf(message))
  }

  #park(copy: ParkedCopy, now: Millis, out: GossipEffect[]): void {
    if (!isAcceptable(copy.message.author, this.#workBits)) {
      return void out.push({ type: 'offence', peer: copy.senders[0] as PeerId, offence: 'bad-work' })
    }
    const token = this.#parking.park(copy, now)
    if (token !== null) this.#verify(token, copy, out)
  }

  #verify(token: string, { frame, message, senders }: ParkedCopy, out: GossipEffect[]): void {
    out.push({
      type: 'verify',
      token,
      key: message.author.signingKey,
      bytes: signedBytes(this.#domain, frame.bytes),
      signature: message.signature,
      cause: senders[0] as PeerId,
    })
  }

  /** The author's rate is charged here, where nobody else can spend it. */
  #accept(copy: ParkedCopy, now: Millis, out: GossipEffect[]): void {
    const { id, message, senders } = copy
    const missing = this.#context.missing.remove(id)
    const topic = this.#context.topicOf(message.topic)
    if (topic === undefined) return
    this.#context.seen.add(id)
    if (!this.#authors.accept(sequenceOf(message), now)) return
    const cached = cachedMessage(copy, missing, now)
    this.#first += 1
    this.#context.keep(cached)
    if (topic.isSubscribed) deliver(topic, copy, out)
    topic.spread.receive(cached, now, out)
    for (const other of senders.slice(1)) topic.spread.duplicate(cached, other, now, out)
    // Who comes back may have lost everything.
    for (const peer of senders) if (!this.#context.isLinked(peer)) cached.knowledgeByPeer.delete(peer)
  }
}

function deliver(topic: Topic, { id, frame, message }: ParkedCopy, out: GossipEffect[]): void {
  const { author, payload } = message
  const hops = 1 + GOSSIP_HOPS_MAX - hopsLeftOf(frame)
  out.push({
    type: 'event',
    event: { type: 'message', topic: topic.name ?? topic.id, from: author.id, id, payload, hops },
  })
}

/** The frame is copied, because a received one is a view that would keep its whole channel message in memory. */
function cachedMessage(copy: ParkedCopy, missing: MissingMessage | undefined, now: Millis): CachedMessage {
  const { id, frame, message, senders } = copy
  return {
    id,
    topic: message.topic,
    author: message.author.id,
    frame: withTtl(frame.bytes, Math.max(hopsLeftOf(frame) - 1, 0)),
    isDirect: isDirect(frame, message),
    at: now,
    source: senders[0] as PeerId,
    announcedAt: missing?.since ?? null,
    firstAnnouncer: missing?.announcers[0] ?? null,
    knowledgeByPeer: knowledgeOf(senders, missing),
  }
}

function knowledgeOf(
  senders: readonly PeerId[],
  missing: MissingMessage | undefined,
): Map<PeerId, Knowledge> {
  const knowledge = new Map<PeerId, Knowledge>(missing?.askingByPeer)
  for (const peer of missing?.announcers ?? []) knowledge.set(peer, 'has')
  for (const peer of senders) if (!knowledge.has(peer)) knowledge.set(peer, 'has')
  return knowledge
}

function sequenceOf({ topic, author, boot, counter }: GossipMessage): Sequence {
  return { topic, author: author.id, boot, counter }
}

/** No signature covers the flag: on a larger message, whoever set it, it means nothing (GS-10). */
function isDirect({ flags }: Frame, { payload }: GossipMessage): boolean {
  return (flags & FLAG_DIRECT) !== 0 && payload.length <= DIRECT_PAYLOAD_BYTES_MAX
}

/** Its TTL as far as any author's may go. */
function hopsLeftOf(frame: Frame): number {
  return Math.min(frame.ttl, GOSSIP_HOPS_MAX)
}
