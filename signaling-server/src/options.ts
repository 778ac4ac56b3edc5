// Every option of the server with its meaning, unit, default and range. How they are written as flags and environment
// variables is decided in command-line.ts.

import { CHECK_IN_MS_MAX, CHECK_IN_MS_MIN } from '@hyphae/core/signaling'
import type { LogLevel } from './log.ts'

export interface ServerOptions {
  /** TCP port; 0 lets the system choose. */
  readonly port: number
  /** Address to listen on; '' means all of this machine's. */
  readonly host: string
  /** Folder of a built web app to serve; '' serves none. */
  readonly staticFolder: string
  /** TLS, because browsers give WebCrypto to secure pages alone and `http://` on a LAN is not one. */
  readonly https: boolean
  /** PEM files of certificate chain and private key; '' means a self-signed pair in `certFolder`. */
  readonly certFile: string
  readonly keyFile: string
  /** Where the self-signed pair is kept, so that a browser's exception for it stays valid. */
  readonly certFolder: string
  /** Origins whose pages may connect beside the server's own; empty means every origin. */
  readonly allowedOrigins: readonly string[]
  /** Take the remote address from X-Forwarded-For. Only behind a proxy that sets it: anybody else could lie. */
  readonly trustProxy: boolean
  /** Zero bits that the hash of an id begins with. Networks ask for theirs themselves; this spares them a flood. */
  readonly workBits: number
  /** Peers per network that are asked to stay connected. */
  readonly introducers: number
  /** Links with which a peer is released, once there are introducers enough. */
  readonly meshedLinks: number
  /** Milliseconds after which a released peer checks in. */
  readonly checkInMs: number
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  readonly networksMax: number
  /** Sustained rates; a burst of `BURST_SECONDS` times as many is let through. */
  readonly connectionsPerSecondPerAddress: number
  readonly messagesPerSecond: number
  readonly messagesPerSecondPerAddress: number
  /** Milliseconds between pings. A connection that did not answer the last one is cut. */
  readonly pingMs: number
  /** Milliseconds from connection to join. */
  readonly joinTimeoutMs: number
  /** Milliseconds that downloads under way get when the server stops. */
  readonly drainMs: number
  readonly logLevel: LogLevel
  /** Takes each log line, newline included. */
  readonly writeLog: (line: string) => void
}

/** Size of a burst in seconds of the sustained rate: a newcomer dials some 30 peers at once, then falls silent. */
export const BURST_SECONDS = 8

export const DEFAULT_OPTIONS: ServerOptions = Object.freeze({
  port: 8080,
  host: '',
  staticFolder: '',
  https: false,
  certFile: '',
  keyFile: '',
  certFolder: '.hyphae',
  allowedOrigins: [],
  trustProxy: false,
  workBits: 0,
  // Enough that losing half at once leaves several; few enough that a small machine serves a large network.
  introducers: 16,
  // Guess: with four links a peer finds the rest through its neighbours.
  meshedLinks: 4,
  checkInMs: 5 * 60_000,
  // Guess, far below what one Node process holds; about 50 KB each.
  connectionsMax: 10_000,
  // Guess: a school behind one address.
  connectionsPerAddressMax: 512,
  networksMax: 1_000,
  connectionsPerSecondPerAddress: 32,
  // An attempt takes 2 to 4 messages a side, and a newcomer makes some 34 of them.
  messagesPerSecond: 30,
  messagesPerSecondPerAddress: 600,
  // Below the 60 s after which common proxies and NATs forget an idle connection.
  pingMs: 25_000,
  joinTimeoutMs: 10_000,
  drainMs: 2_000,
  logLevel: 'info',
  writeLog: (line: string) => void process.stderr.write(line),
})

type NumericOption = {
  [N in keyof ServerOptions]: ServerOptions[N] extends number ? N : never
}[keyof ServerOptions]

/** Least and greatest value of every number. */
export const OPTION_RANGES: Readonly<Record<NumericOption, readonly [number, number]>> = {
  port: [0, 65_535],
  workBits: [0, 64],
  introducers: [1, 10_000],
  meshedLinks: [1, 50],
  checkInMs: [CHECK_IN_MS_MIN, CHECK_IN_MS_MAX],
  connectionsMax: [1, 1_000_000],
  connectionsPerAddressMax: [1, 1_000_000],
  networksMax: [1, 1_000_000],
  connectionsPerSecondPerAddress: [1, 1_000_000],
  messagesPerSecond: [1, 1_000_000],
  messagesPerSecondPerAddress: [1, 1_000_000],
  pingMs: [10, 600_000],
  joinTimeoutMs: [10, 600_000],
  drainMs: [0, 60_000],
}

/** The options with defaults filled in. Throws a RangeError or TypeError that names the first one that cannot be. */
export function resolveOptions(given: Partial<ServerOptions>): ServerOptions {
  const options = { ...DEFAULT_OPTIONS, ...given }
  for (const name of Object.keys(OPTION_RANGES) as NumericOption[]) checkNumber(name, options[name])
  if ((options.certFile === '') !== (options.keyFile === ''))
    throw new TypeError('a certificate and its key are given together')
  if (options.certFile !== '' && !options.https)
    throw new TypeError('a certificate is of use with https alone')
  options.allowedOrigins.forEach(checkOrigin)
  return Object.freeze(options)
}

function checkNumber(name: NumericOption, value: number): void {
  const [min, max] = OPTION_RANGES[name]
  if (!Number.isInteger(value) || value < min || value > max)
    throw new RangeError(`${name} is an integer from ${min} to ${max}; got ${value}`)
}

function checkOrigin(origin: string): void {
  if (!URL.canParse(origin) || new URL(origin).origin !== origin)
    throw new TypeError(`an allowed origin looks like https://example.org; got ${origin}`)
}
