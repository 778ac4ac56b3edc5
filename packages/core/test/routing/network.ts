// Many Routing machines in virtual time, over a stub of everything below them: links open after a delay from either side,
// full peers refuse, lookups walk greedily over the links there are. No bytes, no cryptography, no loss.

import type { Millis, Random } from '../../src/contract.ts'
import { type Contact, makeContact } from '../../src/identity/contact.ts'
import { type Key, keyOf, type PeerId } from '../../src/identity/peer-id.ts'
import { DIALS_MAX, PRUNE_AFTER_MS } from '../../src/limits.ts'
import { LINK_REASONS } from '../../src/peer/calls.ts'
import { compareDistance } from '../../src/routing/distance.ts'
import { Routing, type RoutingEffect, type RoutingInput } from '../../src/routing/routing.ts'

const BUSY_RETRY_MS = 30_000
const BUSY_RETRY_MS_MAX = 120_000
const DIAL_TIMEOUT_MS = 3_000
const SILENCE_MS = 3_000

export interface NetworkOptions {
  readonly seed: number
  readonly linksMax: number
  /** Contacts an introducer hands out at once. */
  readonly introductions: number
}

/** Deterministic numbers (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const u32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  return { u32, bytes: (length) => Uint8Array.from({ length }, () => u32() & 0xff) }
}

export function randomContact(random: Random): Contact {
  return makeContact(random.bytes(32), random.bytes(32), random.bytes(8))
}

export class Network {
  now: Millis = 1_000_000
  readonly nodes: Node[] = []
  readonly nodeById = new Map<PeerId, Node>()
  readonly random: Random
  readonly options: NetworkOptions
  /** What happened so far. */
  readonly counts = { dials: 0, opened: 0, closed: 0, refused: 0, dead: 0, glare: 0, wants: 0, finds: 0, probes: 0, introductions: 0, exchanges: 0, contactsSent: 0 }
  readonly violations: string[] = []
  #heap: { at: Millis; order: number; run: () => void }[] = []
  #order = 0

  constructor(options: NetworkOptions) {
    this.options = options
    this.random = seededRandom(options.seed)
  }

  after(ms: number, run: () => void): void {
    const heap = this.#heap
    heap.push({ at: this.now + Math.max(0, Math.round(ms)), order: this.#order++, run })
    let i = heap.length - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(heap[i]!, heap[parent]!)) break
      ;[heap[i], heap[parent]] = [heap[parent]!, heap[i]!]
      i = parent
    }
  }

  runFor(ms: number): void {
    const end = this.now + ms
    while (this.#heap.length > 0 && this.#heap[0]!.at <= end) {
      const { at, run } = this.#take()
      this.now = at
      run()
    }
    this.now = end
  }

  /** A new peer, started now. It hears of others when it asks. */
  add(): Node {
    const node = new Node(this, randomContact(this.random))
    this.nodes.push(node)
    this.nodeById.set(node.id, node)
    node.handle({ type: 'restore', contacts: [] })
    return node
  }

  readonly logs = new Map<string, number>()
  log(what: string): void {
    const t = [5, 10, 20, 40, 80, 160, 320].find((s) => this.now - 1_000_000 < s * 1000) ?? 999
    const k = `${what} <${t}s`
    this.logs.set(k, (this.logs.get(k) ?? 0) + 1)
  }

  get alive(): Node[] {
    return this.nodes.filter(({ isAlive }) => isAlive)
  }

  /** One way, in milliseconds. */
  delay(): number {
    return 20 + (this.random.u32() % 100)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.random.u32() % items.length]!
  }

  get linkCount(): number {
    return this.alive.reduce((sum, { links }) => sum + links.size, 0) / 2
  }

  /** Greedy walk from here over live links; ends where nobody linked is closer. `except` is never stepped on. */
  walk(from: Node, target: Key, except: PeerId | null): { end: Node; hops: number } {
    let end = from
    let hops = 0
    const visited = new Set<PeerId>(except === null ? [from.id] : [from.id, except])
    for (;;) {
      const next = end.routing.linkedByDistance(target).find((id) => !visited.has(id))
      if (next === undefined) break
      const isStart = end === from && except === from.id
      if (!isStart && compareDistance(target, next, end.id) >= 0) break
      visited.add(next)
      end = this.nodeById.get(next)!
      hops += 1
    }
    return { end, hops }
  }

  /** The same with a look two hops ahead, as the router has it: through a link to somebody closer whom it named. */
  walkFar(from: Node, target: Key): Node {
    let { end } = this.walk(from, target, null)
    for (let hops = 0; hops < 24; hops++) {
      const { routing } = end
      const beyond = routing.closest(target, 20).find(({ id }) => {
        const via = routing.viaOf(id)
        return via !== null && !routing.isSelfCloser(target, id) && this.nodeById.get(via)?.links.has(id)
      })
      if (beyond === undefined) return end
      end = this.walk(this.nodeById.get(beyond.id)!, target, null).end
    }
    return end
  }

  /** Share of random targets whose closest peer a greedy walk from a random peer reaches, and the mean hops. */
  greedy(samples: number): { reached: number; reachedFar: number; hops: number } {
    const random = seededRandom(7)
    const alive = this.alive
    let reached = 0
    let reachedFar = 0
    let hops = 0
    for (let i = 0; i < samples; i++) {
      const target = randomContact(random).id as string as Key
      const closest = alive.reduce((a, b) => (compareDistance(target, a.id, b.id) < 0 ? a : b))
      const from = alive[random.u32() % alive.length]!
      const walk = this.walk(from, target, null)
      if (walk.end === closest) reached += 1
      if (this.walkFar(from, target) === closest) reachedFar += 1
      hops += walk.hops
    }
    return { reached: reached / samples, reachedFar: reachedFar / samples, hops: hops / samples }
  }

  /** Share of (peer, one of its `count` truly closest) pairs that are linked. */
  closestLinked(count: number): number {
    let linked = 0
    let pairs = 0
    for (const node of this.alive) {
      const others = this.alive.filter((other) => other !== node)
      others.sort((a, b) => compareDistance(node.id, a.id, b.id))
      for (const other of others.slice(0, count)) {
        pairs += 1
        if (node.links.has(other.id)) linked += 1
      }
    }
    return linked / pairs
  }

  isConnected(): boolean {
    const alive = this.alive
    const seen = new Set<Node>([alive[0]!])
    for (const node of seen) for (const id of node.links.keys()) seen.add(this.nodeById.get(id)!)
    return seen.size === alive.length
  }

  check(): void {
    for (const node of this.alive) {
      if (node.links.size > this.options.linksMax) this.violations.push(`${node.links.size} links`)
      this.violations.push(...node.routing.check())
    }
  }

  #take(): { at: Millis; run: () => void } {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      heap[0] = last
      for (let i = 0; ; ) {
        let child = i * 2 + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
        if (!isBefore(heap[child]!, heap[i]!)) break
        ;[heap[i], heap[child]] = [heap[child]!, heap[i]!]
        i = child
      }
    }
    return first
  }
}

