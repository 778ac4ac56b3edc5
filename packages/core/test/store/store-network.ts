/**
 * Many Store machines in virtual time. Everything around them is a stand-in: the router takes a message where it belongs
 * by looking at all peers at once, signatures are keyed hashes, and each peer learns of others some time after they come
 * and go. What the stores say to each other passes through the real codec.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { foundSignedBytes } from '../../src/dht/found.ts'
import type { PeerRecord, RecordHeader } from '../../src/dht/record.ts'
import type { RoutedReply } from '../../src/dht/routed.ts'
import { Store, type StoreCall, type StoreEffect, type StoreInput } from '../../src/dht/store.ts'
import { type Contact, makeContact } from '../../src/identity/contact.ts'
import { type Key, keyOf, type PeerId } from '../../src/identity/peer-id.ts'
import { SIBLINGS_MAX } from '../../src/limits.ts'
import type { RoutingView, Way } from '../../src/machine.ts'
import { closestOf, compareDistance } from '../../src/routing/distance.ts'
import { concatBytes, equalBytes, utf8 } from '../../src/wire/bytes.ts'
import { decodeInner, encodeInner } from '../../src/wire/codec.ts'
import type { Message, OperationId } from '../../src/wire/messages.ts'

export const NETWORK_ID = 'ab'.repeat(16)

export type Outcome =
  | { readonly type: 'done'; readonly value: unknown }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }

export interface NetworkOptions {
  readonly seed: number
  readonly replicas: number
  /** Share of routed messages and replies that are lost. */
  readonly loss?: number
  /** Milliseconds until others notice that a peer was killed. */
  readonly noticeMs?: number
}

interface Path {
  readonly asked: Set<PeerId>
  at: PeerId | null
  open: boolean
}

interface Operation {
  readonly effect: StoreEffect & { type: 'route' }
  readonly origin: PeerId
  readonly paths: Path[]
  over: boolean
}

/** Milliseconds of one hop, the longest way to the closest peer in hops, and of a job. */
const HOP_MS = 25
const HOPS = 3
const JOB_MS = 1
const PERSIST_MS = 40
/** Milliseconds until a peer that comes or says goodbye is known to those near it. */
const LEARN_MS = 300

export class StoreNetwork {
  now = 1_000_000
  readonly peers = new Map<PeerId, NetworkPeer>()
  /** Routed messages that were delivered, by type. */
  readonly delivered = new Map<string, number>()
  readonly #options: NetworkOptions
  readonly #operations = new Map<string, Operation>()
  readonly #outcomes = new Map<number, Outcome>()
  #events: { at: number; order: number; run: () => void }[] = []
  #order = 0
  #nextOp = 1
  #nextPeer = 0
  #state: number

  constructor(options: NetworkOptions) {
    this.#options = options
    this.#state = options.seed >>> 0
  }

