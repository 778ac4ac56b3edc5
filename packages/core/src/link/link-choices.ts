// Small decisions about one link that need no state: how closely it is watched, how it compares, how it looks to people.

import type { PeerId } from '../identity/peer-id.ts'
import { LEAF_KEEPALIVE_MS, LEAF_SILENCE_MS, LINK_KEEPALIVE_MS, LINK_SILENCE_MS } from '../limits.ts'
import { LINK_REASONS, type LinkReason } from '../peer/calls.ts'
import type { LinkSnapshot } from '../peer/snapshot.ts'
import type { Connection } from './connection.ts'

/** Reasons for which a link is never given up to make room. */
const KEPT = LINK_REASONS.leaf | LINK_REASONS.transfer

/** Leaf links between visible tabs are watched closely: routing around a dead neighbour starts when its death is known. */
export function watchFor(close: boolean): { keepaliveMs: number; silenceMs: number } {
  return close
    ? { keepaliveMs: LEAF_KEEPALIVE_MS, silenceMs: LEAF_SILENCE_MS }
    : { keepaliveMs: LINK_KEEPALIVE_MS, silenceMs: LINK_SILENCE_MS }
}

/** The link to give up first: wanted by nobody, then by one side, then by both; never a leaf or a transfer. */
export function leastWanted(primaryByPeer: ReadonlyMap<PeerId, Connection>): PeerId | null {
  let best: PeerId | null = null
  let bestWorth = Number.POSITIVE_INFINITY
  for (const [peer, { ourReasons, theirReasons, isUsable }] of primaryByPeer) {
    if (!isUsable || ((ourReasons | theirReasons) & KEPT) !== 0) continue
    const worth = (ourReasons !== 0 ? 2 : 0) + (theirReasons !== 0 ? 1 : 0)
    if (worth >= bestWorth) continue
    best = peer
    bestWorth = worth
  }
  return best
}

export function describeLink(peer: PeerId, connection: Connection, score: number): LinkSnapshot {
  return {
    peer,
    attempt: connection.attempt,
    role: connection.role,
    state: connection.state === 'suspect' ? 'suspect' : connection.state === 'closing' ? 'closing' : 'open',
    signalingPath: connection.signalingPath,
    roundTripMs: connection.roundTripMs,
    openedAt: connection.openedAt,
    ours: reasonNames(connection.ourReasons),
    theirs: reasonNames(connection.theirReasons),
    hidden: connection.hidden,
    bytesSent: connection.bytesSent,
    bytesReceived: connection.bytesReceived,
    score,
  }
}

/** Names of the reasons whose bits are set. */
export function reasonNames(bits: number): LinkReason[] {
  return (Object.keys(LINK_REASONS) as LinkReason[]).filter((name) => (bits & LINK_REASONS[name]) !== 0)
}
