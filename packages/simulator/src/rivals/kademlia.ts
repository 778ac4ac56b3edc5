// Kademlia (Maymounkov & Mazières, IPTPS 2002), iterative as in the paper: the origin asks the peers closest to the key that
// it knows, several at a time, learns closer ones from their answers, and ends at the value.
//
// In a browser a peer cannot simply be asked. How it is reached is in reach.ts: by a new connection, or through the peer
// that named it.

import type { SeededRandom } from '../random.ts'
import { Holdings } from './holdings.ts'
import { byXor, ID_BITS, IdSpace } from './id-space.ts'
import { contactsBytes, QUESTION_BYTES, valueAnswerBytes } from './message-sizes.ts'
import { meanDegree } from './random-graph.ts'
import { byConnecting, byRelaying, type Reach } from './reach.ts'
import type { LookupOutcome, LookupRival, LookupRivalKind, LookupSizes } from './rival.ts'
import type { RivalNet } from './rival-net.ts'

export interface KademliaOptions {
  /** Contacts of a bucket and of an answer; the paper's k. */
  readonly bucketSize: number
  /** Questions under way; the paper's alpha. */
  readonly parallelism: number
}

export const KADEMLIA_OPTIONS: KademliaOptions = Object.freeze({ bucketSize: 20, parallelism: 3 })

/** A contact of a lookup, and how the origin reaches it: over these peers, itself the last and the origin the first. */
interface Candidate {
  readonly peer: number
  readonly path: readonly number[]
  state: 'new' | 'asked' | 'answered' | 'dead'
}

export class Kademlia implements LookupRival {
  readonly space: IdSpace
  readonly net: RivalNet
  readonly options: KademliaOptions
  readonly reach: Reach
  readonly #sizes: LookupSizes
  readonly #holdings = new Holdings()
  readonly #contacts: readonly (readonly number[])[]

