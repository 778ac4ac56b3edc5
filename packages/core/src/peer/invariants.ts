// What always holds of a peer. Tests and the simulator ask; a page never does, and does not load this.

import { brokenInvariants } from '../routing/invariants.ts'
import type { Machines } from './dispatch.ts'

/** What is wrong with a peer's tables, in words: nothing, ever. */
export function brokenInPeer({ links, dialer, routing }: Machines): string[] {
  const { linksMax } = routing.state
  const taken = links.size + dialer.dialing
  const wrong = taken > linksMax ? [`takes ${taken} places of ${linksMax} (LK-15)`] : []
  return [...wrong, ...brokenInvariants(routing.state)]
}
