// What all machines share: the effects that mean the same everywhere, the timers, and the views through which one machine
// may ask another. A machine has one verb, `handle(input, now, out)`; peer/ carries its effects to where they belong.

import type { Millis } from './contract.ts'
import type { FailureCode, Offence } from './errors.ts'
import type { Contact } from './identity/contact.ts'
import type { Key, PeerId } from './identity/peer-id.ts'
import type { PeerEvent } from './peer/calls.ts'
import type { Message } from './wire/messages.ts'

export interface Machine<Input, Effect> {
  handle(input: Input, now: Millis, out: Effect[]): void
  /**
   * Whether a timer that was set may still mean something: for one that does not nobody is woken. It may come with another.
   * Where a machine has no such method, all of its timers come.
   */
  wants?(timer: never): boolean
}

/** Where a part of a machine puts its effects: the machine's own list, which takes more kinds than the part makes. */
export interface Out<Effect> {
  push(effect: Effect): unknown
}

/** To a linked peer; dropped where the link has gone. `lazy` frames are the first to go when a link is congested. */
export interface SendEffect {
  readonly type: 'send'
  readonly to: PeerId
  readonly message: Message
  readonly ttl?: number
  readonly flags?: number
  readonly lazy?: boolean
}

/** Timers are data: the machine gets its timer back once, `afterMs` later, or never where it does not want it any more. A stale one is a no-op. */
export interface SetTimerEffect<Timer> {
  readonly type: 'set-timer'
  readonly afterMs: number
  readonly timer: Timer
}

/** Cryptography as a job. The machine gets `{ type: 'verified', token, valid }` back; `token` is its own affair. */
export interface VerifyEffect<Token> {
  readonly type: 'verify'
  readonly token: Token
  readonly key: Uint8Array
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
  /** The link whose remote caused the work, for the bound on jobs per link; null where it is our own. */
  readonly cause: PeerId | null
}

/** The machine gets `{ type: 'signed', token, signature }` back. */
export interface SignEffect<Token> {
  readonly type: 'sign'
  readonly token: Token
  readonly bytes: Uint8Array
}

export interface OffenceEffect {
  readonly type: 'offence'
  readonly peer: PeerId
  readonly offence: Offence
}

export interface EventEffect {
  readonly type: 'event'
  readonly event: PeerEvent
}

/** Ends an application's command. */
export type OutcomeEffect =
  | { readonly type: 'progress'; readonly op: number; readonly value: unknown }
  | { readonly type: 'done'; readonly op: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly op: number; readonly code: FailureCode; readonly message: string }

/** What routing knows, as other machines may ask for it. Answers are sorted by distance, closest first. */
export interface RoutingView {
  readonly self: Contact
  /** Linked peers by distance to the target; ourselves not among them. The array may be kept but not changed. */
  linkedByDistance(target: Key): readonly PeerId[]
  /** Whether we are closer to the target than this peer is. */
  isSelfCloser(target: Key, than: PeerId): boolean
  /** Up to `count` contacts we know, linked or not, ourselves not among them. */
  closest(target: Key, count: number): readonly Contact[]
  /** Up to `count` live links. */
  closestLinked(target: Key, count: number): readonly Contact[]
  /** Contacts closest to ourselves, closest first, at most SIBLINGS_MAX. */
  siblings(): readonly Contact[]
  isLinked(peer: PeerId): boolean
  /** Milliseconds since our neighbourhood counts as known and links are chosen; below 0 before. */
  settledForMs(now: Millis): number
  /** Whether we found the peer dead within the last DEPARTED_SURELY_MS. */
  isDeparted(peer: PeerId, now: Millis): boolean
  contactOf(peer: PeerId): Contact | null
  /** Who named this contact as one of its live links; null where unknown or where that link has gone. */
  viaOf(peer: PeerId): PeerId | null
  /** The quickest known ways to contacts closest to the target that are not linked, through a link of ours. */
  ways(target: Key, count: number): readonly Way[]
  /** Every linked peer in a stable order. */
  linked(): readonly PeerId[]
}

/** Two hops to a contact, and the round trip of both in milliseconds. */
export interface Way {
  readonly to: PeerId
  readonly via: PeerId
  readonly ms: number
}

/** What the link set knows, as other machines may ask for it. */
export interface LinkView {
  /** Smoothed round trip in milliseconds, or null. */
  roundTripMs(peer: PeerId): number | null
  isHidden(peer: PeerId): boolean
}
