// Who is dialed, and when. A wanted contact becomes an attempt; an attempt either opens (the link set takes over) or
// fails (routing hears when the contact may be wanted again). How signals travel is in signal-post.ts, and in invites.ts
// where people carry them.

import { putLast } from '../bounded-map.ts'
import type {
  AttemptId,
  IntroducerId,
  LinkFailureStage,
  Millis,
  OpId,
  Random,
  SignalingPath,
} from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { ACCEPTS_MAX, DIALS_MAX, REDIAL_MAX_MS, REDIAL_MIN_MS, REMEMBERED_PEERS_MAX } from '../limits.ts'
import type { Machine } from '../machine.ts'
import { LINK_REASONS, type LinkStage } from '../peer/calls.ts'
import { RecentSet } from '../recent-set.ts'
import { Attempt, Attempts, newAttemptId, type SignalWay } from './attempts.ts'
import type { DialerEffect, DialerInput, DialerOptions, DialerTimer, RoomView } from './dialer-contract.ts'
import { Introducers } from './introducers.ts'
import { Invites } from './invites.ts'
import type { AttemptView } from './link-contract.ts'
import { type IncomingBox, type OpenedSignal, SIGNAL_KINDS, SignalPost } from './signal-post.ts'

/** Milliseconds our own dial keeps its precedence over the remote's, whose offer may be the only one that arrived. */
const GLARE_MS = 5_000
/** Milliseconds to leave a full peer alone, doubled each time. */
const BUSY_RETRY_MS = 30_000
/** Milliseconds after which an accept gives its place to the next offer: whoever is there mostly comes within two seconds. Guess. */
const STUCK_MS = 5_000
/** Failures after which the pause grows no more. */
const FAILURES_COUNTED_MAX = 8

export class Dialer implements Machine<DialerInput, DialerEffect>, AttemptView {
  readonly #options: DialerOptions
  readonly #room: RoomView
  readonly #random: Random
  readonly #attempts = new Attempts()
  readonly #post: SignalPost
  readonly #invites: Invites
  /** What routing wants, in the order it was said. */
  readonly #wantByPeer = new Map<PeerId, { contact: Contact; reasons: number }>()
  readonly #failuresByPeer = new Map<PeerId, number>()
  readonly #introducers = new Introducers()
  /** Offers that were judged, each once for each way. A box says no time: whoever carried one could bring it again for ever. */
  readonly #offersSeen = new RecentSet<string>(REMEMBERED_PEERS_MAX)
  #stopped = false

  constructor(options: DialerOptions, room: RoomView, random: Random) {
    this.#options = options
    this.#room = room
    this.#random = random
    const { self, workBits } = options
    this.#post = new SignalPost(self, workBits, this.#attempts, random)
    this.#invites = new Invites(self, workBits, this.#attempts, random)
  }

  handle(input: DialerInput, now: Millis, out: DialerEffect[]): void {
    switch (input.type) {
      case 'want':
        return this.#onWant(input.contact, input.reasons, now, out)
      case 'introducer-up':
        this.#introducers.up(input.introducer, input.path)
        return this.#pump(now, out)
      case 'introducer-down':
        return this.#introducers.down(input.introducer)
      case 'introduced':
        return this.#introducers.named(input.contacts, input.source)
      case 'local-signal':
        return this.#onLocalSignal(input.attempt, input.bytes, now, out)
      case 'signal':
        return this.#onIntroducerSignal(input, now, out)
      case 'box':
        return this.#onBox(input, now, out)
      case 'sealed':
        return this.#onSealed(input.token, input.bytes, now, out)
      case 'box-dropped':
        return this.#post.drop(input.token)
      case 'opened-box': {
        const signal = this.#post.onOpened(input.token, input.bytes, out)
        return signal === null ? undefined : this.#onSignal(signal, now, out)
      }
      case 'route-ended':
        return this.#onUnreachable(this.#attempts.takeOperation(input.operation), now, out)
      case 'undeliverable':
        return this.#onUndeliverable(input.via, input.to, now, out)
      case 'opened':
        return this.#onOpened(input.attempt, now, out)
      case 'link-failed':
        return this.#fail(input.attempt, input.stage, input.detail, now, out)
      case 'handshake-failed':
        return this.#onHandshakeFailed(input, now, out)
      case 'proved':
        return this.#succeed(input.attempt, out)
      case 'link-up':
        this.#failuresByPeer.delete(input.peer)
        return this.#pump(now, out)
      case 'link-down':
        this.#wantByPeer.delete(input.peer)
        return this.#pump(now, out)
      case 'online':
        this.#failuresByPeer.clear()
        return this.#pump(now, out)
      case 'invite-create':
        return this.#invites.create(input.op, now, out)
      case 'invite-accept':
        return this.#invites.accept(input.op, input.offer, now, out)
      case 'invite-complete':
        return this.#invites.complete(input.op, input.attempt, input.answer, out)
      case 'cancel':
        return this.#onCancel(input.op, out)
      case 'stop':
        return this.#onStop(out)
      case 'timer':
        return this.#onTimer(input.timer, now, out)
    }
  }

