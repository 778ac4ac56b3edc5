// Placeholder until the real finder is here: recursive FIND only, unsigned.

import type { Millis, OpId, Random } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import { type Key, keyOf, type PeerId } from '../identity/peer-id.ts'
import type { OutcomeEffect, RoutingView, SetTimerEffect, SignEffect, VerifyEffect } from '../machine.ts'
import type { PeerCall } from '../peer/calls.ts'
import { toHex } from '../wire/bytes.ts'
import type { Message, OperationId } from '../wire/messages.ts'
import type { RouteKey, RouteMode } from './router.ts'
import type { HoldsView } from './store.ts'

export type FinderInput =
  | { readonly type: 'call'; readonly op: OpId; readonly call: PeerCall & { type: 'lookup' | 'crawl' } }
  | { readonly type: 'cancel'; readonly op: OpId }
  | { readonly type: 'find'; readonly target: Key }
  | { readonly type: 'probe'; readonly contact: Contact; readonly via: PeerId | null }
  | { readonly type: 'deliver'; readonly route: RouteKey; readonly from: PeerId; readonly mode: RouteMode; readonly target: Key; readonly inner: Message }
  | { readonly type: 'reply'; readonly operation: OperationId; readonly path: number; readonly via: PeerId; readonly hops: number; readonly inner: Message; readonly last: boolean }
  | { readonly type: 'ended'; readonly operation: OperationId; readonly reason: 'exhausted' | 'timeout' | 'no-links' }
  | { readonly type: 'verified'; readonly token: string; readonly valid: boolean }
  | { readonly type: 'signed'; readonly token: string; readonly signature: Uint8Array }
  | { readonly type: 'timer'; readonly timer: { readonly type: 'none' } }

export type FinderEffect =
  | SetTimerEffect<{ readonly type: 'none' }>
  | VerifyEffect<string>
  | SignEffect<string>
  | OutcomeEffect
  | { readonly type: 'route'; readonly operation: OperationId; readonly mode: RouteMode; readonly target: Key; readonly inner: Message; readonly paths: number; readonly via?: readonly PeerId[]; readonly timeoutMs: number }
  | { readonly type: 'stop-route'; readonly operation: OperationId }
  | { readonly type: 'answer'; readonly route: RouteKey; readonly inner: Message; readonly last: boolean }
  | { readonly type: 'found'; readonly target: Key; readonly responder: PeerId | null; readonly contacts: readonly Contact[] }
  | { readonly type: 'probed'; readonly peer: PeerId; readonly alive: boolean }

export class Finder {
  readonly #routing: RoutingView
  readonly #holds: HoldsView
  readonly #random: Random
  readonly #finds = new Map<OperationId, { target: Key; probe: PeerId | null }>()
  constructor(_options: { self: Contact; networkId: string; workBits: number }, routing: RoutingView, holds: HoldsView, random: Random) {
    this.#routing = routing
    this.#holds = holds
    this.#random = random
  }
  handle(input: FinderInput, _now: Millis, out: FinderEffect[]): void {
    const operation = toHex(this.#random.bytes(16)) as OperationId
    switch (input.type) {
      case 'find':
        this.#finds.set(operation, { target: input.target, probe: null })
        out.push({ type: 'route', operation, mode: 'closest', target: input.target, inner: { type: 'FIND', target: input.target, what: 0, count: 20 }, paths: 1, timeoutMs: 5_000 })
        return
      case 'probe': {
        const target = keyOf(input.contact.id)
        this.#finds.set(operation, { target, probe: input.contact.id })
        out.push({ type: 'route', operation, mode: 'exact', target, inner: { type: 'FIND', target, what: 0, count: 0 }, paths: 1, timeoutMs: 5_000 })
        return
      }
      case 'deliver': {
        if (input.inner.type !== 'FIND') return
        const contacts = this.#routing.closest(input.inner.target, 20)
        out.push({ type: 'answer', route: input.route, last: true, inner: { type: 'FOUND', responder: this.#routing.self, contacts, degree: 0, holds: this.#holds.holds(input.inner.target), signature: new Uint8Array(64) } })
        return
      }
      case 'reply': {
        const find = this.#finds.get(input.operation)
        if (find === undefined || input.inner.type !== 'FOUND') return
        this.#finds.delete(input.operation)
        out.push({ type: 'stop-route', operation: input.operation })
        if (find.probe) out.push({ type: 'probed', peer: find.probe, alive: true })
        else out.push({ type: 'found', target: find.target, responder: input.inner.responder.id, contacts: input.inner.contacts })
        return
      }
      case 'ended': {
        const find = this.#finds.get(input.operation)
        if (find === undefined) return
        this.#finds.delete(input.operation)
        if (find.probe) out.push({ type: 'probed', peer: find.probe, alive: false })
        else out.push({ type: 'found', target: find.target, responder: null, contacts: [] })
      }
    }
  }
  tables(): Record<string, number> {
    return {}
  }
}
