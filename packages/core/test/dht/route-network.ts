// Many routers in virtual time: links with latencies, peers that die without anybody hearing of it, and nothing random
// that does not follow from the seed.

import type { LinkRole } from '../../src/contract.ts'
import { compareDistance } from '../../src/routing/distance.ts'
import { Router, type RouterEffect, type RouterInput } from '../../src/dht/router.ts'
import { type Contact, makeContact } from '../../src/identity/contact.ts'
import { type Key, keyOf, type PeerId } from '../../src/identity/peer-id.ts'
import type { LinkView, RoutingView } from '../../src/machine.ts'
import { decodeFrame, encodeFrame } from '../../src/wire/codec.ts'
import type { Message, OperationId } from '../../src/wire/messages.ts'

export type DeliverEffect = RouterEffect & { readonly type: 'deliver' }

/** Numbers that follow from the seed (mulberry32). */
export class Seeded {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  below(count: number): number {
    return this.u32() % count
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  share(): number {
    return this.u32() / 0x1_0000_0000
  }

  hex(bytes: number): string {
    let text = ''
    for (let i = 0; i < bytes; i++) text += (this.u32() & 0xff).toString(16).padStart(2, '0')
    return text
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.u32() & 0xff)
  }
}

/** A peer of the harness: its router and what the router may ask about. */
export class Node implements RoutingView, LinkView {
  readonly self: Contact
  readonly place: { readonly x: number; readonly y: number; readonly lastMileMs: number }
  readonly links = new Map<PeerId, Node>()
  readonly held = new Set<Key>()
  readonly router: Router
  readonly prefix: number
  alive = true
  /** Whether round trips are known, and contacts of linked peers (peer exchange). */
  knowsRoundTrips = true
  knowsNeighbours = false

  constructor(self: Contact, place: Node['place']) {
    this.self = self
    this.place = place
    this.prefix = Number.parseInt(self.id.slice(0, 8), 16)
    this.router = new Router(self.id, this, this, { holds: (key) => this.held.has(key) })
  }

  get id(): PeerId {
    return this.self.id
  }

  oneWayMs(to: Node): number {
    const distance = Math.hypot(this.place.x - to.place.x, this.place.y - to.place.y)
    return Math.round(this.place.lastMileMs + to.place.lastMileMs + SPAN_MS * distance)
  }

  linkedByDistance(target: Key): readonly PeerId[] {
    return [...this.links.keys()].sort((a, b) => compareDistance(target, a, b))
  }

  isSelfCloser(target: Key, than: PeerId): boolean {
    return compareDistance(target, this.id, than) < 0
  }

  closest(target: Key, count: number): readonly Contact[] {
    const known = new Map<PeerId, Contact>([...this.links.values()].map((node) => [node.id, node.self]))
    if (this.knowsNeighbours)
      for (const node of this.links.values())
        for (const next of node.links.values()) if (next !== this) known.set(next.id, next.self)
    return [...known.values()].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, count)
  }

  closestLinked(target: Key, count: number): readonly Contact[] {
    return this.linkedByDistance(target)
      .slice(0, count)
      .map((id) => (this.links.get(id) as Node).self)
  }

  siblings(): readonly Contact[] {
    return this.closest(keyOf(this.id), 40)
  }

  isLinked(peer: PeerId): boolean {
    return this.links.has(peer)
  }

  contactOf(peer: PeerId): Contact | null {
    return this.links.get(peer)?.self ?? null
  }

  viaOf(peer: PeerId): PeerId | null {
    if (!this.knowsNeighbours) return null
    for (const node of this.links.values()) if (node.links.has(peer)) return node.id
    return null
  }

  linked(): readonly PeerId[] {
    return [...this.links.keys()]
  }

  roundTripMs(peer: PeerId): number | null {
    const node = this.links.get(peer)
    return node === undefined || !this.knowsRoundTrips ? null : 2 * this.oneWayMs(node)
  }

  isHidden(): boolean {
    return false
  }

  roleOf(): LinkRole | null {
    return null
  }
}

