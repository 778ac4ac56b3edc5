import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newPerson, OTHER_NETWORK } from './people.ts'
import { joinedClient, RawClient } from './raw-client.ts'
import { start } from './running.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hyphae-signaling-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** Open on its own side until the test is over, whatever the server does. */
async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Asks for an upgrade that is refused, and never closes its own side. */
async function openRefused(port: number): Promise<Socket> {
  const socket = await openSocket(port)
  socket.write('GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  socket.resume()
  await once(socket, 'end')
  return socket
}

/** Whether a request is answered. */
async function isServed(pageUrl: string): Promise<boolean> {
  const answer = await get(pageUrl, '/healthz').catch(() => null)
  return answer?.status === 200
}

async function buildApp(): Promise<string> {
  const app = join(folder, 'app')
  await mkdir(join(app, 'assets'), { recursive: true })
  await writeFile(join(app, 'index.html'), '<!doctype html><title>Hyphae</title>')
  await writeFile(join(app, 'assets', 'index-3f9a.js'), 'export {}')
  await writeFile(join(app, '.env'), 'secret')
  await writeFile(join(folder, 'outside.txt'), 'secret')
  return app
}

/** Status, headers and body; the path is sent as it is, which `fetch` would not do. */
async function get(pageUrl: string, path: string, method = 'GET', headers: Record<string, string> = {}) {
  const send = pageUrl.startsWith('https:') ? httpsRequest : httpRequest
  const { hostname, port } = new URL(pageUrl)
  const request = send({ hostname, port, path, method, headers, rejectUnauthorized: false })
  request.end()
  const [response] = await once(request, 'response')
  let body = ''
  for await (const part of response) body += part
  return { status: response.statusCode as number, headers: response.headers, body }
}

describe('HTTP', () => {
  test('/healthz counts, and says nothing about anybody', async () => {
    const server = await start()
    await joinedClient(server.url)
    const { status, headers, body } = await get(server.pageUrl, '/healthz')
    expect([status, headers['content-type']]).toEqual([200, 'application/json'])
    const expected = { status: 'ok', uptimeS: expect.any(Number), connections: 1, joined: 1, networks: 1 }
    expect(JSON.parse(body)).toEqual(expected)
  })

  test('without a web app every other page is missing, and the WebSocket says what it is', async () => {
    const { pageUrl } = await start()
    expect(await get(pageUrl, '/')).toMatchObject({ status: 404, body: expect.stringContaining('/signal') })
    expect(await get(pageUrl, '/signal')).toMatchObject({ status: 426 })
    expect(await get(pageUrl, '/healthz', 'POST')).toMatchObject({ status: 405 })
  })

  test.each([false, true])('answers who would rather speak HTTP/2, with https: %s', async (https) => {
    const staticFolder = await buildApp()
    const large = 'x'.repeat(4 * 1024 * 1024)
    await writeFile(join(staticFolder, 'large.txt'), large)
    const { pageUrl } = await start({ staticFolder, https, certFolder: join(folder, 'certificate') })
    const offer = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA',
    }
    expect(await get(pageUrl, '/healthz', 'GET', offer)).toMatchObject({ status: 200 })
    expect(await get(pageUrl, '/nowhere', 'HEAD', offer)).toMatchObject({ status: 404 })
    expect((await get(pageUrl, '/large.txt', 'GET', offer)).body).toBe(large)
  })

  test.each([
    [true, 'timeout=75'],
    [false, 'timeout=5'],
  ])('behind a proxy: %s, an idle connection is promised %s', async (trustProxy, keepAlive) => {
    const { pageUrl } = await start({ trustProxy })
    const { headers } = await get(pageUrl, '/healthz', 'GET', { connection: 'keep-alive' })
    expect(headers['keep-alive']).toBe(keepAlive)
  })

  test('serves the web app with types, cache and security headers', async () => {
    const { pageUrl } = await start({ staticFolder: await buildApp() })
    const page = await get(pageUrl, '/')
    expect(page).toMatchObject({ status: 200, body: expect.stringContaining('Hyphae') })
    expect(page.headers).toMatchObject({
      'content-type': 'text/html;charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("connect-src 'self' ws: wss:"),
    })
    const script = await get(pageUrl, '/assets/index-3f9a.js?v=1')
    expect(script.headers).toMatchObject({
      'content-type': 'text/javascript',
      'cache-control': 'public, max-age=31536000, immutable',
    })
    const again = await get(pageUrl, '/healthz')
    expect(again.status).toBe(200)
  })

  test.each([
    '/../outside.txt',
    '/%2e%2e/outside.txt',
    '/..%2foutside.txt',
    '/assets/..%5c..%5coutside.txt',
    '//outside.txt',
    '/.env',
    '/%00',
    '/%',
    '/no-such-page',
  ])('%s is missing', async (path) => {
    const { pageUrl } = await start({ staticFolder: await buildApp() })
    expect(await get(pageUrl, path)).toMatchObject({ status: 404, body: 'There is no such page.\n' })
  })

  test('a folder without an app is a mistake', async () => {
    await expect(start({ staticFolder: folder })).rejects.toThrow('holds no index.html')
  })
})