  wants({ attempt: id, since }: DialerTimer): boolean {
    const attempt = this.#attempts.get(id)
    return attempt?.startedAt === since && !attempt.opened
  }

  // Views

  expected(id: AttemptId): { readonly peer: PeerId | null; readonly path: SignalingPath } | null {
    const attempt = this.#attempts.get(id)
    return attempt === undefined ? null : { peer: attempt.contact?.id ?? null, path: attempt.way.path }
  }

  reasonsOf(peer: PeerId): number {
    return this.#wantByPeer.get(peer)?.reasons ?? 0
  }

  /** Dials and accepts under way. */
  get dialing(): number {
    return this.#attempts.pending
  }

  tables(): Record<string, number> {
    return {
      wants: this.#wantByPeer.size,
      dialFailures: this.#failuresByPeer.size,
      introducedBy: this.#introducers.size,
      offersSeen: this.#offersSeen.size,
      ...this.#attempts.tables(),
      ...this.#post.tables(),
    }
  }

  // Wanting and dialing

  #onWant(contact: Contact, reasons: number, now: Millis, out: DialerEffect[]): void {
    if (reasons === 0) this.#wantByPeer.delete(contact.id)
    else this.#wantByPeer.set(contact.id, { contact, reasons })
    if (this.#room.isUp(contact.id)) out.push({ type: 'reasons', peer: contact.id, reasons })
    else this.#pump(now, out)
  }

  /** Dials wanted contacts while there are places, for links and for dials. */
  #pump(now: Millis, out: DialerEffect[]): void {
    if (this.#stopped) return
    for (const { contact } of this.#wantByPeer.values()) {
      if (this.#attempts.dials >= DIALS_MAX || this.#places() <= 0) return
      if (this.#room.isUp(contact.id) || this.#attempts.ofPeer(contact.id) !== undefined) continue
      if (this.#room.isBanned(contact.id, now)) continue
      const way = this.#wayTo(contact.id)
      if (way !== null) this.#dial(contact, way, now, out)
    }
  }

  #places(): number {
    return this.#options.linksMax - this.#room.size() - this.#attempts.pending
  }

  /** Through the overlay once we have a link; else through whoever introduced the contact, or any introducer. */
  #wayTo(peer: PeerId): SignalWay | null {
    return this.#room.openCount() > 0 ? { path: 'overlay', route: null } : this.#introducers.wayTo(peer)
  }

  #dial(contact: Contact, way: SignalWay, now: Millis, out: DialerEffect[]): void {
    const attempt = new Attempt(newAttemptId(this.#random), 'dialer', contact, way, now)
    this.#attempts.begin(attempt, out)
    this.#stage(attempt, 'dialing', way.path, now, out)
    out.push({ type: 'driver', effect: { type: 'dial', attempt: attempt.id, contact } })
  }

  #onLocalSignal(id: AttemptId, bytes: Uint8Array, now: Millis, out: DialerEffect[]): void {
    const attempt = this.#attempts.get(id)
    if (attempt === undefined || attempt.opened) return
    if (attempt.isInvite) return this.#invites.hand(attempt, bytes, out)
    const reasons = attempt.contact === null ? 0 : this.reasonsOf(attempt.contact.id)
    if (!this.#post.post(attempt, bytes, reasons, out)) return
    this.#stage(attempt, sentStage(attempt), attempt.way.path, now, out)
  }

  #onSealed(token: string, box: Uint8Array | null, now: Millis, out: DialerEffect[]): void {
    const failed = this.#post.onSealed(token, box, (peer) => this.reasonsOf(peer), out)
    if (failed !== null) this.#fail(failed.id, 'signaling', 'nothing can be sealed to this contact', now, out)
  }

  // Signals of others

  #onIntroducerSignal(input: DialerInput & { type: 'signal' }, now: Millis, out: DialerEffect[]): void {
    const { via, from, bytes: box } = input
    const way = this.#introducers.wayThrough(via)
    if (way !== null) this.#onBox({ from, box, way, link: null }, now, out)
  }