  /** Mulberry32. */
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

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.u32() & 0xff)
  }

  alive(): NetworkPeer[] {
    return [...this.peers.values()].filter((peer) => peer.alive)
  }

  anyone(): NetworkPeer {
    const alive = this.alive()
    return alive[this.below(alive.length)] as NetworkPeer
  }

  join(disk?: NetworkPeer): NetworkPeer {
    const contact = disk?.contact ?? contactNumber(this.#options.seed * 100_000 + this.#nextPeer++)
    const peer = new NetworkPeer(contact, this, this.#options.replicas)
    for (const [key, kept] of disk?.disk ?? []) peer.disk.set(key, kept)
    this.peers.set(contact.id, peer)
    peer.input({ type: 'start', recordIndex: [...peer.disk.values()].map(({ header }) => header) })
    this.at(LEARN_MS, () => {
      for (const other of this.alive()) other.learn(contact)
      peer.learn(...this.alive().map((other) => other.contact))
    })
    return peer
  }

  joinMany(count: number): NetworkPeer[] {
    return Array.from({ length: count }, () => this.join())
  }

  /** Gone without a word. */
  kill(peer: NetworkPeer): void {
    peer.alive = false
    this.at(this.#options.noticeMs ?? 5_000, () => this.#gone(peer))
  }

  /** Hands over, then goes. */
  leave(peer: NetworkPeer, deadlineMs = 2_000): void {
    peer.input({ type: 'leave', deadlineMs })
    while (!peer.handedOver && this.#step());
    peer.alive = false
    this.at(LEARN_MS, () => this.#gone(peer))
  }

  /** Runs the call to its end. */
  call(peer: NetworkPeer, call: StoreCall): Outcome {
    const op = this.start(peer, call)
    while (!this.#outcomes.has(op) && this.#step());
    return this.outcome(op) as Outcome
  }

  start(peer: NetworkPeer, call: StoreCall): number {
    const op = this.#nextOp++
    peer.input({ type: 'call', op, call })
    return op
  }

  outcome(op: number): Outcome | undefined {
    return this.#outcomes.get(op)
  }

  run(ms: number): void {
    const until = this.now + ms
    while (this.#events.length > 0 && (this.#events[0] as { at: number }).at <= until) this.#step()
    this.now = until
  }

  /** Living peers that hold the key, whatever version. */
  holdersOf(key: Key): NetworkPeer[] {
    return this.alive().filter((peer) => peer.disk.has(key))
  }

  /** Living peers closest to the key. */
  closest(key: Key, count: number): NetworkPeer[] {
    return this.alive()
      .sort((a, b) => compareDistance(key, a.id, b.id))
      .slice(0, count)
  }

  at(afterMs: number, run: () => void): void {
    const event = { at: this.now + afterMs, order: this.#order++, run }
    let low = 0
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#events[middle] as { at: number }).at <= event.at) low = middle + 1
      else high = middle
    }
    this.#events.splice(low, 0, event)
  }

  /** What a store wants done. */
  carry(peer: NetworkPeer, effect: StoreEffect): void {
    const { type } = effect
    if (type === 'set-timer') this.#later(peer, effect.afterMs, { type: 'timer', timer: effect.timer })
    else if (type === 'verify')
      this.#later(peer, JOB_MS, { type: 'verified', token: effect.token, valid: isSigned(effect) })
    else if (type === 'sign')
      this.#later(peer, JOB_MS, {
        type: 'signed',
        token: effect.token,
        signature: sign(peer.contact.signingKey, effect.bytes),
      })
    else if (type === 'route') this.#route(peer, effect)
    else if (type === 'stop-route') this.#operations.delete(effect.operation)
    else if (type === 'answer') this.#answer(peer, effect)
    else if (type === 'pass') this.#pass(peer, effect.route)
    else if (type === 'done') this.#outcomes.set(effect.op, { type: 'done', value: effect.value })
    else if (type === 'failed')
      this.#outcomes.set(effect.op, { type: 'failed', code: effect.code, message: effect.message })
    else if (type === 'handed-over') peer.handedOver = true
    else this.#storage(peer, effect)
  }

  #storage(peer: NetworkPeer, effect: StoreEffect): void {
    if (effect.type === 'load') {
      const record = peer.disk.get(effect.key)?.record ?? null
      this.#later(peer, JOB_MS, { type: 'loaded', token: effect.token, record })
    } else if (effect.type === 'store') {
      peer.disk.set(effect.key, { record: effect.record, header: effect.header })
      const result = { type: 'stored', persisted: true } as const
      this.#later(peer, PERSIST_MS, { ...result, token: effect.token })
    } else if (effect.type === 'forget') peer.disk.delete(effect.key)
    else if (effect.type === 'event') peer.events.push(effect.event)
  }

  #later(peer: NetworkPeer, afterMs: number, input: StoreInput): void {
    this.at(afterMs, () => {
      if (peer.alive) peer.input(input)
    })
  }

  #step(): boolean {
    const event = this.#events.shift()
    if (event === undefined) return false
    this.now = Math.max(this.now, event.at)
    event.run()
    return true
  }

  #gone(peer: NetworkPeer): void {
    for (const other of this.alive()) other.forget(peer.id)
  }

  #route(origin: NetworkPeer, effect: StoreEffect & { type: 'route' }): void {
    const operation: Operation = { effect, origin: origin.id, paths: [], over: false }
    this.#operations.set(effect.operation, operation)
    if (origin.linked().length === 0) return this.#end(operation, 'no-links')
    this.at(effect.timeoutMs, () => this.#end(operation, 'timeout'))
    for (let path = 0; path < effect.paths; path++) {
      operation.paths.push({ asked: new Set([origin.id]), at: null, open: true })
      this.#advance(operation, path)
    }
  }

  /** To the next peer that this path can reach. A lost message ends in silence. */
  #advance(operation: Operation, index: number): void {
    const { effect, origin, paths } = operation
    const path = paths[index] as Path
    const next = this.#next(operation, index)
    if (next === null) {
      const afterMs = effect.mode === 'exact' ? HOP_MS * 20 : HOP_MS * HOPS
      this.at(afterMs, () => this.#close(operation, path))
      return
    }
    path.asked.add(next.id)
    path.at = next.id
    if (this.#isLost()) return
    const afterMs = next.id === origin ? 0 : effect.mode === 'exact' ? HOP_MS : HOP_MS * HOPS
    this.at(afterMs, () => this.#deliver(operation, index, next))
  }

  #next(operation: Operation, index: number): NetworkPeer | null {
    const { effect, origin } = operation
    const { target, mode } = effect
    const asked = (operation.paths[index] as Path).asked
    if (mode === 'exact') {
      const peer = this.peers.get(target as string as PeerId)
      return peer?.alive === true && !asked.has(peer.id) ? peer : null
    }
    const byDistance = this.closest(target, this.peers.size)
    if (mode === 'closest' || mode === 'near')
      return (
        byDistance.find((peer) => !asked.has(peer.id) || (asked.size === 1 && peer.id === origin)) ?? null
      )
    const taken = new Set(operation.paths.flatMap((path) => [...path.asked]))
    const holders = byDistance.filter((peer) => !taken.has(peer.id) && peer.store.holds(target))
    return (index === 0 ? holders[this.below(Math.max(holders.length, 1))] : holders[0]) ?? null
  }

  #deliver(operation: Operation, path: number, peer: NetworkPeer): void {
    const { effect, origin } = operation
    if (!peer.alive) return
    const inner = throughTheWire(effect.inner)
    this.delivered.set(inner.type, (this.delivered.get(inner.type) ?? 0) + 1)
    const route = { operation: effect.operation, path }
    if (inner.type === 'FIND') return this.#found(operation, path, peer)
    const { mode, target } = effect
    peer.input({ type: 'deliver', route, from: origin, mode, target, inner })
  }

  /** What the finder of a peer would answer. */
  #found(operation: Operation, path: number, peer: NetworkPeer): void {
    const { effect } = operation
    if (effect.inner.type !== 'FIND') return
    const { target, what, count } = effect.inner
    const contacts = peer.closest(target, count)
    const found = { responder: peer.contact, contacts, degree: 8, holds: peer.store.holds(target) }
    const bytes = foundSignedBytes({ operation: effect.operation, target, what }, found)
    const signature = sign(peer.contact.signingKey, bytes)
    const inner = { type: 'FOUND', ...found, signature } as const
    this.#answer(peer, { type: 'answer', route: { operation: effect.operation, path }, inner, last: true })
  }

  #answer(peer: NetworkPeer, effect: StoreEffect & { type: 'answer' }): void {
    const { route, last } = effect
    const operation = this.#operations.get(route.operation)
    const path = operation?.paths[route.path]
    if (operation === undefined || path === undefined || this.#isLost()) return
    const inner = throughTheWire(effect.inner)
    const via = peer.contact.id
    const self = via === operation.origin
    const hops = operation.effect.mode === 'exact' ? 1 : HOPS
    this.at(self ? 0 : HOP_MS * hops, () => {
      const origin = this.peers.get(operation.origin)
      if (!path.open || operation.over || origin?.alive !== true) return
      if (last) path.open = false
      const reply: RoutedReply = {
        type: 'reply',
        operation: route.operation,
        path: route.path,
        via,
        hops,
        inner,
        last,
      }
      origin.input(reply)
      if (last) this.#close(operation, path)
    })
  }

  #pass(_peer: NetworkPeer, route: { operation: OperationId; path: number }): void {
    const operation = this.#operations.get(route.operation)
    if (operation !== undefined) this.#advance(operation, route.path)
  }

  #close(operation: Operation, path: Path): void {
    path.open = false
    if (operation.paths.every(({ open }) => !open)) this.#end(operation, 'exhausted')
  }

  #end(operation: Operation, reason: 'exhausted' | 'timeout' | 'no-links'): void {
    const { operation: id } = operation.effect
    if (operation.over || this.#operations.get(id) !== operation) return
    operation.over = true
    this.#operations.delete(id)
    const origin = this.peers.get(operation.origin)
    this.at(0, () => {
      if (origin?.alive === true) origin.input({ type: 'ended', operation: id, reason })
    })
  }

  #isLost(): boolean {
    const { loss } = this.#options
    return loss !== undefined && this.u32() / 0x1_0000_0000 < loss
  }
}