/** Milliseconds from one side of the square to the other: with the last mile, a mean one-way delay of about 75 ms. */
const SPAN_MS = 128

interface Event {
  readonly at: number
  readonly order: number
  run(): void
}

export interface NetworkOptions {
  readonly peers: number
  readonly linksMax: number
  readonly seed: number
  readonly knowsNeighbours?: boolean
}

export interface Outcome {
  readonly operation: OperationId
  readonly startedAt: number
  replies: { at: number; hops: number; inner: Message }[]
  ended: { at: number; reason: string } | null
}

export class RouteNetwork {
  readonly random: Seeded
  readonly nodes: Node[] = []
  readonly byId = new Map<PeerId, Node>()
  readonly outcomes = new Map<OperationId, Outcome>()
  /** ROUTE frames by operation and path. */
  readonly sent = new Map<string, number>()
  readonly counts = { ROUTE: 0, ROUTE_ACK: 0, ROUTE_NACK: 0, ROUTE_REPLY: 0 } as Record<string, number>
  readonly offences: string[] = []
  /** What a peer does with a message for it; by default it answers. */
  onDeliver: (node: Node, effect: DeliverEffect) => void = (node, effect) => {
    this.input(node, { type: 'answer', route: effect.route, inner: answerTo(effect, node), last: true })
  }
  now = 1_000_000
  #order = 0
  readonly #heap: Event[] = []

  constructor(options: NetworkOptions) {
    this.random = new Seeded(options.seed)
    for (let i = 0; i < options.peers; i++) this.#addNode(options)
    linkUp(this.nodes, options.linksMax, this.random)
  }

  start(node: Node, start: Partial<RouterInput & { type: 'start' }> & Pick<RouterInput & { type: 'start' }, 'mode' | 'target'>): Outcome {
    const operation = this.random.hex(16) as OperationId
    const outcome: Outcome = { operation, startedAt: this.now, replies: [], ended: null }
    this.outcomes.set(operation, outcome)
    const inner: Message = { type: 'FIND', target: start.target, what: 0, count: 0 }
    this.input(node, { type: 'start', operation, inner, paths: 2, timeoutMs: 10_000, ...start })
    return outcome
  }

  input(node: Node, input: RouterInput): void {
    const out: RouterEffect[] = []
    node.router.handle(input, this.now, out)
    for (const effect of out) this.#effect(node, effect)
  }

