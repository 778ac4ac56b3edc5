// What the router and the machines whose messages it carries say to one another. All of them speak alike, so that peer/ can
// pass it on as it is.

import type { Random } from '../contract.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import type { RoutingView } from '../machine.ts'
import { toHex } from '../wire/bytes.ts'
import type { Message, OperationId } from '../wire/messages.ts'
import type { RouteKey, RouteMode } from './route-state.ts'

/** Names an operation, or a request and the operation that carries it. */
export function newOperationId(random: Random): OperationId {
  return toHex(random.bytes(16)) as OperationId
}

/** A message to be routed. `via`: hops to take as told before routing freely (the last one may be the target). */
export interface RouteStart {
  readonly operation: OperationId
  readonly mode: RouteMode
  readonly target: Key
  readonly inner: Message
  /** First hops at once; one more is tried by the hedge timer. */
  readonly paths: number
  readonly via?: readonly PeerId[]
  readonly timeoutMs: number
}

/** Hops to a peer: through whoever named it as its link (RT-15), where we know of somebody and hold no link ourselves. */
export function viaTo(routing: RoutingView, peer: PeerId): readonly PeerId[] {
  const via = routing.isLinked(peer) ? null : routing.viaOf(peer)
  return via === null ? [] : [via, peer]
}

/** Whoever got a delivery answers, now or later; several times where `last` is false. */
export interface RoutedAnswer {
  readonly type: 'answer'
  readonly route: RouteKey
  readonly inner: Message
  readonly last: boolean
}

/** Whoever got a delivery has no answer: the message goes on to the next peer. */
export interface RoutedPass {
  readonly type: 'pass'
  readonly route: RouteKey
}

/** What a machine may have routed: messages of its own, and what becomes of those it was given. */
export type RouteEffect =
  | (RouteStart & { readonly type: 'route' })
  | { readonly type: 'stop-route'; readonly operation: OperationId }
  | RoutedAnswer
  | RoutedPass

/** The message is for us. `from`: the previous hop (our own id where we began it). */
export interface Delivery {
  readonly type: 'deliver'
  readonly route: RouteKey
  readonly from: PeerId
  readonly mode: RouteMode
  readonly target: Key
  readonly inner: Message
}

/** An answer to an operation of ours. `via`: the first hop it came back through; `path` counts our first hops. */
export interface RoutedReply {
  readonly type: 'reply'
  readonly operation: OperationId
  readonly path: number
  readonly via: PeerId
  readonly hops: number
  readonly inner: Message
  readonly last: boolean
}

export type RouteEnd = 'exhausted' | 'timeout' | 'no-links'

/** Every way of this operation of ours is used up, or its time is over; nothing more follows. */
export interface RoutedEnd {
  readonly type: 'ended'
  readonly operation: OperationId
  readonly reason: RouteEnd
}
