// The connections of one peer, as a transport gives them: attempts that become links through signals, or fail. What
// travels over them is the wire's.

import type { AttemptId, Channel, Input, LinkFailureStage, LinkId, LinkRole } from '@hyphae/core'
import type { AccessLine } from './access-line.ts'
import type { Place } from './latency.ts'
import { LinkEnd, type LinkOwner } from './link-end.ts'
import { goOn, stand, watch } from './liveness.ts'
import { decodeSignal, encodeSignal } from './sim-signal.ts'
import type { Wire } from './wire.ts'

/** Milliseconds from a call to its offer or answer: certificates and host candidates. Guess. */
export const GATHER_MS = 5
/** Round trips from the applied answer to open channels: ICE checks, DTLS and SCTP overlap in part. Guess. */
export const CONNECT_ROUND_TRIPS = 2.5
/** Milliseconds to connect in, as in the transport over WebRTC. */
const CONNECT_MS_MAX = 15_000
/** The same for an invite, whose answer is carried by hand. */
const INVITE_MS_MAX = 15 * 60_000

/** The peer whose connections these are. */
export interface TransportUser {
  readonly place: Place
  readonly line: AccessLine
  readonly side: number
  readonly isSuspended: boolean
  deliver(input: Input): void
  /** The same, this many milliseconds from now, if the peer has not stopped by then. */
  later(delayMs: number, input: Input): void
}

export class SimTransport implements LinkOwner {
  readonly #user: TransportUser
  readonly #wire: Wire
  readonly #endByAttempt = new Map<AttemptId, LinkEnd>()
  readonly #endByLink = new Map<LinkId, LinkEnd>()
  #links = 0

  constructor(user: TransportUser, wire: Wire) {
    this.#user = user
    this.#wire = wire
  }

  get place(): Place {
    return this.#user.place
  }

  get line(): AccessLine {
    return this.#user.line
  }

  get side(): number {
    return this.#user.side
  }

  deliver(input: Input): void {
    this.#user.deliver(input)
  }

  /** Open links. */
  get open(): number {
    return this.#endByLink.size
  }

  ends(): Iterable<LinkEnd> {
    return this.#endByLink.values()
  }

  dial(attempt: AttemptId, isInvite: boolean): void {
    const end = this.#begin(attempt, 'dialer', isInvite)
    if (end !== null) this.#signal(end, 'offer')
  }

  accept(attempt: AttemptId, offer: Uint8Array, isInvite: boolean): void {
    const end = this.#begin(attempt, 'listener', isInvite)
    if (end === null) return
    const signal = decodeSignal(offer, 'offer')
    if (signal === null) return this.#fail(end, 'signaling', 'the offer is malformed')
    end.remoteFingerprint = signal.fingerprint
    this.#signal(end, 'answer')
  }

  /** The dialer has the answer: the two connect, if both are there and hear each other. */
  applySignal(attempt: AttemptId, bytes: Uint8Array): void {
    const end = this.#endByAttempt.get(attempt)
    const signal = decodeSignal(bytes, 'answer')
    if (end === undefined || signal === null || end.role !== 'dialer' || end.remote !== null) return
    const listener = this.#wire.endNumbered(signal.end)
    if (listener === null || listener.attempt !== attempt || listener.remote !== null) return
    end.remoteFingerprint = signal.fingerprint
    this.#wire.join(end, listener)
    const delayMs = Math.round((end.pathMs + listener.pathMs) * CONNECT_ROUND_TRIPS)
    this.#wire.timeline.after(delayMs, () => connect(end, listener, this.#wire))
  }

  abandon(attempt: AttemptId): void {
    const end = this.#endByAttempt.get(attempt)
    if (end?.state !== 'opening') return
    this.#forget(end)
    if (end.remote?.state === 'open')
      this.#wire.signalInOrder(end, (remote) => remote.owner.remoteClosed(remote))
  }

