// Random walks (Lv et al., ICS 2002): the origin sends out some walkers, each of which goes to one neighbour at random at a
// time. Now and then a walker asks the origin whether another one has found the value.
//
// The paper has no dead peers. Here a peer whose neighbour does not take the walker sends it to another one.

import type { SeededRandom } from '../random.ts'
import { randomHolders } from './gnutella.ts'
import { Holdings } from './holdings.ts'
import { HEADER_BYTES, QUESTION_BYTES, valueAnswerBytes } from './message-sizes.ts'
import { meanDegree, randomGraph } from './random-graph.ts'
import type { LookupOutcome, LookupRival, LookupRivalKind, LookupSizes } from './rival.ts'
import type { RivalNet } from './rival-net.ts'

export interface RandomWalkOptions {
  /** Walkers of a lookup: 16 to 64 are good in the paper, whose figures have 32. */
  readonly walkers: number
  /** Hops of a walker. The paper only wants it large, as checking ends walks. */
  readonly hopsMax: number
  /** Hops between two questions to the origin: 4 is the paper's good balance. */
  readonly checkEvery: number
  /** Mean links of a peer, as in the paper's random graph. */
  readonly degree: number
}

export const RANDOM_WALK_OPTIONS: RandomWalkOptions = Object.freeze({
  walkers: 32,
  hopsMax: 1_024,
  checkEvery: 4,
  degree: 4,
})

interface Quest {
  readonly origin: number
  readonly key: number
  readonly done: (outcome: LookupOutcome) => void
  walkersLeft: number
  isOver: boolean
}

/** Where a walker is, and where it came from. */
interface Walker {
  readonly at: number
  readonly from: number
  readonly hops: number
}

export class RandomWalks implements LookupRival {
  readonly #net: RivalNet
  readonly #sizes: LookupSizes
  readonly #options: RandomWalkOptions
  readonly #linked: readonly (readonly number[])[]
  readonly #holdings = new Holdings()
  readonly #holderRandom: SeededRandom
  readonly #random: SeededRandom

  /** Links and holders are those of Gnutella in the same run. */
  constructor(net: RivalNet, sizes: LookupSizes, options: Partial<RandomWalkOptions> = {}) {
    this.#net = net
    this.#sizes = sizes
    this.#options = { ...RANDOM_WALK_OPTIONS, ...options }
    this.#linked = randomGraph(net.peers, this.#options.degree, net.random.fork('unstructured links'))
    this.#holderRandom = net.random.fork('unstructured holders')
    this.#random = net.random.fork('walks')
  }

  get contactsMean(): number {
    return meanDegree(this.#linked)
  }

  place(key: number): readonly number[] {
    return this.#holdings.place(key, randomHolders(this.#net, this.#sizes.replicas, this.#holderRandom))
  }

  lookup(origin: number, key: number, done: (outcome: LookupOutcome) => void): void {
    if (this.#holdings.holds(origin, key)) return done({ isFound: true, hops: 0 })
    const { walkers } = this.#options
    const quest: Quest = { origin, key, done, walkersLeft: walkers, isOver: false }
    for (let i = 0; i < walkers; i++) this.#walk(quest, { at: origin, from: origin, hops: 0 })
  }

  /** One hop, never straight back unless there is no other way. */
  #walk(quest: Quest, { at, from, hops }: Walker): void {
    const trusted = (this.#linked[at] as readonly number[]).filter((other) => this.#net.trusts(at, other))
    const others = trusted.filter((other) => other !== from)
    const ways = others.length > 0 ? others : trusted
    if (ways.length === 0) return this.#end(quest)
    const to = this.#random.pick(ways)
    this.#net.send(
      { from: at, to, bytes: QUESTION_BYTES },
      () => this.#onWalker(quest, { at: to, from: at, hops: hops + 1 }),
      () => this.#walk(quest, { at, from, hops }),
    )
  }

  #onWalker(quest: Quest, walker: Walker): void {
    const { hopsMax, checkEvery } = this.#options
    if (this.#holdings.holds(walker.at, quest.key)) return this.#hit(quest, walker)
    if (walker.hops >= hopsMax) return this.#end(quest)
    if (walker.hops % checkEvery !== 0) return this.#walk(quest, walker)
    this.#net.send({ from: walker.at, to: quest.origin, bytes: HEADER_BYTES }, () =>
      this.#net.send({ from: quest.origin, to: walker.at, bytes: HEADER_BYTES }, () =>
        quest.isOver ? this.#end(quest) : this.#walk(quest, walker),
      ),
    )
  }

  /** The holder answers the origin directly, as in the paper. */
  #hit(quest: Quest, { at, hops }: Walker): void {
    const bytes = valueAnswerBytes(this.#sizes.valueBytes)
    this.#net.send({ from: at, to: quest.origin, bytes }, () => this.#finish(quest, { isFound: true, hops }))
  }

  #end(quest: Quest): void {
    quest.walkersLeft -= 1
    if (quest.walkersLeft === 0) this.#finish(quest, { isFound: false, hops: 0 })
  }

  #finish(quest: Quest, outcome: LookupOutcome): void {
    if (quest.isOver) return
    quest.isOver = true
    quest.done(outcome)
  }
}

export const randomWalks: LookupRivalKind = {
  name: 'random-walks',
  source: 'Lv et al. 2002; 32 walkers that check every 4 hops, degree 4, values at random peers',
  create: (net, sizes) => new RandomWalks(net, sizes),
}
