// A server that says what a test tells it, a clock that stands still, and an identity that signs nothing.

import { makeContact } from '@hyphae/core'
import {
  type ClientMessage,
  decodeClientMessage,
  encodeServerMessage,
  type ServerMessage,
} from '@hyphae/core/signaling'
import type { Clock, Introducer, IntroducerEvent, IntroducerIdentity } from '@hyphae/runtime'
import { createWebSocketIntroducer, type WebSocketIntroducerOptions } from '../src/index.ts'
import type { SocketEvent, WebSocketLike } from '../src/socket.ts'

export const NETWORK = 'a'.repeat(32)
export const ada = makeContact(new Uint8Array(32).fill(1), new Uint8Array(32), new Uint8Array(8))
export const ben = makeContact(new Uint8Array(32).fill(2), new Uint8Array(32), new Uint8Array(8))

/** Time that moves when a test says so. */
export class HeldClock implements Clock {
  time = 1_000_000
  readonly #wakeUps = new Map<() => void, { at: number; callback: () => void }>()

  now = () => this.time

  wakeAt(at: number, callback: () => void): () => void {
    const cancel = () => void this.#wakeUps.delete(cancel)
    this.#wakeUps.set(cancel, { at, callback })
    return cancel
  }

  /** Milliseconds to each wake-up that is set, soonest first. */
  get pending(): number[] {
    return [...this.#wakeUps.values()].map(({ at }) => at - this.time).sort((a, b) => a - b)
  }

  advance(ms: number): void {
    this.time += ms
    for (const [cancel, { at, callback }] of [...this.#wakeUps])
      if (at <= this.time && this.#wakeUps.delete(cancel)) callback()
  }
}

/** The client's end of a connection; the test plays the server. */
export class FakeSocket implements WebSocketLike {
  readonly said: ClientMessage[] = []
  isClosed = false
  readonly #listeners: { readonly type: string; readonly listener: (event: SocketEvent) => void }[] = []

  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.push({ type, listener })
  }

  send(text: string): void {
    const message = decodeClientMessage(text)
    if (message === null) throw new Error(`the client said ${text}`)
    this.said.push(message)
  }

  close(): void {
    this.isClosed = true
  }

  /** Raw data from the server. */
  deliver(data: unknown): void {
    this.#fire({ type: 'message', data })
  }

  serve(message: ServerMessage): void {
    this.deliver(encodeServerMessage(message))
  }

  /** The connection ends from the server's side, or never was. */
  drop(code = 1006): void {
    this.#fire({ type: 'error' })
    this.#fire({ type: 'close', code })
  }

  challenge(min = 1, max = 1): void {
    this.serve({ type: 'challenge', versions: { min, max }, nonce: new Uint8Array(32) })
  }

  /** Challenge, join and welcome. */
  async welcome(): Promise<void> {
    this.challenge()
    await settle()
    this.serve({ type: 'welcome', stay: true, checkInMs: 60_000, online: 1 })
    await settle()
  }

  #fire(event: SocketEvent): void {
    for (const { type, listener } of this.#listeners) if (type === event.type) listener(event)
  }
}

export interface Stage {
  readonly introducer: Introducer
  readonly clock: HeldClock
  /** One per try. */
  readonly sockets: FakeSocket[]
  readonly events: IntroducerEvent[]
  /** The latest. */
  socket(): FakeSocket
}

/** An open introducer whose jitter is always in the middle. */
export function stage(options: Partial<WebSocketIntroducerOptions> = {}): Stage {
  const clock = new HeldClock()
  const sockets: FakeSocket[] = []
  const events: IntroducerEvent[] = []
  class Socket extends FakeSocket {
    constructor() {
      super()
      sockets.push(this)
    }
  }
  const random = { u32: () => 2 ** 31, bytes: (length: number) => new Uint8Array(length) }
  const url = 'ws://localhost/signal'
  const introducer = createWebSocketIntroducer({ url, clock, random, WebSocket: Socket, ...options })
  introducer.open(silentIdentity(), (event) => events.push(event))
  return { introducer, clock, sockets, events, socket: () => sockets.at(-1) as FakeSocket }
}

export function silentIdentity(): IntroducerIdentity {
  return { contact: ada, networkId: NETWORK, sign: async () => new Uint8Array(64) }
}

/** Lets queued microtasks run: the deepest chain of ours is a signature and an event. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 4; i++) await Promise.resolve()
}
