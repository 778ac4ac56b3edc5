import type { Transport } from '@hyphae/runtime'
import { resolveOptions, type WebRtcTransportOptions } from './options.ts'
import { WebRtcTransport } from './webrtc-transport.ts'

export type { IceServers, IceServersSource } from './ice-servers.ts'
export { WEBRTC_DEFAULTS, type WebRtcTransportOptions } from './options.ts'

/**
 * Links between browsers (and Node, with `wrtc`) over WebRTC data channels.
 *
 * @throws {TypeError | RangeError} where an option is none that can be used.
 */
export function createWebRtcTransport(options: WebRtcTransportOptions = {}): Transport {
  return new WebRtcTransport(resolveOptions(options))
}

/** Whether the platform has WebRTC. Without it, and without `wrtc`, every attempt fails with stage `ice`. */
export function supportsWebRtc(): boolean {
  return typeof RTCPeerConnection !== 'undefined'
}
