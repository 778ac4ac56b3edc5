// The server as a whole: HTTP and WebSocket on one port, who is let in, the ping round, and the orderly end.

import { randomInt } from 'node:crypto'
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { SIGNALING_MESSAGE_BYTES_MAX } from '@hyphae/core/signaling'
import { type WebSocket, WebSocketServer } from 'ws'
import { loadCertificate } from './certificate.ts'
import { Gate, type Visitor } from './gate.ts'
import { handleHttpRequests, pathOf, SIGNAL_PATH } from './http-requests.ts'
import { createLog, type Log } from './log.ts'
import { resolveOptions, type ServerOptions } from './options.ts'
import { isAllowedOrigin } from './origin.ts'
import { addressGroup, remoteGroup } from './remote-address.ts'
import { Rooms } from './rooms.ts'
import { Session, type SessionContext } from './session.ts'
import { Sockets } from './sockets.ts'
import { newCounters, type ServerStats } from './stats.ts'

/** Milliseconds for the headers of a request, and for the whole of one: against connections that only trickle. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/**
 * Milliseconds that an idle connection of a proxy is kept: longer than proxies use it again (60 s mostly), or we close it while a
 * request is on its way, which the proxy answers with 502. Others have Node's 5 s.
 */
const PROXY_IDLE_MS = 75_000
/** Milliseconds to answer a close, or to go after one's own, before the connection is cut: it may be flooding us, or be dead. */
const CLOSE_GRACE_MS = 1_000
/** TCP connections of an address for each WebSocket that it may have: a browser opens up to six for a page. */
const SOCKETS_PER_WEB_SOCKET = 6
/** Milliseconds between two log lines with the counters. */
const STATS_LOG_MS = 60_000

/** A constant, since the types of `ws` do not know `closeTimeout` yet. */
const WEB_SOCKET_OPTIONS = {
  noServer: true,
  clientTracking: false,
  maxPayload: SIGNALING_MESSAGE_BYTES_MAX,
  closeTimeout: CLOSE_GRACE_MS,
  // Signals are sealed, so they do not compress; contexts for compression would cost 300 KB a connection.
  perMessageDeflate: false,
}

export interface RunningServer {
  /** Address for clients, for instance `ws://localhost:8080/signal`. */
  readonly url: string
  /** Address of the web app, for instance `http://localhost:8080`. */
  readonly pageUrl: string
  readonly port: number
  stats(): ServerStats
  /** Stops taking newcomers, tells every client, waits for the connections to end. Idempotent. */
  close(): Promise<void>
}

/**
 * Resolves once the server listens.
 *
 * Rejects with a TypeError or RangeError for options that cannot be, and with the system's error where the port cannot be
 * had.
 */
export async function startServer(given: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const options = resolveOptions(given)
  const http = options.https ? createHttpsServer(await loadCertificate(options)) : createHttpServer()
  const server = new SignalingServer(options, http)
  await server.listen()
  return server
}

class SignalingServer implements RunningServer {
  readonly #options: ServerOptions
  readonly #log: Log
  readonly #gate: Gate
  readonly #rooms: Rooms
  readonly #counters = newCounters()
  readonly #sessionContext: SessionContext
  readonly #sessions = new Set<Session>()
  readonly #sockets: Sockets
  readonly #webSockets = new WebSocketServer(WEB_SOCKET_OPTIONS)
  readonly #timers: NodeJS.Timeout[] = []
  readonly #startedAt = performance.now()
  readonly #http: Server
  #port = 0
  #closing: Promise<void> | null = null

  constructor(options: ServerOptions, http: Server) {
    this.#options = options
    this.#http = http
    this.#log = createLog(options.logLevel, options.writeLog)
    this.#gate = new Gate(options)
    // Behind a proxy all have its address.
    const perAddressMax = SOCKETS_PER_WEB_SOCKET * options.connectionsPerAddressMax
    this.#sockets = new Sockets(options.trustProxy ? Number.POSITIVE_INFINITY : perAddressMax)
    this.#rooms = new Rooms(options.networksMax, { ...options, randomBelow: (bound) => randomInt(bound) })
    this.#sessionContext = { options, rooms: this.#rooms, counters: this.#counters, log: this.#log }
    this.#handleRequests()
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `${this.#options.https ? 'wss' : 'ws'}://${this.#authority}${SIGNAL_PATH}`
  }

  get pageUrl(): string {
    return `${this.#options.https ? 'https' : 'http'}://${this.#authority}`
  }

