// Signals on their way: sealed one after another so that they keep their order, carried by an introducer or the overlay,
// and, coming in, opened under a budget. What a signal means is the dialer's business.

import type { AttemptId, Millis, Random } from '../contract.ts'
import { newOperationId } from '../dht/routed.ts'
import { type Contact, isAcceptable } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { ACCEPTS_MAX } from '../limits.ts'
import type { Out } from '../machine.ts'
import { RecentSet } from '../recent-set.ts'
import { toHex } from '../wire/bytes.ts'
import { decodeInner, encodeInner } from '../wire/codec.ts'
import type { MessageOf } from '../wire/messages.ts'
import type { Attempt, Attempts, SignalWay } from './attempts.ts'
import type { DialerEffect, DialerToken } from './dialer-contract.ts'
import { OfferBudget } from './offer-budget.ts'

export const SIGNAL_KINDS = { offer: 0, answer: 1, more: 2, refused: 3 } as const

/** Signals one attempt may hand over: an offer or answer and batches of candidates. */
const SIGNALS_PER_ATTEMPT_MAX = 32
/** Boxes being opened or sealed that belong to no attempt: each accept may have a few batches of candidates behind it. */
const BOXES_MAX = ACCEPTS_MAX * 16
/** Boxes that are known when they come again. */
const BOXES_SEEN_MAX = BOXES_MAX * 2
/** The box's authentication tag: of no other box. */
const BOX_TAG_BYTES = 16

/** A sealed signal from somebody. `link`: the peer that forwarded it, where it came through the overlay. */
export interface IncomingBox {
  readonly from: Contact
  readonly box: Uint8Array
  readonly way: SignalWay
  readonly link: PeerId | null
}

export interface OpenedSignal extends Omit<IncomingBox, 'box'> {
  readonly body: MessageOf<'SIGNAL_BODY'>
}

export class SignalPost {
  readonly #self: Contact
  readonly #workBits: number
  readonly #attempts: Attempts
  readonly #random: Random
  readonly #budget = new OfferBudget()
  readonly #seen = new RecentSet<string>(BOXES_SEEN_MAX)
  readonly #boxByToken = new Map<DialerToken, Omit<IncomingBox, 'box'>>()
  #nextBox = 1

  constructor(self: Contact, workBits: number, attempts: Attempts, random: Random) {
    this.#self = self
    this.#workBits = workBits
    this.#attempts = attempts
    this.#random = random
  }

  // Out

  /** Queues what the transport made; true where it is the attempt's first signal. */
  post(attempt: Attempt, data: Uint8Array, reasons: number, out: Out<DialerEffect>): boolean {
    if (attempt.signalsOut >= SIGNALS_PER_ATTEMPT_MAX) return false
    attempt.signalsOut += 1
    const first = attempt.signalsOut === 1
    const kind = !first
      ? SIGNAL_KINDS.more
      : attempt.role === 'dialer'
        ? SIGNAL_KINDS.offer
        : SIGNAL_KINDS.answer
    attempt.toSeal.push({ kind, data })
    this.#sealNext(attempt, reasons, out)
    return first
  }

  /** A box of ours is sealed, or null. Returns the attempt that must fail, because nothing can be sealed to its contact. */
  onSealed(
    token: DialerToken,
    box: Uint8Array | null,
    reasonsOf: (peer: PeerId) => number,
    out: Out<DialerEffect>,
  ): Attempt | null {
    const [kind, name] = token.split(':') as [string, string]
    if (kind === 'refuse') {
      this.#sendRefusal(token, box, out)
      return null
    }
    const attempt = this.#attempts.get(name as AttemptId)
    if (attempt === undefined || attempt.contact === null) return null
    // An exchange key of low order (RFC 7748, section 6.1) gives no secret to seal with.
    if (box === null) return attempt
    attempt.sealing = false
    attempt.sent.push(box)
    this.carry(attempt, box, out)
    this.#sealNext(attempt, reasonsOf(attempt.contact.id), out)
    return null
  }

