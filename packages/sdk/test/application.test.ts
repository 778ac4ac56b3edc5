// What an application does to us: callbacks that throw, streams that are left, parts that fail.

import {
  createMemoryIntroducers,
  createMemoryNetwork,
  createMemoryStorage,
  ManualClock,
  MemoryDisk,
} from '@hyphae/conformance'
import { generateIdentity, type Introducer, secureRandom } from '@hyphae/runtime'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPeer, type HyphaePeer } from '../src/index.ts'
import { createTestNetwork, type TestNetwork } from '../src/testing.ts'

let network: TestNetwork
/** Errors that surface as uncaught ones. */
let uncaught: unknown[]

beforeEach(() => {
  network = createTestNetwork()
  uncaught = []
  const real = queueMicrotask
  vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((callback) =>
    real(() => {
      try {
        callback()
      } catch (error) {
        uncaught.push(error)
      }
    }),
  )
})

afterEach(async () => {
  await network.close()
  vi.restoreAllMocks()
})

async function two(): Promise<[HyphaePeer, HyphaePeer]> {
  const peers = await Promise.all([network.createPeer(), network.createPeer()])
  await Promise.all(peers.map((peer) => peer.joined()))
  return peers
}

function parts() {
  const transport = createMemoryNetwork().createTransport('a')
  const storage = createMemoryStorage()
  const options = { network: 'test', workBits: 0, storage, siblingTabs: false, transport } as const
  return { transport, storage, options }
}

const mine = () => {
  throw new Error('mine')
}

describe('callbacks', () => {
  it('that throw lose nothing of ours', async () => {
    const [first, second] = await two()
    await expect(first.lookup(second.id, { onStep: mine })).resolves.toHaveLength(2)
    const peer = await createPeer({ ...parts().options, onProgress: mine })
    await peer.close()
    expect(uncaught.length).toBeGreaterThan(2)
    expect(new Set(uncaught)).toEqual(new Set(uncaught.map(() => new Error('mine'))))
  })

  it('are not called once they are off', async () => {
    const [first] = await two()
    const heard: unknown[] = []
    first.topic('chat').on('message', () => off())
    const off = first.topic('chat').on('message', ({ data }) => heard.push(data))
    await first.topic('chat').publish('x')
    expect(heard).toEqual([])
  })

  it('may throw what has no text: the requester hears that they failed', async () => {
    const [first, second] = await two()
    for (const error of [Object.create(null), Object.assign(new Error(), { message: {} })]) {
      const off = second.handle('fail', () => {
        throw error
      })
      await expect(first.request(second.id, 'fail', 0)).rejects.toMatchObject({ code: 'HANDLER_FAILED' })
      off()
    }
  })
})

it('waits for ever where the time is longer than any timer', async () => {
  const alone = await createPeer(parts().options)
  const joining = alone.joined({ timeoutMs: Number.POSITIVE_INFINITY }).catch(({ code }) => code)
  network = createTestNetwork({ delayMs: 20 })
  const [first] = await two()
  for (const timeoutMs of [Number.POSITIVE_INFINITY, 30 * 86_400_000])
    await expect(first.store.get('nothing', { timeoutMs })).resolves.toBeUndefined()
  await alone.close()
  await expect(joining).resolves.toBe('CLOSED')
})

it('takes no time and no number of copies that is none', async () => {
  const peer = await network.createPeer()
  const { store } = peer
  for (const timeoutMs of [Number.NaN, -1, '5' as never]) {
    const options = { timeoutMs }
    const calls = [
      peer.joined(options),
      peer.topic('chat').publish('x', options),
      peer.request(peer.id, 'name', 'x', options),
      peer.lookup(peer.id, options),
      peer.topology(options),
      peer.createInvite(options),
      store.put('name', 'x', options),
      store.get('name', options),
      store.holders(peer.id, options),
    ]
    const error = new RangeError(`timeoutMs must be a number of 0 or more, got ${timeoutMs}`)
    for (const end of await Promise.allSettled(calls)) expect(end).toMatchObject({ reason: error })
  }
  const puts = [Number.NaN, 0, 1.5, 41].map((replicas) => store.put('name', 'x', { replicas }))
  for (const end of await Promise.allSettled(puts))
    expect(end).toMatchObject({
      reason: { name: 'RangeError', message: expect.stringMatching(/^replicas must/) },
    })
})

