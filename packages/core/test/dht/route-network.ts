// Many routers in virtual time: links with latencies, peers that die without anybody hearing of it, and nothing random
// that does not follow from the seed. Every frame goes through its bytes.

import type { RouterEffect, RouterInput } from '../../src/dht/router.ts'
import { makeContact } from '../../src/identity/contact.ts'
import type { Key, PeerId } from '../../src/identity/peer-id.ts'
import { compareDistance } from '../../src/routing/distance.ts'
import { toHex } from '../../src/wire/bytes.ts'
import { decodeFrame, encodeFrame } from '../../src/wire/codec.ts'
import type { Message, OperationId } from '../../src/wire/messages.ts'
import { EventQueue } from '../gossip/event-queue.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import { RouteNode } from './route-node.ts'
import { linkUp } from './small-world.ts'

export type EffectOf<T extends RouterEffect['type']> = Extract<RouterEffect, { readonly type: T }>
export type RouteFrame = (RouterInput & { readonly type: 'receive' })['message']
type Start = RouterInput & { readonly type: 'start' }

export interface NetworkOptions {
  readonly peers: number
  readonly linksMax: number
  readonly seed: number
  /** Peer exchange has told every peer the links of its neighbours; true unless a test is about doing without. */
  readonly knowsNeighbours?: boolean
}

/** How one operation went. */
export interface Outcome {
  readonly operation: OperationId
  readonly origin: RouteNode
  readonly startedAt: number
  readonly replies: { readonly afterMs: number; readonly hops: number; readonly inner: Message }[]
  ended: { readonly afterMs: number; readonly reason: string } | null
}

export class RouteNetwork {
  readonly random: SeededRandom
  readonly nodes: RouteNode[] = []
  readonly nodeById = new Map<PeerId, RouteNode>()
  readonly outcomes = new Map<OperationId, Outcome>()
  /** ROUTE frames by operation and path: what the hop budget bounds. */
  readonly routesSent = new Map<string, number>()
  readonly frames: Partial<Record<Message['type'], number>> = {}
  readonly offences: EffectOf<'offence'>[] = []
  now = 1_700_000_000_000
  readonly #queue = new EventQueue<() => void>()

