// simple-peer 9 has no types of its own. This is the surface that is used here, and nothing else. Names with an
// underscore are private to it: a conformance case fails when one of them is gone.

declare module 'simple-peer/simplepeer.min.js' {
  export interface SimplePeerError extends Error {
    readonly code?: string
  }

  export type SimplePeerSignal =
    | { readonly type: 'offer' | 'answer'; readonly sdp: string }
    | { readonly type: 'candidate'; readonly candidate: RTCIceCandidateInit }
    /** Asks for another negotiation, which we never want. */
    | { readonly type: 'renegotiate' | 'transceiverRequest' }

  export interface SimplePeerOptions {
    readonly initiator: boolean
    readonly trickle: boolean
    readonly channelConfig: RTCDataChannelInit
    readonly config: RTCConfiguration
    readonly iceCompleteTimeout: number
    readonly wrtc?: object
  }

  export default class SimplePeer {
    /** Missing when the connection could not be constructed; null once it is destroyed. */
    readonly _pc?: RTCPeerConnection | null
    readonly _channel?: RTCDataChannel | null
    readonly connected: boolean
    constructor(options: SimplePeerOptions)
    signal(signal: SimplePeerSignal): void
    destroy(): void
    on(event: 'signal', listener: (signal: SimplePeerSignal) => void): this
    on(event: 'data', listener: (bytes: Uint8Array) => void): this
    on(event: 'iceStateChange', listener: (connection: string, gathering: string) => void): this
    on(event: 'error', listener: (error: SimplePeerError) => void): this
    on(event: 'connect' | 'close', listener: () => void): this
  }
}
