// Starts a peer: claims an identity, opens what it needs, and hands over a running peer or nothing at all.

import { createMemoryStorage } from '@hyphae/conformance'
import { networkIdOf, type Random } from '@hyphae/core'
import {
  aborted,
  type Clock,
  callSafely,
  createTabsIntroducer,
  createWebCryptoPeer,
  failedBy,
  generateIdentity,
  HyphaeError,
  type Introducer,
  PeerRuntime,
  type PeerStorage,
  requireSubtle,
  type StoredIdentity,
  secureRandom,
  systemClock,
  type Transport,
  throwIfAborted,
} from '@hyphae/runtime'
import { createWebSocketIntroducer } from '@hyphae/signaling-client'
import { openIndexedDbStorage } from '@hyphae/storage-indexeddb'
import { createWebRtcTransport, supportsWebRtc } from '@hyphae/transport-webrtc'
import {
  type PeerOptions,
  type ResolvedPeerOptions,
  resolvePeerOptions,
  type StartProgress,
} from './options.ts'
import { followPage } from './page-lifecycle.ts'
import { HyphaePeer } from './peer.ts'

/**
 * A running peer. Rejects with HyphaeError: UNSUPPORTED (no secure context, no WebRTC, no signatures), STORAGE_FAILED (broken, or
 * denied to this page), STORAGE_FULL, IDENTITY_IN_USE (256 tabs have all identities), ABORTED.
 */
export async function createPeer(given: PeerOptions): Promise<HyphaePeer> {
  const options = resolvePeerOptions(given)
  const clock = options.clock ?? systemClock()
  const random = options.random ?? secureRandom()
  requirePlatform(options)
  tell(options, { stage: 'storage' })
  const networkId = networkIdOf(options.network, options.workBits)
  const storage = await openStorage(options, networkId)
  try {
    return await startIn(storage, options, networkId, { clock, random })
  } catch (error) {
    return failedBy(error, storage.close())
  }
}

async function startIn(
  storage: PeerStorage,
  options: ResolvedPeerOptions,
  networkId: string,
  { clock, random }: { clock: Clock; random: Random },
): Promise<HyphaePeer> {
  const identity = await identityOf(storage, options, random)
  throwIfAborted(options.signal)
  const { iceServers, relayOnly } = options
  const transport: Transport = options.transport ?? createWebRtcTransport({ iceServers, relayOnly, clock })
  const introducerFor = (url: string) => createWebSocketIntroducer({ url, clock, random })
  const runtime = await PeerRuntime.start({
    identity,
    crypto: createWebCryptoPeer(identity),
    transport,
    storage,
    introducers: introducersOf(options, introducerFor, clock),
    clock,
    random,
    networkId,
    workBits: options.workBits,
    linksMax: options.linksMax,
    replicas: options.replicas,
    servers: options.signaling,
  })
  if (options.signal?.aborted) {
    return failedBy(aborted(options.signal), runtime.close())
  }
  const release = followPage(runtime)
  tell(options, { stage: 'started' })
  return new HyphaePeer({ network: options.network, identity, runtime, introducerFor, release })
}

function tell({ onProgress }: ResolvedPeerOptions, progress: StartProgress): void {
  if (onProgress) callSafely(onProgress, progress)
}

function requirePlatform(options: ResolvedPeerOptions): void {
  requireSubtle()
  if (options.transport === undefined && !supportsWebRtc()) {
    throw new HyphaeError('UNSUPPORTED', 'WebRTC is missing in this browser; pass a transport to use another')
  }
}

/** Where the peer's data lives. Each tab of a profile takes a slot of its own, and finds it again after a reload. */
async function openStorage(options: ResolvedPeerOptions, network: string): Promise<PeerStorage> {
  if (typeof options.storage === 'object') return options.storage
  if (options.storage === 'memory') return createMemoryStorage()
  const quota = options.storageQuotaBytes === undefined ? {} : { quotaBytes: options.storageQuotaBytes }
  return openIndexedDbStorage({ network, ...quota })
}

async function identityOf(
  storage: PeerStorage,
  options: ResolvedPeerOptions,
  random: Random,
): Promise<StoredIdentity> {
  const known = await storage.loadIdentity()
  if (known !== null) return known
  const identity = await generateIdentity({
    workBits: options.workBits,
    random,
    onProgress: (progress) => tell(options, { stage: 'identity', ...progress }),
    ...(options.signal ? { signal: options.signal } : {}),
  })
  await storage.saveIdentity(identity)
  return identity
}

function introducersOf(
  options: ResolvedPeerOptions,
  introducerFor: (url: string) => Introducer,
  clock: Clock,
): Introducer[] {
  const tabs = options.siblingTabs ? createTabsIntroducer({ clock }) : null
  return [...(options.introducers ?? []), ...options.signaling.map(introducerFor), ...(tabs ? [tabs] : [])]
}
