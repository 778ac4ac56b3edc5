// Chord (Stoica et al., SIGCOMM 2001): a ring of ids on which every peer knows its successors and, for every i, the first
// peer at least 2^i away. A question never passes its key, so that it ends at the key's successor, exactly.
//
// In the paper the key's predecessor names the successor. Here whoever has it among its own successors hands it the question
// directly, which saves a hop or two.

import { clockwise, ID_BITS, IdSpace } from './id-space.ts'
import { meanDegree } from './random-graph.ts'
import { type Overlay, RecursiveLookup } from './recursive-lookup.ts'
import type { LookupRivalKind } from './rival.ts'
import type { RivalNet } from './rival-net.ts'

export interface ChordOptions {
  /** Successors that a peer knows. The paper's experiments: 2 log2 N, with which lookups survive the death of half. */
  readonly successors: number
}

export function chordOptions(peers: number): ChordOptions {
  return { successors: Math.ceil(2 * Math.log2(Math.max(peers, 2))) }
}

export class ChordRing implements Overlay {
  readonly space: IdSpace
  readonly #successors: number
  /** Fingers and successors of a peer, each once, nearest first. */
  readonly #known: readonly (readonly number[])[]

  constructor(net: RivalNet, options: Partial<ChordOptions> = {}) {
    const { successors } = { ...chordOptions(net.peers), ...options }
    this.space = new IdSpace(net.peers, net.random.fork('ids'))
    this.#successors = Math.min(successors, net.peers - 1)
    this.#known = Array.from({ length: net.peers }, (_, peer) => this.#knownTo(peer))
  }

  get contactsMean(): number {
    return meanDegree(this.#known)
  }

  /** The key's successor and those after it, as in CFS (Dabek et al., 2001). */
  holdersOf(key: number, replicas: number): number[] {
    const first = this.space.successor(key)
    return Array.from({ length: Math.min(replicas, this.space.peers) }, (_, i) => this.space.after(first, i))
  }

  /**
   * The successors from the key on, the second of which takes over from the first; none of them is known to a peer far from
   * the key. Then the closest that precede the key, closest first.
   */
  next(peer: number, key: number): number[] {
    const { space } = this
    const own = space.id(peer)
    const known = this.#known[peer] as readonly number[]
    const toKey = clockwise(own, key)
    const preceding = known.filter((other) => clockwise(own, space.id(other)) < toKey)
    const following = this.#successorsOf(peer).filter((other) => clockwise(own, space.id(other)) >= toKey)
    return [...following, ...preceding.reverse()]
  }

  #knownTo(peer: number): number[] {
    const { space } = this
    const own = space.id(peer)
    const known = new Set(this.#successorsOf(peer))
    for (let bit = 0; bit < ID_BITS; bit++) known.add(space.successor(own + 2 ** bit))
    known.delete(peer)
    return [...known].sort((a, b) => clockwise(own, space.id(a)) - clockwise(own, space.id(b)))
  }

  #successorsOf(peer: number): number[] {
    return Array.from({ length: this.#successors }, (_, i) => this.space.after(peer, i + 1))
  }
}

export const chord: LookupRivalKind = {
  name: 'chord',
  source: 'Stoica et al. 2001, recursive; 2 log2 N successors, values at the first successors of their key',
  create: (net, sizes) => new RecursiveLookup(net, new ChordRing(net), sizes),
}
