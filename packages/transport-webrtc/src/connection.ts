// One simple-peer with its two negotiated channels. What is done here and not left to simple-peer, with its reason:
//
// - Both channels are negotiated, because a channel that the remote opens replaces the one simple-peer listens to.
// - Messages go to the channels directly: simple-peer's `write` waits at 64 KiB, its `send` knows no queue at all.
// - Open means both channels; simple-peer reports its own, and messages may come before that report.
// - An instance is used for one attempt alone: candidates of an older negotiation cannot be told from new ones.

import type { Channel, LinkBinding, LinkFailureStage } from '@hyphae/core'
import SimplePeer, { type SimplePeerError, type SimplePeerSignal } from 'simple-peer/simplepeer.min.js'
import { BULK_BYTES_MAX, EARLY_BYTES_MAX, HELD_OFFER_MS, REFUSED_CHANNELS_MAX } from './limits.ts'
import { type ConnectionPath, readPath, UNKNOWN_PATH } from './path.ts'
import { type Description, fingerprintOf, sdpOf } from './sdp.ts'
import type { SendPipe } from './send-queue.ts'
import type { Alarm, SharedTimer } from './shared-timer.ts'
import { SignalOutbox } from './signal-outbox.ts'

export interface ConnectionOptions {
  readonly isDialer: boolean
  readonly gatherFirst: boolean
  readonly holdsCandidates: boolean
  readonly config: RTCConfiguration
  /** Another implementation than the browser's. */
  readonly wrtc: object | undefined
  readonly timer: SharedTimer
}

export interface ConnectionHost {
  signal(bytes: Uint8Array): void
  /** Both channels are open. Messages that came earlier follow. */
  opened(facts: OpenFacts): void
  message(channel: Channel, bytes: Uint8Array): void
  /** The stack's queue of the channel fell to its threshold. */
  low(channel: Channel): void
  /** The remote opened a channel of its own, which is closed. */
  channelRefused(): void
  /** Once, and nothing follows. Not after `destroy`. */
  ended(end: ConnectionEnd): void
}

export interface OpenFacts {
  readonly pipes: Readonly<Record<Channel, SendPipe>>
  readonly binding: LinkBinding
  readonly remoteGroup: string
  readonly bulkBytesMax: number
}

export interface ConnectionEnd {
  readonly stage: LinkFailureStage
  readonly detail: string
}

interface EarlyMessage {
  readonly channel: Channel
  readonly bytes: Uint8Array
}

/** simple-peer keeps a destroyed connection alive with this timer, whose ending we never wait for. Milliseconds. */
const ICE_COMPLETE_TIMER_MS = 1

/** Errors of simple-peer; all others are about descriptions and candidates. */
const STAGE_BY_CODE: Readonly<Record<string, LinkFailureStage>> = {
  ERR_PC_CONSTRUCTOR: 'ice',
  ERR_ICE_CONNECTION_FAILURE: 'ice',
  ERR_ICE_CONNECTION_CLOSED: 'ice',
  ERR_DATA_CHANNEL: 'channel',
}

export class Connection {
  readonly #host: ConnectionHost
  readonly #options: ConnectionOptions
  readonly #outbox: SignalOutbox
  readonly #answered: Alarm
  #peer: SimplePeer | null
  #bulk: RTCDataChannel | null = null
  #remote: Description | null = null
  #early: EarlyMessage[] = []
  #earlyBytes = 0
  #refusedChannels = 0
  #isOpen = false
  #isReadingPath = false
  #iceState = 'new'
  #error: SimplePeerError | null = null

