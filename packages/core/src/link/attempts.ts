// Attempts under way: every dial and accept that is not a link yet, found by its id, by its peer, or by the routed
// operation that carries its signals.

import type { AttemptId, IntroducerId, IntroducerPath, Millis, OpId, Random } from '../contract.ts'
import type { RouteKey } from '../dht/router.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { ATTEMPT_TIMEOUT_MS } from '../limits.ts'
import type { Out } from '../machine.ts'
import { toHex } from '../wire/bytes.ts'
import type { OperationId } from '../wire/messages.ts'
import type { DialerEffect } from './dialer-contract.ts'

/** Milliseconds an invite waits for its answer to be carried back by hand. */
const INVITE_TIMEOUT_MS = 15 * 60_000

export function newAttemptId(random: Random): AttemptId {
  return toHex(random.bytes(8)) as AttemptId
}

export interface IntroducerWay {
  readonly path: IntroducerPath
  readonly introducer: IntroducerId
}

/** How signals of one attempt travel. `route`: the way back of the offer, where they answer one. */
export type SignalWay =
  | { readonly path: 'overlay'; readonly route: RouteKey | null }
  | IntroducerWay
  | { readonly path: 'invite' }

export class Attempt {
  readonly id: AttemptId
  readonly role: 'dialer' | 'listener'
  readonly startedAt: Millis
  /** Null before an invite's other side is known. */
  contact: Contact | null
  way: SignalWay
  /** Application's calls that wait: for the gathered signal, and for the open link. */
  inviteOp: OpId | null = null
  completeOp: OpId | null = null
  /** Sealed signals sent so far, to send again another way. */
  readonly sent: Uint8Array[] = []
  /** Signals produced, in order, that wait for the one before them to be sealed. */
  readonly toSeal: { readonly kind: number; readonly data: Uint8Array }[] = []
  /** Introducers that do not reach the contact. */
  readonly tried = new Set<IntroducerId>()
  /** Introducers through which the offer came again. */
  readonly turnedTo = new Set<IntroducerId>()
  sealing = false
  signalsOut = 0
  answered = false
  /** The channel is open: the link set has it. */
  opened = false

  constructor(id: AttemptId, role: Attempt['role'], contact: Contact | null, way: SignalWay, now: Millis) {
    this.id = id
    this.role = role
    this.contact = contact
    this.way = way
    this.startedAt = now
  }

  get isInvite(): boolean {
    return this.way.path === 'invite'
  }

  /** Whether it takes one of the places for dials and accepts under way. */
  get isPending(): boolean {
    return !this.opened && !this.isInvite
  }
}

export class Attempts {
  readonly #attemptById = new Map<AttemptId, Attempt>()
  readonly #idByPeer = new Map<PeerId, AttemptId>()
  readonly #idByOperation = new Map<OperationId, AttemptId>()

  /** From now on it is under way, until its time is over. */
  begin(attempt: Attempt, out: Out<DialerEffect>): void {
    this.#attemptById.set(attempt.id, attempt)
    if (attempt.contact !== null) this.#idByPeer.set(attempt.contact.id, attempt.id)
    const afterMs = attempt.isInvite ? INVITE_TIMEOUT_MS : ATTEMPT_TIMEOUT_MS
    const timer = { type: 'attempt', attempt: attempt.id, since: attempt.startedAt } as const
    out.push({ type: 'set-timer', afterMs, timer })
  }

  get(id: AttemptId): Attempt | undefined {
    return this.#attemptById.get(id)
  }

  ofPeer(peer: PeerId): Attempt | undefined {
    const id = this.#idByPeer.get(peer)
    return id === undefined ? undefined : this.#attemptById.get(id)
  }

  /** The attempt whose signal this operation carried; asked once. */
  takeOperation(operation: OperationId): Attempt | undefined {
    const id = this.#idByOperation.get(operation)
    this.#idByOperation.delete(operation)
    return id === undefined ? undefined : this.#attemptById.get(id)
  }

  noteOperation(operation: OperationId, attempt: Attempt): void {
    this.#idByOperation.set(operation, attempt.id)
  }

  /** An invite's other side is known now. */
  setContact(attempt: Attempt, contact: Contact): void {
    attempt.contact = contact
    this.#idByPeer.set(contact.id, attempt.id)
  }

  forget(attempt: Attempt): void {
    this.#attemptById.delete(attempt.id)
    const peer = attempt.contact?.id
    if (peer !== undefined && this.#idByPeer.get(peer) === attempt.id) this.#idByPeer.delete(peer)
    for (const [operation, id] of this.#idByOperation)
      if (id === attempt.id) this.#idByOperation.delete(operation)
  }

  /** Dials and accepts under way, and how many of them are dials. */
  get pending(): number {
    return this.#count(() => true)
  }

  get dials(): number {
    return this.#count((attempt) => attempt.role === 'dialer')
  }

  all(): Attempt[] {
    return [...this.#attemptById.values()]
  }

  tables(): Record<string, number> {
    return { attempts: this.#attemptById.size, signalOperations: this.#idByOperation.size }
  }

  #count(holds: (attempt: Attempt) => boolean): number {
    let count = 0
    for (const attempt of this.#attemptById.values()) if (attempt.isPending && holds(attempt)) count += 1
    return count
  }
}
