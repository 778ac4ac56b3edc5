// Which peers we know, and which of them we want links to (PROTOCOL.md, RT-20 to RT-47). It decides; dialing, carrying
// lookups and asking whether somebody lives is the business of others, who report back.

import type { LinkRole, Millis, Random, StoredContact } from '../contract.ts'
import { type Contact, isAcceptable } from '../identity/contact.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { CONTACTS_SAVE_MS, CONTACTS_SAVED_MAX, PING_TIMEOUT_MS } from '../limits.ts'
import type {
  EventEffect,
  Machine,
  OffenceEffect,
  RoutingView,
  SendEffect,
  SetTimerEffect,
} from '../machine.ts'
import { LINK_REASONS } from '../peer/calls.ts'
import type { MessageOf } from '../wire/messages.ts'
import type { KnownContact } from './bucket.ts'
import { Departed, type Evidence } from './departed.ts'
import { compareDistance, sortedByDistance } from './distance.ts'
import { type ChoicePhase, LinkChoice, type LinkState } from './link-choice.ts'
import { Lookups } from './lookups.ts'
import { PeerExchange, SIBLING_BATCH_MS } from './peer-exchange.ts'
import { Probes } from './probes.ts'
import { RoutingTable } from './routing-table.ts'

export type RoutingTimer =
  | { readonly type: 'choose' }
  | { readonly type: 'exchange' }
  | { readonly type: 'refresh' }
  | { readonly type: 'save' }
  | { readonly type: 'ping'; readonly peer: PeerId; readonly since: number }

export type RoutingInput =
  | { readonly type: 'restore'; readonly contacts: readonly StoredContact[] }
  | { readonly type: 'link-up'; readonly contact: Contact; readonly role: LinkRole }
  /** `left`: it said goodbye, so that it need not be asked whether it lives. `reason`: of CLOSE_CODES, or as the transport put it. */
  | { readonly type: 'link-down'; readonly peer: PeerId; readonly left: boolean; readonly reason: string }
  /** Contacts somebody named. `via`: a linked peer that says it holds live links to them; null: from an introducer. */
  | { readonly type: 'learned'; readonly contacts: readonly Contact[]; readonly via: PeerId | null }
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
      readonly responder: PeerId | null
      readonly contacts: readonly Contact[]
    }
  /** The result of a `probe`. */
  | { readonly type: 'probed'; readonly peer: PeerId; readonly alive: boolean }
  /** Reasons the remote has for a link (WANT). Such links count for us too, and are not pruned. */
  | { readonly type: 'remote-reasons'; readonly peer: PeerId; readonly reasons: number }
  | { readonly type: 'round-trip'; readonly peer: PeerId; readonly ms: number }
  | { readonly type: 'timer'; readonly timer: RoutingTimer }

export type RoutingEffect =
  | SendEffect
  | SetTimerEffect<RoutingTimer>
  | OffenceEffect
  | EventEffect
  /** We want (or no longer want: 0) a link to this contact, for these reasons (bits of LINK_REASONS). Said on change only. */
  | { readonly type: 'want'; readonly contact: Contact; readonly reasons: number }
  /** Look the target up with a recursive FIND (mode closest). */
  | { readonly type: 'find'; readonly target: Key }
  /** Ask an unlinked contact whether it lives. */
  | { readonly type: 'probe'; readonly contact: Contact; readonly via: PeerId | null }
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

/** Milliseconds from a change to the choice of links, and by chance as much again: one join is many changes. */
const CHOOSE_AFTER_MS = 250
/** Milliseconds without a change among our siblings after which far links are chosen, and the longest to wait for that. */
declare const process: any
const SETTLED_AFTER_MS = Number(process.env['SETTLE'] ?? 1_500)
const SETTLED_AFTER_MS_MAX = Number(process.env['SETTLEMAX'] ?? 8_000)
/** Milliseconds for which a contact that was seen is not asked whether it lives. Guess: a tenth of a tab's life. */
const FRESH_MS = 5 * 60_000
/** Milliseconds between two questions to the contact unseen for longest. */
const VERIFY_EVERY_MS = 60_000
/** Stored contacts that are asked, after joining, whether they live. */
const RESTORED_PROBES_MAX = 16
/** Milliseconds before a broken link is made again: longer than a suspect link takes to revive or to end. */
const REST_BROKEN_MS = 2_000
/** Milliseconds before a peer that needed the place is asked again, and before one that seems dead is, while we are alone. */
const REST_PRUNED_MS = 60_000
const REST_ALONE_MS = 10_000
/** Links below which introducers are asked for help, and how often at first and at least. */
const NEEDY_BELOW = 3
const NEED_EVERY_MS_MIN = 1_000
const NEED_EVERY_MS_MAX = 5 * 60_000
const NEED_EVERY_MS_ALONE = 30_000

