// One connection: its handshake, its queue of frames for this turn, its limits and its counters. Who decides about it is
// the link set.

import type { AttemptId, LinkId, LinkRole, Millis, SignalingPath } from '../contract.ts'
import type { CloseCode } from '../errors.ts'
import type { Contact } from '../identity/contact.ts'
import { EARLY_BYTES_MAX, EARLY_FRAMES_MAX } from '../limits.ts'
import { TokenBucket } from '../token-buckets.ts'
import type { Frame } from '../wire/codec.ts'
import type { Handshake, Remote } from './handshake.ts'

/** Frames per second and at once that one link may send us: ten times what gossip and routing of a busy peer need (guess). */
const FRAMES_PER_SECOND = 2_000
const FRAMES_BURST = 8_000
/** Bytes per second and at once, of both channels. */
const BYTES_PER_SECOND = 4 * 1024 * 1024
const BYTES_BURST = 16 * 1024 * 1024
/** Of all these as much as we send: less than the remote admits, which hears it at other times than we say it. */
const SENT_SHARE = 3 / 4

/**
 * `greeting`: HELLO sent · `proving`: the remote's proof is being verified · `open` · `suspect`: silent, perhaps dead ·
 * `closing`: BYE sent or received.
 */
export type ConnectionState = 'greeting' | 'proving' | 'open' | 'suspect' | 'closing'

export interface ConnectionOptions {
  readonly link: LinkId
  readonly attempt: AttemptId
  readonly role: LinkRole
  readonly signalingPath: SignalingPath
  readonly handshake: Handshake
}

export class Connection {
  readonly link: LinkId
  readonly attempt: AttemptId
  readonly role: LinkRole
  readonly signalingPath: SignalingPath
  /** Who the remote says it is; null before its HELLO. */
  remote: Remote | null = null
  state: ConnectionState = 'greeting'
  /** The remote's PROOF has been verified, ours has been sent. */
  remoteProved = false
  proofSent = false
  openedAt: Millis = 0
  ourReasons = 0
  theirReasons = 0
  /** Since when nobody wants the link; 0 while somebody does. */
  unwantedSince: Millis = 0
  /** Whether a timer to prune it is set: one at a time. */
  pruneTimerSet = false
  /** How the driver watches it; null before it was told. */
  watchedClosely: boolean | null = null
  hidden = false
  roundTripMs: number | null = null
  pingNonce = 0
  pingAt: Millis = 0
  /** When the next ping is due: an earlier timer is stale. */
  pingDue: Millis = 0
  suspectSince: Millis = 0
  bytesSent = 0
  bytesReceived = 0
  /** Bytes the driver takes before it queues them; negative: what is queued beyond. Unlimited until it says a number. */
  roomBytes = Number.POSITIVE_INFINITY
  /** Bytes of frames that wait until the remote admits them, and whether a timer is set for them. */
  heldBytes = 0
  isHeld = false
  closeCode: CloseCode | null = null
  /** BYE has come; the driver has been asked to close. */
  byeReceived = false
  released = false
  /** Null once it is open: nobody asks for its frames any more, and a peer has fifty links. */
  #handshake: Handshake | null
  readonly #queue: Uint8Array[] = []
  #queuedBytes = 0
  readonly #early: Frame[] = []
  #earlyBytes = 0
  readonly #frames: TokenBucket
  readonly #bytes: TokenBucket
  readonly #sentFrames: TokenBucket
  readonly #sentBytes: TokenBucket

  constructor(options: ConnectionOptions, now: Millis) {
    this.link = options.link
    this.attempt = options.attempt
    this.role = options.role
    this.signalingPath = options.signalingPath
    this.#handshake = options.handshake
    this.#frames = new TokenBucket(FRAMES_BURST, FRAMES_PER_SECOND, now)
    this.#bytes = new TokenBucket(BYTES_BURST, BYTES_PER_SECOND, now)
    this.#sentFrames = new TokenBucket(FRAMES_BURST * SENT_SHARE, FRAMES_PER_SECOND * SENT_SHARE, now)
    this.#sentBytes = new TokenBucket(BYTES_BURST * SENT_SHARE, BYTES_PER_SECOND * SENT_SHARE, now)
  }

  /** Only before state `open`. */
  get handshake(): Handshake {
    return this.#handshake as Handshake
  }

  /** Both proofs are good. */
  open(now: Millis): void {
    this.state = 'open'
    this.openedAt = now
    this.#handshake = null
  }

  /** The remote. Only after its HELLO, and it has proved to be this one from state `open` on. */
  get contact(): Contact {
    return (this.remote as Remote).contact
  }

  /** Which boot of its identity the remote is; 0 before its HELLO. */
  get bootId(): number {
    return this.remote?.bootId ?? 0
  }

  /** Whether both proofs are good and nothing else has happened meanwhile. */
  get isProved(): boolean {
    return this.state === 'proving' && this.remoteProved && this.proofSent
  }

  /** Whether the handshake is under way. */
  get isGreeting(): boolean {
    return this.state === 'greeting' || this.state === 'proving'
  }

  get isUsable(): boolean {
    return this.state === 'open' || this.state === 'suspect'
  }

  /** Whether the remote may send this much more now. */
  admits(frames: number, bytes: number, now: Millis): boolean {
    return this.#bytes.take(bytes, now) && this.#frames.take(frames, now)
  }

  enqueue(frame: Uint8Array): void {
    this.#queue.push(frame)
    this.#queuedBytes += frame.length
  }

  /** Frames queued since the last call, as far as the remote admits them now. */
  takeQueue(now: Millis): Uint8Array[] {
    const queue = this.#queue
    let count = 0
    while (count < queue.length && this.#sentFrames.take(1, now)) {
      if (!this.#sentBytes.take((queue[count] as Uint8Array).length + 2, now)) break
      count += 1
    }
    const taken = queue.splice(0, count)
    for (const frame of taken) this.#queuedBytes -= frame.length
    this.heldBytes = this.#queuedBytes
    return taken
  }

  /** Keeps a frame that came between the remote's proof and its verification; false where it does not fit. */
  keepEarly(frame: Frame): boolean {
    this.#earlyBytes += frame.bytes.length
    if (this.#early.length >= EARLY_FRAMES_MAX || this.#earlyBytes > EARLY_BYTES_MAX) return false
    this.#early.push(frame)
    return true
  }

  takeEarly(): Frame[] {
    return this.#early.splice(0)
  }

  /** The answer to our last ping; any other PONG means nothing. */
  takePong(nonce: number, now: Millis): void {
    if (nonce !== this.pingNonce || this.pingAt === 0) return
    this.measured(now - this.pingAt)
    this.pingAt = 0
  }

  /** Smooths a round trip as TCP does (RFC 6298, alpha = 1/8). */
  measured(roundTripMs: number): void {
    this.roundTripMs =
      this.roundTripMs === null ? roundTripMs : this.roundTripMs + (roundTripMs - this.roundTripMs) / 8
  }
}
