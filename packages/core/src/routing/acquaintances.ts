// Whom we believe to be alive, and on whose word. Contacts enter the tables when they are named, with their work checked;
// they leave on their own silence, never because a third says so.

import type { Millis, StoredContact } from '../contract.ts'
import { type Contact, isAcceptable } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { CONTACTS_SAVED_MAX, PROBE_TIMEOUT_MS } from '../limits.ts'
import type { OffenceEffect, Out, SetTimerEffect } from '../machine.ts'
import { hopsTo, type KnownContact } from './bucket.ts'
import { Departed, type Evidence } from './departed.ts'
import { Probes } from './probes.ts'
import { delayAt, type Proximity } from './proximity.ts'
import type { RoutingTimer } from './routing-contract.ts'
import type { RoutingTable } from './routing-table.ts'

/** Milliseconds for which a contact that was seen is not asked whether it lives. Guess: a tenth of a tab's life. */
const FRESH_MS = 5 * 60_000
/** Stored contacts that are asked, after joining, whether they live. */
const RESTORED_PROBES_MAX = 16

type AcquaintanceEffect =
  | OffenceEffect
  | SetTimerEffect<RoutingTimer & { readonly type: 'probe' }>
  | { readonly type: 'probe'; readonly contact: Contact; readonly via: readonly PeerId[] }

/** Who says so, and how it knows. `namer` is null for an introducer, and for a full peer that names others. */
export interface Source {
  readonly evidence: Evidence
  readonly namer: PeerId | null
  /** With evidence `linked`: the namer's round trips to the contacts, in their order, as on the wire. */
  readonly delays?: Uint8Array
  /** Hops of the lookup that brought the contacts, where it went through others. */
  readonly foundBy?: readonly PeerId[]
}

export class Acquaintances {
  readonly #self: PeerId
  readonly #workBits: number
  readonly #table: RoutingTable
  readonly #proximity: Proximity
  readonly #departed = new Departed()
  readonly #probes = new Probes()

  constructor(self: PeerId, workBits: number, table: RoutingTable, proximity: Proximity) {
    this.#self = self
    this.#workBits = workBits
    this.#table = table
    this.#proximity = proximity
  }

