// The driver of one peer in virtual time, as PeerRuntime is in real time: hands it inputs one after another and performs
// its effects. It outlives the peer, which may crash and start again from what its disk holds.

import type {
  Contact,
  Effect,
  FailureCode,
  Input,
  JobId,
  Millis,
  OpId,
  PeerCall,
  PeerEvent,
  PeerId,
  PeerSnapshot,
} from '@hyphae/core'
import { AccessLine } from './access-line.ts'
import { Disk } from './disk.ts'
import { HostClock } from './host-clock.ts'
import { Jobs } from './jobs.ts'
import { drawContact } from './keyed-hash-crypto.ts'
import { drawPlace, type Place } from './latency.ts'
import type { SeededRandom } from './random.ts'
import type { SimIntroducer } from './sim-introducer.ts'
import { SimTransport } from './sim-transport.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'
import { WakeTimer } from './wake-timer.ts'
import type { Wire } from './wire.ts'

/** Milliseconds since the Unix epoch at which every run begins. */
export const EPOCH_MS = 1_700_000_000_000
/** Milliseconds of a pause that a page tells of; a shorter one is a throttled page (sdk, page-lifecycle.ts). */
const PAUSE_TOLD_MS_MIN = 90_000
/** Milliseconds between two moments at which timers of a hidden page fire, as in Chrome; what it receives it handles at once. */
const HIDDEN_TIMERS_EVERY_MS = 1_000

/** What of a peer a host drives: core's, or a stub in tests. */
export interface DrivenPeer {
  handle(input: Input, now: Millis, out: Effect[]): void
  snapshot(now: Millis): PeerSnapshot
  /** Sizes of the peer's own tables, by name. */
  tables(): Readonly<Record<string, number>>
  /** What is wrong with them. */
  check(): string[]
}

/** What a host needs of the network around it. */
export interface Surroundings {
  readonly timeline: Timeline
  readonly wire: Wire
  readonly introducer: SimIntroducer
  readonly trace: Trace
  createPeer(contact: Contact, random: SeededRandom): DrivenPeer
  onEvent(host: Host, event: PeerEvent): void
  onHandled(host: Host): void
}

/** How a call ended. */
export interface CallListener {
  done?(value: unknown): void
  failed?(code: FailureCode, message: string): void
  /** The peer stopped first: nobody will ever know. */
  gone?(): void
  progress?(value: unknown): void
}

export class Host {
  /** Counted from 0 in the order of creation. */
  readonly number: number
  readonly contact: Contact
  readonly place: Place
  readonly disk = new Disk()
  /** As fast as anybody likes and without loss, unless somebody changes that. */
  readonly line = new AccessLine()
  readonly transport: SimTransport
  side = 0
  /** Milliseconds for which the page handles nothing else once it dials or accepts: making a connection takes a browser that long. */
  connectingMs = 0
  #clock = new HostClock(EPOCH_MS)
  readonly #around: Surroundings
  readonly #random: SeededRandom
  readonly #listenerByOp = new Map<OpId, CallListener>()
  readonly #wake: WakeTimer
  readonly #out: Effect[] = []
  #peer: DrivenPeer | null = null
  #jobs: Jobs | null = null
  /** Counts starts and ends; what was planned for an earlier one comes to nothing. */
  #boot = 0
  #ops = 0
  #isLeaving = false
  #isHidden = false
  /** While it makes connections: until when, and what came meanwhile. */
  #busyUntil = 0
  readonly #backlog: Input[] = []
  /** While suspended: what came meanwhile. */
  #waiting: Input[] | null = null
  #suspendedAt = 0

  constructor(number: number, around: Surroundings, random: SeededRandom, contact?: Contact) {
    this.number = number
    this.#around = around
    this.#random = random
    this.contact = contact ?? drawContact(random.fork('identity'))
    this.place = drawPlace(random.fork('place'))
    this.transport = new SimTransport(this, around.wire)
    this.#wake = new WakeTimer(around.timeline, () => this.deliver({ type: 'wake' }))
  }

  get id(): PeerId {
    return this.contact.id
  }

  get isRunning(): boolean {
    return this.#peer !== null
  }

  /** Changes with every start and end. */
  get boot(): number {
    return this.#boot
  }

