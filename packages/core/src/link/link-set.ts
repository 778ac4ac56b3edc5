// All connections: from the open channel through the handshake to the last goodbye. It decides which connection to a peer
// is the link, when a link is suspect, and when it ends. Who is dialed and why is the business of the dialer and routing.

import type { Channel, LinkId, Millis, Random } from '../contract.ts'
import { CLOSE_CODES, type CloseCode, type Offence } from '../errors.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { ACCEPTS_MAX, HANDSHAKE_TIMEOUT_MS } from '../limits.ts'
import type { Machine } from '../machine.ts'
import type { LinkStage } from '../peer/calls.ts'
import {
  decodeBulkFrame,
  decodeFrame,
  encodeFrame,
  type Frame,
  isKnownType,
  splitBatch,
} from '../wire/codec.ts'
import type { MessageOf } from '../wire/messages.ts'
import type { Connection } from './connection.ts'
import { Greeter, type LinkToken, linkOf, type OpenedLink } from './greeter.ts'
import { encodeBootProof } from './handshake.ts'
import type { AttemptView, LinkEffect, LinkInput, LinkSetOptions, LinkTimer } from './link-contract.ts'
import { LinkReasons } from './link-reasons.ts'
import { Outbound } from './outbound.ts'
import { Roster } from './roster.ts'
import { Standing } from './standing.ts'
import { Traffic } from './traffic.ts'

/** Milliseconds between two pings of one link: they measure the round trip, liveness is the port's. */
const PING_EVERY_MS = 30_000
/** Milliseconds a silent link has to show life before it is given up; a replacement may be dialed meanwhile. */
const SUSPECT_MS = 1_500
/** Milliseconds to wait for BYE_ACK. */
const BYE_TIMEOUT_MS = 1_000

export class LinkSet implements Machine<LinkInput, LinkEffect> {
  readonly traffic = new Traffic()
  readonly standing = new Standing()
  readonly roster: Roster
  readonly #attempts: AttemptView
  readonly #random: Random
  readonly #greeter: Greeter
  readonly #outbound = new Outbound(this.traffic)
  readonly #reasons = new LinkReasons(this.#outbound)
  readonly #connectionByLink = new Map<LinkId, Connection>()
  /** Connections that opened before our boot statement was signed. */
  readonly #early: OpenedLink[] = []

  constructor(options: LinkSetOptions, attempts: AttemptView, random: Random) {
    this.#attempts = attempts
    this.#random = random
    this.#greeter = new Greeter(options, random)
    this.roster = new Roster(options.self.id)
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
        return this.#outbound.flush(out)
      case 'reasons':
        return this.#onReasons(input.peer, input.reasons, now, out)
      case 'offence':
        return this.#onOffence(input.peer, input.offence, now, out)
      case 'round-trip':
        return this.roster.primaryOf(input.peer)?.measured(input.ms)
      case 'unlink':
        return this.#onUnlink(input.peer, input.code, now, out)
      case 'visible':
        return this.#reasons.setVisible(input.visible, this.roster.primaries(), out)
      case 'leave':
        for (const connection of [...this.#connectionByLink.values()])
          this.#close(connection, 'left', now, out)
        return
      case 'signed':
        return this.#onSigned(input.token, input.signature, now, out)
      case 'verified':
        return this.#onVerified(input.token, input.valid, now, out)
      case 'timer':
        return this.#onTimer(input.timer, now, out)
    }
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

  tables(): Record<string, number> {
    return {
      connections: this.#connectionByLink.size,
      spareLinks: this.roster.spares,
      standings: this.standing.size,
      earlyConnections: this.#early.length,
    }
  }

  // Opening

  #onOpened(opened: OpenedLink, now: Millis, out: LinkEffect[]): void {
    if (!this.#greeter.isReady) return this.#keepEarly(opened, out)
    const { link } = opened
    const expected = this.#attempts.expected(opened.attempt)
    const connection = expected && this.#greeter.greet(opened, expected, !this.#reasons.isVisible, now)
    if (connection === null) return this.#refuse(link, out)
    this.#connectionByLink.set(link, connection)
    this.#stage(connection, 'connected', opened.remoteGroup, now, out)
    this.#reasons.watch(connection, out)
    out.push({ type: 'set-timer', afterMs: HANDSHAKE_TIMEOUT_MS, timer: { type: 'handshake', link } })
    this.#outbound.enqueue(connection, connection.handshake.helloFrame)
  }

  #keepEarly(opened: OpenedLink, out: LinkEffect[]): void {
    if (this.#early.length < ACCEPTS_MAX) this.#early.push(opened)
    else this.#refuse(opened.link, out)
  }

  #refuse(link: LinkId, out: LinkEffect[]): void {
    out.push({ type: 'driver', effect: { type: 'close', link, code: 'wrong-identity', flush: false } })
  }

  #onHello(
    connection: Connection,
    frame: Frame,
    hello: MessageOf<'HELLO'>,
    now: Millis,
    out: LinkEffect[],
  ): void {
    const banned = this.standing.isBanned(hello.contact.id, now)
    const code = banned ? 'banned' : this.#greeter.onHello(connection, frame, hello, out)
    if (code !== null) this.#close(connection, code, now, out)
  }

