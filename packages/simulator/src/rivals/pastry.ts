// Pastry (Rowstron & Druschel, Middleware 2001): prefix routing with a table of peers that are near by, and a leaf set of
// those that are next on the ring.

import type { SeededRandom } from '../random.ts'
import { clockwise, ID_BITS, IdSpace, ringDistance } from './id-space.ts'
import { meanDegree } from './random-graph.ts'
import { type Overlay, RecursiveLookup } from './recursive-lookup.ts'
import type { LookupRivalKind } from './rival.ts'
import type { RivalNet } from './rival-net.ts'

export interface PastryOptions {
  /** Bits of a digit; the paper's b. */
  readonly digitBits: number
  /** Peers of the leaf set, half of them on either side; the paper's |L|, 2^b or twice that. */
  readonly leaves: number
  /** Peers among which an entry of the table is the nearest: all that fit, as the paper's join finds nearly the nearest. */
  readonly nearestOf: number
}

export const PASTRY_OPTIONS: PastryOptions = Object.freeze({
  digitBits: 4,
  leaves: 32,
  nearestOf: Number.POSITIVE_INFINITY,
})

export class PastryRing implements Overlay {
  readonly space: IdSpace
  readonly #net: RivalNet
  readonly #options: PastryOptions
  /** By peer, the entries of its table by row and digit; none where no such peer exists. */
  readonly #table: readonly (readonly (number | undefined)[])[]

  constructor(net: RivalNet, options: Partial<PastryOptions> = {}) {
    this.#net = net
    this.#options = { ...PASTRY_OPTIONS, ...options }
    this.space = new IdSpace(net.peers, net.random.fork('ids'))
    const random = net.random.fork('pastry')
    this.#table = Array.from({ length: net.peers }, (_, peer) => this.#tableOf(peer, random))
  }

  get contactsMean(): number {
    return meanDegree(this.#table.map((_, peer) => this.#knownTo(peer)))
  }

  /** The peers closest on the ring, as in PAST (Rowstron & Druschel, SOSP 2001). */
  holdersOf(key: number, replicas: number): number[] {
    return this.space.closestOnRing(key, replicas)
  }

  /**
   * The paper's three cases: a key within the leaf set goes to the leaf closest to it; another one to the entry of the table
   * that shares one digit more; else, or when that one is dead, to any known peer that shares as many and is closer.
   */
  next(peer: number, key: number): number[] {
    const { space } = this
    const distance = (other: number) => ringDistance(space.id(other), key)
    const leaves = this.#leavesOf(peer)
    const closer = (others: readonly number[]) =>
      others.filter((other) => distance(other) < distance(peer)).sort((a, b) => distance(a) - distance(b))
    if (this.#isAmongLeaves(peer, key)) return closer(leaves)
    const shared = this.#sharedDigits(space.id(peer), key)
    const entry = this.#table[peer]?.[this.#slot(shared, key)]
    const rare = closer(this.#knownTo(peer))
      .filter((other) => other !== entry && this.#sharedDigits(space.id(other), key) >= shared)
      .sort((a, b) => this.#sharedDigits(space.id(b), key) - this.#sharedDigits(space.id(a), key))
    return entry === undefined ? rare : [entry, ...rare]
  }

  /** Leaves and entries of the table, each once. */
  #knownTo(peer: number): number[] {
    const entries = (this.#table[peer] ?? []).filter((other) => other !== undefined)
    return [...new Set([...this.#leavesOf(peer), ...entries])]
  }

  #leavesOf(peer: number): number[] {
    const { space } = this
    const side = Math.min(this.#options.leaves / 2, Math.floor((space.peers - 1) / 2))
    const leaves: number[] = []
    for (let places = 1; places <= side; places++)
      leaves.push(space.after(peer, places), space.after(peer, -places))
    return leaves
  }

  #isAmongLeaves(peer: number, key: number): boolean {
    const { space } = this
    const side = this.#options.leaves / 2
    if (space.peers <= this.#options.leaves) return true
    const [first, last] = [space.id(space.after(peer, -side)), space.id(space.after(peer, side))]
    return clockwise(first, key) <= clockwise(first, last)
  }

  #tableOf(peer: number, random: SeededRandom): (number | undefined)[] {
    const { digitBits } = this.#options
    const table: (number | undefined)[] = []
    for (let row = 0; row < ID_BITS / digitBits; row++) {
      const size = 2 ** (ID_BITS - digitBits * (row + 1))
      const begin = Math.floor(this.space.id(peer) / size / 2 ** digitBits) * size * 2 ** digitBits
      const [rowFirst, rowEnd] = this.space.range(begin, begin + size * 2 ** digitBits)
      if (rowEnd - rowFirst <= 1) break
      for (let digit = 0; digit < 2 ** digitBits; digit++) {
        const [first, end] = this.space.range(begin + digit * size, begin + (digit + 1) * size)
        const isOwn = first <= peer && peer < end
        table.push(isOwn ? undefined : this.#nearest(peer, { first, end }, random))
      }
    }
    return table
  }

  /** The nearest of some peers drawn from a range of numbers, or of all in it. */
  #nearest(peer: number, { first, end }: NumberRange, random: SeededRandom): number | undefined {
    const { nearestOf } = this.#options
    const isAll = end - first <= nearestOf
    let nearest: number | undefined
    let nearestMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < Math.min(nearestOf, end - first); i++) {
      const other = first + (isAll ? i : random.below(end - first))
      const pathMs = this.#net.pathMs(peer, other)
      if (pathMs >= nearestMs) continue
      nearest = other
      nearestMs = pathMs
    }
    return nearest
  }

  #slot(row: number, key: number): number {
    const { digitBits } = this.#options
    const digit = (key >>> (ID_BITS - digitBits * (row + 1))) & (2 ** digitBits - 1)
    return row * 2 ** digitBits + digit
  }

  #sharedDigits(a: number, b: number): number {
    return Math.floor(Math.clz32(a ^ b) / this.#options.digitBits)
  }
}

interface NumberRange {
  readonly first: number
  readonly end: number
}

export const pastry: LookupRivalKind = {
  name: 'pastry',
  source: 'Rowstron & Druschel 2001; b = 4, |L| = 32, values at the closest on the ring',
  create: (net, sizes) => new RecursiveLookup(net, new PastryRing(net), sizes),
}
