// The ids of structured rivals, and who is close to what. Peers are numbered in the order of their ids, so that a peer's
// successor on the ring is the next number.
//
// Ids have 32 bits instead of 128 to 160: among 10,000 peers only the first twenty or so ever tell two apart. Messages
// carry the full length all the same.

import type { SeededRandom } from '../random.ts'

export const ID_BITS = 32
/** Ids there are. */
const SPACE = 2 ** ID_BITS

export class IdSpace {
  readonly #ids: readonly number[]

  constructor(peers: number, random: SeededRandom) {
    const drawn = new Set<number>()
    while (drawn.size < peers) drawn.add(random.u32())
    this.#ids = [...drawn].sort((a, b) => a - b)
  }

  get peers(): number {
    return this.#ids.length
  }

  id(peer: number): number {
    return this.#ids[peer] as number
  }

  /** The peer this many places further round the ring. */
  after(peer: number, places: number): number {
    const { peers } = this
    return (((peer + places) % peers) + peers) % peers
  }

  /** The first peer whose id is not smaller, round the ring. */
  successor(id: number): number {
    const rank = this.#rank(id % SPACE)
    return rank === this.peers ? 0 : rank
  }

  /** Peers with ids of a range, as numbers from the first up to, not including, the second. */
  range(from: number, to: number): readonly [number, number] {
    return [this.#rank(from), this.#rank(to)]
  }

  /** Up to `count` peers, closest by XOR first. */
  closestByXor(key: number, count: number): number[] {
    return byXor(this.#ids.keys(), key, this).slice(0, count)
  }

  /** Up to `count` peers, closest on the ring first, either way round. */
  closestOnRing(key: number, count: number): number[] {
    const at = this.successor(key)
    const reach = Math.min(count, Math.floor(this.peers / 2))
    const around = new Set<number>()
    for (let places = -reach; places <= reach; places++) around.add(this.after(at, places))
    return [...around]
      .sort((a, b) => ringDistance(this.id(a), key) - ringDistance(this.id(b), key))
      .slice(0, count)
  }

  /** Index of the first id that is not smaller. */
  #rank(id: number): number {
    let from = 0
    let to = this.#ids.length
    while (from < to) {
      const middle = (from + to) >> 1
      if (this.id(middle) < id) from = middle + 1
      else to = middle
    }
    return from
  }
}

/** The peers in the order of their distance to the key by XOR. */
export function byXor(peers: Iterable<number>, key: number, space: IdSpace): number[] {
  return [...peers].sort((a, b) => ((space.id(a) ^ key) >>> 0) - ((space.id(b) ^ key) >>> 0))
}

/** Steps from one id up to another, round the ring. */
export function clockwise(from: number, to: number): number {
  return (to - from + SPACE) % SPACE
}

/** Steps between two ids, the shorter way round. */
export function ringDistance(a: number, b: number): number {
  const up = clockwise(a, b)
  return Math.min(up, SPACE - up)
}
