// What the link set hears and says.

import type { AttemptId, Channel, LinkId, LinkRole, SignalingPath } from '../contract.ts'
import type { CloseCode, Offence } from '../errors.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { EventEffect, SetTimerEffect } from '../machine.ts'
import type { Frame } from '../wire/codec.ts'
import type { GreetEffect, LinkToken, OpenedLink } from './greeter.ts'
import type { DriverEffect } from './outbound.ts'

export type LinkTimer = {
  readonly type: 'handshake' | 'suspect' | 'prune' | 'ping' | 'bye' | 'held'
  readonly link: LinkId
}

export type LinkInput =
  | { readonly type: 'start'; readonly bootId: number }
  | ({ readonly type: 'opened' } & OpenedLink)
  | {
      readonly type: 'received'
      readonly link: LinkId
      readonly channel: Channel
      readonly bytes: Uint8Array
    }
  | {
      readonly type: 'writable'
      readonly link: LinkId
      readonly channel: Channel
      readonly roomBytes: number
    }
  | { readonly type: 'silent'; readonly link: LinkId }
  | { readonly type: 'closed'; readonly link: LinkId; readonly reason: string }
  /** A frame for a linked peer; dropped where there is no link. `lazy` ones go first under congestion. */
  | { readonly type: 'send'; readonly to: PeerId; readonly frame: Uint8Array; readonly lazy: boolean }
  /** The turn is over: queued frames leave in batches. */
  | { readonly type: 'flush' }
  | { readonly type: 'reasons'; readonly peer: PeerId; readonly reasons: number }
  /** `peer`: null where nobody has proved to be the one. */
  | { readonly type: 'offence'; readonly peer: PeerId | null; readonly offence: Offence }
  | { readonly type: 'round-trip'; readonly peer: PeerId; readonly ms: number }
  | { readonly type: 'unlink'; readonly peer: PeerId; readonly code: CloseCode }
  | { readonly type: 'visible'; readonly visible: boolean }
  | { readonly type: 'leave' }
  | { readonly type: 'signed'; readonly token: LinkToken; readonly signature: Uint8Array }
  | { readonly type: 'verified'; readonly token: LinkToken; readonly valid: boolean }
  | { readonly type: 'timer'; readonly timer: LinkTimer }

export type LinkEffect =
  | DriverEffect
  | SetTimerEffect<LinkTimer>
  | GreetEffect
  | EventEffect
  /** The other machines may use the peer; and may no more. `left`: it said goodbye. */
  | {
      readonly type: 'link-up'
      readonly contact: Contact
      readonly role: LinkRole
      readonly signalingPath: SignalingPath
    }
  | { readonly type: 'link-down'; readonly peer: PeerId; readonly left: boolean; readonly reason: string }
  /** The remote knows of it, too: what it said over the link holds no more. */
  | { readonly type: 'link-ended'; readonly peer: PeerId }
  /** A frame from an authenticated peer. */
  | { readonly type: 'frame'; readonly from: PeerId; readonly frame: Frame }
  | { readonly type: 'remote-reasons'; readonly peer: PeerId; readonly reasons: number }
  /** The attempt became a connection to whom it was meant for: the link, or a spare one. */
  | { readonly type: 'proved'; readonly attempt: AttemptId }
  /** The attempt came to nothing; `duplicate`: because there is a link already. */
  | {
      readonly type: 'handshake-failed'
      readonly attempt: AttemptId
      readonly code: CloseCode
    }
  /** Somebody newer runs under our identity: we stop. */
  | { readonly type: 'superseded' }

/** What the dialer knows about a connection that opens. */
export interface AttemptView {
  expected(attempt: AttemptId): { readonly peer: PeerId | null; readonly path: SignalingPath } | null
  reasonsOf(peer: PeerId): number
}

export interface LinkSetOptions {
  readonly self: Contact
  readonly networkId: string
  readonly workBits: number
  readonly linksMax: number
}