  constructor(net: RivalNet, sizes: LookupSizes, reach: Reach) {
    this.net = net
    this.options = KADEMLIA_OPTIONS
    this.reach = reach
    this.#sizes = sizes
    this.space = new IdSpace(net.peers, net.random.fork('ids'))
    const random = net.random.fork('kademlia')
    const { bucketSize } = this.options
    this.#contacts = Array.from({ length: net.peers }, (_, peer) => {
      return drawContacts(this.space, { peer, bucketSize }, random)
    })
  }

  get contactsMean(): number {
    return meanDegree(this.#contacts)
  }

  place(key: number): readonly number[] {
    return this.#holdings.place(key, this.space.closestByXor(key, this.#sizes.replicas))
  }

  lookup(origin: number, key: number, done: (outcome: LookupOutcome) => void): void {
    if (this.holds(origin, key)) return done({ isFound: true, hops: 0 })
    new IterativeLookup(this, { origin, key }, done).step()
  }

  holds(peer: number, key: number): boolean {
    return this.#holdings.holds(peer, key)
  }

  /** The contacts closest to the key that a peer would name: none that it knows to be dead. */
  closest(peer: number, key: number): number[] {
    const trusted = (this.#contacts[peer] as readonly number[]).filter((other) =>
      this.net.trusts(peer, other),
    )
    return byXor(trusted, key, this.space).slice(0, this.options.bucketSize)
  }

  answerBytes(isFound: boolean): number {
    return isFound ? valueAnswerBytes(this.#sizes.valueBytes) : contactsBytes(this.options.bucketSize)
  }
}

class IterativeLookup {
  readonly #kademlia: Kademlia
  readonly #origin: number
  readonly #key: number
  readonly #done: (outcome: LookupOutcome) => void
  readonly #candidateByPeer = new Map<number, Candidate>()
  #underWay = 0
  #isOver = false

  constructor(
    kademlia: Kademlia,
    { origin, key }: { origin: number; key: number },
    done: (outcome: LookupOutcome) => void,
  ) {
    this.#kademlia = kademlia
    this.#origin = origin
    this.#key = key
    this.#done = done
    this.#learn(kademlia.closest(origin, key), [origin])
  }

  /** Asks as many as may be asked at a time; ends where the closest have all answered without the value. */
  step(): void {
    if (this.#isOver) return
    const { parallelism, bucketSize } = this.#kademlia.options
    const alive = [...this.#candidateByPeer.values()].filter(({ state }) => state !== 'dead')
    const { space } = this.#kademlia
    const distance = ({ peer }: Candidate) => (space.id(peer) ^ this.#key) >>> 0
    const closest = alive.sort((a, b) => distance(a) - distance(b)).slice(0, bucketSize)
    for (const candidate of closest)
      if (candidate.state === 'new' && this.#underWay < parallelism) this.#ask(candidate)
    if (this.#underWay === 0) this.#finish({ isFound: false, hops: 0 })
  }

  #ask(candidate: Candidate): void {
    const { reach, net } = this.#kademlia
    candidate.state = 'asked'
    this.#underWay += 1
    const lost = () => this.#settle(candidate, 'dead')
    const reached = (way: readonly number[]) =>
      net.carry(way, QUESTION_BYTES, () => this.#answer(candidate, way), lost)
    reach(net, candidate.path, reached, lost)
  }

  /** At the asked peer, which the question reached over these peers. */
  #answer(candidate: Candidate, way: readonly number[]): void {
    const { peer, path } = candidate
    const kademlia = this.#kademlia
    const isFound = kademlia.holds(peer, this.#key)
    const named = isFound ? [] : kademlia.closest(peer, this.#key)
    const told = () => {
      if (isFound) return this.#finish({ isFound, hops: path.length - 1 })
      this.#learn(named, path)
      this.#settle(candidate, 'answered')
    }
    kademlia.net.carry([...way].reverse(), kademlia.answerBytes(isFound), told, told)
  }

  #learn(peers: readonly number[], path: readonly number[]): void {
    for (const peer of peers)
      if (peer !== this.#origin && !this.#candidateByPeer.has(peer))
        this.#candidateByPeer.set(peer, { peer, path: [...path, peer], state: 'new' })
  }

  #settle(candidate: Candidate, state: 'answered' | 'dead'): void {
    candidate.state = state
    this.#underWay -= 1
    this.step()
  }

  #finish(outcome: LookupOutcome): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#done(outcome)
  }
}

/** A converged routing table: of every bucket some peers at random, or all there are. */
function drawContacts(
  space: IdSpace,
  { peer, bucketSize }: { peer: number; bucketSize: number },
  random: SeededRandom,
): number[] {
  const contacts: number[] = []
  for (let depth = 0; depth < ID_BITS; depth++) {
    const size = 2 ** (ID_BITS - 1 - depth)
    const own = Math.floor(space.id(peer) / size)
    const sibling = (own % 2 === 0 ? own + 1 : own - 1) * size
    const [first, end] = space.range(sibling, sibling + size)
    contacts.push(...drawNumbers({ first, end }, bucketSize, random))
  }
  return contacts
}

/** Different numbers of a range, or all of them. */
function drawNumbers(
  { first, end }: { first: number; end: number },
  count: number,
  random: SeededRandom,
): readonly number[] {
  const drawn = new Set<number>()
  if (end - first <= count) for (let number = first; number < end; number++) drawn.add(number)
  else while (drawn.size < count) drawn.add(first + random.below(end - first))
  return [...drawn]
}

export const kademliaConnecting: LookupRivalKind = {
  name: 'kademlia-connecting',
  source: 'Maymounkov & Mazières 2002; k = 20, alpha = 3, a new connection to every peer asked',
  create: (net, sizes) => new Kademlia(net, sizes, byConnecting),
}

export const kademliaRelayed: LookupRivalKind = {
  name: 'kademlia-relayed',
  source: 'the same, questions carried through the peers that named the asked one',
  create: (net, sizes) => new Kademlia(net, sizes, byRelaying),
}
