// Many Gossip machines in one virtual time: real frames, modelled delays, modelled signatures, no routing and no links
// beside what a test lays out. Equal seeds give equal runs.

import { sha256 } from '@noble/hashes/sha2.js'
import { Gossip, type GossipEffect, type GossipInput } from '../../src/gossip/gossip.ts'
import { type GossipStrategy, TREE } from '../../src/gossip/strategy.ts'
import { type Contact, makeContact } from '../../src/identity/contact.ts'
import { networkIdOf } from '../../src/identity/network-id.ts'
import type { Key, PeerId } from '../../src/identity/peer-id.ts'
import type { LinkView, RoutingView } from '../../src/machine.ts'
import type { PublishResult } from '../../src/peer/calls.ts'
import { concatBytes, equalBytes } from '../../src/wire/bytes.ts'
import { decodeFrame, encodeFrame } from '../../src/wire/codec.ts'
import { MESSAGES, type MessageId, type MessageName } from '../../src/wire/messages.ts'
import { EventQueue } from './event-queue.ts'
import { SeededRandom } from './seeded.ts'

/** Milliseconds of a signature or its check. */
const JOB_MS = 1
/** Milliseconds until the death of a neighbour is noticed (LINK_SILENCE_MS). */
export const SILENCE_MS = 7_500
/** Bytes in front of each frame in a channel message. */
const LENGTH_BYTES = 2

export interface Delivery {
  readonly node: number
  readonly afterMs: number
  readonly hops: number
}

export interface Published {
  readonly topic: string
  readonly at: number
  id: MessageId | null
  recipients: number
  failure: string | null
  readonly deliveries: Delivery[]
}

interface Node {
  readonly index: number
  readonly contact: Contact
  readonly machine: Gossip
  readonly linked: Set<number>
  isAlive: boolean
}

interface Event {
  readonly node: number
  /** Bytes from a link that may have gone, or an input. */
  readonly from: number | null
  readonly bytes: Uint8Array | null
  readonly input: GossipInput | null
}

export interface NetworkOptions {
  readonly nodes: number
  readonly seed: number
  /** Share of frames that are lost, for tests of the backstop; links are reliable. */
  readonly loss?: number
}

export class GossipNetwork {
  readonly nodes: Node[] = []
  readonly random: SeededRandom
  readonly published: Published[] = []
  readonly framesByName = new Map<MessageName, number>()
  readonly bytesByName = new Map<MessageName, number>()
  readonly offences: { readonly by: number; readonly peer: number; readonly offence: string }[] = []
  now = 1_700_000_000_000
  loss: number
  readonly #queue = new EventQueue<Event>()
  readonly #places: { readonly x: number; readonly y: number; readonly lastMileMs: number }[] = []
  readonly #indexById = new Map<PeerId, number>()
  readonly #publishedByOp = new Map<number, Published>()
  readonly #publishedById = new Map<MessageId, Published>()

  constructor({ nodes, seed, loss = 0 }: NetworkOptions) {
    this.random = new SeededRandom(seed)
    this.loss = loss
    for (let index = 0; index < nodes; index++) this.#add(index)
  }

  // Shaping the network

  link(a: number, b: number): void {
    if (a === b || this.nodes[a]!.linked.has(b)) return
    this.nodes[a]!.linked.add(b)
    this.nodes[b]!.linked.add(a)
    this.input(a, { type: 'link-up', peer: this.idOf(b) })
    this.input(b, { type: 'link-up', peer: this.idOf(a) })
  }

  unlink(a: number, b: number): void {
    if (!this.nodes[a]!.linked.delete(b)) return
    this.nodes[b]!.linked.delete(a)
    this.input(a, { type: 'link-down', peer: this.idOf(b) })
    this.input(b, { type: 'link-down', peer: this.idOf(a) })
  }

  /** A ring, so that it is connected, and links by chance up to the degree. */
  linkRandomly(degree: number): void {
    const count = this.nodes.length
    for (let i = 0; i < count; i++) this.link(i, (i + 1) % count)
    this.#fill(degree)
  }

  /** The closest by XOR for half of the degree, and links by chance for the rest, as a small routing table would have. */
  linkByDistance(degree: number): void {
    for (const { index } of this.nodes) {
      const closest = this.nodes
        .filter((other) => other.index !== index)
        .sort((a, b) => compareDistance(this.idOf(index), a.contact.id, b.contact.id))
      for (const other of closest.slice(0, degree >> 1)) {
        if (this.nodes[index]!.linked.size < degree && other.linked.size < degree)
          this.link(index, other.index)
      }
    }
    this.#fill(degree)
  }

