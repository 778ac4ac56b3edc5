// What routing is told, what it answers, and its timers.

import type { LinkRole, SignalingPath, StoredContact } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import type { EventEffect, OffenceEffect, SendEffect, SetTimerEffect } from '../machine.ts'
import type { MessageOf } from '../wire/messages.ts'

export type RoutingTimer =
  | { readonly type: 'choose' }
  | { readonly type: 'exchange' }
  | { readonly type: 'refresh' }
  | { readonly type: 'save' }
  | { readonly type: 'arrive' }
  | { readonly type: 'probe'; readonly peer: PeerId; readonly since: number }

export type RoutingInput =
  | { readonly type: 'restore'; readonly contacts: readonly StoredContact[] }
  | {
      readonly type: 'link-up'
      readonly contact: Contact
      readonly role: LinkRole
      readonly signalingPath: SignalingPath
    }
  /** `left`: it said goodbye, so that it need not be asked whether it lives. `reason`: of CLOSE_CODES, or as the transport put it. */
  | { readonly type: 'link-down'; readonly peer: PeerId; readonly left: boolean; readonly reason: string }
  /** An introducer named these: they are connected to it. */
  | { readonly type: 'introduced'; readonly contacts: readonly Contact[] }
  /** A peer that has no place for us named these, its links. */
  | { readonly type: 'learned'; readonly contacts: readonly Contact[] }
  /** A dial came to nothing. `retryAfterMs`: how long the contact is not to be wanted again. `gone`: there is reason to think it died. */
  | {
      readonly type: 'dial-failed'
      readonly peer: PeerId
      readonly retryAfterMs: number
      readonly gone: boolean
    }
  | { readonly type: 'receive'; readonly from: PeerId; readonly message: MessageOf<'PEER_EXCHANGE'> }
  /** The result of a `find`: null where nobody answered. */
  | {
      readonly type: 'found'
      readonly target: Key
      readonly via: readonly PeerId[]
      readonly responder: PeerId | null
      readonly contacts: readonly Contact[]
    }
  /** The result of a `probe`. */
  | { readonly type: 'probed'; readonly peer: PeerId; readonly alive: boolean }
  /** The contact was not asked after all. */
  | { readonly type: 'probe-dropped'; readonly peer: PeerId }
  /** Reasons the remote has for a link (WANT). Such links count for us too, and are not pruned. */
  | { readonly type: 'remote-reasons'; readonly peer: PeerId; readonly reasons: number }
  | { readonly type: 'timer'; readonly timer: RoutingTimer }

export type RoutingEffect =
  | SendEffect
  | SetTimerEffect<RoutingTimer>
  | OffenceEffect
  | EventEffect
  /** We want (or no longer want: 0) a link to this contact, for these reasons (bits of LINK_REASONS). Said on change only. */
  | { readonly type: 'want'; readonly contact: Contact; readonly reasons: number }
  /** Look the target up with a recursive FIND (mode closest) that goes through `via` first, in this order. */
  | { readonly type: 'find'; readonly target: Key; readonly via: readonly PeerId[] }
  /** Ask an unlinked contact whether it lives. */
  | { readonly type: 'probe'; readonly contact: Contact; readonly via: readonly PeerId[] }
  | {
      readonly type: 'siblings-changed'
      readonly added: readonly Contact[]
      readonly gone: readonly PeerId[]
    }
  /** Our own id has been looked up and answered (again) since the first link. */
  | { readonly type: 'joined' }
  /** Below the number of links we want and nobody left to dial: introducers may help. */
  | { readonly type: 'need-contacts' }
  | { readonly type: 'save'; readonly contacts: readonly StoredContact[] }

export interface RoutingOptions {
  readonly self: Contact
  readonly workBits: number
  readonly linksMax: number
  /** Introducers that we tell others about. */
  readonly servers: readonly string[]
}
