// Every message reaches every subscriber that lives on, once and unchanged. Publishes on behalf of scenarios, so that it
// knows what is to arrive where.

import type { GossipStrategy, PeerEvent, PeerId } from '@hyphae/core'
import type { Host } from '../host.ts'
import type { Network, NetworkObserver } from '../network.ts'
import { Samples } from '../samples.ts'
import type { Violations } from './violations.ts'

/** Bytes of the number that tells messages apart; the rest of a payload is filled from it. */
const NUMBER_BYTES = 4
/** Milliseconds that a message waits for a first link. */
const DEADLINE_MS = 60_000

interface Published {
  readonly topic: string
  readonly by: Host
  readonly at: number
  readonly bytes: number
  /** Subscribers at the time, with their boots. */
  readonly expected: Map<Host, number>
  /** Who got it, and in which boot: who starts again has forgotten, and may get it again. */
  readonly bootByHost: Map<Host, number>
  readonly latencyMs: Samples
  failed: boolean
}

export class DeliveryChecker implements NetworkObserver {
  readonly #network: Network
  readonly #violations: Violations
  readonly #publishedByNumber: Published[] = []
  readonly #ignored = new Set<Host>()
  readonly #ignoredIds = new Set<PeerId>()
  readonly #latencyMsByWatched = new Map<Host, Samples>()
  readonly #subscribersByTopic = new Map<string, Map<Host, number>>()

  constructor(network: Network, violations: Violations) {
    this.#network = network
    this.#violations = violations
  }

  subscribe(host: Host, topic: string, strategy?: GossipStrategy): void {
    host.call({ type: 'subscribe', topic, ...(strategy && { strategy }) })
    const subscribers = this.#subscribersByTopic.get(topic) ?? new Map<Host, number>()
    this.#subscribersByTopic.set(topic, subscribers.set(host, host.boot))
  }