interface Link {
  readonly remote: Node
  ours: number
  theirs: number
  idleSince: Millis
}

export class Node {
  readonly routing: Routing
  readonly links = new Map<PeerId, Link>()
  readonly wants = new Map<PeerId, { contact: Contact; reasons: number }>()
  readonly dials = new Set<PeerId>()
  readonly accepts = new Set<PeerId>()
  readonly failures = new Map<PeerId, number>()
  isAlive = true
  joinedAt: Millis | null = null
  saved = 0
  readonly #network: Network

  constructor(
    network: Network,
    readonly_contact: Contact,
  ) {
    this.#network = network
    const { linksMax } = network.options
    const options = { self: readonly_contact, workBits: 0, linksMax, servers: [] }
    this.routing = new Routing(options, seededRandom(network.random.u32()))
  }

  get id(): PeerId {
    return this.routing.self.id
  }

  handle(input: RoutingInput): void {
    if (!this.isAlive) return
    const out: RoutingEffect[] = []
    this.routing.handle(input, this.#network.now, out)
    for (const effect of out) this.#carryOut(effect)
  }

  /** Stops without a word; the others notice when the link is silent. */
  vanish(): void {
    this.isAlive = false
    for (const link of this.links.values()) {
      const { remote } = link
      this.#network.after(SILENCE_MS + this.#network.delay() * 10, () => remote.drop(this.id, false, 'silent'))
    }
  }

  /** Says goodbye. */
  leave(): void {
    this.isAlive = false
    for (const { remote } of this.links.values()) {
      this.#network.after(this.#network.delay(), () => remote.drop(this.id, true, 'left'))
    }
  }

  drop(peer: PeerId, left: boolean, reason: string): void {
    if (!this.links.delete(peer)) return
    this.wants.delete(peer)
    this.handle({ type: 'link-down', peer, left, reason })
    this.#pump()
  }

  #carryOut(effect: RoutingEffect): void {
    const network = this.#network
    switch (effect.type) {
      case 'set-timer':
        return network.after(effect.afterMs, () => this.handle({ type: 'timer', timer: effect.timer }))
      case 'want':
        network.counts.wants += 1
        return this.#onWant(effect.contact, effect.reasons)
      case 'send': {
        const link = this.links.get(effect.to)
        if (link === undefined || effect.message.type !== 'PEER_EXCHANGE') return
        const { message } = effect
        network.counts.exchanges += 1
        network.counts.contactsSent += message.linked.length + message.siblings.length
        return network.after(network.delay(), () => {
          if (this.links.get(effect.to) === link) link.remote.handle({ type: 'receive', from: this.id, message })
        })
      }
      case 'find':
        network.counts.finds += 1
        return this.#find(effect.target)
      case 'probe': {
        network.counts.probes += 1
        const { id } = effect.contact
        return network.after(network.delay() * 6, () => {
          if (network.nodeById.get(id)?.isAlive) this.handle({ type: 'probed', peer: id, alive: true })
        })
      }
      case 'need-contacts':
        return this.#introduce()
      case 'joined':
        this.joinedAt ??= network.now
        return
      case 'save':
        this.saved += 1
        return
      case 'offence':
        network.violations.push(`offence ${effect.offence}`)
        return
    }
  }

