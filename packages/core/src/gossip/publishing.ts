// Our own messages: signed, held back until the topic has a link, and handed to the tree.

import type { Millis, OpId } from '../contract.ts'
import type { FailureCode } from '../errors.ts'
import type { Contact } from '../identity/contact.ts'
import { GOSSIP_HOPS_MAX, PAYLOAD_BYTES_MAX, SUBSCRIBE_LIFE_MS } from '../limits.ts'
import type { TopicId } from '../wire/messages.ts'
import { asDirect, draftFrame, messageIdOf, signedBytes } from './envelope.ts'
import type { GossipContext } from './gossip-context.ts'
import type { GossipEffect, PublishInput } from './gossip-contract.ts'
import type { CachedMessage } from './message-cache.ts'
import { type Publication, PublishQueue } from './publish-queue.ts'
import { type GossipStrategy, TREE } from './strategy.ts'
import type { Subscriptions } from './subscriptions.ts'
import { type Topic, topicOf } from './topic.ts'

export interface PublishingOptions {
  readonly self: Contact
  readonly networkId: string
  readonly domain: Uint8Array
}

export class Publishing {
  readonly #options: PublishingOptions
  readonly #context: GossipContext
  readonly #subscriptions: Subscriptions
  readonly #queue = new PublishQueue()
  #bootId = 0
  /** One each, because receivers remember only so many counters beside the newest. */
  readonly #counterByTopic = new Map<TopicId, number>()
  #published = 0

  constructor(options: PublishingOptions, context: GossipContext, subscriptions: Subscriptions) {
    this.#options = options
    this.#context = context
    this.#subscriptions = subscriptions
  }

  get published(): number {
    return this.#published
  }

  tables() {
    return { gossipPublishing: this.#queue.size }
  }

  start(bootId: number): void {
    this.#bootId = bootId
  }

  publish(input: PublishInput, now: Millis, out: GossipEffect[]): void {
    const { op, payload, deadlineMs, strategy = TREE } = input
    if (payload.length > PAYLOAD_BYTES_MAX) {
      return fail(
        op,
        'TOO_LARGE',
        `a message holds at most ${PAYLOAD_BYTES_MAX} bytes, this one has ${payload.length}`,
        out,
      )
    }
    if (!this.#queue.hasRoom(payload.length))
      return fail(op, 'BUSY', 'too many messages wait to be published', out)
    const topic = this.#member(input.topic, strategy, now, out)
    const draft = this.#draft(topic, payload)
    const waiting = {
      op,
      topicName: input.topic,
      strategy,
      topic: topic.id,
      payloadBytes: payload.length,
      frame: draft,
      isSigned: false,
    }
    const token = this.#queue.add(waiting)
    out.push({ type: 'sign', token, bytes: signedBytes(this.#options.domain, draft) })
    out.push({ type: 'set-timer', afterMs: deadlineMs, timer: { type: 'deadline', op } })
  }

  signed(token: string, signature: Uint8Array): void {
    this.#queue.sign(token, signature)
  }

  cancel(op: OpId): void {
    this.#queue.remove(op)
  }

  deadline(op: OpId, out: GossipEffect[]): void {
    if (this.#queue.remove(op) === undefined) return
    if (this.#subscriptions.links === 0) return fail(op, 'NO_PEERS', 'no link until the deadline', out)
    fail(op, 'TIMEOUT', 'not signed and handed out until the deadline', out)
  }

  /** Hands out what is signed and has a link to go to. Called after every input. */
  flush(now: Millis, out: GossipEffect[]): void {
    if (this.#subscriptions.links === 0) return
    for (const publication of this.#queue.signed()) {
      const topic = this.#member(publication.topicName, publication.strategy, now, out)
      if (topic.spread.size === 0) continue
      this.#queue.remove(publication.op)
      this.#handOut(topic, publication, now, out)
    }
  }

  /** The publisher of a topic that it does not subscribe to is a member for a while, so that its message finds the others. */
  #member(name: string, strategy: GossipStrategy, now: Millis, out: GossipEffect[]): Topic {
    const named = { ...topicOf(this.#options.networkId, name), name, strategy }
    const known = this.#context.topicOf(named.id)
    return known?.isSubscribed ? known : this.#subscriptions.hold(named, now + SUBSCRIBE_LIFE_MS, now, out)
  }

  #draft({ id }: Topic, payload: Uint8Array): Uint8Array {
    const counter = this.#counterByTopic.get(id) ?? 0
    this.#counterByTopic.set(id, counter + 1)
    const envelope = {
      topic: id,
      author: this.#options.self,
      boot: this.#bootId,
      counter,
      payload,
    }
    return draftFrame(envelope, GOSSIP_HOPS_MAX)
  }

  #handOut(topic: Topic, publication: Publication, now: Millis, out: GossipEffect[]): void {
    const message = this.#message(topic, publication, now)
    this.#published += 1
    this.#context.seen.add(message.id)
    this.#context.keep(message)
    const recipients = topic.spread.publish(message, now, out)
    out.push({ type: 'done', op: publication.op, value: { id: message.id, recipients } })
  }

  #message(topic: Topic, { payloadBytes, frame }: Publication, now: Millis): CachedMessage {
    const isDirect = topic.spread.isDirect(payloadBytes)
    return {
      id: messageIdOf(frame),
      topic: topic.id,
      author: this.#context.self,
      frame: isDirect ? asDirect(frame) : frame,
      isDirect,
      at: now,
      source: null,
      announcedAt: null,
      firstAnnouncer: null,
      knowledgeByPeer: new Map(),
    }
  }
}

function fail(op: OpId, code: FailureCode, message: string, out: GossipEffect[]): void {
  out.push({ type: 'failed', op, code, message })
}
