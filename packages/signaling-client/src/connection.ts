// One try to be connected: from opening the socket over the join to its end, which is reported exactly once. Whether
// another try follows is decided in introducer.ts.

import {
  type ClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  isPermanent,
  joinBytes,
  type ServerMessage,
  SIGNALING_VERSION,
} from '@hyphae/core/signaling'
import { type IntroducerIdentity, messageOf } from '@hyphae/runtime'
import type { ResolvedOptions } from './options.ts'
import type { WebSocketLike } from './socket.ts'

/** What a joined connection brings. */
export type JoinedMessage = Exclude<ServerMessage, { type: 'challenge' | 'error' }>
type Join = Extract<ClientMessage, { type: 'join' }>
type Challenge = Extract<ServerMessage, { type: 'challenge' }>

export interface ConnectionListener {
  /** What the join says beside who we are; asked for once, when the join is sent. */
  joining(): Pick<Join, 'links' | 'wanted'>
  /** `welcome` comes first. */
  message(message: JoinedMessage): void
  /** `refusal`: a code where it is of no use to try again. Not called after `close`. */
  ended(reason: { readonly refusal: string | null; readonly detail: string }): void
}

export class Connection {
  readonly #options: ResolvedOptions
  readonly #identity: IntroducerIdentity
  readonly #listener: ConnectionListener
  readonly #socket: WebSocketLike
  #state: 'opening' | 'joining' | 'joined' | 'ended' = 'opening'
  #isProbing = false
  /** The one deadline that runs: for the welcome, then for silence, then for the answer to a probe. */
  #cancelDeadline: () => void

  /** Throws what the platform throws where it does not allow this address at all. */
  constructor(options: ResolvedOptions, identity: IntroducerIdentity, listener: ConnectionListener) {
    this.#options = options
    this.#identity = identity
    this.#listener = listener
    this.#socket = new options.WebSocket(options.url)
    this.#cancelDeadline = this.#after(options.joinTimeoutMs, () =>
      this.#end('The server did not welcome us in time.'),
    )
    this.#listen()
  }

  get isJoined(): boolean {
    return this.#state === 'joined'
  }

  /** A no-op unless joined. */
  send(message: ClientMessage): void {
    if (this.isJoined) this.#socket.send(encodeClientMessage(message))
  }

  /** Asks for a sign of life, and ends the connection where none comes: a dead one looks like an idle one. */
  probe(): void {
    if (!this.isJoined || this.#isProbing) return
    this.#isProbing = true
    this.send({ type: 'introduce', random: 0, close: 0 })
    this.#cancelDeadline()
    this.#cancelDeadline = this.#after(this.#options.probeTimeoutMs, () =>
      this.#end('The server fell silent.'),
    )
  }

  /** Ends without a report. Idempotent. */
  close(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#cancelDeadline()
    this.#socket.close()
  }

  #listen(): void {
    this.#socket.addEventListener('message', (event) => this.#onData(event.data))
    this.#socket.addEventListener('close', (event) => this.#end(closedText(event.code)))
    // Says nothing that `close`, which follows, does not; `ws` throws where nobody listens.
    this.#socket.addEventListener('error', () => {})
  }

  #onData(data: unknown): void {
    if (this.#state === 'ended') return
    const message = typeof data === 'string' ? decodeServerMessage(data) : null
    if (message === null) this.#end('The server sent something malformed.')
    else this.#onMessage(message)
  }

  #onMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'error':
        this.#end(message.message, isPermanent(message.code) ? message.code : null)
        break
      case 'challenge':
        this.#onChallenge(message)
        break
      default:
        this.#onJoined(message)
    }
  }

  #onChallenge({ versions, nonce }: Challenge): void {
    if (this.#state !== 'opening') this.#end('The server challenged us twice.')
    else if (versions.min > SIGNALING_VERSION || versions.max < SIGNALING_VERSION)
      this.#end('The server speaks other versions of the protocol.', 'version-mismatch')
    else void this.#join(nonce)
  }

  async #join(nonce: Uint8Array): Promise<void> {
    this.#state = 'joining'
    const { contact, networkId } = this.#identity
    try {
      const signature = await this.#identity.sign(joinBytes(nonce, networkId))
      // Ended while the signature was being made.
      if (this.#state !== 'joining') return
      const { links, wanted } = this.#listener.joining()
      const join = { version: SIGNALING_VERSION, network: networkId, contact, signature, links, wanted }
      this.#socket.send(encodeClientMessage({ type: 'join', ...join }))
    } catch (error) {
      this.#end(`The join could not be made: ${messageOf(error)}`)
    }
  }

  #onJoined(message: JoinedMessage): void {
    const isExpected = message.type === 'welcome' ? this.#state === 'joining' : this.isJoined
    if (!isExpected) {
      this.#end('The server sent a message that may not come now.')
      return
    }
    this.#state = 'joined'
    this.#isProbing = false
    this.#cancelDeadline()
    this.#cancelDeadline = this.#after(this.#options.silenceMs, () => this.probe())
    this.#listener.message(message)
  }

  #end(detail: string, refusal: string | null = null): void {
    if (this.#state === 'ended') return
    this.close()
    this.#listener.ended({ refusal, detail })
  }

  #after(ms: number, action: () => void): () => void {
    return this.#options.clock.wakeAt(this.#options.clock.now() + ms, action)
  }
}

/** 1006 stands for a connection that was never made, or broke (RFC 6455, section 7.4.1). */
function closedText(code: number | undefined): string {
  return code === undefined || code === 1006
    ? 'The server cannot be reached.'
    : `The server closed the connection (code ${code}).`
}
