// What linked peers tell each other about peers (PEER_EXCHANGE): the links of each when a link comes up, later only news,
// and among leaf links every change of the sibling list. Where nothing changes, nothing is sent.

import type { Millis, Random } from '../contract.ts'
import { draw } from '../draw.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { NAME_BYTES_MAX } from '../limits.ts'
import type { MessageOf } from '../wire/messages.ts'
import { closestOf } from './distance.ts'
import type { LinkState } from './link-tally.ts'
import type { Proximity } from './proximity.ts'
import type { RoutingTable } from './routing-table.ts'
import type { SiblingChanges, SiblingList } from './siblings.ts'

/** Links named in one exchange. */
export const EXCHANGE_LINKS_MAX = 20
/** Of those, the ones closest to the receiver; the others are drawn by chance, so that it hears of far peers too. */
const EXCHANGE_CLOSEST = 12
/** Siblings named to somebody who is not one of them: enough to go on toward us. */
const EXCHANGE_SIBLINGS_FAR = 8
/** Milliseconds between two exchanges about links with one peer, and by chance an eighth more. */
export const EXCHANGE_MS = 30_000
/** Milliseconds for which changes of the sibling list are collected: a join is heard from several neighbours at once. */
export const SIBLING_BATCH_MS = 500
/** Exchanges one link may send us in EXCHANGE_WINDOW_MS: four times what batching allows an honest peer in a mass join. */
const EXCHANGES_PER_WINDOW_MAX = 80
const EXCHANGE_WINDOW_MS = 10_000
/** Addresses of introducers in one exchange (PROTOCOL.md, PEER_EXCHANGE). */
const SERVERS_PER_EXCHANGE_MAX = 4
/** Addresses of introducers that we believe strangers in one life. */
export const SERVERS_LEARNED_MAX = 32

type Exchange = MessageOf<'PEER_EXCHANGE'>

const NO_DELAYS = new Uint8Array()

interface Correspondent {
  /** Number of the latest link that the peer was told of. */
  toldNumber: number
  nextAt: Millis
  windowEndsAt: Millis
  receivedInWindow: number
}

export class PeerExchange {
  readonly #siblings: SiblingList
  readonly #table: RoutingTable
  readonly #linkByPeer: ReadonlyMap<PeerId, LinkState>
  readonly #proximity: Proximity
  readonly #servers: readonly string[]
  readonly #learnedServers = new Set<string>()
  readonly #random: Random
  readonly #correspondentByPeer = new Map<PeerId, Correspondent>()

  constructor(
    options: { readonly servers: readonly string[] },
    views: { readonly table: RoutingTable; readonly proximity: Proximity },
    linkByPeer: ReadonlyMap<PeerId, LinkState>,
    random: Random,
  ) {
    this.#servers = options.servers.filter(isServerAddress).slice(0, SERVERS_PER_EXCHANGE_MAX)
    this.#table = views.table
    this.#siblings = views.table.siblings
    this.#proximity = views.proximity
    this.#linkByPeer = linkByPeer
    this.#random = random
  }

  linkDown(peer: PeerId): void {
    this.#correspondentByPeer.delete(peer)
  }