describe('close()', () => {
  it('is one end, for a listener that closes too as well', async () => {
    const [first, second] = await two()
    const told: unknown[] = []
    const ends: Promise<void>[] = []
    first.on('status', (status) => told.push(status))
    first.on('problem', ({ message }) => told.push(message))
    first.on('peer-left', () => ends.push(first.close()))
    second.on('peer-left', ({ reason }) => told.push(reason))
    const closing = first.close()
    expect(first.close()).toBe(closing)
    expect(first.status).toBe('closed')
    await closing
    expect(told).toEqual(['left', 'closed'])
    expect(ends).toHaveLength(1)
    expect(ends[0]).toBe(closing)
  })

  it('says goodbye at once where the page goes meanwhile, whatever is still to be handed over', async () => {
    const page = new EventTarget()
    vi.stubGlobal('window', page)
    vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }))
    vi.stubGlobal('navigator', { onLine: true })
    const storage = createMemoryStorage()
    const first = await network.createPeer({ storage })
    vi.unstubAllGlobals()
    await first.store.put('heritage', 'of nobody yet')
    const second = await network.createPeer()
    await Promise.all([first.joined(), second.joined()])
    const left = new Promise((resolve) => second.on('peer-left', ({ reason }) => resolve(reason)))
    vi.spyOn(storage, 'loadRecord').mockReturnValue(new Promise(() => undefined))
    const closing = first.close()
    page.dispatchEvent(new Event('pagehide'))
    await new Promise(setImmediate)
    network.kill(first)
    expect(await left).toBe('left')
    await closing
  })

  it('ends for good: what disks and signatures answer afterwards wakes nobody', async () => {
    const { storage, options } = parts()
    const clock = new ManualClock()
    const peer = await createPeer({ ...options, clock })
    let answer = () => {}
    const asked = new Promise<void>((heard) => {
      const answered = new Promise<void>((resolve) => {
        answer = resolve
      })
      vi.spyOn(storage, 'saveRecord').mockImplementation(() => {
        heard()
        return answered
      })
    })
    await peer.store.put('name', 'value')
    await asked
    await peer.close()
    expect(clock.pending).toBe(0)
    clock.advance(3_600_000)
    answer()
    await new Promise(setImmediate)
    expect(clock.pending).toBe(0)
  })
})

it('a topic beyond the bound is tried again by whoever listens to it next', async () => {
  const peer = await network.createPeer()
  const problems: string[] = []
  peer.on('problem', ({ code }) => problems.push(code))
  const isHeard = () => peer.snapshot().topics.some(({ topic }) => topic === 'late')
  const listen = (name: string) => peer.topic(name).on('message', () => undefined)
  const [off] = Array.from({ length: 256 }, (_, index) => listen(`topic ${index}`))
  listen('late')
  expect([isHeard(), problems]).toEqual([false, ['TOO_LARGE']])
  off?.()
  listen('late')
  expect([isHeard(), problems]).toEqual([true, ['TOO_LARGE']])
})

describe('messages()', () => {
  it('hears from the moment it is called, up to its bound', async () => {
    const [first] = await two()
    const chat = first.topic('chat')
    const messages = chat.messages({ bufferMax: 2 })
    for (const text of ['lost', 'kept', 'last']) await chat.publish(text)
    expect([await messages.next(), await messages.next()]).toMatchObject([
      { value: { data: 'kept' } },
      { value: { data: 'last' } },
    ])
  })

  it('ends for whoever waits: by return, by its signal, by the end of the peer', async () => {
    const [first] = await two()
    const chat = first.topic('chat')
    const abort = new AbortController()
    const [returned, aborted, closed] = [
      chat.messages(),
      chat.messages({ signal: abort.signal }),
      chat.messages(),
    ]
    const ends = [returned, aborted, closed].map((messages) => messages.next())
    await returned.return?.()
    abort.abort()
    await first.close()
    for (const end of ends) await expect(end).resolves.toEqual({ done: true, value: undefined })
    await expect(chat.messages().next()).resolves.toMatchObject({ done: true })
  })

  it('ends at once where the peer is closed already', async () => {
    const [first] = await two()
    await first.close()
    expect(await first.topic('chat').messages().next()).toEqual({ done: true, value: undefined })
  })

  it('leaves nothing behind on its signal', async () => {
    const [first] = await two()
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const messages = first.topic('chat').messages({ signal })
    await first.topic('chat').publish('x')
    for await (const { data } of messages) {
      expect(data).toBe('x')
      break
    }
    expect(removed.mock.calls).toEqual(added.mock.calls)
    expect(added.mock.calls).toHaveLength(1)
  })
})

