// Drives one core peer on real time: inputs wait in one queue, effects go to the ports, answers come back as inputs. It
// decides nothing about protocols; it owns the promises that core does not know.

import {
  type Effect,
  type FailureCode,
  type Input,
  Peer,
  type PeerCall,
  type PeerEvent,
  type PeerId,
  type PeerOptions,
  type PeerSnapshot,
  type Random,
} from '@hyphae/core'
import { callSafely } from './call-safely.ts'
import { failedBy, HyphaeError, messageOf } from './error.ts'
import { IntroducerSet } from './introducer-set.ts'
import { Jobs } from './jobs.ts'
import { PendingCalls } from './pending-calls.ts'
import type { Clock } from './ports/clock.ts'
import type { PeerCrypto } from './ports/crypto.ts'
import type { Introducer } from './ports/introducer.ts'
import type { PeerStorage, StorageEvent, StoredIdentity } from './ports/storage.ts'
import type { LinkPathInfo, Transport, TransportEvent, TransportStats } from './ports/transport.ts'
import { RecordKeeper } from './record-keeper.ts'

export interface PeerRuntimeOptions extends Omit<PeerOptions, 'contact'> {
  readonly identity: StoredIdentity
  readonly crypto: PeerCrypto
  readonly transport: Transport
  readonly storage: PeerStorage
  readonly introducers: readonly Introducer[]
  readonly clock: Clock
  readonly random: Random
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Milliseconds after which the call rejects with TIMEOUT, whatever the protocol is still doing. */
  readonly timeoutMs?: number
  readonly onProgress?: (value: unknown) => void
}

/** What the page tells about itself. */
export interface Environment {
  readonly online: boolean
  readonly visible: boolean
  /** Milliseconds that the page slept without noticing. */
  readonly pausedMs: number
}

/** Milliseconds for handing over records when the peer closes. */
const HAND_OVER_MS = 2_000
/** Milliseconds beyond the hand-over that closing may take: core gives goodbyes one second. */
const CLOSE_GRACE_MS = 2_000
const STORAGE_MESSAGES = { full: 'storage is full', wiped: 'the stored data was deleted' } as const
/** Events kept for the listener, who comes a few microtasks after the start. */
const EARLY_EVENTS_MAX = 64

export class PeerRuntime {
  readonly id: PeerId
  readonly #options: PeerRuntimeOptions
  readonly #peer: Peer
  readonly #queue: Input[] = []
  readonly #calls: PendingCalls
  readonly #jobs: Jobs
  readonly #records: RecordKeeper
  readonly #introducers: IntroducerSet
  #listener: ((event: PeerEvent) => void) | null = null
  readonly #early: PeerEvent[] = []
  /** The start's first job, the signature under our boot: core cuts every link that opens before. */
  #booting: Promise<void> | null = null
  #draining = false
  #closed = false
  #freed = false
  #cancelWake: () => void = () => {}

