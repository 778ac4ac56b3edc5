// The same transport in Node, where WebRTC comes from node-datachannel (libdatachannel).

import type { Transport } from '@hyphae/runtime'
import * as polyfill from 'node-datachannel/polyfill'
import { createWebRtcTransport, type WebRtcTransportOptions } from '../index.ts'
import { NodePeerConnection } from './node-peer-connection.ts'

export type NodeWebRtcTransportOptions = Omit<
  WebRtcTransportOptions,
  'wrtc' | 'isFreedOnClose' | 'holdsCandidates'
>

/** @throws {TypeError | RangeError} where an option is none that can be used. */
export function createNodeWebRtcTransport(options: NodeWebRtcTransportOptions = {}): Transport {
  const wrtc = { ...polyfill, RTCPeerConnection: NodePeerConnection }
  // libdatachannel 0.24.5 starts DTLS when ICE connects, which with early packets of the listener is before it has
  // stored the fingerprint of the answer: the handshake fails (1 in 100), or its first packet is lost (1 s, 1 in 4).
  return createWebRtcTransport({ ...options, wrtc, isFreedOnClose: true, holdsCandidates: true })
}
