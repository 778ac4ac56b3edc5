// A signaling server as introducer: connects, comes back with backoff, goes quiet when the server lets it, checks in.
//
// While quiet it stays `up` for whoever uses it: the first call that needs the server connects again, and signals wait
// in a bounded queue for that. Only when that try, or a check-in, fails does it say `down`.

import type { IntroducerId, PeerId } from '@hyphae/core'
import { LINKS_SAID_MAX, WANTED_MAX } from '@hyphae/core/signaling'
import {
  checkSignal,
  type Introducer,
  type IntroducerEvent,
  type IntroducerIdentity,
  messageOf,
} from '@hyphae/runtime'
import { Backoff, jittered } from './backoff.ts'
import { Connection, type JoinedMessage } from './connection.ts'
import { type ResolvedOptions, resolveOptions, type WebSocketIntroducerOptions } from './options.ts'

/** Contacts that every join asks for: a newcomer's first ones, and a check-in's chance to meet another island. Guess. */
const WANTED_AT_JOIN: { readonly random: number; readonly close: number } = Object.freeze({
  random: 4,
  close: 4,
})
const NOTHING = Object.freeze({ random: 0, close: 0 })
/** Milliseconds over which changes of our number of links are told together. */
const MESHED_DELAY_MS = 500
/** Share by which check-ins are spread, so that peers which joined together do not come back together. */
const CHECK_IN_JITTER = 0.2

type State = 'new' | 'connecting' | 'joined' | 'waiting' | 'quiet' | 'ended'

/**
 * An introducer over one WebSocket. Throws a TypeError or RangeError for options that cannot be; after that nothing that a
 * server sends or does throws. Events never come from within a call.
 */
export function createWebSocketIntroducer(options: WebSocketIntroducerOptions): Introducer {
  return new WebSocketIntroducer(resolveOptions(options))
}