  /**
   * Reads what storage kept, then starts. Rejects with HyphaeError STORAGE_FAILED, or UNSUPPORTED where the identity's key cannot sign
   * here, and has then freed everything.
   */
  static async start(options: PeerRuntimeOptions): Promise<PeerRuntime> {
    const { storage } = options
    const runtime = new PeerRuntime(options)
    try {
      const [bootId, contacts, recordIndex] = await Promise.all([
        storage.nextBootId(),
        storage.loadContacts(),
        runtime.#records.loadIndex(),
        requireSignatures(options.crypto),
      ])
      runtime.#input({ type: 'start', bootId, contacts, recordIndex })
      await runtime.#booting
      runtime.#introducers.openAll(options.introducers)
      return runtime
    } catch (error) {
      runtime.#closed = true
      return failedBy(error, runtime.#free())
    }
  }

  private constructor(options: PeerRuntimeOptions) {
    const { identity, crypto, transport, storage, random } = options
    this.#options = options
    this.id = identity.contact.id
    this.#peer = new Peer({ ...options, contact: identity.contact }, random)
    this.#records = new RecordKeeper(storage, (key) =>
      this.#emit({ type: 'record-persisted', key, persisted: true }),
    )
    this.#calls = new PendingCalls((input) => this.#input(input))
    this.#jobs = new Jobs({
      crypto,
      records: this.#records,
      send: (input) => this.#input(input),
      tell: (event) => this.#emit(event),
    })
    const introducerIdentity = {
      contact: identity.contact,
      networkId: options.networkId,
      sign: (bytes: Uint8Array) => crypto.sign(bytes),
    }
    this.#introducers = new IntroducerSet(
      introducerIdentity,
      (input) => this.#input(input),
      (event) => this.#emit(event),
    )
    transport.onEvent((event) => this.#onTransport(event))
    storage.onEvent((event) => this.#onStorage(event))
  }

  /** Starts a command and resolves with its value. Rejects with HyphaeError. */
  call(call: PeerCall, options: CallOptions = {}): Promise<unknown> {
    if (this.#closed) return Promise.reject(new HyphaeError('CLOSED', 'the peer is closed'))
    return this.#calls.begin(call, options)
  }

  /** Set once. Hears everything core says, and first what it has said since the start. */
  onEvent(listener: (event: PeerEvent) => void): void {
    this.#listener = listener
    for (const event of this.#early.splice(0)) listener(event)
  }

  snapshot(): PeerSnapshot {
    return this.#peer.snapshot(this.#options.clock.now())
  }

  transportStats(): TransportStats {
    return this.#options.transport.stats()
  }

  /** How the link to a peer runs; null where there is none. */
  async pathInfo(peer: PeerId): Promise<LinkPathInfo | null> {
    const link = this.#peer.linkOf(peer)
    return link === null ? null : this.#options.transport.pathInfo(link)
  }

  environment(environment: Environment): void {
    this.#input({ type: 'environment', ...environment })
    if (environment.online && (environment.pausedMs > 0 || environment.visible)) this.#introducers.retryNow()
  }

  /** Writes what waits to be written: a hidden page's timers are late, and a page that goes away has none. */
  flush(): void {
    this.#quietly(this.#options.storage.flush())
  }

  addIntroducer(introducer: Introducer): void {
    if (!this.#closed) this.#introducers.add(introducer)
  }

  removeIntroducer(id: string): void {
    this.#introducers.remove(id)
  }

  get introducers(): readonly { readonly id: string; readonly state: string; readonly detail: string }[] {
    return this.#introducers.states()
  }

  /** Hands records over, says goodbye, frees everything. A second call does nothing, and waits for nothing. */
  async close(): Promise<void> {
    if (this.#closed) return
    const leaving = this.#calls.begin(
      { type: 'close', deadlineMs: HAND_OVER_MS },
      { timeoutMs: HAND_OVER_MS + CLOSE_GRACE_MS },
    )
    this.#closed = true
    try {
      await leaving
    } catch (error) {
      this.#emit({ type: 'problem', code: 'TIMEOUT', message: `leaving took too long: ${messageOf(error)}` })
    }
    await this.#free()
  }

  /** The page goes away this instant: goodbyes are queued, nothing is waited for, not even for a `close` under way. */
  closeNow(): void {
    this.#input({ type: 'command', op: this.#calls.unanswered(), call: { type: 'close', deadlineMs: 0 } })
    this.#closed = true
  }

  async #free(): Promise<void> {
    this.#freed = true
    this.#cancelWake()
    this.#calls.rejectAll('CLOSED', 'the peer was closed')
    this.#introducers.closeAll()
    this.#options.transport.destroy()
    try {
      await this.#options.storage.close()
    } finally {
      this.#listener = () => {}
    }
  }

  /**
   * Inputs are handled one after another, never inside one another. What comes once all is freed, from links that end and
   * from signatures and disks that were at work, would wake the peer again, and its timers for ever.
   */
  #input(input: Input): void {
    if (this.#freed) return
    this.#queue.push(input)
    if (this.#draining) return
    this.#draining = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#handle(next)
    } finally {
      this.#draining = false
    }
  }

  #handle(input: Input): void {
    const effects: Effect[] = []
    this.#peer.handle(input, this.#options.clock.now(), effects)
    // Core takes all of them for done: one that a port throws at must not cost the others, a wake-up among them.
    for (const effect of effects) callSafely((one) => this.#perform(one), effect)
  }

  #perform(effect: Effect): void {
    const { transport, storage, clock } = this.#options
    switch (effect.type) {
      case 'dial':
        return transport.dial(effect.attempt, { gatherFirst: effect.contact === null })
      case 'accept':
        return transport.accept(effect.attempt, effect.signal, { gatherFirst: effect.contact === null })
      case 'apply-signal':
        return transport.applySignal(effect.attempt, effect.bytes)
      case 'abandon':
        return transport.abandon(effect.attempt)
      case 'send':
        return transport.send(effect.link, effect.channel, effect.bytes)
      case 'close':
        return transport.close(effect.link, effect.code, effect.flush)
      case 'watch':
        return transport.watch(effect.link, effect.keepaliveMs, effect.silenceMs)
      case 'carry-signal':
        return this.#introducers.signal(effect.via, effect.to, effect.bytes)
      case 'introduce':
        return this.#introducers.introduce(effect.random, effect.close)
      case 'meshed':
        return this.#introducers.meshed(effect.links)
      case 'store-contacts':
        return this.#quietly(storage.saveContacts(effect.contacts))
      case 'forget':
        return this.#quietly(this.#records.forget(effect.key))
      case 'wake-at':
        this.#cancelWake()
        this.#cancelWake = clock.wakeAt(effect.at, () => this.#input({ type: 'wake' }))
        return
      case 'progress':
      case 'done':
      case 'failed':
        return this.#calls.settle(effect)
      case 'event':
        return this.#emit(effect.event)
      default: {
        const done = this.#jobs.perform(effect)
        this.#booting ??= done
      }
    }
  }

  #onTransport(event: TransportEvent): void {
    switch (event.type) {
      case 'opened':
        return this.#input({ ...event, type: 'link-opened' })
      case 'failed':
        return this.#input({ ...event, type: 'link-failed' })
      case 'received':
        return this.#input({ ...event, type: 'link-received' })
      case 'writable':
        return this.#input({ ...event, type: 'link-writable' })
      case 'silent':
        return this.#input({ ...event, type: 'link-silent' })
      case 'closed':
        return this.#input({ ...event, type: 'link-closed' })
      case 'warning':
        return this.#emit({ type: 'problem', code: 'LINK_FAILED', message: `${event.code}: ${event.detail}` })
      case 'local-signal':
        return this.#input(event)
    }
  }

  #onStorage(event: StorageEvent): void {
    const { type } = event
    const code: FailureCode = type === 'full' ? 'STORAGE_FULL' : 'STORAGE_FAILED'
    this.#emit({ type: 'problem', code, message: type === 'failed' ? event.detail : STORAGE_MESSAGES[type] })
    if (type === 'full') this.#input({ type: 'storage-full' })
    // The identity is what other peers know us by: it is written again at once, and records come back by replication.
    if (type === 'wiped') this.#quietly(this.#options.storage.saveIdentity(this.#options.identity))
  }

  /** A write that no call waits for: its failure is an event. */
  #quietly(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      const code = error instanceof HyphaeError ? error.code : 'STORAGE_FAILED'
      this.#emit({ type: 'problem', code, message: messageOf(error) })
    })
  }

  #emit(event: PeerEvent): void {
    if (this.#listener) this.#listener(event)
    else if (this.#early.length < EARLY_EVENTS_MAX) this.#early.push(event)
  }
}

/** Others take whoever cannot sign for a forger, and verifying needs the same code: better no start. */
async function requireSignatures(crypto: PeerCrypto): Promise<void> {
  try {
    await crypto.sign(new Uint8Array(0))
  } catch (cause) {
    throw new HyphaeError('UNSUPPORTED', `signing failed: ${messageOf(cause)}`, { cause })
  }
}
