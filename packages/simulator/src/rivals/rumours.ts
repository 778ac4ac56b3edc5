// Which peer has which message, since when and over how many hops: the seen-cache of all gossip rivals, and what is
// measured of them. Nothing is forgotten, as runs are shorter than GossipSub's two minutes.

import { Samples } from '../samples.ts'
import type { RivalNet } from './rival-net.ts'

/** Hops are counted up to here. */
const HOPS_MAX = 255

interface Rumour {
  readonly publishedAt: number
  /** Hops plus one by peer; 0 where it does not have it. */
  readonly reached: Uint8Array
}

export class Rumours {
  /** Bytes of every payload. */
  readonly payloadBytes: number
  readonly latencyMs = new Samples()
  readonly hops = new Samples()
  readonly #net: RivalNet
  readonly #rumours: Rumour[] = []
  #copies = 0

  constructor(net: RivalNet, payloadBytes: number) {
    this.#net = net
    this.payloadBytes = payloadBytes
  }

  /** Copies that peers received, first ones counted. */
  get copies(): number {
    return this.#copies
  }

  /** Number of a new rumour, which its source has. */
  begin(source: number): number {
    const reached = new Uint8Array(this.#net.peers)
    reached[source] = 1
    return this.#rumours.push({ publishedAt: this.#net.timeline.now, reached }) - 1
  }

  /** A copy has come; whether it is the peer's first. */
  receive(peer: number, rumour: number, hops: number): boolean {
    const { reached, publishedAt } = this.#rumours[rumour] as Rumour
    this.#copies += 1
    if (reached[peer] !== 0) return false
    reached[peer] = Math.min(hops, HOPS_MAX - 1) + 1
    this.latencyMs.add(this.#net.timeline.now - publishedAt)
    this.hops.add(hops)
    return true
  }

  has(peer: number, rumour: number): boolean {
    return this.#rumours[rumour]?.reached[peer] !== 0
  }

  /** Hops over which the peer got it. */
  hopsTo(peer: number, rumour: number): number {
    return (this.#rumours[rumour]?.reached[peer] ?? 0) - 1
  }
}