class WebSocketIntroducer implements Introducer {
  readonly path = 'server'
  readonly #options: ResolvedOptions
  readonly #backoff: Backoff
  #identity: IntroducerIdentity | null = null
  #listener: ((event: IntroducerEvent) => void) | null = null
  #state: State = 'new'
  #announced: 'up' | 'down' | null = null
  #connection: Connection | null = null
  #joinedAt = 0
  #released = false
  #checkInMs = 0
  #links = 0
  #linksTold = 0
  /** What was asked for and has not been said. */
  #wanted: { readonly random: number; readonly close: number } = NOTHING
  #queue: { readonly to: PeerId; readonly bytes: Uint8Array }[] = []
  /** Runs towards the next try, the next check-in, or the end of lingering; never two of them at once. */
  #cancelTimer: () => void = () => {}
  #cancelMeshed: (() => void) | null = null

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.backoffMinMs, options.backoffMaxMs, options.random)
  }

  get id(): IntroducerId {
    return this.#options.url
  }

  open(identity: IntroducerIdentity, listener: (event: IntroducerEvent) => void): void {
    if (this.#state !== 'new') throw new TypeError('an introducer is opened once')
    this.#identity = identity
    this.#listener = listener
    this.#connect()
  }

  introduce(random: number, close: number): void {
    const wanted = { random: Math.min(random, WANTED_MAX), close: Math.min(close, WANTED_MAX) }
    if (this.#state === 'joined') this.#connection?.send({ type: 'introduce', ...wanted })
    else {
      this.#wanted = more(this.#wanted, wanted)
      if (this.#state === 'quiet') this.#connect()
    }
  }

  signal(to: PeerId, bytes: Uint8Array): void {
    checkSignal(bytes)
    if (this.#state === 'quiet') this.#connect()
    if (this.#state === 'joined') this.#send(to, bytes)
    else if (this.#state === 'connecting') this.#enqueue(to, bytes)
    else this.#emit({ type: 'undeliverable', to })
  }

  meshed(links: number): void {
    if (this.#state === 'ended') return
    this.#links = Math.min(links, LINKS_SAID_MAX)
    this.#cancelMeshed ??= this.#after(MESHED_DELAY_MS, () => this.#tellLinks())
  }

  retryNow(): void {
    if (this.#state !== 'waiting') return this.#connection?.probe()
    // What failed before says nothing of the network that there is now, which may need a second to be of use.
    this.#backoff.reset()
    this.#connect()
  }

  close(): void {
    this.#stop()
    this.#listener = null
  }

  #connect(): void {
    this.#cancelTimer()
    this.#state = 'connecting'
    this.#released = false
    try {
      this.#connection = new Connection(this.#options, this.#identity as IntroducerIdentity, {
        joining: () => this.#joining(),
        message: (message) => this.#onMessage(message),
        ended: (reason) => this.#onEnded(reason.refusal, reason.detail),
      })
    } catch (error) {
      // A browser that forbids the address, for instance `ws:` from a secure page, will forbid it again.
      this.#onEnded('blocked', messageOf(error))
    }
  }

  #joining() {
    const wanted = more(this.#wanted, WANTED_AT_JOIN)
    this.#wanted = NOTHING
    this.#linksTold = this.#links
    return { links: this.#links, wanted }
  }

  #onMessage(message: JoinedMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#onWelcome()
        break
      case 'introduced':
      case 'undeliverable':
        this.#emit(message)
        break
      case 'signal':
        this.#linger()
        this.#emit({ type: 'signal', from: message.from, bytes: message.data })
        break
      case 'release':
        this.#released = true
        this.#checkInMs = message.checkInMs
        this.#linger()
        break
      case 'stay':
        this.#released = false
        this.#cancelTimer()
    }
  }

  #onWelcome(): void {
    this.#state = 'joined'
    this.#joinedAt = this.#options.clock.now()
    this.#announce('up', '')
    // Asked for after the join was said, as our links may have changed since.
    if (this.#wanted !== NOTHING) this.introduce(this.#wanted.random, this.#wanted.close)
    this.#wanted = NOTHING
    const queue = this.#queue
    this.#queue = []
    for (const { to, bytes } of queue) this.#send(to, bytes)
    this.#tellLinks()
  }

  #onEnded(refusal: string | null, detail: string): void {
    this.#connection = null
    this.#giveUpQueue()
    if (refusal !== null) {
      this.#emit({ type: 'refused', code: refusal, detail })
      this.#stop()
    } else if (this.#state === 'joined' && this.#released) this.#goQuiet()
    else this.#waitAndRetry(detail)
  }

  #waitAndRetry(detail: string): void {
    const lastedMs = this.#state === 'joined' ? this.#options.clock.now() - this.#joinedAt : 0
    if (lastedMs >= this.#options.stableMs) this.#backoff.reset()
    this.#state = 'waiting'
    this.#announce('down', detail)
    this.#startTimer(this.#backoff.next(), () => this.#connect())
  }

  /** Stays a while after the release; every signal prolongs it. */
  #linger(): void {
    if (this.#released) this.#startTimer(this.#options.lingerMs, () => this.#goQuiet())
  }

  #goQuiet(): void {
    this.#connection?.close()
    this.#connection = null
    this.#backoff.reset()
    this.#state = 'quiet'
    this.#startTimer(jittered(this.#checkInMs, CHECK_IN_JITTER, this.#options.random), () => this.#connect())
  }

  #send(to: PeerId, bytes: Uint8Array): void {
    this.#connection?.send({ type: 'signal', to, data: bytes })
    this.#linger()
  }

  /** At the bound the oldest signal goes: its attempt has waited longest and is likely given up. */
  #enqueue(to: PeerId, bytes: Uint8Array): void {
    this.#queue.push({ to, bytes })
    if (this.#queue.length <= this.#options.queuedSignalsMax) return
    const oldest = this.#queue.shift()
    if (oldest) this.#emit({ type: 'undeliverable', to: oldest.to })
  }

  #giveUpQueue(): void {
    for (const { to } of this.#queue) this.#emit({ type: 'undeliverable', to })
    this.#queue = []
  }

  #tellLinks(): void {
    this.#cancelMeshed?.()
    this.#cancelMeshed = null
    if (this.#state !== 'joined' || this.#links === this.#linksTold) return
    this.#linksTold = this.#links
    this.#connection?.send({ type: 'meshed', links: this.#links })
  }

  #announce(type: 'up' | 'down', detail: string): void {
    if (this.#announced === type) return
    this.#announced = type
    this.#emit(type === 'up' ? { type } : { type, detail })
  }

  /** Later, in order: whoever calls us is never called back before we return. */
  #emit(event: IntroducerEvent): void {
    queueMicrotask(() => this.#listener?.(event))
  }

  #stop(): void {
    this.#state = 'ended'
    this.#cancelTimer()
    this.#cancelMeshed?.()
    this.#connection?.close()
    this.#connection = null
    this.#queue = []
  }

  #startTimer(ms: number, action: () => void): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#after(ms, action)
  }

  #after(ms: number, action: () => void): () => void {
    const { clock } = this.#options
    return clock.wakeAt(clock.now() + ms, action)
  }
}

function more(a: typeof WANTED_AT_JOIN, b: typeof WANTED_AT_JOIN) {
  return { random: Math.max(a.random, b.random), close: Math.max(a.close, b.close) }
}