  stats(): ServerStats {
    const { connections } = this.#gate
    const { online: joined, count: networks } = this.#rooms
    return { connections, joined, networks, ...this.#counters, ended: { ...this.#counters.ended } }
  }

  async listen(): Promise<void> {
    const { port, host, staticFolder, https, pingMs } = this.#options
    await listening(this.#http, { port, ...(host === '' ? {} : { host }) })
    this.#port = (this.#http.address() as AddressInfo).port
    this.#repeat(pingMs, () => this.#beat())
    this.#repeat(STATS_LOG_MS, () => this.#log.info('stats', { ...this.stats() }))
    this.#log.info('started', { port: this.port, https, static: staticFolder !== '' })
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  async #drain(): Promise<void> {
    this.#log.info('draining', { connections: this.#gate.connections })
    for (const timer of this.#timers) clearInterval(timer)
    const closed = new Promise((resolve) => this.#http.close(resolve))
    // Sockets say `close` a moment after the server did, and count until then.
    const ends = [...this.#sessions].map((session) => session.closed)
    for (const session of this.#sessions) session.end('draining')
    await Promise.race([closed, Promise.all([delay(this.#options.drainMs), ...ends])])
    // Downloads, sockets that were refused an upgrade and those that never finished TLS: HTTP knows only the first.
    this.#sockets.destroyAll()
    await Promise.all([closed, ...ends])
    this.#log.info('stopped', { ...this.stats() })
  }

  #handleRequests(): void {
    const http = this.#http
    http.headersTimeout = HEADERS_TIMEOUT_MS
    http.requestTimeout = REQUEST_TIMEOUT_MS
    if (this.#options.trustProxy) http.keepAliveTimeout = PROXY_IDLE_MS
    // Requests for pages have as many connections as WebSockets may have, besides those.
    http.maxConnections = 2 * this.#options.connectionsMax
    const { staticFolder } = this.#options
    http.on('request', handleHttpRequests({ staticFolder, health: () => this.#health() }))
    http.on('connection', (socket: Socket) => this.#onConnection(socket))
    http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head))
  }

  #onConnection(socket: Socket): void {
    // Once more where an upgrade was ignored.
    if (this.#sockets.has(socket) || this.#sockets.add(socket)) return
    this.#noteTurnedAway(addressGroup(socket.remoteAddress ?? ''))
    socket.destroy()
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!/^websocket$/i.test(request.headers.upgrade ?? '')) return this.#ignoreUpgrade(request, socket, head)
    // Without a listener a connection reset during the handshake would end the process.
    socket.on('error', (error) => this.#log.debug('handshake-error', { detail: error.message }))
    if (pathOf(request) === SIGNAL_PATH) this.#admit(request, socket, head)
    else refuse(socket, '404 Not Found')
  }

  /**
   * Another protocol than ours is offered, not asked for, mostly HTTP/2 by programs that prefer it (`curl --http2`, Java): the
   * request is answered as if nothing had been said of it (RFC 9110, section 7.8). HTTP reads it anew, without the offer.
   */
  #ignoreUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { method, url, httpVersion, rawHeaders } = request
    const lines = [`${method} ${url} HTTP/${httpVersion}`]
    for (let i = 0; i < rawHeaders.length; i += 2)
      if (!/^upgrade$/i.test(rawHeaders[i] as string)) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
    socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
    this.#http.emit(this.#options.https ? 'secureConnection' : 'connection', socket)
  }

  #admit(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const address = remoteGroup(request, this.#options.trustProxy)
    const visitor = this.#closing === null ? this.#gate.admit(address, performance.now()) : null
    if (visitor === null) {
      this.#turnAway(socket, address)
      return
    }
    socket.once('close', () => this.#gate.leave(visitor))
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.#openSession(webSocket, request, visitor),
    )
  }

  /** Answered before the handshake, since a flood must cost little. */
  #turnAway(socket: Duplex, address: string): void {
    this.#noteTurnedAway(address)
    refuse(socket, '503 Service Unavailable')
  }

  #noteTurnedAway(address: string): void {
    this.#counters.turnedAway++
    this.#log.debug('turned-away', { address })
  }

  #openSession(webSocket: WebSocket, request: IncomingMessage, visitor: Visitor): void {
    const session = new Session(webSocket, visitor, this.#sessionContext)
    this.#sessions.add(session)
    void session.closed.then(() => this.#sessions.delete(session))
    // After the handshake, because a page is not shown the answer to a refused one, and people need the reason.
    if (!isAllowedOrigin(request, this.#options)) session.end('bad-origin')
  }

  #beat(): void {
    for (const session of this.#sessions) session.beat()
    this.#gate.sweep(performance.now())
  }

  #health() {
    const { connections, joined, networks } = this.stats()
    const isUp = this.#closing === null
    const uptimeS = Math.floor((performance.now() - this.#startedAt) / 1_000)
    return { isUp, body: { status: isUp ? 'ok' : 'draining', uptimeS, connections, joined, networks } }
  }

  #repeat(everyMs: number, action: () => void): void {
    this.#timers.push(setInterval(action, everyMs))
  }

  /** Host and port under which this machine reaches the server. */
  get #authority(): string {
    const { host } = this.#options
    const isAll = host === '' || host === '0.0.0.0' || host === '::'
    const name = isAll ? 'localhost' : host.includes(':') ? `[${host}]` : host
    return `${name}:${this.port}`
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}

function listening(http: Server, options: { port: number; host?: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(options, () => {
      http.off('error', reject)
      resolve()
    })
  })
}

function refuse(socket: Duplex, status: string): void {
  // A socket of HTTP stays half open, and after an upgrade request no timeout of HTTP ends it.
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