  /** They vanish: nobody hears of it before the silence is noticed. */
  kill(victims: readonly number[], silenceMs = SILENCE_MS): void {
    for (const victim of victims) this.nodes[victim]!.isAlive = false
    for (const victim of victims) {
      for (const other of this.nodes[victim]!.linked) {
        const input: GossipInput = { type: 'link-down', peer: this.idOf(victim) }
        this.#queue.add(this.now + silenceMs, { node: other, from: null, bytes: null, input })
      }
    }
  }

  // Acting

  input(node: number, input: GossipInput): void {
    const out: GossipEffect[] = []
    const { machine, isAlive } = this.nodes[node]!
    if (!isAlive) return
    if (input.type === 'link-down') this.nodes[node]!.linked.delete(this.#indexById.get(input.peer)!)
    machine.handle(input, this.now, out)
    for (const effect of out) this.#perform(node, effect)
  }

  subscribe(
    topic: string,
    nodes: readonly number[] = this.nodes.map(({ index }) => index),
    strategy: GossipStrategy = TREE,
  ): void {
    for (const node of nodes) this.input(node, { type: 'subscribe', topic, strategy })
  }

  publish(node: number, topic: string, payloadBytes = 200, deadlineMs = 10_000): Published {
    const op = this.published.length
    const published: Published = {
      topic,
      at: this.now,
      id: null,
      recipients: 0,
      failure: null,
      deliveries: [],
    }
    this.published.push(published)
    this.#publishedByOp.set(op, published)
    this.input(node, { type: 'publish', op, topic, payload: this.random.bytes(payloadBytes), deadlineMs })
    return published
  }

  run(ms: number): void {
    const end = this.now + ms
    while (this.#queue.nextAt <= end) {
      this.now = this.#queue.nextAt
      this.#happen(this.#queue.take())
    }
    this.now = end
  }

  // Looking

  idOf(node: number): PeerId {
    return this.nodes[node]!.contact.id
  }

  alive(): number[] {
    return this.nodes.filter(({ isAlive }) => isAlive).map(({ index }) => index)
  }

  /** Messages received, wanted or not, by all nodes so far. */
  copies(): number {
    return this.nodes.reduce((sum, { machine }) => sum + machine.stats().copies, 0)
  }

  bytes(...names: MessageName[]): number {
    const wanted = names.length > 0 ? names : (Object.keys(MESSAGES) as MessageName[])
    return wanted.reduce((sum, name) => sum + (this.bytesByName.get(name) ?? 0), 0)
  }

  oneWayMs(a: number, b: number): number {
    const [p, q] = [this.#places[a]!, this.#places[b]!]
    return Math.round(Math.hypot(p.x - q.x, p.y - q.y) + p.lastMileMs + q.lastMileMs)
  }

  // Inside

  #add(index: number): void {
    const { random } = this
    const contact = makeContact(random.bytes(32), random.bytes(32), random.bytes(8))
    const linked = new Set<number>()
    const routing = this.#routingOf(index, contact, linked)
    const options = { self: contact, networkId: networkIdOf('test', 0), workBits: 0 }
    const machine = new Gossip(options, routing, this.#linksOf(index), new SeededRandom(random.u32()))
    // A square of 127 ms with 1 to 8 ms of last mile on either side: one-way delays of 75 ms on average.
    const place = { x: random.share() * 127, y: random.share() * 127, lastMileMs: 1 + random.share() * 7 }
    this.#places.push(place)
    this.#indexById.set(contact.id, index)
    this.nodes.push({ index, contact, machine, linked, isAlive: true })
    this.input(index, { type: 'start', bootId: this.now })
  }

  #fill(degree: number): void {
    for (const { index } of this.nodes) {
      const others = this.random.shuffled(this.nodes)
      for (const other of others) {
        if (this.nodes[index]!.linked.size >= degree) break
        if (other.linked.size < degree) this.link(index, other.index)
      }
    }
  }

  #happen({ node, from, bytes, input }: Event): void {
    if (input !== null) return this.input(node, input)
    if (!this.nodes[node]!.linked.has(from!)) return
    const frame = decodeFrame(bytes!)
    if (frame === null) throw new Error('a machine sent a malformed frame')
    this.input(node, { type: 'receive', from: this.idOf(from!), frame })
  }