  send(link: LinkId, channel: Channel, bytes: Uint8Array): void {
    const end = this.#endByLink.get(link)
    if (end !== undefined && !this.#wire.send(end, channel, bytes)) this.close(link, 'overloaded', false)
  }

  watch(link: LinkId, keepaliveMs: number, silenceMs: number): void {
    const end = this.#endByLink.get(link)
    if (end !== undefined) watch(end, keepaliveMs, silenceMs, this.#wire.timeline)
  }

  /** With `flush` what was sent arrives first; without, it is lost, as when a real connection is torn down. */
  close(link: LinkId, reason: string, flush: boolean): void {
    const end = this.#endByLink.get(link)
    if (end === undefined) return
    end.isTorn = !flush
    this.#wire.signalInOrder(end, (remote) => remote.owner.remoteClosed(remote))
    this.#forget(end)
    this.#user.later(0, { type: 'link-closed', link, reason })
  }

  remoteClosed(end: LinkEnd): void {
    if (end.state === 'opening') return this.#fail(end, 'channel', 'remote-closed')
    if (end.state === 'ended') return
    this.#forget(end)
    this.deliver({ type: 'link-closed', link: end.link, reason: 'remote-closed' })
  }

  /** Ends everything at once; the other sides hear of it. */
  destroy(): void {
    for (const link of [...this.#endByLink.keys()]) this.close(link, 'destroyed', false)
    for (const attempt of [...this.#endByAttempt.keys()]) this.abandon(attempt)
  }

  /** Gone without a word, as when a tab crashes. */
  vanish(): void {
    for (const end of this.#endByAttempt.values()) this.#wire.vanish(end)
    this.#endByAttempt.clear()
    this.#endByLink.clear()
  }

  opened(end: LinkEnd): void {
    if (end.state !== 'opening') return
    const { attempt, role, fingerprint, remoteFingerprint } = end
    const link = ++this.#links
    this.#wire.open(end, link)
    this.#endByLink.set(link, end)
    const binding = { local: fingerprint, remote: remoteFingerprint }
    this.deliver({ type: 'link-opened', link, attempt, role, binding, remoteGroup: '' })
    for (const channel of ['control', 'bulk'] as const) this.hasRoom(end, channel)
    if (this.#user.isSuspended) stand(end, this.#wire.timeline)
  }

  hasRoom(end: LinkEnd, channel: Channel): void {
    const roomBytes = end.room(channel).announce()
    this.#user.later(0, { type: 'link-writable', link: end.link, channel, roomBytes })
  }

  /** The peer handles nothing any more: no keep-alives leave. */
  suspend(): void {
    for (const end of this.#endByLink.values()) stand(end, this.#wire.timeline)
  }

  resume(): void {
    for (const end of this.#endByLink.values()) goOn(end, this.#wire.timeline)
  }

  #begin(attempt: AttemptId, role: LinkRole, isInvite: boolean): LinkEnd | null {
    if (this.#endByAttempt.has(attempt)) return null
    const end = new LinkEnd(this, attempt, this.#wire.identity(role))
    this.#endByAttempt.set(attempt, end)
    this.#wire.enter(end)
    const limitMs = isInvite ? INVITE_MS_MAX : CONNECT_MS_MAX
    this.#wire.timeline.after(limitMs, () => {
      if (end.state === 'opening') this.#fail(end, 'timeout', 'nobody came')
    })
    return end
  }

  #signal(end: LinkEnd, kind: 'offer' | 'answer'): void {
    const bytes = encodeSignal({ kind, end: end.number, fingerprint: end.fingerprint })
    this.#wire.timeline.after(GATHER_MS, () => {
      if (end.state === 'opening') this.deliver({ type: 'local-signal', attempt: end.attempt, bytes })
    })
  }

  #fail(end: LinkEnd, stage: LinkFailureStage, detail: string): void {
    this.#forget(end)
    this.#user.later(0, { type: 'link-failed', attempt: end.attempt, stage, detail })
  }

  #forget(end: LinkEnd): void {
    this.#wire.end(end)
    this.#endByAttempt.delete(end.attempt)
    this.#endByLink.delete(end.link)
  }
}

/** The listener opens first, and the dialer as soon as it hears of that, before anything that the listener says. */
function connect(dialer: LinkEnd, listener: LinkEnd, wire: Wire): void {
  if (dialer.state !== 'opening' || listener.state !== 'opening' || dialer.isCut || listener.isCut) return
  wire.signalInOrder(listener, () => dialer.owner.opened(dialer))
  listener.owner.opened(listener)
}
