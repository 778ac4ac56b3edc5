// Which peers we know, and which of them we want links to (PROTOCOL.md, section RT). It decides; dialing, carrying lookups
// and asking whether somebody lives is the business of others, who report back.

import type { Millis, Random, StoredContact } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import { keyOf, type PeerId } from '../identity/peer-id.ts'
import { CONTACTS_SAVE_MS } from '../limits.ts'
import type { LinkView, Machine } from '../machine.ts'
import { LINK_REASONS } from '../peer/calls.ts'
import type { MessageOf } from '../wire/messages.ts'
import { Acquaintances, type Source } from './acquaintances.ts'
import { Alarms } from './alarms.ts'
import { Arrival } from './arrival.ts'
import { Bridges } from './bridges.ts'
import type { KnownContact } from './bucket.ts'
import type { RoutingState } from './invariants.ts'
import { Knowledge } from './knowledge.ts'
import { type ChoicePhase, LinkChoice } from './link-choice.ts'
import type { LinkState } from './link-tally.ts'
import { Lookups } from './lookups.ts'
import { Need } from './need.ts'
import { PeerExchange, SIBLING_BATCH_MS } from './peer-exchange.ts'
import { Proximity } from './proximity.ts'
import type { RoutingEffect, RoutingInput, RoutingOptions, RoutingTimer } from './routing-contract.ts'
import { RoutingTable } from './routing-table.ts'

export type { RoutingEffect, RoutingInput, RoutingOptions, RoutingTimer } from './routing-contract.ts'

/** Milliseconds from a change to the choice of links, and by chance as much again: one join is many changes. */
const CHOOSE_AFTER_MS = 250
/** Milliseconds between two questions to the contact unseen for longest. */
const VERIFY_EVERY_MS = 60_000
/** Milliseconds before a broken link is made again: longer than a suspect link takes to revive or to end. */
const REST_BROKEN_MS = 2_000
/** Milliseconds before a peer that needed the place is asked again, and before one that seems dead is, while we are alone. */
const REST_PRUNED_MS = 60_000
const REST_ALONE_MS = 10_000
/** What an introducer names, and what a peer names that we have no link to. */
const INTRODUCED: Source = { evidence: 'linked', namer: null }
/** Why the other end closes a link that we may not want to make again at once. */
const NEEDS_PLACE: readonly string[] = ['pruned', 'busy', 'overloaded']

export class Routing implements Machine<RoutingInput, RoutingEffect> {
  /** What others may ask of it. */
  readonly view: Knowledge
  readonly #self: Contact
  readonly #random: Random
  readonly #table: RoutingTable
  readonly #acquaintances: Acquaintances
  readonly #linkByPeer = new Map<PeerId, LinkState>()
  readonly #choice: LinkChoice
  readonly #proximity: Proximity
  readonly #exchange: PeerExchange
  readonly #lookups: Lookups
  readonly #need: Need
  readonly #bridges: Bridges
  readonly #arrival: Arrival
  readonly #alarms = new Alarms<Exclude<RoutingTimer['type'], 'probe'>>()
  #linkUps = 0
  #verifyAt: Millis = 0
  #savedAt: Millis = Number.NEGATIVE_INFINITY