  /** This peer's clock. */
  get now(): Millis {
    return this.#clock.at(this.#around.timeline.now)
  }

  get isSuspended(): boolean {
    return this.#waiting !== null
  }

  /** Said goodbye, or is about to. */
  get isLeaving(): boolean {
    return this.#isLeaving
  }

  /** From now on the clock is wrong by so much and drifts. Throws a TypeError while the peer runs: clocks do not jump. */
  setClock(offsetMs: number, driftShare = 0): void {
    if (this.#peer !== null) throw new TypeError(`peer ${this.number} runs already`)
    this.#clock = new HostClock(EPOCH_MS, offsetMs, driftShare)
  }

  /** Throws a TypeError where the peer does not run. */
  snapshot(): PeerSnapshot {
    if (this.#peer === null) throw new TypeError(`peer ${this.number} does not run`)
    return this.#peer.snapshot(this.now)
  }

  /** Sizes of the tables of the peer, if it runs. */
  tables(): Readonly<Record<string, number>> {
    return this.#peer?.tables() ?? {}
  }

  /** What is wrong with them. */
  check(): string[] {
    return this.#peer?.check() ?? []
  }

  /** Starts the peer, or starts it again from what its disk holds. */
  start(): void {
    if (this.#peer !== null) throw new TypeError(`peer ${this.number} runs already`)
    this.#boot += 1
    const { disk, contact } = this
    this.#jobs = new Jobs({
      contact,
      disk,
      now: () => this.#around.timeline.now,
      answer: (delayMs, job, result, first) => this.#answer(delayMs, job, result, first),
    })
    this.#peer = this.#around.createPeer(contact, this.#random.fork('boot', this.#boot))
    const bootId = disk.nextBootId()
    this.later(0, { type: 'start', contacts: disk.contacts, recordIndex: disk.recordIndex(), bootId })
    if (this.#isHidden) this.later(0, this.#environment(0))
    this.#around.introducer.open(this)
  }

  /** From now on, and after every start, the page is in the background: its timers are late by up to a second, and core is told. */
  hide(): void {
    this.#isHidden = true
    this.#wake.throttle(HIDDEN_TIMERS_EVERY_MS, this.#random.fork('hidden').below(HIDDEN_TIMERS_EVERY_MS))
    this.deliver(this.#environment(0))
  }

  /** The peer handles nothing until `resume`, as a frozen tab: what comes waits, and its neighbours hear nothing. */
  suspend(): void {
    if (this.#peer === null || this.#waiting !== null) return
    this.#waiting = this.#backlog.splice(0)
    this.#suspendedAt = this.#around.timeline.now
    this.transport.suspend()
  }

  /**
   * The peer hears how long it was away, as a page tells it, and then everything that waited. `isTold`: false for a page that was
   * busy, which nobody tells anything.
   */
  resume(isTold = true): void {
    const waiting = this.#waiting
    if (waiting === null) return
    const awayMs = this.#around.timeline.now - this.#suspendedAt
    this.#waiting = null
    this.transport.resume()
    const pausedMs = awayMs < PAUSE_TOLD_MS_MIN ? 0 : awayMs
    if (isTold) this.deliver(this.#environment(pausedMs))
    for (const input of waiting) this.deliver(input)
  }

  /** Gone without goodbye: a killed tab. What is on disk stays. */
  crash(): void {
    this.#stop()
    this.disk.crash()
    this.transport.vanish()
  }

  /** Hands records over for at most `deadlineMs`, says goodbye, stops. */
  leave(deadlineMs = 2_000): void {
    this.#isLeaving = true
    const boot = this.#boot
    const free = () =>
      this.#around.timeline.after(0, () => {
        if (boot === this.#boot) this.#free()
      })
    this.call({ type: 'close', deadlineMs }, { done: free, failed: free })
  }

  /** Starts a command. Without a listener its outcome is of no interest. */
  call(call: PeerCall, listener: CallListener = {}): OpId {
    const op = ++this.#ops
    this.#listenerByOp.set(op, listener)
    this.later(0, { type: 'command', op, call })
    return op
  }

  deliver(input: Input): void {
    const peer = this.#peer
    if (peer === null) return
    if (this.#waiting !== null) {
      this.#waiting.push(input)
      return
    }
    if (this.#isBusy || this.#backlog.length > 0) this.#backlog.push(input)
    else this.#handle(peer, input)
  }

  #handle(peer: DrivenPeer, input: Input): void {
    const { timeline, trace } = this.#around
    const out = this.#out
    trace.input(timeline.now, this.number, input)
    peer.handle(input, this.now, out)
    for (let i = 0; i < out.length && this.#peer === peer; i++) this.#perform(out[i] as Effect)
    out.length = 0
    this.#around.onHandled(this)
  }

  later(delayMs: number, input: Input): void {
    const boot = this.#boot
    this.#around.timeline.after(delayMs, () => {
      if (boot === this.#boot) this.deliver(input)
    })
  }

  #environment(pausedMs: number): Input {
    return { type: 'environment', online: true, visible: !this.#isHidden, pausedMs }
  }

  get #isBusy(): boolean {
    return this.#around.timeline.now < this.#busyUntil
  }

  /** A connection is being made, after those that are being made already. */
  #connect(): void {
    if (this.connectingMs === 0) return
    const { timeline } = this.#around
    this.#busyUntil = Math.max(this.#busyUntil, timeline.now) + this.connectingMs
    const boot = this.#boot
    timeline.at(this.#busyUntil, () => {
      if (boot === this.#boot) this.#catchUp()
    })
  }

  #catchUp(): void {
    while (this.#peer !== null && !this.#isBusy) {
      const input = this.#backlog.shift()
      if (input === undefined) return
      this.#handle(this.#peer, input)
    }
  }

  #free(): void {
    this.#stop()
    this.disk.flush()
    this.transport.destroy()
  }