  /** What a peer hears when its link comes up. */
  welcome(to: LinkState, now: Millis): Exchange {
    this.#correspondentByPeer.set(to.known.id, {
      toldNumber: this.#latest(),
      nextAt: this.#later(now),
      windowEndsAt: now + EXCHANGE_WINDOW_MS,
      receivedInWindow: 0,
    })
    const linked = this.#pickLinks(to, 0)
    const named = new Set(linked.map(({ id }) => id))
    const siblings = this.#pickSiblings(to).filter(({ id }) => id !== to.known.id && !named.has(id))
    const delays = this.#proximity.delaysTo(linked)
    return { type: 'PEER_EXCHANGE', linked, siblings, gone: [], servers: this.#servers, delays }
  }

  /**
   * Changes of the sibling list, for those whom they concern: newcomers for leaf links, from where they spread; deaths for
   * every sibling that we are linked to, because leaves are closest to each other and would keep the news among themselves.
   */
  changes(to: LinkState, isLeaf: boolean, changes: SiblingChanges): Exchange | null {
    if (!isLeaf && !this.#siblings.has(to.known)) return null
    const isNews = ({ id }: Contact) => id !== to.known.id && !changes.knowersById.get(id)?.has(to.known.id)
    const siblings = isLeaf ? changes.added.filter(isNews) : []
    const gone = changes.gone.filter((id) => id !== to.known.id)
    if (siblings.length + gone.length === 0) return null
    return { type: 'PEER_EXCHANGE', linked: [], siblings, gone, servers: [], delays: NO_DELAYS }
  }

  /** Links made since the last exchange with this peer; null where there are none, or it is too soon. */
  news(to: LinkState, now: Millis): Exchange | null {
    const correspondent = this.#correspondentByPeer.get(to.known.id)
    if (correspondent === undefined || now < correspondent.nextAt) return null
    const linked = this.#pickLinks(to, correspondent.toldNumber)
    if (linked.length === 0) return null
    correspondent.toldNumber = this.#latest()
    correspondent.nextAt = this.#later(now)
    const delays = this.#proximity.delaysTo(linked)
    return { type: 'PEER_EXCHANGE', linked, siblings: [], gone: [], servers: [], delays }
  }

  /** When somebody is to hear news; infinity where there is none. */
  nextAt(): Millis {
    const latest = this.#latest()
    let next = Number.POSITIVE_INFINITY
    for (const { toldNumber, nextAt } of this.#correspondentByPeer.values()) {
      if (toldNumber < latest) next = Math.min(next, nextAt)
    }
    return next
  }

  /** Whether the peer keeps within its share of our attention. */
  admits(from: PeerId, now: Millis): boolean {
    const correspondent = this.#correspondentByPeer.get(from)
    if (correspondent === undefined) return false
    if (now >= correspondent.windowEndsAt) {
      correspondent.windowEndsAt = now + EXCHANGE_WINDOW_MS
      correspondent.receivedInWindow = 0
    }
    correspondent.receivedInWindow += 1
    return correspondent.receivedInWindow <= EXCHANGES_PER_WINDOW_MAX
  }

  /** Addresses among these that are new to us. */
  learnServers(addresses: readonly string[]): string[] {
    const fresh: string[] = []
    for (const address of addresses) {
      if (this.#learnedServers.size >= SERVERS_LEARNED_MAX) break
      if (this.#servers.includes(address) || this.#learnedServers.has(address)) continue
      if (!isServerAddress(address)) continue
      this.#learnedServers.add(address)
      fresh.push(address)
    }
    return fresh
  }

  tables(): Record<string, number> {
    return { correspondents: this.#correspondentByPeer.size, learnedServers: this.#learnedServers.size }
  }

  /** Links made after number `after`: those closest to the receiver, and some by chance. */
  #pickLinks(to: LinkState, after: number): Contact[] {
    const others = [...this.#linkByPeer.values()]
      .filter((link) => link.number > after && link !== to)
      .map(({ known }) => known.contact)
    const closest = closestOf(to.known.id, others, EXCHANGE_CLOSEST)
    const rest = others.filter((contact) => !closest.includes(contact))
    return [...closest, ...draw(rest, EXCHANGE_LINKS_MAX - closest.length, this.#random)]
  }

  /** The whole list for a neighbour, which is kept up to date from then on; the closest to it for anybody else. */
  #pickSiblings(to: LinkState): Contact[] {
    const siblings = this.#siblings.has(to.known)
      ? this.#siblings.list
      : this.#table.closest(to.known.id, EXCHANGE_SIBLINGS_FAR)
    return siblings.map(({ contact }) => contact)
  }

  #latest(): number {
    let latest = 0
    for (const { number } of this.#linkByPeer.values()) latest = Math.max(latest, number)
    return latest
  }

  #later(now: Millis): Millis {
    return now + EXCHANGE_MS + (this.#random.u32() % (EXCHANGE_MS >> 3))
  }
}

/** Whether the text may be the address of an introducer. Nobody connects to it unasked: the application decides. */
export function isServerAddress(text: string): boolean {
  const isPrintable = text.length <= NAME_BYTES_MAX && /^[!-~]+$/.test(text)
  return isPrintable && /^wss?:\/\/[^/?#@]+(?:[/?][^#]*)?$/.test(text)
}