/** One peer: its store, what it knows of others, its disk. */
export class NetworkPeer implements RoutingView {
  readonly self: Contact
  readonly store: Store
  readonly disk = new Map<Key, { readonly record: PeerRecord; readonly header: RecordHeader }>()
  readonly events: unknown[] = []
  alive = true
  handedOver = false
  readonly #network: StoreNetwork
  readonly #known = new Map<PeerId, Contact>()
  #siblings: readonly Contact[] = []

  constructor(contact: Contact, network: StoreNetwork, replicas: number) {
    this.self = contact
    this.#network = network
    this.store = new Store({ self: contact, networkId: NETWORK_ID, workBits: 0, replicas }, this, {
      u32: () => network.u32(),
      bytes: (length) => network.bytes(length),
    })
  }

  get id(): PeerId {
    return this.self.id
  }

  get contact(): Contact {
    return this.self
  }

  input(input: StoreInput): void {
    const out: StoreEffect[] = []
    this.store.handle(input, this.#network.now, out)
    for (const effect of out) this.#network.carry(this, effect)
  }

  learn(...contacts: readonly Contact[]): void {
    if (!this.alive) return
    for (const contact of contacts) if (contact.id !== this.id) this.#known.set(contact.id, contact)
    this.#tellSiblings()
  }

  forget(peer: PeerId): void {
    if (this.#known.delete(peer)) this.#tellSiblings()
  }

  linkedByDistance(target: Key): readonly PeerId[] {
    return this.closest(target, this.#known.size).map(({ id }) => id)
  }

  isSelfCloser(target: Key, than: PeerId): boolean {
    return compareDistance(target, this.id, than) < 0
  }

  closest(target: Key, count: number): readonly Contact[] {
    return closestOf(target, this.#known.values(), count)
  }

  closestLinked(target: Key, count: number): readonly Contact[] {
    return this.closest(target, count)
  }

  siblings(): readonly Contact[] {
    return this.#siblings
  }

  isLinked(peer: PeerId): boolean {
    return this.#known.has(peer)
  }

  settledForMs(): number {
    return 60_000
  }

  isDeparted(): boolean {
    return false
  }

  contactOf(peer: PeerId): Contact | null {
    return this.#known.get(peer) ?? null
  }

  ways(): readonly Way[] {
    return []
  }

  viaOf(): PeerId | null {
    return null
  }

  linked(): readonly PeerId[] {
    return [...this.#known.keys()]
  }

  #tellSiblings(): void {
    const now = this.closest(keyOf(this.id), SIBLINGS_MAX)
    const before = this.#siblings
    this.#siblings = now
    const added = now.filter((contact) => !before.includes(contact))
    const gone = before.filter((contact) => !this.#known.has(contact.id)).map(({ id }) => id)
    if (added.length + gone.length > 0) this.input({ type: 'siblings-changed', added, gone })
  }
}

export function contactNumber(number: number): Contact {
  const part = (name: string) => sha256(utf8(`${name} ${number}`))
  return makeContact(part('signing'), part('exchange'), part('salt').subarray(0, 8))
}

/** Keyed by the public key: good enough where nobody tries to forge. */
export function sign(signingKey: Uint8Array, bytes: Uint8Array): Uint8Array {
  const half = sha256(concatBytes(signingKey, bytes))
  return concatBytes(half, sha256(half))
}

export function isSigned(check: {
  readonly key: Uint8Array
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
}): boolean {
  return equalBytes(check.signature, sign(check.key, check.bytes))
}

function throughTheWire(message: Message): Message {
  const decoded = decodeInner(encodeInner(message), 'routed')
  if (decoded === null) throw new Error(`${message.type} does not survive the wire`)
  return decoded
}
