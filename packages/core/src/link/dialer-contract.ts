// What the dialer hears and says, and what it asks of others.

import type {
  AttemptId,
  Effect,
  IntroducerId,
  IntroducerPath,
  LinkFailureStage,
  Millis,
  OpId,
} from '../contract.ts'
import type { RouteKey } from '../dht/router.ts'
import type { CloseCode, Offence } from '../errors.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { EventEffect, OutcomeEffect, SetTimerEffect } from '../machine.ts'
import type { OperationId } from '../wire/messages.ts'
import type { IncomingBox } from './signal-post.ts'

export interface DialerTimer {
  readonly type: 'attempt'
  readonly attempt: AttemptId
  /** When it began: an offer that comes another way may begin it again. */
  readonly since: Millis
}

/** `seal:ATTEMPT` · `open:N` · `refuse:N` */
export type DialerToken = string

export type DialerInput =
  | { readonly type: 'want'; readonly contact: Contact; readonly reasons: number }
  | {
      readonly type: 'introducer-up' | 'introducer-down'
      readonly introducer: IntroducerId
      readonly path: IntroducerPath
    }
  | { readonly type: 'introduced'; readonly contacts: readonly Contact[]; readonly source: IntroducerId }
  | { readonly type: 'local-signal'; readonly attempt: AttemptId; readonly bytes: Uint8Array }
  /** A sealed signal that an introducer brought. */
  | {
      readonly type: 'signal'
      readonly via: IntroducerId
      readonly from: Contact
      readonly bytes: Uint8Array
    }
  /** A sealed signal that came through the overlay. */
  | ({ readonly type: 'box' } & IncomingBox)
  /** The overlay could not reach the contact of a signal that we sent under this operation. */
  | { readonly type: 'route-ended'; readonly operation: OperationId }
  | { readonly type: 'undeliverable'; readonly via: IntroducerId; readonly to: PeerId }
  | { readonly type: 'opened'; readonly attempt: AttemptId }
  | {
      readonly type: 'link-failed'
      readonly attempt: AttemptId
      readonly stage: LinkFailureStage
      readonly detail: string
    }
  | {
      readonly type: 'handshake-failed'
      readonly attempt: AttemptId
      readonly code: CloseCode
    }
  /** The attempt became a connection: the link, or a spare one. */
  | { readonly type: 'proved'; readonly attempt: AttemptId }
  | { readonly type: 'link-up'; readonly peer: PeerId }
  | { readonly type: 'link-down'; readonly peer: PeerId }
  | { readonly type: 'online' }
  | { readonly type: 'invite-create'; readonly op: OpId }
  | { readonly type: 'invite-accept'; readonly op: OpId; readonly offer: Uint8Array }
  | {
      readonly type: 'invite-complete'
      readonly op: OpId
      readonly attempt: AttemptId
      readonly answer: Uint8Array
    }
  | { readonly type: 'cancel'; readonly op: OpId }
  | { readonly type: 'stop' }
  /** `bytes`: null where nothing can be sealed to the contact. */
  | { readonly type: 'sealed'; readonly token: DialerToken; readonly bytes: Uint8Array | null }
  | { readonly type: 'opened-box'; readonly token: DialerToken; readonly bytes: Uint8Array | null }
  /** Too much is to be opened for the link that brought it. */
  | { readonly type: 'box-dropped'; readonly token: DialerToken }
  | { readonly type: 'timer'; readonly timer: DialerTimer }

export type DialerEffect =
  | { readonly type: 'driver'; readonly effect: Effect }
  | SetTimerEffect<DialerTimer>
  | OutcomeEffect
  | EventEffect
  | {
      readonly type: 'seal' | 'open'
      readonly token: DialerToken
      readonly bytes: Uint8Array
      readonly peer: Contact
      readonly cause: PeerId | null
    }
  /** Carry a signal through the overlay to the contact. */
  | {
      readonly type: 'route-signal'
      readonly operation: OperationId
      readonly to: Contact
      readonly box: Uint8Array
    }
  | {
      readonly type: 'answer-signal'
      readonly route: RouteKey
      readonly box: Uint8Array
      readonly last: boolean
    }
  | { readonly type: 'reasons'; readonly peer: PeerId; readonly reasons: number }
  | {
      readonly type: 'dial-failed'
      readonly peer: PeerId
      readonly retryAfterMs: number
      readonly gone: boolean
    }
  | { readonly type: 'learned'; readonly contacts: readonly Contact[] }
  | { readonly type: 'offence'; readonly peer: PeerId | null; readonly offence: Offence }
  /** Give this link up: a neighbour needs the place. */
  | { readonly type: 'make-room'; readonly peer: PeerId }

/** What the dialer asks of links and routing. */
export interface RoomView {
  /** Connections that count against the cap. */
  size(): number
  openCount(): number
  isUp(peer: PeerId): boolean
  /** Whether a connection came of this attempt, by which the driver knows it. */
  hasAttempt(attempt: AttemptId): boolean
  isBanned(peer: PeerId, now: Millis): boolean
  leastWanted(): PeerId | null
  /** Whether the peer belongs among those closest to us, for whom a place is made. */
  isNear(peer: PeerId): boolean
  /** Contacts to name to somebody whom we refuse. */
  alternatives(): readonly Contact[]
}

export interface DialerOptions {
  readonly self: Contact
  readonly workBits: number
  readonly linksMax: number
}
