// All connections: from the open channel through the handshake to the last goodbye. It takes what they bring, and decides
// when one is suspect or has to end. Which of them is the link is decided in succession.ts; who is dialed and why is the
// business of the dialer and routing.

import type { AttemptId, Channel, LinkId, Millis, Random } from '../contract.ts'
import { CLOSE_CODES, type Offence } from '../errors.ts'
import { isAcceptable } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { GOODBYES_MAX, HANDSHAKE_TIMEOUT_MS, PING_EVERY_MS } from '../limits.ts'
import type { Machine } from '../machine.ts'
import {
  decodeBulkFrame,
  decodeFrame,
  encodeFrame,
  type Frame,
  isUnknownType,
  splitBatch,
} from '../wire/codec.ts'
import type { MessageOf } from '../wire/messages.ts'
import type { Connection } from './connection.ts'
import { Greeter, type LinkToken, linkOf, type OpenedLink } from './greeter.ts'
import type { AttemptView, LinkEffect, LinkInput, LinkSetOptions, LinkTimer } from './link-contract.ts'
import { LinkReasons } from './link-reasons.ts'
import { Outbound } from './outbound.ts'
import { Roster } from './roster.ts'
import { Standing } from './standing.ts'
import { Succession } from './succession.ts'
import { Traffic } from './traffic.ts'

/** Milliseconds a silent link has to show life before it is given up; a replacement may be dialed meanwhile. */
const SUSPECT_MS = 1_500

export class LinkSet implements Machine<LinkInput, LinkEffect> {
  readonly traffic = new Traffic()
  readonly standing = new Standing()
  readonly roster: Roster
  readonly #workBits: number
  readonly #connectionsMax: number
  readonly #attempts: AttemptView
  readonly #random: Random
  readonly #greeter: Greeter
  readonly #outbound = new Outbound(this.traffic)
  readonly #reasons = new LinkReasons(this.#outbound)
  readonly #succession: Succession
  readonly #connectionByLink = new Map<LinkId, Connection>()

  constructor(options: LinkSetOptions, attempts: AttemptView, random: Random) {
    this.#workBits = options.workBits
    this.#connectionsMax = options.linksMax + GOODBYES_MAX
    this.#attempts = attempts
    this.#random = random
    this.#greeter = new Greeter(options, random)
    this.roster = new Roster(options.self.id)
    const { roster } = this
    this.#succession = new Succession({ roster, outbound: this.#outbound, reasons: this.#reasons, attempts })
  }

