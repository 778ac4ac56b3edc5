// What a peer shows of itself to people and tests: a plain copy, made on demand.

import type { AttemptId, LinkRole, Millis, SignalingPath } from '../contract.ts'
import type { Offence } from '../errors.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { MessageName } from '../wire/messages.ts'
import type { LinkReason, PeerStatus } from './calls.ts'

export interface TrafficCounters {
  /** Frames and bytes by message type, both ways. */
  readonly sent: Readonly<Partial<Record<MessageName, { readonly frames: number; readonly bytes: number }>>>
  readonly received: Readonly<
    Partial<Record<MessageName, { readonly frames: number; readonly bytes: number }>>
  >
  readonly offences: Readonly<Partial<Record<Offence, number>>>
}

export interface LinkSnapshot {
  readonly peer: PeerId
  readonly attempt: AttemptId
  readonly role: LinkRole
  readonly state: 'open' | 'suspect'
  readonly signalingPath: SignalingPath
  /** Smoothed, in milliseconds; null before the first answer. */
  readonly roundTripMs: number | null
  readonly openedAt: Millis
  readonly ours: readonly LinkReason[]
  readonly theirs: readonly LinkReason[]
  readonly hidden: boolean
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly score: number
}

export interface PeerSnapshot {
  readonly id: PeerId
  readonly status: PeerStatus
  readonly links: readonly LinkSnapshot[]
  readonly dialing: number
  readonly linksMax: number
  /** Contacts in buckets, and of how many buckets. */
  readonly contacts: number
  readonly buckets: number
  /** Peers in the network, this one among them: counted up to some forty, else estimated, mostly to within a third. */
  readonly networkSize: number
  readonly siblings: readonly PeerId[]
  readonly records: { readonly held: number; readonly own: number; readonly bytes: number }
  readonly topics: readonly {
    readonly topic: string
    readonly eager: number
    readonly lazy: number
    readonly forwarding: boolean
  }[]
  /** Gossip copies received and messages delivered or forwarded for the first time. */
  readonly gossip: { readonly copies: number; readonly first: number; readonly published: number }
  /** Operations we routed for others, and answered for them. */
  readonly routed: { readonly forwarded: number; readonly answered: number; readonly failed: number }
  readonly traffic: TrafficCounters
}