  #perform(node: number, effect: GossipEffect): void {
    switch (effect.type) {
      case 'send':
        return this.#send(
          node,
          effect.to,
          encodeFrame(effect.message, effect.ttl, effect.flags),
          effect.message.type,
        )
      case 'forward':
        return this.#send(node, effect.to, effect.frame, 'GOSSIP')
      case 'set-timer':
        return this.#later(node, effect.afterMs, { type: 'timer', timer: effect.timer })
      case 'verify': {
        const valid = equalBytes(modelSignature(effect.key, effect.bytes), effect.signature)
        return this.#later(node, JOB_MS, { type: 'verified', token: effect.token, valid })
      }
      case 'sign': {
        const signature = modelSignature(this.nodes[node]!.contact.signingKey, effect.bytes)
        return this.#later(node, JOB_MS, { type: 'signed', token: effect.token, signature })
      }
      case 'done': {
        const { id, recipients } = effect.value as PublishResult
        const published = this.#publishedByOp.get(effect.op)!
        published.id = id
        published.recipients = recipients
        this.#publishedById.set(id, published)
        return
      }
      case 'failed':
        this.#publishedByOp.get(effect.op)!.failure = effect.code
        return
      case 'offence':
        this.offences.push({ by: node, peer: this.#indexById.get(effect.peer)!, offence: effect.offence })
        return
      case 'event': {
        if (effect.event.type !== 'message') throw new Error(effect.event.type)
        const published = this.#publishedById.get(effect.event.id)
        published?.deliveries.push({ node, afterMs: this.now - published.at, hops: effect.event.hops })
      }
    }
  }

  #send(node: number, to: PeerId, bytes: Uint8Array, name: MessageName): void {
    const target = this.#indexById.get(to)!
    this.framesByName.set(name, (this.framesByName.get(name) ?? 0) + 1)
    this.bytesByName.set(name, (this.bytesByName.get(name) ?? 0) + bytes.length + LENGTH_BYTES)
    if (!this.nodes[node]!.linked.has(target)) return
    if (this.loss > 0 && this.random.share() < this.loss) return
    this.#queue.add(this.now + this.oneWayMs(node, target), { node: target, from: node, bytes, input: null })
  }

  #nodeOf(id: PeerId): Node {
    return this.nodes[this.#indexById.get(id)!]!
  }

  #later(node: number, afterMs: number, input: GossipInput): void {
    this.#queue.add(this.now + afterMs, { node, from: null, bytes: null, input })
  }

  #routingOf(index: number, self: Contact, linked: ReadonlySet<number>): RoutingView {
    const byDistance = (target: Key) =>
      [...linked].map((other) => this.idOf(other)).sort((a, b) => compareDistance(target, a, b))
    const contacts = (ids: readonly PeerId[]) => ids.map((id) => this.#nodeOf(id).contact)
    const neighbours = () => [...linked].flatMap((other) => [other, ...this.nodes[other]!.linked])
    const known = () =>
      [...new Set(neighbours())].filter((other) => other !== index).map((other) => this.idOf(other))
    return {
      self,
      linkedByDistance: byDistance,
      isSelfCloser: (target, than) => compareDistance(target, this.idOf(index), than) < 0,
      // As after peer exchange: our links and theirs.
      closest: (target, count) => {
        const ids = known().sort((a, b) => compareDistance(target, a, b))
        return contacts(ids.slice(0, count))
      },
      closestLinked: (target, count) => contacts(byDistance(target).slice(0, count)),
      siblings: () => [],
      isLinked: (peer) => linked.has(this.#indexById.get(peer)!),
      settledForMs: () => 60_000,
      isDeparted: () => false,
      contactOf: () => null,
      ways: () => [],
      viaOf: (peer) => {
        const { index: sought } = this.#nodeOf(peer)
        const via = [...linked].find((other) => this.nodes[other]!.linked.has(sought))
        return linked.has(sought) || via === undefined ? null : this.idOf(via)
      },
      linked: () => [...linked].map((other) => this.idOf(other)),
    }
  }

  #linksOf(index: number): LinkView {
    return {
      roundTripMs: (peer) => this.oneWayMs(index, this.#indexById.get(peer)!) * 2,
      isHidden: () => false,
    }
  }
}

/** Stands in for Ed25519: whoever has the public key can make one, and a changed byte shows. */
export function modelSignature(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const hash = sha256(concatBytes(key, bytes))
  return concatBytes(hash, hash)
}

function compareDistance(target: string, a: string, b: string): number {
  for (let i = 0; i < target.length; i++) {
    const digit = Number.parseInt(target[i]!, 16)
    const difference = (Number.parseInt(a[i]!, 16) ^ digit) - (Number.parseInt(b[i]!, 16) ^ digit)
    if (difference !== 0) return difference
  }
  return 0
}
