// Hands a question from peer to peer until one holds the value; the answer goes back the same way. Chord and Pastry differ
// only in whom a peer hands it to.
//
// Both papers let the holder answer the origin directly, which needs a connection here; the way back needs none. A peer
// that does not take the question is passed over for the next best. Nobody goes back a hop: neither paper does.

import { Holdings } from './holdings.ts'
import { HEADER_BYTES, QUESTION_BYTES, valueAnswerBytes } from './message-sizes.ts'
import type { LookupOutcome, LookupRival, LookupSizes } from './rival.ts'
import type { RivalNet } from './rival-net.ts'

/** Hops after which a question is dropped. None gets near it unless state is wrong. */
const HOPS_MAX = 64

/** The state of all peers of an overlay. */
export interface Overlay {
  /** Peers that a peer knows, at the mean. */
  readonly contactsMean: number
  /** The peers that hold a key. */
  holdersOf(key: number, replicas: number): readonly number[]
  /** Whom a peer would hand the question to, the best first; each closer to the key than itself. */
  next(peer: number, key: number): readonly number[]
}

interface Question {
  readonly key: number
  readonly done: (outcome: LookupOutcome) => void
}

export class RecursiveLookup implements LookupRival {
  readonly #net: RivalNet
  readonly #overlay: Overlay
  readonly #sizes: LookupSizes
  readonly #holdings = new Holdings()

  constructor(net: RivalNet, overlay: Overlay, sizes: LookupSizes) {
    this.#net = net
    this.#overlay = overlay
    this.#sizes = sizes
  }

  get contactsMean(): number {
    return this.#overlay.contactsMean
  }

  place(key: number): readonly number[] {
    return this.#holdings.place(key, this.#overlay.holdersOf(key, this.#sizes.replicas))
  }

  lookup(origin: number, key: number, done: (outcome: LookupOutcome) => void): void {
    this.#arrive({ key, done }, [origin])
  }

  /** The question is at the last peer of the path. */
  #arrive(question: Question, path: readonly number[]): void {
    const peer = path.at(-1) as number
    if (this.#holdings.holds(peer, question.key)) return this.#answer(question, path, true)
    if (path.length > HOPS_MAX) return this.#answer(question, path, false)
    const candidates = this.#overlay.next(peer, question.key).filter((next) => this.#net.trusts(peer, next))
    this.#hand(question, path, candidates)
  }

  #hand(question: Question, path: readonly number[], [to, ...others]: readonly number[]): void {
    if (to === undefined) return this.#answer(question, path, false)
    this.#net.send(
      { from: path.at(-1) as number, to, bytes: QUESTION_BYTES },
      () => this.#arrive(question, [...path, to]),
      () => this.#hand(question, path, others),
    )
  }

  #answer({ done }: Question, path: readonly number[], isFound: boolean): void {
    const bytes = isFound ? valueAnswerBytes(this.#sizes.valueBytes) : HEADER_BYTES
    const told = () => done({ isFound, hops: path.length - 1 })
    // Everybody on the path took the question, so everybody lives.
    this.#net.carry([...path].reverse(), bytes, told, told)
  }
}
