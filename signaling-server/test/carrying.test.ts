import type { Socket } from 'node:net'
import { type PeerId, SIGNAL_BYTES_MAX, SIGNALING_MESSAGE_BYTES_MAX } from '@hyphae/core/signaling'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { newPerson, OTHER_NETWORK } from './people.ts'
import { type JoinedClient, joinedClient, RawClient } from './raw-client.ts'
import { start } from './running.ts'

const data = Uint8Array.of(1, 2, 3)

test('[SG-10] a signal reaches its target with the contact of its sender', async () => {
  const server = await start()
  const [ada, ben] = [await joinedClient(server.url), await joinedClient(server.url)]
  const longest = new Uint8Array(SIGNAL_BYTES_MAX).fill(7)
  ada.client.say({ type: 'signal', to: ben.id, data: longest })
  expect(await ben.client.next('signal')).toEqual({ type: 'signal', from: ada.person.contact, data: longest })
  expect(server.stats().signalsCarried).toBe(1)
})

test('[SG-10] a signal to nobody, to another network, or to one that left is undeliverable', async () => {
  const server = await start()
  const [ada, ben] = [await joinedClient(server.url), await joinedClient(server.url)]
  const stranger = await joinedClient(server.url, { network: OTHER_NETWORK })
  ben.client.socket.close()
  await ben.client.closed
  const targets = ['f'.repeat(64) as PeerId, stranger.id, ben.id]
  for (const to of targets) ada.client.say({ type: 'signal', to, data })
  await ada.client.next('undeliverable', 2)
  expect(ada.client.all('undeliverable').map(({ to }) => to)).toEqual(targets)
  expect(stranger.client.all('signal')).toEqual([])
})

test('[SG-9] introductions stay within the network and are answered even when there is nobody', async () => {
  const { url } = await start()
  await joinedClient(url, { network: OTHER_NETWORK })
  const { client } = await joinedClient(url)
  client.say({ type: 'introduce', random: 5, close: 5 })
  expect(await client.next('introduced', 1)).toEqual({ type: 'introduced', contacts: [] })
})

test('[SG-11] with introducers enough, a meshed peer is released, and asked back when one of them leaves', async () => {
  const { url } = await start({ introducers: 2, meshedLinks: 3, checkInMs: 5_000 })
  const [first, second] = [await joinedClient(url), await joinedClient(url)]
  const third = await joinedClient(url)
  expect(await third.client.next('welcome')).toMatchObject({ stay: false })
  for (const { client } of [first, second, third]) client.say({ type: 'meshed', links: 3 })
  expect(await third.client.next('release')).toEqual({ type: 'release', checkInMs: 5_000 })
  first.client.socket.close()
  await third.client.next('stay')
  expect(second.client.heard.map(({ type }) => type)).toEqual(['challenge', 'welcome', 'introduced'])
})

test('[SG-13] who floods is ended, and nobody else notices', async () => {
  const server = await start({ messagesPerSecond: 5 })
  const [ada, ben, eve] = [
    await joinedClient(server.url),
    await joinedClient(server.url),
    await joinedClient(server.url),
  ]
  for (let i = 0; i < 60; i++) eve.client.say({ type: 'meshed', links: i })
  expect(await eve.client.next('error')).toMatchObject({ code: 'flood' })
  expect(await eve.client.closed).toBe(1008)
  ada.client.say({ type: 'signal', to: ben.id, data })
  await ben.client.next('signal')
  expect(server.stats()).toMatchObject({ joined: 2, ended: { flood: 1 } })
})

test.each(['ping', 'pong'] as const)(
  '[SG-13] a flood of %ss that nobody asked for is one too',
  async (kind) => {
    const server = await start({ messagesPerSecond: 5 })
    const { client } = await joinedClient(server.url)
    for (let i = 0; i < 50; i++) client.socket[kind]()
    expect(await client.next('error')).toMatchObject({ code: 'flood' })
    expect(server.stats()).toMatchObject({ cut: 0, ended: { flood: 1 } })
  },
)

test('[SG-13] the answers to pings of the server cost nothing', async () => {
  const server = await start({ pingMs: 10, messagesPerSecond: 1 })
  const { client } = await joinedClient(server.url)
  const pinged = new Promise<void>((resolve) => {
    let pings = 0
    client.socket.on('ping', () => ++pings === 30 && resolve())
  })
  await pinged
  client.say({ type: 'introduce', random: 0, close: 0 })
  await client.next('introduced', 1)
})