type Alarm = Exclude<RoutingTimer['type'], 'ping'>

export class Routing implements Machine<RoutingInput, RoutingEffect>, RoutingView {
  readonly self: Contact
  readonly #workBits: number
  readonly #random: Random
  readonly #table: RoutingTable
  readonly #linkByPeer = new Map<PeerId, LinkState>()
  readonly #choice: LinkChoice
  readonly #exchange: PeerExchange
  readonly #lookups: Lookups
  readonly #departed = new Departed()
  readonly #probes = new Probes()
  /** When the next run of each kind is due. A timer that fires earlier or without one is stale. */
  readonly #dueByAlarm = new Map<Alarm, Millis>()
  /** Linked peers in the order of their links. */
  #linked: readonly PeerId[] = []
  #linkUps = 0
  /** Since when we may choose far links; null before we have joined. */
  #settledAt: Millis | null = null
  #settledAtMax: Millis = 0
  #verifyAt: Millis = 0
  #needAt: Millis = 0
  #needEveryMs = NEED_EVERY_MS_MIN
  #savedAt: Millis = Number.NEGATIVE_INFINITY

  constructor(options: RoutingOptions, random: Random) {
    const { self, linksMax } = options
    this.self = self
    this.#workBits = options.workBits
    this.#random = random
    this.#table = new RoutingTable(self.id)
    const isSuspect = (peer: PeerId) => this.#probes.has(peer)
    this.#choice = new LinkChoice(
      { self: self.id, linksMax, isSuspect },
      this.#table,
      this.#linkByPeer,
      random,
    )
    this.#exchange = new PeerExchange(options, this.#table.siblings, this.#linkByPeer, random)
    this.#lookups = new Lookups(self.id, this.#table, random)
  }

  handle(input: RoutingInput, now: Millis, out: RoutingEffect[]): void {
    switch (input.type) {
      case 'restore':
        return this.#onRestore(input.contacts, now, out)
      case 'link-up':
        return this.#onLinkUp(input.contact, input.role, now, out)
      case 'link-down':
        return this.#onLinkDown(input.peer, input.left, input.reason, now, out)
      case 'learned':
        return this.#onLearned(input.contacts, input.via, now, out)
      case 'dial-failed':
        return this.#onDialFailed(input.peer, input.retryAfterMs, input.gone, now, out)
      case 'receive':
        return this.#onExchange(input.from, input.message, now, out)
      case 'found':
        return this.#onFound(input.target, input.responder, input.contacts, now, out)
      case 'probed':
        if (this.#probes.end(input.peer)) this.#onProbed(input.peer, input.alive, now, out)
        return
      case 'remote-reasons':
        return this.#onRemoteReasons(input.peer, input.reasons, now, out)
      case 'round-trip':
        return this.#onRoundTrip(input.peer, input.ms)
      case 'timer':
        return this.#onTimer(input.timer, now, out)
    }
  }

  // Views

  linkedByDistance(target: Key): readonly PeerId[] {
    return sortedByDistance(target, this.#linked)
  }

  isSelfCloser(target: Key, than: PeerId): boolean {
    return compareDistance(target, this.self.id, than) < 0
  }

  closest(target: Key, count: number): readonly Contact[] {
    return this.#table.closest(target, count).map(({ contact }) => contact)
  }

  closestLinked(target: Key, count: number): readonly Contact[] {
    const ids = this.linkedByDistance(target).slice(0, count)
    return ids.map((id) => (this.#linkByPeer.get(id) as LinkState).known.contact)
  }

  siblings(): readonly Contact[] {
    return this.#table.siblings.list.map(({ contact }) => contact)
  }

  isLinked(peer: PeerId): boolean {
    return this.#linkByPeer.has(peer)
  }

  contactOf(peer: PeerId): Contact | null {
    return this.#table.get(peer)?.contact ?? null
  }

  viaOf(peer: PeerId): PeerId | null {
    return this.#table.get(peer)?.via ?? null
  }

  linked(): readonly PeerId[] {
    return this.#linked
  }

  /** Whether this peer, known to us or not, belongs among our leaves: a full peer makes room for those. */
  isNear(peer: PeerId): boolean {
    return this.#table.siblings.rankOf(peer) < this.#choice.targets.leaf
  }

  choiceDebug(b: number): string { const p = this.#table.contactsIn(b); return p.length + ' dialable ' + p.filter((k) => (this.#choice as any).isD(k)).length }
  bucketCount(): number {
    return this.#table.bucketIndexes().length
  }

  /** Sizes of everything that remotes can fill. */
  /** For the snapshot of a peer. */
  stats(): { readonly contacts: number; readonly buckets: number } {
    return { contacts: this.#table.size, buckets: this.#table.bucketIndexes().length }
  }

  tables(): Record<string, number> {
    return {
      ...this.#table.tables(),
      ...this.#choice.tables(),
      ...this.#exchange.tables(),
      ...this.#probes.tables(),
      departed: this.#departed.size,
      links: this.#linkByPeer.size,
    }
  }

  /** What is wrong with our tables: nothing, ever. For tests and the simulator. */
  check(): string[] {
    const wrong = [...this.#table.check(), ...this.#choice.check()]
    for (const known of this.#table.all()) {
      if (known.linked !== this.#linkByPeer.has(known.id))
        wrong.push(`${known.id} is wrongly marked as linked`)
      if (known.via !== null && !this.#linkByPeer.has(known.via))
        wrong.push(`${known.id} is named by a lost link`)
    }
    for (const { known } of this.#linkByPeer.values()) {
      if (this.#table.get(known.id) !== known) wrong.push(`the linked ${known.id} is not known`)
    }
    return wrong
  }

  // Links

  #onRestore(contacts: readonly StoredContact[], now: Millis, out: RoutingEffect[]): void {
    for (const { contact, lastSeen } of contacts.toSorted((a, b) => a.lastSeen - b.lastSeen)) {
      if (this.#isForUs(contact)) this.#table.add(contact, Math.min(lastSeen, now), false)
    }
    this.#chooseSoon(now, out)
  }

  #onLinkUp(contact: Contact, role: LinkRole, now: Millis, out: RoutingEffect[]): void {
    // The handshake has checked the contact's work: a link that routing knew nothing of would carry no traffic.
    if (this.#linkByPeer.has(contact.id) || contact.id === this.self.id) return
    this.#departed.delete(contact.id)
    this.#probes.end(contact.id)
    const known = this.#table.add(contact, now, true)
    this.#table.touch(known, now)
    known.linked = true
    known.via = null
    this.#linkUps += 1
    // A dialer has its reasons, and says them in its first WANT.
    const theirs = role === 'listener' ? LINK_REASONS.bucket : 0
    const link = { known, role, number: this.#linkUps, theirs, roundTripMs: null }
    this.#linkByPeer.set(contact.id, link)
    this.#linked = [...this.#linkByPeer.keys()]
    out.push({ type: 'send', to: contact.id, message: this.#exchange.welcome(link, now) })
    if (this.#linked.length === 1) this.#begin(now, out)
    if (this.#linked.length >= NEEDY_BELOW) this.#needEveryMs = NEED_EVERY_MS_MIN
    this.#changed(now, out)
  }

  #begin(now: Millis, out: RoutingEffect[]): void {
    this.#lookups.begin(now)
    this.#settledAt = null
    this.#verifyAt = now + VERIFY_EVERY_MS
    this.#onRefresh(now, out)
  }

  #onLinkDown(peer: PeerId, left: boolean, reason: string, now: Millis, out: RoutingEffect[]): void {
    const link = this.#linkByPeer.get(peer)
    if (link === undefined) return
    const wasWanted = (link.theirs | this.#choice.reasonsOf(peer)) !== 0
    const wasNear = this.isNear(peer)
    this.#linkByPeer.delete(peer)
    this.#linked = [...this.#linkByPeer.keys()]
    this.#exchange.linkDown(peer)
    const needsPlace = reason === 'pruned' || reason === 'busy' || reason === 'overloaded'
    this.#choice.ended(peer, this.#jittered(needsPlace ? REST_PRUNED_MS : REST_BROKEN_MS), now)
    for (const known of this.#table.all()) if (known.via === peer) known.via = null
    this.#table.unlink(link.known)
    if (left) this.#bury(link.known, now, out)
    else if (wasWanted && !needsPlace) this.#probe(link.known, now, out)
    if (wasNear) this.#lookups.disturbed(now)
    if (this.#linked.length === 0) this.#onAlone()
    this.#changed(now, out)
  }

  #onAlone(): void {
    this.#lookups.end()
    this.#probes.clear()
    this.#settledAt = null
    this.#needAt = 0
    this.#needEveryMs = NEED_EVERY_MS_MIN
  }

  #onDialFailed(peer: PeerId, retryAfterMs: number, gone: boolean, now: Millis, out: RoutingEffect[]): void {
    const known = this.#table.get(peer)
    // While we are alone, a dial that leads nowhere says more about us than about the other.
    const isDead = gone && this.#linked.length > 0
    this.#choice.ended(peer, gone && !isDead ? Math.max(retryAfterMs, REST_ALONE_MS) : retryAfterMs, now)
    if (known !== null && !known.linked && isDead) this.#bury(known, now, out)
    this.#changed(now, out)
  }

  #onRemoteReasons(peer: PeerId, reasons: number, now: Millis, out: RoutingEffect[]): void {
    const link = this.#linkByPeer.get(peer)
    if (link === undefined || link.theirs === reasons) return
    link.theirs = reasons
    this.#chooseSoon(now, out)
  }

  #onRoundTrip(peer: PeerId, ms: number): void {
    const link = this.#linkByPeer.get(peer)
    if (link !== undefined) link.roundTripMs = ms
  }

  // Contacts

  #onLearned(contacts: readonly Contact[], via: PeerId | null, now: Millis, out: RoutingEffect[]): void {
    if (via === null && this.#linked.length === 0) for (const { id } of contacts) this.#departed.delete(id)
    this.#learn(contacts, { evidence: 'linked', namer: via }, now, out)
  }

  #onExchange(from: PeerId, message: MessageOf<'PEER_EXCHANGE'>, now: Millis, out: RoutingEffect[]): void {
    if (!this.#linkByPeer.has(from)) return
    if (!this.#exchange.admits(from, now)) {
      out.push({ type: 'offence', peer: from, offence: 'flood' })
      return
    }
    this.#learn(message.linked, { evidence: 'linked', namer: from }, now, out)
    this.#learn(message.siblings, { evidence: 'named', namer: from }, now, out)
    for (const id of message.gone) this.#onRumour(id, now, out)
    for (const url of this.#exchange.learnServers(message.servers)) {
      out.push({ type: 'event', event: { type: 'server-learned', url } })
    }
  }

  /** Somebody says that this contact died. That is a reason to ask it, and no more: a liar could erase honest peers. */
  #onRumour(id: PeerId, now: Millis, out: RoutingEffect[]): void {
    const known = this.#table.get(id)
    if (known !== null && !known.linked) this.#probe(known, now, out)
  }

  #onFound(
    target: Key,
    responder: PeerId | null,
    contacts: readonly Contact[],
    now: Millis,
    out: RoutingEffect[],
  ): void {
    this.#learn(contacts, { evidence: 'named', namer: responder }, now, out)
    if (this.#lookups.found(target, responder !== null, now)) {
      this.#settledAtMax = now + SETTLED_AFTER_MS_MAX
      this.#settledAt = now + SETTLED_AFTER_MS
      out.push({ type: 'joined' })
      this.#probeRestored(now, out)
      this.#chooseSoon(now, out)
    }
    this.#arm('refresh', this.#lookups.nextAt(), now, out)
  }

  #learn(
    contacts: readonly Contact[],
    from: { readonly evidence: Evidence; readonly namer: PeerId | null },
    now: Millis,
    out: RoutingEffect[],
  ): void {
    let hasBadWork = false
    let isNew = false
    for (const contact of contacts) {
      let known = this.#table.get(contact.id)
      if (known?.linked || contact.id === this.self.id) continue
      if (known === null && !this.#isForUs(contact)) hasBadWork = true
      else if (!this.#departed.outweighs(from.evidence, contact.id, now)) {
        isNew ||= !known?.heard
        known = this.#table.add(contact, now, true)
        if (from.evidence === 'linked') this.#table.touch(known, now)
        if (from.evidence === 'linked' && from.namer !== null) known.via = from.namer
        this.#askBlocker(known.bucket, now, out)
      }
    }
    if (hasBadWork && from.namer !== null)
      out.push({ type: 'offence', peer: from.namer, offence: 'bad-work' })
    if (isNew) this.#changed(now, out)
  }

  #isForUs(contact: Contact): boolean {
    return contact.id !== this.self.id && isAcceptable(contact, this.#workBits)
  }

  /** The contact is dead: nobody is told of it any more, and its neighbours hear. */
  #bury(known: KnownContact, now: Millis, out: RoutingEffect[]): void {
    this.#departed.add(known.id, now)
    if (this.#table.remove(known)) this.#lookups.disturbed(now)
    const change = this.#choice.drop(known)
    if (change !== null) out.push({ type: 'want', ...change })
    this.#changed(now, out)
  }

  // Probes

  #askBlocker(bucket: number, now: Millis, out: RoutingEffect[]): void {
    const blocker = this.#table.blocker(bucket)
    if (blocker !== null && now - blocker.seenAt >= FRESH_MS) this.#probe(blocker, now, out)
  }

  #probeRestored(now: Millis, out: RoutingEffect[]): void {
    const restored = [...this.#table.all()].filter(({ heard }) => !heard)
    restored.sort((a, b) => b.seenAt - a.seenAt)
    for (const known of restored.slice(0, RESTORED_PROBES_MAX)) this.#probe(known, now, out)
  }

  /** Asks the contact that was not seen for longest, siblings first. */
  #verifyOldest(now: Millis, out: RoutingEffect[]): void {
    const oldest = oldestUnlinked(this.#table.siblings.list, now) ?? oldestUnlinked(this.#table.all(), now)
    if (oldest !== null) this.#probe(oldest, now, out)
  }

  #probe(known: KnownContact, now: Millis, out: RoutingEffect[]): void {
    if (this.#linked.length === 0) return
    this.#probes.add(known)
    this.#sendProbes(now, out)
  }

  #sendProbes(now: Millis, out: RoutingEffect[]): void {
    for (const { id, contact, via } of this.#probes.take(now)) {
      out.push({ type: 'probe', contact, via })
      out.push({ type: 'set-timer', afterMs: PING_TIMEOUT_MS, timer: { type: 'ping', peer: id, since: now } })
    }
  }

  #onProbed(peer: PeerId, alive: boolean, now: Millis, out: RoutingEffect[]): void {
    const known = this.#table.get(peer)
    if (known !== null && !known.linked && alive) {
      this.#table.add(known.contact, now, true)
      this.#table.touch(known, now)
      this.#changed(now, out)
    } else if (known !== null && !known.linked && this.#linked.length > 0) {
      this.#bury(known, now, out)
    }
    this.#sendProbes(now, out)
  }

  // Timers

  #onTimer(timer: RoutingTimer, now: Millis, out: RoutingEffect[]): void {
    if (timer.type === 'ping') {
      if (this.#probes.end(timer.peer, timer.since)) this.#onProbed(timer.peer, false, now, out)
      return
    }
    const due = this.#dueByAlarm.get(timer.type)
    if (due === undefined || due > now) return
    this.#dueByAlarm.delete(timer.type)
    if (timer.type === 'choose') this.#onChoose(now, out)
    else if (timer.type === 'exchange') this.#onExchangeDue(now, out)
    else if (timer.type === 'refresh') this.#onRefresh(now, out)
    else this.#onSave(now, out)
  }

  /** Lets the alarm ring at this time or earlier. */
  #arm(alarm: Alarm, at: Millis, now: Millis, out: RoutingEffect[]): void {
    const due = this.#dueByAlarm.get(alarm)
    if (at === Number.POSITIVE_INFINITY || (due !== undefined && due <= at)) return
    this.#dueByAlarm.set(alarm, Math.max(at, now))
    out.push({ type: 'set-timer', afterMs: Math.max(0, at - now), timer: { type: alarm } })
  }

  /** Our tables have changed: choose links, tell siblings, save, each in its time. */
  #changed(now: Millis, out: RoutingEffect[]): void {
    this.#chooseSoon(now, out)
    if (this.#table.siblings.hasChanged) this.#arm('exchange', now + SIBLING_BATCH_MS, now, out)
    this.#arm('exchange', this.#exchange.nextAt(), now, out)
    this.#arm('save', Math.max(now + CHOOSE_AFTER_MS, this.#savedAt + CONTACTS_SAVE_MS), now, out)
    this.#arm('refresh', this.#lookups.nextAt(), now, out)
  }

  #chooseSoon(now: Millis, out: RoutingEffect[]): void {
    this.#arm('choose', now + CHOOSE_AFTER_MS + (this.#random.u32() % CHOOSE_AFTER_MS), now, out)
  }

  #onChoose(now: Millis, out: RoutingEffect[]): void {
    const phase = this.#phase(now)
    for (const change of this.#choice.choose(phase, now)) out.push({ type: 'want', ...change })
    this.#arm('choose', this.#choice.nextAt, now, out)
    if (phase === 'first' && this.#settledAt !== null) { const E = (n: string, d: number): number => Number((globalThis as any).process?.env[n] ?? d)
     this.#arm('choose', this.#settledAt - E('NEARMS', 1500), now, out) }
    if (phase === 'near' && this.#settledAt !== null) this.#arm('choose', this.#settledAt, now, out)
    this.#askForContacts(now, out)
  }

  #phase(now: Millis): ChoicePhase {
    if (!this.#lookups.joined || this.#settledAt === null) return 'first'
    const E = (n: string, d: number): number => Number((globalThis as any).process?.env[n] ?? d)
    if (this.#settledAt > now && this.#settledAt - E('NEARMS', 1500) > now) return 'first'
    return this.#settledAt <= now ? 'all' : 'near'
  }

  #askForContacts(now: Millis, out: RoutingEffect[]): void {
    const links = this.#linked.length
    if (links >= NEEDY_BELOW || (links > 0 && this.#choice.pending > 0)) return
    if (this.#needAt <= now) {
      out.push({ type: 'need-contacts' })
      this.#needAt = now + this.#jittered(this.#needEveryMs)
      const longest = links === 0 ? NEED_EVERY_MS_ALONE : NEED_EVERY_MS_MAX
      this.#needEveryMs = Math.min(this.#needEveryMs * 2, longest)
    }
    this.#arm('choose', this.#needAt, now, out)
  }

  #onExchangeDue(now: Millis, out: RoutingEffect[]): void {
    const { siblings } = this.#table
    if (siblings.hasChanged) this.#tellSiblings(now, out)
    for (const [peer, link] of this.#linkByPeer) {
      const message = this.#exchange.news(link, now)
      if (message !== null) out.push({ type: 'send', to: peer, message, lazy: true })
    }
    this.#arm('exchange', this.#exchange.nextAt(), now, out)
  }

  #tellSiblings(now: Millis, out: RoutingEffect[]): void {
    const changes = this.#table.siblings.takeChanges()
    out.push({ type: 'siblings-changed', ...changes })
    if (this.#settledAt !== null && this.#settledAt > now) {
      this.#settledAt = Math.min(now + SETTLED_AFTER_MS, this.#settledAtMax)
    }
    for (const [peer, link] of this.#linkByPeer) {
      if (((link.theirs | this.#choice.reasonsOf(peer)) & LINK_REASONS.leaf) === 0) continue
      const message = this.#exchange.changes(link, changes)
      if (message !== null) out.push({ type: 'send', to: peer, message })
    }
  }

  #onRefresh(now: Millis, out: RoutingEffect[]): void {
    if (this.#linked.length === 0) return
    for (const target of this.#lookups.due(now)) out.push({ type: 'find', target })
    if (this.#verifyAt <= now) {
      this.#verifyAt = now + VERIFY_EVERY_MS
      this.#verifyOldest(now, out)
    }
    this.#arm('refresh', Math.min(this.#lookups.nextAt(), this.#verifyAt), now, out)
  }

  #onSave(now: Millis, out: RoutingEffect[]): void {
    const known = [...this.#table.all()]
    known.sort((a, b) => Number(b.linked) - Number(a.linked) || b.seenAt - a.seenAt)
    const contacts = known.slice(0, CONTACTS_SAVED_MAX).map(({ contact, linked, seenAt }) => ({
      contact,
      lastSeen: linked ? now : seenAt,
    }))
    this.#savedAt = now
    out.push({ type: 'save', contacts })
  }

  #jittered(ms: number): number {
    return ms + (this.#random.u32() % Math.max(1, ms >> 1))
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
