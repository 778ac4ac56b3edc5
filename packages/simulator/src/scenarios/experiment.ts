// One run of one scenario: a network, the checkers that watch it, and the steps that scenarios are made of.

import type { Contact } from '@hyphae/core'
import { DeliveryChecker } from '../checkers/delivery-checker.ts'
import { type GossipCounts, gossipCounts } from '../checkers/gossip-counts.ts'
import { LinkChecker } from '../checkers/link-checker.ts'
import { LookupChecker } from '../checkers/lookup-checker.ts'
import { MeshChecker } from '../checkers/mesh-checker.ts'
import { RecordChecker } from '../checkers/record-checker.ts'
import { TableChecker } from '../checkers/table-checker.ts'
import { Violations } from '../checkers/violations.ts'
import { requireWork, type WorkDone } from '../checkers/work-checker.ts'
import type { Host } from '../host.ts'
import { Network, type NetworkOptions } from '../network.ts'
import type { SeededRandom } from '../random.ts'
import { evenRamp } from '../sessions.ts'

/** Milliseconds that joining may take after the last start before a run has failed. */
const JOIN_LIMIT_MS = 120_000

export interface ExperimentOptions {
  readonly peers: number
  readonly seed: number
  /** Every option of the scenario and the common ones, by name. */
  readonly numbers: Readonly<Record<string, number>>
  readonly onProgress?: (experiment: Experiment) => void
  /** Called when the next phase is about to begin; `phase` is the one that ends. */
  readonly onPhase?: (experiment: Experiment) => void
  /** Instead of core's peer, for tests. */
  readonly createPeer?: NetworkOptions['createPeer']
}

export class Experiment {
  readonly peers: number
  readonly network: Network
  readonly random: SeededRandom
  readonly violations = new Violations()
  readonly links: LinkChecker
  readonly deliveries: DeliveryChecker
  readonly records: RecordChecker
  readonly lookups: LookupChecker
  readonly tables: TableChecker
  readonly mesh: MeshChecker
  readonly #onPhase: ExperimentOptions['onPhase']
  #phase = 'starting'
  readonly #numbers: Readonly<Record<string, number>>

  constructor(options: ExperimentOptions) {
    const { seed, numbers, onProgress, createPeer } = options
    this.peers = options.peers
    this.#onPhase = options.onPhase
    this.#numbers = numbers
    const linksMax = this.number('links')
    this.network = new Network({
      seed,
      linksMax,
      replicas: this.number('replicas'),
      ...(onProgress === undefined ? {} : { onProgress: () => onProgress(this) }),
      ...(createPeer === undefined ? {} : { createPeer }),
    })
    this.network.wire.lossShare = this.number('loss')
    this.random = this.network.random.fork('scenario')
    this.links = new LinkChecker(this.network, this.violations, linksMax)
    this.deliveries = new DeliveryChecker(this.network, this.violations)
    this.records = new RecordChecker(this.network, this.violations, this.random.fork('values'))
    this.lookups = new LookupChecker(this.network, this.random.fork('targets'))
    this.tables = new TableChecker(this.network, this.violations, linksMax)
    this.mesh = new MeshChecker(this.network)
    this.network.observe(this.links)
    this.network.observe(this.deliveries)
  }

  /** What is being done now, for people who wait. */
  get phase(): string {
    return this.#phase
  }

