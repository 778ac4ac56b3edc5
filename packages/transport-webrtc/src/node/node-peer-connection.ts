// What simple-peer expects of a browser's RTCPeerConnection and node-datachannel's does otherwise:
//
// - It negotiates by itself once a channel is made, so a listener would offer, take it back and quarrel over ICE roles.
//   Here the native connection negotiates when it is told to.
// - A channel is said to be closed when we ask for it, not when the other end has it. That event is kept back.
// - A channel that the other end closes forgets the messages that it has not handed out yet, so closing waits a little
//   (0.24.5: 5 of 60 closes lost something, none after 20 ms; measured under load).
// - Round trips in its statistics are milliseconds.
// - simple-peer names the listener's channel `null`, and writes to the `sdp` of offers and answers.

import { PeerConnection } from 'node-datachannel'
import { type RTCDataChannel, RTCPeerConnection } from 'node-datachannel/polyfill'
import { nativeServers } from './native-servers.ts'
import { inSeconds } from './stats.ts'

/** Milliseconds for the other end to hand out what it received. */
const CLOSE_DELAY_MS = 100

export class NodePeerConnection extends RTCPeerConnection {
  readonly #native: PeerConnection

  constructor(configuration: RTCConfiguration) {
    const { iceServers = [], iceTransportPolicy = 'all' } = configuration
    const native = new PeerConnection('hyphae', {
      iceServers: iceServers.flatMap(nativeServers),
      iceTransportPolicy,
      disableAutoNegotiation: true,
    })
    // The polyfill writes into the servers it is given.
    super({ iceServers: structuredClone(iceServers), iceTransportPolicy, peerConnection: native })
    this.#native = native
  }

  override createDataChannel(label: string | null, options?: RTCDataChannelInit): RTCDataChannel {
    const channel = super.createDataChannel(String(label), options)
    const close = channel.close.bind(channel)
    let isOurs = false
    channel.close = () => {
      isOurs = true
      setTimeout(close, CLOSE_DELAY_MS)
    }
    channel.addEventListener('close', (event) => {
      if (isOurs) event.stopImmediatePropagation()
    })
    return channel
  }

  override async createOffer(): Promise<RTCSessionDescriptionInit> {
    this.#native.setLocalDescription('offer')
    const { type, sdp } = await super.createOffer()
    return { type, sdp }
  }

  override async createAnswer(): Promise<RTCSessionDescriptionInit> {
    this.#native.setLocalDescription('answer')
    const { type, sdp } = await super.createAnswer()
    return { type, sdp }
  }

  override async getStats(): Promise<RTCStatsReport> {
    return inSeconds(await super.getStats())
  }

  /** Making the description set it already. */
  override async setLocalDescription(): Promise<void> {}
}
