import { afterEach, describe, expect, it } from 'vitest'
import type { HyphaePeer } from '../src/index.ts'
import { createTestNetwork, type TestNetwork } from '../src/testing.ts'

let network: TestNetwork
afterEach(() => network.close())

async function start(count: number): Promise<HyphaePeer[]> {
  network = createTestNetwork()
  const peers = await Promise.all(Array.from({ length: count }, () => network.createPeer()))
  await Promise.all(peers.map((peer) => peer.joined()))
  return peers
}

function next<T>(listen: (listener: (event: T) => void) => () => void): Promise<T> {
  return new Promise((resolve) => {
    const off = listen((event) => {
      off()
      resolve(event)
    })
  })
}

describe('a network in memory', () => {
  it('links peers and carries a message to all of them', async () => {
    const peers = await start(3)
    const [first, ...others] = peers as [HyphaePeer, HyphaePeer, HyphaePeer]
    const received = others.map((peer) =>
      next<{ from: string; data: unknown }>((listener) => peer.topic('chat').on('message', listener)),
    )
    first.topic('chat').on('message', () => {})
    await first.topic('chat').publish({ text: 'hello' })
    for (const message of await Promise.all(received)) {
      expect(message.from).toBe(first.id)
      expect(message.data).toEqual({ text: 'hello' })
    }
  })

  it('stores a value and finds it from another peer', async () => {
    const [first, second] = (await start(3)) as [HyphaePeer, HyphaePeer]
    const receipt = await first.store.put('user:1', { name: 'Ada' })
    expect(receipt.stored).toBeGreaterThanOrEqual(2)
    expect(await second.store.get('user:1')).toEqual({ name: 'Ada' })
    expect(await second.store.get('nobody')).toBeUndefined()
  })
})