  #onBox(box: IncomingBox, now: Millis, out: DialerEffect[]): void {
    if (!this.#stopped && !this.#room.isBanned(box.from.id, now)) this.#post.open(box, now, out)
  }

  #onSignal(signal: OpenedSignal, now: Millis, out: DialerEffect[]): void {
    if (this.#stopped) return
    const { body, from } = signal
    if (body.kind === SIGNAL_KINDS.offer) return this.#onOffer(signal, now, out)
    const attempt = this.#attempts.get(body.attempt as AttemptId)
    if (attempt === undefined || attempt.opened || attempt.contact?.id !== from.id) return
    if (body.kind === SIGNAL_KINDS.refused) return this.#onRefused(attempt, body.alternatives, now, out)
    if (body.kind === SIGNAL_KINDS.answer) {
      if (attempt.role !== 'dialer' || attempt.answered) return
      attempt.answered = true
      this.#stage(attempt, 'answered', '', now, out)
    }
    out.push({ type: 'driver', effect: { type: 'apply-signal', attempt: attempt.id, bytes: body.data } })
  }

  #onOffer(signal: OpenedSignal, now: Millis, out: DialerEffect[]): void {
    const { from, body, way } = signal
    const id = body.attempt as AttemptId
    const known = this.#attempts.get(id)
    // Again: where an introducer brings it, the dialer took the way before for broken, and listens there now.
    if (known?.role === 'listener' && known.contact?.id === from.id)
      return this.#onOfferAgain(known, way, now, out)
    const name = from.id + id + ('introducer' in way ? way.introducer : '')
    if (this.#offersSeen.has(name) || !this.#post.admitsOffer(signal, now, out)) return
    this.#offersSeen.add(name)
    // An id that is taken names another connection of ours: the driver could not tell the two apart.
    if (known !== undefined || this.#room.hasAttempt(id)) return
    if (!this.#yieldsTo(from.id, now, out)) return
    if (!this.#findPlace(from.id, body.reasons, now, out)) {
      return this.#post.refuse(from, id, way, this.#room.alternatives(), out)
    }
    const attempt = new Attempt(id, 'listener', from, way, now)
    this.#attempts.begin(attempt, out)
    this.#stage(attempt, 'accepting', way.path, now, out)
    out.push({ type: 'driver', effect: { type: 'accept', attempt: id, contact: from, signal: body.data } })
  }

  /** Once for each introducer: else whoever makes new boxes of one offer has us send all of ours for each. */
  #onOfferAgain(attempt: Attempt, way: SignalWay, now: Millis, out: DialerEffect[]): void {
    if (!('introducer' in way) || attempt.turnedTo.has(way.introducer)) return
    attempt.turnedTo.add(way.introducer)
    this.#turnTo(attempt, way, now, out)
  }

  /** Both dialed at once: the smaller id's dial goes on (PROTOCOL.md, LK-11). */
  #yieldsTo(peer: PeerId, now: Millis, out: DialerEffect[]): boolean {
    const mine = this.#attempts.ofPeer(peer)
    if (mine === undefined || mine.opened || mine.isInvite) return true
    if (mine.role === 'dialer' && this.#options.self.id < peer && now - mine.startedAt < GLARE_MS)
      return false
    this.#drop(mine, out)
    return true
  }

  /**
   * Whether the offer may be accepted. The oldest accept gives way where it is stuck, else a few offers a minute behind which nobody
   * is would keep everybody out; for a neighbour another link is given up (PROTOCOL.md, SI-4).
   */
  #findPlace(peer: PeerId, reasons: number, now: Millis, out: DialerEffect[]): boolean {
    const accepts = this.#attempts.all().filter(({ role, isPending }) => role === 'listener' && isPending)
    const mayAccept = accepts.length < ACCEPTS_MAX
    if (mayAccept && this.#places() > 0) return true
    const [oldest] = accepts
    if (oldest !== undefined && now - oldest.startedAt >= STUCK_MS) {
      this.#stage(oldest, 'failed:budget', 'stuck', now, out)
      this.#drop(oldest, out)
      return true
    }
    return mayAccept && (reasons & LINK_REASONS.leaf) !== 0 && this.#room.isNear(peer) && this.#makeRoom(out)
  }

  #makeRoom(out: DialerEffect[]): boolean {
    const victim = this.#room.leastWanted()
    if (victim === null) return false
    out.push({ type: 'make-room', peer: victim })
    return true
  }

