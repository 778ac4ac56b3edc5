// What can be said about a WebSocket introducer, and what holds where nothing is said.

import type { Random } from '@hyphae/core'
import { type Clock, secureRandom, systemClock } from '@hyphae/runtime'
import type { WebSocketConstructor } from './socket.ts'

export interface WebSocketIntroducerOptions {
  /** `ws:` or `wss:`. Without a path it means `/signal`, where the signaling server listens. */
  readonly url: string
  readonly clock?: Clock
  /** Jitter comes from here. */
  readonly random?: Random
  /** The platform's own, if not given. Node 20 has none: pass the one of `ws`. */
  readonly WebSocket?: WebSocketConstructor
  /** Milliseconds before the second try, doubled for each further one up to the maximum; half of it is jitter. */
  readonly backoffMinMs?: number
  readonly backoffMaxMs?: number
  /** Milliseconds a connection must have lasted for the backoff to begin anew. */
  readonly stableMs?: number
  /** Milliseconds from the try to the server's welcome. */
  readonly joinTimeoutMs?: number
  /** Milliseconds without a message after which the server is asked for a sign of life. */
  readonly silenceMs?: number
  /** Milliseconds it has for that. */
  readonly probeTimeoutMs?: number
  /** Milliseconds we stay after our release, so that dials of peers just introduced to us come through. */
  readonly lingerMs?: number
  /** Signals kept while the connection is being made. */
  readonly queuedSignalsMax?: number
}

export type ResolvedOptions = Required<WebSocketIntroducerOptions>

const DEFAULTS = Object.freeze({
  backoffMinMs: 1_000,
  backoffMaxMs: 60_000,
  // Guess: longer than a server that restarts in a loop stays up.
  stableMs: 30_000,
  // A cold server on a slow mobile connection: TCP, TLS and WebSocket handshakes and ours are five round trips.
  joinTimeoutMs: 15_000,
  // The server pings every 25 s, but a page is not told of pings.
  silenceMs: 60_000,
  probeTimeoutMs: 10_000,
  // Guess: an offer, its answer and the candidates of one connection on a slow path.
  lingerMs: 5_000,
  // Four dials under way, each with an offer and some batches of candidates, and as many answers.
  queuedSignalsMax: 64,
})

/** Checks, and fills in what is not said. Throws a TypeError or RangeError that names the option. */
export function resolveOptions(given: WebSocketIntroducerOptions): ResolvedOptions {
  const options = {
    ...DEFAULTS,
    ...given,
    url: serverAddress(given.url),
    clock: given.clock ?? systemClock(),
    random: given.random ?? secureRandom(),
    WebSocket: given.WebSocket ?? platformWebSocket(),
  }
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) checkNumber(name, options[name])
  return options
}

function checkNumber(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`${name} is a positive integer; got ${value}`)
}

function serverAddress(given: string): string {
  if (!URL.canParse(given)) throw new TypeError(`url is the address of a signaling server; got ${given}`)
  const url = new URL(given)
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:')
    throw new TypeError(`url begins with ws: or wss:; got ${given}`)
  if (url.pathname === '/') url.pathname = '/signal'
  // A WebSocket address cannot have a fragment (RFC 6455, section 3).
  url.hash = ''
  return url.href
}

function platformWebSocket(): WebSocketConstructor {
  const found = globalThis.WebSocket as WebSocketConstructor | undefined
  if (found === undefined)
    throw new TypeError(
      'this platform has no WebSocket: set globalThis.WebSocket, for instance to that of the npm package ws',
    )
  return found
}