describe('HTTPS', () => {
  test('makes a certificate once, keeps it to itself, and serves WebSockets over it', async () => {
    const certFolder = join(folder, 'tls')
    const options = { https: true, certFolder }
    const first = await start(options)
    const certificate = readFileSync(join(certFolder, 'certificate.pem'), 'utf8')
    expect(first.pageUrl).toMatch(/^https:/)
    expect(await get(first.pageUrl, '/healthz')).toMatchObject({ status: 200 })
    const client = new RawClient(first.url, { rejectUnauthorized: false })
    await client.next('challenge')
    await start(options)
    expect(readFileSync(join(certFolder, 'certificate.pem'), 'utf8')).toBe(certificate)
    expect(statSync(join(certFolder, 'key.pem')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(certFolder, '.gitignore'), 'utf8')).toBe('*\n')
  })

  test('makes a pair anew whose halves do not belong together, as where a start was cut short', async () => {
    const [certFolder, otherFolder] = [join(folder, 'tls'), join(folder, 'other')]
    for (const each of [certFolder, otherFolder]) await start({ https: true, certFolder: each })
    await copyFile(join(otherFolder, 'certificate.pem'), join(certFolder, 'certificate.pem'))
    const server = await start({ https: true, certFolder })
    expect(await get(server.pageUrl, '/healthz')).toMatchObject({ status: 200 })
  })

  test("takes the operator's own, and says which file it cannot read", async () => {
    const certFolder = join(folder, 'tls')
    await start({ https: true, certFolder })
    const files = { certFile: join(certFolder, 'certificate.pem'), keyFile: join(certFolder, 'key.pem') }
    const server = await start({ https: true, certFolder: join(folder, 'unused'), ...files })
    expect(await get(server.pageUrl, '/healthz')).toMatchObject({ status: 200 })
    const missing = join(folder, 'missing.pem')
    await expect(start({ https: true, ...files, keyFile: missing })).rejects.toThrow(
      `${missing} cannot be read`,
    )
  })
})

