// Carries messages between two ends of a connection: latency, bandwidth, order, loss and partitions.

import type { Channel, LinkId } from '@hyphae/core'
import { lossOf } from './access-line.ts'
import { pathMs, withJitter } from './latency.ts'
import {
  KEEPALIVE_BYTES,
  type LinkEnd,
  type LinkIdentity,
  type LinkOwner,
  type TrafficTotals,
} from './link-end.ts'
import { bookKeepalives, fallSilent, hear } from './liveness.ts'
import type { SeededRandom } from './random.ts'
import type { Timeline } from './timeline.ts'

/** Milliseconds before a lost ordered message is sent again, doubled each time (dcSCTP, rto_min). */
const RETRANSMIT_MIN_MS = 400
/** Times one message is sent again; the loss of that many in a row is not modelled (RFC 9260, Association.Max.Retrans). */
const RETRANSMITS_MAX = 10
/** Bytes of a certificate's fingerprint. */
const FINGERPRINT_BYTES = 32
/** Bytes that the end of a connection takes on a line: what resets two channels, or a little more. Guess. */
const ENDING_BYTES = 64

export class Wire {
  readonly timeline: Timeline
  readonly #random: SeededRandom
  readonly #endByNumber = new Map<number, LinkEnd>()
  readonly #totals: TrafficTotals = { messages: 0, bytes: 0, keepalives: 0 }
  #ends = 0
  /** Milliseconds by which a bulk message may be late beyond jitter, so that others overtake it. */
  bulkLateMs = 0
  /** Share of bulk messages that arrive twice. */
  bulkDuplicateShare = 0
  /** Share of packets lost everywhere, 0 to 1, besides what the line of either end loses. */
  #lossShare = 0
  /** Directions between sides that a partition cuts, as `from>to`. */
  #cuts = new Set<string>()

  constructor(timeline: Timeline, random: SeededRandom) {
    this.timeline = timeline
    this.#random = random
  }

  /** Connections constructed since the run began, both ends counted. */
  get constructions(): number {
    return this.#ends
  }

  identity(role: LinkIdentity['role']): LinkIdentity {
    return {
      number: ++this.#ends,
      totals: this.#totals,
      role,
      fingerprint: this.#random.bytes(FINGERPRINT_BYTES),
    }
  }

  enter(end: LinkEnd): void {
    this.#endByNumber.set(end.number, end)
  }

  endNumbered(number: number): LinkEnd | null {
    return this.#endByNumber.get(number) ?? null
  }

  /** Makes the two ends each other's remote. */
  join(dialer: LinkEnd, listener: LinkEnd): void {
    for (const [end, remote] of [
      [dialer, listener],
      [listener, dialer],
    ] as const) {
      end.remote = remote
      end.pathMs = pathMs(end.owner.place, remote.owner.place)
      end.isCut = this.isCut(end.owner, remote.owner)
    }
  }

  open(end: LinkEnd, link: LinkId): void {
    end.state = 'open'
    end.link = link
    end.sentAt = this.timeline.now
    end.heardAt = this.timeline.now
  }

  /** Hands a message over; ordered on control, lost or overtaken on bulk. False where too much waits already. */
  send(end: LinkEnd, channel: Channel, bytes: Uint8Array): boolean {
    if (!end.room(channel).take(bytes.length)) return false
    bookKeepalives(end, this.timeline.now)
    end.sentAt = this.timeline.now
    this.#totals.messages += 1
    this.#totals.bytes += bytes.length
    if (!end.isCut) this.#transmit(end, channel, bytes)
    else if (channel === 'control') end.held.push({ channel, bytes })
    else end.room(channel).release(bytes.length)
    return true
  }

  /** What happens at the remote after everything that was sent before, unless a partition swallows it. */
  signalInOrder(end: LinkEnd, happen: (remote: LinkEnd) => void): void {
    const { remote } = end
    if (remote === null || end.isCut) return
    const delayMs =
      end.owner.line.sendMs(ENDING_BYTES, this.timeline.now) + withJitter(end.pathMs, this.#random)
    this.#arriveInOrder(end, delayMs, () => this.#comeIn(remote, ENDING_BYTES, () => happen(remote)))
  }

  /** Nothing leaves this end or reaches it any more. */
  end(end: LinkEnd): void {
    bookKeepalives(end, this.timeline.now)
    end.state = 'ended'
    end.held.length = 0
    this.#endByNumber.delete(end.number)
  }

  /** Ends without a word: the remote will notice by the silence. */
  vanish(end: LinkEnd): void {
    this.end(end)
    if (!end.isCut) fallSilent(end, this.timeline)
  }

  /** Sets the share of packets lost from now on. Throws a RangeError. */
  set lossShare(share: number) {
    if (!(share >= 0 && share < 1)) throw new RangeError(`lossShare is from 0 up to 1; got ${share}`)
    this.#lossShare = share
  }

  /** Cuts these directions between sides, and heals all others. */
  cut(directions: readonly { readonly from: number; readonly to: number }[]): void {
    this.#cuts = new Set(directions.map(({ from, to }) => `${from}>${to}`))
    for (const end of this.#endByNumber.values()) {
      if (end.remote === null) continue
      const isCut = this.isCut(end.owner, end.remote.owner)
      if (isCut === end.isCut) continue
      if (isCut) this.#sever(end)
      else this.#heal(end)
    }
  }

  isCut(from: LinkOwner, to: LinkOwner): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(`${from.side}>${to.side}`)
  }

