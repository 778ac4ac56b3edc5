// What stands in for the signaling server and its client: hands newcomers a few random and a few XOR-close peers, carries
// signals, lets meshed peers go quiet, and can be stopped. It behaves as signaling-server and signaling-client do.

import type { Contact, Input, IntroducerId, PeerId } from '@hyphae/core'
import { IdOrder } from './id-order.ts'
import { drawPlace, type Place, pathMs } from './latency.ts'
import type { SeededRandom } from './random.ts'
import type { Timeline } from './timeline.ts'

/** Round trips of TCP, TLS, WebSocket and joining. */
const CONNECT_ROUND_TRIPS = 5
/** What the client asks for whenever it joins. */
const WANTED_AT_JOIN = { random: 4, close: 4 }
/** Peers that are asked to stay connected. */
const STAYING_MAX = 16
/** Links with which a peer is let go, and milliseconds it then stays. */
const MESHED_LINKS = 4
const LINGER_MS = 5_000
/** Milliseconds between check-ins of a quiet peer, and the share by which they are spread. */
const CHECK_IN_MS = 5 * 60_000
const CHECK_IN_JITTER = 0.2
/** Milliseconds of the longest pause between two tries to reach a stopped server. */
const BACKOFF_MAX_MS = 60_000

export interface Guest {
  readonly contact: Contact
  readonly place: Place
  /** Gives the peer an input later, unless it has stopped by then. */
  later(delayMs: number, input: Input): void
}

interface Session {
  readonly guest: Guest
  /** `quiet`: let go, comes back when it needs something or to check in. `waiting`: the server does not answer. */
  state: 'connecting' | 'joined' | 'quiet' | 'waiting' | 'ended'
  isUp: boolean
  stays: boolean
  isReleased: boolean
  links: number
  /** Signals to carry once connected. */
  readonly queue: { readonly to: PeerId; readonly bytes: Uint8Array }[]
  /** Counted up by whatever makes an earlier plan to go quiet or check in void. */
  plan: number
}

export class SimIntroducer {
  readonly id: IntroducerId = 'simulated'
  readonly #timeline: Timeline
  readonly #random: SeededRandom
  readonly #place: Place
  readonly #sessionById = new Map<PeerId, Session>()
  readonly #joined = new IdOrder()
  /** Share of signals that arrive twice, and milliseconds by which any may be late, so that others overtake it. */
  signalDuplicateShare = 0
  signalLateMs = 0
  #staying = 0
  #isStopped = false
  #stoppedAt = 0

  constructor(timeline: Timeline, random: SeededRandom) {
    this.#timeline = timeline
    this.#random = random
    this.#place = drawPlace(random)
  }

  /** Peers connected now. */
  get online(): number {
    return this.#joined.size
  }

  isOnline(id: PeerId): boolean {
    return this.#sessionById.get(id)?.state === 'joined'
  }

