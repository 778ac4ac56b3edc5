// Push-pull (Demers et al., 1987, anti-entropy with a list of recent updates; Karp et al., 2000): in every round each peer
// calls one other, drawn at random; they compare what they got lately, and each gives what the other lacks. Who is found
// dead is not called again; the papers have no dead peers.

import type { SeededRandom } from '../random.ts'
import { idListBytes, payloadMessageBytes } from './message-sizes.ts'
import { meanDegree, randomGraph } from './random-graph.ts'
import type { GossipRival, GossipRivalKind } from './rival.ts'
import type { RivalNet } from './rival-net.ts'
import type { Rumours } from './rumours.ts'

export interface PushPullOptions {
  /** Milliseconds between two calls of a peer. A guess: somewhat more than the mean round trip. */
  readonly roundMs: number
  /** Rounds for which a peer tells of a message that it got. */
  readonly hotRounds: number
  /** Links of a peer, among which it draws; the mean of what our own peers hold. The papers draw among all peers. */
  readonly links: number
}

/** Karp et al. need log3 N + O(ln ln N) rounds; twice as many here, so that calls to the dead cost time but no deliveries. */
export function pushPullOptions(peers: number): PushPullOptions {
  const rounds = Math.log(peers) / Math.log(3) + Math.log(Math.log(Math.max(peers, 3)))
  return { roundMs: 200, hotRounds: Math.ceil(2 * rounds), links: 34 }
}

interface Hot {
  readonly rumour: number
  readonly untilMs: number
}

export class PushPull implements GossipRival {
  readonly #net: RivalNet
  readonly #rumours: Rumours
  readonly #options: PushPullOptions
  readonly #random: SeededRandom
  readonly #linked: readonly (readonly number[])[]
  /** What a peer tells of, oldest first. */
  readonly #hot: Hot[][]

  constructor(net: RivalNet, rumours: Rumours, options: Partial<PushPullOptions> = {}) {
    this.#net = net
    this.#rumours = rumours
    this.#options = { ...pushPullOptions(net.peers), ...options }
    this.#random = net.random.fork('push-pull')
    this.#linked = randomGraph(net.peers, this.#options.links, net.random.fork('links'))
    this.#hot = Array.from({ length: net.peers }, () => [])
  }

  get contactsMean(): number {
    return meanDegree(this.#linked)
  }

  /** Rounds begin at random: nobody keeps a common clock. */
  start(): void {
    for (const peer of this.#net.living())
      this.#net.timeline.after(this.#random.below(this.#options.roundMs), () => this.#round(peer))
  }

  publish(source: number, rumour: number): void {
    this.#heat(source, rumour)
  }

  #round(peer: number): void {
    const linked = this.#linked[peer] as readonly number[]
    const trusted = linked.filter((other) => this.#net.trusts(peer, other))
    if (trusted.length > 0) this.#call(peer, this.#random.pick(trusted))
    this.#net.timeline.after(this.#options.roundMs, () => this.#round(peer))
  }

  #call(peer: number, to: number): void {
    const known = this.#recent(peer)
    this.#net.send(
      { from: peer, to, bytes: idListBytes(known.length) },
      () => this.#onCall(to, peer, known),
      () => undefined,
    )
  }

  /** The called gives what the caller lacks, and asks for what it lacks itself. */
  #onCall(peer: number, caller: number, known: readonly number[]): void {
    const given = this.#recent(peer).filter((rumour) => !known.includes(rumour))
    const wanted = known.filter((rumour) => !this.#rumours.has(peer, rumour))
    if (given.length + wanted.length === 0) return
    this.#hand(peer, caller, { given, wanted }, () => {
      if (wanted.length > 0) this.#hand(caller, peer, { given: wanted, wanted: [] }, () => undefined)
    })
  }

  /** One message with the given rumours in full and the ids of the wanted ones. */
  #hand(from: number, to: number, { given, wanted }: Handed, then: () => void): void {
    const { payloadBytes } = this.#rumours
    const bytes = idListBytes(wanted.length) + given.length * payloadMessageBytes(payloadBytes)
    const hops = given.map((rumour) => this.#rumours.hopsTo(from, rumour) + 1)
    this.#net.send({ from, to, bytes }, () => {
      for (const [i, rumour] of given.entries())
        if (this.#rumours.receive(to, rumour, hops[i] as number)) this.#heat(to, rumour)
      then()
    })
  }

  #heat(peer: number, rumour: number): void {
    const { hotRounds, roundMs } = this.#options
    this.#hot[peer]?.push({ rumour, untilMs: this.#net.timeline.now + hotRounds * roundMs })
  }

  #recent(peer: number): number[] {
    const hot = this.#hot[peer] as Hot[]
    while (hot.length > 0 && (hot[0] as Hot).untilMs < this.#net.timeline.now) hot.shift()
    return hot.map(({ rumour }) => rumour)
  }
}

interface Handed {
  readonly given: readonly number[]
  readonly wanted: readonly number[]
}

export const pushPull: GossipRivalKind = {
  name: 'push-pull',
  source: 'Demers et al. 1987, Karp et al. 2000; a call every 200 ms',
  create: (net, rumours) => new PushPull(net, rumours),
}
