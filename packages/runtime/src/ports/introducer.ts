// The port of whoever helps a newcomer: a signaling server, the sibling tabs of the same profile, an in-memory stand-in
// for tests. It hands over contacts and carries sealed signals; it can drop them, not read or forge them.

import type { Contact, IntroducerId, IntroducerPath, PeerId } from '@hyphae/core'

export type IntroducerEvent =
  /** Contacts can be asked for and signals carried. */
  | { readonly type: 'up' }
  /** Not reachable now; it reconnects by itself with backoff. `detail` is for people. */
  | { readonly type: 'down'; readonly detail: string }
  /** Contacts whose ids follow from their keys; the work is checked by core. */
  | { readonly type: 'introduced'; readonly contacts: readonly Contact[] }
  | { readonly type: 'signal'; readonly from: Contact; readonly bytes: Uint8Array }
  | { readonly type: 'undeliverable'; readonly to: PeerId }
  /** Cannot work with this introducer, for ever: refused, wrong network, wrong version. */
  | { readonly type: 'refused'; readonly code: string; readonly detail: string }

/** What an introducer needs to prove who asks. */
export interface IntroducerIdentity {
  readonly contact: Contact
  readonly networkId: string
  /** Ed25519 over the bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

export interface Introducer {
  /** Stable name: the URL, or `tabs`. */
  readonly id: IntroducerId
  readonly path: IntroducerPath
  /** Called once. Connects, and keeps trying until `close`. */
  open(identity: IntroducerIdentity, listener: (event: IntroducerEvent) => void): void
  /** Asks for contacts; they come as `introduced`. Connects again when it had gone quiet. */
  introduce(random: number, close: number): void
  /** Throws RangeError where `bytes` are none, or more than 12 KiB. */
  signal(to: PeerId, bytes: Uint8Array): void
  /** Tells how many links we have; the introducer may go quiet and check in from time to time. */
  meshed(links: number): void
  /** The network came back or the page woke up: try at once. */
  retryNow(): void
  /** Idempotent. */
  close(): void
}
