// How a signed message gets to one peer: over our link where there is one, else on two paths, the first of them through
// whoever named the peer as one of its links (a newcomer is reachable nowhere else).

import { viaTo } from '../dht/routed.ts'
import { keyOf, type PeerId } from '../identity/peer-id.ts'
import { ROUTE_PATHS } from '../limits.ts'
import type { RoutingView } from '../machine.ts'
import type { Message, OperationId } from '../wire/messages.ts'
import type { RequestsEffect } from './requests.ts'

export interface Parcel {
  readonly operation: OperationId
  readonly to: PeerId
  readonly inner: Message
  readonly timeoutMs: number
}

export function routeTo(routing: RoutingView, parcel: Parcel): RequestsEffect & { type: 'route' } {
  const { operation, to, inner, timeoutMs } = parcel
  const paths = routing.isLinked(to) ? 1 : ROUTE_PATHS
  const via = viaTo(routing, to)
  return { type: 'route', operation, mode: 'exact', target: keyOf(to), inner, paths, via, timeoutMs }
}
