// Transports in another process or page, as if they were here: calls and events travel as messages, over whatever way
// the test has. Messages can be cloned; a way that carries text alone turns their Uint8Arrays into text and back.

import type { LinkPathInfo, Transport, TransportEvent, TransportStats } from '@hyphae/runtime'
import type { TransportTrial } from './transport-suite.ts'

/** To the far side: make a transport, or call a method of one. */
export interface RemoteCall {
  readonly transport: number
  readonly method: 'create' | Exclude<keyof Transport, 'onEvent' | 'pathInfo' | 'stats'>
  readonly args: readonly unknown[]
}

/** From the far side: an event, or that a call was made, and the statistics after it. */
export interface RemoteNews {
  readonly transport: number
  readonly event: TransportEvent | null
  readonly stats: TransportStats
}

/** The far side: hand it every call that arrives. */
export function serveTransports(
  create: (trial?: TransportTrial) => Transport,
  tell: (news: RemoteNews) => void,
): (call: RemoteCall) => void {
  const transportByNumber = new Map<number, Transport>()
  return ({ transport: number, method, args }) => {
    if (method === 'create') {
      const transport = create(args[0] as TransportTrial | undefined)
      transport.onEvent((event) => tell({ transport: number, event, stats: transport.stats() }))
      transportByNumber.set(number, transport)
      return
    }
    const transport = transportByNumber.get(number)
    if (!transport) throw new RangeError(`transport is one that was created; got ${number}`)
    ;(transport[method] as (...args: readonly unknown[]) => void)(...args)
    tell({ transport: number, event: null, stats: transport.stats() })
  }
}

/** The near side of one way: makes transports there, and wants to hear all news from there. */
export class RemoteTransports {
  readonly #send: (call: RemoteCall) => void
  readonly #transports: RemoteTransport[] = []

  constructor(send: (call: RemoteCall) => void) {
    this.#send = send
  }

  create(trial?: TransportTrial): Transport {
    const transport = this.#transports.length
    const remote = new RemoteTransport((method, args) => this.#send({ transport, method, args }))
    this.#transports.push(remote)
    this.#send({ transport, method: 'create', args: [trial] })
    return remote
  }

  hear(news: RemoteNews): void {
    this.#transports[news.transport]?.hear(news)
  }

  destroy(): void {
    for (const transport of this.#transports) transport.destroy()
  }
}

/** Its statistics are those that came with the last news. */
class RemoteTransport implements Transport {
  readonly #send: (method: RemoteCall['method'], args: readonly unknown[]) => void
  #listener: (event: TransportEvent) => void = () => undefined
  #stats: TransportStats = { constructions: 0, opening: 0, open: 0, refusedSignals: 0, refusedChannels: 0 }

  constructor(send: (method: RemoteCall['method'], args: readonly unknown[]) => void) {
    this.#send = send
  }

  hear({ event, stats }: RemoteNews): void {
    this.#stats = stats
    if (event) this.#listener(event)
  }

  onEvent(listener: (event: TransportEvent) => void): void {
    this.#listener = listener
  }

  dial(...args: Parameters<Transport['dial']>): void {
    this.#send('dial', args)
  }

  accept(...args: Parameters<Transport['accept']>): void {
    this.#send('accept', args)
  }

  applySignal(...args: Parameters<Transport['applySignal']>): void {
    this.#send('applySignal', args)
  }

  abandon(...args: Parameters<Transport['abandon']>): void {
    this.#send('abandon', args)
  }

  send(...args: Parameters<Transport['send']>): void {
    this.#send('send', args)
  }

  watch(...args: Parameters<Transport['watch']>): void {
    this.#send('watch', args)
  }

  close(...args: Parameters<Transport['close']>): void {
    this.#send('close', args)
  }

  pathInfo(): Promise<LinkPathInfo> {
    return Promise.reject(new TypeError('the path of a remote link is not asked for'))
  }

  stats(): TransportStats {
    return this.#stats
  }

  destroy(): void {
    this.#send('destroy', [])
  }
}