  #stop(): void {
    this.#peer = null
    this.#isLeaving = false
    this.#boot += 1
    this.#wake.cancel()
    this.#waiting = null
    this.#busyUntil = 0
    this.#backlog.length = 0
    for (const listener of this.#listenerByOp.values()) listener.gone?.()
    this.#listenerByOp.clear()
    this.#around.introducer.close(this)
  }

  #answer(delayMs: number, job: JobId, result: (Input & { type: 'job-done' })['result'], first?: () => void) {
    const boot = this.#boot
    this.#around.timeline.after(delayMs, () => {
      first?.()
      if (boot === this.#boot) this.deliver({ type: 'job-done', job, result })
    })
  }

  #perform(effect: Effect): void {
    const { transport, disk } = this
    const { introducer } = this.#around
    switch (effect.type) {
      case 'send':
        return transport.send(effect.link, effect.channel, effect.bytes)
      case 'wake-at':
        return this.#wake.set(this.#clock.timeOf(effect.at))
      case 'event':
        return this.#around.onEvent(this, effect.event)
      case 'dial':
        this.#connect()
        return transport.dial(effect.attempt, effect.contact === null)
      case 'accept':
        this.#connect()
        return transport.accept(effect.attempt, effect.signal, effect.contact === null)
      case 'apply-signal':
        return transport.applySignal(effect.attempt, effect.bytes)
      case 'abandon':
        return transport.abandon(effect.attempt)
      case 'close':
        return transport.close(effect.link, effect.code, effect.flush)
      case 'watch':
        return transport.watch(effect.link, effect.keepaliveMs, effect.silenceMs)
      case 'carry-signal':
        return introducer.carry(this, effect.to, effect.bytes)
      case 'introduce':
        return introducer.introduce(this, effect.random, effect.close)
      case 'meshed':
        return introducer.meshed(this, effect.links)
      case 'store-contacts':
        return disk.saveContacts(effect.contacts)
      case 'forget':
        return disk.forget(effect.key)
      case 'progress':
      case 'done':
      case 'failed':
        return this.#settle(effect)
      default:
        return this.#jobs?.perform(effect)
    }
  }

  #settle(effect: Extract<Effect, { type: 'progress' | 'done' | 'failed' }>): void {
    const listener = this.#listenerByOp.get(effect.op)
    if (listener === undefined) return
    if (effect.type === 'progress') return listener.progress?.(effect.value)
    this.#listenerByOp.delete(effect.op)
    if (effect.type === 'done') listener.done?.(effect.value)
    else listener.failed?.(effect.code, effect.message)
  }
}