  /** @throws where there is no WebRTC, or the stack refuses a channel. */
  constructor(options: ConnectionOptions, host: ConnectionHost) {
    this.#host = host
    this.#options = options
    this.#peer = newSimplePeer(options)
    this.#answered = options.timer.alarm(() => this.addCandidates(this.#remote?.candidates ?? []))
    this.#outbox = new SignalOutbox({
      timer: options.timer,
      gatherFirst: options.gatherFirst,
      holdsCandidates: options.holdsCandidates && options.isDialer,
      describe: () => this.rtc?.localDescription?.sdp ?? '',
      send: (bytes) => host.signal(bytes),
      onUnusable: () => this.#end({ stage: 'signaling', detail: 'our own description has an unknown form' }),
    })
    this.#listen(this.#peer)
    // Where the constructor of the stack threw, simple-peer has no connection, and says so in a moment.
    if (this.rtc) this.#openBulk(this.rtc)
  }

  /** The browser's connection, while there is one. */
  get rtc(): RTCPeerConnection | null {
    return this.#peer?._pc ?? null
  }

  get hasRemoteDescription(): boolean {
    return this.#remote !== null
  }

  get #isOver(): boolean {
    return this.#peer === null
  }

  get #isIceUp(): boolean {
    return this.#iceState === 'connected' || this.#iceState === 'completed'
  }

  /** An offer carried by hand holds its candidates; where they must not be used before the answer is there, they wait. */
  get #waitsForAnswer(): boolean {
    const { isDialer, gatherFirst, holdsCandidates } = this.#options
    return holdsCandidates && gatherFirst && !isDialer
  }

  apply(description: Description): void {
    this.#remote = description
    const candidates = this.#waitsForAnswer ? [] : description.candidates
    this.#peer?.signal({ type: description.kind, sdp: sdpOf({ ...description, candidates }) })
    if (description.kind === 'answer') this.#outbox.noteAnswered()
    if (this.#waitsForAnswer) this.#answered.set(this.#options.timer.now() + HELD_OFFER_MS)
  }

  addCandidates(candidates: readonly string[]): void {
    // There is one media section, so its number says enough.
    for (const candidate of candidates)
      this.#peer?.signal({ type: 'candidate', candidate: { candidate, sdpMLineIndex: 0 } })
  }

  path(): Promise<ConnectionPath> {
    return this.rtc ? readPath(this.rtc) : Promise.resolve(UNKNOWN_PATH)
  }

  /** How far it came, for people who wonder why it did not open. */
  progress(): string {
    if (!this.#remote) return 'the other end did not answer'
    if (this.#isIceUp) return 'ICE connected, but DTLS or the channels did not open'
    return `ICE is ${this.#iceState}: no path was found between both ends`
  }

  /**
   * Ends it once all that was sent has reached the other end. `ended` follows then, if it follows at all.
   *
   * A channel that closes is reset after everything before it was received, on any channel (RFC 6525, section 5.2.2).
   * So bulk is closed, and the other end, which hears that, closes everything. An empty send queue would not say as
   * much: what is still on its way is lost with the connection.
   */
  finish(): void {
    this.#bulk?.close()
  }

  /** Ends it without a word to the host. Queued bytes are lost. Drops all that keeps the browser's objects alive. */
  destroy(): void {
    this.#outbox.stop()
    this.#answered.clear()
    this.#peer?.destroy()
    this.#peer = null
    this.#bulk = null
    this.#early = []
  }

  #listen(peer: SimplePeer): void {
    // First of all: simple-peer emits `error`, and an unheard one would be thrown.
    peer.on('error', (error) => {
      this.#error = error
    })
    peer.on('close', () => this.#end(this.#endOf(this.#error)))
    peer.on('signal', (signal) => this.#onSignal(signal))
    peer.on('iceStateChange', (connection, gathering) => {
      this.#iceState = connection
      if (gathering === 'complete' && !this.#isOver) this.#outbox.noteGathered()
    })
    peer.on('connect', () => this.#openWhenReady())
    // A Buffer of simple-peer's own making: what leaves here is plain bytes.
    peer.on('data', ({ buffer, byteOffset, byteLength }) =>
      this.#onMessage('control', new Uint8Array(buffer, byteOffset, byteLength)),
    )
    peer._channel?.addEventListener('bufferedamountlow', () => this.#onLow('control'))
  }

  #openBulk(rtc: RTCPeerConnection): void {
    rtc.ondatachannel = ({ channel }) => {
      channel.close()
      this.#host.channelRefused()
      if (++this.#refusedChannels > REFUSED_CHANNELS_MAX)
        this.#end({ stage: 'channel', detail: 'the other end opens channels of its own' })
    }
    const bulk = this.#createBulk(rtc)
    this.#bulk = bulk
    bulk.binaryType = 'arraybuffer'
    bulk.addEventListener('open', () => this.#openWhenReady())
    bulk.addEventListener('close', () => this.#end({ stage: 'channel', detail: 'the other end closed' }))
    bulk.addEventListener('bufferedamountlow', () => this.#onLow('bulk'))
    bulk.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer) this.#onMessage('bulk', new Uint8Array(data))
    })
  }

  #createBulk(rtc: RTCPeerConnection): RTCDataChannel {
    try {
      return rtc.createDataChannel('bulk', { negotiated: true, id: 1, ordered: false })
    } catch (error) {
      this.destroy()
      throw error
    }
  }

  #onSignal(signal: SimplePeerSignal): void {
    if (this.#isOver) return
    if (signal.type === 'offer' || signal.type === 'answer') this.#outbox.noteDescription(signal.type)
    else if (signal.type === 'candidate') this.#outbox.noteCandidate(signal.candidate.candidate ?? '')
  }

  #onLow(channel: Channel): void {
    if (this.#isOpen && !this.#isOver) this.#host.low(channel)
  }

  #onMessage(channel: Channel, bytes: Uint8Array): void {
    if (this.#isOver) return
    if (this.#isOpen) return this.#host.message(channel, bytes)
    this.#earlyBytes += bytes.length
    if (this.#earlyBytes <= EARLY_BYTES_MAX) this.#early.push({ channel, bytes })
    else this.#end({ stage: 'channel', detail: 'the other end sends too much before it may' })
  }

  #openWhenReady(): void {
    const isReady = this.#peer?.connected && this.#bulk?.readyState === 'open'
    if (!isReady || this.#isReadingPath) return
    this.#isReadingPath = true
    void this.path().then(({ remoteGroup }) => this.#open(remoteGroup))
  }

  #open(remoteGroup: string): void {
    const [control, bulk] = [this.#peer?._channel, this.#bulk]
    if (!control || !bulk) return
    const local = fingerprintOf(this.rtc?.localDescription?.sdp ?? '')
    const remote = fingerprintOf(this.rtc?.remoteDescription?.sdp ?? '')
    if (!local || !remote)
      return this.#end({ stage: 'dtls', detail: 'a description lacks its one sha-256 fingerprint' })
    this.#isOpen = true
    this.#host.opened({
      pipes: { control, bulk },
      binding: { local, remote },
      remoteGroup,
      bulkBytesMax: this.#bulkBytesMax(),
    })
    const early = this.#early
    this.#early = []
    for (const { channel, bytes } of early) this.#onMessage(channel, bytes)
  }

  #bulkBytesMax(): number {
    const stackMax = this.rtc?.sctp?.maxMessageSize || BULK_BYTES_MAX
    return Math.min(BULK_BYTES_MAX, stackMax, this.#remote?.messageBytesMax ?? BULK_BYTES_MAX)
  }

  #end(end: ConnectionEnd): void {
    if (this.#isOver) return
    this.destroy()
    this.#host.ended(end)
  }

  #endOf(error: SimplePeerError | null): ConnectionEnd {
    if (!error) return { stage: 'channel', detail: 'the other end closed' }
    const code = error.code ?? ''
    const failed = this.#isIceUp ? 'dtls' : 'ice'
    const stage = code === 'ERR_CONNECTION_FAILURE' ? failed : (STAGE_BY_CODE[code] ?? 'signaling')
    return { stage, detail: error.message }
  }
}

function newSimplePeer({ isDialer, config, wrtc }: ConnectionOptions): SimplePeer {
  return new SimplePeer({
    initiator: isDialer,
    trickle: true,
    channelConfig: { negotiated: true, id: 0, ordered: true },
    config,
    iceCompleteTimeout: ICE_COMPLETE_TIMER_MS,
    ...(wrtc && { wrtc }),
  })
}
