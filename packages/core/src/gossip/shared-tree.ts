// The tree as which authors' trees begin.

import { draw } from '../draw.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { EAGER_LINKS_MAX } from '../limits.ts'
import type { GossipContext } from './gossip-context.ts'
import { linkDelayMs } from './link-delay.ts'

/** Links looked at for the fastest or slowest. All peers taking their very fastest would not cross between regions. */
const CHOICES = 3

/**
 * Where a message goes whose author has no tree yet. Until an author's tree gives it a shape it is a few links drawn by chance:
 * with the first few instead, whoever comes late would be in nobody's.
 */
export class SharedTree {
  readonly #context: GossipContext
  #links = new Set<PeerId>()
  #hasShape = false

  constructor(context: GossipContext) {
    this.#context = context
  }

  get size(): number {
    return this.#links.size
  }

  get links(): ReadonlySet<PeerId> {
    return this.#links
  }

  has(peer: PeerId): boolean {
    return this.#links.has(peer)
  }

  add(peer: PeerId): void {
    this.#links.add(peer)
  }

  delete(peer: PeerId): void {
    this.#links.delete(peer)
  }

  /** The topic has a new link, its `count`-th: as likely to be taken as all before (Vitter, 1985, reservoir sampling). */
  addLink(peer: PeerId, count: number): void {
    if (this.size >= EAGER_LINKS_MAX) {
      if (this.#hasShape || this.#context.random.u32() % count >= EAGER_LINKS_MAX) return
      this.#links.delete(this.#drawn(this.#links).at(-1) as PeerId)
    }
    this.#links.add(peer)
  }

  /** Adds a fast one of the links that are not in it. Returns it, or null where there is none. */
  addLazy(links: Iterable<PeerId>): PeerId | null {
    const [peer = null] = this.#drawn([...links].filter((link) => !this.has(link)))
    if (peer !== null) this.add(peer)
    return peer
  }

  /** Takes an author's tree over. */
  follow(tree: Set<PeerId>): void {
    this.#links = tree
    this.#hasShape = true
  }

  /** Forgets its shape. */
  drawAnew(links: Iterable<PeerId>): void {
    if (!this.#hasShape) return
    this.#hasShape = false
    this.#links = new Set()
    let count = 0
    for (const peer of links) this.addLink(peer, ++count)
  }

  /** A few of the peers, drawn by chance, the fastest first. */
  #drawn(peers: Iterable<PeerId>): PeerId[] {
    const { links, random } = this.#context
    const drawn = draw([...peers], CHOICES, random)
    return drawn.sort((a, b) => linkDelayMs(links, a) - linkDelayMs(links, b))
  }
}