it('tries a server again that refused it, where the application names it again', async () => {
  const opened: string[] = []
  class ForbiddenSocket {
    constructor(url: string) {
      opened.push(url)
      throw new DOMException('not from a secure page', 'SecurityError')
    }
  }
  vi.stubGlobal('WebSocket', ForbiddenSocket)
  const url = 'ws://insecure.example.com/signal'
  const peer = await network.createPeer({ signaling: [url] })
  const state = () => peer.servers.find((server) => server.url === url)?.state
  expect([state(), opened]).toEqual(['refused', [url]])
  peer.setServers([url])
  peer.setServers([url])
  expect([state(), opened]).toEqual(['connecting', [url, url]])
  await Promise.resolve()
  expect(state()).toBe('refused')
  vi.unstubAllGlobals()
})

it('hands over a peer that can be invited, and accept an invite, at once', async () => {
  const links = createMemoryNetwork()
  const sign = crypto.subtle.sign.bind(crypto.subtle)
  const slowly = vi.spyOn(crypto.subtle, 'sign').mockImplementation(async (...args) => {
    // Many turns of what a network in memory needs to open a link, and no time at all.
    for (let turn = 0; turn < 200; turn++) await Promise.resolve()
    return sign(...args)
  })
  const start = (name: string) => createPeer({ ...parts().options, transport: links.createTransport(name) })
  const host = await start('host')
  const invite = await host.createInvite()
  const guest = await start('guest')
  await invite.complete(await guest.acceptInvite(invite.text))
  await guest.joined()
  expect([host.peers, guest.peers]).toEqual([[guest.id], [host.id]])
  slowly.mockRestore()
  await Promise.all([host.close(), guest.close()])
})

it('says that an invite is of another network when it is completed, and not before', async () => {
  const links = createMemoryNetwork()
  const start = (name: string) =>
    createPeer({ ...parts().options, network: name, transport: links.createTransport(name) })
  const [host, guest] = await Promise.all([start('ours'), start('theirs')])
  const invite = await host.createInvite()
  const answer = await guest.acceptInvite(invite.text)
  const failure = { code: 'LINK_FAILED', message: expect.stringContaining('wrong-network') }
  await expect(invite.complete(answer)).rejects.toMatchObject(failure)
  const refusal = { code: 'INVITE_INVALID', message: expect.not.stringContaining('network') }
  await expect(host.acceptInvite(invite.text)).rejects.toMatchObject(refusal)
  await Promise.all([host.close(), guest.close()])
})

it('keeps problems of the start for the first who listens', async () => {
  vi.stubGlobal('WebSocket', function (this: object) {
    throw new DOMException('not from a secure page', 'SecurityError')
  })
  const servers = Array.from({ length: 18 }, (_, index) => `ws://insecure-${index}.example.com/signal`)
  const peer = await network.createPeer({ signaling: servers })
  vi.unstubAllGlobals()
  const heard: string[] = []
  const off = peer.on('problem', ({ code, message }) => {
    heard.push(`${code} ${message}`)
    off()
  })
  await Promise.resolve()
  expect(heard).toEqual([`SIGNALING_FAILED ${servers[2]}: blocked: not from a secure page`])
  peer.on('problem', ({ message }) => heard.push(message))
  await Promise.resolve()
  expect(heard).toHaveLength(16)
  expect(heard.at(-1)).toMatch(servers[17] as string)
})