  /** What is on its way to it may arrive until the peer has heard of this, and need not. */
  unsubscribe(host: Host, topic: string): void {
    for (const { topic: published, expected } of this.#publishedByNumber)
      if (published === topic) expected.delete(host)
    const subscribers = this.#subscribersByTopic.get(topic)
    const { boot } = host
    const done = () => {
      if (subscribers?.get(host) === boot) subscribers.delete(host)
    }
    host.call({ type: 'unsubscribe', topic }, { done })
  }

  /** What this peer gets is of no interest from now on, nor what it says in its own name. */
  ignore(host: Host): void {
    this.#ignored.add(host)
    this.#ignoredIds.add(host.id)
  }

  /** Milliseconds from publishing to each delivery to these peers from now on. */
  watch(hosts: readonly Host[]): Samples {
    const latencyMs = new Samples()
    for (const host of hosts) this.#latencyMsByWatched.set(host, latencyMs)
    return latencyMs
  }

  /** Whether it subscribed since it started. */
  isSubscribed(host: Host, topic: string): boolean {
    return this.#subscribersByTopic.get(topic)?.get(host) === host.boot
  }

  /** Publishes a message of this many bytes, at least 4. Returns its number. */
  publish(host: Host, topic: string, bytes: number, strategy?: GossipStrategy): number {
    const number = this.#publishedByNumber.length
    const expected = new Map(this.#subscribersByTopic.get(topic))
    expected.delete(host)
    for (const ignored of this.#ignored) expected.delete(ignored)
    const published: Published = {
      topic,
      by: host,
      at: this.#network.timeline.now,
      bytes,
      expected,
      bootByHost: new Map(),
      latencyMs: new Samples(),
      failed: false,
    }
    this.#publishedByNumber.push(published)
    const failed = () => {
      published.failed = true
    }
    const payload = payloadOf(number, bytes)
    host.call(
      { type: 'publish', topic, payload, deadlineMs: DEADLINE_MS, ...(strategy && { strategy }) },
      { failed },
    )
    return number
  }

  onEvent(host: Host, event: PeerEvent): void {
    if (event.type !== 'message' || this.#ignored.has(host) || this.#ignoredIds.has(event.from)) return
    this.#onMessage(host, event)
  }

  /** Share of what should have been delivered by now that was, to those who live on; 1 where nothing was due. */
  deliveredShare(from = 0, to = this.#publishedByNumber.length): number {
    const { due, got } = this.#dues(from, to)
    return due === 0 ? 1 : got / due
  }

  /** The same within each of these times of publishing, in milliseconds; right where nobody has died since then. */
  deliveredShares(withinMs: readonly number[], from = 0, to = this.#publishedByNumber.length): number[] {
    const { due } = this.#dues(from, to)
    const latencyMs = this.latencies(from, to)
    return withinMs.map((limitMs) => (due === 0 ? 1 : latencyMs.countUpTo(limitMs) / due))
  }

  /** Milliseconds from publishing to each delivery, of messages with these numbers. */
  latencies(from = 0, to = this.#publishedByNumber.length): Samples {
    const all = new Samples()
    for (const { latencyMs } of this.#publishedByNumber.slice(from, to)) latencyMs.addTo(all)
    return all
  }

  /** Deliveries of messages from this number on. */
  deliveries(from = 0): number {
    return this.#publishedByNumber.slice(from).reduce((sum, { latencyMs }) => sum + latencyMs.count, 0)
  }

  get published(): number {
    return this.#publishedByNumber.length
  }

  /** Once everything from this message on should have arrived: what did not is a violation. */
  requireAll(from = 0): void {
    for (const [number, published] of this.#publishedByNumber.entries()) {
      if (number < from) continue
      if (published.failed && published.by.isRunning) this.#violate(`message ${number} was not published`)
      const missing = [...published.expected].filter(
        ([host, boot]) => host.boot === boot && host.isRunning && published.bootByHost.get(host) !== boot,
      )
      if (missing.length === 0 || published.failed) continue
      const who = missing.slice(0, 5).map(([host]) => host.number)
      this.#violate(
        `message ${number} of peer ${published.by.number} at ${published.at} ms did not reach ${missing.length} of ` +
          `${published.expected.size} subscribers, among them ${who}`,
      )
    }
  }

  /** Deliveries to those who live on: that should have been by now, and that were. */
  #dues(from: number, to: number): { due: number; got: number } {
    let due = 0
    let got = 0
    for (const published of this.#publishedByNumber.slice(from, to)) {
      for (const [host, boot] of published.expected) {
        if (host.boot !== boot || !host.isRunning) continue
        due += 1
        if (published.bootByHost.get(host) === boot) got += 1
      }
    }
    return { due, got }
  }

  #onMessage(host: Host, event: PeerEvent & { type: 'message' }): void {
    const number = numberOf(event.payload)
    const published = this.#publishedByNumber[number]
    if (published === undefined || !isIntact(event.payload, number, published.bytes))
      return this.#violate(`peer ${host.number} got a message that nobody published`)
    if (event.topic !== published.topic || event.from !== published.by.id)
      return this.#violate(`peer ${host.number} got message ${number} under a wrong topic or name`)
    if (!this.#subscribersByTopic.get(event.topic)?.has(host))
      this.#violate(`peer ${host.number} got message ${number} without a subscription`)
    if (published.bootByHost.get(host) === host.boot)
      return this.#violate(`peer ${host.number} got message ${number} again`)
    published.bootByHost.set(host, host.boot)
    // Who subscribed only later may get it too; that is no delivery that was waited for.
    if (published.expected.get(host) !== host.boot) return
    const latencyMs = this.#network.timeline.now - published.at
    published.latencyMs.add(latencyMs)
    this.#latencyMsByWatched.get(host)?.add(latencyMs)
  }

  #violate(what: string): void {
    this.#violations.add(this.#network.timeline.now, what)
  }
}

function payloadOf(number: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(Math.max(NUMBER_BYTES, bytes))
  new DataView(payload.buffer).setUint32(0, number)
  for (let i = NUMBER_BYTES; i < payload.length; i++) payload[i] = fillByte(number, i)
  return payload
}

function isIntact(payload: Uint8Array, number: number, bytes: number): boolean {
  if (payload.length !== Math.max(NUMBER_BYTES, bytes)) return false
  for (let i = NUMBER_BYTES; i < payload.length; i++) if (payload[i] !== fillByte(number, i)) return false
  return true
}

function fillByte(number: number, index: number): number {
  return Math.imul(number + 1, index) & 0xff
}

function numberOf(payload: Uint8Array): number {
  return payload.length < NUMBER_BYTES ? -1 : new DataView(payload.buffer, payload.byteOffset).getUint32(0)
}
