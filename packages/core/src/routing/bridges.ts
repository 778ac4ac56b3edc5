// Where two networks meet. A cut leaves two of them that know nothing of each other, and only introducers see both. So one
// of the contacts that an introducer names is asked for through our own network; whom that does not find is dialed, which
// goes through the introducer then; and over a link that no network brought about both ends look up their own id: there
// are their neighbours of the other half (after ring unification; Shafaat, Ghodsi & Haridi, 2007).

import type { Millis, Random, SignalingPath } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { PROBE_TIMEOUT_MS } from '../limits.ts'
import type { KnownContact } from './bucket.ts'

/** Milliseconds from one probe of somebody whom an introducer named to the next, however often introducers name anybody. */
const SEEK_EVERY_MS = 30_000
/** Milliseconds in which an unanswered one tells of a stranger: a probe may have to wait for others. */
const SEEK_MS = 2 * PROBE_TIMEOUT_MS
/** Lookups through one bridge until one is answered. */
const TRIES_MAX = 3

interface Bridge {
  tries: number
  isLookedThrough: boolean
}

export class Bridges {
  readonly #random: Random
  #sought: { readonly peer: PeerId; readonly until: Millis } | null = null
  #seekAt: Millis = 0
  /** Links that no network brought about and whose other end has not said yet whom it is linked to. */
  readonly #unheard = new Set<PeerId>()
  /** Those whose other end has other links, until our own id was looked up through them. */
  readonly #bridgeByPeer = new Map<PeerId, Bridge>()

  constructor(random: Random) {
    this.#random = random
  }

  // Strangers

  /** Which of these, named by an introducer, our network is to be asked for; null where it is too soon. */
  seek(introduced: readonly KnownContact[], now: Millis): KnownContact | null {
    const known = introduced[this.#random.u32() % introduced.length]
    if (known === undefined || now < this.#seekAt) return null
    this.#sought = { peer: known.id, until: now + SEEK_MS }
    this.#seekAt = now + SEEK_EVERY_MS
    return known
  }

  /** Our network was asked for this peer. Whether an introducer had just seen it: without an answer it is a stranger. */
  endSeek(peer: PeerId, now: Millis): boolean {
    if (this.#sought?.peer !== peer) return false
    const { until } = this.#sought
    this.#sought = null
    return now <= until
  }

  // Bridges

  /** `isFirst`: we have no other, and get to know our network through this one. */
  linkUp(peer: PeerId, path: SignalingPath, isFirst: boolean): void {
    if (path !== 'overlay' && !isFirst) this.#unheard.add(peer)
  }

  linkDown(peer: PeerId): void {
    this.#unheard.delete(peer)
    this.#bridgeByPeer.delete(peer)
  }

  /** A linked peer said whom it is linked to. Somebody who has no other link leads nowhere. */
  heard(from: PeerId, hasLinks: boolean): void {
    if (this.#unheard.delete(from) && hasLinks)
      this.#bridgeByPeer.set(from, { tries: 0, isLookedThrough: false })
  }

  /** Through whom to look up our own id now. */
  takeDue(): PeerId[] {
    const due: PeerId[] = []
    for (const [peer, bridge] of this.#bridgeByPeer) {
      if (bridge.isLookedThrough) continue
      bridge.isLookedThrough = true
      bridge.tries += 1
      due.push(peer)
    }
    return due
  }

  /** Such a lookup has ended. False where it was none. */
  found(via: readonly PeerId[], answered: boolean): boolean {
    const [peer, ...others] = via
    const bridge = peer === undefined || others.length > 0 ? undefined : this.#bridgeByPeer.get(peer)
    if (peer === undefined || !bridge?.isLookedThrough) return false
    if (answered || bridge.tries >= TRIES_MAX) this.#bridgeByPeer.delete(peer)
    else bridge.isLookedThrough = false
    return true
  }

  tables(): Record<string, number> {
    return { unheardLinks: this.#unheard.size, bridges: this.#bridgeByPeer.size }
  }
}
