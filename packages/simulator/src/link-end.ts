// One end of one connection: what it has sent, what it has heard, and whether anything still gets through. Facts only;
// wire.ts carries messages and liveness.ts draws the conclusions.

import type { AttemptId, Channel, Input, LinkId, LinkRole } from '@hyphae/core'
import type { AccessLine } from './access-line.ts'
import type { Place } from './latency.ts'
import { SendRoom } from './send-room.ts'

/** Whose connections these are. Called from the timeline alone. */
export interface LinkOwner {
  readonly place: Place
  readonly line: AccessLine
  /** Side of a partition; 0 where nobody said otherwise. */
  readonly side: number
  /** Gives the peer an input, now. */
  deliver(input: Input): void
  /** A channel of the end has room again. */
  hasRoom(end: LinkEnd, channel: Channel): void
  /** Both channels of the end are open. */
  opened(end: LinkEnd): void
  /** The other side closed, or gave up while this one was connecting. */
  remoteClosed(end: LinkEnd): void
}

export interface HeldMessage {
  readonly channel: Channel
  readonly bytes: Uint8Array
}

/** Bytes of a keep-alive on control: four zeros. */
export const KEEPALIVE_BYTES = 4

export class LinkEnd {
  /** Names this end in signals. */
  readonly number: number
  readonly owner: LinkOwner
  readonly attempt: AttemptId
  readonly role: LinkRole
  /** Made-up SHA-256 of a made-up certificate. */
  readonly fingerprint: Uint8Array
  /** As the other side's signal says: whoever changes signals on the way changes it too. */
  remoteFingerprint: Uint8Array = new Uint8Array(32)
  remote: LinkEnd | null = null
  state: 'opening' | 'open' | 'ended' = 'opening'
  /** 0 until it opens. */
  link: LinkId = 0
  /** Milliseconds to the remote, without jitter. */
  pathMs = 0

  // Sending

  /** A partition swallows what leaves here. */
  isCut = false
  /** Its peer is suspended: nothing leaves here, nobody is judged. */
  isStill = false
  /** Closed without flush: what is on its way is lost. */
  isTorn = false
  /** When the last of the ordered messages arrives. */
  arrivesAt = 0
  /** When anything left here, computed keep-alives included. */
  sentAt = 0
  /** 0: no keep-alives. */
  keepaliveMs = 0
  readonly totals: TrafficTotals
  /** Ordered messages that a partition keeps back, to be sent again once it heals. */
  readonly held: HeldMessage[] = []

  readonly #controlRoom = new SendRoom('control')
  /** Made when needed: most links never carry bulk. */
  #bulkRoom: SendRoom | null = null

  // Hearing

  /** When anything arrived here, or will have, computed keep-alives included. */
  heardAt = 0
  watchedAt = 0
  /** 0: silence is not watched for. */
  silenceMs = 0
  /** The silence was told; told again only after something came. */
  isSilent = false

  constructor(owner: LinkOwner, attempt: AttemptId, identity: LinkIdentity) {
    this.owner = owner
    this.attempt = attempt
    this.number = identity.number
    this.totals = identity.totals
    this.role = identity.role
    this.fingerprint = identity.fingerprint
  }

  /** Whether what leaves here gets to the remote. */
  get isHeard(): boolean {
    return this.state !== 'ended' && !this.isCut && !this.isStill
  }

  room(channel: Channel): SendRoom {
    if (channel === 'control') return this.#controlRoom
    this.#bulkRoom ??= new SendRoom('bulk')
    return this.#bulkRoom
  }
}

/** Sums over all connections of a run. */
export interface TrafficTotals {
  messages: number
  bytes: number
  keepalives: number
}

export interface LinkIdentity {
  readonly number: number
  readonly totals: TrafficTotals
  readonly role: LinkRole
  readonly fingerprint: Uint8Array
}
