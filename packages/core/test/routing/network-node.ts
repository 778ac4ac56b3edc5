// One peer of the network in network.ts.

import { type Contact } from '../../src/identity/contact.ts'
import { type Key, keyOf, type PeerId } from '../../src/identity/peer-id.ts'
import { DIALS_MAX, PRUNE_AFTER_MS } from '../../src/limits.ts'
import { LINK_REASONS } from '../../src/peer/calls.ts'
import { Routing, type RoutingEffect, type RoutingInput } from '../../src/routing/routing.ts'
import { SeededRandom } from '../gossip/seeded.ts'
import type { Network } from './network.ts'

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
  joinedAt: Millis | null = null
  saved = 0
  readonly #network: Network

  constructor(network: Network, self: Contact) {
    this.#network = network
    const { linksMax } = network.options
    this.routing = new Routing({ self, workBits: 0, linksMax, servers: [] }, new SeededRandom(network.random.u32()))
  }

  get id(): PeerId {
    return this.routing.self.id
  }

  handle(input: RoutingInput): void {
    if (!this.isAlive) return
    const out: RoutingEffect[] = []
    this.routing.handle(input, this.#network.now, out)
    for (const effect of out) this.#carryOut(effect)
  }

  /** Stops without a word; the others notice when the link is silent. */
  vanish(): void {
    this.isAlive = false
    for (const link of this.links.values()) {
      const { remote } = link
      this.#network.after(SILENCE_MS + this.#network.delay() * 10, () => remote.drop(this.id, false, 'silent'))
    }
  }

  /** Says goodbye. */
  leave(): void {
    this.isAlive = false
    for (const { remote } of this.links.values()) {
      this.#network.after(this.#network.delay(), () => remote.drop(this.id, true, 'left'))
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
      case 'send': {
        const link = this.links.get(effect.to)
        if (link === undefined || effect.message.type !== 'PEER_EXCHANGE') return
        const { message } = effect
        network.counts.exchanges += 1
        network.counts.contactsSent += message.linked.length + message.siblings.length
        return network.after(network.delay(), () => {
          if (this.links.get(effect.to) === link) link.remote.handle({ type: 'receive', from: this.id, message })
        })
      }
      case 'find':
        network.counts.finds += 1
        return this.#find(effect.target)
      case 'probe': {
        network.counts.probes += 1
        const { id } = effect.contact
        return network.after(network.delay() * 6, () => {
          if (network.nodeById.get(id)?.isAlive) this.handle({ type: 'probed', peer: id, alive: true })
        })
      }
      case 'need-contacts':
        return this.#introduce()
      case 'joined':
        this.joinedAt ??= network.now
        return
      case 'save':
        this.saved += 1
        return
      case 'offence':
        network.violations.push(`offence ${effect.offence}`)
        return
    }
  }

  #find(target: Key): void {
    const { end, hops } = this.#network.walk(this, target, this.id)
    const answered = end !== this
    const contacts = answered ? [end.routing.self, ...end.routing.closest(target, 20)] : []
    this.#network.after(hops * 2 * this.#network.delay(), () =>
      this.handle({ type: 'found', target, responder: answered ? end.id : null, contacts }),
    )
  }

  #introduce(): void {
    const network = this.#network
    const others = network.alive.filter((node) => node !== this)
    if (others.length === 0) return
    network.counts.introductions += 1
    const contacts = Array.from({ length: network.options.introductions }, () => network.pick(others).routing.self)
    network.after(network.delay() * 2, () => this.handle({ type: 'learned', contacts, via: null }))
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
      this.#network.after(this.#network.delay() * 2, () => this.#offer(this.#network.nodeById.get(id)!, reasons))
    }
  }

  #offer(remote: NetworkNode, reasons: number): void {
    const network = this.#network
    if (!this.dials.has(remote.id) || !this.isAlive) return
    if (!remote.isAlive) {
      network.after(DIAL_TIMEOUT_MS, () => {
        network.counts.dead += 1
        this.#failed(remote.id, 1_000, true)
      })
      return
    }
    if (remote.links.has(this.id)) return void this.dials.delete(remote.id)
    if (remote.dials.has(this.id)) {
      network.counts.glare += 1
      if (remote.id < this.id) return void this.dials.delete(remote.id)
      remote.dials.delete(this.id)
    }
    if (!remote.#findPlace(this.id, reasons)) {
      return this.#refused(remote)
    }
    remote.accepts.add(this.id)
    network.after(200 + network.delay() * 3, () => this.#open(remote))
  }

  #findPlace(peer: PeerId, reasons: number): boolean {
    if (this.#places > 0) return true
    if ((reasons & LINK_REASONS.leaf) === 0 || !this.routing.isNear(peer)) return false
    let victim: Link | null = null
    let victimWorth = Number.POSITIVE_INFINITY
    for (const link of this.links.values()) {
      if (((link.ours | link.theirs) & LINK_REASONS.leaf) !== 0) continue
      const worth = (link.ours !== 0 ? 2 : 0) + (link.theirs !== 0 ? 1 : 0)
      if (worth >= victimWorth) continue
      victim = link
      victimWorth = worth
    }
    if (victim === null) return false
    this.accepts.add(peer)
        this.#close(victim.remote)
    return true
  }

  #refused(remote: NetworkNode): void {
    const network = this.#network
    network.counts.refused += 1
    const alternatives = remote.routing.closestLinked(keyOf(this.id), 4)
    network.after(network.delay(), () => {
      this.handle({ type: 'learned', contacts: alternatives, via: null })
      this.#failed(remote.id, BUSY_RETRY_MS, false)
    })
  }

  #failed(peer: PeerId, baseMs: number, gone: boolean): void {
    if (!this.dials.delete(peer)) return
    const failures = this.failures.get(peer) ?? 0
    this.failures.set(peer, failures + 1)
    this.wants.delete(peer)
    const jitter = 0.5 + this.#network.random.u32() / 0x1_0000_0000
    const retryAfterMs = Math.round(Math.min(baseMs * 2 ** failures, BUSY_RETRY_MS_MAX) * jitter)
    this.handle({ type: 'dial-failed', peer, retryAfterMs, gone })
    this.#pump()
  }

  #open(remote: NetworkNode): void {
    remote.accepts.delete(this.id)
    if (!this.dials.delete(remote.id) || !this.isAlive || !remote.isAlive) return
    this.#network.counts.opened += 1
    for (const [node, other, role] of [
      [this, remote, 'dialer'],
      [remote, this, 'listener'],
    ] as const) {
      const link = { remote: other, ours: 0, theirs: role === 'listener' ? LINK_REASONS.bucket : 0, idleSince: 0 }
      node.failures.delete(other.id)
      node.links.set(other.id, link)
    }
    for (const [node, other, role] of [
      [this, remote, 'dialer'],
      [remote, this, 'listener'],
    ] as const) {
      const link = node.links.get(other.id)!
      node.#say(link, node.wants.get(other.id)?.reasons ?? 0)
      node.handle({ type: 'link-up', contact: other.routing.self, role })
      node.#pump()
    }
  }
}

