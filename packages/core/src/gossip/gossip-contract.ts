// What the gossip machine takes and gives.

import type { OpId } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type {
  EventEffect,
  OffenceEffect,
  OutcomeEffect,
  SendEffect,
  SetTimerEffect,
  SignEffect,
  VerifyEffect,
} from '../machine.ts'
import type { Frame } from '../wire/codec.ts'
import type { TopicId } from '../wire/messages.ts'
import type { AnnounceStage } from './announcements.ts'
import type { GossipStrategy } from './strategy.ts'

export type GossipToken = string
export type GossipTimer =
  | { readonly type: 'ihave'; readonly stage: AnnounceStage }
  | { readonly type: 'fetch'; readonly topic: TopicId }
  | { readonly type: 'reconcile' }
  | { readonly type: 'refresh' }
  | { readonly type: 'paths' }
  | { readonly type: 'deadline'; readonly op: OpId }

/** Queued until there is a link, or for `deadlineMs`; ends `done` with PublishResult or `failed` NO_PEERS. */
export interface PublishInput {
  readonly type: 'publish'
  readonly op: OpId
  readonly topic: string
  readonly payload: Uint8Array
  readonly deadlineMs: number
  /** Of a topic that we do not subscribe to; default TREE. */
  readonly strategy?: GossipStrategy
}

export type GossipInput =
  /** First input, once. */
  | { readonly type: 'start'; readonly bootId: number }
  /** `link-suspect`: the link is silent on our side alone, and comes up again or goes down. */
  | { readonly type: 'link-up' | 'link-suspect' | 'link-down'; readonly peer: PeerId }
  /** A frame whose message is GOSSIP, IHAVE, GRAFT, PRUNE, TOPICS, SUBSCRIBE or UNSUBSCRIBE. */
  | { readonly type: 'receive'; readonly from: PeerId; readonly frame: Frame }
  /** Subscribing again changes the strategy; default TREE. */
  | { readonly type: 'subscribe'; readonly topic: string; readonly strategy?: GossipStrategy }
  | { readonly type: 'unsubscribe'; readonly topic: string }
  | PublishInput
  | { readonly type: 'cancel'; readonly op: OpId }
  /** The verification asked for will never be made: too much work for its link. */
  | { readonly type: 'verify-dropped'; readonly token: GossipToken }
  | { readonly type: 'verified'; readonly token: GossipToken; readonly valid: boolean }
  | { readonly type: 'signed'; readonly token: GossipToken; readonly signature: Uint8Array }
  | { readonly type: 'timer'; readonly timer: GossipTimer }

export type GossipEffect =
  | SendEffect
  /** The frame goes out as these bytes. */
  | { readonly type: 'forward'; readonly to: PeerId; readonly frame: Uint8Array }
  | SetTimerEffect<GossipTimer>
  | VerifyEffect<GossipToken>
  | SignEffect<GossipToken>
  | OutcomeEffect
  | OffenceEffect
  | EventEffect

export interface GossipOptions {
  readonly self: Contact
  /** 32 hexadecimal digits. */
  readonly networkId: string
  /** Zero bits that ids of this network begin with, hashed: authors must have done the work too. */
  readonly workBits: number
}

/** For the snapshot of a peer. */
export interface GossipStats {
  readonly topics: readonly {
    readonly topic: string
    readonly eager: number
    readonly lazy: number
    readonly forwarding: boolean
  }[]
  readonly copies: number
  readonly first: number
  readonly published: number
}
