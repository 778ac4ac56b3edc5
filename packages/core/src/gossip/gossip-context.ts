// What the parts of gossip share, so that each message is remembered once.

import type { Random } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { LinkView } from '../machine.ts'
import type { RecentSet } from '../recent-set.ts'
import type { TokenBuckets } from '../token-buckets.ts'
import type { MessageId, TopicId } from '../wire/messages.ts'
import type { TreeCount } from './author-trees.ts'
import type { CachedMessage, MessageCache } from './message-cache.ts'
import type { Missing } from './missing.ts'
import type { Topic } from './topic.ts'

export interface GossipContext {
  readonly self: PeerId
  readonly links: LinkView
  readonly random: Random
  /** Ids of verified messages. */
  readonly seen: RecentSet<MessageId>
  /** Ids of what can never be new: our own, replays. Asked before fetching alone, never of a copy. */
  readonly refused: RecentSet<MessageId>
  readonly messages: MessageCache
  readonly missing: Missing
  /** What each link may still graft. */
  readonly graftedBytes: TokenBuckets
  /** Messages that each link still takes from us. */
  readonly sentCopies: TokenBuckets
  /** Topics with ids to announce, by stage. */
  readonly announcing: readonly [Set<TopicId>, Set<TopicId>, Set<TopicId>]
  readonly treeCount: TreeCount
  isLinked(peer: PeerId): boolean
  topicOf(id: TopicId): Topic | undefined
  /** Whether a message came already, verified or not yet. */
  isKnown(id: MessageId): boolean
  /** Remembers a message. */
  keep(message: CachedMessage): void
}
