// How often a message was handed around: the sum over all running peers.

import type { Network } from '../network.ts'

export interface GossipCounts {
  /** Copies of messages that came in, repeated ones included. */
  readonly copies: number
  /** Messages that came in for the first time. */
  readonly first: number
}

export function gossipCounts(network: Network): GossipCounts {
  let copies = 0
  let first = 0
  for (const host of network.running()) {
    const { gossip } = host.snapshot()
    copies += gossip.copies
    first += gossip.first
  }
  return { copies, first }
}
