// Two members of a topic compare the ids of what came lately, and each fetches what it lacks: the backstop of the tree, and
// all there is of pulling.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { IDS_PER_FRAME_MAX, type MessageId, type TopicId } from '../wire/messages.ts'
import type { GossipContext } from './gossip-context.ts'
import type { GossipEffect } from './gossip-contract.ts'

/** Bytes of a message's id. */
const ID_BYTES = 16

export interface ReconciliationOptions {
  /** Milliseconds after a message in which we name it by ourselves, and go on comparing. */
  readonly recentMs: number
  /** The same in an answer. Shorter, because what the remote has just stopped naming is not what it lacks. */
  readonly answerMs: number
  /** Milliseconds in which a message is left to its own way. */
  readonly youngMs: number
  /** Whether an answer can itself be answered; if so only its address tells that it is one. */
  readonly answersCompare: boolean
}

export class Reconciliation {
  readonly #topic: TopicId
  readonly #context: GossipContext
  readonly #links: ReadonlySet<PeerId>
  readonly #options: ReconciliationOptions
  #lastMessageAt: Millis = Number.NEGATIVE_INFINITY
  /** Whose answer may still come. */
  #comparingWith: PeerId | null = null

  constructor(
    topic: TopicId,
    context: GossipContext,
    links: ReadonlySet<PeerId>,
    options: ReconciliationOptions,
  ) {
    this.#topic = topic
    this.#context = context
    this.#links = links
    this.#options = options
  }

  /** A message came, or is ours. */
  heard(now: Millis): void {
    this.#lastMessageAt = now
  }

  /** Without traffic there is nothing to compare, and silence is free. */
  isActive(now: Millis): boolean {
    return this.#lastMessageAt + this.#options.recentMs > now
  }

  /** Sends recent ids to a link chosen by chance. Where there are none only a newcomer does, for the sake of the answer. */
  begin(now: Millis, out: GossipEffect[], isNew = false): void {
    this.#comparingWith = null
    if (this.#links.size === 0) return
    const peer = [...this.#links][this.#context.random.u32() % this.#links.size] as PeerId
    const ids = this.#recent(this.#options.recentMs, now)
    if (ids.length === 0 && !isNew) return
    if (this.#options.answersCompare) this.#comparingWith = peer
    this.#send(peer, ids, true, out)
  }

  /** Fetches what we lack, and names what the remote lacks unless this is its answer to us. */
  compare(from: PeerId, ids: readonly MessageId[], now: Millis, out: GossipEffect[]): void {
    this.fetch(from, ids, now, out)
    if (this.#comparingWith === from) this.#comparingWith = null
    else this.#answer(from, ids, now, out)
  }

  /** Asks the remote for those of its messages that we lack. */
  fetch(from: PeerId, named: readonly MessageId[], now: Millis, out: GossipEffect[]): void {
    const { missing } = this.#context
    const ids = named.filter((id) => !this.#context.isKnown(id) && missing.pull(id, this.#topic, from, now))
    if (ids.length === 0) return
    out.push({ type: 'send', to: from, message: { type: 'GRAFT', topic: this.#topic, ids, pullOnly: true } })
  }

  #answer(from: PeerId, ids: readonly MessageId[], now: Millis, out: GossipEffect[]): void {
    const theirs = new Set(ids)
    const unnamed = this.#recent(this.#options.answerMs, now).filter((id) => !theirs.has(id))
    const bytes = unnamed.length * ID_BYTES
    if (bytes > 0 && this.#context.graftedBytes.take(from, bytes, now))
      this.#send(from, unnamed, this.#options.answersCompare, out)
  }

  #recent(windowMs: number, now: Millis): MessageId[] {
    const { youngMs } = this.#options
    return this.#context.messages.recent(this.#topic, now - windowMs, now - youngMs, IDS_PER_FRAME_MAX)
  }

  #send(to: PeerId, ids: readonly MessageId[], reconcile: boolean, out: GossipEffect[]): void {
    out.push({ type: 'send', to, message: { type: 'IHAVE', topic: this.#topic, ids, reconcile } })
  }
}