test('[SG-13] large messages cost more', async () => {
  const server = await start({ messagesPerSecond: 5 })
  const { client, id } = await joinedClient(server.url)
  const large = new Uint8Array(SIGNAL_BYTES_MAX)
  for (let i = 0; i < 10; i++) client.say({ type: 'signal', to: id, data: large })
  expect(await client.next('error')).toMatchObject({ code: 'flood' })
})

describe('[SG-13] one address', () => {
  /** The clock of the limits, which stands still. */
  let now = 0
  beforeEach(() => {
    now = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => now)
  })
  afterEach(() => void vi.restoreAllMocks())

  const said = (client: RawClient) => client.all('signal').map((message) => message.data[0])

  test('has a limit for all its connections together, which ends none of them and loses nothing', async () => {
    const server = await start({ messagesPerSecond: 100, messagesPerSecondPerAddress: 5 })
    // The burst of the address, 40, less four joins.
    const [ada, ben, eve, listener] = await Promise.all([1, 2, 3, 4].map(() => joinedClient(server.url)))
    if (!ada || !ben || !eve || !listener) throw new Error('somebody is missing')
    const say = (who: JoinedClient, index: number) =>
      who.client.say({ type: 'signal', to: listener.id, data: Uint8Array.of(index) })
    for (let i = 0; i < 60; i++) say(eve, i)
    await listener.client.next('signal', 35)
    for (let i = 100; i < 103; i++) say(ada, i)
    for (let i = 200; i < 203; i++) say(ben, i)
    // Nothing passes while the clock stands still; a newcomer waits like all others.
    const newcomer = new RawClient(server.url)
    newcomer.say(await newcomer.joinOf(await newPerson()))
    await arrived(ada, ben, { client: newcomer })
    expect(newcomer.all('welcome')).toEqual([])
    expect(listener.client.all('signal')).toHaveLength(36)
    now += 4_000
    await listener.client.next('signal', 36 + 15)
    await newcomer.next('welcome')
    const heard = said(listener.client).slice(36)
    // In turn: three of each that came late are there long before the last of whoever came first.
    expect(heard.filter((index = 0) => index >= 100 && index < 200)).toEqual([100, 101, 102])
    expect(heard.filter((index = 0) => index >= 200)).toEqual([200, 201, 202])
    expect(heard.indexOf(202)).toBeLessThan(16)
    now += 8_000
    await listener.client.next('signal', 65)
    expect(said(listener.client).filter((index = 0) => index < 100)).toEqual(
      Array.from({ length: 60 }, (_, i) => i),
    )
    expect(server.stats()).toMatchObject({ joined: 5, cut: 0, ended: { flood: 0 } })
  })

  test('ends whoever exceeds the limit of its own connection all the same', async () => {
    const server = await start({ messagesPerSecond: 5, messagesPerSecondPerAddress: 5 })
    const [ada, eve] = [await joinedClient(server.url), await joinedClient(server.url)]
    for (let i = 0; i < 60; i++) eve.client.say({ type: 'meshed', links: i })
    expect(await eve.client.next('error')).toMatchObject({ code: 'flood' })
    expect(await eve.client.closed).toBe(1008)
    expect(ada.client.socket.readyState).toBe(ada.client.socket.OPEN)
    expect(server.stats()).toMatchObject({ joined: 1, ended: { flood: 1 } })
  })

  test('cuts none of its connections for pings whose answers were not read', async () => {
    const server = await start({ messagesPerSecond: 100, messagesPerSecondPerAddress: 20, pingMs: 10 })
    const { client } = await joinedClient(server.url)
    const pinged = new Promise<void>((resolve) => {
      let pings = 0
      client.socket.on('ping', () => ++pings === 20 && resolve())
    })
    for (let i = 0; i < 60; i++) client.say({ type: 'introduce', random: 0, close: 0 })
    await pinged
    now += 200_000
    await client.next('introduced', 59)
    expect(server.stats()).toMatchObject({ joined: 1, cut: 0 })
  })

  test('a server that stops waits for none of those that are not read', async () => {
    const server = await start({ messagesPerSecond: 100, messagesPerSecondPerAddress: 1 })
    const { client } = await joinedClient(server.url)
    for (let i = 0; i < 20; i++) client.say({ type: 'meshed', links: i })
    await arrived({ client })
    await server.close()
    expect(await client.closed).toBe(1001)
  })
})

/** Resolves once the server has got what these have sent, read or not: the sockets are on this machine. */
async function arrived(...clients: readonly { readonly client: RawClient }[]): Promise<void> {
  for (const { client } of clients) while (client.socket.bufferedAmount > 0) await turnOfTheLoop()
  for (let turn = 0; turn < 20; turn++) await turnOfTheLoop()
}

