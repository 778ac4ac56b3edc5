// What core and whoever drives it (runtime, simulator) say to each other. Core decides everything that is protocol; the
// driver owns sockets, clocks, disks and keys. Neither side waits for the other: every answer is a later input.

import type { PeerRecord, RecordHeader } from './dht/record.ts'
import type { FailureCode } from './errors.ts'
import type { Contact } from './identity/contact.ts'
import type { Key, PeerId } from './identity/peer-id.ts'
import type { PeerCall, PeerEvent } from './peer/calls.ts'

/** Milliseconds since the Unix epoch as this peer believes them: an integer that never goes backwards. */
export type Millis = number

/** One open connection, numbered by the driver; never used again after `link-closed`. */
export type LinkId = number

/** One try to connect, named by its dialer and used by both ends: 16 hexadecimal digits. */
export type AttemptId = string & { readonly attempt: unique symbol }

/** Work handed to the driver, numbered by core. An unknown or repeated number is a no-op. */
export type JobId = number

/** One command of the application, numbered by the driver; never used again. */
export type OpId = number

/** Whoever hands over first contacts and carries signals for a newcomer, for instance `wss://…` or `tabs`. */
export type IntroducerId = string

/** *control* is ordered and carries every frame; *bulk* is unordered and carries DATA alone. */
export type Channel = 'control' | 'bulk'

/** The dialer made the offer, the listener answered it. */
export type LinkRole = 'dialer' | 'listener'

/** What an introducer is. */
export type IntroducerPath = 'server' | 'tabs' | 'memory'

/** How the signals of a link travelled: through an introducer, through linked peers, or by hand. */
export type SignalingPath = IntroducerPath | 'overlay' | 'invite'

/** Where a try to connect ended. */
export type LinkFailureStage = 'signaling' | 'budget' | 'ice' | 'dtls' | 'channel' | 'handshake' | 'timeout'

/** SHA-256 fingerprints of both DTLS certificates, 32 bytes each. */
export interface LinkBinding {
  readonly local: Uint8Array
  readonly remote: Uint8Array
}

/** A contact as it was kept over a restart. */
export interface StoredContact {
  readonly contact: Contact
  readonly lastSeen: Millis
}

/**
 * Results of jobs. `null` and `false` are answers too: the signature is wrong, nothing can be sealed to this peer, the box does
 * not open, nothing is stored.
 */
export type JobResult =
  | { readonly type: 'verified'; readonly valid: boolean }
  | { readonly type: 'signed'; readonly signature: Uint8Array }
  | { readonly type: 'sealed'; readonly bytes: Uint8Array | null }
  | { readonly type: 'opened'; readonly bytes: Uint8Array | null }
  /** `failed`: it could not be read now, and may be there all the same. */
  | { readonly type: 'loaded'; readonly record: PeerRecord | null; readonly failed?: boolean }
  | { readonly type: 'stored'; readonly persisted: boolean }

export type Input =
  /** First input, once. `bootId` grows with every start of this identity. */
  | {
      readonly type: 'start'
      readonly contacts: readonly StoredContact[]
      readonly recordIndex: readonly RecordHeader[]
      readonly bootId: number
    }
  /** Both channels are open. `remoteGroup` stands for the remote's network (an address prefix), '' where unknown. */
  | {
      readonly type: 'link-opened'
      readonly link: LinkId
      readonly attempt: AttemptId
      readonly role: LinkRole
      readonly binding: LinkBinding
      readonly remoteGroup: string
    }
  /** A dial or accept that will never open. Nothing more is heard of the attempt. */
  | {
      readonly type: 'link-failed'
      readonly attempt: AttemptId
      readonly stage: LinkFailureStage
      readonly detail: string
    }
  /** Nobody changes `bytes` afterwards, so that core may keep views of it. */
  | {
      readonly type: 'link-received'
      readonly link: LinkId
      readonly channel: Channel
      readonly bytes: Uint8Array
    }
  /** The send queue fell below its low-water mark: this many bytes may be handed over. */
  | {
      readonly type: 'link-writable'
      readonly link: LinkId
      readonly channel: Channel
      readonly roomBytes: number
    }
  /** Nothing, not even a keep-alive, came for the watched time. */
  | { readonly type: 'link-silent'; readonly link: LinkId }
  | { readonly type: 'link-closed'; readonly link: LinkId; readonly reason: string }
  /** The transport made an offer, an answer or candidates that the other end must get. Opaque to core. */
  | { readonly type: 'local-signal'; readonly attempt: AttemptId; readonly bytes: Uint8Array }
  /** An introducer brought a sealed signal. */
  | {
      readonly type: 'signal'
      readonly via: IntroducerId
      readonly from: Contact
      readonly bytes: Uint8Array
    }
  /** An introducer could not hand a signal on. */
  | { readonly type: 'undeliverable'; readonly via: IntroducerId; readonly to: PeerId }
  | {
      readonly type: 'introducer-up' | 'introducer-down'
      readonly introducer: IntroducerId
      readonly path: IntroducerPath
    }
  | { readonly type: 'introduced'; readonly contacts: readonly Contact[]; readonly source: IntroducerId }
  | { readonly type: 'job-done'; readonly job: JobId; readonly result: JobResult }
  /** The disk took a record no more for want of room. Said again only after there was some. */
  | { readonly type: 'storage-full' }
  /** `pausedMs`: how late our own timer fired; every deadline is extended by it. */
  | {
      readonly type: 'environment'
      readonly online: boolean
      readonly visible: boolean
      readonly pausedMs: number
    }
  | { readonly type: 'command'; readonly op: OpId; readonly call: PeerCall }
  /** The application lost interest in a command: its state is dropped, late answers are no-ops. */
  | { readonly type: 'cancel'; readonly op: OpId }
  | { readonly type: 'wake' }