  handle(input: LinkInput, now: Millis, out: LinkEffect[]): void {
    switch (input.type) {
      case 'start':
        return this.#greeter.start(input.bootId, out)
      case 'opened':
        return this.#onOpened(input, now, out)
      case 'received':
        return this.#onReceived(input.link, input.channel, input.bytes, now, out)
      case 'writable':
        return this.#onWritable(input.link, input.channel, input.roomBytes)
      case 'silent':
        return this.#onSilent(input.link, now, out)
      case 'closed':
        return this.#onClosed(input.link, input.reason, now, out)
      case 'send':
        return this.#onSend(input.to, input.frame, input.lazy, now, out)
      case 'flush':
        return this.#outbound.flush(now, out)
      case 'reasons':
        return this.#onReasons(input.peer, input.reasons, now, out)
      case 'offence':
        return this.#onOffence(input.peer, input.offence, now, out)
      case 'round-trip':
        return this.roster.primaryOf(input.peer)?.measured(input.ms)
      case 'unlink':
        return this.#succession.closeAll(input.peer, input.code, now, out)
      case 'visible':
        return this.#reasons.setVisible(input.visible, this.roster.primaries(), out)
      case 'leave':
        for (const connection of [...this.#connectionByLink.values()])
          this.#succession.close(connection, 'left', now, out)
        return
      case 'signed':
        return this.#onSigned(input.token, input.signature, now, out)
      case 'verified':
        return this.#onVerified(input.token, input.valid, now, out)
      case 'timer':
        return this.#onTimer(input.timer, now, out)
    }
  }

  wants({ type, link }: LinkTimer): boolean {
    const connection = this.#connectionByLink.get(link)
    return connection !== undefined && (type !== 'handshake' || connection.isGreeting)
  }

  // Views

  /** Connections that count against the cap: everything that is not already on its way out. */
  get size(): number {
    let size = 0
    for (const connection of this.#connectionByLink.values()) if (connection.state !== 'closing') size += 1
    return size
  }

  /** Whether the driver has closed every connection. */
  get isEmpty(): boolean {
    return this.#connectionByLink.size === 0
  }

  /** Whether a connection, open or ending, came of this attempt. */
  hasAttempt(attempt: AttemptId): boolean {
    for (const connection of this.#connectionByLink.values()) if (connection.attempt === attempt) return true
    return false
  }

  tables(): Record<string, number> {
    return {
      connections: this.#connectionByLink.size,
      ...this.roster.tables(),
      standings: this.standing.size,
    }
  }

  // Opening

  #onOpened(opened: OpenedLink, now: Millis, out: LinkEffect[]): void {
    const { link, attempt } = opened
    const expected = this.#attempts.expected(attempt)
    const connection = expected && this.#greeter.greet(opened, expected, !this.#reasons.isVisible, now)
    if (connection === null) return this.#refuse(opened, out)
    this.#connectionByLink.set(link, connection)
    this.#cutGoodbyes(out)
    this.#succession.stage(connection, 'connected', opened.remoteGroup, now, out)
    this.#reasons.watch(connection, out)
    out.push({ type: 'set-timer', afterMs: HANDSHAKE_TIMEOUT_MS, timer: { type: 'handshake', link } })
    this.#outbound.enqueue(connection, connection.handshake.helloFrame)
  }

  /** Nobody waits for it, its fingerprints are unusable, or it came before our boot statement was signed. */
  #refuse({ link, attempt }: OpenedLink, out: LinkEffect[]): void {
    out.push({ type: 'driver', effect: { type: 'close', link, code: 'cut', flush: false } })
    out.push({ type: 'handshake-failed', attempt, code: 'cut' })
  }

  /** Whoever is left without an answer to its BYE hears the connection break. */
  #cutGoodbyes(out: LinkEffect[]): void {
    for (const [link, connection] of this.#connectionByLink) {
      if (this.#connectionByLink.size <= this.#connectionsMax) return
      if (connection.state !== 'closing') continue
      this.#connectionByLink.delete(link)
      this.#outbound.forget(connection)
      const code = connection.closeCode ?? 'left'
      out.push({ type: 'driver', effect: { type: 'close', link, code, flush: false } })
    }
  }

  #onHello(
    connection: Connection,
    frame: Frame,
    hello: MessageOf<'HELLO'>,
    now: Millis,
    out: LinkEffect[],
  ): void {
    if (connection.remote !== null) return this.#blame(connection, 'unsolicited', now, out)
    if (!isAcceptable(hello.contact, this.#workBits)) this.#onOffence(null, 'bad-work', now, out)
    const banned = this.standing.isBanned(hello.contact.id, now)
    const code = banned ? 'banned' : this.#greeter.onHello(connection, frame, hello, out)
    if (code !== null) this.#succession.close(connection, code, now, out)
  }

  #onProof(connection: Connection, proof: MessageOf<'PROOF'>, now: Millis, out: LinkEffect[]): void {
    const { remote } = connection
    if (remote === null) return this.#blame(connection, 'before-proof', now, out)
    connection.state = 'proving'
    out.push(this.#greeter.checkProof(connection, remote.contact, proof))
  }

  #onSigned(token: LinkToken, signature: Uint8Array, now: Millis, out: LinkEffect[]): void {
    if (token === 'boot') return this.#greeter.started(signature)
    const connection = this.#connectionByLink.get(linkOf(token))
    if (connection === undefined || connection.state === 'closing') return
    connection.proofSent = true
    this.#outbound.enqueue(connection, encodeFrame({ type: 'PROOF', signature }))
    this.#openIfProved(connection, now, out)
  }

  #onVerified(token: LinkToken, valid: boolean, now: Millis, out: LinkEffect[]): void {
    if (token.startsWith('rival')) {
      if (valid) out.push({ type: 'superseded' })
      return
    }
    const connection = this.#connectionByLink.get(linkOf(token))
    if (connection === undefined || connection.state !== 'proving') return
    if (!valid) {
      this.#onOffence(null, 'bad-signature', now, out)
      return this.#succession.close(connection, 'bad-proof', now, out)
    }
    connection.remoteProved = true
    this.#succession.stage(connection, 'proved', '', now, out)
    this.#openIfProved(connection, now, out)
  }

  #openIfProved(connection: Connection, now: Millis, out: LinkEffect[]): void {
    if (!connection.isProved) return
    // It may have been banned for what another of its connections did meanwhile.
    if (this.standing.isBanned(connection.contact.id, now))
      return this.#succession.close(connection, 'banned', now, out)
    connection.open(now)
    this.#succession.stage(connection, 'open', connection.signalingPath, now, out)
    if (!this.#succession.place(connection, now, out)) return
    this.#ping(connection, now, out)
    for (const frame of connection.takeEarly()) {
      if (connection.state === 'open') this.#onFrame(connection, frame, now, out)
    }
  }

  // Receiving

  #onReceived(link: LinkId, channel: Channel, bytes: Uint8Array, now: Millis, out: LinkEffect[]): void {
    const connection = this.#connectionByLink.get(link)
    if (connection === undefined) return
    connection.bytesReceived += bytes.length
    if (connection.state === 'suspect') this.#revive(connection, now, out)
    const parts = channel === 'bulk' ? [bytes] : splitBatch(bytes)
    if (parts === null) return this.#blame(connection, 'malformed-frame', now, out)
    if (!connection.admits(parts.length, bytes.length, now)) return this.#blame(connection, 'flood', now, out)
    for (const part of parts) {
      const frame = channel === 'bulk' ? decodeBulkFrame(part) : decodeFrame(part)
      if (frame === null) {
        const isUnknown = channel === 'control' && isUnknownType(part)
        this.#blame(connection, isUnknown ? 'unknown-type' : 'malformed-frame', now, out)
      } else {
        this.traffic.countReceived(part)
        this.#onFrame(connection, frame, now, out)
      }
    }
  }

