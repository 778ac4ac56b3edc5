// The strategy `epidemic`: whole messages to a few links chosen by chance, and ids compared with one of them now and then.

import type { Millis } from '../contract.ts'
import { draw } from '../draw.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { GOSSIP_HOPS_MAX, PULL_ROUNDS, PULL_ROUNDS_MS_MAX, RECONCILE_YOUNG_MS } from '../limits.ts'
import { ttlOf } from '../wire/codec.ts'
import type { MessageOf, TopicId } from '../wire/messages.ts'
import { answerGraft, isNewsTo, push } from './copies.ts'
import type { GossipContext } from './gossip-context.ts'
import type { GossipEffect } from './gossip-contract.ts'
import type { CachedMessage } from './message-cache.ts'
import { Reconciliation, type ReconciliationOptions } from './reconciliation.ts'
import type { Spread } from './spread.ts'
import type { EpidemicStrategy } from './strategy.ts'

/**
 * Rumours and anti-entropy (Demers et al., PODC 1987), the rumours bounded by a TTL and thinned by a probability.
 *
 * Push: whoever gets a message first sends it to `fanout` links. Pull: every member asks a link with the ids it has, and
 * gets what it lacks. One difference: the asked learns from these ids what it lacks itself and fetches that, because
 * members of an idle topic ask nobody, and would never hear of the first message. Neighbours whose strategy is `tree` see
 * a link that takes what it is sent, answers whom it is asked by, and announces nothing by itself.
 */
export class Epidemic implements Spread {
  readonly #topic: TopicId
  readonly #context: GossipContext
  readonly #options: EpidemicStrategy
  readonly #links = new Set<PeerId>()
  readonly #reconciliation: Reconciliation
  /** When the next pull is due; null while the topic is idle. */
  #pullAt: Millis | null = null

  constructor(topic: TopicId, context: GossipContext, options: EpidemicStrategy) {
    this.#topic = topic
    this.#context = context
    this.#options = options
    this.#reconciliation = new Reconciliation(topic, context, this.#links, reconciliationOf(options))
  }

  get size(): number {
    return this.#links.size
  }

  get eager(): number {
    return this.#options.mode === 'pull' ? 0 : Math.min(this.#options.fanout, this.size)
  }

  has(peer: PeerId): boolean {
    return this.#links.has(peer)
  }

  peers(): IterableIterator<PeerId> {
    return this.#links.values()
  }

  addLink(peer: PeerId): void {
    this.#links.add(peer)
  }

  removeLink(peer: PeerId): void {
    this.#links.delete(peer)
  }

  // Messages

  /** Nothing goes to all links. */
  isDirect(): boolean {
    return false
  }

  publish(message: CachedMessage, now: Millis, out: GossipEffect[]): number {
    this.#heard(now, out)
    return this.#push(message, 1, now, out)
  }

  receive(message: CachedMessage, now: Millis, out: GossipEffect[]): void {
    this.#heard(now, out)
    if (this.#mayTravel(message.frame)) this.#push(message, this.#options.probability, now, out)
  }

  resume(message: CachedMessage, spent: Uint8Array, now: Millis, out: GossipEffect[]): void {
    if (this.#mayTravel(message.frame) && !this.#mayTravel(spent))
      this.#push(message, this.#options.probability, now, out)
  }

  duplicate(message: CachedMessage | undefined, from: PeerId): void {
    message?.knowledgeByPeer.set(from, 'has')
  }

  /** Without `reconcile` it is an answer, or a tree's lazy announcement: whatever our mode, it is the cheapest way to a message. */
  announced(from: PeerId, { ids, reconcile }: MessageOf<'IHAVE'>, now: Millis, out: GossipEffect[]): void {
    for (const id of ids) this.#context.messages.get(id)?.knowledgeByPeer.set(from, 'has')
    if (reconcile) this.#reconciliation.compare(from, ids, now, out)
    else this.#reconciliation.fetch(from, ids, now, out)
  }

  /** There are no places to give: a tree's GRAFT gets the messages, or nothing. */
  grafted(from: PeerId, graft: MessageOf<'GRAFT'>, now: Millis, out: GossipEffect[]): void {
    answerGraft(this.#context, from, graft, now, out)
  }

  pruned(): void {}

  // Timers

  /** A pull. Late and doubled timers find that it is not due. */
  fetchDue(now: Millis, out: GossipEffect[]): void {
    if (this.#pullAt === null || now < this.#pullAt) return
    this.#pullAt = null
    if (!this.#reconciliation.isActive(now)) return
    this.#reconciliation.begin(now, out)
    this.#schedulePull(now, out)
  }

  announce(): void {}

  /** Pulls are the backstop. */
  reconcile(): boolean {
    return false
  }

  expire(): void {}

  close(): void {}

  // Inside

  #heard(now: Millis, out: GossipEffect[]): void {
    this.#reconciliation.heard(now)
    this.#schedulePull(now, out)
  }

  /** The TTL is already less by one, for the link that it takes next. */
  #mayTravel(frame: Uint8Array): boolean {
    return GOSSIP_HOPS_MAX - ttlOf(frame) < this.#options.ttl
  }

  #push(message: CachedMessage, probability: number, now: Millis, out: GossipEffect[]): number {
    const { random } = this.#context
    const lacking = [...this.#links].filter((peer) => isNewsTo(peer, message))
    const chosen = draw(lacking, this.eager, random)
    const lucky = chosen.filter(() => random.u32() < probability * 2 ** 32)
    return push(this.#context, message, lucky, now, out)
  }

  /** Spread over a whole period, because one message starts the timers of all members. */
  #schedulePull(now: Millis, out: GossipEffect[]): void {
    const { mode, pullEveryMs } = this.#options
    if (mode === 'push' || this.#pullAt !== null) return
    const afterMs = (pullEveryMs >> 1) + (this.#context.random.u32() % pullEveryMs)
    this.#pullAt = now + afterMs
    out.push({ type: 'set-timer', afterMs, timer: { type: 'fetch', topic: this.#topic } })
  }
}

/** While messages are pushed, the youngest are left to that. Answers are final: periods may be shorter than round trips. */
function reconciliationOf({ mode, pullEveryMs }: EpidemicStrategy): ReconciliationOptions {
  const youngMs = mode === 'pull' ? 0 : RECONCILE_YOUNG_MS
  const roundsMs = Math.min(PULL_ROUNDS * pullEveryMs, PULL_ROUNDS_MS_MAX)
  return {
    recentMs: youngMs + 2 * roundsMs,
    answerMs: youngMs + roundsMs,
    youngMs,
    answersCompare: false,
  }
}
