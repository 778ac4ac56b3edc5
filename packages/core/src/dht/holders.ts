// Which of the peers closest to a key hold a record under it: the closest peer names them, then each is asked itself
// (PROTOCOL.md, RC-21).

import type { OpId } from '../contract.ts'
import { type Contact, isAcceptable } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { LOOKUP_STEP_TIMEOUT_MS, OPERATION_TIMEOUT_MS } from '../limits.ts'
import type { HoldersResult } from '../peer/calls.ts'
import { closestOf } from '../routing/distance.ts'
import type { Message, MessageOf, OperationId } from '../wire/messages.ts'
import { nameFailure } from './draft.ts'
import { FIND_WHAT, foundSignedBytes } from './found.ts'
import type { RoutedReply, RouteEnd } from './routed.ts'
import type { Follow, StoreContext, Turn } from './store-context.ts'

/** Peers asked at once. */
const ASKED_AT_ONCE = 5

interface Query {
  readonly op: OpId
  readonly key: Key
  /** Whom the first answer named; asked one after another. */
  readonly waiting: Contact[]
  readonly holdsByPeer: Map<PeerId, boolean>
  operation: OperationId | null
  group: readonly Contact[]
  underWay: number
}

export class Holders {
  readonly #context: StoreContext
  readonly #queryByOp = new Map<OpId, Query>()

  constructor(context: StoreContext) {
    this.#context = context
  }

  call(op: OpId, key: Key, turn: Turn): void {
    const failure = nameFailure({ kind: 'immutable', key })
    if (failure !== null) {
      turn.out.push({ type: 'failed', op, ...failure })
      return
    }
    const query = newQuery(op, key)
    this.#queryByOp.set(op, query)
    turn.out.push({ type: 'set-timer', afterMs: OPERATION_TIMEOUT_MS, timer: { type: 'operation', op } })
    this.#find(query, turn)
  }

  cancel(op: OpId, turn: Turn): void {
    const query = this.#queryByOp.get(op)
    if (query !== undefined) this.#close(query, turn)
  }

  /** Who has not answered by now does not count as a holder. */
  timeout(op: OpId, turn: Turn): void {
    const query = this.#queryByOp.get(op)
    if (query === undefined) return
    if (query.group.length === 0) this.#group(query, [])
    this.#finish(query, turn)
  }

  get size(): number {
    return this.#queryByOp.size
  }

  #find(query: Query, turn: Turn): void {
    const { routes, replicas } = this.#context
    const { key } = query
    const inner = { type: 'FIND', target: key, what: FIND_WHAT.known, count: replicas } as const
    const timeoutMs = LOOKUP_STEP_TIMEOUT_MS
    const route = { mode: 'closest', target: key, inner, paths: 1, timeoutMs } as const
    const handler = {
      reply: (reply: RoutedReply, later: Turn) => this.#onFound(query, reply, later),
      ended: (_reason: RouteEnd, later: Turn) => this.#onNamed(query, [], later),
    }
    query.operation = routes.start(route, handler, turn)
    if (query.operation === null) this.#onNamed(query, [], turn)
  }

  /** The first answer ends the route; where it proves false, whom we know ourselves must do. */
  #onFound(query: Query, reply: RoutedReply, turn: Turn): void {
    this.#stopRoute(query, turn)
    this.#check({ query, reply }, turn, (found, later) => {
      if (found !== null) query.holdsByPeer.set(found.responder.id, found.holds)
      this.#onNamed(query, found === null ? [] : [found.responder, ...found.contacts], later)
    })
  }

  #onNamed(query: Query, named: readonly Contact[], turn: Turn): void {
    if (this.#queryByOp.get(query.op) !== query) return
    this.#group(query, named)
    this.#askNext(query, turn)
  }

  /** The closest among those named and those we know, ourselves included. */
  #group(query: Query, named: readonly Contact[]): void {
    const { routing, replicas, self, index, workBits } = this.#context
    const contactById = new Map<PeerId, Contact>()
    for (const peer of [self, ...named, ...routing.closest(query.key, replicas)])
      if (isAcceptable(peer, workBits)) contactById.set(peer.id, peer)
    query.group = closestOf(query.key, contactById.values(), replicas)
    query.holdsByPeer.set(self.id, index.peek(query.key) !== null)
    query.waiting.push(...query.group.filter(({ id }) => !query.holdsByPeer.has(id)))
  }

  #askNext(query: Query, turn: Turn): void {
    while (query.underWay < ASKED_AT_ONCE) {
      const peer = query.waiting.shift()
      if (peer === undefined) break
      this.#ask(query, peer.id, turn)
    }
    if (query.underWay === 0 && this.#queryByOp.get(query.op) === query) this.#finish(query, turn)
  }

  #ask(query: Query, peer: PeerId, turn: Turn): void {
    query.underWay++
    const inner: Message = { type: 'FIND', target: query.key, what: FIND_WHAT.known, count: 0 }
    const follow = (reply: RoutedReply | null, later: Turn) => this.#onReply(query, { peer, reply }, later)
    this.#context.routes.ask({ peer, inner, timeoutMs: LOOKUP_STEP_TIMEOUT_MS, follow }, turn)
  }

  #onReply(query: Query, from: { peer: PeerId; reply: RoutedReply | null }, turn: Turn): void {
    const { peer, reply } = from
    const follow: Follow<MessageOf<'FOUND'> | null> = (found, later) => {
      if (found?.responder.id === peer) query.holdsByPeer.set(peer, found.holds)
      query.underWay--
      if (this.#queryByOp.get(query.op) === query) this.#askNext(query, later)
    }
    if (reply === null) follow(null, turn)
    else this.#check({ query, reply }, turn, follow)
  }

  /** A FOUND that its responder signed, or null. */
  #check(
    asked: { query: Query; reply: RoutedReply },
    turn: Turn,
    follow: Follow<MessageOf<'FOUND'> | null>,
  ): void {
    const { inner, operation } = asked.reply
    if (inner.type !== 'FOUND' || !isAcceptable(inner.responder, this.#context.workBits))
      return follow(null, turn)
    const { signature, responder } = inner
    const bytes = foundSignedBytes({ operation, target: asked.query.key, what: FIND_WHAT.known }, inner)
    const verified = (valid: boolean, later: Turn) => follow(valid ? inner : null, later)
    this.#context.jobs.verify(
      { key: responder.signingKey, bytes, signature, cause: null, follow: verified },
      turn,
    )
  }

  #finish(query: Query, turn: Turn): void {
    this.#close(query, turn)
    const { op, key, group, holdsByPeer } = query
    const peers = group.map(({ id }) => ({ peer: id, holds: holdsByPeer.get(id) === true }))
    const value: HoldersResult = { key, peers }
    turn.out.push({ type: 'done', op, value })
  }

  #close(query: Query, turn: Turn): void {
    this.#queryByOp.delete(query.op)
    this.#stopRoute(query, turn)
  }

  #stopRoute(query: Query, turn: Turn): void {
    if (query.operation !== null) this.#context.routes.stop(query.operation, turn)
  }
}

function newQuery(op: OpId, key: Key): Query {
  return { op, key, waiting: [], holdsByPeer: new Map(), operation: null, group: [], underWay: 0 }
}
