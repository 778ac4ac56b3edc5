// The ICE servers of the application: a list, or a function that fetches one (TURN credentials expire).

import { messageOf } from '@hyphae/runtime'
import { ICE_SERVERS_FRESH_MS, ICE_SERVERS_MS_MAX } from './limits.ts'
import type { SharedTimer } from './shared-timer.ts'

export type IceServers = readonly RTCIceServer[]
export type IceServersSource = IceServers | (() => Promise<IceServers>)

export interface IceServersOptions {
  readonly iceServers: IceServersSource
  readonly relayOnly: boolean
}

/**
 * RFC 7064 and 7065, as all browsers read them: at one that is otherwise RTCPeerConnection throws, for each link anew. Firefox (153) and
 * Node's WebRTC know no stuns:.
 */
const URL_FORM = /^(stun:[^\s/?@]+|turns?:[^\s/?@]+(\?transport=(udp|tcp))?)$/

/** @throws {TypeError} naming what is not an ICE server, or that there is no relay where one is needed. */
export function checkIceServers(servers: unknown, relayOnly: boolean): IceServers {
  if (!Array.isArray(servers)) throw new TypeError(`iceServers is a list of servers; got ${typeof servers}`)
  for (const server of servers) {
    const urls = urlsOf(server)
    const isGood = urls.length > 0 && urls.every((url) => typeof url === 'string' && URL_FORM.test(url))
    if (!isGood)
      throw new TypeError(`iceServers[].urls are stun:host or turn:host:port; got ${JSON.stringify(urls)}`)
    // RTCPeerConnection throws at such a one, too.
    if (hasRelay([server]) && !(server.username && server.credential))
      throw new TypeError(`iceServers[] with turn: have a username and a credential; got ${urls}`)
  }
  if (relayOnly && !hasRelay(servers)) throw new TypeError('relayOnly needs a turn: address in iceServers')
  return servers
}

export function stunUrls(servers: IceServers): number {
  return servers.flatMap(urlsOf).filter((url) => String(url).startsWith('stun')).length
}

export function hasRelay(servers: IceServers): boolean {
  return servers.flatMap(urlsOf).some((url) => String(url).startsWith('turn'))
}

/** Asks the application, for several dials once, and gives up after a while. */
export class IceServersReader {
  readonly #options: IceServersOptions
  readonly #timer: SharedTimer
  readonly #onFailure: (error: unknown) => void
  #reading: Promise<IceServers> | null = null
  #readAt = 0

  /** `onFailure` hears of each question that failed, however many dials wait for its answer. */
  constructor(options: IceServersOptions, timer: SharedTimer, onFailure: (error: unknown) => void) {
    this.#options = options
    this.#timer = timer
    this.#onFailure = onFailure
  }

  /** Rejects where the function fails, gives no list, or takes too long. */
  read(): Promise<IceServers> {
    const { iceServers } = this.#options
    if (typeof iceServers !== 'function') return Promise.resolve(iceServers)
    const now = this.#timer.now()
    if (this.#reading && now - this.#readAt < ICE_SERVERS_FRESH_MS) return this.#reading
    this.#readAt = now
    const reading = this.#ask(iceServers)
    this.#reading = reading
    // A failure is not kept: the next dial asks again. Whoever waits for this answer hears of it.
    reading.catch((error: unknown) => {
      if (this.#reading === reading) this.#reading = null
      this.#onFailure(error)
    })
    return reading
  }

  #ask(source: () => Promise<IceServers>): Promise<IceServers> {
    return new Promise((resolve, reject) => {
      const alarm = this.#timer.alarm(() => reject(new Error(`no answer within ${ICE_SERVERS_MS_MAX} ms`)))
      alarm.set(this.#timer.now() + ICE_SERVERS_MS_MAX)
      Promise.resolve()
        .then(source)
        .then((servers) => checkIceServers(servers, this.#options.relayOnly))
        .then(resolve, (error: unknown) => reject(new Error(messageOf(error), { cause: error })))
        .finally(() => alarm.clear())
    })
  }
}

function urlsOf(server: unknown): readonly unknown[] {
  const urls = (server as Partial<RTCIceServer> | null | undefined)?.urls
  return Array.isArray(urls) ? urls : urls === undefined ? [] : [urls]
}
