// js-libp2p's peers over its own in-memory transport, with the parts its documentation names for gossip and lookups, and
// those parts' defaults.

import { type GossipSub, gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { memory } from '@libp2p/memory'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { plaintext } from '@libp2p/plaintext'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { type RivalNetwork, untilAtRest, within } from './rival-network.ts'

export interface Libp2pOptions {
  /** Whether peers run kad-dht beside gossipsub. */
  readonly dht: boolean
  /** Whether links are encrypted (noise) or not (plaintext): our in-memory links are not. */
  readonly encrypted: boolean
  /** Whether messages are signed and checked. */
  readonly signed: boolean
}

const TOPIC = 'bench'
/** Peers that a new one dials, as many as there are: gossipsub keeps 6 of a topic, at most 12. The rest is up to the DHT. */
const DIALED = 8
/** Milliseconds a lookup, put or get may take: that of our own store calls. */
const CALL_MS_MAX = 20_000
/** Names in the DHT begin with a prefix that says how values are checked. Here they are not, which favours this side. */
const PREFIX = 'bench'
const DHT_OPTIONS = {
  protocol: '/bench/kad/1.0.0',
  clientMode: false,
  peerInfoMapper: passthroughMapper,
  validators: { [PREFIX]: async () => {} },
  selectors: { [PREFIX]: () => 0 },
}

export class Libp2pNetwork implements RivalNetwork {
  readonly hasDht: boolean
  readonly #options: Libp2pOptions
  #nodes: Node[] = []

  constructor(options: Libp2pOptions) {
    this.#options = options
    this.hasDht = options.dht
  }

  async start(count: number): Promise<void> {
    while (this.#nodes.length < count) {
      const node = await createNode(this.#nodes.length, this.#options)
      for (const other of draw(this.#nodes, DIALED)) await node.dial(other.getMultiaddrs())
      this.#nodes.push(node)
    }
    await untilAtRest(() => this.linksMean())
  }

  linksMean(): number {
    return this.#nodes.reduce((sum, node) => sum + node.getPeers().length, 0) / this.#nodes.length
  }

  async subscribe(onDelivery: (payload: Uint8Array) => void): Promise<void> {
    for (const { services } of this.#nodes) {
      services.pubsub.addEventListener('message', ({ detail }) => onDelivery(detail.data))
      services.pubsub.subscribe(TOPIC)
    }
  }

  async publish(peer: number, payload: Uint8Array): Promise<void> {
    await this.#node(peer).services.pubsub.publish(TOPIC, payload)
  }

  async lookup(peer: number, key: Uint8Array): Promise<number> {
    const signal = AbortSignal.timeout(CALL_MS_MAX)
    let found = 0
    for await (const event of this.#dht(peer).getClosestPeers(key, { signal }))
      if (event.name === 'FINAL_PEER') found++
    return found
  }

  async put(peer: number, name: string, value: Uint8Array): Promise<void> {
    const signal = AbortSignal.timeout(CALL_MS_MAX)
    await within(CALL_MS_MAX, 'put', this.#node(peer).contentRouting.put(keyOf(name), value, { signal }))
  }

  async get(peer: number, name: string): Promise<Uint8Array | null> {
    const signal = AbortSignal.timeout(CALL_MS_MAX)
    try {
      return await this.#node(peer).contentRouting.get(keyOf(name), { signal })
    } catch (error) {
      if (error instanceof Error && error.name === 'NotFoundError') return null
      throw error
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()))
  }

  #dht(index: number): KadDHT {
    const { dht } = this.#node(index).services
    if (dht === undefined) throw new TypeError('these peers run without a DHT')
    return dht
  }

  #node(index: number): Node {
    const node = this.#nodes[index]
    if (node === undefined) throw new RangeError(`node ${index} of ${this.#nodes.length}`)
    return node
  }
}

type Node = Libp2p<Services>

interface Services extends ServiceMap {
  readonly pubsub: GossipSub
  readonly dht?: KadDHT
}

function createNode(index: number, { dht, encrypted, signed }: Libp2pOptions): Promise<Node> {
  return createLibp2p({
    addresses: { listen: [`/memory/peer-${index}`] },
    transports: [memory()],
    connectionEncrypters: [encrypted ? noise() : plaintext()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub({ globalSignaturePolicy: signed ? 'StrictSign' : 'StrictNoSign' }),
      ...(dht ? { dht: kadDHT(DHT_OPTIONS) } : {}),
    },
  })
}

function keyOf(name: string): Uint8Array {
  return new TextEncoder().encode(`/${PREFIX}/${name}`)
}

/** Up to `count` of them at random. */
function draw<T>(items: readonly T[], count: number): T[] {
  const left = [...items]
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const [item] = left.splice(Math.floor(Math.random() * left.length), 1)
    return item as T
  })
}
