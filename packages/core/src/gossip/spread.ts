// What a topic asks of its strategy: which links get whole messages, which get ids, and what is fetched. Whether a message
// is genuine was decided before, and who the links are is decided elsewhere.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { MessageOf } from '../wire/messages.ts'
import type { AnnounceStage } from './announcements.ts'
import type { GossipEffect } from './gossip-contract.ts'
import type { CachedMessage } from './message-cache.ts'

/** How the messages of one topic travel over its links. Every message is handed in once, its other copies as duplicates. */
export interface Spread {
  /** Links of the topic. */
  readonly size: number
  /** Links that get a whole message at once. */
  readonly eager: number
  has(peer: PeerId): boolean
  peers(): IterableIterator<PeerId>
  addLink(peer: PeerId, out: GossipEffect[]): void
  removeLink(peer: PeerId, out: GossipEffect[]): void
  /** Whether a message of ours goes to all links at once. */
  isDirect(payloadBytes: number): boolean
  /** Hands out our own message. Returns to how many links. */
  publish(message: CachedMessage, now: Millis, out: GossipEffect[]): number
  /** The first copy of a verified message. */
  receive(message: CachedMessage, now: Millis, out: GossipEffect[]): void
  /** It has come again with more TTL than `spent` has, which was its frame until now. */
  resume(message: CachedMessage, spent: Uint8Array, now: Millis, out: GossipEffect[]): void
  /** Another copy, of `message` where it is still in the cache. */
  duplicate(message: CachedMessage | undefined, from: PeerId, now: Millis, out: GossipEffect[]): void
  /** Ids that the remote has; with `reconcile` it wants to hear which it lacks. */
  announced(from: PeerId, message: MessageOf<'IHAVE'>, now: Millis, out: GossipEffect[]): void
  grafted(from: PeerId, message: MessageOf<'GRAFT'>, now: Millis, out: GossipEffect[]): void
  pruned(from: PeerId): void
  /** The `fetch` timer of the topic. */
  fetchDue(now: Millis, out: GossipEffect[]): void
  /** The `ihave` timer of a stage in which the topic takes part. */
  announce(stage: AnnounceStage, out: GossipEffect[]): void
  /** The turn of the backstop that all topics share. Returns whether there is traffic to be looked after. */
  reconcile(now: Millis, out: GossipEffect[]): boolean
  /** Forgets what nobody used for long. */
  expire(now: Millis): void
  /** The topic has ended, or another strategy takes over. */
  close(): void
}
