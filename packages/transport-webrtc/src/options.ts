// What a user may set of this transport.

import { type Clock, systemClock } from '@hyphae/runtime'
import { checkIceServers, type IceServersSource } from './ice-servers.ts'
import { CONNECT_MS_MAX, CONNECT_RELAY_MS_MAX, OPENING_MAX } from './limits.ts'

export interface WebRtcTransportOptions {
  /**
   * STUN and TURN servers, or a function that fetches them (asked again after a minute). Empty by default: peers then
   * meet in one network only, and nobody outside of it learns that they exist.
   */
  readonly iceServers?: IceServersSource
  /** Reach others through TURN servers alone, so that they never learn our address. */
  readonly relayOnly?: boolean
  /** Connections being opened at once; further ones wait. */
  readonly openingMax?: number
  /** Milliseconds to connect in, without and with a TURN server. */
  readonly connectMsMax?: number
  readonly connectRelayMsMax?: number
  /** Time, for tests. */
  readonly clock?: Clock
  /** An implementation of WebRTC in place of the browser's: an object with RTCPeerConnection and what belongs to it. */
  readonly wrtc?: object
  /** Whether that implementation frees a connection when it is closed. Browsers do so by garbage collection only. */
  readonly isFreedOnClose?: boolean
  /**
   * Whether the dialer tells its candidates only once it has the answer, for an implementation that stumbles when the
   * listener's first packets come before it. Costs a signal. Of an offer carried by hand the listener holds them a second.
   */
  readonly holdsCandidates?: boolean
}

export type WebRtcOptions = Required<Omit<WebRtcTransportOptions, 'wrtc'>> & {
  readonly wrtc: object | undefined
}

export const WEBRTC_DEFAULTS = Object.freeze({
  iceServers: [],
  relayOnly: false,
  openingMax: OPENING_MAX,
  connectMsMax: CONNECT_MS_MAX,
  connectRelayMsMax: CONNECT_RELAY_MS_MAX,
  isFreedOnClose: false,
  holdsCandidates: false,
} satisfies WebRtcTransportOptions)

/** @throws {TypeError | RangeError} naming the option, what is allowed and what was given. */
export function resolveOptions(given: WebRtcTransportOptions): WebRtcOptions {
  const options = { ...WEBRTC_DEFAULTS, wrtc: undefined, clock: given.clock ?? systemClock(), ...given }
  const { iceServers, relayOnly } = options
  if (typeof iceServers !== 'function') checkIceServers(iceServers, relayOnly)
  for (const name of ['openingMax', 'connectMsMax', 'connectRelayMsMax'] as const) {
    const value = options[name]
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`${name} is a positive integer; got ${value}`)
  }
  return options
}
