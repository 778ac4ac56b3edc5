// Our peers over the in-memory transport that applications test with, built as they are published.

import { createTestNetwork } from 'hyphae/testing'
import { type RivalNetwork, untilAtRest } from './rival-network.ts'

type TestNetwork = ReturnType<typeof createTestNetwork>
type TestPeer = Awaited<ReturnType<TestNetwork['createPeer']>>

const TOPIC = 'bench'

export class HyphaeNetwork implements RivalNetwork {
  readonly hasDht = true
  readonly #network = createTestNetwork()
  #peers: TestPeer[] = []

  async start(count: number): Promise<void> {
    while (this.#peers.length < count) this.#peers.push(await this.#network.createPeer())
    for (const peer of this.#peers) await peer.joined({ timeoutMs: 60_000 })
    await untilAtRest(() => this.linksMean())
  }

  linksMean(): number {
    return this.#peers.reduce((sum, peer) => sum + peer.peers.length, 0) / this.#peers.length
  }

  async subscribe(onDelivery: (payload: Uint8Array) => void): Promise<void> {
    for (const peer of this.#peers)
      peer.topic<Uint8Array>(TOPIC).on('message', ({ from, data }) => {
        if (from !== peer.id) onDelivery(data)
      })
  }

  async publish(peer: number, payload: Uint8Array): Promise<void> {
    await this.#peer(peer).topic<Uint8Array>(TOPIC).publish(payload)
  }

  async lookup(peer: number, key: Uint8Array): Promise<number> {
    const closest = await this.#peer(peer).lookup(Buffer.from(key).toString('hex'))
    return closest.length
  }

  async put(peer: number, name: string, value: Uint8Array): Promise<void> {
    await this.#peer(peer).store.put(name, value)
  }

  async get(peer: number, name: string): Promise<Uint8Array | null> {
    return (await this.#peer(peer).store.get<Uint8Array>(name)) ?? null
  }

  close(): Promise<void> {
    return this.#network.close()
  }

  #peer(index: number): TestPeer {
    const peer = this.#peers[index]
    if (peer === undefined) throw new RangeError(`peer ${index} of ${this.#peers.length}`)
    return peer
  }
}