describe('[SG-13] who may connect', () => {
  test('pages of other origins are told so and ended', async () => {
    const server = await start({ allowedOrigins: ['https://app.example'] })
    const stranger = new RawClient(server.url, { origin: 'https://other.example' })
    expect(await stranger.next('error')).toMatchObject({ code: 'bad-origin' })
    expect(await stranger.closed).toBe(1008)
    const guest = new RawClient(server.url, { origin: 'https://app.example' })
    await guest.next('challenge')
  })

  test('beyond the bound connections are turned away, until one leaves', async () => {
    const server = await start({ connectionsMax: 1 })
    const { client } = await joinedClient(server.url)
    const second = new RawClient(server.url)
    expect(await second.closed).toBe(1006)
    expect(server.stats()).toMatchObject({ turnedAway: 1, connections: 1 })
    client.socket.close()
    await client.closed
    await joinedClient(server.url)
  })

  test('[SG-1] other paths have no WebSocket', async () => {
    const server = await start()
    expect(new URL(server.url).pathname).toBe('/signal')
    const client = new RawClient(server.url.replace('/signal', '/chat'))
    expect(await client.closed).toBe(1006)
    expect(server.stats().connections).toBe(0)
  })

  test('[SG-13] whoever is refused an upgrade holds no connection, though it keeps its own side open', async () => {
    const server = await start({ connectionsMax: 2 })
    // HTTP has twice as many connections.
    for (let i = 0; i < 4; i++) await openRefused(server.port)
    expect(await get(server.pageUrl, '/healthz')).toMatchObject({ status: 200 })
  })

  test.each([false, true])('no address takes all connections by silence, with https: %s', async (https) => {
    const limits = { connectionsMax: 10, connectionsPerAddressMax: 2 }
    const server = await start({ ...limits, drainMs: 0, https, certFolder: folder })
    // HTTP has twice as many connections as WebSockets, of which one address gets six for each of its own.
    const idle: Socket[] = []
    for (let i = 0; i < 12; i++) idle.push(await openSocket(server.port))
    expect(await isServed(server.pageUrl)).toBe(false)
    expect(server.stats()).toMatchObject({ turnedAway: 1, connections: 0 })
    for (const socket of idle) socket.destroy()
    await expect.poll(() => isServed(server.pageUrl)).toBe(true)
  })

  test('behind a trusted proxy its address is that of everybody', async () => {
    const limits = { connectionsMax: 10, connectionsPerAddressMax: 1 }
    const server = await start({ ...limits, drainMs: 0, trustProxy: true })
    for (let i = 0; i < 12; i++) await openSocket(server.port)
    expect(await isServed(server.pageUrl)).toBe(true)
    expect(server.stats()).toMatchObject({ turnedAway: 0 })
  })

  test('one network too many is refused', async () => {
    const server = await start({ networksMax: 1 })
    await joinedClient(server.url)
    const other = new RawClient(server.url)
    other.say(await other.joinOf(await newPerson(), { network: OTHER_NETWORK }))
    expect(await other.next('error')).toMatchObject({ code: 'full' })
    expect(await other.closed).toBe(1013)
    expect(server.stats()).toMatchObject({ networks: 1, ended: { full: 1 } })
  })
})

describe('[SG-15] stopping', () => {
  test('tells every client, joined or not, and closes with 1001', async () => {
    const server = await start()
    const { client } = await joinedClient(server.url)
    const newcomer = new RawClient(server.url)
    await newcomer.next('challenge')
    await Promise.all([server.close(), server.close()])
    for (const { heard } of [client, newcomer]) expect(heard.at(-1)).toMatchObject({ code: 'draining' })
    expect(await Promise.all([client.closed, newcomer.closed])).toEqual([1001, 1001])
    expect(server.stats()).toMatchObject({ connections: 0, joined: 0, networks: 0 })
  })

  test('does not wait for a client that does not answer', async () => {
    const server = await start()
    const { client } = await joinedClient(server.url)
    client.socket.pause()
    await server.close()
    expect(server.stats().connections).toBe(0)
  })

  test('does not wait for whoever was refused an upgrade, or never finishes TLS', async () => {
    const plain = await start({ drainMs: 100 })
    await openRefused(plain.port)
    await plain.close()
    const secure = await start({ drainMs: 100, https: true, certFolder: folder })
    await openSocket(secure.port)
    await secure.close()
    const again = await start({ port: secure.port })
    expect(again.stats().connections).toBe(0)
  })
})

test('logs name no address and no peer below debug', async () => {
  const lines: string[] = []
  const writeLog = (line: string) => void lines.push(line)
  const quiet = await start({ logLevel: 'info', writeLog })
  const { client, id } = await joinedClient(quiet.url)
  client.socket.send('rubbish')
  await client.closed
  await quiet.close()
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(['started', 'draining', 'stopped'])
  expect(lines.join('')).not.toMatch(new RegExp(`127\\.0\\.0\\.1|${id}`))

  lines.length = 0
  const talkative = await start({ logLevel: 'debug', writeLog })
  await joinedClient(talkative.url)
  expect(lines.join('')).toContain('"address":"127.0.0.1"')
})