  #onRefused(attempt: Attempt, alternatives: readonly Contact[], now: Millis, out: DialerEffect[]): void {
    if (attempt.role !== 'dialer' || attempt.answered) return
    this.#stage(attempt, 'refused', 'busy', now, out)
    this.#drop(attempt, out)
    if (alternatives.length > 0) out.push({ type: 'learned', contacts: alternatives })
    this.#giveUp(attempt, BUSY_RETRY_MS, false, out)
    this.#pump(now, out)
  }

  // Success and failure

  /** An invite took no place while it waited: where none is left, the link that is wanted least gives up its own. */
  #onOpened(id: AttemptId, now: Millis, out: DialerEffect[]): void {
    const attempt = this.#attempts.get(id)
    if (attempt === undefined || attempt.opened) return
    if (attempt.isInvite && this.#places() <= 0 && !this.#makeRoom(out))
      return this.#fail(id, 'budget', 'every link is wanted more', now, out)
    attempt.opened = true
  }

  /** The link set has it, and there is a link now. */
  #succeed(id: AttemptId, out: DialerEffect[]): void {
    const attempt = this.#attempts.get(id)
    if (attempt === undefined) return
    if (attempt.completeOp !== null) out.push({ type: 'done', op: attempt.completeOp, value: null })
    this.#attempts.forget(attempt)
  }

  /** The overlay does not reach the contact: an introducer that is there anyway may. */
  #onUnreachable(attempt: Attempt | undefined, now: Millis, out: DialerEffect[]): void {
    if (attempt === undefined || attempt.opened || attempt.answered || attempt.way.path !== 'overlay') return
    this.#tryIntroducer(attempt, 'not reached through the overlay', now, out)
  }

  #onUndeliverable(via: IntroducerId, to: PeerId, now: Millis, out: DialerEffect[]): void {
    const attempt = this.#attempts.ofPeer(to)
    if (attempt === undefined || attempt.opened || attempt.answered) return
    const { way } = attempt
    if (!('introducer' in way) || way.introducer !== via) return
    attempt.tried.add(via)
    this.#tryIntroducer(attempt, 'not connected to the introducer', now, out)
  }

  /** Sends what was sent again through an introducer that was not tried. `detail`: what is wrong where there is none. */
  #tryIntroducer(attempt: Attempt, detail: string, now: Millis, out: DialerEffect[]): void {
    const way = attempt.contact && this.#introducers.wayTo(attempt.contact.id, attempt.tried)
    if (way === null) return this.#fail(attempt.id, 'signaling', detail, now, out)
    this.#turnTo(attempt, way, now, out)
  }

  /** From now on signals go this way; those that were sent go it again. */
  #turnTo(attempt: Attempt, way: SignalWay, now: Millis, out: DialerEffect[]): void {
    if (!attempt.isPending) return
    attempt.way = way
    if (attempt.sent.length > 0) this.#stage(attempt, sentStage(attempt), way.path, now, out)
    for (const box of attempt.sent) this.#post.carry(attempt, box, out)
  }

  #onTimer(timer: DialerTimer, now: Millis, out: DialerEffect[]): void {
    if (this.wants(timer)) this.#fail(timer.attempt, 'timeout', '', now, out)
  }

  #fail(id: AttemptId, stage: LinkFailureStage, detail: string, now: Millis, out: DialerEffect[]): void {
    const attempt = this.#attempts.get(id)
    if (attempt === undefined) return
    this.#stage(attempt, `failed:${stage}`, detail, now, out)
    this.#drop(attempt, out)
    const op = attempt.completeOp ?? attempt.inviteOp
    if (op !== null) {
      out.push({
        type: 'failed',
        op,
        code: 'LINK_FAILED',
        message: `The link failed at stage ${stage}. ${detail}`,
      })
    }
    // Where no offer has left us the contact was not asked, unless its key is one to which nothing can be sealed.
    const isGone = !attempt.answered && (attempt.sent.length > 0 || stage === 'signaling')
    if (attempt.role === 'dialer') this.#giveUp(attempt, REDIAL_MIN_MS, isGone, out)
    this.#pump(now, out)
  }

  #onHandshakeFailed(
    input: DialerInput & { type: 'handshake-failed' },
    now: Millis,
    out: DialerEffect[],
  ): void {
    const { code } = input
    const attempt = this.#attempts.get(input.attempt)
    if (attempt === undefined) return
    // A duplicate is a success elsewhere: the contact is not at fault, and nothing is to be waited for.
    if (code === 'duplicate') return this.#succeed(attempt.id, out)
    this.#stage(attempt, 'failed:handshake', code, now, out)
    this.#attempts.forget(attempt)
    if (attempt.completeOp !== null) {
      const failure = code === 'version-mismatch' ? 'VERSION_MISMATCH' : 'LINK_FAILED'
      out.push({
        type: 'failed',
        op: attempt.completeOp,
        code: failure,
        message: `The handshake failed: ${code}.`,
      })
    }
    const baseMs = code === 'busy' ? BUSY_RETRY_MS : REDIAL_MIN_MS
    this.#giveUp(attempt, baseMs, code === 'wrong-identity', out)
    this.#pump(now, out)
  }

  /** Routing hears when the contact may be wanted again: later each time, with jitter so that two ends do not collide. */
  #giveUp(attempt: Attempt, baseMs: number, gone: boolean, out: DialerEffect[]): void {
    if (attempt.contact === null || this.#room.isUp(attempt.contact.id)) return
    const peer = attempt.contact.id
    const failures = Math.min(this.#failuresByPeer.get(peer) ?? 0, FAILURES_COUNTED_MAX)
    putLast(this.#failuresByPeer, peer, failures + 1, REMEMBERED_PEERS_MAX)
    const jitter = 0.5 + this.#random.u32() / 0x1_0000_0000
    const pauseMs = Math.min(baseMs * 2 ** failures, Math.max(REDIAL_MAX_MS, baseMs))
    this.#wantByPeer.delete(peer)
    out.push({ type: 'dial-failed', peer, retryAfterMs: Math.round(pauseMs * jitter), gone })
  }

  #drop(attempt: Attempt, out: DialerEffect[]): void {
    out.push({ type: 'driver', effect: { type: 'abandon', attempt: attempt.id } })
    this.#attempts.forget(attempt)
  }

  #onStop(out: DialerEffect[]): void {
    this.#stopped = true
    for (const attempt of this.#attempts.all()) {
      const op = attempt.completeOp ?? attempt.inviteOp
      if (op !== null) out.push({ type: 'failed', op, code: 'CLOSED', message: 'the peer is leaving' })
      attempt.completeOp = attempt.inviteOp = null
      if (!attempt.opened) this.#drop(attempt, out)
    }
    this.#wantByPeer.clear()
  }

  #onCancel(op: OpId, out: DialerEffect[]): void {
    for (const attempt of this.#attempts.all()) {
      const waits = attempt.inviteOp === op || attempt.completeOp === op
      if (waits && !attempt.opened) this.#drop(attempt, out)
    }
  }

  #stage(attempt: Attempt, stage: LinkStage, detail: string, now: Millis, out: DialerEffect[]): void {
    const peer = attempt.contact?.id ?? null
    out.push({
      type: 'event',
      event: { type: 'link-stage', attempt: attempt.id, peer, stage, detail, at: now },
    })
  }
}

function sentStage({ role }: Attempt): LinkStage {
  return role === 'dialer' ? 'offer-sent' : 'answer-sent'
}