  /** Everybody connected hears it, and nobody gets in until `start`. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#stoppedAt = this.#timeline.now
    for (const session of this.#sessionById.values())
      if (session.state === 'joined' || session.state === 'connecting') this.#lose(session)
  }

  /** Those who wait come back within their backoff, which has grown with the time it was down. */
  start(): void {
    if (!this.#isStopped) return
    this.#isStopped = false
    const spreadMs = Math.min(BACKOFF_MAX_MS, Math.max(1_000, this.#timeline.now - this.#stoppedAt))
    for (const session of this.#sessionById.values()) {
      if (session.state !== 'waiting') continue
      this.#after(session, this.#random.below(spreadMs), () => this.#connect(session))
    }
  }

  // The client's side

  open(guest: Guest): void {
    this.close(guest)
    const session: Session = {
      guest,
      state: 'waiting',
      isUp: false,
      stays: false,
      isReleased: false,
      links: 0,
      queue: [],
      plan: 0,
    }
    this.#sessionById.set(guest.contact.id, session)
    this.#connect(session)
  }

  /** The peer is gone, politely or not. */
  close(guest: Guest): void {
    const session = this.#sessionById.get(guest.contact.id)
    if (session === undefined) return
    this.#sessionById.delete(guest.contact.id)
    this.#leave(session)
    session.state = 'ended'
  }

  introduce(guest: Guest, random: number, close: number): void {
    const session = this.#sessionById.get(guest.contact.id)
    if (session?.state === 'joined') this.#introduce(session, random, close, 2 * this.#oneWayMs(guest))
    else if (session?.state === 'quiet') this.#connect(session)
  }

  carry(guest: Guest, to: PeerId, bytes: Uint8Array): void {
    const session = this.#sessionById.get(guest.contact.id)
    if (session === undefined) return
    if (session.state === 'quiet') this.#connect(session)
    if (session.state === 'joined') this.#carry(session, to, bytes)
    else if (session.state === 'connecting') session.queue.push({ to, bytes })
    else guest.later(0, { type: 'undeliverable', via: this.id, to })
  }

  meshed(guest: Guest, links: number): void {
    const session = this.#sessionById.get(guest.contact.id)
    if (session === undefined) return
    session.links = links
    if (session.state === 'joined') this.#releaseIfMeshed(session)
  }

  #connect(session: Session): void {
    if (this.#isStopped) return this.#lose(session)
    session.state = 'connecting'
    const delayMs = Math.round(this.#oneWayMs(session.guest) * 2 * CONNECT_ROUND_TRIPS)
    this.#after(session, delayMs, () => this.#join(session))
  }

  #join(session: Session): void {
    session.state = 'joined'
    session.stays = this.#staying < STAYING_MAX
    session.isReleased = false
    if (session.stays) this.#staying += 1
    this.#joined.add(session.guest.contact.id)
    if (!session.isUp) session.guest.later(0, { type: 'introducer-up', introducer: this.id, path: 'server' })
    session.isUp = true
    this.#introduce(session, WANTED_AT_JOIN.random, WANTED_AT_JOIN.close, 0)
    for (const { to, bytes } of session.queue.splice(0)) this.#carry(session, to, bytes)
    this.#releaseIfMeshed(session)
  }

  /** The connection broke, or could not be made. */
  #lose(session: Session): void {
    this.#leave(session)
    session.state = 'waiting'
    const delayMs = Math.round(this.#oneWayMs(session.guest))
    for (const { to } of session.queue.splice(0))
      session.guest.later(delayMs, { type: 'undeliverable', via: this.id, to })
    if (session.isUp)
      session.guest.later(delayMs, { type: 'introducer-down', introducer: this.id, path: 'server' })
    session.isUp = false
  }

  // The server's side

  #introduce(session: Session, random: number, close: number, delayMs: number): void {
    const contacts = this.#choose(session.guest.contact.id, random, close)
    session.guest.later(Math.round(delayMs), { type: 'introduced', contacts, source: this.id })
  }

  #choose(asker: PeerId, random: number, close: number): Contact[] {
    const chosen = new Set(this.#joined.closest(asker, close, (id) => this.#mayMeet(asker, id)))
    // As many tries as there are wanted, and some for those who may not be met: a sample, not a search.
    for (let i = 0, left = random; i < random * 4 && left > 0; i++) {
      const id = this.#joined.at(this.#random.below(this.#joined.size))
      if (chosen.has(id) || !this.#mayMeet(asker, id)) continue
      chosen.add(id)
      left -= 1
    }
    return [...chosen].flatMap((id) => this.#sessionById.get(id)?.guest.contact ?? [])
  }

  /** Only who is connected and stays: to nobody else could signals be carried. */
  #mayMeet(asker: PeerId, id: PeerId): boolean {
    return id !== asker && this.#sessionById.get(id)?.isReleased === false
  }

  #carry(from: Session, to: PeerId, bytes: Uint8Array): void {
    this.#linger(from)
    const upMs = this.#oneWayMs(from.guest)
    const target = this.#sessionById.get(to)
    if (target?.state !== 'joined') {
      from.guest.later(Math.round(2 * upMs), { type: 'undeliverable', via: this.id, to })
      return
    }
    this.#linger(target)
    const signal: Input = { type: 'signal', via: this.id, from: from.guest.contact, bytes }
    const delayMs = Math.round(upMs + this.#oneWayMs(target.guest))
    target.guest.later(delayMs + this.#lateMs(), signal)
    if (this.signalDuplicateShare > 0 && this.#random.share() < this.signalDuplicateShare)
      target.guest.later(delayMs + this.#lateMs(), signal)
  }

  #lateMs(): number {
    return this.signalLateMs > 0 ? this.#random.below(this.signalLateMs + 1) : 0
  }

  #releaseIfMeshed(session: Session): void {
    if (session.stays || session.isReleased || session.links < MESHED_LINKS) return
    session.isReleased = true
    this.#linger(session)
  }

  /** A released peer goes quiet a while after the last signal. */
  #linger(session: Session): void {
    if (!session.isReleased) return
    this.#after(session, LINGER_MS, () => {
      this.#leave(session)
      session.state = 'quiet'
      const spread = 1 + CHECK_IN_JITTER * (2 * this.#random.share() - 1)
      this.#after(session, Math.round(CHECK_IN_MS * spread), () => this.#connect(session))
    })
  }

  #leave(session: Session): void {
    session.plan += 1
    if (session.state === 'joined') this.#joined.delete(session.guest.contact.id)
    if (session.stays) this.#staying -= 1
    session.stays = false
  }

  /** Only the last plan of a session holds. */
  #after(session: Session, delayMs: number, action: () => void): void {
    const plan = ++session.plan
    this.#timeline.after(delayMs, () => {
      if (session.plan === plan && session.state !== 'ended') action()
    })
  }

  #oneWayMs({ place }: Guest): number {
    return pathMs(place, this.#place)
  }
}