export type Effect =
  /** Make a connection and an offer. `contact` is null for an invite, where anybody may answer; then gather before signaling. */
  | { readonly type: 'dial'; readonly attempt: AttemptId; readonly contact: Contact | null }
  /** Answer the offer in `signal`. */
  | {
      readonly type: 'accept'
      readonly attempt: AttemptId
      readonly contact: Contact | null
      readonly signal: Uint8Array
    }
  /** Give a signal of the other end to the local connection. */
  | { readonly type: 'apply-signal'; readonly attempt: AttemptId; readonly bytes: Uint8Array }
  /** Give up an attempt that is not yet open. No `link-failed` follows. */
  | { readonly type: 'abandon'; readonly attempt: AttemptId }
  /** Ask an introducer to carry a sealed signal. */
  | {
      readonly type: 'carry-signal'
      readonly via: IntroducerId
      readonly to: PeerId
      readonly bytes: Uint8Array
    }
  | { readonly type: 'send'; readonly link: LinkId; readonly channel: Channel; readonly bytes: Uint8Array }
  /** `flush`: let queued bytes leave first (at most a second). `link-closed` follows. */
  | { readonly type: 'close'; readonly link: LinkId; readonly code: string; readonly flush: boolean }
  /** Send a keep-alive after `keepaliveMs` without other traffic; say `link-silent` after `silenceMs` without any. */
  | {
      readonly type: 'watch'
      readonly link: LinkId
      readonly keepaliveMs: number
      readonly silenceMs: number
    }
  | {
      readonly type: 'verify'
      readonly job: JobId
      readonly key: Uint8Array
      readonly bytes: Uint8Array
      readonly signature: Uint8Array
    }
  | { readonly type: 'sign'; readonly job: JobId; readonly bytes: Uint8Array }
  /** Authenticated encryption between our exchange key and the peer's (X25519, HKDF-SHA-256, AES-256-GCM). */
  | {
      readonly type: 'seal' | 'open'
      readonly job: JobId
      readonly bytes: Uint8Array
      readonly peer: Contact
    }
  | { readonly type: 'load'; readonly job: JobId; readonly key: Key }
  /** The driver keeps the record in memory from now on and answers `stored` once it is on disk. */
  | {
      readonly type: 'store'
      readonly job: JobId
      readonly key: Key
      readonly record: PeerRecord
      readonly header: RecordHeader
    }
  | { readonly type: 'forget'; readonly key: Key }
  | { readonly type: 'store-contacts'; readonly contacts: readonly StoredContact[] }
  /** Ask introducers for contacts: `random` ones and `close` ones. */
  | { readonly type: 'introduce'; readonly random: number; readonly close: number }
  /** How many links we have: introducers may let us go quiet. */
  | { readonly type: 'meshed'; readonly links: number }
  | { readonly type: 'wake-at'; readonly at: Millis }
  | { readonly type: 'progress'; readonly op: OpId; readonly value: unknown }
  | { readonly type: 'done'; readonly op: OpId; readonly value: unknown }
  | { readonly type: 'failed'; readonly op: OpId; readonly code: FailureCode; readonly message: string }
  | { readonly type: 'event'; readonly event: PeerEvent }

/** Injected randomness. The driver's is cryptographic; the simulator's is seeded. */
export interface Random {
  /** 0 to 2^32 - 1. */
  u32(): number
  bytes(length: number): Uint8Array
}
