// One connection from challenge to close. It checks everything that comes in, keeps to the rate limits, and hands what is
// left to the room. Nothing that a client sends throws.

import { randomBytes } from 'node:crypto'
import {
  type ClientMessage,
  decodeClientMessage,
  encodeServerMessage,
  type JoinMessage,
  NONCE_BYTES,
  type ServerMessage,
  SIGNALING_VERSION,
  type SignalingError,
} from '@hyphae/core/signaling'
import type { WebSocket } from 'ws'
import { ENDINGS } from './endings.ts'
import type { Visitor } from './gate.ts'
import { refusalOf } from './join-check.ts'
import type { Log } from './log.ts'
import { BURST_SECONDS, type ServerOptions } from './options.ts'
import { TokenBucket } from './rate-limit.ts'
import type { Member, Room } from './room.ts'
import type { Rooms } from './rooms.ts'
import type { Counters } from './stats.ts'
import type { Waiter } from './turns.ts'

/** Bytes that may wait for one connection to read. Sixty of the largest signals; who has more is not reading. */
const UNSENT_BYTES_MAX = 1024 * 1024
/** Every so many bytes a message costs one token more. */
const BYTES_PER_TOKEN = 4 * 1024
/** Tokens of an introduction, for which all members of the network are looked at. */
const INTRODUCTION_TOKENS = 4

export interface SessionContext {
  readonly options: ServerOptions
  readonly rooms: Rooms
  readonly counters: Counters
  readonly log: Log
}

type State = 'challenged' | 'verifying' | 'joined' | 'ended'

export class Session implements Waiter {
  /** The connection has ended, on whosever account. */
  readonly closed: Promise<void>
  readonly #socket: WebSocket
  readonly #visitor: Visitor
  readonly #context: SessionContext
  readonly #nonce = randomBytes(NONCE_BYTES)
  readonly #messages: TokenBucket
  readonly #joinTimer: NodeJS.Timeout
  #state: State = 'challenged'
  #seat: { readonly network: string; readonly room: Room; readonly member: Member } | null = null
  #answersPings = true
  /** Pings of ours whose answers are still to come, or were left out for that to a later one. */
  #pongsDue = 0
  /**
   * What came while our address had no tokens, in order: `null` for what is no text. Nothing more is read meanwhile, so these are what
   * was under way in `ws` already, some 80 KiB, and no more messages than this connection had tokens for.
   */
  readonly #held: (string | null)[] = []