  constructor(options: NetworkOptions) {
    this.random = new SeededRandom(options.seed)
    for (let i = 0; i < options.peers; i++) this.add(this.#randomNode(options.knowsNeighbours ?? true))
    linkUp(this.nodes, options.linksMax, this.random)
  }

  /** What a peer does with a message for it: here it answers at once that it is there. Networks of more replace these. */
  onDeliver(node: RouteNode, effect: EffectOf<'deliver'>): void {
    const inner: Message = { type: 'ABSENT', responder: node.self, key: effect.target }
    this.input(node, { type: 'answer', route: effect.route, inner, last: true })
  }

  onReply(_node: RouteNode, effect: EffectOf<'reply'>): void {
    const outcome = this.outcomes.get(effect.operation)
    const { hops, inner } = effect
    outcome?.replies.push({ afterMs: this.now - outcome.startedAt, hops, inner })
  }

  onEnded(_node: RouteNode, effect: EffectOf<'ended'>): void {
    const outcome = this.outcomes.get(effect.operation)
    if (outcome === undefined) return
    if (outcome.ended !== null) throw new Error(`${effect.operation} ended twice`)
    outcome.ended = { afterMs: this.now - outcome.startedAt, reason: effect.reason }
  }

  start(origin: RouteNode, start: Pick<Start, 'mode' | 'target'> & Partial<Start>): Outcome {
    const operation = toHex(this.random.bytes(16)) as OperationId
    const outcome: Outcome = { operation, origin, startedAt: this.now, replies: [], ended: null }
    this.outcomes.set(operation, outcome)
    const inner: Message = { type: 'FIND', target: start.target, what: 0, count: 0 }
    this.input(origin, { type: 'start', operation, inner, paths: 2, timeoutMs: 10_000, ...start })
    return outcome
  }

  input(node: RouteNode, input: RouterInput): void {
    const out: RouterEffect[] = []
    node.router.handle(input, this.now, out)
    for (const effect of out) this.#onEffect(node, effect)
  }

  /** Runs what is due until then; without a time, until nothing is left to do. */
  run(untilMs = Number.POSITIVE_INFINITY): void {
    while (this.#queue.size > 0 && this.#queue.nextAt <= untilMs) {
      this.now = Math.max(this.now, this.#queue.nextAt)
      this.#queue.take()()
    }
    if (untilMs !== Number.POSITIVE_INFINITY) this.now = Math.max(this.now, untilMs)
  }

  after(ms: number, run: () => void): void {
    this.#queue.add(this.now + Math.max(0, Math.ceil(ms)), run)
  }

  add(node: RouteNode): void {
    this.nodes.push(node)
    this.nodeById.set(node.id, node)
  }

  link(a: RouteNode, b: RouteNode): void {
    a.links.set(b.id, b)
    b.links.set(a.id, a)
    this.#forgetKnown(a, b)
  }

  unlink(a: RouteNode, b: RouteNode): void {
    a.links.delete(b.id)
    b.links.delete(a.id)
    this.#forgetKnown(a, b)
    this.input(a, { type: 'link-down', peer: b.id })
    this.input(b, { type: 'link-down', peer: a.id })
  }

  /** Puts the key's copies where they belong. */
  hold(key: Key, copies: number): RouteNode[] {
    const holders = closestNodes(this.nodes, key, copies)
    for (const holder of holders) holder.held.add(key)
    return holders
  }

  living(): RouteNode[] {
    return this.nodes.filter(({ alive }) => alive)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.random.below(items.length)] as T
  }

  send(from: RouteNode, to: PeerId, message: Message, ttl?: number): void {
    this.frames[message.type] = (this.frames[message.type] ?? 0) + 1
    if (message.type === 'ROUTE') this.#count(`${message.operation}/${message.path}`)
    const node = from.links.get(to)
    const bytes = encodeFrame(message, ttl)
    if (node !== undefined) this.after(from.oneWayMs(node), () => this.#receive(node, from, bytes))
  }

  #forgetKnown(...changed: RouteNode[]): void {
    for (const node of changed) for (const near of [node, ...node.links.values()]) near.forgetKnown()
  }

  #receive(node: RouteNode, from: RouteNode, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes)
    if (frame === null) throw new Error('a frame of our own does not decode')
    if (!node.alive || !node.links.has(from.id)) return
    const message = frame.message as RouteFrame
    this.input(node, { type: 'receive', from: from.id, ttl: frame.ttl, message })
  }

  #onEffect(node: RouteNode, effect: RouterEffect): void {
    switch (effect.type) {
      case 'send':
        return this.send(node, effect.to, effect.message, effect.ttl)
      case 'set-timer':
        return this.after(effect.afterMs, () => {
          if (node.alive) this.input(node, { type: 'timer', timer: effect.timer })
        })
      case 'deliver':
        return this.onDeliver(node, effect)
      case 'reply':
        return this.onReply(node, effect)
      case 'ended':
        return this.onEnded(node, effect)
      case 'offence':
        this.offences.push(effect)
    }
  }

  #count(route: string): void {
    this.routesSent.set(route, (this.routesSent.get(route) ?? 0) + 1)
  }

  #randomNode(knowsNeighbours: boolean): RouteNode {
    const { random } = this
    const contact = makeContact(random.bytes(32), random.bytes(32), random.bytes(8))
    const place = { x: random.share(), y: random.share(), lastMileMs: 1 + random.below(8) }
    return new RouteNode(contact, place, knowsNeighbours)
  }
}

/** The nodes closest to a point, closest first. */
export function closestNodes(nodes: readonly RouteNode[], target: string, count: number): RouteNode[] {
  return [...nodes].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, count)
}

/** The smallest value that this share of the values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
