// GossipSub (Vyzovitis et al., 2020; libp2p's specifications of versions 1.0 to 1.2): every message is flooded through a
// mesh of a few links per peer, and its id is told to some others at every heartbeat, who fetch what they miss.
//
// Left out, as every peer here is honest: scores, opportunistic grafting, back-off after a prune, peer exchange. Bandwidth
// is not modelled, so that IDONTWANT can save a copy only while a message is being validated.

import type { SeededRandom } from '../random.ts'
import { HEADER_BYTES, idListBytes, payloadMessageBytes } from './message-sizes.ts'
import { meanDegree, randomGraph } from './random-graph.ts'
import type { GossipRival, GossipRivalKind } from './rival.ts'
import type { RivalNet } from './rival-net.ts'
import type { Rumours } from './rumours.ts'

export interface GossipSubOptions {
  /** Links of a peer, mesh or not; the mean of what our own peers hold. */
  readonly links: number
  /** Mesh links wanted, fewest and most. Ethereum's consensus clients: D = 8, D_low = 6, D_high = 12. */
  readonly degree: number
  readonly degreeLow: number
  readonly degreeHigh: number
  /** Peers told of ids at a heartbeat: D_lazy of libp2p, or this share of the links outside the mesh (1.1), whichever is more. */
  readonly degreeLazy: number
  readonly lazyShare: number
  /** Milliseconds between two heartbeats, as libp2p has them. */
  readonly heartbeatMs: number
  /** Heartbeats for which a message can be fetched (mcache_len), and for which its id is told (mcache_gossip). */
  readonly cacheWindows: number
  readonly gossipWindows: number
  /** Whether a publisher sends to all its links, as since 1.1. */
  readonly isFloodPublishing: boolean
  /** Bytes of a payload from which IDONTWANT is sent (1.2; go-libp2p-pubsub: 1,024); infinity for never. */
  readonly dontWantFromBytes: number
  /** Milliseconds before a message is passed on; our own peers take a fraction of one. What is measured is its arrival. */
  readonly validationMs: number
}

export const GOSSIPSUB_OPTIONS: GossipSubOptions = Object.freeze({
  links: 34,
  degree: 8,
  degreeLow: 6,
  degreeHigh: 12,
  degreeLazy: 6,
  lazyShare: 0.25,
  heartbeatMs: 1_000,
  cacheWindows: 5,
  gossipWindows: 3,
  isFloodPublishing: true,
  dontWantFromBytes: Number.POSITIVE_INFINITY,
  validationMs: 0,
})

/** GRAFT and PRUNE: a header and the name of the topic. */
const MESH_CONTROL_BYTES = HEADER_BYTES + 16

export class GossipSub implements GossipRival {
  readonly #net: RivalNet
  readonly #rumours: Rumours
  readonly #options: GossipSubOptions
  readonly #random: SeededRandom
  readonly #linked: readonly (readonly number[])[]
  readonly #mesh: number[][]
  /** Rumours by peer and heartbeat, the present one first. */
  readonly #cache: number[][][]
  /** By peer, `rumour * peers + neighbour` of what neighbours do not want. */
  readonly #unwanted: Set<number>[]

  constructor(net: RivalNet, rumours: Rumours, options: Partial<GossipSubOptions> = {}) {
    this.#net = net
    this.#rumours = rumours
    this.#options = { ...GOSSIPSUB_OPTIONS, ...options }
    this.#random = net.random.fork('gossipsub')
    this.#linked = randomGraph(net.peers, this.#options.links, net.random.fork('links'))
    this.#mesh = buildMesh(this.#linked, this.#options, this.#random)
    this.#cache = Array.from({ length: net.peers }, () => [[]])
    this.#unwanted = Array.from({ length: net.peers }, () => new Set())
  }

