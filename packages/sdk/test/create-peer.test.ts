import { createMemoryNetwork, ManualClock } from '@hyphae/conformance'
import type { WebRtcTransportOptions } from '@hyphae/transport-webrtc'
import { expect, it, vi } from 'vitest'
import { createPeer, type PeerOptions } from '../src/index.ts'
import { createTestNetwork, FaultyDisk } from '../src/testing.ts'

const asked: WebRtcTransportOptions[] = []
const links = createMemoryNetwork()
vi.mock('@hyphae/transport-webrtc', () => ({
  supportsWebRtc: () => true,
  createWebRtcTransport: (options: WebRtcTransportOptions) => {
    asked.push(options)
    return links.createTransport(`peer-${asked.length}`)
  },
}))

const start = (options: Partial<PeerOptions> = {}) =>
  createPeer({ network: 'test', workBits: 0, storage: 'memory', siblingTabs: false, ...options })

it('hands ICE servers on, and whether links may go through TURN servers alone', async () => {
  const iceServers = [{ urls: 'turn:turn.example.com', username: 'ada', credential: 'secret' }]
  for (const options of [{}, { iceServers, relayOnly: true }]) await (await start(options)).close()
  expect(asked.slice(-2)).toMatchObject([
    { iceServers: [], relayOnly: false },
    { iceServers, relayOnly: true },
  ])
})

it('runs all its parts on the clock it is given', async () => {
  const clock = new ManualClock()
  const wall = vi.spyOn(Date, 'now')
  const peer = await start({ clock, siblingTabs: true })
  expect([asked.at(-1)?.clock, wall.mock.calls.length]).toEqual([clock, 0])
  wall.mockRestore()
  await peer.close()
})

it.each([
  [{ network: '' }, 'network must be a non-empty string, got ""'],
  [{ storage: null }, "storage must be 'indexeddb', 'memory' or a store, got null"],
  [{ storage: 'Memory' }, "storage must be 'indexeddb', 'memory' or a store, got \"Memory\""],
  [{ storageQuotaBytes: Number.NaN }, 'storageQuotaBytes must be 0 or more, got NaN'],
  [{ signaling: ['http://x'] }, 'signaling must be a list of ws:// or wss:// addresses, got "http://x"'],
  [{ signaling: 'ws://x' }, 'signaling must be a list of ws:// or wss:// addresses, got "ws://x"'],
  [{ signaling: null }, 'signaling must be a list of ws:// or wss:// addresses, got null'],
  [{ linksMax: 51 }, 'linksMax must be a whole number from 1 to 50, got 51'],
])('says of %o which option cannot be', async (options, message) => {
  await expect(start(options as unknown as Partial<PeerOptions>)).rejects.toThrow(message)
})

it('says what a server needs where the platform has no WebSocket, as Node 20', async () => {
  vi.stubGlobal('WebSocket', undefined)
  await expect(start({ signaling: ['ws://localhost'] })).rejects.toThrow(/set globalThis\.WebSocket/)
  vi.unstubAllGlobals()
})

it('takes what is undefined for what is not said', async () => {
  const opened: string[] = []
  vi.stubGlobal('BroadcastChannel', function (this: object, name: string) {
    // One without a name shows whether there may be any.
    if (name !== '') opened.push(name)
    return { postMessage() {}, close() {} }
  })
  const unset = (...names: (keyof PeerOptions)[]): Partial<PeerOptions> =>
    Object.fromEntries(names.map((name) => [name, undefined]))
  const peer = await start(unset('signaling', 'iceServers', 'linksMax', 'replicas', 'siblingTabs'))
  expect([asked.at(-1), peer.snapshot().linksMax]).toMatchObject([{ iceServers: [], relayOnly: false }, 50])
  expect([opened.length, peer.servers.map(({ url }) => url)]).toEqual([1, ['tabs']])
  await peer.close()
  vi.unstubAllGlobals()
  const network = createTestNetwork()
  await network.createPeer(unset('workBits', 'storage', 'transport'))
  await network.close()
})

it('rejects with ABORTED where nobody wants the peer any more, whatever the start was at', async () => {
  const before = AbortSignal.abort(new Error('never mind'))
  await expect(start({ signal: before })).rejects.toMatchObject({ code: 'ABORTED', cause: before.reason })
  const disk = new FaultyDisk()
  await (await start({ storage: disk.open() })).close()
  for (const step of ['loadIdentity', 'loadContacts'] as const) {
    const amid = new AbortController()
    const storage = disk.open()
    const load = vi.spyOn(storage, step).mockImplementationOnce(() => {
      amid.abort()
      load.mockRestore()
      return storage[step]() as never
    })
    await expect(start({ storage, signal: amid.signal })).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(storage.usage()).rejects.toMatchObject({ code: 'CLOSED' })
  }
})

it('who waits to join a peer that is closed is told so, and the end is told once', async () => {
  const peer = await start()
  const told: string[] = []
  peer.on('status', (status) => told.push(status))
  const waiting = peer.joined()
  const closing = peer.close()
  await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(peer.joined()).rejects.toMatchObject({ code: 'CLOSED' })
  await closing
  expect(told.filter((status) => status === 'closed')).toEqual(['closed'])
})
