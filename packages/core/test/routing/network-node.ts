// One peer of the network in network.ts: its routing machine, and stubs of what carries its effects out.

import type { LinkRole, Millis } from '../../src/contract.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { type Key, keyOf, type PeerId } from '../../src/identity/peer-id.ts'
import { DIALS_MAX, PRUNE_AFTER_MS } from '../../src/limits.ts'
import { LINK_REASONS } from '../../src/peer/calls.ts'
import { brokenInvariants } from '../../src/routing/invariants.ts'
import { Routing, type RoutingEffect, type RoutingInput } from '../../src/routing/routing.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import type { Network } from './network.ts'

const BUSY_RETRY_MS = 30_000
const FAILED_RETRY_MS = 1_000
const RETRY_MS_MAX = 120_000
/** Milliseconds until a dial to somebody who is not there is given up. */
const DIAL_TIMEOUT_MS = 3_000
/** Milliseconds until a link to somebody who is not there is given up, and as much again at most. */
const SILENCE_MS = 3_000

interface Link {
  readonly remote: NetworkNode
  ours: number
  theirs: number
  idleSince: Millis
}

/** One peer: its routing machine, and what dialer, link set and finder do for it. */
export class NetworkNode {
  readonly routing: Routing
  readonly links = new Map<PeerId, Link>()
  readonly wants = new Map<PeerId, { contact: Contact; reasons: number }>()
  readonly dials = new Set<PeerId>()
  readonly accepts = new Set<PeerId>()
  readonly failures = new Map<PeerId, number>()
  isAlive = true
  joined = 0
  exchangesSent = 0
  /** Nobody introduces us to anybody. */
  isOnItsOwn = false
  readonly #network: Network

  constructor(network: Network, self: Contact) {
    this.#network = network
    const { linksMax } = network.options
    this.routing = new Routing(
      { self, workBits: 0, linksMax, servers: [] },
      { roundTripMs: () => null },
      new SeededRandom(network.random.u32()),
    )
  }

  get id(): PeerId {
    return this.routing.view.self.id
  }

  handle(input: RoutingInput): void {
    if (!this.isAlive) return
    const out: RoutingEffect[] = []
    this.routing.handle(input, this.#network.now, out)
    for (const effect of out) this.#carryOut(effect)
  }

  check(): string[] {
    const { linksMax } = this.#network.options
    const wrong = brokenInvariants(this.routing.state)
    return this.links.size > linksMax ? [...wrong, `${this.links.size} links of at most ${linksMax}`] : wrong
  }

  /** Stops without a word; the others notice when the link is silent. */
  vanish(): void {
    this.isAlive = false
    for (const { remote } of this.links.values()) {
      const afterMs = SILENCE_MS + this.#network.random.below(SILENCE_MS)
      this.#network.after(afterMs, () => remote.drop(this.id, false, 'silent'))
    }
  }

  /** All connections break at once, and both ends notice. */
  cutOff(): void {
    for (const { remote } of [...this.links.values()]) {
      this.drop(remote.id, false, 'silent')
      remote.drop(this.id, false, 'silent')
    }
  }

  drop(peer: PeerId, left: boolean, reason: string): void {
    if (!this.links.delete(peer)) return
    this.wants.delete(peer)
    this.handle({ type: 'link-down', peer, left, reason })
    this.#pump()
  }

  #carryOut(effect: RoutingEffect): void {
    const network = this.#network
    switch (effect.type) {
      case 'set-timer':
        return network.after(effect.afterMs, () => this.handle({ type: 'timer', timer: effect.timer }))
      case 'want':
        network.counts.wants += 1
        return this.#onWant(effect.contact, effect.reasons)
      case 'send':
        return this.#send(effect)
      case 'find':
        return this.#find(effect.target, effect.via)
      case 'probe':
        return this.#probe(effect.contact.id)
      case 'need-contacts':
        return this.#introduce()
      case 'joined':
        this.joined += 1
        return
      case 'offence':
        network.violations.add(`offence ${effect.offence}`)
    }
  }