  /** What all peers have sent since the run began, computed keep-alives included. */
  traffic(): Readonly<TrafficTotals> {
    for (const end of this.#endByNumber.values()) bookKeepalives(end, this.timeline.now)
    const { messages, bytes, keepalives } = this.#totals
    return { messages, bytes: bytes + keepalives * KEEPALIVE_BYTES, keepalives }
  }

  #transmit(end: LinkEnd, channel: Channel, bytes: Uint8Array): void {
    const remote = end.remote as LinkEnd
    const deliver = () => {
      if (remote.state !== 'open' || end.isTorn) return
      hear(remote, this.timeline.now)
      remote.owner.deliver({ type: 'link-received', link: remote.link, channel, bytes })
    }
    const arrive = () => this.#comeIn(remote, bytes.length, deliver)
    const delayMs = this.#leave(end, channel, bytes.length) + withJitter(end.pathMs, this.#random)
    if (channel === 'control') this.#arriveInOrder(end, delayMs + this.#retransmitMs(end), arrive)
    else if (!this.#isLost(end)) this.#arriveAnyhow(delayMs, arrive)
  }

  /** Milliseconds until the bytes have left the sender's line; then there is room for as many. */
  #leave(end: LinkEnd, channel: Channel, bytes: number): number {
    const waitMs = end.owner.line.sendMs(bytes, this.timeline.now)
    if (waitMs === 0) release(end, channel, bytes)
    else this.timeline.after(waitMs, () => release(end, channel, bytes))
    return waitMs
  }

  /** Through the receiver's line. */
  #comeIn(remote: LinkEnd, bytes: number, happen: () => void): void {
    const waitMs = remote.owner.line.receiveMs(bytes, this.timeline.now)
    if (waitMs === 0) happen()
    else this.timeline.after(waitMs, happen)
  }

  #arriveAnyhow(delayMs: number, arrive: () => void): void {
    const lateMs = () => (this.bulkLateMs > 0 ? this.#random.below(this.bulkLateMs + 1) : 0)
    const isTwice = this.bulkDuplicateShare > 0 && this.#random.share() < this.bulkDuplicateShare
    this.timeline.after(delayMs + lateMs(), arrive)
    if (isTwice) this.timeline.after(delayMs + lateMs(), arrive)
  }

  #arriveInOrder(end: LinkEnd, delayMs: number, arrive: () => void): void {
    end.arrivesAt = Math.max(end.arrivesAt, this.timeline.now + delayMs)
    this.timeline.at(end.arrivesAt, arrive)
  }

  #isLost(end: LinkEnd): boolean {
    const share = lossOf(
      this.#lossShare,
      end.owner.line.lossOutShare,
      (end.remote as LinkEnd).owner.line.lossInShare,
    )
    return share > 0 && this.#random.share() < share
  }

  /** What loss costs on an ordered channel: time. */
  #retransmitMs(end: LinkEnd): number {
    let waited = 0
    let timeout = Math.max(RETRANSMIT_MIN_MS, Math.round(end.pathMs * 2))
    for (let i = 0; i < RETRANSMITS_MAX && this.#isLost(end); i++) {
      waited += timeout
      timeout *= 2
    }
    return waited
  }

  #sever(end: LinkEnd): void {
    bookKeepalives(end, this.timeline.now)
    end.isCut = true
    fallSilent(end, this.timeline)
  }

  /** What the partition kept back is sent again, and a keep-alive at the latest then shows that the end lives. */
  #heal(end: LinkEnd): void {
    end.isCut = false
    for (const { channel, bytes } of end.held.splice(0)) this.#transmit(end, channel, bytes)
    if (end.remote !== null && !end.isStill) hear(end.remote, Math.round(this.timeline.now + end.pathMs))
  }
}

function release(end: LinkEnd, channel: Channel, bytes: number): void {
  if (end.room(channel).release(bytes) && end.state === 'open') end.owner.hasRoom(end, channel)
}
