// Which connection is the link to a peer, and how one ends: a proved connection takes its place, a spare or a replacement
// steps in, goodbyes are said and answered. What the other machines hear of it follows from here alone, so that they see
// one link-up before one link-down whatever happens to single connections.

import type { Millis } from '../contract.ts'
import { CLOSE_CODES, type CloseCode } from '../errors.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { LinkStage } from '../peer/calls.ts'
import { encodeFrame } from '../wire/codec.ts'
import type { Connection } from './connection.ts'
import { encodeBootProof, type Remote } from './handshake.ts'
import type { AttemptView, LinkEffect } from './link-contract.ts'
import type { LinkReasons } from './link-reasons.ts'
import type { Outbound } from './outbound.ts'
import type { Roster } from './roster.ts'

/** Milliseconds to wait for BYE_ACK. */
const BYE_TIMEOUT_MS = 1_000

export interface SuccessionParts {
  readonly roster: Roster
  readonly outbound: Outbound
  readonly reasons: LinkReasons
  readonly attempts: AttemptView
}

export class Succession {
  readonly #roster: Roster
  readonly #outbound: Outbound
  readonly #reasons: LinkReasons
  readonly #attempts: AttemptView

  constructor({ roster, outbound, reasons, attempts }: SuccessionParts) {
    this.#roster = roster
    this.#outbound = outbound
    this.#reasons = reasons
    this.#attempts = attempts
  }

  // Taking a place

  /** Makes a connection that has just become open the link or the spare; false where it was closed instead. */
  place(connection: Connection, now: Millis, out: LinkEffect[]): boolean {
    const current = this.#roster.primaryOf(connection.contact.id) as Connection
    const place = this.#roster.placeFor(connection)
    if (place === 'stale' || place === 'duplicate') {
      if (place === 'stale') this.#supersede(connection, current, now, out)
      else this.close(connection, 'duplicate', now, out)
      out.push({
        type: 'handshake-failed',
        attempt: connection.attempt,
        code: place === 'stale' ? 'superseded' : place,
      })
      return false
    }
    out.push({ type: 'proved', attempt: connection.attempt })
    if (place === 'spare') this.#roster.setSpare(connection)
    else if (place === 'replacement') this.#replace(current, connection, now, out)
    else {
      if (place === 'newer-boot') this.#supersedeAll(current, connection, now, out)
      this.#use(connection, now, out)
    }
    return true
  }

  /** The link is suspect. A spare takes over at once; without one, the others are told that nothing goes there. */
  suspected(connection: Connection, now: Millis, out: LinkEffect[]): void {
    if (!this.#roster.isPrimary(connection)) return
    const spare = this.#roster.spareOf(connection.contact.id)
    if (spare?.state !== 'open') return this.#roster.tellDown(connection, 'suspect', out)
    this.#roster.takeSpare(spare)
    this.#replace(connection, spare, now, out)
  }

  /** Whoever wanted the link has been told that it is down, and says anew what it wants. */
  revived(connection: Connection, now: Millis, out: LinkEffect[]): void {
    if (!this.#roster.isPrimary(connection)) return
    const reasons = this.#attempts.reasonsOf(connection.contact.id)
    this.#reasons.setOurs(connection, reasons, now, out)
    this.#roster.tellUp(connection, out)
  }

  #use(connection: Connection, now: Millis, out: LinkEffect[]): void {
    const { contact, role, signalingPath } = connection
    this.#roster.setPrimary(connection)
    this.#adopt(connection, now, out)
    out.push({ type: 'event', event: { type: 'peer-joined', peer: contact.id, signalingPath, role } })
    this.#roster.tellUp(connection, out)
  }

  /** Make before break: the new connection takes over before the suspect one is closed, and nobody is told of a leave. */
  #replace(current: Connection, connection: Connection, now: Millis, out: LinkEffect[]): void {
    this.#roster.setPrimary(connection)
    connection.theirReasons ||= current.theirReasons
    this.stage(current, 'replaced', '', now, out)
    this.close(current, 'duplicate', now, out)
    this.#adopt(connection, now, out)
    this.#tellAnew(connection, out)
  }

