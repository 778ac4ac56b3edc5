// Placeholder until the real requests are here.

import type { Millis, OpId, Random } from '../contract.ts'
import type { FinderEffect, FinderInput } from '../dht/finder.ts'
import type { Contact } from '../identity/contact.ts'
import type { EventEffect, RoutingView } from '../machine.ts'
import type { PeerCall } from '../peer/calls.ts'

export type RequestsInput =
  | { readonly type: 'call'; readonly op: OpId; readonly call: PeerCall & { type: 'request' | 'respond' } }
  | Extract<FinderInput, { type: 'cancel' | 'deliver' | 'reply' | 'ended' | 'verified' | 'signed' | 'timer' }>
export type RequestsEffect = Exclude<FinderEffect, { type: 'found' | 'probed' }> | EventEffect

export class Requests {
  constructor(_options: { self: Contact; networkId: string; workBits: number }, _routing: RoutingView, _random: Random) {}
  handle(_input: RequestsInput, _now: Millis, _out: RequestsEffect[]): void {}
  tables(): Record<string, number> {
    return {}
  }
}
