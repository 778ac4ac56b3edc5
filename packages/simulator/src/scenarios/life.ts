// What befalls tabs, one thing after another, in an order that nobody thought of; and what must hold once it is over.

import { EPIDEMIC_DEFAULTS, type GossipStrategy } from '@hyphae/core'
import type { Entry } from '../checkers/record-checker.ts'
import { RequestChecker } from '../checkers/request-checker.ts'
import type { Host } from '../host.ts'
import type { SeededRandom } from '../random.ts'
import type { Experiment } from './experiment.ts'
import { describeFailures } from './records.ts'

/** Topics, and how each spreads. */
const STRATEGY_BY_TOPIC: ReadonlyMap<string, GossipStrategy | undefined> = new Map([
  ['chat', undefined],
  ['presence', undefined],
  ['rumours', { ...EPIDEMIC_DEFAULTS, mode: 'push-pull' }],
])
export const TOPICS = [...STRATEGY_BY_TOPIC.keys()]
const PAYLOAD_BYTES = 100
/** Milliseconds that a page is away at most, by how long people and browsers leave one alone, and how often each befalls it. */
const AWAY: readonly { readonly maxMs: number; readonly weight: number }[] = [
  { maxMs: 2_000, weight: 4 },
  { maxMs: 8_000, weight: 6 },
  { maxMs: 40_000, weight: 3 },
  { maxMs: 400_000, weight: 1 },
]
/** Milliseconds that a page may be busy with something else; away for longer it was hidden or slept. */
const BUSY_MS_MAX = 10_000
/** Milliseconds in which those who are left must have become one network: a quiet peer checks in every five minutes, and some. */
const CONVERGE_LIMIT_MS = 600_000
/** Milliseconds in which the peers of one network give each other the records that they hold. */
const AGREE_MS = 30_000
/** Milliseconds for subscriptions to spread, and for the last messages to arrive. */
const SPREAD_MS = 20_000
const ARRIVE_MS = 20_000

/** What befalls the peers of a network, or those of them that are watched. */
export class Life {
  readonly requests: RequestChecker
  readonly #experiment: Experiment
  readonly #random: SeededRandom
  /** Who writes an entry: one at a time, so that the newest is known. */
  readonly #writerByEntry = new Map<Entry, Host>()
  readonly #isWatched: (host: Host) => boolean
  #isOver = false

