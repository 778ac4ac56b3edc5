// Whole messages on their way out: at our own will, and to whoever asks.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { MessageOf } from '../wire/messages.ts'
import type { GossipContext } from './gossip-context.ts'
import type { GossipEffect } from './gossip-contract.ts'
import type { CachedMessage } from './message-cache.ts'

/** Whether a copy would be news to the peer, as far as we know. */
export function isNewsTo(peer: PeerId, { author, knowledgeByPeer }: CachedMessage): boolean {
  return peer !== author && !knowledgeByPeer.has(peer)
}

/** Sends a message to those of the peers to whom it is news, as far as their links take it. Returns to how many. */
export function push(
  context: GossipContext,
  message: CachedMessage,
  peers: Iterable<PeerId>,
  now: Millis,
  out: GossipEffect[],
): number {
  let pushed = 0
  for (const peer of peers) {
    if (!isNewsTo(peer, message) || !context.sentCopies.take(peer, 1, now)) continue
    send(message, peer, out)
    pushed += 1
  }
  return pushed
}

/** Answers a GRAFT, as far as the link's rate allows. Who asks for what it has announced wants only the place in the tree. */
export function answerGraft(
  context: GossipContext,
  from: PeerId,
  { topic, ids, pullOnly }: MessageOf<'GRAFT'>,
  now: Millis,
  out: GossipEffect[],
): void {
  for (const id of ids) {
    const message = context.messages.get(id)
    if (message?.topic !== topic || (!pullOnly && message.knowledgeByPeer.get(from) === 'has')) continue
    const mayGraft = context.graftedBytes.take(from, message.frame.length, now)
    if (mayGraft && context.sentCopies.take(from, 1, now)) send(message, from, out)
  }
}

function send(message: CachedMessage, to: PeerId, out: GossipEffect[]): void {
  message.knowledgeByPeer.set(to, 'pushed')
  out.push({ type: 'forward', to, frame: message.frame })
}