  /** What was under way on the connection before may be lost: whoever relies on it begins again. */
  #tellAnew(connection: Connection, out: LinkEffect[]): void {
    this.#roster.tellDown(connection, 'suspect', out)
    if (connection.state === 'open') this.#roster.tellUp(connection, out)
  }

  /** What becoming the link means: our reasons are said, the watch is set, and nobody wanting it starts the clock. */
  #adopt(connection: Connection, now: Millis, out: LinkEffect[]): void {
    connection.ourReasons = this.#attempts.reasonsOf(connection.contact.id)
    this.#reasons.say(connection)
    this.#reasons.changed(connection, now, out)
  }

  /** A newer boot of the identity is here: no connection of the older one may step in for another. */
  #supersedeAll(older: Connection, newer: Connection, now: Millis, out: LinkEffect[]): void {
    const spare = this.#roster.spareOf(older.contact.id)
    if (spare !== undefined) this.#supersede(spare, newer, now, out)
    this.#supersede(older, newer, now, out)
  }

  #supersede(older: Connection, newer: Connection, now: Millis, out: LinkEffect[]): void {
    this.close(older, 'superseded', now, out, newer.remote)
  }

  // Ending

  /** Ends every connection to a peer, the spare first so that it does not step in. */
  closeAll(peer: PeerId, code: CloseCode, now: Millis, out: LinkEffect[]): void {
    for (const connection of [this.#roster.spareOf(peer), this.#roster.primaryOf(peer)])
      if (connection !== undefined) this.close(connection, code, now, out)
  }

  /** Says goodbye and ends the link for everybody but the driver, which keeps it until BYE_ACK or a second has passed. */
  close(
    connection: Connection,
    code: CloseCode,
    now: Millis,
    out: LinkEffect[],
    newer: Remote | null = null,
  ): void {
    if (connection.state === 'closing') return
    const proof = newer === null ? new Uint8Array(0) : encodeBootProof(newer)
    const bye = { type: 'BYE', code: CLOSE_CODES.indexOf(code), bulkSent: 0, proof } as const
    this.#outbound.enqueue(connection, encodeFrame(bye))
    this.#fail(connection, code, out)
    connection.closeCode = code
    this.#end(connection, code, now, out)
    this.#awaitRelease(connection, out)
  }

  /** The remote says goodbye, perhaps while our own goodbye is under way. False where it has said so before. */
  onBye(connection: Connection, code: CloseCode, now: Millis, out: LinkEffect[]): boolean {
    if (connection.byeReceived) return false
    connection.byeReceived = true
    this.#outbound.enqueue(connection, encodeFrame({ type: 'BYE_ACK', bulkReceived: 0 }))
    if (connection.state === 'closing') return true
    this.#fail(connection, code, out)
    connection.closeCode = code
    this.#end(connection, code, now, out)
    this.#awaitRelease(connection, out)
    return true
  }

  /** The driver has closed it. */
  lost(connection: Connection, reason: string, now: Millis, out: LinkEffect[]): void {
    if (connection.state === 'closing') return
    this.#fail(connection, 'handshake-timeout', out)
    this.#end(connection, reason, now, out)
  }

  /** Goodbyes are said: the driver may close the connection. */
  release(connection: Connection, now: Millis, out: LinkEffect[]): void {
    if (connection.state !== 'closing' || connection.released) return
    connection.released = true
    this.#outbound.flushOne(connection, now, out)
    const code = connection.closeCode ?? 'left'
    out.push({ type: 'driver', effect: { type: 'close', link: connection.link, code, flush: true } })
  }

  #awaitRelease({ link }: Connection, out: LinkEffect[]): void {
    out.push({ type: 'set-timer', afterMs: BYE_TIMEOUT_MS, timer: { type: 'bye', link } })
  }

  /** Whoever began the attempt hears that it came to nothing, unless it has been open. */
  #fail(connection: Connection, code: CloseCode, out: LinkEffect[]): void {
    if (connection.isUsable) return
    out.push({ type: 'handshake-failed', attempt: connection.attempt, code })
  }

  /** The connection is no longer the link: a spare steps in, or the peer is gone. */
  #end(connection: Connection, reason: string, now: Millis, out: LinkEffect[]): void {
    const wasUsable = connection.isUsable
    connection.state = 'closing'
    this.stage(connection, 'closed', reason, now, out)
    if (!wasUsable) return
    const next = this.#roster.remove(connection)
    if (next === null) return
    if (next === 'last') {
      const peer = connection.contact.id
      this.#roster.tellDown(connection, reason, out)
      out.push({ type: 'link-ended', peer })
      out.push({ type: 'event', event: { type: 'peer-left', peer, reason } })
      return
    }
    next.theirReasons ||= connection.theirReasons
    this.#adopt(next, now, out)
    this.#tellAnew(next, out)
  }

  /** A step in the life of a connection, for timelines. */
  stage(connection: Connection, stage: LinkStage, detail: string, now: Millis, out: LinkEffect[]): void {
    const { attempt, remote } = connection
    const peer = remote?.contact.id ?? this.#attempts.expected(attempt)?.peer ?? null
    out.push({ type: 'event', event: { type: 'link-stage', attempt, peer, stage, detail, at: now } })
  }
}