  constructor(experiment: Experiment, isWatched: (host: Host) => boolean = () => true) {
    const { network, violations } = experiment
    this.#experiment = experiment
    this.#isWatched = isWatched
    this.#random = experiment.random.fork('whims')
    this.requests = new RequestChecker(network, violations, this.#random.fork('requests'))
    network.observe(this.requests)
    for (const host of this.#running()) for (const topic of TOPICS) this.#subscribe(host, topic)
  }

  /** `meanwhile` is called between any two things. */
  live(meanwhile: () => void = () => {}): void {
    const { network, tables } = this.#experiment
    this.#experiment.phase = 'living'
    const everyMs = this.#experiment.number('every')
    for (let i = 0; i < this.#experiment.number('whims'); i++) {
      this.#befall()
      network.advance(this.#random.below(2 * everyMs))
      tables.checkAll()
      meanwhile()
    }
    this.#isOver = true
  }

  /** Ends all faults, while others go on with what they do: what is said must arrive all the same. */
  calmAmidst(convergeMs: number, arriveMs: number, meanwhile: () => void): number {
    const { network, deliveries } = this.#experiment
    this.#endFaults()
    const wait = (ms: number) => {
      for (let waited = 0; waited < ms; waited += 1_000) {
        network.advance(1_000)
        meanwhile()
      }
    }
    wait(SPREAD_MS)
    let convergedMs = 0
    for (; this.#experiment.mesh.complaints().length > 0 && convergedMs < convergeMs; convergedMs += 1_000)
      wait(1_000)
    for (const complaint of this.#experiment.mesh.complaints())
      this.#experiment.violate(`amidst liars: ${complaint}`)
    const first = deliveries.published
    for (const host of this.#running())
      for (const topic of TOPICS) if (deliveries.isSubscribed(host, topic)) this.#publish(host, topic)
    wait(arriveMs)
    deliveries.requireAll(first)
    return convergedMs
  }

  #endFaults(): void {
    const { network } = this.#experiment
    this.#isOver = true
    network.wire.lossShare = 0
    network.heal()
    network.introducer.start()
    for (const host of network.hosts) if (host.isSuspended) host.resume()
  }

  /** Ends everything that is going on. */
  calm(): number {
    const { network } = this.#experiment
    this.#endFaults()
    network.advance(SPREAD_MS)
    const convergedMs = this.#experiment.awaitConverged(CONVERGE_LIMIT_MS)
    network.advance(AGREE_MS)
    this.#experiment.awaitOperations()
    return convergedMs
  }

  /** Returns the first message's number. */
  requireWell(): number {
    const { network, deliveries, records, tables } = this.#experiment
    const first = deliveries.published
    const lost = new Set(records.lost())
    records.restart()
    this.requests.restart()
    this.#experiment.phase = 'in peace'
    for (let round = 0; round < 3; round++) {
      for (const host of this.#running()) {
        for (const topic of TOPICS) if (deliveries.isSubscribed(host, topic)) this.#publish(host, topic)
        const entries = records.entries.filter((entry) => entry.readAs !== null && !lost.has(entry))
        if (entries.length > 0) records.get(host, this.#random.pick(entries))
        const others = this.#running().filter((other) => other !== host)
        if (others.length > 0) this.requests.request(host, this.#random.pick(others))
        network.advance(200)
      }
    }
    network.advance(ARRIVE_MS)
    this.#experiment.awaitOperations()
    if (records.getsFailed > 0)
      this.#experiment.violate(
        `${records.getsFailed} gets failed in peace: ${describeFailures(this.#experiment)}`,
      )
    for (const why of this.requests.failures) this.#experiment.violate(`request failed in peace: ${why}`)
    if (this.requests.underWay > 0) this.#experiment.violate(`${this.requests.underWay} requests never ended`)
    deliveries.requireAll(first)
    tables.checkAll()
    return first
  }

  #befall(): void {
    const awake = this.#running().filter((host) => !host.isSuspended && !host.isLeaving)
    if (awake.length < 3) return this.#come()
    const host = this.#random.pick(awake)
    const whim = this.#random.pick(WHIMS)
    whim(this, host)
  }

  standStill(host: Host): void {
    const { boot } = host
    const awayMs = this.#awayMs()
    host.suspend()
    this.#after(awayMs, () => {
      if (host.boot === boot) host.resume(awayMs > BUSY_MS_MAX)
    })
  }

  die(host: Host): void {
    host.crash()
    this.#return(host)
  }

  leave(host: Host): void {
    host.leave()
    this.#return(host)
  }

  reload(host: Host): void {
    host.crash()
    this.#after(this.#random.below(3_000), () => this.#start(host))
  }

  cutOff(host: Host): void {
    const { network } = this.#experiment
    const others = this.#random.sample(this.#running(), this.#random.below(3))
    network.partition([host, ...others], this.#random.share() < 0.3)
    this.#after(this.#awayMs(), () => network.heal())
  }

  serverDown(): void {
    const { introducer } = this.#experiment.network
    introducer.stop()
    this.#after(this.#awayMs(), () => introducer.start())
  }

  turnTo(host: Host): void {
    const topic = this.#random.pick(TOPICS)
    const { deliveries } = this.#experiment
    if (deliveries.isSubscribed(host, topic)) deliveries.unsubscribe(host, topic)
    else this.#subscribe(host, topic)
  }

  say(host: Host): void {
    this.#publish(host, this.#random.pick(TOPICS))
  }

  ask(host: Host): void {
    this.requests.request(host, this.#random.pick(this.#running()))
  }

  write(host: Host): void {
    const { records } = this.#experiment
    const own = records.entries.filter(
      (entry) => entry.readAs?.kind !== 'immutable' && this.#writerByEntry.get(entry) === host,
    )
    const idle = own.filter(({ writes }) => writes.every(({ isOver }) => isOver))
    const kind = this.#random.pick(['immutable', 'owned', 'shared'] as const)
    const entry =
      idle.length > 0 && this.#random.share() < 0.5 ? this.#random.pick(idle) : records.entry(kind)
    this.#writerByEntry.set(entry, host)
    records.put(host, entry, PAYLOAD_BYTES)
  }

  /** Everybody writes what it has written once more, and something new. */
  writeAll(): void {
    const { records } = this.#experiment
    for (const host of this.#running()) {
      for (const [entry, writer] of this.#writerByEntry)
        if (writer === host && entry.readAs?.kind !== 'immutable') records.put(host, entry, PAYLOAD_BYTES)
      records.put(host, records.entry('owned'), PAYLOAD_BYTES)
    }
  }

  unlink(host: Host): void {
    const linked = host.snapshot().links
    if (linked.length > 0) host.call({ type: 'unlink', peer: this.#random.pick(linked).peer })
  }

  #running(): Host[] {
    return this.#experiment.network.running().filter(this.#isWatched)
  }

  #come(): void {
    const host = this.#experiment.addHost()
    this.#start(host)
  }

  #return(host: Host): void {
    this.#after(this.#awayMs(), () => this.#start(host))
  }

  #start(host: Host): void {
    if (host.isRunning || this.#isOver) return
    this.#experiment.start(host)
    for (const topic of TOPICS) if (this.#random.share() < 0.7) this.#subscribe(host, topic)
  }

  #subscribe(host: Host, topic: string): void {
    this.#experiment.deliveries.subscribe(host, topic, STRATEGY_BY_TOPIC.get(topic))
  }

  #publish(host: Host, topic: string): void {
    this.#experiment.deliveries.publish(host, topic, PAYLOAD_BYTES, STRATEGY_BY_TOPIC.get(topic))
  }

  #awayMs(): number {
    const weights = AWAY.flatMap(({ maxMs, weight }) => Array<number>(weight).fill(maxMs))
    return this.#random.below(this.#random.pick(weights))
  }

  #after(ms: number, happen: () => void): void {
    this.#experiment.network.timeline.after(ms, () => {
      if (!this.#isOver) happen()
    })
  }
}

type Whim = (life: Life, host: Host) => void

/** As often as each is named. */
const WHIMS: readonly Whim[] = [
  (life, host) => life.standStill(host),
  (life, host) => life.standStill(host),
  (life, host) => life.standStill(host),
  (life, host) => life.die(host),
  (life, host) => life.leave(host),
  (life, host) => life.reload(host),
  (life, host) => life.cutOff(host),
  (life) => life.serverDown(),
  (life, host) => life.turnTo(host),
  (life, host) => life.turnTo(host),
  (life, host) => life.say(host),
  (life, host) => life.say(host),
  (life, host) => life.ask(host),
  (life, host) => life.write(host),
  (life, host) => life.write(host),
  (life, host) => life.unlink(host),
]
