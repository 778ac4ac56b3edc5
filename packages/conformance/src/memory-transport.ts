// Transports that reach each other in memory: the reference for the suite of transports, and what tests of peers run on.
// Signals really have to travel, and carry fingerprints, so that a forged signal shows in the binding.

import type { AttemptId, Channel, LinkFailureStage, LinkId, LinkRole } from '@hyphae/core'
import {
  type Clock,
  type LinkPathInfo,
  systemClock,
  type Transport,
  type TransportEvent,
  type TransportStats,
} from '@hyphae/runtime'
import { MEMORY_ROOM_BYTES, MemoryEnd, type MemoryOwner } from './memory-end.ts'
import { decodeMemorySignal } from './memory-signal.ts'
import { MemoryWatches } from './memory-watches.ts'

/** Bytes a control message may have: `FRAME_BYTES_MAX` of the wire. */
const CONTROL_BYTES_MAX = 16 * 1024
/** Bytes a bulk message may have: what browsers take among themselves. */
const BULK_BYTES_MAX = 256 * 1024
/** Milliseconds to connect in, as in the transport over WebRTC. */
const CONNECT_MS_MAX = 15_000

export interface MemoryNetworkOptions {
  readonly clock?: Clock
  /** Milliseconds that a message of so many bytes takes; 0, the default, delivers it by microtask. */
  readonly delayMs?: (from: string, to: string, bytes: number) => number
  /** Milliseconds after which an attempt fails. */
  readonly connectMsMax?: number
}

export interface MemoryNetwork {
  /** `name` is what signals call it by; each name once. */
  createTransport(name: string): Transport
  /** The transport is gone without a word, as when a tab crashes: others see silence. */
  kill(transport: Transport): void
  /** Cuts every link between two transports; both hear `closed`. */
  sever(a: Transport, b: Transport): void
}

export function createMemoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  const network = new Network(options)
  return {
    createTransport: (name) => network.add(new MemoryTransport(name, network)),
    kill: (transport) => network.own(transport).kill(),
    sever: (a, b) => network.sever(network.own(a), network.own(b)),
  }
}

class Network {
  readonly clock: Clock
  readonly delayMs: (from: string, to: string, bytes: number) => number
  readonly connectMsMax: number
  readonly #transportByName = new Map<string, MemoryTransport>()

  constructor(options: MemoryNetworkOptions) {
    this.clock = options.clock ?? systemClock()
    this.delayMs = options.delayMs ?? (() => 0)
    this.connectMsMax = options.connectMsMax ?? CONNECT_MS_MAX
  }

