// How a signed message gets to one peer: over our link where there is one, else on two paths, the first of them through
// whoever named the peer as one of its links (a newcomer is reachable nowhere else).

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
  const route = { type: 'route', operation, mode: 'exact', target: keyOf(to), inner, timeoutMs } as const
  if (routing.isLinked(to)) return { ...route, paths: 1 }
  const via = routing.viaOf(to)
  return via === null ? { ...route, paths: ROUTE_PATHS } : { ...route, paths: ROUTE_PATHS, via: [via, to] }
}
