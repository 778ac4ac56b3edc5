/** One Requests machine with the world at hand: signatures are made and checked at once, routes and timers wait. */
import type { RouteKey } from '../../src/dht/router.ts'
import { requestSignedBytes, responseSignedBytes } from '../../src/direct/envelope.ts'
import {
  Requests,
  type RequestsCall,
  type RequestsEffect,
  type RequestsInput,
  type RequestsTimer,
} from '../../src/direct/requests.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { networkIdOf } from '../../src/identity/network-id.ts'
import { keyOf, type PeerId } from '../../src/identity/peer-id.ts'
import type { RoutingView } from '../../src/machine.ts'
import type { ResponseStatus } from '../../src/peer/calls.ts'
import type { Message, MessageOf, OperationId } from '../../src/wire/messages.ts'
import { contactNumber } from '../dht/finder-bench.ts'
import { isSigned, sign } from '../dht/stand-in-signatures.ts'
import { EventQueue } from '../gossip/event-queue.ts'
import { SeededRandom } from '../gossip/seeded.ts'

export type EffectOf<T extends RequestsEffect['type']> = Extract<RequestsEffect, { readonly type: T }>

export const NETWORK_ID = networkIdOf('test', 0)
export const PEER = contactNumber(1)
export const FORWARDER = contactNumber(2)

export function operationOf(number: number): OperationId {
  return number.toString(16).padStart(32, '0') as OperationId
}

export class RequestsBench {
  now = 1_700_000_000_000
  readonly self = contactNumber(0)
  readonly requests: Requests
  readonly links = new Set<PeerId>()
  readonly viaByPeer = new Map<PeerId, PeerId>()
  signsAtOnce = true
  checksAtOnce = true
  readonly jobs: (EffectOf<'sign'> | EffectOf<'verify'>)[] = []
  readonly #timers = new EventQueue<RequestsTimer>()

  constructor(workBits = 0) {
    const routing = {
      self: this.self,
      isLinked: (peer: PeerId) => this.links.has(peer),
      viaOf: (peer: PeerId) => this.viaByPeer.get(peer) ?? null,
    } as unknown as RoutingView
    const options = { self: this.self, networkId: NETWORK_ID, workBits }
    this.requests = new Requests(options, routing, new SeededRandom(1))
  }

  /** Effects of the input and of the jobs it began; timers and jobs left out. */
  input(input: RequestsInput): RequestsEffect[] {
    const out: RequestsEffect[] = []
    this.requests.handle(input, this.now, out)
    return out.flatMap((effect) => this.#onEffect(effect))
  }

  call(op: number, call: RequestsCall): RequestsEffect[] {
    return this.input({ type: 'call', op, call })
  }

  /** Asks PEER; answers with the route that leaves. */
  ask(op: number, options: Partial<RequestsCall & { type: 'request' }> = {}): EffectOf<'route'> {
    const call = {
      type: 'request',
      to: PEER.id,
      name: 'echo',
      payload: Uint8Array.of(1, 2, 3),
      timeoutMs: 10_000,
    } as const
    const [route] = only(this.call(op, { ...call, ...options }), 'route')
    if (route === undefined) throw new Error('nothing was sent')
    return route
  }

  /** A RESPONSE that this responder signed to that request of ours. */
  response(request: OperationId, status = 0, responder = PEER): MessageOf<'RESPONSE'> {
    const message = { request, status, payload: Uint8Array.of(9) }
    const bytes = responseSignedBytes(NETWORK_ID, this.self.id, message)
    return { type: 'RESPONSE', responder, ...message, signature: sign(responder.signingKey, bytes) }
  }

  reply(operation: OperationId, inner: Message, hops = 3): RequestsEffect[] {
    return this.input({ type: 'reply', operation, path: 0, via: FORWARDER.id, hops, inner, last: true })
  }

  /** A REQUEST that this sender signed to us. */
  request(
    number: number,
    options: { sender?: Contact; to?: PeerId; networkId?: string; sentAt?: number } = {},
  ): MessageOf<'REQUEST'> {
    const { sender = PEER, to = this.self.id, networkId = NETWORK_ID, sentAt = this.now } = options
    const payload = Uint8Array.of(5, 6)
    const message = { request: operationOf(number), sender, sentAt, name: 'echo', payload }
    const bytes = requestSignedBytes(networkId, to, message)
    return { type: 'REQUEST', ...message, signature: sign(sender.signingKey, bytes) }
  }

  deliver(inner: Message, path = 0, from: PeerId = FORWARDER.id): RequestsEffect[] {
    const operation = inner.type === 'REQUEST' ? inner.request : operationOf(999)
    const route: RouteKey = { operation, path }
    return this.input({ type: 'deliver', route, from, mode: 'exact', target: keyOf(this.self.id), inner })
  }

  respond(
    op: number,
    number: number,
    status: ResponseStatus = 'ok',
    payload = Uint8Array.of(7),
  ): RequestsEffect[] {
    return this.call(op, { type: 'respond', request: operationOf(number), from: PEER.id, status, payload })
  }

  /** Finishes the oldest job that waits. */
  finishJob(valid?: boolean): RequestsEffect[] {
    const job = this.jobs.shift()
    if (job === undefined) throw new Error('no job waits')
    return this.#finish(job, valid)
  }

  advance(ms: number): RequestsEffect[] {
    const until = this.now + ms
    const effects: RequestsEffect[] = []
    while (this.#timers.nextAt <= until) {
      this.now = Math.max(this.now, this.#timers.nextAt)
      effects.push(...this.input({ type: 'timer', timer: this.#timers.take() }))
    }
    this.now = until
    return effects
  }

  get timersLeft(): number {
    return this.#timers.size
  }

  #onEffect(effect: RequestsEffect): RequestsEffect[] {
    if (effect.type === 'set-timer') {
      this.#timers.add(this.now + effect.afterMs, effect.timer)
      return []
    }
    if (effect.type !== 'sign' && effect.type !== 'verify') return [effect]
    if (effect.type === 'sign' ? this.signsAtOnce : this.checksAtOnce) return this.#finish(effect)
    this.jobs.push(effect)
    return []
  }

  #finish(job: EffectOf<'sign'> | EffectOf<'verify'>, valid?: boolean): RequestsEffect[] {
    const { token, bytes } = job
    if (job.type === 'sign')
      return this.input({ type: 'signed', token, signature: sign(this.self.signingKey, bytes) })
    return this.input({ type: 'verified', token, valid: valid ?? isSigned(job.key, bytes, job.signature) })
  }
}

export function only<T extends RequestsEffect['type']>(
  effects: readonly RequestsEffect[],
  type: T,
): EffectOf<T>[] {
  return effects.filter((effect): effect is EffectOf<T> => effect.type === type)
}
