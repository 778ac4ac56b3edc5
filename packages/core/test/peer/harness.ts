// A small synchronous network of real peers: virtual time, links in memory, one introducer that knows everybody, and keyed
// hashes for cryptography. Equal runs are equal. Whoever is no peer (an attacker) takes part with a `deliver` of its own.

import type { Effect, Input, JobResult, OpId } from '../../src/contract.ts'
import type { PeerRecord } from '../../src/dht/record.ts'
import type { FailureCode } from '../../src/errors.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { networkIdOf } from '../../src/identity/network-id.ts'
import type { Key, PeerId } from '../../src/identity/peer-id.ts'
import type { PeerCall, PeerEvent } from '../../src/peer/calls.ts'
import { Peer, type PeerOptions } from '../../src/peer/peer.ts'
import type { PeerSnapshot } from '../../src/peer/snapshot.ts'
import { TimerQueue } from '../../src/peer/timer-queue.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import { compute } from '../link/stand-ins.ts'
import { LATENCY_MS, MemoryLinks, type Participant } from './memory-links.ts'

export const NETWORK_ID = networkIdOf('harness', 0)
export const INTRODUCER = 'memory'
/** Milliseconds until a write is on disk. */
const STORE_MS = 20

export class PeerNetwork {
  now = 1_700_000_000_000
  readonly nodes: PeerNode[] = []
  readonly links = new MemoryLinks((ms, run) => this.after(ms, run))
  readonly #queue = new TimerQueue<() => void>()
  readonly #participants = new Map<PeerId, Participant>()

  /** Starts a peer and introduces it to those who are there already (all of them, unless said otherwise). */
  add(contact: Contact, options: NodeOptions = {}): PeerNode {
    const node = new PeerNode(this, contact, options)
    const others = options.knows ?? this.nodes.filter((other) => other.isAlive).map((other) => other.contact)
    this.nodes.push(node)
    this.join(node)
    node.deliver({ type: 'start', contacts: [], recordIndex: [], bootId: options.bootId ?? 1 })
    node.deliver({ type: 'introducer-up', introducer: INTRODUCER, path: 'memory' })
    if (others.length > 0) node.deliver({ type: 'introduced', contacts: others, source: INTRODUCER })
    return node
  }

  join(participant: Participant): void {
    this.#participants.set(participant.contact.id, participant)
  }

  after(ms: number, run: () => void): void {
    this.#queue.set(this.now + ms, run)
  }

  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const due = Math.max(this.now, this.#queue.nextDue)
      if (due > end) break
      this.now = due
      this.#queue.takeDue(due)?.()
    }
    this.now = end
  }

  /** Goes on until something holds. Fails after a minute of virtual time. */
  until(holds: () => boolean): void {
    for (let i = 0; i < 6_000; i++) {
      if (holds()) return
      this.run(10)
    }
    throw new Error('it did not happen within a minute')
  }

  /** Gone without a word: the others notice by the silence. */
  vanish(node: PeerNode): void {
    node.isAlive = false
    this.links.vanish(node)
  }

  /** What a transport and an introducer do for a participant. */
  perform(owner: Participant, effect: Effect): void {
    if (effect.type !== 'carry-signal') return this.links.perform(owner, effect)
    const [to, via, from, bytes] = [effect.to, INTRODUCER, owner.contact, effect.bytes]
    this.after(LATENCY_MS, () => {
      const target = this.#participants.get(to)
      if (target !== undefined) target.deliver({ type: 'signal', via, from, bytes })
      else owner.deliver({ type: 'undeliverable', via, to })
    })
  }
}

export interface NodeOptions extends Partial<PeerOptions> {
  readonly bootId?: number
  readonly knows?: readonly Contact[]
}

export type Outcome = { readonly value: unknown } | { readonly code: FailureCode; readonly message: string }

export class PeerNode implements Participant {
  readonly contact: Contact
  readonly peer: Peer
  isAlive = true
  readonly events: PeerEvent[] = []
  readonly effectsByType = new Map<Effect['type'], number>()
  readonly outcomeByOp = new Map<OpId, Outcome>()
  readonly #network: PeerNetwork
  readonly #recordByKey = new Map<Key, PeerRecord>()
  #wakeAt = 0
  #ops = 0

  constructor(network: PeerNetwork, contact: Contact, options: NodeOptions) {
    this.#network = network
    this.contact = contact
    const random = new SeededRandom(Number.parseInt(contact.id.slice(0, 8), 16) + (options.bootId ?? 1))
    this.peer = new Peer({ networkId: NETWORK_ID, workBits: 0, ...options, contact }, random)
  }

  get id(): PeerId {
    return this.contact.id
  }

  deliver(input: Input): void {
    if (!this.isAlive) return
    const out: Effect[] = []
    this.peer.handle(input, this.#network.now, out)
    for (const effect of out) {
      this.effectsByType.set(effect.type, (this.effectsByType.get(effect.type) ?? 0) + 1)
      this.#perform(effect)
    }
  }

  call(call: PeerCall): OpId {
    const op = ++this.#ops
    this.deliver({ type: 'command', op, call })
    return op
  }

  /** Starts a command and lets the network run until it has ended. */
  outcome(call: PeerCall): Outcome {
    const op = this.call(call)
    this.#network.until(() => this.outcomeByOp.has(op))
    return this.outcomeByOp.get(op) as Outcome
  }

  snapshot(): PeerSnapshot {
    return this.peer.snapshot(this.#network.now)
  }

  tables(): Readonly<Record<string, number>> {
    return this.peer.tables()
  }

  /** Linked peers, suspects not among them. */
  linked(): readonly PeerId[] {
    return this.peer.machines.routing.view.linked()
  }

  eventsOf<T extends PeerEvent['type']>(type: T): Extract<PeerEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<PeerEvent, { type: T }> => event.type === type)
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'event':
        this.events.push(effect.event)
        return
      case 'done':
      case 'failed':
        this.outcomeByOp.set(effect.op, effect.type === 'done' ? { value: effect.value } : effect)
        return
      case 'wake-at':
        this.#wakeAt = effect.at
        return this.#network.after(Math.max(0, effect.at - this.#network.now), () => {
          if (this.#wakeAt === effect.at) this.deliver({ type: 'wake' })
        })
      case 'sign':
      case 'verify':
      case 'seal':
      case 'open':
        return this.#answer(0, effect.job, compute(this.contact, effect))
      case 'load':
        return this.#answer(0, effect.job, {
          type: 'loaded',
          record: this.#recordByKey.get(effect.key) ?? null,
        })
      case 'store':
        this.#recordByKey.set(effect.key, effect.record)
        return this.#answer(STORE_MS, effect.job, { type: 'stored', persisted: true })
      case 'forget':
        this.#recordByKey.delete(effect.key)
        return
      default:
        return this.#network.perform(this, effect)
    }
  }

  #answer(afterMs: number, job: number, result: JobResult): void {
    this.#network.after(afterMs, () => this.deliver({ type: 'job-done', job, result }))
  }
}