  #find(target: Key): void {
    const { end, hops } = this.#network.walk(this, target, this.id)
    const answered = end !== this
    const contacts = answered ? [end.routing.self, ...end.routing.closest(target, 20)] : []
    this.#network.after(hops * 2 * this.#network.delay(), () =>
      this.handle({ type: 'found', target, responder: answered ? end.id : null, contacts }),
    )
  }

  #introduce(): void {
    const network = this.#network
    const others = network.alive.filter((node) => node !== this)
    if (others.length === 0) return
    network.counts.introductions += 1
    const contacts = Array.from({ length: network.options.introductions }, () => network.pick(others).routing.self)
    network.after(network.delay() * 2, () => this.handle({ type: 'learned', contacts, via: null }))
  }

  // Links

  get #places(): number {
    return this.#network.options.linksMax - this.links.size - this.dials.size - this.accepts.size
  }

  #onWant(contact: Contact, reasons: number): void {
    if (reasons === 0) this.wants.delete(contact.id)
    else this.wants.set(contact.id, { contact, reasons })
    const link = this.links.get(contact.id)
    if (link === undefined) return this.#pump()
    this.#say(link, reasons)
  }

  #say(link: Link, reasons: number): void {
    link.ours = reasons
    this.#network.after(this.#network.delay(), () => {
      const back = link.remote.links.get(this.id)
      if (this.links.get(link.remote.id) !== link || back === undefined) return
      back.theirs = reasons
      link.remote.handle({ type: 'remote-reasons', peer: this.id, reasons })
      link.remote.#pruneLater(back)
    })
    this.#pruneLater(link)
  }

  #pruneLater(link: Link): void {
    if ((link.ours | link.theirs) !== 0) {
      link.idleSince = 0
      return
    }
    link.idleSince = this.#network.now
    this.#network.after(PRUNE_AFTER_MS, () => {
      if (this.links.get(link.remote.id) !== link || link.idleSince === 0) return
      if (this.#network.now - link.idleSince >= PRUNE_AFTER_MS) { this.#network.log('pruned'); this.#close(link.remote) }
    })
  }

  #close(remote: Node): void {
    this.#network.counts.closed += 1
    this.drop(remote.id, false, 'pruned')
    this.#network.after(this.#network.delay(), () => remote.drop(this.id, false, 'pruned'))
  }

  #pump(): void {
    for (const { contact, reasons } of this.wants.values()) {
      if (!this.isAlive || this.dials.size >= DIALS_MAX || this.#places <= 0) return
      const { id } = contact
      if (this.links.has(id) || this.dials.has(id) || this.accepts.has(id)) continue
      this.dials.add(id)
      this.#network.counts.dials += 1
      this.#network.log(`dial ${reasons & 1 ? 'leaf' : reasons & 2 ? 'bucket' : 'random'}`)
      this.#network.after(this.#network.delay() * 2, () => this.#offer(this.#network.nodeById.get(id)!, reasons))
    }
  }

  #offer(remote: Node, reasons: number): void {
    const network = this.#network
    if (!this.dials.has(remote.id) || !this.isAlive) return
    if (!remote.isAlive) {
      network.after(DIAL_TIMEOUT_MS, () => {
        network.counts.dead += 1
        this.#failed(remote.id, 1_000, true)
      })
      return
    }
    if (remote.links.has(this.id)) return void this.dials.delete(remote.id)
    if (remote.dials.has(this.id)) {
      network.counts.glare += 1
      if (remote.id < this.id) return void this.dials.delete(remote.id)
      remote.dials.delete(this.id)
    }
    if (!remote.#findPlace(this.id, reasons)) {
      network.log(`refused ${reasons & 1 ? 'leaf' : reasons & 2 ? 'bucket' : 'random'}`)
      return this.#refused(remote)
    }
    remote.accepts.add(this.id)
    network.after(200 + network.delay() * 3, () => this.#open(remote))
  }

  #findPlace(peer: PeerId, reasons: number): boolean {
    if (this.#places > 0) return true
    if ((reasons & LINK_REASONS.leaf) === 0 || !this.routing.isNear(peer)) return false
    let victim: Link | null = null
    let victimWorth = Number.POSITIVE_INFINITY
    for (const link of this.links.values()) {
      if (((link.ours | link.theirs) & LINK_REASONS.leaf) !== 0) continue
      const worth = (link.ours !== 0 ? 2 : 0) + (link.theirs !== 0 ? 1 : 0)
      if (worth >= victimWorth) continue
      victim = link
      victimWorth = worth
    }
    if (victim === null) return false
    this.accepts.add(peer)
    this.#network.log('made room')
    this.#close(victim.remote)
    return true
  }

  #refused(remote: Node): void {
    const network = this.#network
    network.counts.refused += 1
    const alternatives = remote.routing.closestLinked(keyOf(this.id), 4)
    network.after(network.delay(), () => {
      this.handle({ type: 'learned', contacts: alternatives, via: null })
      this.#failed(remote.id, BUSY_RETRY_MS, false)
    })
  }

  #failed(peer: PeerId, baseMs: number, gone: boolean): void {
    if (!this.dials.delete(peer)) return
    const failures = this.failures.get(peer) ?? 0
    this.failures.set(peer, failures + 1)
    this.wants.delete(peer)
    const jitter = 0.5 + this.#network.random.u32() / 0x1_0000_0000
    const retryAfterMs = Math.round(Math.min(baseMs * 2 ** failures, BUSY_RETRY_MS_MAX) * jitter)
    this.handle({ type: 'dial-failed', peer, retryAfterMs, gone })
    this.#pump()
  }

  #open(remote: Node): void {
    remote.accepts.delete(this.id)
    if (!this.dials.delete(remote.id) || !this.isAlive || !remote.isAlive) return
    this.#network.counts.opened += 1
    for (const [node, other, role] of [
      [this, remote, 'dialer'],
      [remote, this, 'listener'],
    ] as const) {
      const link = { remote: other, ours: 0, theirs: role === 'listener' ? LINK_REASONS.bucket : 0, idleSince: 0 }
      node.failures.delete(other.id)
      node.links.set(other.id, link)
    }
    for (const [node, other, role] of [
      [this, remote, 'dialer'],
      [remote, this, 'listener'],
    ] as const) {
      const link = node.links.get(other.id)!
      node.#say(link, node.wants.get(other.id)?.reasons ?? 0)
      node.handle({ type: 'link-up', contact: other.routing.self, role })
      node.#pump()
    }
  }
}

function isBefore(a: { at: Millis; order: number }, b: { at: Millis; order: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
