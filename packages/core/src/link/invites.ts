// Invites: an offer and its answer carried by hand, where no introducer and no overlay joins the two. The handshake
// proves who answers, so the offer is for anybody who holds the text.

import type { AttemptId, Millis, OpId, Random } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { Out } from '../machine.ts'
import { Attempt, type Attempts, newAttemptId } from './attempts.ts'
import type { DialerEffect } from './dialer-contract.ts'
import { decodeInvite, encodeInvite } from './invite-bytes.ts'

export class Invites {
  readonly #self: Contact
  readonly #workBits: number
  readonly #attempts: Attempts
  readonly #random: Random

  constructor(self: Contact, workBits: number, attempts: Attempts, random: Random) {
    this.#self = self
    this.#workBits = workBits
    this.#attempts = attempts
    this.#random = random
  }

  create(op: OpId, now: Millis, out: Out<DialerEffect>): void {
    const attempt = new Attempt(newAttemptId(this.#random), 'dialer', null, { path: 'invite' }, now)
    attempt.inviteOp = op
    this.#attempts.begin(attempt, out)
    out.push({ type: 'driver', effect: { type: 'dial', attempt: attempt.id, contact: null } })
  }

  accept(op: OpId, offer: Uint8Array, now: Millis, out: Out<DialerEffect>): void {
    const invite = decodeInvite(offer, this.#self, this.#workBits)
    if (invite === null || this.#attempts.get(invite.attempt) !== undefined) return refuse(op, out)
    const attempt = new Attempt(invite.attempt, 'listener', invite.contact, { path: 'invite' }, now)
    attempt.inviteOp = op
    this.#attempts.begin(attempt, out)
    const effect = { type: 'accept', attempt: attempt.id, contact: null, signal: invite.signal } as const
    out.push({ type: 'driver', effect })
  }

  complete(op: OpId, id: AttemptId, answer: Uint8Array, out: Out<DialerEffect>): void {
    const invite = decodeInvite(answer, this.#self, this.#workBits)
    const attempt = this.#attempts.get(id)
    if (invite?.attempt !== id || attempt === undefined || attempt.contact !== null) return refuse(op, out)
    this.#attempts.setContact(attempt, invite.contact)
    attempt.answered = true
    attempt.completeOp = op
    out.push({ type: 'driver', effect: { type: 'apply-signal', attempt: id, bytes: invite.signal } })
  }

  /** The transport has gathered: the text is whole. */
  hand(attempt: Attempt, signal: Uint8Array, out: Out<DialerEffect>): void {
    if (attempt.inviteOp === null) return
    const bytes = encodeInvite({ contact: this.#self, attempt: attempt.id, signal })
    out.push({ type: 'done', op: attempt.inviteOp, value: { attempt: attempt.id, bytes } })
    attempt.inviteOp = null
  }
}

function refuse(op: OpId, out: Out<DialerEffect>): void {
  const message =
    'The text is damaged, our own, of a peer without work, or of an invite that does not wait for it.'
  out.push({ type: 'failed', op, code: 'INVITE_INVALID', message })
}
