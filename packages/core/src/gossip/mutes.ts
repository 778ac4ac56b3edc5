// Links of a topic over which the messages of one author need not be pushed, because that author hands them to many
// links at once and they arrive on the other side from elsewhere.

import type { PeerId } from '../identity/peer-id.ts'
import { MUTED_AUTHORS_MAX } from '../limits.ts'

/** At its bound the author muted longest ago is forgotten: that costs a few copies and teaches it again. */
export class Mutes {
  readonly #peersByAuthor = new Map<PeerId, Set<PeerId>>()

  get size(): number {
    return this.#peersByAuthor.size
  }

  has(author: PeerId, peer: PeerId): boolean {
    return this.#peersByAuthor.get(author)?.has(peer) ?? false
  }

  add(author: PeerId, peer: PeerId): void {
    const peers = this.#peersByAuthor.get(author) ?? new Set()
    this.#peersByAuthor.set(author, peers.add(peer))
    if (this.#peersByAuthor.size > MUTED_AUTHORS_MAX) {
      const [oldest] = this.#peersByAuthor.keys()
      this.#peersByAuthor.delete(oldest as PeerId)
    }
  }

  /** All links carry this author's messages again. */
  forget(author: PeerId): void {
    this.#peersByAuthor.delete(author)
  }

  /** The link carries every author's messages again. */
  clear(peer: PeerId): void {
    for (const peers of this.#peersByAuthor.values()) peers.delete(peer)
  }
}
