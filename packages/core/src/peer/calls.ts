// What an application may ask of a peer, what it gets back, and what it hears without asking.

import type { AttemptId, LinkFailureStage, LinkRole, Millis, SignalingPath } from '../contract.ts'
import type { PeerRecord, RecordVersion } from '../dht/record.ts'
import type { FailureCode, Offence } from '../errors.ts'
import type { GossipStrategy } from '../gossip/strategy.ts'
import type { Contact } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import type { MessageId, OperationId } from '../wire/messages.ts'

/** Names a record for reading. */
export type RecordName =
  | { readonly kind: 'immutable'; readonly key: Key }
  | { readonly kind: 'owned'; readonly ownerKey: Uint8Array; readonly salt: Uint8Array }
  | {
      readonly kind: 'shared'
      readonly namespace: string
      readonly name: string
      readonly writers: readonly PeerId[]
    }

/** A record to be written by this peer. */
export type RecordDraft =
  | { readonly kind: 'immutable'; readonly value: Uint8Array }
  | {
      readonly kind: 'owned'
      readonly salt: Uint8Array
      readonly value: Uint8Array
      readonly sequence?: number
    }
  | {
      readonly kind: 'shared'
      readonly namespace: string
      readonly name: string
      readonly writers: readonly PeerId[]
      readonly value: Uint8Array
    }

/** How a request ended at the other side, in the order of RESPONSE.status. */
export const RESPONSE_STATUS = ['ok', 'no-handler', 'handler-failed', 'busy'] as const
export type ResponseStatus = (typeof RESPONSE_STATUS)[number]

/** Commands. Each ends in one `done` (with the value named here) or one `failed`. */
export type PeerCall =
  /** Done with PutResult. */
  | { readonly type: 'put'; readonly draft: RecordDraft; readonly replicas?: number }
  /** Done with GetResult; fails with NOT_FOUND. */
  | { readonly type: 'get'; readonly name: RecordName }
  /** Which of the peers closest to the key hold it. Done with HoldersResult. */
  | { readonly type: 'holders'; readonly key: Key }
  /** Done with null at once; messages come as events. Subscribing again changes the strategy, which is `tree` by default. */
  | { readonly type: 'subscribe'; readonly topic: string; readonly strategy?: GossipStrategy }
  | { readonly type: 'unsubscribe'; readonly topic: string }
  /**
   * Queued until the first link, or until `deadlineMs`. Done with PublishResult. The strategy, by default `tree`, is that of a
   * topic that we do not subscribe to.
   */
  | {
      readonly type: 'publish'
      readonly topic: string
      readonly payload: Uint8Array
      readonly deadlineMs: number
      readonly strategy?: GossipStrategy
    }
  /** Done with ResponseResult. */
  | {
      readonly type: 'request'
      readonly to: PeerId
      readonly name: string
      readonly payload: Uint8Array
      readonly timeoutMs: number
    }
  /** Answers a `request` event. */
  | {
      readonly type: 'respond'
      readonly request: OperationId
      readonly from: PeerId
      readonly status: ResponseStatus
      readonly payload: Uint8Array
    }
  /** Iterative lookup; `progress` with LookupStep; done with LookupResult. */
  | { readonly type: 'lookup'; readonly target: Key }
  /** Asks peer after peer for its links; `progress` with TopologyPeer; done with TopologyResult. */
  | { readonly type: 'crawl'; readonly peersMax: number }
  /** Done with InviteResult once the offer is gathered; the attempt waits for `invite-complete`. */
  | { readonly type: 'invite-create' }
  /** The other side: answers an invite. Done with InviteResult to be carried back. */
  | { readonly type: 'invite-accept'; readonly offer: Uint8Array }
  /** Done with null once the link is open. */
  | { readonly type: 'invite-complete'; readonly attempt: AttemptId; readonly answer: Uint8Array }
  /** Cuts the link to a peer; routing may make it again. Done with null. */
  | { readonly type: 'unlink'; readonly peer: PeerId }
  /** Hands records over and says BYE on every link. Done with null when all is sent, at most `deadlineMs` later. */
  | { readonly type: 'close'; readonly deadlineMs: number }

