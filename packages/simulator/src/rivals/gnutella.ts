// Gnutella 0.4 (as in Lv et al., ICS 2002): a question goes to all neighbours, who pass it on to all of theirs, up to a
// number of hops. Hits go back the way the question came.

import type { SeededRandom } from '../random.ts'
import { Holdings } from './holdings.ts'
import { QUESTION_BYTES, valueAnswerBytes } from './message-sizes.ts'
import { meanDegree, randomGraph } from './random-graph.ts'
import type { LookupOutcome, LookupRival, LookupRivalKind, LookupSizes } from './rival.ts'
import type { RivalNet } from './rival-net.ts'

export interface GnutellaOptions {
  /** Hops of a question; Gnutella's TTL. */
  readonly hopsMax: number
  /** Mean links of a peer: Lv et al. use random graphs of degree 4, Gnutella's own was 3.4 to 5. */
  readonly degree: number
}

export const GNUTELLA_OPTIONS: GnutellaOptions = Object.freeze({ hopsMax: 7, degree: 4 })

interface Flood {
  readonly key: number
  readonly done: (outcome: LookupOutcome) => void
  /** Where the question came from, by peer that has seen it. */
  readonly previousByPeer: Map<number, number>
  isAnswered: boolean
}

export class Gnutella implements LookupRival {
  readonly #net: RivalNet
  readonly #sizes: LookupSizes
  readonly #options: GnutellaOptions
  readonly #linked: readonly (readonly number[])[]
  readonly #holdings = new Holdings()
  readonly #random: SeededRandom

  constructor(net: RivalNet, sizes: LookupSizes, options: Partial<GnutellaOptions> = {}) {
    this.#net = net
    this.#sizes = sizes
    this.#options = { ...GNUTELLA_OPTIONS, ...options }
    this.#linked = randomGraph(net.peers, this.#options.degree, net.random.fork('unstructured links'))
    this.#random = net.random.fork('unstructured holders')
  }

  get contactsMean(): number {
    return meanDegree(this.#linked)
  }

  /** Peers at random: no peer is close to a key here. */
  place(key: number): readonly number[] {
    return this.#holdings.place(key, randomHolders(this.#net, this.#sizes.replicas, this.#random))
  }

  lookup(origin: number, key: number, done: (outcome: LookupOutcome) => void): void {
    if (this.#holdings.holds(origin, key)) return done({ isFound: true, hops: 0 })
    const flood: Flood = { key, done, previousByPeer: new Map([[origin, origin]]), isAnswered: false }
    this.#forward(flood, origin, 1)
  }

  #forward(flood: Flood, peer: number, hops: number): void {
    const from = flood.previousByPeer.get(peer)
    for (const to of this.#linked[peer] as readonly number[])
      if (to !== from && this.#net.trusts(peer, to))
        this.#net.send({ from: peer, to, bytes: QUESTION_BYTES }, () =>
          this.#onQuestion(flood, { from: peer, to, hops }),
        )
  }

  #onQuestion(flood: Flood, { from, to, hops }: Arrival): void {
    if (flood.previousByPeer.has(to)) return
    flood.previousByPeer.set(to, from)
    if (this.#holdings.holds(to, flood.key)) this.#hit(flood, to, hops)
    if (hops < this.#options.hopsMax) this.#forward(flood, to, hops + 1)
  }

  #hit(flood: Flood, holder: number, hops: number): void {
    const path = [holder]
    for (let i = 0; i < hops; i++) path.push(flood.previousByPeer.get(path[i] as number) as number)
    const told = () => {
      if (flood.isAnswered) return
      flood.isAnswered = true
      flood.done({ isFound: true, hops })
    }
    // Everybody on the path passed the question on, so everybody lives.
    this.#net.carry(path, valueAnswerBytes(this.#sizes.valueBytes), told, told)
  }
}

interface Arrival {
  readonly from: number
  readonly to: number
  readonly hops: number
}

/** Uniform replication (Lv et al.): every value at as many peers, drawn at random. */
export function randomHolders(net: RivalNet, replicas: number, random: SeededRandom): number[] {
  return random.sample(
    Array.from({ length: net.peers }, (_, peer) => peer),
    replicas,
  )
}

export const gnutella: LookupRivalKind = {
  name: 'gnutella',
  source: 'Gnutella 0.4, Lv et al. 2002; TTL 7, degree 4, values at random peers',
  create: (net, sizes) => new Gnutella(net, sizes),
}
