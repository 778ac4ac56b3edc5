// The same transport in Node, where WebRTC comes from node-datachannel (libdatachannel).

import type { Transport } from '@hyphae/runtime'
import * as polyfill from 'node-datachannel/polyfill'
import { createWebRtcTransport, type WebRtcTransportOptions } from '../index.ts'

export type NodeWebRtcTransportOptions = Omit<WebRtcTransportOptions, 'wrtc' | 'isFreedOnClose'>

/** @throws {TypeError | RangeError} where an option is none that can be used. */
export function createNodeWebRtcTransport(options: NodeWebRtcTransportOptions = {}): Transport {
  return createWebRtcTransport({ ...options, wrtc: { ...polyfill, RTCPeerConnection }, isFreedOnClose: true })
}

/**
 * What simple-peer expects of a browser and the polyfill does otherwise: simple-peer names the listener's channel
 * `null`, which the native side refuses, and writes to the `sdp` of offers and answers, which is read-only there.
 */
class RTCPeerConnection extends polyfill.RTCPeerConnection {
  override createDataChannel(label: string | null, options?: RTCDataChannelInit): polyfill.RTCDataChannel {
    return super.createDataChannel(String(label), options)
  }

  override async createOffer(): Promise<RTCSessionDescriptionInit> {
    const { type, sdp } = await super.createOffer()
    return { type, sdp }
  }

  override async createAnswer(): Promise<RTCSessionDescriptionInit> {
    const { type, sdp } = await super.createAnswer()
    return { type, sdp }
  }
}
