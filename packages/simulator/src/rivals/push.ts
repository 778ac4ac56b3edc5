// Epidemic push (Demers et al., 1987, "rumor mongering"; Eugster et al., 2004): who gets a message for the first time sends
// it to a few peers drawn at random, and never again.

import type { SeededRandom } from '../random.ts'
import { payloadMessageBytes } from './message-sizes.ts'
import { meanDegree, randomGraph } from './random-graph.ts'
import type { GossipRival, GossipRivalKind } from './rival.ts'
import type { RivalNet } from './rival-net.ts'
import type { Rumours } from './rumours.ts'

export interface PushOptions {
  /** Peers that each sends to. ln N + c reaches everybody with chance exp(-exp(-c)) (Kermarrec et al., 2003). */
  readonly fanout: number
  /** Hops after which a message is not sent on. */
  readonly hopsMax: number
  /** Links of a peer, among which it draws; the mean of what our own peers hold. The papers draw among all peers. */
  readonly links: number
}

/** The constant c: 2 leaves out somebody in one message of eight, and 0.1 peers on average. */
const FANOUT_SPARE = 2
/** The last peers are reached after about log N / log fanout hops and a few more; this is well above. */
const HOPS_MAX = 16

export function pushOptions(peers: number): PushOptions {
  return { fanout: Math.ceil(Math.log(peers) + FANOUT_SPARE), hopsMax: HOPS_MAX, links: 34 }
}

export class Push implements GossipRival {
  readonly #net: RivalNet
  readonly #rumours: Rumours
  readonly #options: PushOptions
  readonly #random: SeededRandom
  readonly #linked: readonly (readonly number[])[]

  constructor(net: RivalNet, rumours: Rumours, options: Partial<PushOptions> = {}) {
    this.#net = net
    this.#rumours = rumours
    this.#options = { ...pushOptions(net.peers), ...options }
    this.#random = net.random.fork('push')
    this.#linked = randomGraph(net.peers, this.#options.links, net.random.fork('links'))
  }

  get contactsMean(): number {
    return meanDegree(this.#linked)
  }

  start(): void {}

  publish(source: number, rumour: number): void {
    this.#spread(source, rumour, 0)
  }

  #spread(peer: number, rumour: number, hops: number): void {
    if (hops >= this.#options.hopsMax) return
    const bytes = payloadMessageBytes(this.#rumours.payloadBytes)
    const linked = this.#linked[peer] as readonly number[]
    const trusted = linked.filter((other) => this.#net.trusts(peer, other))
    for (const to of this.#random.sample(trusted, this.#options.fanout))
      this.#net.send({ from: peer, to, bytes }, () => {
        if (this.#rumours.receive(to, rumour, hops + 1)) this.#spread(to, rumour, hops + 1)
      })
  }
}

export const push: GossipRivalKind = {
  name: 'push',
  source: 'Demers et al. 1987, Kermarrec et al. 2003; fanout ln N + 2',
  create: (net, rumours) => new Push(net, rumours),
}