  carry(attempt: Attempt, box: Uint8Array, out: Out<DialerEffect>): void {
    const { way, contact } = attempt
    if (contact === null || way.path === 'invite') return
    if ('introducer' in way) {
      const effect = { type: 'carry-signal', via: way.introducer, to: contact.id, bytes: box } as const
      out.push({ type: 'driver', effect })
    } else if (way.route !== null) {
      out.push({ type: 'answer-signal', route: way.route, box, last: false })
    } else {
      const operation = newOperationId(this.#random)
      this.#attempts.noteOperation(operation, attempt)
      out.push({ type: 'route-signal', operation, to: contact, box })
    }
  }

  /** Tells a dialer that there is no place, and who may have one. */
  refuse(
    to: Contact,
    attempt: AttemptId,
    way: SignalWay,
    alternatives: readonly Contact[],
    out: Out<DialerEffect>,
  ): void {
    if (this.#boxByToken.size >= BOXES_MAX) return
    const token = `refuse:${this.#nextBox++}`
    this.#boxByToken.set(token, { from: to, way, link: null })
    const data = new Uint8Array(0)
    const body = {
      type: 'SIGNAL_BODY',
      attempt,
      kind: SIGNAL_KINDS.refused,
      reasons: 0,
      alternatives,
      data,
    } as const
    out.push({ type: 'seal', token, bytes: encodeInner(body), peer: to, cause: null })
  }

  #sealNext(attempt: Attempt, reasons: number, out: Out<DialerEffect>): void {
    if (attempt.sealing || attempt.contact === null) return
    const next = attempt.toSeal.shift()
    if (next === undefined) return
    attempt.sealing = true
    const body = { type: 'SIGNAL_BODY', attempt: attempt.id, reasons, alternatives: [], ...next } as const
    out.push({
      type: 'seal',
      token: `seal:${attempt.id}`,
      bytes: encodeInner(body),
      peer: attempt.contact,
      cause: null,
    })
  }

  #sendRefusal(token: DialerToken, box: Uint8Array | null, out: Out<DialerEffect>): void {
    const refusal = this.#boxByToken.get(token)
    this.#boxByToken.delete(token)
    if (refusal === undefined || box === null) return
    const { way, from } = refusal
    if (way.path === 'overlay' && way.route !== null) {
      out.push({ type: 'answer-signal', route: way.route, box, last: true })
    } else if ('introducer' in way) {
      out.push({
        type: 'driver',
        effect: { type: 'carry-signal', via: way.introducer, to: from.id, bytes: box },
      })
    }
  }

  // In

  /**
   * Has a box opened, if its sender has work and budget. Whoever forwarded it cannot know what is in it, and anybody may
   * have put this sender beside it: up to here nobody is to blame. A box takes several ways through the overlay, and more
   * where hops are slow; one that comes through an introducer, too, was sent again because no answer was heard.
   */
  open({ from, box, way, link }: IncomingBox, now: Millis, out: Out<DialerEffect>): void {
    const name = from.id + toHex(box.subarray(-BOX_TAG_BYTES)) + ('introducer' in way ? way.introducer : '')
    if (this.#seen.has(name)) return
    if (!isAcceptable(from, this.#workBits) || from.id === this.#self.id) {
      out.push({ type: 'offence', peer: null, offence: 'bad-work' })
    } else if (this.#boxByToken.size >= BOXES_MAX || !this.#budget.admitsBox(from.id, link, now)) {
      out.push({ type: 'offence', peer: null, offence: 'flood' })
    } else {
      const token = `open:${this.#nextBox++}`
      this.#seen.add(name)
      this.#boxByToken.set(token, { from, way, link })
      out.push({ type: 'open', token, bytes: box, peer: from, cause: link })
    }
  }

  /** The signal in an opened box, or null. That it opens proves its sender. */
  onOpened(token: DialerToken, bytes: Uint8Array | null, out: Out<DialerEffect>): OpenedSignal | null {
    const box = this.#boxByToken.get(token)
    this.#boxByToken.delete(token)
    if (box === undefined) return null
    const body = bytes === null ? null : decodeInner(bytes, 'sealed')
    if (body?.type === 'SIGNAL_BODY') return { ...box, body }
    out.push({ type: 'offence', peer: bytes === null ? null : box.from.id, offence: 'bad-signal' })
    return null
  }

  /** The box will not be opened. */
  drop(token: DialerToken): void {
    this.#boxByToken.delete(token)
  }

  /** Whether an offer may cost a connection. */
  admitsOffer({ from, link }: OpenedSignal, now: Millis, out: Out<DialerEffect>): boolean {
    const verdict = this.#budget.judgeOffer(from.id, link, now)
    if (verdict === 'admitted') return true
    out.push({ type: 'offence', peer: verdict === 'too-many' ? from.id : null, offence: 'flood' })
    return false
  }

  tables(): Record<string, number> {
    return { boxes: this.#boxByToken.size, boxesSeen: this.#seen.size, ...this.#budget.tables() }
  }
}