  constructor(options: RoutingOptions, links: Pick<LinkView, 'roundTripMs'>, random: Random) {
    const { self, workBits, linksMax, servers } = options
    this.#self = self
    this.#random = random
    this.#table = new RoutingTable(self.id)
    this.#proximity = new Proximity(links)
    const views = { table: this.#table, proximity: this.#proximity }
    this.#acquaintances = new Acquaintances(self.id, workBits, this.#table, this.#proximity)
    const isSuspect = (peer: PeerId): boolean => this.#acquaintances.isSuspect(peer)
    this.#choice = new LinkChoice({ self: self.id, linksMax, isSuspect }, views, this.#linkByPeer, random)
    this.#exchange = new PeerExchange({ servers }, views, this.#linkByPeer, random)
    this.#lookups = new Lookups(self.id, this.#table, random)
    this.#need = new Need(random)
    this.#bridges = new Bridges(random)
    this.#arrival = new Arrival(this.#choice.targets.settleMs)
    const { targets } = this.#choice
    this.view = new Knowledge(self, {
      ...views,
      acquaintances: this.#acquaintances,
      linkByPeer: this.#linkByPeer,
      arrival: this.#arrival,
      targets,
    })
  }

  handle(input: RoutingInput, now: Millis, out: RoutingEffect[]): void {
    this.#dispatch(input, now, out)
    if (this.#arrival.takeJoined((peer) => this.#isStranger(peer, now), now)) out.push({ type: 'joined' })
  }

  wants(timer: RoutingTimer): boolean {
    return timer.type !== 'probe' || this.#acquaintances.isSuspect(timer.peer)
  }

  /** Sizes of everything that remotes can fill. */
  tables(): Record<string, number> {
    return {
      ...this.#table.tables(),
      ...this.#acquaintances.tables(),
      ...this.#choice.tables(),
      ...this.#exchange.tables(),
      ...this.#bridges.tables(),
      ...this.#arrival.tables(),
      links: this.#linkByPeer.size,
    }
  }

  /** For invariants.ts. */
  get state(): RoutingState {
    const { pending: wanted, linksMax } = this.#choice
    return { table: this.#table, linkByPeer: this.#linkByPeer, wanted, linksMax }
  }

  // Inputs

  #dispatch(input: RoutingInput, now: Millis, out: RoutingEffect[]): void {
    switch (input.type) {
      case 'restore':
        return this.#onRestore(input.contacts, now, out)
      case 'link-up':
        return this.#onLinkUp(input, now, out)
      case 'link-down':
        return this.#onLinkDown(input, now, out)
      case 'introduced':
        return this.#onIntroduced(input.contacts, now, out)
      case 'learned':
        return this.#learn(input.contacts, INTRODUCED, now, out)
      case 'dial-failed':
        return this.#onDialFailed(input, now, out)
      case 'receive':
        return this.#onExchange(input.from, input.message, now, out)
      case 'found':
        return this.#onFound(input, now, out)
      case 'probed':
        return this.#onProbed(this.#acquaintances.endProbe(input.peer), input.alive, now, out)
      case 'probe-dropped':
        this.#acquaintances.endProbe(input.peer)
        return this.#acquaintances.sendProbes(now, out)
      case 'remote-reasons':
        return this.#onRemoteReasons(input.peer, input.reasons, now, out)
      case 'timer':
        return this.#onTimer(input.timer, now, out)
    }
  }

  // Links

  #onLinkUp(
    { contact, role, signalingPath }: RoutingInput & { type: 'link-up' },
    now: Millis,
    out: RoutingEffect[],
  ): void {
    // The handshake has checked the contact's work: a link that routing knew nothing of would carry no traffic.
    if (this.#linkByPeer.has(contact.id) || contact.id === this.#self.id) return
    const known = this.#acquaintances.linkUp(contact, now)
    this.#linkUps += 1
    // A dialer has its reasons, and says them in its first WANT.
    const theirs = role === 'listener' ? LINK_REASONS.bucket : 0
    const link = { known, role, number: this.#linkUps, theirs }
    this.#linkByPeer.set(contact.id, link)
    this.#linksChanged()
    this.#choice.linkUp(link)
    this.#bridges.linkUp(contact.id, signalingPath, this.#linkByPeer.size === 1)
    out.push({ type: 'send', to: contact.id, message: this.#exchange.welcome(link, now) })
    if (this.#linkByPeer.size === 1) this.#begin(now, out)
    this.#changed(now, out)
  }

  #onLinkDown(
    { peer, left, reason }: RoutingInput & { type: 'link-down' },
    now: Millis,
    out: RoutingEffect[],
  ): void {
    const link = this.#linkByPeer.get(peer)
    if (link === undefined) return
    const isPruned = NEEDS_PLACE.includes(reason)
    this.#linkByPeer.delete(peer)
    this.#linksChanged()
    this.#exchange.linkDown(peer)
    this.#bridges.linkDown(peer)
    this.#choice.linkDown(peer, this.#jittered(isPruned ? REST_PRUNED_MS : REST_BROKEN_MS), now)
    this.#acquaintances.linkDown(link.known)
    if (this.view.isNear(peer)) this.#lookups.disturbed(now)
    if (this.#linkByPeer.size === 0) this.#end()
    if (left) this.#bury(link.known, now, out)
    else if (!isPruned && this.#linkByPeer.size > 0) this.#acquaintances.probe(link.known, now, out)
    this.#changed(now, out)
  }

  #linksChanged(): void {
    this.view.linksChanged()
    this.#need.linksChanged(this.#linkByPeer.size)
  }

  /** The first link is up. */
  #begin(now: Millis, out: RoutingEffect[]): void {
    this.#lookups.begin(now)
    this.#need.told(now)
    this.#verifyAt = now + VERIFY_EVERY_MS
    this.#onRefresh(now, out)
  }

  /** The last link has gone. */
  #end(): void {
    this.#lookups.end()
    this.#acquaintances.clearProbes()
    this.#arrival.end()
  }

  #onDialFailed(
    { peer, retryAfterMs, gone }: RoutingInput & { type: 'dial-failed' },
    now: Millis,
    out: RoutingEffect[],
  ): void {
    const known = this.#table.get(peer)
    // While we are alone, a dial that leads nowhere says more about us than about the other.
    const isAlone = this.#linkByPeer.size === 0
    this.#choice.dialFailed(peer, gone && isAlone ? Math.max(retryAfterMs, REST_ALONE_MS) : retryAfterMs, now)
    if (known !== null && !known.linked && gone && !isAlone) this.#bury(known, now, out)
    this.#changed(now, out)
  }

  #onRemoteReasons(peer: PeerId, reasons: number, now: Millis, out: RoutingEffect[]): void {
    const link = this.#linkByPeer.get(peer)
    if (link === undefined || link.theirs === reasons) return
    link.theirs = reasons
    this.#chooseSoon(now, out)
  }

  // Contacts

  #onRestore(contacts: readonly StoredContact[], now: Millis, out: RoutingEffect[]): void {
    this.#acquaintances.restore(contacts, now)
    this.#chooseSoon(now, out)
  }

  #onIntroduced(contacts: readonly Contact[], now: Millis, out: RoutingEffect[]): void {
    this.#need.told(now)
    if (this.#linkByPeer.size === 0) this.#acquaintances.forgive(contacts)
    this.#learn(contacts, INTRODUCED, now, out)
    if (!this.#lookups.joined) {
      for (const { id } of contacts) this.#arrival.named(id)
      return
    }
    const known = contacts.flatMap(({ id }) => this.#table.get(id) ?? [])
    const sought = this.#bridges.seek(
      known.filter(({ linked }) => !linked),
      now,
    )
    if (sought !== null) this.#acquaintances.probe(sought, now, out)
  }

  #onExchange(from: PeerId, message: MessageOf<'PEER_EXCHANGE'>, now: Millis, out: RoutingEffect[]): void {
    if (!this.#linkByPeer.has(from)) return
    if (!this.#exchange.admits(from, now)) {
      out.push({ type: 'offence', peer: from, offence: 'flood' })
      return
    }
    const { linked, delays } = message
    this.#learn(linked, { evidence: 'linked', namer: from, delays }, now, out)
    this.#learn(message.siblings, { evidence: 'named', namer: from }, now, out)
    this.#table.siblings.named(from, linked)
    this.#table.siblings.named(from, message.siblings)
    for (const id of message.gone) this.#acquaintances.rumour(id, now, out)
    this.#bridges.heard(from, linked.length > 0)
    this.#lookThroughBridges(out)
    for (const url of this.#exchange.learnServers(message.servers)) {
      out.push({ type: 'event', event: { type: 'server-learned', url } })
    }
  }

  #onFound(input: RoutingInput & { type: 'found' }, now: Millis, out: RoutingEffect[]): void {
    const { target, via, responder, contacts } = input
    const unknown = contacts.filter(({ id }) => this.#table.get(id) === null)
    this.#learn(contacts, { evidence: 'named', namer: responder, foundBy: via }, now, out)
    const isThroughBridge = this.#bridges.found(via, responder !== null)
    if (!isThroughBridge && this.#lookups.found(target, responder !== null, now)) {
      this.#alarms.arm('arrive', this.#arrival.begin(now), now, out)
      for (const peer of this.#arrival.awaited) {
        if (this.#isStranger(peer, now)) this.#acquaintances.rumour(peer, now, out)
      }
      this.#acquaintances.probeRestored(now, out)
    }
    const isNewNeighbour = ({ id }: Contact) => this.view.isNear(id) && this.#table.get(id)?.heard === true
    if (target === keyOf(this.#self.id) && unknown.some(isNewNeighbour)) this.#lookups.surprised(now)
    this.#lookThroughBridges(out)
    this.#chooseSoon(now, out)
    this.#alarms.arm('refresh', this.#lookups.nextAt(), now, out)
  }

  #lookThroughBridges(out: RoutingEffect[]): void {
    if (!this.#lookups.joined) return
    for (const peer of this.#bridges.takeDue())
      out.push({ type: 'find', target: keyOf(this.#self.id), via: [peer] })
  }

  #learn(contacts: readonly Contact[], from: Source, now: Millis, out: RoutingEffect[]): void {
    if (this.#acquaintances.learn(contacts, from, now, out)) this.#changed(now, out)
  }

  #onProbed(known: KnownContact | null, isAlive: boolean, now: Millis, out: RoutingEffect[]): void {
    const isSought = known !== null && this.#bridges.endSeek(known.id, now)
    const isAwaited = known !== null && this.#arrival.probed(known.id, isAlive)
    if (known !== null && isAlive) {
      this.#acquaintances.revive(known, now)
      this.#changed(now, out)
    } else if (known !== null && isSought) {
      this.#choice.bridgeTo(known.id, now)
      this.#chooseSoon(now, out)
    } else if (known !== null && !isAwaited) {
      this.#bury(known, now, out)
    }
    this.#acquaintances.sendProbes(now, out)
  }

  /** The contact is dead: nobody is told of it any more, and its neighbours hear. */
  #bury(known: KnownContact, now: Millis, out: RoutingEffect[]): void {
    if (this.#acquaintances.bury(known, now)) this.#lookups.disturbed(now)
    const change = this.#choice.drop(known)
    if (change !== null) out.push({ type: 'want', ...change })
    this.#changed(now, out)
  }

  /** Whether this peer, which lives, may be of another network than ours. Where many are known most are linked to neither of us. */
  #isStranger(peer: PeerId, now: Millis): boolean {
    if (this.#table.size > this.#choice.targets.total || this.#choice.isResting(peer, now)) return false
    const known = this.#table.get(peer)
    return known !== null && !known.linked && known.via === null
  }

  // Timers

  #onTimer(timer: RoutingTimer, now: Millis, out: RoutingEffect[]): void {
    if (timer.type === 'probe') {
      return this.#onProbed(this.#acquaintances.endProbe(timer.peer, timer.since), false, now, out)
    }
    if (!this.#alarms.take(timer.type, now)) return
    switch (timer.type) {
      case 'choose':
        return this.#onChoose(now, out)
      case 'exchange':
        return this.#onExchangeDue(now, out)
      case 'refresh':
        return this.#onRefresh(now, out)
      case 'save':
        return this.#onSave(now, out)
      case 'arrive':
        return
    }
  }

  /** Our tables have changed: choose links, tell siblings, save, each in its time. */
  #changed(now: Millis, out: RoutingEffect[]): void {
    this.#chooseSoon(now, out)
    if (this.#table.siblings.hasChanged) this.#alarms.arm('exchange', now + SIBLING_BATCH_MS, now, out)
    this.#alarms.arm('exchange', this.#exchange.nextAt(), now, out)
    this.#alarms.arm('save', Math.max(now + CHOOSE_AFTER_MS, this.#savedAt + CONTACTS_SAVE_MS), now, out)
    this.#alarms.arm('refresh', this.#lookups.nextAt(), now, out)
  }

  #chooseSoon(now: Millis, out: RoutingEffect[]): void {
    this.#alarms.arm('choose', now + CHOOSE_AFTER_MS + (this.#random.u32() % CHOOSE_AFTER_MS), now, out)
  }

  #onChoose(now: Millis, out: RoutingEffect[]): void {
    const phase = this.#phase(now)
    for (const change of this.#choice.choose(phase, now)) out.push({ type: 'want', ...change })
    this.#alarms.arm('choose', this.#choice.nextAt, now, out)
    if (this.#arrival.settledAt > now) this.#alarms.arm('choose', this.#arrival.settledAt, now, out)
    if (!this.#need.isNeedy(this.#linkByPeer.size, this.#choice.pending)) return
    if (this.#need.ask(this.#linkByPeer.size, now)) out.push({ type: 'need-contacts' })
    this.#alarms.arm('choose', this.#need.nextAt, now, out)
  }

  #phase(now: Millis): ChoicePhase {
    if (this.#lookups.joined) return this.#arrival.settledAt <= now ? 'all' : 'wait'
    return this.#linkByPeer.size > this.#lookups.failures ? 'wait' : 'first'
  }

  #onExchangeDue(now: Millis, out: RoutingEffect[]): void {
    if (this.#table.siblings.hasChanged) this.#tellSiblings(now, out)
    for (const [peer, link] of this.#linkByPeer) {
      const message = this.#exchange.news(link, now)
      if (message !== null) out.push({ type: 'send', to: peer, message, lazy: true })
    }
    this.#alarms.arm('exchange', this.#exchange.nextAt(), now, out)
  }

  #tellSiblings(now: Millis, out: RoutingEffect[]): void {
    const changes = this.#table.siblings.takeChanges()
    out.push({ type: 'siblings-changed', added: changes.added, gone: changes.gone })
    this.#arrival.siblingsChanged(now)
    for (const [peer, link] of this.#linkByPeer) {
      const isLeaf = ((link.theirs | this.#choice.reasonsOf(peer)) & LINK_REASONS.leaf) !== 0
      const message = this.#exchange.changes(link, isLeaf, changes)
      if (message !== null) out.push({ type: 'send', to: peer, message })
    }
  }

  #onRefresh(now: Millis, out: RoutingEffect[]): void {
    if (this.#linkByPeer.size === 0) return
    for (const { target, around } of this.#lookups.due(now))
      out.push({ type: 'find', target, via: around ? this.#anyWay() : [] })
    if (this.#verifyAt <= now) {
      this.#verifyAt = now + VERIFY_EVERY_MS
      this.#acquaintances.probeOldest(now, out)
    }
    if (!this.#table.siblings.isFull && this.#need.isForgotten(this.#linkByPeer.size, now))
      out.push({ type: 'need-contacts' })
    this.#alarms.arm('refresh', Math.min(this.#lookups.nextAt(), this.#verifyAt), now, out)
  }

  /** The way to somebody drawn by chance. */
  #anyWay(): readonly PeerId[] {
    const known = this.#table.all().filter(({ linked, via }) => linked || via !== null)
    const from = known[this.#random.u32() % known.length]
    if (from === undefined) return []
    return from.via === null ? [from.id] : [from.via, from.id]
  }

  #onSave(now: Millis, out: RoutingEffect[]): void {
    this.#savedAt = now
    out.push({ type: 'save', contacts: this.#acquaintances.toStore(now) })
  }

  #jittered(ms: number): number {
    return ms + (this.#random.u32() % (ms >> 1))
  }
}