  #onFrame(connection: Connection, frame: Frame, now: Millis, out: LinkEffect[]): void {
    const { message } = frame
    if (message.type === 'BYE') return this.#onBye(connection, message, now, out)
    switch (connection.state) {
      case 'greeting':
        return this.#onGreeting(connection, frame, now, out)
      case 'proving':
        return this.#onEarly(connection, frame, now, out)
      case 'closing':
        // What was under way when we said goodbye is of no interest any more.
        if (message.type === 'BYE_ACK') this.#succession.release(connection, now, out)
        return
      default:
        return this.#onOpenFrame(connection, frame, now, out)
    }
  }

  #onGreeting(connection: Connection, frame: Frame, now: Millis, out: LinkEffect[]): void {
    const { message } = frame
    switch (message.type) {
      case 'HELLO':
        return this.#onHello(connection, frame, message, now, out)
      case 'PROOF':
        return this.#onProof(connection, message, now, out)
      default:
        return this.#blame(connection, 'before-proof', now, out)
    }
  }

  /** Between the remote's PROOF and its verification. */
  #onEarly(connection: Connection, frame: Frame, now: Millis, out: LinkEffect[]): void {
    const { message } = frame
    if (message.type === 'HELLO' || message.type === 'PROOF')
      return this.#blame(connection, 'unsolicited', now, out)
    if (!connection.keepEarly(frame)) this.#blame(connection, 'flood', now, out)
  }

  #onOpenFrame(connection: Connection, frame: Frame, now: Millis, out: LinkEffect[]): void {
    const { message } = frame
    switch (message.type) {
      case 'HELLO':
      case 'PROOF':
      case 'BYE_ACK':
        return this.#blame(connection, 'unsolicited', now, out)
      case 'PING':
        // Whoever asks and does not listen gets no answers beyond what fits.
        this.#outbound.offer(connection, encodeFrame({ type: 'PONG', nonce: message.nonce }), true)
        return
      case 'PONG':
        return connection.takePong(message.nonce, now)
      case 'WANT':
        return this.#onWant(connection, message, now, out)
      default:
        out.push({ type: 'frame', from: connection.contact.id, frame })
    }
  }

  #onWant(connection: Connection, message: MessageOf<'WANT'>, now: Millis, out: LinkEffect[]): void {
    connection.theirReasons = message.reasons
    connection.hidden = message.hidden
    this.#reasons.changed(connection, now, out)
    out.push({ type: 'remote-reasons', peer: connection.contact.id, reasons: message.reasons })
  }

  #onBye(connection: Connection, message: MessageOf<'BYE'>, now: Millis, out: LinkEffect[]): void {
    const code = CLOSE_CODES[message.code] ?? 'protocol-violation'
    if (!this.#succession.onBye(connection, code, now, out)) return
    if (code === 'superseded') this.#greeter.onSuperseded(message.proof, out)
  }

  #onClosed(link: LinkId, reason: string, now: Millis, out: LinkEffect[]): void {
    const connection = this.#connectionByLink.get(link)
    if (connection === undefined) return
    this.#connectionByLink.delete(link)
    this.#succession.lost(connection, reason, now, out)
    this.#outbound.forget(connection)
  }

  // Liveness

  #onSilent(link: LinkId, now: Millis, out: LinkEffect[]): void {
    const connection = this.#connectionByLink.get(link)
    if (connection === undefined || connection.state === 'closing' || connection.state === 'suspect') return
    if (connection.state !== 'open') return this.#succession.close(connection, 'silent', now, out)
    connection.state = 'suspect'
    connection.suspectSince = now
    this.#succession.stage(connection, 'suspect', '', now, out)
    out.push({ type: 'set-timer', afterMs: SUSPECT_MS, timer: { type: 'suspect', link } })
    // A keep-alive that comes late is the port's secret; the answer to a ping shows us life.
    this.#ping(connection, now, out)
    this.#succession.suspected(connection, now, out)
  }

  #revive(connection: Connection, now: Millis, out: LinkEffect[]): void {
    connection.state = 'open'
    this.#succession.stage(connection, 'open', 'alive again', now, out)
    this.#reasons.watchAgain(connection, out)
    this.#succession.revived(connection, now, out)
  }

  #onTimer(timer: LinkTimer, now: Millis, out: LinkEffect[]): void {
    const connection = this.#connectionByLink.get(timer.link)
    if (connection === undefined) return
    switch (timer.type) {
      case 'handshake':
        if (connection.isGreeting) this.#succession.close(connection, 'handshake-timeout', now, out)
        return
      case 'suspect':
        if (connection.state === 'suspect' && now - connection.suspectSince >= SUSPECT_MS)
          this.#succession.close(connection, 'silent', now, out)
        return
      case 'bye':
        return this.#succession.release(connection, now, out)
      case 'held':
        connection.isHeld = false
        return
      case 'prune':
        if (this.#reasons.onPruneTimer(connection, now, out))
          this.#succession.close(connection, 'pruned', now, out)
        return
      case 'ping':
        if (connection.isUsable && now >= connection.pingDue) this.#ping(connection, now, out)
        return
    }
  }

  #ping(connection: Connection, now: Millis, out: LinkEffect[]): void {
    connection.pingNonce = this.#random.u32()
    connection.pingAt = now
    connection.pingDue = now + PING_EVERY_MS
    this.#outbound.enqueue(connection, encodeFrame({ type: 'PING', nonce: connection.pingNonce }))
    out.push({ type: 'set-timer', afterMs: PING_EVERY_MS, timer: { type: 'ping', link: connection.link } })
  }

  #onReasons(peer: PeerId, reasons: number, now: Millis, out: LinkEffect[]): void {
    const connection = this.roster.primaryOf(peer)
    if (connection !== undefined) this.#reasons.setOurs(connection, reasons, now, out)
  }

  // Offences

  #blame(connection: Connection, offence: Offence, now: Millis, out: LinkEffect[]): void {
    if (connection.state === 'closing') return
    if (connection.isUsable) return this.#onOffence(connection.contact.id, offence, now, out)
    this.#onOffence(null, offence, now, out)
    this.#succession.close(connection, 'protocol-violation', now, out)
  }

  /** Somebody who has not proved an identity has no score to lose: the offence is only counted and told. */
  #onOffence(peer: PeerId | null, offence: Offence, now: Millis, out: LinkEffect[]): void {
    const verdict = this.standing.punish(peer, offence, now)
    out.push({ type: 'event', event: { type: 'offence', peer, offence } })
    if (peer === null || verdict === 'fine') return
    this.#succession.closeAll(peer, verdict === 'ban' ? 'banned' : 'protocol-violation', now, out)
  }

  // Sending

  #onSend(to: PeerId, frame: Uint8Array, lazy: boolean, now: Millis, out: LinkEffect[]): void {
    const connection = this.roster.primaryOf(to)
    if (connection === undefined) return
    if (!this.#outbound.offer(connection, frame, lazy)) this.#succession.closeAll(to, 'overloaded', now, out)
  }

  #onWritable(link: LinkId, channel: Channel, roomBytes: number): void {
    const connection = this.#connectionByLink.get(link)
    if (connection !== undefined) this.#outbound.onWritable(connection, channel, roomBytes)
  }
}