describe('parts that fail', () => {
  const introducer = (id: string, more: Partial<Introducer> = {}): Introducer => {
    const nothing = () => undefined
    const methods = { open: nothing, introduce: nothing, signal: nothing, meshed: nothing, retryNow: nothing }
    return { id, path: 'memory', ...methods, close: nothing, ...more }
  }

  it('an introducer that cannot be opened leaves no running peer', async () => {
    const { transport, options } = parts()
    const destroy = vi.spyOn(transport, 'destroy')
    const close = vi.fn()
    const introducers = [introducer('good', { close }), introducer('bad', { open: mine })]
    await expect(createPeer({ ...options, introducers })).rejects.toThrow('mine')
    expect([destroy.mock.calls.length, close.mock.calls.length]).toEqual([1, 1])
  })

  it('a port that throws costs no other effect of its turn', async () => {
    const links = createMemoryNetwork()
    const introducers = createMemoryIntroducers()
    const start = (name: string) => {
      const own = introducers.introducer()
      vi.spyOn(own, 'meshed').mockImplementation(mine)
      const transport = links.createTransport(name)
      return createPeer({ ...parts().options, transport, introducers: [own] })
    }
    const peers = await Promise.all([start('a'), start('b')])
    await Promise.all(peers.map((peer) => peer.joined({ timeoutMs: 2_000 })))
    await Promise.all(peers.map((peer) => peer.close()))
    expect(uncaught).toContainEqual(new Error('mine'))
  })

  it('a disk that cannot be read leaves no transport', async () => {
    const { transport, storage, options } = parts()
    const destroy = vi.spyOn(transport, 'destroy')
    vi.spyOn(storage, 'loadContacts').mockRejectedValue(new Error('disk'))
    await expect(createPeer(options)).rejects.toThrow('disk')
    expect(destroy).toHaveBeenCalledTimes(1)
  })

  it('an identity whose key cannot sign ends the start', async () => {
    const { transport, storage, options } = parts()
    const destroy = vi.spyOn(transport, 'destroy')
    const identity = await generateIdentity({ workBits: 0, random: secureRandom() })
    const signingPrivateKey = identity.exchangePrivateKey
    vi.spyOn(storage, 'loadIdentity').mockResolvedValue({ ...identity, signingPrivateKey })
    await expect(createPeer(options)).rejects.toMatchObject({ name: 'HyphaeError', code: 'UNSUPPORTED' })
    expect(destroy).toHaveBeenCalledTimes(1)
  })

  it('a disk that cannot be closed does not hide why a peer did not start', async () => {
    const withDisk = (method: 'loadIdentity' | 'loadContacts') => {
      const { storage, options } = parts()
      vi.spyOn(storage, 'close').mockRejectedValue(new Error('cannot be closed'))
      return { options, read: vi.spyOn(storage, method) }
    }
    for (const method of ['loadIdentity', 'loadContacts'] as const) {
      const { options, read } = withDisk(method)
      read.mockRejectedValue(new Error('cannot be read'))
      await expect(createPeer(options)).rejects.toThrow('cannot be read')
    }
    const { options, read } = withDisk('loadContacts')
    const abort = new AbortController()
    read.mockImplementation(async () => {
      abort.abort()
      return []
    })
    await expect(createPeer({ ...options, signal: abort.signal })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('a disk that cannot be closed is a problem where the peer ends by itself', async () => {
    const links = createMemoryNetwork()
    const disk = createMemoryStorage()
    const identity = await generateIdentity({ workBits: 0, random: secureRandom() })
    vi.spyOn(disk, 'close').mockRejectedValue(new Error('cannot be closed'))
    const start = (name: string, storage = createMemoryStorage(), bootId = 1) => {
      vi.spyOn(storage, 'loadIdentity').mockResolvedValue(identity)
      vi.spyOn(storage, 'nextBootId').mockResolvedValue(bootId)
      return createPeer({ ...parts().options, storage, transport: links.createTransport(name) })
    }
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const older = await start('older', disk)
    const told: string[] = []
    const stopped = new Promise((resolve) => older.on('stopped', resolve))
    older.on('stopped', ({ code }) => told.push(code))
    older.on('problem', ({ code, message }) => told.push(`${code} ${message}`))
    const between = await createPeer({ ...parts().options, transport: links.createTransport('between') })
    const link = async (peer: HyphaePeer) => {
      const invite = await peer.createInvite()
      await invite.complete(await between.acceptInvite(invite.text))
    }
    await link(older)
    const newer = await start('newer', undefined, 2)
    await link(newer)
    await stopped
    await expect(older.close()).rejects.toThrow('cannot be closed')
    await new Promise(setImmediate)
    process.off('unhandledRejection', unhandled)
    expect(told).toEqual(['IDENTITY_IN_USE', 'STORAGE_FAILED cannot be closed'])
    expect(unhandled).not.toHaveBeenCalled()
    await Promise.all([between.close(), newer.close()])
  })

  it('a full disk makes room for what the application writes, by records of others', async () => {
    const disk = new MemoryDisk()
    const small = await network.createPeer({ storage: disk.open({ quotaBytes: 20_000 }) })
    const large = await network.createPeer()
    await Promise.all([small.joined(), large.joined()])
    const problem = new Promise((resolve) => small.on('problem', resolve))
    for (let i = 0; i < 40; i++) await large.store.put(`record ${i}`, 'x'.repeat(1_000))
    expect(await problem).toMatchObject({ code: 'STORAGE_FULL' })
    const keys: string[] = []
    for (let i = 0; i < 5; i++) keys.push((await small.store.put(`mine ${i}`, 'y'.repeat(1_000))).key)
    await small.close()
    const kept = (await disk.open().loadIndex()).map(({ key }) => key)
    expect(kept).toEqual(expect.arrayContaining(keys))
    expect(kept.length).toBeGreaterThan(10)
  })

  it('a disk that cannot be closed keeps nobody waiting', async () => {
    const { storage, options } = parts()
    const peer = await createPeer(options)
    vi.spyOn(storage, 'close').mockRejectedValue(new Error('disk'))
    const told: string[] = []
    peer.on('status', (status) => told.push(status))
    const joining = peer.joined().catch(({ code }) => code)
    await expect(peer.close()).rejects.toThrow('disk')
    expect([told, await joining]).toEqual([['closed'], 'CLOSED'])
  })
})