  add(transport: MemoryTransport): MemoryTransport {
    if (this.#transportByName.has(transport.name))
      throw new RangeError(`name is new to this network; got ${transport.name}`)
    this.#transportByName.set(transport.name, transport)
    return transport
  }

  own(transport: Transport): MemoryTransport {
    for (const own of this.#transportByName.values()) if (own === transport) return own
    throw new TypeError('transport is one that this network created')
  }

  endOf({ endpoint, end }: { endpoint: string; end: number }): MemoryEnd | null {
    return this.#transportByName.get(endpoint)?.endNumbered(end) ?? null
  }

  sever(a: MemoryTransport, b: MemoryTransport): void {
    for (const end of [...a.linkedTo(b), ...b.linkedTo(a)]) end.owner.ended(end, 'severed')
  }
}

class MemoryTransport implements Transport, MemoryOwner {
  readonly name: string
  readonly clock: Clock
  readonly watches: MemoryWatches
  readonly #network: Network
  readonly #endByNumber = new Map<number, MemoryEnd>()
  readonly #endByAttempt = new Map<AttemptId, MemoryEnd>()
  readonly #endByLink = new Map<LinkId, MemoryEnd>()
  #listener: (event: TransportEvent) => void = () => undefined
  #ends = 0
  #links = 0
  #refusedSignals = 0
  #isDead = false

  constructor(name: string, network: Network) {
    this.name = name
    this.clock = network.clock
    this.watches = new MemoryWatches(network.clock)
    this.#network = network
  }

  get isDead(): boolean {
    return this.#isDead
  }

  onEvent(listener: (event: TransportEvent) => void): void {
    this.#listener = listener
  }

  dial(attempt: AttemptId): void {
    const end = this.#begin(attempt, 'dialer')
    if (end) this.#tell({ type: 'local-signal', attempt, bytes: end.signal('offer') })
  }

  accept(attempt: AttemptId, offer: Uint8Array): void {
    const signal = decodeMemorySignal(offer, 'offer')
    if (!signal) return this.#refuse(attempt)
    const end = this.#begin(attempt, 'listener')
    if (!end) return
    end.meet(this.#network.endOf(signal), signal)
    this.#tell({ type: 'local-signal', attempt, bytes: end.signal('answer') })
  }

  applySignal(attempt: AttemptId, bytes: Uint8Array): void {
    const end = this.#endByAttempt.get(attempt)
    if (!end) return
    const signal = decodeMemorySignal(bytes, 'answer')
    if (!signal || end.role !== 'dialer' || end.link !== null) {
      this.#refusedSignals++
      return
    }
    end.meet(this.#network.endOf(signal), signal)
    end.open()
  }

  abandon(attempt: AttemptId): void {
    const end = this.#endByAttempt.get(attempt)
    if (end?.link === null) this.#forget(end)
  }

  send(link: LinkId, channel: Channel, bytes: Uint8Array): void {
    const end = this.#endByLink.get(link)
    if (!end) return
    const allowed = channel === 'control' ? CONTROL_BYTES_MAX : BULK_BYTES_MAX
    if (bytes.length > 0 && bytes.length <= allowed) return end.send(channel, bytes)
    const detail = `a ${channel} message has 1 to ${allowed} bytes; got ${bytes.length}`
    this.#tell({ type: 'warning', code: 'message-refused', link, detail })
  }

  watch(link: LinkId, keepaliveMs: number, silenceMs: number): void {
    this.#endByLink.get(link)?.watch({ keepaliveMs, silenceMs })
  }

  close(link: LinkId, reason: string, flush: boolean): void {
    const end = this.#endByLink.get(link)
    if (!end) return
    end.close(flush)
    this.ended(end, reason)
  }

  async pathInfo(link: LinkId): Promise<LinkPathInfo> {
    const candidate = this.#endByLink.has(link) ? 'memory' : 'unknown'
    return { localCandidate: candidate, remoteCandidate: candidate, roundTripMs: null }
  }

  stats(): TransportStats {
    const open = this.#endByLink.size
    const opening = this.#endByAttempt.size - open
    return {
      constructions: this.#ends,
      opening,
      open,
      refusedSignals: this.#refusedSignals,
      refusedChannels: 0,
    }
  }

  destroy(): void {
    for (const link of [...this.#endByLink.keys()]) this.close(link, 'destroyed', false)
    for (const end of [...this.#endByAttempt.values()]) this.#forget(end)
  }

  kill(): void {
    this.#isDead = true
    for (const end of this.#endByAttempt.values()) end.end()
  }

  endNumbered(number: number): MemoryEnd | null {
    return this.#endByNumber.get(number) ?? null
  }

  linkedTo(other: MemoryTransport): MemoryEnd[] {
    return [...this.#endByLink.values()].filter((end) => end.isBetween(this, other))
  }

  delayTo(name: string, bytes: number): number {
    return this.#network.delayMs(this.name, name, bytes)
  }

  opened(end: MemoryEnd): void {
    if (end.link !== null) return
    end.cancelDeadline()
    const link = ++this.#links
    end.link = link
    this.#endByLink.set(link, end)
    const { attempt, role } = end
    const binding = { local: end.fingerprint, remote: end.remoteFingerprint }
    const event = { type: 'opened', link, attempt, role, binding, remoteGroup: '' } as const
    this.#tell({ ...event, bulkBytesMax: BULK_BYTES_MAX })
    for (const channel of ['control', 'bulk'] as const) this.writable(end, channel)
  }

  received({ link }: MemoryEnd, channel: Channel, bytes: Uint8Array): void {
    if (link !== null) this.#tell({ type: 'received', link, channel, bytes })
  }

  silent({ link }: MemoryEnd): void {
    if (link !== null) this.#tell({ type: 'silent', link })
  }

  writable({ link }: MemoryEnd, channel: Channel): void {
    if (link !== null) this.#tell({ type: 'writable', link, channel, roomBytes: MEMORY_ROOM_BYTES })
  }

  ended(end: MemoryEnd, reason: string): void {
    if (end.link === null) return this.#fail(end, 'channel', reason)
    if (!this.#endByLink.delete(end.link)) return
    this.#forget(end)
    this.#tell({ type: 'closed', link: end.link, reason })
  }

  #begin(attempt: AttemptId, role: LinkRole): MemoryEnd | null {
    if (this.#endByAttempt.has(attempt)) return null
    const end = new MemoryEnd(this, attempt, { role, number: ++this.#ends })
    const deadline = this.clock.now() + this.#network.connectMsMax
    end.cancelDeadline = this.clock.wakeAt(deadline, () => this.#fail(end, 'timeout', 'nobody came'))
    this.#endByAttempt.set(attempt, end)
    this.#endByNumber.set(this.#ends, end)
    return end
  }

  #refuse(attempt: AttemptId): void {
    this.#refusedSignals++
    if (this.#endByAttempt.has(attempt)) return
    this.#tell({ type: 'failed', attempt, stage: 'signaling', detail: 'the offer is malformed' })
  }

  #fail(end: MemoryEnd, stage: LinkFailureStage, detail: string): void {
    if (this.#endByAttempt.get(end.attempt) !== end) return
    this.#forget(end)
    this.#tell({ type: 'failed', attempt: end.attempt, stage, detail })
  }

  #forget(end: MemoryEnd): void {
    end.end()
    this.#endByAttempt.delete(end.attempt)
    for (const [number, own] of this.#endByNumber) if (own === end) this.#endByNumber.delete(number)
  }

  /** Later, in order: whoever calls us is never called back before we return. */
  #tell(event: TransportEvent): void {
    queueMicrotask(() => {
      if (!this.#isDead) this.#listener(event)
    })
  }
}