  constructor(socket: WebSocket, visitor: Visitor, context: SessionContext) {
    const { messagesPerSecond, joinTimeoutMs } = context.options
    this.#socket = socket
    this.#visitor = visitor
    this.#context = context
    this.#messages = new TokenBucket(messagesPerSecond, messagesPerSecond * BURST_SECONDS, performance.now())
    this.#joinTimer = setTimeout(() => this.end('join-timeout'), joinTimeoutMs)
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    this.#listen()
    this.#send({
      type: 'challenge',
      versions: { min: SIGNALING_VERSION, max: SIGNALING_VERSION },
      nonce: this.#nonce,
    })
  }

  /** Says why and closes. A no-op once ended. */
  end(code: SignalingError): void {
    if (this.#state === 'ended') return
    const { closeCode, text } = ENDINGS[code]
    this.#context.counters.ended[code]++
    this.#context.log.debug('ended', { code, address: this.#visitor.address })
    this.#send({ type: 'error', code, message: text })
    this.#leave()
    this.#socket.close(closeCode, code)
  }

  /** Called once per ping interval: pings, or cuts a connection that left the last ping unanswered, though it was read. */
  beat(): void {
    if (this.#answersPings || this.#held.length > 0) {
      this.#answersPings = false
      this.#pongsDue++
      this.#socket.ping()
    } else this.#cut('silent')
  }

  #listen(): void {
    this.#socket.on('message', (data, isBinary) => this.#onMessage(isBinary ? null : data.toString()))
    this.#socket.on('ping', () => this.#onUnasked())
    this.#socket.on('pong', () => this.#onPong())
    this.#socket.on('close', () => this.#leave())
    // Oversized messages and broken frames: ws closes the connection by itself, with the code that fits.
    this.#socket.on('error', (error) => {
      this.#context.log.debug('socket-error', { detail: error.message, address: this.#visitor.address })
      this.#leave()
    })
  }

  #onMessage(json: string | null): void {
    if (this.#state === 'ended') return
    const now = performance.now()
    const { turns } = this.#visitor
    if (!this.#messages.take(costOf(json), now)) this.end('flood')
    else if (this.#held.length === 0 && turns.take(costOf(json), now)) this.#read(json)
    else this.#hold(json)
  }

  #onPong(): void {
    this.#answersPings = true
    if (this.#pongsDue > 0) this.#pongsDue--
    else this.#onUnasked()
  }

  /** A frame of the WebSocket itself that is no answer: to read as many as one can send would be work as well. */
  #onUnasked(): void {
    if (this.#state !== 'ended' && !this.#messages.take(1, performance.now())) this.end('flood')
  }

  /** The address may be that of many, so its limit ends nobody: we do not read on before it is our turn. */
  #hold(json: string | null): void {
    this.#held.push(json)
    this.#socket.pause()
    // Its answers to pings are not read either, and if this is its join, that has come in time.
    this.#answersPings = true
    clearTimeout(this.#joinTimer)
    this.#visitor.turns.wait(this)
  }

  /** Tokens of the address for the first message held. Called by whoever deals out the turns, as is `turn`. */
  get cost(): number {
    return costOf(this.#held[0] ?? null)
  }

  turn(): boolean {
    this.#messages.makeUp(performance.now())
    this.#read(this.#held.shift() ?? null)
    if (this.#held.length > 0) return true
    this.#socket.resume()
    return false
  }

  #read(json: string | null): void {
    const message = json === null ? null : decodeClientMessage(json)
    if (message === null) this.end('malformed')
    else this.#handle(message)
  }

  #handle(message: ClientMessage): void {
    if (message.type === 'join' && this.#state === 'challenged') void this.#join(message)
    else if (message.type === 'join' || this.#seat === null) this.end('unexpected')
    else this.#handleJoined(message, this.#seat)
  }

  #handleJoined(
    message: Exclude<ClientMessage, JoinMessage>,
    { room, member }: { room: Room; member: Member },
  ): void {
    switch (message.type) {
      case 'introduce':
        if (this.#payIntroduction()) room.introduce(member, message)
        break
      case 'signal':
        this.#carry(room, member, message)
        break
      case 'meshed':
        room.meshed(member, message.links)
    }
  }

  async #join(join: JoinMessage): Promise<void> {
    this.#state = 'verifying'
    const refusal = await refusalOf(join, this.#nonce, this.#context.options.workBits)
    // Closed or ended while the signature was being checked.
    if (this.#state !== 'verifying') return
    if (refusal === null) this.#enter(join)
    else this.end(refusal)
  }

  #enter({ network, contact, links, wanted }: JoinMessage): void {
    const room = this.#context.rooms.open(network)
    if (room === null) {
      this.end('full')
      return
    }
    clearTimeout(this.#joinTimer)
    this.#state = 'joined'
    const send = (message: ServerMessage) => this.#send(message)
    const member = { contact, send, supersede: () => this.end('superseded') }
    this.#seat = { network, room, member }
    this.#context.counters.joins++
    this.#context.log.debug('joined', { peer: contact.id, network, address: this.#visitor.address })
    room.join(member, links, wanted)
  }

  #carry(
    room: Room,
    from: Member,
    { to, data }: { readonly to: Member['contact']['id']; readonly data: Uint8Array },
  ): void {
    const carried = room.carry(from, to, data)
    if (carried) this.#context.counters.signalsCarried++
    else {
      this.#context.counters.signalsUndeliverable++
      this.#send({ type: 'undeliverable', to })
    }
  }

  /** Takes tokens of this connection, or ends it. The address, which has let the message in, owes them. */
  #payIntroduction(): boolean {
    const now = performance.now()
    const paid = this.#messages.take(INTRODUCTION_TOKENS, now)
    if (paid) this.#visitor.messages.owe(INTRODUCTION_TOKENS, now)
    else this.end('flood')
    return paid
  }

  #send(message: ServerMessage): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false
    if (this.#socket.bufferedAmount > UNSENT_BYTES_MAX) {
      this.#cut('not reading')
      return false
    }
    this.#socket.send(encodeServerMessage(message))
    return true
  }

  #cut(reason: string): void {
    this.#context.counters.cut++
    this.#context.log.debug('cut', { reason, address: this.#visitor.address })
    this.#leave()
    this.#socket.terminate()
  }

  #leave(): void {
    this.#state = 'ended'
    clearTimeout(this.#joinTimer)
    this.#held.length = 0
    this.#visitor.turns.leave(this)
    // What the other end says last is read: it may be the answer to our close.
    this.#socket.resume()
    const seat = this.#seat
    this.#seat = null
    if (seat === null) return
    seat.room.leave(seat.member)
    this.#context.rooms.closeIfEmpty(seat.network)
  }
}

/** Tokens of a message. */
function costOf(json: string | null): number {
  return 1 + Math.floor((json?.length ?? 0) / BYTES_PER_TOKEN)
}
