import { introducerSuite } from '@hyphae/conformance'
import type { PeerId } from '@hyphae/core'
import { CHECK_IN_MS_MIN } from '@hyphae/core/signaling'
import {
  createWebCryptoPeer,
  generateIdentity,
  type Introducer,
  type IntroducerEvent,
  type IntroducerIdentity,
  secureRandom,
} from '@hyphae/runtime'
import { type RunningServer, type ServerOptions, startServer } from '@hyphae/signaling-server'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createWebSocketIntroducer, type WebSocketIntroducerOptions } from '../src/index.ts'

const network = 'a'.repeat(32)
const data = Uint8Array.of(1, 2, 3)
const running: { close(): unknown }[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()))
})

describe('the suite of introducers, on a real server', () => {
  const suite = introducerSuite(async () => {
    const server = await startServer({ host: '127.0.0.1', port: 0, logLevel: 'silent' })
    return { create: () => newIntroducer(server.url), close: () => server.close() }
  })

  test.each(suite.map(({ title, run }) => [title, run] as const))('%s', (_title, run) => run())
})

describe('with a real server', () => {
  test('[SG-11] goes quiet when released, is reached no more, and comes back to be used', async () => {
    const { url } = await start({ introducers: 2, meshedLinks: 3 })
    const [ada, ben] = [await join(url), await join(url)]
    const { WebSocket, closed } = watchedWebSocket()
    const cleo = await join(url, { lingerMs: 20, WebSocket })
    cleo.introducer.meshed(3)
    await closed
    ada.introducer.signal(cleo.id, data)
    expect(await ada.next('undeliverable')).toMatchObject({ to: cleo.id })
    cleo.introducer.signal(ben.id, data)
    expect(await ben.next('signal')).toMatchObject({ from: { id: cleo.id }, bytes: data })
    expect(cleo.types()).not.toContain('down')
  })

  test('[SG-11] checks in by itself', async () => {
    const server = await start({ introducers: 1, meshedLinks: 1, checkInMs: CHECK_IN_MS_MIN })
    await join(server.url)
    const ben = await join(server.url, { lingerMs: 1 })
    ben.introducer.meshed(1)
    await ben.next('introduced', 1)
    expect(server.stats().joins).toBe(3)
    expect(ben.types()).toEqual(['up', 'introduced', 'introduced'])
  })

  test('[SG-15] a server that stops and starts again is found again', async () => {
    const first = await start()
    const ada = await join(first.url, { backoffMinMs: 20, backoffMaxMs: 50 })
    await first.close()
    expect(await ada.next('down')).toMatchObject({ detail: 'The server is stopping.' })
    const second = await start({ port: first.port })
    await ada.next('up', 1)
    const ben = await join(second.url)
    ben.introducer.signal(ada.id, data)
    expect(await ada.next('signal')).toMatchObject({ bytes: data })
  })

  test('[SG-8] one identity online twice: the older is refused, the newer works', async () => {
    const { url } = await start()
    const identity = await newIdentity()
    const older = await join(url, {}, identity)
    const newer = await join(url, {}, identity)
    expect(await older.next('refused')).toMatchObject({ code: 'superseded' })
    const ben = await join(url)
    ben.introducer.signal(newer.id, data)
    await newer.next('signal')
  })

  test.each<[string, Partial<ServerOptions>, Partial<WebSocketIntroducerOptions>]>([
    ['bad-work', { workBits: 64 }, {}],
    ['bad-origin', { allowedOrigins: ['https://app.example'] }, { WebSocket: PageOfOtherOrigin }],
  ])('[SG-12] %s is a refusal', async (code, serverOptions, options) => {
    const { url } = await start(serverOptions)
    const ada = await openPeer(url, options)
    expect(await ada.next('refused')).toMatchObject({ code })
  })

  test('where nobody listens it is down, and the rest is patience', async () => {
    const gone = await start()
    await gone.close()
    const ada = await openPeer(gone.url, { backoffMinMs: 20, backoffMaxMs: 50 })
    expect(await ada.next('down')).toEqual({ type: 'down', detail: 'The server cannot be reached.' })
    await start({ port: gone.port })
    await ada.next('up')
  })
})

class PageOfOtherOrigin extends WebSocket {
  constructor(url: string) {
    super(url, { origin: 'https://other.example' })
  }
}

async function start(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({ host: '127.0.0.1', port: 0, logLevel: 'silent', ...options })
  running.push(server)
  return server
}

function newIntroducer(url: string, options: Partial<WebSocketIntroducerOptions> = {}): Introducer {
  return createWebSocketIntroducer({ url, WebSocket, ...options })
}

async function newIdentity(): Promise<IntroducerIdentity> {
  const crypto = createWebCryptoPeer(await generateIdentity({ workBits: 0, random: secureRandom() }))
  return { contact: crypto.contact, networkId: network, sign: (bytes) => crypto.sign(bytes) }
}

/** A peer that is up. */
async function join(
  url: string,
  options: Partial<WebSocketIntroducerOptions> = {},
  identity?: IntroducerIdentity,
): Promise<Peer> {
  const peer = await openPeer(url, options, identity)
  await peer.next('up')
  return peer
}

async function openPeer(
  url: string,
  options: Partial<WebSocketIntroducerOptions>,
  given?: IntroducerIdentity,
): Promise<Peer> {
  const identity = given ?? (await newIdentity())
  const peer = new Peer(identity.contact.id, newIntroducer(url, options))
  running.push(peer.introducer)
  peer.introducer.open(identity, (event) => peer.hear(event))
  return peer
}

type EventOf<T extends IntroducerEvent['type']> = Extract<IntroducerEvent, { type: T }>

class Peer {
  readonly id: PeerId
  readonly introducer: Introducer
  readonly #events: IntroducerEvent[] = []
  #look: () => void = () => {}

  constructor(id: PeerId, introducer: Introducer) {
    this.id = id
    this.introducer = introducer
  }

  hear(event: IntroducerEvent): void {
    this.#events.push(event)
    this.#look()
  }

  types() {
    return this.#events.map(({ type }) => type)
  }

  /** The `nth` event of this type, past or to come. */
  next<T extends IntroducerEvent['type']>(type: T, nth = 0): Promise<EventOf<T>> {
    return new Promise((resolve) => {
      this.#look = () => {
        const found = this.#events.filter((event): event is EventOf<T> => event.type === type)[nth]
        if (found) resolve(found)
      }
      this.#look()
    })
  }
}

/** A WebSocket whose first end can be waited for. */
function watchedWebSocket() {
  let onClose: () => void = () => {}
  const closed = new Promise<void>((resolve) => {
    onClose = resolve
  })
  class Watched extends WebSocket {
    constructor(url: string) {
      super(url)
      this.on('close', onClose)
    }
  }
  return { WebSocket: Watched, closed }
}