  /** Contacts of an earlier life: good enough to be dialed by somebody who has no other, and to be asked. */
  restore(contacts: readonly StoredContact[], now: Millis): void {
    for (const { contact, lastSeen } of contacts.toSorted((a, b) => a.lastSeen - b.lastSeen)) {
      if (this.#isForUs(contact)) this.#table.add(contact, Math.min(lastSeen, now), false)
    }
  }

  /** What a later life begins with: linked contacts first, then those seen last. */
  toStore(now: Millis): StoredContact[] {
    const best = this.#table
      .all()
      .toSorted((a, b) => Number(b.linked) - Number(a.linked) || b.seenAt - a.seenAt)
    return best.slice(0, CONTACTS_SAVED_MAX).map(({ contact, linked, seenAt }) => ({
      contact,
      lastSeen: linked ? now : seenAt,
    }))
  }

  /** True where somebody among these was not known before. */
  learn(contacts: readonly Contact[], from: Source, now: Millis, out: Out<AcquaintanceEffect>): boolean {
    let hasBadWork = false
    let hasNew = false
    for (const [index, contact] of contacts.entries()) {
      const known = this.#table.get(contact.id)
      if (known?.linked || contact.id === this.#self) continue
      if (known === null && !this.#isForUs(contact)) {
        hasBadWork = true
        continue
      }
      const verdict = this.#departed.verdict(from.evidence, contact.id, now)
      if (verdict === 'ask') this.probe(this.#add(contact, from, false, now), now, out, true)
      if (verdict !== 'believe') continue
      hasNew ||= !known?.heard
      const delayMs = from.delays === undefined ? null : delayAt(from.delays, index)
      this.#enter(contact, from, delayMs, now, out)
    }
    if (hasBadWork && from.namer !== null)
      out.push({ type: 'offence', peer: from.namer, offence: 'bad-work' })
    return hasNew
  }

  /** An introducer names these to somebody who has no link: whom we took for dead may live, and we were cut off. */
  forgive(contacts: readonly Contact[]): void {
    for (const { id } of contacts) this.#departed.delete(id)
  }

  linkUp(contact: Contact, now: Millis): KnownContact {
    this.#departed.delete(contact.id)
    this.#probes.end(contact.id)
    const known = this.#table.add(contact, now, true)
    this.#table.touch(known, now)
    known.linked = true
    known.via = null
    return known
  }

  linkDown(known: KnownContact): void {
    for (const other of this.#table.all()) {
      if (other.via === known.id) other.via = null
      if (other.foundBy[0] === known.id) other.foundBy = []
      this.#proximity.lost(other, known.id)
    }
    this.#table.unlink(known)
  }

  /** The contact is dead, and stays so for whoever tells us otherwise. True where it was a sibling. */
  bury(known: KnownContact, now: Millis): boolean {
    this.#departed.add(known.id, now)
    return this.#table.remove(known)
  }

  // Probes

  isSuspect(peer: PeerId): boolean {
    return this.#probes.has(peer)
  }

  isDeparted(peer: PeerId, now: Millis): boolean {
    return this.#departed.isSurely(peer, now)
  }

  /** Asks the contact whether it lives, or puts it in line. */
  probe(known: KnownContact, now: Millis, out: Out<AcquaintanceEffect>, isRumour = false): void {
    this.#probes.add(known, isRumour)
    this.sendProbes(now, out)
  }

  /** Somebody says that this contact died. That is a reason to ask it, and no more: a liar could erase honest peers. */
  rumour(id: PeerId, now: Millis, out: Out<AcquaintanceEffect>): void {
    const known = this.#table.get(id)
    if (known !== null && !known.linked) this.probe(known, now, out, true)
  }

  probeRestored(now: Millis, out: Out<AcquaintanceEffect>): void {
    const restored = this.#table.all().filter(({ heard }) => !heard)
    restored.sort((a, b) => b.seenAt - a.seenAt)
    for (const known of restored.slice(0, RESTORED_PROBES_MAX)) this.probe(known, now, out)
  }

  /** Asks the contact that was not seen for longest, siblings first. */
  probeOldest(now: Millis, out: Out<AcquaintanceEffect>): void {
    const oldest = oldestUnlinked(this.#table.siblings.list, now) ?? oldestUnlinked(this.#table.all(), now)
    if (oldest !== null) this.probe(oldest, now, out)
  }

  /** Ends a probe. Answers with whom it was about, or null where it is stale. */
  endProbe(peer: PeerId, since?: Millis): KnownContact | null {
    if (!this.#probes.end(peer, since)) return null
    const known = this.#table.get(peer)
    return known?.linked ? null : known
  }

  /** The contact answered. */
  revive(known: KnownContact, now: Millis): void {
    this.#departed.delete(known.id)
    this.#table.add(known.contact, now, true)
    this.#table.touch(known, now)
  }

  sendProbes(now: Millis, out: Out<AcquaintanceEffect>): void {
    for (const known of this.#probes.take(now)) {
      const { id, contact } = known
      out.push({ type: 'probe', contact, via: hopsTo(known) })
      out.push({
        type: 'set-timer',
        afterMs: PROBE_TIMEOUT_MS,
        timer: { type: 'probe', peer: id, since: now },
      })
    }
  }

  /** There is no link left to ask over. */
  clearProbes(): void {
    this.#probes.clear()
  }

  tables(): Record<string, number> {
    return { departed: this.#departed.size, ...this.#probes.tables() }
  }

  #enter(
    contact: Contact,
    from: Source,
    delayMs: number | null,
    now: Millis,
    out: Out<AcquaintanceEffect>,
  ): void {
    const { evidence, namer } = from
    const known = this.#add(contact, from, true, now)
    if (evidence === 'linked') this.#table.touch(known, now)
    if (evidence === 'linked' && namer !== null) {
      known.via = namer
      if (delayMs !== null) this.#proximity.heard(known, { peer: namer, ms: delayMs })
    }
    const blocker = this.#table.blocker(known.bucket)
    if (blocker !== null && now - blocker.seenAt >= FRESH_MS) this.probe(blocker, now, out)
  }

  #add(contact: Contact, { foundBy = [] }: Source, heard: boolean, now: Millis): KnownContact {
    const isNew = this.#table.get(contact.id) === null
    const known = this.#table.add(contact, now, heard)
    if (isNew) known.foundBy = foundBy
    return known
  }

  #isForUs(contact: Contact): boolean {
    return contact.id !== this.#self && isAcceptable(contact, this.#workBits)
  }
}

function oldestUnlinked(contacts: Iterable<KnownContact>, now: Millis): KnownContact | null {
  let oldest: KnownContact | null = null
  for (const known of contacts) {
    if (known.linked || now - known.seenAt < FRESH_MS) continue
    if (oldest === null || known.seenAt < oldest.seenAt) oldest = known
  }
  return oldest
}
