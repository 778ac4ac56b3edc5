// What can be said about a peer, and what holds where nothing is said.

import { LINKS_MAX, type Random, REPLICAS, WORK_BITS_DEFAULT } from '@hyphae/core'
import type { Clock, Introducer, PeerStorage, Transport } from '@hyphae/runtime'

/**
 * STUN and TURN servers as RTCPeerConnection takes them, or a function that fetches them with fresh credentials: asked before a link
 * is made, and again after a minute. Where it fails, `problem` says so, and the `timeline` of each link that waited.
 */
export type IceServers = readonly RTCIceServer[] | (() => Promise<readonly RTCIceServer[]>)

export interface PeerOptions {
  /** Peers of different networks never meet. Part of every key, so pick something of your own. */
  readonly network: string
  /** Addresses of signaling servers (`wss://…`), asked for first contacts. May be empty where sibling tabs or invites do. */
  readonly signaling?: readonly string[] | undefined
  /** Default none: links work inside one network only. */
  readonly iceServers?: IceServers | undefined
  /** Links through TURN servers alone, so that linked peers do not learn our address. Default false. */
  readonly relayOnly?: boolean | undefined
  /** Links at most. Default 50. With fewer than 5 a network of 20 peers falls apart now and then where many come and go. */
  readonly linksMax?: number | undefined
  /** Copies of each record. Default 20. */
  readonly replicas?: number | undefined
  /** Zero bits of work an id costs; part of the network's identity. Default 16, about a second once per profile. */
  readonly workBits?: number | undefined
  /** Where identity and records live: `indexeddb` (default) survives a reload, `memory` (64 MiB) does not. */
  readonly storage?: 'indexeddb' | 'memory' | PeerStorage | undefined
  /** Bytes of records in IndexedDB at most. Default 80 MiB. */
  readonly storageQuotaBytes?: number | undefined
  /** Whether tabs of the same profile introduce each other. Default true where the browser can. */
  readonly siblingTabs?: boolean | undefined
  /** Ends the start; a peer that is already running is closed with `close()`. */
  readonly signal?: AbortSignal | undefined
  /** What happens during the start, for progress bars. */
  readonly onProgress?: ((progress: StartProgress) => void) | undefined
  /** Parts to be replaced: for tests, Node, and other networks than WebRTC. */
  readonly transport?: Transport | undefined
  readonly introducers?: readonly Introducer[] | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
}

/**
 * `storage`: records and contacts are being read; `identity`: an id is being worked out, `done` of `expected` tries, which are a mean:
 * it may take few, or several times as many.
 */
export type StartProgress =
  | { readonly stage: 'storage' }
  | { readonly stage: 'identity'; readonly done: number; readonly expected: number }
  | { readonly stage: 'started' }

type Defaulted =
  | 'signaling'
  | 'iceServers'
  | 'relayOnly'
  | 'linksMax'
  | 'replicas'
  | 'workBits'
  | 'storage'
  | 'siblingTabs'

export type ResolvedPeerOptions = PeerOptions & {
  readonly [N in Defaulted]: Exclude<PeerOptions[N], undefined>
}

const DEFAULTS = Object.freeze({
  signaling: [],
  iceServers: [],
  relayOnly: false,
  linksMax: LINKS_MAX,
  replicas: REPLICAS,
  workBits: WORK_BITS_DEFAULT,
  storage: 'indexeddb',
  siblingTabs: true,
} as const)

/** Checks, and fills in what is not said or undefined. Throws a TypeError or RangeError that names the option. */
export function resolvePeerOptions(given: PeerOptions): ResolvedPeerOptions {
  const options = { ...DEFAULTS, ...saidOf(given) } as ResolvedPeerOptions
  if (typeof options.network !== 'string' || options.network === '') {
    throw new TypeError(`network must be a non-empty string, got ${JSON.stringify(options.network)}`)
  }
  checkWhole('linksMax', options.linksMax, 1, LINKS_MAX)
  checkReplicas(options.replicas)
  checkWhole('workBits', options.workBits, 0, 32)
  checkStorage(options)
  checkServers(options.signaling)
  return options
}

/** Optional fields of which none is undefined. */
export type Said<T> = { [N in keyof T]: Exclude<T[N], undefined> }

/** Without what is undefined, as where it comes from settings of which some are not set: a default holds there. */
export function saidOf<T extends object>(given: T): Said<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Said<T>
}

/** Throws a TypeError where they are no list of addresses of signaling servers; one alone is none. */
export function checkServers(urls: readonly string[]): void {
  const wrong = Array.isArray(urls) ? urls.filter((url) => !/^wss?:\/\/[^\s/]+/.test(url)) : [urls]
  if (wrong.length > 0)
    throw new TypeError(
      `signaling must be a list of ws:// or wss:// addresses, got ${JSON.stringify(wrong[0])}`,
    )
}

/** What is none must not become the default: it writes to the disk. */
function checkStorage({ storage, storageQuotaBytes = 0 }: PeerOptions): void {
  const isKnown = storage === 'indexeddb' || storage === 'memory' || (typeof storage === 'object' && storage)
  if (!isKnown)
    throw new TypeError(`storage must be 'indexeddb', 'memory' or a store, got ${JSON.stringify(storage)}`)
  if (!(storageQuotaBytes >= 0))
    throw new RangeError(`storageQuotaBytes must be 0 or more, got ${storageQuotaBytes}`)
}

/** Throws a RangeError where it is no number of copies of one record. */
export function checkReplicas(replicas: number): void {
  checkWhole('replicas', replicas, 1, REPLICAS * 2)
}

function checkWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, got ${value}`)
}
