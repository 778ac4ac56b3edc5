// Many Routing machines in virtual time, over a stub of everything below them: links open after a delay from either side,
// full peers refuse, lookups walk greedily over the links there are. No bytes, no cryptography, no loss.

import type { Millis } from '../../src/contract.ts'
import { type Contact, makeContact } from '../../src/identity/contact.ts'
import type { Key, PeerId } from '../../src/identity/peer-id.ts'
import { compareDistance } from '../../src/routing/distance.ts'
import { EventQueue } from '../gossip/event-queue.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import { NetworkNode } from './network-node.ts'

export interface NetworkOptions {
  readonly seed: number
  readonly linksMax: number
  /** Contacts an introducer hands out at once. */
  readonly introductions: number
}

export function randomContact(random: SeededRandom): Contact {
  return makeContact(random.bytes(32), random.bytes(32), random.bytes(8))
}

export class Network {
  now: Millis = 1_000_000
  readonly nodes: NetworkNode[] = []
  readonly nodeById = new Map<PeerId, NetworkNode>()
  readonly random: SeededRandom
  readonly options: NetworkOptions
  /** What happened so far. `deadDials`: to somebody who was not there. `glares`: both dialed at once. */
  readonly counts = {
    dials: 0,
    opened: 0,
    closed: 0,
    refused: 0,
    deadDials: 0,
    glares: 0,
    wants: 0,
    probes: 0,
  }
  /** Whether lookups are answered. */
  answersLookups = true
  /** What ought not to have happened. */
  readonly violations = new Set<string>()
  readonly #events = new EventQueue<{ readonly at: Millis; readonly run: () => void }>()

  constructor(options: NetworkOptions) {
    this.options = options
    this.random = new SeededRandom(options.seed)
  }

  after(ms: number, run: () => void): void {
    const at = this.now + Math.max(0, Math.round(ms))
    this.#events.add(at, { at, run })
  }

  runFor(ms: number): void {
    const end = this.now + ms
    while (this.#events.nextAt <= end) {
      const { at, run } = this.#events.take()
      this.now = at
      run()
    }
    this.now = end
  }

  /** Time passes, and every second the bounds of all peers are looked at. */
  watchFor(ms: number): void {
    for (let passed = 0; passed < ms; passed += 1_000) {
      this.runFor(Math.min(1_000, ms - passed))
      for (const node of this.alive) for (const wrong of node.check()) this.violations.add(wrong)
    }
  }

  /** Peers that start one after the other. They hear of others when they ask. */
  start(count: number, apartMs: number): void {
    for (let i = 0; i < count; i++) {
      const node = new NetworkNode(this, randomContact(this.random))
      this.nodes.push(node)
      this.nodeById.set(node.id, node)
      node.handle({ type: 'restore', contacts: [] })
      this.runFor(apartMs)
    }
  }

  /** About this share of the peers vanishes without a word. */
  vanish(share: number): void {
    for (const node of this.alive) if (this.random.share() < share) node.vanish()
  }

  get alive(): NetworkNode[] {
    return this.nodes.filter(({ isAlive }) => isAlive)
  }

  get linkCount(): number {
    return this.alive.reduce((sum, { links }) => sum + links.size, 0) / 2
  }

  nodeOf(id: PeerId): NetworkNode {
    return this.nodeById.get(id)!
  }

  /** One way, in milliseconds. */
  delay(): number {
    return 20 + this.random.below(100)
  }

  /**
   * Greedy walk over live links, after the hops of `via`; ends where nobody linked is closer. Whoever looks up its own id goes to
   * the others.
   */
  walk(from: NetworkNode, target: Key, via: readonly PeerId[] = []): { end: NetworkNode; hops: number } {
    const isOwn = from.id === (target as string)
    const visited = new Set<PeerId>([from.id, ...via])
    let end = via.length === 0 ? from : this.nodeOf(via.at(-1) as PeerId)
    for (;;) {
      const next = end.routing.view.linkedByDistance(target).find((id) => !visited.has(id))
      const isCloser = next !== undefined && compareDistance(target, next, end.id) < 0
      if (next === undefined || !(isCloser || (isOwn && end === from))) return { end, hops: visited.size - 1 }
      visited.add(next)
      end = this.nodeOf(next)
    }
  }
}
