// The port every transport plugs into. A transport turns an attempt into a link with two channels and keeps watch over
// it. It knows nothing of identities or protocols: signals and messages are opaque bytes to it.

import type { AttemptId, Channel, LinkBinding, LinkFailureStage, LinkId, LinkRole } from '@hyphae/core'

export type TransportEvent =
  /** An offer, an answer or candidates that the other end must get, in order. Several candidates are batched into one. */
  | { readonly type: 'local-signal'; readonly attempt: AttemptId; readonly bytes: Uint8Array }
  /** Both channels are open in both directions. Messages that came earlier follow this event, in order. */
  | {
      readonly type: 'opened'
      readonly link: LinkId
      readonly attempt: AttemptId
      readonly role: LinkRole
      readonly binding: LinkBinding
      readonly remoteGroup: string
      /** Bytes. Largest bulk message the other end takes: at least 16 KiB, at most 256 KiB. */
      readonly bulkBytesMax: number
    }
  /** The attempt will never open. Its resources are freed; nothing more is heard of it. */
  | {
      readonly type: 'failed'
      readonly attempt: AttemptId
      readonly stage: LinkFailureStage
      readonly detail: string
    }
  /** One whole message, in bytes that nobody changes afterwards. Keep-alives are not reported. */
  | {
      readonly type: 'received'
      readonly link: LinkId
      readonly channel: Channel
      readonly bytes: Uint8Array
    }
  /** Room is made or made again: said for both channels right after `opened`, then whenever half of it is free again. */
  | {
      readonly type: 'writable'
      readonly link: LinkId
      readonly channel: Channel
      readonly roomBytes: number
    }
  /** Nothing came for the watched time. Said once per silence; the link stays open until somebody closes it. */
  | { readonly type: 'silent'; readonly link: LinkId }
  /** Exactly once per opened link, whoever closed it. */
  | { readonly type: 'closed'; readonly link: LinkId; readonly reason: string }
  /** Something the caller should mend; everything goes on without it. `link` is null where it concerns no single one. */
  | {
      readonly type: 'warning'
      readonly code: TransportWarning
      readonly link: LinkId | null
      readonly detail: string
    }

/**
 * `message-refused`: empty, or larger than the channel or the other end takes; it was not sent.
 * `too-many-stun-servers`: every one of them slows gathering, and browsers complain above four.
 * `no-ice-servers`: the application's function failed, and with it every dial that waited.
 */
export type TransportWarning = 'message-refused' | 'too-many-stun-servers' | 'no-ice-servers'

export interface DialOptions {
  /** Signal once, after gathering, instead of trickling candidates, and wait minutes for the answer: it is carried by hand. */
  readonly gatherFirst: boolean
}

export interface TransportStats {
  /** Connections constructed since the start: browsers free them only by garbage collection. */
  readonly constructions: number
  readonly opening: number
  readonly open: number
  /** Signals of remotes, or candidates in them, that were malformed, oversized or out of place, and dropped. */
  readonly refusedSignals: number
  /** Data channels that remotes opened beside the two, and that were closed. */
  readonly refusedChannels: number
}

/** Facts about one open link for people who look: candidate types, and what the browser measured. */
export interface LinkPathInfo {
  readonly localCandidate: 'host' | 'srflx' | 'prflx' | 'relay' | 'memory' | 'unknown'
  readonly remoteCandidate: 'host' | 'srflx' | 'prflx' | 'relay' | 'memory' | 'unknown'
  readonly roundTripMs: number | null
}

/**
 * Makes and watches links. Calls never throw for what a remote did, and never call back before they return: events come
 * later. A call that names an unknown or ended attempt or link is a no-op.
 */
export interface Transport {
  /** Set once, before any other call. */
  onEvent(listener: (event: TransportEvent) => void): void
  /** Starts a connection as dialer. Over budget it fails with stage `budget`. */
  dial(attempt: AttemptId, options: DialOptions): void
  /** Starts a connection as listener, from the dialer's first signal. */
  accept(attempt: AttemptId, offer: Uint8Array, options: DialOptions): void
  /** A further signal of the other end. Invalid ones are dropped and counted; they never harm a link. */
  applySignal(attempt: AttemptId, bytes: Uint8Array): void
  /** Ends an attempt that is not open. No event follows. */
  abandon(attempt: AttemptId): void
  /**
   * Hands over one message of at most 16 KiB (control) or `bulkBytesMax`. Queued in order; never blocks. The transport
   * may keep `bytes` until they are sent, so the caller changes them no more. Four zero bytes on control are a keep-alive.
   */
  send(link: LinkId, channel: Channel, bytes: Uint8Array): void
  /** Sends a keep-alive after `keepaliveMs` without traffic out; says `silent` after `silenceMs` without traffic in. */
  watch(link: LinkId, keepaliveMs: number, silenceMs: number): void
  /** `flush`: queued bytes leave first, for 5 s at most and while some leave within a second. Then comes `closed` alone. */
  close(link: LinkId, reason: string, flush: boolean): void
  pathInfo(link: LinkId): Promise<LinkPathInfo>
  stats(): TransportStats
  /** Ends every attempt and link at once; `closed` follows for each link. Idempotent. */
  destroy(): void
}
