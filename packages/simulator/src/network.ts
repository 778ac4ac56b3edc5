// A network of core peers in virtual time: one queue of events, one seed, and the faults that befall it. No protocol is
// decided here.

import { brokenInPeer, type Contact, networkIdOf, Peer, type PeerEvent } from '@hyphae/core'
import { type DrivenPeer, Host, type Surroundings } from './host.ts'
import { SeededRandom } from './random.ts'
import { SimIntroducer } from './sim-introducer.ts'
import { Timeline } from './timeline.ts'
import { Trace } from './trace.ts'
import { Wire } from './wire.ts'

/** Inputs between two calls of `onProgress`: a few times a second. */
const PROGRESS_EVERY_INPUTS = 16_384
/** Simulated identities cost no work: what an attacker pays is not what is measured here. */
const WORK_BITS = 0

export interface NetworkOptions {
  /** Any whole number. The same seed and the same calls give the same run. */
  readonly seed: number
  /** Links of one peer; core's default where not given. */
  readonly linksMax?: number
  /** Copies of a record; core's default where not given. */
  readonly replicas?: number
  /** Instead of core's peer, for tests of the network itself. */
  readonly createPeer?: Surroundings['createPeer']
  /** Called now and then while time passes. */
  readonly onProgress?: (network: Network) => void
}

/** Core's peer, and what is wrong with its tables. */
class CheckedPeer extends Peer implements DrivenPeer {
  check(): string[] {
    return brokenInPeer(this.machines)
  }
}

/** Looks on. Whatever it calls on hosts happens after what it was told of. */
export interface NetworkObserver {
  onEvent?(host: Host, event: PeerEvent): void
  /** After every input of every peer. */
  onHandled?(host: Host): void
}

export class Network {
  readonly timeline = new Timeline()
  readonly trace = new Trace()
  readonly introducer: SimIntroducer
  readonly wire: Wire
  readonly hosts: Host[] = []
  /** Puts something around every peer that starts: an adversary, say, around the real one. */
  wrapPeer: (peer: DrivenPeer, contact: Contact) => DrivenPeer = (peer) => peer
  readonly random: SeededRandom
  readonly networkId = networkIdOf('simulated', WORK_BITS)
  readonly #options: NetworkOptions
  readonly #observers: NetworkObserver[] = []
  readonly #around: Surroundings
  #progressAt = PROGRESS_EVERY_INPUTS

  constructor(options: NetworkOptions) {
    this.#options = options
    this.random = new SeededRandom(options.seed, 'network')
    this.wire = new Wire(this.timeline, this.random.fork('wire'))
    this.introducer = new SimIntroducer(this.timeline, this.random.fork('introducer'))
    this.#around = {
      timeline: this.timeline,
      wire: this.wire,
      introducer: this.introducer,
      trace: this.trace,
      createPeer: (contact, random) => {
        const peer = options.createPeer?.(contact, random) ?? this.#createPeer(contact, random)
        return this.wrapPeer(peer, contact)
      },
      onEvent: (host, event) => this.#tell(host, event),
      onHandled: (host) => this.#handled(host),
    }
  }

  observe(observer: NetworkObserver): void {
    this.#observers.push(observer)
  }

  /** A host whose peer does not run yet. `contact`: its identity, where that is not left to chance. */
  addHost(contact?: Contact): Host {
    const number = this.hosts.length
    const host = new Host(number, this.#around, this.random.fork('host', number), contact)
    this.hosts.push(host)
    return host
  }

  /** Hosts whose peers run. */
  running(): Host[] {
    return this.hosts.filter((host) => host.isRunning)
  }

  /** Lets this many milliseconds pass. */
  advance(durationMs: number): void {
    const end = this.timeline.now + durationMs
    while (this.timeline.step(end));
  }

  /** Lets time pass until the condition holds, looked at every `everyMs`, or `limitMs` are over; whether it holds. */
  advanceUntil(condition: () => boolean, limitMs: number, everyMs = 100): boolean {
    const end = this.timeline.now + limitMs
    while (!condition()) {
      if (this.timeline.now >= end) return false
      this.advance(Math.min(everyMs, end - this.timeline.now))
    }
    return true
  }

  /**
   * Cuts the members off from everybody else. `oneWay`: the others no longer hear them, but they hear the others. The
   * introducer hears everybody all the same.
   */
  partition(members: readonly Host[], oneWay = false): void {
    for (const host of this.hosts) host.side = 0
    for (const host of members) host.side = 1
    const out = { from: 1, to: 0 }
    this.wire.cut(oneWay ? [out] : [out, { from: 0, to: 1 }])
  }

  /** Ends a partition. */
  heal(): void {
    for (const host of this.hosts) host.side = 0
    this.wire.cut([])
  }

  #createPeer(contact: Host['contact'], random: SeededRandom): DrivenPeer {
    const { linksMax, replicas } = this.#options
    return new CheckedPeer(
      {
        contact,
        networkId: this.networkId,
        workBits: WORK_BITS,
        ...(linksMax === undefined ? {} : { linksMax }),
        ...(replicas === undefined ? {} : { replicas }),
      },
      random,
    )
  }

  #tell(host: Host, event: PeerEvent): void {
    for (const observer of this.#observers) observer.onEvent?.(host, event)
  }

  #handled(host: Host): void {
    for (const observer of this.#observers) observer.onHandled?.(host)
    if (this.trace.inputs < this.#progressAt) return
    this.#progressAt = this.trace.inputs + PROGRESS_EVERY_INPUTS
    this.#options.onProgress?.(this)
  }
}