export interface PutResult {
  readonly key: Key
  readonly version: RecordVersion
  /** Peers that proved they hold it in memory, at the time of the answer; ourselves included. */
  readonly stored: number
  /** Copies asked for, or the peers there are, where that is fewer. */
  readonly wanted: number
}

export interface GetResult {
  readonly key: Key
  readonly record: PeerRecord
  /** Whose answer completed the get; our own id where no other was waited for. */
  readonly holder: PeerId
  /** Links on the way there; 0 for our own. */
  readonly hops: number
}

export interface HoldersResult {
  readonly key: Key
  /** The closest peers, closest first. */
  readonly peers: readonly { readonly peer: PeerId; readonly holds: boolean }[]
}

export interface PublishResult {
  readonly id: MessageId
  /** Links the message was handed to: not deliveries. */
  readonly recipients: number
}

export interface ResponseResult {
  readonly status: ResponseStatus
  readonly payload: Uint8Array
  readonly hops: number
}

export interface LookupStep {
  readonly asked: PeerId
  readonly hops: number
  readonly named: readonly PeerId[]
}

export interface LookupResult {
  readonly target: Key
  /** Closest first. */
  readonly closest: readonly Contact[]
  readonly asked: number
}

export interface TopologyPeer {
  readonly peer: PeerId
  readonly links: readonly PeerId[]
}

export interface TopologyResult {
  readonly peers: readonly TopologyPeer[]
  readonly unreachable: readonly PeerId[]
}

export interface InviteResult {
  readonly attempt: AttemptId
  readonly bytes: Uint8Array
}

/** Why a link is wanted, as bits of WANT.reasons. */
export const LINK_REASONS = { leaf: 1, bucket: 2, random: 4, topic: 8, transfer: 16 } as const
export type LinkReason = keyof typeof LINK_REASONS

export type PeerEvent =
  /** `alone`: no link; `joining`: links, but our own neighbourhood is not looked up yet, or of few peers some are out of reach; `joined`: ready. */
  | { readonly type: 'status'; readonly status: PeerStatus }
  /** Exactly one join before exactly one leave, whatever happens to single connections. */
  | {
      readonly type: 'peer-joined'
      readonly peer: PeerId
      readonly signalingPath: SignalingPath
      readonly role: LinkRole
    }
  | { readonly type: 'peer-left'; readonly peer: PeerId; readonly reason: string }
  /** A step in the life of one attempt or link, for timelines. */
  | {
      readonly type: 'link-stage'
      readonly attempt: AttemptId
      readonly peer: PeerId | null
      readonly stage: LinkStage
      readonly detail: string
      readonly at: Millis
    }
  | {
      readonly type: 'message'
      readonly topic: string
      readonly from: PeerId
      readonly id: MessageId
      readonly payload: Uint8Array
      readonly hops: number
    }
  | {
      readonly type: 'request'
      readonly request: OperationId
      readonly from: PeerId
      readonly name: string
      readonly payload: Uint8Array
    }
  | { readonly type: 'offence'; readonly peer: PeerId | null; readonly offence: Offence }
  /** A record of this peer is on disk (`persisted`), or could not be written. */
  | { readonly type: 'record-persisted'; readonly key: Key; readonly persisted: boolean }
  /** Somebody told us an introducer's address. */
  | { readonly type: 'server-learned'; readonly url: string }
  /** The peer stopped by itself and for ever. */
  | { readonly type: 'stopped'; readonly code: FailureCode; readonly message: string }
  /** Something failed that no call waits for. */
  | { readonly type: 'problem'; readonly code: FailureCode; readonly message: string }

export type PeerStatus = 'alone' | 'joining' | 'joined' | 'closed'

export type LinkStage =
  | 'dialing'
  | 'accepting'
  | 'offer-sent'
  | 'answer-sent'
  | 'answered'
  | 'refused'
  | 'connected'
  | 'proved'
  | 'open'
  | 'suspect'
  | 'replaced'
  | 'closed'
  | `failed:${LinkFailureStage}`
