// The network that rivals run on: the simulator's time, places and latencies, and a count of everything that is sent.
//
// Nothing is lost but what goes to the dead. A sender that asks to be told hears of a death after a little more than the
// round trip; the acknowledgement that it misses is the transport's and is not counted. That favours the rivals: a data
// channel tells nobody what has arrived. After a while everybody knows of every death, as links that are silent end.

import { LINK_SILENCE_MS } from '@hyphae/core'
import { Digest } from '../digest.ts'
import { drawPlace, type Place, pathMs, withJitter } from '../latency.ts'
import { SeededRandom } from '../random.ts'
import { Timeline } from '../timeline.ts'

/**
 * A peer waits for half as long again as the round trip, and 50 ms. That timeouts follow measured round trips is Bamboo's
 * rule (Rhea et al., 2004); the numbers are a guess that favours the rivals, who know the true round trip.
 */
const PATIENCE_ROUND_TRIPS = 1.5
const PATIENCE_SPARE_MS = 50

/** One message between two peers, which are numbered from 0. */
export interface Hop {
  readonly from: number
  readonly to: number
  readonly bytes: number
}

export class RivalNet {
  readonly peers: number
  readonly timeline = new Timeline()
  /** Fork it by name. The same seed gives every rival the same peers, deaths and load. */
  readonly random: SeededRandom
  readonly #places: readonly Place[]
  readonly #jitter: SeededRandom
  readonly #digest = new Digest()
  readonly #isDead: Uint8Array
  /** Pairs of a peer and one that it knows to be dead, as `peer * peers + dead`. */
  readonly #knownDead = new Set<number>()
  #deathsKnownAt = Number.POSITIVE_INFINITY
  #messages = 0
  #bytes = 0
  #delivered = 0

  /** Peers live where those of the simulator's own network of that seed live. */
  constructor(peers: number, seed: number) {
    const hosts = new SeededRandom(seed, 'network')
    this.peers = peers
    this.random = new SeededRandom(seed, 'rivals')
    this.#jitter = this.random.fork('jitter')
    this.#places = Array.from({ length: peers }, (_, peer) =>
      drawPlace(hosts.fork('host', peer).fork('place')),
    )
    this.#isDead = new Uint8Array(peers)
  }

  /** Messages sent so far. */
  get messages(): number {
    return this.#messages
  }

  /** Bytes sent so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Messages that arrived so far. */
  get delivered(): number {
    return this.#delivered
  }

  /** 16 hexadecimal digits over time, receiver and size of every message that arrived. */
  traceHash(): string {
    return this.#digest.hex()
  }

  /** Kills a share of all peers at this instant; nobody knows before the longest silence that our own peers bear. */
  kill(share: number): void {
    const everybody = Array.from({ length: this.peers }, (_, peer) => peer)
    const killed = this.random.fork('kill').sample(everybody, Math.round(this.peers * share))
    for (const peer of killed) this.#isDead[peer] = 1
    this.#deathsKnownAt = this.timeline.now + LINK_SILENCE_MS
  }

  isAlive(peer: number): boolean {
    return this.#isDead[peer] === 0
  }

  living(): number[] {
    return Array.from({ length: this.peers }, (_, peer) => peer).filter((peer) => this.isAlive(peer))
  }

  /** Whether that peer lives, or this one neither waited for it in vain nor had the time to notice its silence. */
  trusts(peer: number, other: number): boolean {
    if (this.isAlive(other)) return true
    return this.timeline.now < this.#deathsKnownAt && !this.#knownDead.has(peer * this.peers + other)
  }

  /** Milliseconds of one way without jitter. */
  pathMs(from: number, to: number): number {
    return pathMs(this.#places[from] as Place, this.#places[to] as Place)
  }

  /** Milliseconds there and back along a path of peers, each linked to the next. */
  roundTripMs(path: readonly number[]): number {
    let sum = 0
    for (let i = 1; i < path.length; i++) {
      const [a, b] = [path[i - 1] as number, path[i] as number]
      sum += this.pathMs(a, b) + this.pathMs(b, a)
    }
    return sum
  }

  /** Milliseconds after which a peer that has not answered over this path is taken for dead. */
  patienceMs(path: readonly number[]): number {
    return Math.round(this.roundTripMs(path) * PATIENCE_ROUND_TRIPS + PATIENCE_SPARE_MS)
  }

  /** `arrived` runs at the receiver if it lives; else `lost` at the sender, which knows of the death from then on. */
  send(hop: Hop, arrived: () => void, lost?: () => void): void {
    this.#messages += 1
    this.#bytes += hop.bytes
    if (this.#isDead[hop.to] === 0) {
      const delayMs = withJitter(this.pathMs(hop.from, hop.to), this.#jitter)
      this.timeline.after(delayMs, () => {
        this.#arrive(hop)
        arrived()
      })
    } else if (lost !== undefined) this.#missAnswer([hop.from, hop.to], lost)
  }

  /**
   * Sends along a path whose peers hand it on. Where the last one is dead, `lost` runs at the first, after its patience
   * with the whole path; the last but one knows too, after its own.
   */
  carry(path: readonly number[], bytes: number, arrived: () => void, lost: () => void): void {
    const [first, last] = [path[0] as number, path.at(-1) as number]
    if (!this.isAlive(last)) this.#missAnswer(path, lost)
    const step = (at: number) => {
      if (at === path.length - 1) return arrived()
      const hop = { from: path[at] as number, to: path[at + 1] as number, bytes }
      this.send(hop, () => step(at + 1), hop.from === first ? undefined : () => undefined)
    }
    step(0)
  }

  /** Counts what is sent without being simulated message by message. */
  count(messages: number, bytes: number): void {
    this.#messages += messages
    this.#bytes += bytes
  }

  /** Lets this many milliseconds pass. */
  advance(durationMs: number): void {
    const end = this.timeline.now + durationMs
    while (this.timeline.step(end));
  }

  /** Runs until nothing is left to do; at most `limitMs`. */
  finish(limitMs: number): void {
    const end = this.timeline.now + limitMs
    while (this.timeline.pending > 0 && this.timeline.step(end));
  }

  #arrive(hop: Hop): void {
    this.#delivered += 1
    this.#digest.word(this.timeline.now)
    this.#digest.word(hop.to)
    this.#digest.word(hop.bytes)
  }

  #missAnswer(path: readonly number[], lost: () => void): void {
    const key = (path[0] as number) * this.peers + (path.at(-1) as number)
    this.timeline.after(this.patienceMs(path), () => {
      this.#knownDead.add(key)
      lost()
    })
  }
}