  #send({ to, message }: RoutingEffect & { type: 'send' }): void {
    const link = this.links.get(to)
    if (link === undefined || message.type !== 'PEER_EXCHANGE') return
    this.exchangesSent += 1
    this.#network.after(this.#network.delay(), () => {
      if (this.links.get(to) === link) link.remote.handle({ type: 'receive', from: this.id, message })
    })
  }

  #probe(peer: PeerId): void {
    this.#network.counts.probes += 1
    this.#network.after(this.#network.delay() * 6, () => {
      if (this.#network.nodeOf(peer).isAlive) this.handle({ type: 'probed', peer, alive: true })
    })
  }

  #find(target: Key, via: readonly PeerId[]): void {
    const { end, hops } = this.#network.walk(this, target, via)
    const answered = end !== this && this.#network.answersLookups
    const contacts = answered ? [end.routing.view.self, ...end.routing.view.closest(target, 20)] : []
    this.#network.after(hops * 2 * this.#network.delay(), () =>
      this.handle({ type: 'found', target, via, responder: answered ? end.id : null, contacts }),
    )
  }

  #introduce(): void {
    const network = this.#network
    const others = network.alive.filter((node) => node !== this)
    if (others.length === 0 || this.isOnItsOwn) return
    const introduced = network.random.shuffled(others).slice(0, network.options.introductions)
    const contacts = introduced.map(({ routing }) => routing.view.self)
    network.after(network.delay() * 2, () => this.handle({ type: 'introduced', contacts }))
  }

  // Links

  get #places(): number {
    return this.#network.options.linksMax - this.links.size - this.dials.size - this.accepts.size
  }

  #onWant(contact: Contact, reasons: number): void {
    if (reasons === 0) this.wants.delete(contact.id)
    else this.wants.set(contact.id, { contact, reasons })
    const link = this.links.get(contact.id)
    if (link === undefined) return this.#pump()
    this.#say(link, reasons)
  }

  #say(link: Link, reasons: number): void {
    link.ours = reasons
    this.#network.after(this.#network.delay(), () => {
      const back = link.remote.links.get(this.id)
      if (this.links.get(link.remote.id) !== link || back === undefined) return
      back.theirs = reasons
      link.remote.handle({ type: 'remote-reasons', peer: this.id, reasons })
      link.remote.#pruneLater(back)
    })
    this.#pruneLater(link)
  }

  #pruneLater(link: Link): void {
    if ((link.ours | link.theirs) !== 0) {
      link.idleSince = 0
      return
    }
    link.idleSince = this.#network.now
    this.#network.after(PRUNE_AFTER_MS, () => {
      if (this.links.get(link.remote.id) !== link || link.idleSince === 0) return
      if (this.#network.now - link.idleSince >= PRUNE_AFTER_MS) this.#close(link.remote)
    })
  }

  #close(remote: NetworkNode): void {
    this.#network.counts.closed += 1
    this.drop(remote.id, false, 'pruned')
    this.#network.after(this.#network.delay(), () => remote.drop(this.id, false, 'pruned'))
  }

  #pump(): void {
    for (const { contact, reasons } of this.wants.values()) {
      if (!this.isAlive || this.dials.size >= DIALS_MAX || this.#places <= 0) return
      const { id } = contact
      if (this.links.has(id) || this.dials.has(id) || this.accepts.has(id)) continue
      this.dials.add(id)
      this.#network.counts.dials += 1
      this.#network.after(this.#network.delay() * 2, () => this.#offer(this.#network.nodeOf(id), reasons))
    }
  }

  #offer(remote: NetworkNode, reasons: number): void {
    const network = this.#network
    if (!this.dials.has(remote.id) || !this.isAlive) return
    if (!remote.isAlive) {
      network.counts.deadDials += 1
      return network.after(DIAL_TIMEOUT_MS, () => this.#failed(remote.id, FAILED_RETRY_MS, true))
    }
    if (remote.links.has(this.id) || !this.#winsGlare(remote)) return void this.dials.delete(remote.id)
    if (!remote.#findPlace(this.id, reasons)) return this.#refused(remote)
    remote.accepts.add(this.id)
    network.after(200 + network.delay() * 3, () => this.#open(remote))
  }

  /** Where both dialed at once, the smaller id's dial goes on. */
  #winsGlare(remote: NetworkNode): boolean {
    if (!remote.dials.has(this.id)) return true
    this.#network.counts.glares += 1
    return this.id < remote.id && remote.dials.delete(this.id)
  }

  /** A neighbour gets the place of the link that would be missed least. */
  #findPlace(peer: PeerId, reasons: number): boolean {
    if (this.#places > 0) return true
    if ((reasons & LINK_REASONS.leaf) === 0 || !this.routing.view.isNear(peer)) return false
    const victims = [...this.links.values()].filter(
      ({ ours, theirs }) => ((ours | theirs) & LINK_REASONS.leaf) === 0,
    )
    victims.sort(
      (a, b) => Math.sign(a.ours) * 2 + Math.sign(a.theirs) - Math.sign(b.ours) * 2 - Math.sign(b.theirs),
    )
    const [victim] = victims
    if (victim === undefined) return false
    this.accepts.add(peer)
    this.#close(victim.remote)
    return true
  }

  #refused(remote: NetworkNode): void {
    const network = this.#network
    network.counts.refused += 1
    const alternatives = remote.routing.view.closestLinked(keyOf(this.id), 4)
    network.after(network.delay(), () => {
      this.handle({ type: 'learned', contacts: alternatives })
      this.#failed(remote.id, BUSY_RETRY_MS, false)
    })
  }

  #failed(peer: PeerId, baseMs: number, gone: boolean): void {
    if (!this.dials.delete(peer)) return
    const failures = this.failures.get(peer) ?? 0
    this.failures.set(peer, failures + 1)
    this.wants.delete(peer)
    const retryMs = Math.min(baseMs * 2 ** failures, RETRY_MS_MAX)
    const retryAfterMs = Math.round(retryMs * (0.5 + this.#network.random.share()))
    this.handle({ type: 'dial-failed', peer, retryAfterMs, gone })
    this.#pump()
  }

  #open(remote: NetworkNode): void {
    remote.accepts.delete(this.id)
    if (!this.dials.delete(remote.id) || !this.isAlive || !remote.isAlive) return
    this.#network.counts.opened += 1
    this.links.set(remote.id, { remote, ours: 0, theirs: 0, idleSince: 0 })
    remote.links.set(this.id, { remote: this, ours: 0, theirs: LINK_REASONS.bucket, idleSince: 0 })
    this.#opened(remote, 'dialer')
    remote.#opened(this, 'listener')
  }

  #opened(remote: NetworkNode, role: LinkRole): void {
    this.failures.delete(remote.id)
    this.#say(this.links.get(remote.id)!, this.wants.get(remote.id)?.reasons ?? 0)
    this.handle({ type: 'link-up', contact: remote.routing.view.self, role, signalingPath: 'overlay' })
    this.#pump()
  }
}
