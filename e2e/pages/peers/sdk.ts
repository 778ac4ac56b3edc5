// The part of the SDK's public interface that the tests use, as its users read it in the documentation. Browser tests drive
// what was built and import nothing from the packages, so it is written down here once more.

export interface PeerOptions {
  readonly network: string
  readonly signaling?: readonly string[]
  readonly iceServers?: readonly RTCIceServer[]
  readonly linksMax?: number
  readonly replicas?: number
  readonly workBits?: number
  readonly storage?: 'indexeddb' | 'memory'
  readonly siblingTabs?: boolean
}

export type SignalingPath = 'server' | 'overlay' | 'tabs' | 'invite' | 'memory'
export type PeerStatus = 'alone' | 'joining' | 'joined' | 'closed'

export interface LinkSnapshot {
  readonly peer: string
  readonly signalingPath: SignalingPath
  readonly roundTripMs: number | null
}

export interface PeerSnapshot {
  readonly status: PeerStatus
  readonly links: readonly LinkSnapshot[]
  readonly dialing: number
  readonly records: { readonly held: number; readonly own: number }
  readonly routed: { readonly forwarded: number; readonly answered: number; readonly failed: number }
  readonly traffic: { readonly offences: Readonly<Record<string, number>> }
}

export interface TopicMessage {
  readonly from: string
  readonly data: unknown
  readonly id: string
  readonly hops: number
}

export interface Topic {
  on(type: 'message', listener: (message: TopicMessage) => void): () => void
  publish(data: unknown): Promise<{ readonly id: string; readonly recipients: number }>
}

export interface PutReceipt {
  readonly key: string
  readonly stored: number
  readonly wanted: number
}

export interface Found {
  readonly value: unknown
  readonly key: string
  readonly author: string | null
  readonly holder: string
  readonly hops: number
}

export interface Store {
  put(name: string, value: unknown, options?: { readonly replicas?: number }): Promise<PutReceipt>
  get(name: string): Promise<unknown>
  find(name: string): Promise<Found | undefined>
  holders(key: string): Promise<readonly { readonly peer: string; readonly holds: boolean }[]>
}

export interface TopologyPeer {
  readonly peer: string
  readonly links: readonly string[]
}

export interface Invite {
  readonly text: string
  complete(answer: string): Promise<void>
}

export interface PeerEvents {
  status: PeerStatus
  'peer-joined': { readonly peer: string; readonly signalingPath: SignalingPath }
  'peer-left': { readonly peer: string; readonly reason: string }
  timeline: {
    readonly attempt: string
    readonly peer: string | null
    readonly stage: string
    readonly detail: string
  }
  offence: { readonly peer: string | null; readonly offence: string }
  problem: Error & { readonly code: string }
  'record-persisted': { readonly key: string; readonly persisted: boolean }
  stopped: Error & { readonly code: string }
}

export interface Peer {
  readonly id: string
  readonly status: PeerStatus
  /** Ids of linked peers. */
  readonly peers: readonly string[]
  readonly store: Store
  topic(name: string): Topic
  on<T extends keyof PeerEvents>(type: T, listener: (event: PeerEvents[T]) => void): () => void
  snapshot(): PeerSnapshot
  transportStats(): { readonly constructions: number; readonly open: number }
  handle(name: string, handler: (request: unknown, context: { readonly from: string }) => unknown): () => void
  request(peer: string, name: string, data: unknown): Promise<unknown>
  topology(options?: { readonly peersMax?: number }): Promise<{ readonly peers: readonly TopologyPeer[] }>
  unlink(peer: string): Promise<void>
  createInvite(): Promise<Invite>
  acceptInvite(text: string): Promise<string>
  close(): Promise<void>
}

export interface Sdk {
  createPeer(options: PeerOptions): Promise<Peer>
}
