import { afterEach, describe, expect, it } from 'vitest'
import type { HyphaePeer } from '../src/index.ts'
import { createTestNetwork, type TestNetwork } from '../src/testing.ts'

let network: TestNetwork
afterEach(() => network.close())

async function start(count: number): Promise<HyphaePeer[]> {
  network = createTestNetwork()
  const peers = await Promise.all(Array.from({ length: count }, () => network.createPeer()))
  if (count > 1) await Promise.all(peers.map((peer) => peer.joined()))
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

/** As whoever has no types may do. */
function empty(list: readonly unknown[]): void {
  ;(list as unknown[]).length = 0
}

/** Resolves once the peer has this many links. */
async function linked(peer: HyphaePeer, count: number): Promise<void> {
  while (peer.peers.length < count) await next((listener) => peer.on('peer-joined', listener))
}

describe('a network in memory', () => {
  it('links peers and carries a message to all of them, its author included', async () => {
    const peers = await start(3)
    const [first] = peers as [HyphaePeer, HyphaePeer, HyphaePeer]
    const received = peers.map((peer) =>
      next<{ from: string; data: unknown; hops: number }>((listener) =>
        peer.topic('chat').on('message', listener),
      ),
    )
    await first.topic('chat').publish({ text: 'hello' })
    const messages = await Promise.all(received)
    for (const message of messages) {
      expect(message.from).toBe(first.id)
      expect(message.data).toEqual({ text: 'hello' })
    }
    expect(messages.map(({ hops }) => Math.min(hops, 1))).toEqual([0, 1, 1])
  })

  it('peers that start together can ask each other as soon as they have joined', async () => {
    const peers = await start(8)
    for (const peer of peers) peer.handle('whoami', () => peer.id)
    const pairs = peers.flatMap((from) => peers.filter((to) => to !== from).map(({ id }) => ({ from, id })))
    const answers = await Promise.all(pairs.map(({ from, id }) => from.request(id, 'whoami', null)))
    expect(answers).toEqual(pairs.map(({ id }) => id))
  })

  it('spreads a topic by the strategy that is asked for, from the first message or later', async () => {
    const [first, second] = (await start(2)) as [HyphaePeer, HyphaePeer]
    const pushed = { strategy: 'epidemic', mode: 'push', fanout: 1 } as const
    const received = next<{ data: unknown }>((listener) => second.topic('chat').on('message', listener))
    const { recipients } = await first.topic('chat', pushed).publish('pushed')
    expect([(await received).data, recipients]).toEqual(['pushed', 1])
    const pulled = next<{ data: unknown }>((listener) => second.topic('chat').on('message', listener))
    const pulling = first.topic('chat', { strategy: 'epidemic', mode: 'pull', pullEveryMs: 100 })
    expect(pulling).toBe(first.topic('chat'))
    expect((await pulling.publish('pulled')).recipients).toBe(0)
    expect((await pulled).data).toBe('pulled')
  })

  it('says what is wrong with a strategy', async () => {
    const [first] = (await start(2)) as [HyphaePeer]
    expect(() => first.topic('chat', { strategy: 'epidemic', fanout: 0 })).toThrow(
      new RangeError('fanout must be a whole number from 1 to 50, got 0'),
    )
    expect(first.topic('chat', { strategy: 'epidemic', fanout: undefined })).toBe(first.topic('chat'))
  })

  it('stores a value and finds it from another peer', async () => {
    const [first, second] = (await start(3)) as [HyphaePeer, HyphaePeer]
    const receipt = await first.store.put('user:1', { name: 'Ada' })
    expect(receipt.stored).toBeGreaterThanOrEqual(2)
    expect(await second.store.get('user:1')).toEqual({ name: 'Ada' })
    expect(await second.store.get('nobody')).toBeUndefined()
  })

  it('rejects what is too large or no name, and throws nothing', async () => {
    const [peer] = (await start(1)) as [HyphaePeer]
    const { store, signingKey } = peer
    const [large, name, id] = ['x'.repeat(8 * 1024), 'x'.repeat(256), 'nobody']
    const calls = [
      [store.put('name', large), store.putOwned('name', large), store.putContent(large)],
      [store.get(name), store.find(name), store.getOwned(signingKey, name)],
      [store.getOwned(id, ''), store.getContent(id), store.holders(id), peer.pathInfo(id)],
    ].flat()
    const names = (await Promise.allSettled(calls)).map(
      (end) => end.status === 'rejected' && (end.reason.code ?? end.reason.name),
    )
    const expected = [
      ...Array(3).fill('TOO_LARGE'),
      ...Array(3).fill('RangeError'),
      ...Array(4).fill('TypeError'),
    ]
    expect(names).toEqual(expected)
  })

  it('a name that is no text, or too long, is a mistake of its call, and costs the peer nothing else', async () => {
    const [peer, other] = (await start(2)) as [HyphaePeer, HyphaePeer]
    const number = 5 as unknown as string
    const [text, long] = ['x', 'x'.repeat(256)]
    expect(() => peer.topic(number)).toThrow(new TypeError('name must be a string, got number'))
    expect(() => peer.handle(number, () => 1)).toThrow(TypeError)
    expect(() => peer.handle(long, () => 1)).toThrow(RangeError)
    const { store } = peer
    const calls = [
      [store.put(number, 1), store.get(number), store.get(text, { namespace: number })],
      [store.putOwned(number, 1), store.getOwned(peer.signingKey, number), peer.request(other.id, number, 1)],
      [peer.request(other.id, long, 1), store.putOwned(long, 1)],
    ].flat()
    const ends = await Promise.allSettled(calls)
    const names = ends.map((end) => end.status === 'rejected' && end.reason.name)
    expect(names).toEqual([...Array(6).fill('TypeError'), ...Array(2).fill('RangeError')])
    other.handle('echo', (data) => data)
    expect(await peer.request(other.id, 'echo', 1)).toBe(1)
  })

  it('asks a peer and gets the answer of its handler, or why there is none', async () => {
    const [first, second] = (await start(3)) as [HyphaePeer, HyphaePeer]
    second.handle('add', (numbers) => (numbers as number[]).reduce((sum, number) => sum + number, 0))
    second.handle('fail', () => {
      throw new Error('not today')
    })
    expect(await first.request(second.id, 'add', [1, 2, 3])).toBe(6)
    second.handle('nothing', (nothing) => [nothing])
    expect(await first.request(second.id, 'nothing')).toEqual([null])
    await expect(first.request(second.id, 'fail', null)).rejects.toMatchObject({
      code: 'HANDLER_FAILED',
      message: 'not today',
    })
    await expect(first.request(second.id, 'other', null)).rejects.toMatchObject({ code: 'NO_HANDLER' })
    await expect(first.request('0'.repeat(64), 'add', [])).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
  })

  it('says BUSY, and never that a peer is gone, where more is asked of it at once than it takes', async () => {
    const [first, second] = (await start(2)) as [HyphaePeer, HyphaePeer]
    second.handle('echo', (data) => data)
    for (const data of ['small', 'large'.repeat(3_000)]) {
      const asked = Array.from({ length: 300 }, () => first.request(second.id, 'echo', data))
      const ends = await Promise.allSettled(asked)
      const codes = ends.map((end) => (end.status === 'fulfilled' ? 'OK' : end.reason.code))
      expect(new Set(codes)).toEqual(new Set(['OK', 'BUSY']))
    }
  })

  it('sees the topology and looks peers up', async () => {
    const peers = await start(5)
    const [first] = peers as [HyphaePeer]
    await Promise.all(peers.map((peer) => linked(peer, 4)))
    const { peers: seen } = await first.topology()
    expect(new Set(seen.map(({ peer }) => peer)).size).toBe(5)
    const closest = await first.lookup((peers[3] as HyphaePeer).id)
    expect(closest[0]).toBe(peers[3]?.id)
  })

  it('hands out pictures that are copies', async () => {
    const [first, second] = (await start(2)) as [HyphaePeer, HyphaePeer]
    second.handle('echo', (data) => data)
    const { peers } = await first.topology({ onPeer: ({ links }) => empty(links) })
    for (const { links } of peers) empty(links)
    for (const list of [first.peers, first.snapshot().links, first.timeline()]) empty(list)
    expect(first.peers).toEqual([second.id])
    expect(await first.request(second.id, 'echo', 1)).toBe(1)
  })

  it('aborts and times out with typed errors, and closes idempotently', async () => {
    const [first] = (await start(2)) as [HyphaePeer]
    const abort = new AbortController()
    const asked = first.store.get('nothing', { signal: abort.signal })
    abort.abort()
    await expect(asked).rejects.toMatchObject({ name: 'HyphaeError', code: 'ABORTED' })
    await first.close()
    await first.close()
    expect(first.status).toBe('closed')
    await expect(first.store.get('x')).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