  /** Runs until nothing is left to do. */
  run(untilMs = Number.MAX_SAFE_INTEGER): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= untilMs; next = this.#heap[0]) {
      this.#pop()
      this.now = Math.max(this.now, next.at)
      next.run()
    }
  }

  after(ms: number, run: () => void): void {
    this.#push({ at: this.now + Math.max(0, Math.ceil(ms)), order: this.#order++, run })
  }

  unlink(a: Node, b: Node): void {
    a.links.delete(b.id)
    b.links.delete(a.id)
    this.input(a, { type: 'link-down', peer: b.id })
    this.input(b, { type: 'link-down', peer: a.id })
  }

  #effect(node: Node, effect: RouterEffect): void {
    if (effect.type === 'send') this.#send(node, effect)
    else if (effect.type === 'set-timer')
      this.after(effect.afterMs, () => {
        if (node.alive) this.input(node, { type: 'timer', timer: effect.timer })
      })
    else if (effect.type === 'deliver') this.onDeliver(node, effect)
    else if (effect.type === 'offence') this.offences.push(effect.offence)
    else if (effect.type === 'reply')
      this.outcomes.get(effect.operation)?.replies.push({ at: this.now, hops: effect.hops, inner: effect.inner })
    else if (effect.type === 'ended') {
      const outcome = this.outcomes.get(effect.operation)
      if (outcome) outcome.ended = { at: this.now, reason: effect.reason }
    }
  }

  #send(node: Node, effect: RouterEffect & { type: 'send' }): void {
    const bytes = encodeFrame(effect.message, effect.ttl)
    this.counts[effect.message.type] = (this.counts[effect.message.type] ?? 0) + 1
    if (effect.message.type === 'ROUTE') {
      const id = `${effect.message.operation}/${effect.message.path}`
      this.sent.set(id, (this.sent.get(id) ?? 0) + 1)
    }
    const to = node.links.get(effect.to)
    if (to === undefined) return
    this.after(node.oneWayMs(to), () => {
      const frame = decodeFrame(bytes)
      if (frame === null) throw new Error(`frame does not decode: ${effect.message.type}`)
      if (!to.alive || !to.links.has(node.id)) return
      const message = frame.message as (RouterInput & { type: 'receive' })['message']
      this.input(to, { type: 'receive', from: node.id, ttl: frame.ttl, message })
    })
  }

  #addNode(options: NetworkOptions): void {
    const { random } = this
    const contact = makeContact(random.bytes(32), random.bytes(32), random.bytes(8))
    const place = { x: random.share(), y: random.share(), lastMileMs: 1 + random.below(8) }
    const node = new Node(contact, place)
    node.knowsNeighbours = options.knowsNeighbours ?? false
    this.nodes.push(node)
    this.byId.set(contact.id, node)
  }

  #push(event: Event): void {
    const heap = this.#heap
    heap.push(event)
    let i = heap.length - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(event, heap[parent] as Event)) break
      heap[i] = heap[parent] as Event
      i = parent
    }
    heap[i] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Event
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++
      if (!isBefore(heap[child] as Event, last)) break
      heap[i] = heap[child] as Event
      i = child
    }
    heap[i] = last
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order
}

function answerTo(effect: DeliverEffect, node: Node): Message {
  return { type: 'ABSENT', responder: node.self, key: effect.target }
}

/**
 * Leaves first, then far links whose distances are spread evenly over the buckets (Kleinberg, 2000: the one distribution
 * under which greedy routing finds short ways), the nearest of 16 candidates each; both ends stay within the cap.
 */
function linkUp(nodes: readonly Node[], linksMax: number, random: Seeded): void {
  const leaves = Math.min(8, Math.round(linksMax * 0.4))
  const sorted = new Map(nodes.map((node) => [node, sortedFrom(node, nodes)]))
  for (let rank = 0; rank < leaves; rank++)
    for (const node of nodes) tryLink(node, sorted.get(node)?.[rank], linksMax)
  for (let round = 0; round < linksMax; round++)
    for (const node of nodes) {
      const others = sorted.get(node) as Node[]
      const buckets = bucketOf(node, others[0] as Node) + 1
      const bucket = random.below(buckets)
      const members = others.filter((other) => bucketOf(node, other) === bucket && !node.links.has(other.id))
      const candidates = Array.from({ length: Math.min(16, members.length) }, () => random.pick(members))
      candidates.sort((a, b) => node.oneWayMs(a) - node.oneWayMs(b))
      candidates.some((other) => tryLink(node, other, linksMax))
    }
}

function tryLink(a: Node, b: Node | undefined, linksMax: number): boolean {
  if (b === undefined || a === b || a.links.has(b.id)) return false
  if (a.links.size >= linksMax || b.links.size >= linksMax) return false
  a.links.set(b.id, b)
  b.links.set(a.id, a)
  return true
}

/** Bits that two ids share; the first 32 tell the peers of a test apart. */
function bucketOf(a: Node, b: Node): number {
  return Math.clz32((a.prefix ^ b.prefix) >>> 0)
}

function sortedFrom(node: Node, nodes: readonly Node[]): Node[] {
  const distance = (other: Node) => (other.prefix ^ node.prefix) >>> 0
  return nodes.filter((other) => other !== node).sort((a, b) => distance(a) - distance(b))
}

export function closestNodes(nodes: readonly Node[], target: string, count: number): Node[] {
  return [...nodes].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, count)
}