function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test('[SG-1] a binary message is malformed, whatever it says, and all that the server says is text', async () => {
  const { url } = await start()
  const { client } = await joinedClient(url)
  const kinds: boolean[] = []
  client.socket.on('message', (_data, isBinary) => kinds.push(isBinary))
  client.socket.send('{"type":"introduce","random":1,"close":1}')
  await client.next('introduced', 1)
  client.socket.send(Buffer.from('{"type":"introduce","random":1,"close":1}'))
  expect(await client.next('error')).toMatchObject({ code: 'malformed' })
  expect(kinds).toEqual([false, false])
})

test.each([
  ['rubbish', 'rubbish'],
  ['two objects at once', '{"type":"meshed","links":1}{"type":"meshed","links":1}'],
  ['a message of the server', '{"type":"stay"}'],
])('[SG-2] %s ends the connection as malformed', async (_what, message) => {
  const { url } = await start()
  const { client } = await joinedClient(url)
  client.socket.send(message)
  expect(await client.next('error')).toMatchObject({ code: 'malformed' })
  expect(await client.closed).toBe(1008)
})

test('[SG-3] an oversized message ends the connection before it is read', async () => {
  const server = await start()
  const { client } = await joinedClient(server.url)
  client.socket.send('x'.repeat(SIGNALING_MESSAGE_BYTES_MAX + 1))
  expect(await client.closed).toBe(1009)
  const other = await joinedClient(server.url)
  expect(await other.client.next('welcome')).toMatchObject({ online: 1 })
})

test('[SG-9] whoever broke the WebSocket and stays is introduced to nobody', async () => {
  let tell = () => {}
  const broken = new Promise<void>((resolve) => {
    tell = resolve
  })
  const writeLog = (line: string) => line.includes('socket-error') && tell()
  const server = await start({ logLevel: 'debug', writeLog })
  const [ada, eve] = [await joinedClient(server.url), await joinedClient(server.url)]
  leaveRudely(eve.client, NO_FRAME)
  await broken
  ada.client.say({ type: 'introduce', random: 5, close: 5 })
  expect(await ada.client.next('introduced', 1)).toEqual({ type: 'introduced', contacts: [] })
  expect(server.stats()).toMatchObject({ joined: 1 })
})

test('[SG-13] whoever broke the WebSocket, or said goodbye, and stays holds its place for a second', async () => {
  const server = await start()
  const clients = await Promise.all([joinedClient(server.url), joinedClient(server.url)])
  leaveRudely(clients[0].client, NO_FRAME)
  leaveRudely(clients[1].client, CLOSE_FRAME)
  await expect.poll(() => server.stats(), { timeout: 4_000 }).toMatchObject({ connections: 0, joined: 0 })
})

/** Bits that mean nothing yet are set. */
const NO_FRAME = Buffer.of(0xff, 0)
const CLOSE_FRAME = Buffer.of(0x88, 0x80, 0, 0, 0, 0)

/** Sends these bytes beneath `ws`, and never closes its own side: what is not read is no close either. */
function leaveRudely({ socket }: RawClient, bytes: Buffer): void {
  socket.pause()
  ;(socket as unknown as { _socket: Socket })._socket.write(bytes)
}

test('[SG-13] a peer that does not read is cut, and the sender told', async () => {
  const server = await start({ messagesPerSecond: 10_000, messagesPerSecondPerAddress: 100_000 })
  const [ada, deaf] = [await joinedClient(server.url), await joinedClient(server.url)]
  deaf.client.socket.pause()
  const large = new Uint8Array(SIGNAL_BYTES_MAX)
  // The system's socket buffers take several megabytes before the server's own queue grows.
  for (let i = 0; i < 1_500; i++) ada.client.say({ type: 'signal', to: deaf.id, data: large })
  expect(await ada.client.next('undeliverable')).toMatchObject({ to: deaf.id })
  expect(server.stats()).toMatchObject({ cut: 1, joined: 1 })
})

test('[SG-14] a connection that does not answer pings is cut; one that does is kept', async () => {
  const server = await start({ pingMs: 50 })
  const alive = await joinedClient(server.url)
  const dead = new RawClient(server.url, { autoPong: false })
  expect(await dead.closed).toBe(1006)
  alive.client.say({ type: 'introduce', random: 0, close: 0 })
  await alive.client.next('introduced', 1)
})
