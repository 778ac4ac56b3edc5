// One run of one scenario: a network, the checkers that watch it, and the steps that scenarios are made of.

import { DeliveryChecker } from '../checkers/delivery-checker.ts'
import { type GossipCounts, gossipCounts } from '../checkers/gossip-counts.ts'
import { LinkChecker } from '../checkers/link-checker.ts'
import { MeshChecker } from '../checkers/mesh-checker.ts'
import { RecordChecker } from '../checkers/record-checker.ts'
import { TableChecker } from '../checkers/table-checker.ts'
import { Violations } from '../checkers/violations.ts'
import { requireWork, type WorkDone } from '../checkers/work-checker.ts'
import type { Host } from '../host.ts'
import { Network, type NetworkOptions } from '../network.ts'
import type { SeededRandom } from '../random.ts'

/** Milliseconds that joining may take after the last start before a run has failed. */
const JOIN_LIMIT_MS = 120_000

export interface ExperimentOptions {
  readonly peers: number
  readonly seed: number
  /** Every option of the scenario and the common ones, by name. */
  readonly numbers: Readonly<Record<string, number>>
  readonly onProgress?: (experiment: Experiment) => void
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
  readonly tables: TableChecker
  readonly mesh: MeshChecker
  /** What is being done now, for people who wait. */
  phase = 'starting'
  readonly #numbers: Readonly<Record<string, number>>

  constructor(options: ExperimentOptions) {
    const { seed, numbers, onProgress, createPeer } = options
    this.peers = options.peers
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
    this.tables = new TableChecker(this.network, this.violations, linksMax)
    this.mesh = new MeshChecker(this.network)
    this.network.observe(this.links)
    this.network.observe(this.deliveries)
  }

  /** An option's value. Throws a RangeError for one that the scenario does not have. */
  number(name: string): number {
    const value = this.#numbers[name]
    if (value === undefined) throw new RangeError(`option is one of the scenario's; got ${name}`)
    return value
  }

  /** Starts all peers, one after another, and waits until every one has joined and the rest has settled. */
  grow(): void {
    this.phase = 'joining'
    for (let i = 0; i < this.peers; i++) {
      this.start(this.network.addHost())
      this.network.advance(this.number('join-every'))
    }
    this.awaitJoined()
    this.phase = 'settling'
    this.network.advance(this.number('settle') * 1_000)
    this.tables.checkAll()
  }

  start(host: Host): void {
    host.start()
    this.links.started(host)
  }

  /** Lets time pass until every running peer has joined; that this takes too long is a violation. */
  awaitJoined(): void {
    const outside = () => this.network.running().filter((host) => !this.links.hasJoined(host))
    if (this.network.advanceUntil(() => outside().length === 0, JOIN_LIMIT_MS)) return
    this.violate(`${outside().length} peers have not joined, among them ${outside()[0]?.number}`)
  }

  /** Kills a share of the running peers at this instant. Returns the killed. */
  kill(share: number): Host[] {
    const running = this.network.running()
    const killed = this.random.sample(running, Math.round(running.length * share))
    for (const host of killed) host.crash()
    return killed
  }

  /** A running peer, drawn at random. */
  anyone(): Host {
    return this.random.pick(this.network.running())
  }

  /** Does something so many times, this many milliseconds apart. */
  repeat(times: number, everyMs: number, action: (index: number) => void): void {
    for (let i = 0; i < times; i++) {
      action(i)
      this.network.advance(everyMs)
    }
  }

  /** Waits until all puts and gets have ended: each ends by itself, within its own limit. */
  awaitOperations(): void {
    const { records } = this
    const ended = () => records.putsUnderWay === 0 && records.getsUnderWay === 0
    if (!this.network.advanceUntil(ended, OPERATION_LIMIT_MS, 10))
      this.violate(`${records.putsUnderWay} puts and ${records.getsUnderWay} gets never ended`)
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
}

/** Milliseconds after which every operation has ended: core gives each 10 s. */
const OPERATION_LIMIT_MS = 30_000