  set phase(phase: string) {
    if (phase === this.#phase) return
    this.#onPhase?.(this)
    this.#phase = phase
  }

  /** An option's value. Throws a RangeError for one that the scenario does not have. */
  number(name: string): number {
    const value = this.#numbers[name]
    if (value === undefined) throw new RangeError(`option is one of the scenario's; got ${name}`)
    return value
  }

  /** Starts peers one after another, and waits until every one has joined and the rest has settled. */
  grow(options: { readonly peers?: number; readonly mustJoin?: boolean } = {}): void {
    const { peers = this.peers, mustJoin = true } = options
    this.phase = 'joining'
    this.enter(evenRamp(this.number('join-every'))(peers))
    this.network.advance(this.number('join-every'))
    this.awaitJoined(mustJoin)
    this.phase = 'settling'
    this.network.advance(this.number('settle') * 1_000)
    this.tables.checkAll()
  }

  /** Starts a peer at each of these times, counted in milliseconds from now; it is over with the last. */
  enter(startsMs: readonly number[]): Host[] {
    const begunAt = this.network.timeline.now
    return startsMs.map((startMs) => {
      this.network.advance(begunAt + startMs - this.network.timeline.now)
      return this.#enterOne()
    })
  }

  /** The same while other things go on: returns at once. */
  plan(startsMs: readonly number[]): void {
    for (const startMs of startsMs) this.network.timeline.after(startMs, () => this.#enterOne())
  }

  /** A host with the clock and the line that the options give it. */
  addHost(contact?: Contact): Host {
    const host = this.network.addHost(contact)
    const skewMs = this.number('skew')
    const drift = this.number('drift') / 1e6
    const random = this.random.fork('clock', host.number)
    const offsetMs = Math.round(skewMs * (2 * random.share() - 1))
    if (skewMs > 0 || drift > 0) host.setClock(offsetMs, drift * (2 * random.share() - 1))
    if (this.random.fork('line', host.number).share() < this.number('lossy-peers'))
      host.line.lose(this.number('loss-out'), this.number('loss-in'))
    host.connectingMs = this.number('connecting')
    if (this.random.fork('hidden', host.number).share() < this.number('hidden')) host.hide()
    host.line.limit(this.number('up') || Infinity, this.number('down') || Infinity)
    return host
  }

  start(host: Host): void {
    host.start()
    this.links.started(host)
  }

  /** Lets time pass until every running peer has joined; that this takes too long is a violation, if it must be. */
  awaitJoined(mustJoin = true): void {
    // Who is alone has nothing to join.
    if (this.network.running().length < 2) return
    const outside = () => this.network.running().filter((host) => !this.links.hasJoined(host))
    if (this.network.advanceUntil(() => outside().length === 0, JOIN_LIMIT_MS) || !mustJoin) return
    this.violate(`${outside().length} peers have not joined, among them ${outside()[0]?.number}`)
  }

  /** Kills a share of the running peers at this instant. Returns the killed. */
  kill(share: number): Host[] {
    const running = this.network.running()
    const killed = this.random.sample(running, Math.round(running.length * share))
    for (const host of killed) host.crash()
    return killed
  }

  /** Suspends a share of the running peers at this instant, until somebody resumes them. */
  freeze(share: number): Host[] {
    const running = this.network.running()
    const frozen = this.random.sample(running, Math.round(running.length * share))
    for (const host of frozen) host.suspend()
    return frozen
  }

  /** A peer that has joined and does not leave, drawn at random; any that runs, where there is none. */
  anyMember(): Host {
    const members = this.network.running().filter((host) => this.links.hasJoined(host) && !host.isLeaving)
    return members.length === 0 ? this.anyone() : this.random.pick(members)
  }

  /** A running peer that is awake, drawn at random. */
  anyone(): Host {
    return this.random.pick(this.network.running().filter((host) => !host.isSuspended))
  }

  /** Does something so many times, this many milliseconds apart. */
  repeat(times: number, everyMs: number, action: (index: number) => void): void {
    for (let i = 0; i < times; i++) {
      action(i)
      this.network.advance(everyMs)
    }
  }

  /** Waits until all puts, gets and lookups have ended: each ends by itself, within its own limit. */
  awaitOperations(): void {
    const { records, lookups } = this
    const left = () => records.putsUnderWay + records.getsUnderWay + lookups.underWay
    if (!this.network.advanceUntil(() => left() === 0, OPERATION_LIMIT_MS, 10))
      this.violate(
        `${records.putsUnderWay} puts, ${records.getsUnderWay} gets, ${lookups.underWay} lookups never ended`,
      )
  }

  /** Waits until the network is one and every peer knows its neighbours; returns the milliseconds. Else a violation. */
  awaitConverged(limitMs: number): number {
    this.phase = 'converging'
    const begunAt = this.network.timeline.now
    const hasConverged = () => this.mesh.complaints().length === 0
    if (!this.network.advanceUntil(hasConverged, limitMs, 1_000))
      for (const complaint of this.mesh.complaints()) this.violate(complaint)
    return this.network.timeline.now - begunAt
  }

  gossipCounts(): GossipCounts {
    return gossipCounts(this.network)
  }

  requireWork(work: WorkDone): void {
    requireWork(this.network, this.violations, work)
  }

  violate(what: string): void {
    this.violations.add(this.network.timeline.now, what)
  }

  #enterOne(): Host {
    const host = this.addHost()
    this.start(host)
    return host
  }
}

/** Milliseconds after which every operation has ended: core gives each 10 s, and a lookup asks several peers in a row. */
const OPERATION_LIMIT_MS = 90_000
