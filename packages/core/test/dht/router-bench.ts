/** One Router with the world at hand: links and what neighbours told are plain tables, timers wait for the test. */
import { expect } from 'vitest'
import { ROUTE_MODES } from '../../src/dht/route-state.ts'
import {
  type RouteMode,
  Router,
  type RouterEffect,
  type RouterInput,
  type RouterTimer,
} from '../../src/dht/router.ts'
import { type Contact, makeContact } from '../../src/identity/contact.ts'
import type { Key, PeerId } from '../../src/identity/peer-id.ts'
import { REPLICAS } from '../../src/limits.ts'
import type { LinkView, RoutingView, Way } from '../../src/machine.ts'
import { compareDistance, sortedByDistance } from '../../src/routing/distance.ts'
import { encodeInner } from '../../src/wire/codec.ts'
import type { Message, MessageOf, OperationId } from '../../src/wire/messages.ts'
import { EventQueue } from '../gossip/event-queue.ts'

type Effect<T extends RouterEffect['type']> = Extract<RouterEffect, { readonly type: T }>
type RouteFields = Partial<Omit<MessageOf<'ROUTE'>, 'type' | 'mode'>>

/** An id that begins with these digits. Ids that begin alike are close. */
export function id(digits: string): PeerId & Key {
  return digits.padEnd(64, '0') as PeerId & Key
}

export function operationOf(number: number): OperationId {
  return number.toString(16).padStart(32, '0') as OperationId
}

export const SELF = id('00')
export const SOME = makeContact(new Uint8Array(32), new Uint8Array(32), new Uint8Array(8))
export const QUESTION: Message = { type: 'FIND', target: id('ff'), what: 0, count: 0 }
export const ANSWER: Message = { type: 'ABSENT', responder: SOME, key: id('ff') }
export const OTHER_ANSWER: Message = { type: 'ABSENT', responder: SOME, key: id('fe') }

export class RouterBench implements RoutingView, LinkView {
  now = 1_000_000
  readonly self: Contact = { ...SOME, id: SELF }
  readonly router: Router
  readonly links: Map<PeerId, number | null>
  readonly held = new Set<Key>()
  /** Keys whose record we should hold, and know all others who should. */
  readonly near = new Set<Key>()
  neighbours: readonly Contact[] = []
  /** Contacts by who named them. */
  readonly named = new Map<PeerId, PeerId>()
  /** Whom we found dead lately. */
  readonly departed = new Set<PeerId>()
  /** Ways through our links to contacts that have none. */
  readonly known: Way[] = []
  readonly #timers = new EventQueue<RouterTimer>()

  constructor(links: readonly string[], roundTripMs: number | null = 100) {
    this.links = new Map(links.map((digits) => [id(digits), roundTripMs]))
    this.router = new Router(SELF, this, this, {
      replicas: REPLICAS,
      holds: (key) => this.held.has(key),
      isNear: (key) => this.near.has(key),
    })
  }

  /** Handles an input; answers with the effects, timers left out. */
  input(input: RouterInput): RouterEffect[] {
    const out: RouterEffect[] = []
    this.router.handle(input, this.now, out)
    for (const effect of out)
      if (effect.type === 'set-timer') this.#timers.add(this.now + effect.afterMs, effect.timer)
    return out.filter(({ type }) => type !== 'set-timer')
  }

  start(
    mode: RouteMode,
    target: string,
    options: Partial<RouterInput & { type: 'start' }> = {},
  ): RouterEffect[] {
    const start = { type: 'start', operation: operationOf(1), mode, target: id(target), ...options } as const
    return this.input({ inner: QUESTION, paths: 1, timeoutMs: 10_000, ...start })
  }

  /** A ROUTE of another's operation 2, on path 0, with 20 hops left unless told otherwise. */
  route(
    from: string,
    mode: RouteMode,
    target: string,
    options: RouteFields & { ttl?: number } = {},
  ): RouterEffect[] {
    const { ttl = 20, ...fields } = options
    const inner = encodeInner(QUESTION)
    const ids = { operation: operationOf(2), path: 0, target: id(target), visited: [], via: [] }
    return this.receive(from, { type: 'ROUTE', mode: ROUTE_MODES[mode], inner, ...ids, ...fields }, ttl)
  }

