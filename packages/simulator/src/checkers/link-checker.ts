// Safety of links, looked at after every step: never more than the cap, goodbyes aside (PROTOCOL.md, LK-15), one join
// before one leave, and the time that joining took.

import { GOODBYES_MAX, LINKS_MAX, type PeerEvent, type PeerId } from '@hyphae/core'
import type { Host } from '../host.ts'
import type { Network, NetworkObserver } from '../network.ts'
import { Samples } from '../samples.ts'
import type { Violations } from './violations.ts'

interface Watched {
  /** The boot that these facts are about. */
  boot: number
  readonly peers: Set<PeerId>
  startedAt: number
  firstLinkAt: number
  joinedAt: number
}

export class LinkChecker implements NetworkObserver {
  readonly #network: Network
  readonly #violations: Violations
  readonly #linksMax: number
  readonly #watchedByHost = new Map<Host, Watched>()
  readonly #ignored = new Set<Host>()
  /** Milliseconds from the first link to `joined`, and from the start. */
  readonly joinMs = new Samples()
  readonly startToJoinedMs = new Samples()
  /** Most links that any peer had at once, and most connections, those included that wait for the answer to their goodbye. */
  linksMax = 0
  connectionsMax = 0
  joins = 0
  leaves = 0
  /** Attempts to link that ended because nobody answered, or found no way in time; the ends of one count as two. */
  attemptsTimedOut = 0

  constructor(network: Network, violations: Violations, linksMax = LINKS_MAX) {
    this.#network = network
    this.#violations = violations
    this.#linksMax = linksMax
  }

  /** Whether the peer runs and has found its neighbourhood. */
  hasJoined(host: Host): boolean {
    return host.isRunning && this.#watched(host).joinedAt >= 0
  }

  /** When it had its first link since it started; -1 before. */
  firstLinkAt(host: Host): number {
    return this.#watched(host).firstLinkAt
  }

  /** What befalls this peer is of no interest from now on. */
  ignore(host: Host): void {
    this.#ignored.add(host)
  }

  /** Figures of joining begin anew. */
  forgetJoins(): void {
    this.joinMs.clear()
    this.startToJoinedMs.clear()
    this.attemptsTimedOut = 0
  }

  linksOf(host: Host): number {
    return host.isRunning ? this.#watched(host).peers.size : 0
  }

  onEvent(host: Host, event: PeerEvent): void {
    if (this.#ignored.has(host)) return
    if (event.type === 'peer-joined') this.#onJoined(host, event.peer)
    else if (event.type === 'peer-left') this.#onLeft(host, event.peer)
    else if (event.type === 'link-stage' && event.stage === 'failed:timeout') this.attemptsTimedOut += 1
    else if (event.type === 'status') this.#onStatus(host, event.status)
    else if (event.type === 'stopped' || event.type === 'problem')
      this.#violate(host, `${event.type} ${event.code}: ${event.message}`)
  }

  onHandled(host: Host): void {
    if (this.#ignored.has(host)) return
    const { open } = host.transport
    if (open > this.connectionsMax) this.connectionsMax = open
    const max = this.#linksMax + GOODBYES_MAX
    if (open > max) this.#violate(host, `has ${open} connections of at most ${max}`)
  }

  #onJoined(host: Host, peer: PeerId): void {
    const watched = this.#watched(host)
    if (watched.peers.has(peer)) this.#violate(host, `joined ${peer} twice`)
    if (peer === host.id) this.#violate(host, 'joined itself')
    watched.peers.add(peer)
    this.joins += 1
    if (watched.firstLinkAt < 0) watched.firstLinkAt = this.#now
    if (watched.peers.size > this.linksMax) this.linksMax = watched.peers.size
    if (watched.peers.size > this.#linksMax)
      this.#violate(host, `has ${watched.peers.size} links of at most ${this.#linksMax}`)
  }

  #onLeft(host: Host, peer: PeerId): void {
    this.leaves += 1
    if (!this.#watched(host).peers.delete(peer)) this.#violate(host, `left ${peer}, which had not joined`)
  }

  #onStatus(host: Host, status: string): void {
    const watched = this.#watched(host)
    if (status !== 'joined' || watched.joinedAt >= 0) return
    watched.joinedAt = this.#now
    this.joinMs.add(watched.joinedAt - watched.firstLinkAt)
    this.startToJoinedMs.add(watched.joinedAt - watched.startedAt)
  }

  /** To be told when a peer starts; otherwise its clock runs from its first event. */
  started(host: Host): void {
    this.#watched(host)
  }

  #watched(host: Host): Watched {
    const known = this.#watchedByHost.get(host)
    if (known?.boot === host.boot) return known
    const fresh = {
      boot: host.boot,
      peers: new Set<PeerId>(),
      startedAt: this.#now,
      firstLinkAt: -1,
      joinedAt: -1,
    }
    this.#watchedByHost.set(host, fresh)
    return fresh
  }

  get #now(): number {
    return this.#network.timeline.now
  }

  #violate(host: Host, what: string): void {
    this.#violations.add(this.#now, `peer ${host.number} ${what}`)
  }
}
