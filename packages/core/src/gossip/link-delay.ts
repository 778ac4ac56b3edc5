// Which of two links is faster, as far as we know.

import type { PeerId } from '../identity/peer-id.ts'
import { HOP_RTT_UNKNOWN_MS } from '../limits.ts'
import type { LinkView } from '../machine.ts'

/** Milliseconds that a hidden tab's round trip is taken to be longer: its timers may be throttled. */
const HIDDEN_MS = 1_000

/** Milliseconds in which an answer of this link can be expected. */
export function linkDelayMs(links: LinkView, peer: PeerId): number {
  return (links.roundTripMs(peer) ?? HOP_RTT_UNKNOWN_MS) + (links.isHidden(peer) ? HIDDEN_MS : 0)
}
