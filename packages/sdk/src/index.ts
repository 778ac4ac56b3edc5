// What a web page imports.

export type {
  Contact,
  EpidemicMode,
  FailureCode,
  Key,
  LinkReason,
  LinkSnapshot,
  LookupStep,
  Offence,
  PeerSnapshot,
  PeerStatus,
  Random,
  SignalingPath,
  StoredContact,
  TopologyPeer,
  TopologyResult,
} from '@hyphae/core'
export {
  type Clock,
  HyphaeError,
  type Introducer,
  type IntroducerEvent,
  type IntroducerIdentity,
  type LinkPathInfo,
  type PeerStorage,
  type StorageEvent,
  type StoredIdentity,
  type StoredRecord,
  type Transport,
  type TransportEvent,
  type TransportStats,
} from '@hyphae/runtime'
export type { CallOptions } from './call-options.ts'
export { createPeer } from './create-peer.ts'
export type { IceServers, PeerOptions, StartProgress } from './options.ts'
export { HyphaePeer, type Invite, type PeerEvents, type TimelineEntry } from './peer.ts'
export type { RequestHandler } from './requests.ts'
export { type Found, type PutOptions, type PutReceipt, type SharedOptions, Store } from './store.ts'
export { Topic, type TopicMessage, type TopicOptions } from './topic.ts'
