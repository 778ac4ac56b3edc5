// Routers with a Requests machine each, and an application that answers after a while.

import {
  Requests,
  type RequestsCall,
  type RequestsEffect,
  type RequestsInput,
} from '../../src/direct/requests.ts'
import type { OutcomeEffect } from '../../src/machine.ts'
import type { PeerEvent } from '../../src/peer/calls.ts'
import { type EffectOf, type NetworkOptions, RouteNetwork } from '../dht/route-network.ts'
import type { RouteNode } from '../dht/route-node.ts'
import { isSigned, sign } from '../dht/stand-in-signatures.ts'
import { NETWORK_ID } from './requests-bench.ts'

/** Milliseconds a signature takes to make or to check. */
const SIGNATURE_MS = 1
/** Commands that answer requests are numbered from here. */
const RESPOND_OPS = 1_000_000

type Told = PeerEvent & { readonly type: 'request' }

export class RequestNetwork extends RouteNetwork {
  /** Milliseconds the applications think. */
  thinkMs = 5
  /** Requests told to applications, and how commands ended. */
  readonly told: { readonly node: RouteNode; readonly event: Told }[] = []
  readonly outcomeByOp = new Map<number, OutcomeEffect>()
  readonly #requestsByNode = new Map<RouteNode, Requests>()
  #op = 0

  constructor(options: NetworkOptions) {
    super(options)
    for (const node of this.nodes) {
      const own = { self: node.self, networkId: NETWORK_ID, workBits: 0 }
      this.#requestsByNode.set(node, new Requests(own, node, this.random))
    }
  }

  /** Sends a request; answers with the number of its command. */
  request(from: RouteNode, to: RouteNode, timeoutMs = 10_000): number {
    const op = ++this.#op
    const payload = Uint8Array.of(op & 0xff, op >> 8)
    this.give(from, {
      type: 'call',
      op,
      call: { type: 'request', to: to.id, name: 'echo', payload, timeoutMs },
    })
    return op
  }

  give(node: RouteNode, input: RequestsInput): void {
    const out: RequestsEffect[] = []
    if (node.alive) this.#requestsByNode.get(node)?.handle(input, this.now, out)
    for (const effect of out) this.#onRequestsEffect(node, effect)
  }

  tablesOf(node: RouteNode): Readonly<Record<string, number>> {
    return this.#requestsByNode.get(node)?.tables() ?? {}
  }

  override onDeliver(node: RouteNode, effect: EffectOf<'deliver'>): void {
    this.give(node, effect)
  }

  override onReply(node: RouteNode, effect: EffectOf<'reply'>): void {
    this.give(node, effect)
  }

  override onEnded(node: RouteNode, effect: EffectOf<'ended'>): void {
    this.give(node, effect)
  }

  #onRequestsEffect(node: RouteNode, effect: RequestsEffect): void {
    switch (effect.type) {
      case 'route':
        return this.input(node, { ...effect, type: 'start' })
      case 'stop-route':
        return this.input(node, { type: 'stop', operation: effect.operation })
      case 'answer':
      case 'pass':
        return this.input(node, effect)
      case 'set-timer':
        return this.after(effect.afterMs, () => this.give(node, { type: 'timer', timer: effect.timer }))
      case 'sign': {
        const signature = sign(node.self.signingKey, effect.bytes)
        return this.after(SIGNATURE_MS, () =>
          this.give(node, { type: 'signed', token: effect.token, signature }),
        )
      }
      case 'verify': {
        const valid = isSigned(effect.key, effect.bytes, effect.signature)
        return this.after(SIGNATURE_MS, () =>
          this.give(node, { type: 'verified', token: effect.token, valid }),
        )
      }
      case 'event':
        return this.#onEvent(node, effect.event)
      case 'done':
      case 'failed':
        this.outcomeByOp.set(effect.op, effect)
    }
  }

  /** The application of every peer echoes. */
  #onEvent(node: RouteNode, event: PeerEvent): void {
    if (event.type !== 'request') return
    this.told.push({ node, event })
    const { request, from, payload } = event
    const call: RequestsCall = { type: 'respond', request, from, status: 'ok', payload }
    const op = RESPOND_OPS + this.told.length
    this.after(this.thinkMs, () => this.give(node, { type: 'call', op, call }))
  }
}
