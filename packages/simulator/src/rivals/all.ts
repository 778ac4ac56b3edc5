// Every rival there is, in the order of the tables.

import { chord } from './chord.ts'
import { gnutella } from './gnutella.ts'
import { gossipSub, gossipSubDontWant } from './gossipsub.ts'
import { kademliaConnecting, kademliaRelayed } from './kademlia.ts'
import { pastry } from './pastry.ts'
import { push } from './push.ts'
import { pushPull } from './push-pull.ts'
import { randomWalks } from './random-walks.ts'
import type { GossipRivalKind, LookupRivalKind } from './rival.ts'

export const GOSSIP_RIVALS: readonly GossipRivalKind[] = [gossipSub, gossipSubDontWant, push, pushPull]

export const LOOKUP_RIVALS: readonly LookupRivalKind[] = [
  kademliaConnecting,
  kademliaRelayed,
  chord,
  pastry,
  gnutella,
  randomWalks,
]