  get contactsMean(): number {
    return meanDegree(this.#linked)
  }

  /** Mesh links of a peer. */
  mesh(peer: number): readonly number[] {
    return this.#mesh[peer] as number[]
  }

  /** Heartbeats begin at random, so that they do not beat together. */
  start(): void {
    for (const peer of this.#net.living())
      this.#net.timeline.after(this.#random.below(this.#options.heartbeatMs), () => this.#heartbeat(peer))
  }

  publish(source: number, rumour: number): void {
    this.#remember(source, rumour)
    const { isFloodPublishing } = this.#options
    const targets = isFloodPublishing ? (this.#linked[source] as readonly number[]) : this.mesh(source)
    for (const to of targets) this.#sendPayload(source, to, rumour)
  }

  #onPayload(peer: number, from: number, rumour: number, hops: number): void {
    if (!this.#rumours.receive(peer, rumour, hops)) return
    const { dontWantFromBytes, validationMs } = this.#options
    if (this.#rumours.payloadBytes >= dontWantFromBytes) this.#refuse(peer, from, rumour)
    if (validationMs === 0) this.#forward(peer, from, rumour)
    else this.#net.timeline.after(validationMs, () => this.#forward(peer, from, rumour))
  }

  #forward(peer: number, from: number, rumour: number): void {
    this.#remember(peer, rumour)
    const unwanted = this.#unwanted[peer] as Set<number>
    for (const to of this.mesh(peer))
      if (to !== from && !unwanted.has(rumour * this.#net.peers + to)) this.#sendPayload(peer, to, rumour)
  }

  /** IDONTWANT to the mesh, before the message itself is forwarded. */
  #refuse(peer: number, from: number, rumour: number): void {
    for (const to of this.mesh(peer)) {
      if (to === from) continue
      this.#net.send({ from: peer, to, bytes: idListBytes(1) }, () =>
        this.#unwanted[to]?.add(rumour * this.#net.peers + peer),
      )
    }
  }

  #sendPayload(from: number, to: number, rumour: number): void {
    const hops = this.#rumours.hopsTo(from, rumour) + 1
    const bytes = payloadMessageBytes(this.#rumours.payloadBytes)
    this.#net.send({ from, to, bytes }, () => this.#onPayload(to, from, rumour, hops))
  }

  #remember(peer: number, rumour: number): void {
    this.#cache[peer]?.[0]?.push(rumour)
  }

  #heartbeat(peer: number): void {
    const { cacheWindows, heartbeatMs } = this.#options
    this.#mendMesh(peer)
    this.#tellIds(peer)
    const cache = this.#cache[peer] as number[][]
    cache.unshift([])
    if (cache.length > cacheWindows) cache.pop()
    this.#net.timeline.after(heartbeatMs, () => this.#heartbeat(peer))
  }

  #mendMesh(peer: number): void {
    const { degree, degreeLow } = this.#options
    const mesh = this.mesh(peer).filter((other) => this.#net.trusts(peer, other))
    this.#mesh[peer] = mesh
    if (mesh.length >= degreeLow) return
    const others = this.#linksOutsideMesh(peer)
    for (const other of this.#random.sample(others, degree - mesh.length)) {
      mesh.push(other)
      this.#net.send({ from: peer, to: other, bytes: MESH_CONTROL_BYTES }, () => this.#onGraft(other, peer))
    }
  }

  /** Who has D_high already answers with PRUNE (1.1), so that no mesh ever grows beyond it. */
  #onGraft(peer: number, from: number): void {
    const mesh = this.#mesh[peer] as number[]
    if (mesh.includes(from)) return
    if (mesh.length < this.#options.degreeHigh) mesh.push(from)
    else
      this.#net.send({ from: peer, to: from, bytes: MESH_CONTROL_BYTES }, () => this.#leaveMesh(from, peer))
  }

  #leaveMesh(peer: number, other: number): void {
    this.#mesh[peer] = this.mesh(peer).filter((member) => member !== other)
  }

  /** IHAVE with the ids of the last windows. */
  #tellIds(peer: number): void {
    const { degreeLazy, lazyShare, gossipWindows } = this.#options
    const ids = (this.#cache[peer] as number[][]).slice(0, gossipWindows).flat()
    if (ids.length === 0) return
    const others = this.#linksOutsideMesh(peer)
    const count = Math.max(degreeLazy, Math.floor(others.length * lazyShare))
    for (const to of this.#random.sample(others, count))
      this.#net.send({ from: peer, to, bytes: idListBytes(ids.length) }, () => this.#onIds(to, peer, ids))
  }

  /** IWANT for what is not here yet, though it may be asked of several at once, as in the specification. */
  #onIds(peer: number, from: number, ids: readonly number[]): void {
    const wanted = ids.filter((rumour) => !this.#rumours.has(peer, rumour))
    if (wanted.length === 0) return
    this.#net.send({ from: peer, to: from, bytes: idListBytes(wanted.length) }, () => {
      const cached = (this.#cache[from] as number[][]).flat()
      for (const rumour of wanted) if (cached.includes(rumour)) this.#sendPayload(from, peer, rumour)
    })
  }

  #linksOutsideMesh(peer: number): number[] {
    const mesh = this.mesh(peer)
    const linked = this.#linked[peer] as readonly number[]
    return linked.filter((other) => !mesh.includes(other) && this.#net.trusts(peer, other))
  }
}

/** A converged mesh: peers in random order graft random links up to the degree wanted, with others that want more too. */
function buildMesh(
  linked: readonly (readonly number[])[],
  { degree, degreeLow, degreeHigh }: GossipSubOptions,
  random: SeededRandom,
): number[][] {
  const mesh: number[][] = linked.map(() => [])
  const graft = (peer: number, wanted: number, accepted: number) => {
    const own = mesh[peer] as number[]
    for (const other of random.sample(linked[peer] as readonly number[], Number.POSITIVE_INFINITY)) {
      if (own.length >= wanted) return
      const theirs = mesh[other] as number[]
      if (theirs.length >= accepted || own.includes(other)) continue
      own.push(other)
      theirs.push(peer)
    }
  }
  const order = random.sample([...linked.keys()], linked.length)
  for (const peer of order) graft(peer, degree, degree)
  for (const peer of order) graft(peer, degreeLow, degreeHigh)
  return mesh
}

export const gossipSub: GossipRivalKind = {
  name: 'gossipsub-1.1',
  source: 'Vyzovitis et al. 2020; D = 8, flood publishing',
  create: (net, rumours) => new GossipSub(net, rumours),
}

export const gossipSubDontWant: GossipRivalKind = {
  name: 'gossipsub-1.2',
  source: 'the same with IDONTWANT from 1,024 bytes, which saves nothing where validating takes no time',
  create: (net, rumours) => new GossipSub(net, rumours, { dontWantFromBytes: 1_024 }),
}
