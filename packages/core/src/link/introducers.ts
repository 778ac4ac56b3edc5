// Which introducers are up, and through which of them a contact is reached.

import { putLast } from '../bounded-map.ts'
import type { IntroducerId, IntroducerPath } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { REMEMBERED_PEERS_MAX } from '../limits.ts'
import type { IntroducerWay } from './attempts.ts'

export class Introducers {
  readonly #pathById = new Map<IntroducerId, IntroducerPath>()
  readonly #namerByPeer = new Map<PeerId, IntroducerId>()

  up(introducer: IntroducerId, path: IntroducerPath): void {
    this.#pathById.set(introducer, path)
  }

  down(introducer: IntroducerId): void {
    this.#pathById.delete(introducer)
  }

  /** An introducer named these: it reaches them. */
  named(contacts: readonly Contact[], by: IntroducerId): void {
    for (const { id } of contacts) putLast(this.#namerByPeer, id, by, REMEMBERED_PEERS_MAX)
  }

  /** Null where it is not up. */
  wayThrough(introducer: IntroducerId): IntroducerWay | null {
    const path = this.#pathById.get(introducer)
    return path === undefined ? null : { path, introducer }
  }

  /** Through the one that named the peer, else through any other; null where all that are up were tried. */
  wayTo(peer: PeerId, tried?: ReadonlySet<IntroducerId>): IntroducerWay | null {
    const namer = this.#namerByPeer.get(peer)
    const known = namer === undefined ? [] : [namer]
    for (const introducer of [...known, ...this.#pathById.keys()]) {
      const way = this.wayThrough(introducer)
      if (way !== null && !tried?.has(introducer)) return way
    }
    return null
  }

  /** Peers whose namer is remembered. */
  get size(): number {
    return this.#namerByPeer.size
  }
}