  receive(from: string, message: (RouterInput & { type: 'receive' })['message'], ttl = 0): RouterEffect[] {
    return this.input({ type: 'receive', from: id(from), ttl, message })
  }

  ack(from: string, operation = 2, path = 0): RouterEffect[] {
    return this.receive(from, { type: 'ROUTE_ACK', operation: operationOf(operation), path })
  }

  nack(from: string, options: Partial<MessageOf<'ROUTE_NACK'>> = {}): RouterEffect[] {
    const ids = { operation: operationOf(2), path: 0 }
    return this.receive(from, { type: 'ROUTE_NACK', ...ids, hopsLeft: 19, visited: [], ...options })
  }

  reply(from: string, options: Partial<MessageOf<'ROUTE_REPLY'>> = {}): RouterEffect[] {
    const ids = { operation: operationOf(2), path: 0 }
    const inner = encodeInner(ANSWER)
    return this.receive(from, { type: 'ROUTE_REPLY', ...ids, hops: 1, last: true, inner, ...options })
  }

  unlink(digits: string): RouterEffect[] {
    this.links.delete(id(digits))
    return this.input({ type: 'link-down', peer: id(digits) })
  }

  /** Lets time pass and fires what is due; answers with the effects. */
  advance(ms: number): RouterEffect[] {
    const until = this.now + ms
    const effects: RouterEffect[] = []
    while (this.#timers.nextAt <= until) {
      this.now = Math.max(this.now, this.#timers.nextAt)
      effects.push(...this.#fire(this.#timers.take()))
    }
    this.now = until
    return effects
  }

  /** What nobody wants any more does nothing where it comes all the same. */
  #fire(timer: RouterTimer): RouterEffect[] {
    const isWanted = this.router.wants(timer)
    const effects = this.input({ type: 'timer', timer })
    if (!isWanted) expect(effects).toEqual([])
    return effects
  }

  get timersLeft(): number {
    return this.#timers.size
  }

  linkedByDistance(target: Key): readonly PeerId[] {
    return sortedByDistance(target, [...this.links.keys()])
  }

  isSelfCloser(target: Key, than: PeerId): boolean {
    return compareDistance(target, SELF, than) < 0
  }

  closest(target: Key, count: number): readonly Contact[] {
    const ids = sortedByDistance(target, [...this.links.keys(), ...this.named.keys()])
    return ids.slice(0, count).map((peer) => ({ ...SOME, id: peer }))
  }

  closestLinked(): readonly Contact[] {
    return []
  }

  siblings(): readonly Contact[] {
    return this.neighbours
  }

  isLinked(peer: PeerId): boolean {
    return this.links.has(peer)
  }

  settledForMs(): number {
    return 60_000
  }

  isDeparted(peer: PeerId): boolean {
    return this.departed.has(peer)
  }

  contactOf(): Contact | null {
    return null
  }

  ways(): readonly Way[] {
    return this.known
  }

  viaOf(peer: PeerId): PeerId | null {
    return this.named.get(peer) ?? null
  }

  linked(): readonly PeerId[] {
    return [...this.links.keys()]
  }

  roundTripMs(peer: PeerId): number | null {
    return this.links.get(peer) ?? null
  }

  isHidden(): boolean {
    return false
  }
}

/** Frames sent, as `MESSAGE to`: the first two digits of whoever gets them. */
export function sends(effects: readonly RouterEffect[]): string[] {
  return only(effects, 'send').map(({ to, message }) => `${message.type} ${to.slice(0, 2)}`)
}

export function only<T extends RouterEffect['type']>(effects: readonly RouterEffect[], type: T): Effect<T>[] {
  return effects.filter((effect): effect is Effect<T> => effect.type === type)
}

/** The one ROUTE among the effects. */
export function routeOf(effects: readonly RouterEffect[]): MessageOf<'ROUTE'> & { ttl: number; to: string } {
  const routes = only(effects, 'send').flatMap(({ to, ttl, message }) =>
    message.type === 'ROUTE' ? [{ ...message, ttl: ttl ?? 0, to: to.slice(0, 2) }] : [],
  )
  if (routes.length !== 1) throw new Error(`${routes.length} ROUTE frames instead of one`)
  return routes[0] as (typeof routes)[0]
}