  #onProof(connection: Connection, proof: MessageOf<'PROOF'>, now: Millis, out: LinkEffect[]): void {
    const code = this.#greeter.onProof(connection, proof, out)
    if (code !== null) this.#close(connection, code, now, out)
  }

  #onSigned(token: LinkToken, signature: Uint8Array, now: Millis, out: LinkEffect[]): void {
    if (token === 'boot') {
      this.#greeter.started(signature)
      for (const opened of this.#early.splice(0)) this.#onOpened(opened, now, out)
      return
    }
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
    if (!valid) return this.#close(connection, 'bad-proof', now, out)
    connection.remoteProved = true
    this.#stage(connection, 'proved', '', now, out)
    this.#openIfProved(connection, now, out)
  }

  #openIfProved(connection: Connection, now: Millis, out: LinkEffect[]): void {
    if (!connection.remoteProved || !connection.proofSent || connection.state !== 'proving') return
    connection.state = 'open'
    connection.openedAt = now
    this.#stage(connection, 'open', connection.signalingPath, now, out)
    if (!this.#place(connection, now, out)) return
    this.#ping(connection, now, out)
    for (const frame of connection.takeEarly()) {
      if (connection.state === 'open') this.#onFrame(connection, frame, now, out)
    }
  }

  /** Makes the connection the link or the spare; false where it was closed instead. */
  #place(connection: Connection, now: Millis, out: LinkEffect[]): boolean {
    const current = this.roster.primaryOf(connection.contact.id)
    const place = this.roster.placeFor(connection)
    switch (place) {
      case 'stale':
      case 'duplicate':
        this.#close(connection, place === 'stale' ? 'superseded' : 'duplicate', now, out)
        return false
      case 'spare':
        this.roster.setSpare(connection)
        return true
      case 'replacement':
        this.#replace(current as Connection, connection, now, out)
        return true
      case 'newer-boot':
        this.#close(current as Connection, 'superseded', now, out, connection.handshake.remote)
        this.#use(connection, now, out)
        return true
      case 'first':
        this.#use(connection, now, out)
        return true
    }
  }

  #use(connection: Connection, now: Millis, out: LinkEffect[]): void {
    const { contact, role, signalingPath } = connection
    this.roster.setPrimary(connection)
    this.#adopt(connection, now, out)
    out.push({ type: 'event', event: { type: 'peer-joined', peer: contact.id, signalingPath, role } })
    this.roster.tellUp(connection, out)
  }

  /** Make before break: the new connection takes over before the suspect one is closed, and nobody is told of a leave. */
  #replace(current: Connection, connection: Connection, now: Millis, out: LinkEffect[]): void {
    this.roster.setPrimary(connection)
    connection.theirReasons = current.theirReasons
    this.#stage(current, 'replaced', '', now, out)
    this.#close(current, 'duplicate', now, out)
    this.#adopt(connection, now, out)
    this.roster.tellUp(connection, out)
  }

  /** What becoming the link means: our reasons are said, the watch is set, and nobody wanting it starts the clock. */
  #adopt(connection: Connection, now: Millis, out: LinkEffect[]): void {
    connection.ourReasons = this.#attempts.reasonsOf(connection.contact.id)
    this.#reasons.say(connection)
    this.#reasons.changed(connection, now, out)
  }

  // Receiving

  #onReceived(link: LinkId, channel: Channel, bytes: Uint8Array, now: Millis, out: LinkEffect[]): void {
    const connection = this.#connectionByLink.get(link)
    if (connection === undefined) return
    connection.bytesReceived += bytes.length
    connection.lastReceivedAt = now
    if (connection.state === 'suspect') this.#revive(connection, now, out)
    const parts = channel === 'bulk' ? [bytes] : splitBatch(bytes)
    if (parts === null) return this.#blame(connection, 'malformed-frame', now, out)
    if (!connection.admits(parts.length, bytes.length, now)) return this.#blame(connection, 'flood', now, out)
    for (const part of parts) {
      if (!this.#connectionByLink.has(link)) return
      this.#onPart(connection, channel, part, now, out)
    }
  }

  #onPart(connection: Connection, channel: Channel, part: Uint8Array, now: Millis, out: LinkEffect[]): void {
    const frame = channel === 'bulk' ? decodeBulkFrame(part) : decodeFrame(part)
    if (frame === null)
      return this.#blame(connection, isKnownType(part) ? 'malformed-frame' : 'unknown-type', now, out)
    this.traffic.countReceived(part)
    this.#onFrame(connection, frame, now, out)
  }

  #onFrame(connection: Connection, frame: Frame, now: Millis, out: LinkEffect[]): void {
    const { message } = frame
    switch (message.type) {
      case 'HELLO':
        if (connection.state === 'greeting') return this.#onHello(connection, frame, message, now, out)
        return this.#blame(connection, 'unsolicited', now, out)
      case 'PROOF':
        return this.#onProof(connection, message, now, out)
      case 'BYE':
        return this.#onBye(connection, message, now, out)
      case 'BYE_ACK':
        return this.#release(connection, out)
      case 'BUSY':
        return this.#onBusy(connection, message.alternatives, now, out)
    }
    if (connection.state === 'proving') {
      if (!connection.keepEarly(frame)) this.#close(connection, 'protocol-violation', now, out)
      return
    }
    if (!connection.isUsable) {
      if (connection.state === 'greeting') this.#blame(connection, 'before-proof', now, out)
      return
    }
    this.#onOpenFrame(connection, frame, now, out)
  }

  #onOpenFrame(connection: Connection, frame: Frame, now: Millis, out: LinkEffect[]): void {
    const { message } = frame
    switch (message.type) {
      case 'PING':
        return this.#outbound.enqueue(connection, encodeFrame({ type: 'PONG', nonce: message.nonce }))
      case 'PONG':
        if (message.nonce !== connection.pingNonce || connection.pingAt === 0) return
        connection.measured(now - connection.pingAt)
        connection.pingAt = 0
        return
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

  #onBusy(connection: Connection, alternatives: readonly Contact[], now: Millis, out: LinkEffect[]): void {
    if (connection.isUsable) return
    out.push({ type: 'handshake-failed', attempt: connection.attempt, code: 'busy', alternatives })
    connection.closeCode = 'busy'
    this.#end(connection, 'busy', now, out)
    this.#release(connection, out)
  }

  // Ending

  #onBye(connection: Connection, message: MessageOf<'BYE'>, now: Millis, out: LinkEffect[]): void {
    const code = CLOSE_CODES[message.code] ?? 'protocol-violation'
    this.#outbound.enqueue(connection, encodeFrame({ type: 'BYE_ACK', bulkReceived: 0 }))
    if (code === 'superseded') this.#greeter.onSuperseded(message.proof, out)
    if (connection.state === 'closing') return
    if (!connection.isUsable)
      out.push({ type: 'handshake-failed', attempt: connection.attempt, code, alternatives: [] })
    connection.closeCode = code
    this.#end(connection, code, now, out)
    out.push({ type: 'set-timer', afterMs: BYE_TIMEOUT_MS, timer: { type: 'bye', link: connection.link } })
  }

  /** Says goodbye and ends the link for everybody but the driver, which keeps it until BYE_ACK or a second has passed. */
  #close(
    connection: Connection,
    code: CloseCode,
    now: Millis,
    out: LinkEffect[],
    newer: MessageOf<'HELLO'> | null = null,
  ): void {
    if (connection.state === 'closing') return
    const established = connection.isUsable
    const proof = newer === null ? new Uint8Array(0) : encodeBootProof(newer)
    this.#outbound.enqueue(
      connection,
      encodeFrame({ type: 'BYE', code: CLOSE_CODES.indexOf(code), bulkSent: 0, proof }),
    )
    connection.closeCode = code
    this.#end(connection, code, now, out)
    if (!established) {
      out.push({ type: 'handshake-failed', attempt: connection.attempt, code, alternatives: [] })
    }
    out.push({ type: 'set-timer', afterMs: BYE_TIMEOUT_MS, timer: { type: 'bye', link: connection.link } })
  }

  /** The connection is no longer the link: a spare steps in, or the peer is gone. */
  #end(connection: Connection, reason: string, now: Millis, out: LinkEffect[]): void {
    const wasUsable = connection.isUsable
    connection.state = 'closing'
    this.#stage(connection, 'closed', reason, now, out)
    if (!wasUsable) return
    const next = this.roster.remove(connection)
    if (next === null) return
    if (next === 'last') {
      this.roster.tellDown(connection, reason, out)
      out.push({ type: 'event', event: { type: 'peer-left', peer: connection.contact.id, reason } })
      return
    }
    next.theirReasons = next.theirReasons || connection.theirReasons
    this.#adopt(next, now, out)
    this.roster.tellUp(next, out)
  }

  #release(connection: Connection, out: LinkEffect[]): void {
    if (connection.state !== 'closing') return
    this.#outbound.flushOne(connection, out)
    const code = connection.closeCode ?? 'left'
    out.push({ type: 'driver', effect: { type: 'close', link: connection.link, code, flush: true } })
  }

  #onClosed(link: LinkId, reason: string, now: Millis, out: LinkEffect[]): void {
    const connection = this.#connectionByLink.get(link)
    if (connection === undefined) return
    this.#connectionByLink.delete(link)
    this.#outbound.forget(connection)
    if (connection.state === 'closing') return
    const established = connection.isUsable
    this.#end(connection, reason, now, out)
    if (!established)
      out.push({
        type: 'handshake-failed',
        attempt: connection.attempt,
        code: 'handshake-timeout',
        alternatives: [],
      })
  }

  #onUnlink(peer: PeerId, code: CloseCode, now: Millis, out: LinkEffect[]): void {
    const connection = this.roster.primaryOf(peer)
    if (connection !== undefined) this.#close(connection, code, now, out)
  }

  // Liveness

  #onSilent(link: LinkId, now: Millis, out: LinkEffect[]): void {
    const connection = this.#connectionByLink.get(link)
    if (connection === undefined || connection.state === 'closing') return
    if (connection.state !== 'open') return this.#close(connection, 'silent', now, out)
    connection.state = 'suspect'
    this.#stage(connection, 'suspect', '', now, out)
    out.push({ type: 'set-timer', afterMs: SUSPECT_MS, timer: { type: 'suspect', link } })
    // A keep-alive that comes late is the port's secret; the answer to a ping shows us life.
    this.#ping(connection, now, out)
    if (this.roster.isPrimary(connection)) this.roster.tellDown(connection, 'suspect', out)
  }

  #revive(connection: Connection, now: Millis, out: LinkEffect[]): void {
    connection.state = 'open'
    this.#stage(connection, 'open', 'alive again', now, out)
    this.#reasons.watch(connection, out)
    if (this.roster.isPrimary(connection)) this.roster.tellUp(connection, out)
  }

  #onTimer(timer: LinkTimer, now: Millis, out: LinkEffect[]): void {
    const connection = this.#connectionByLink.get(timer.link)
    if (connection === undefined) return
    switch (timer.type) {
      case 'handshake':
        if (connection.state === 'greeting' || connection.state === 'proving')
          this.#close(connection, 'handshake-timeout', now, out)
        return
      case 'suspect':
        if (connection.state === 'suspect') this.#close(connection, 'silent', now, out)
        return
      case 'bye':
        return this.#release(connection, out)
      case 'prune':
        if (this.#reasons.isOver(connection, now)) this.#close(connection, 'pruned', now, out)
        return
      case 'ping':
        if (connection.isUsable) this.#ping(connection, now, out)
        return
    }
  }

  #ping(connection: Connection, now: Millis, out: LinkEffect[]): void {
    connection.pingNonce = this.#random.u32()
    connection.pingAt = now
    this.#outbound.enqueue(connection, encodeFrame({ type: 'PING', nonce: connection.pingNonce }))
    out.push({ type: 'set-timer', afterMs: PING_EVERY_MS, timer: { type: 'ping', link: connection.link } })
  }

  #onReasons(peer: PeerId, reasons: number, now: Millis, out: LinkEffect[]): void {
    const connection = this.roster.primaryOf(peer)
    if (connection !== undefined) this.#reasons.setOurs(connection, reasons, now, out)
  }

  // Offences

  #blame(connection: Connection, offence: Offence, now: Millis, out: LinkEffect[]): void {
    if (connection.isUsable) return this.#onOffence(connection.contact.id, offence, now, out)
    this.standing.count(offence)
    out.push({ type: 'event', event: { type: 'offence', peer: null, offence } })
    this.#close(connection, 'protocol-violation', now, out)
  }

  #onOffence(peer: PeerId, offence: Offence, now: Millis, out: LinkEffect[]): void {
    const verdict = this.standing.punish(peer, offence, now)
    out.push({ type: 'event', event: { type: 'offence', peer, offence } })
    if (verdict !== 'fine')
      this.#onUnlink(peer, verdict === 'ban' ? 'banned' : 'protocol-violation', now, out)
  }

  // Sending

  #onSend(to: PeerId, frame: Uint8Array, lazy: boolean, now: Millis, out: LinkEffect[]): void {
    const connection = this.roster.primaryOf(to)
    if (connection === undefined || !connection.isUsable) return
    if (!this.#outbound.offer(connection, frame, lazy)) this.#close(connection, 'overloaded', now, out)
  }

  #onWritable(link: LinkId, channel: Channel, roomBytes: number): void {
    const connection = this.#connectionByLink.get(link)
    if (connection !== undefined) this.#outbound.onWritable(connection, channel, roomBytes)
  }

  #stage(connection: Connection, stage: LinkStage, detail: string, now: Millis, out: LinkEffect[]): void {
    const peer =
      connection.handshake.remote?.contact.id ?? this.#attempts.expected(connection.attempt)?.peer ?? null
    out.push({
      type: 'event',
      event: { type: 'link-stage', attempt: connection.attempt, peer, stage, detail, at: now },
    })
  }
}
