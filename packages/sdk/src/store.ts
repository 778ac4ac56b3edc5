// Records in the network: named values that several may write, values only their owner can write, and content under its
// own hash.

import {
  type GetResult,
  type HoldersResult,
  type Key,
  NAME_BYTES_MAX,
  OWNED_SALT_BYTES_MAX,
  type PeerId,
  type PutResult,
  RECORD_BYTES_MAX,
  type RecordDraft,
  type RecordName,
} from '@hyphae/core'
import { fromHex, toHex, utf8 } from '@hyphae/core/wire'
import { HyphaeError, type PeerRuntime } from '@hyphae/runtime'
import { type CallOptions, timed } from './call-options.ts'
import { checkName, idOf } from './names.ts'
import { checkReplicas } from './options.ts'
import { decodeValue, encodeValue } from './values.ts'

/** Milliseconds a put or get may take, unless the call says otherwise. */
const STORE_TIMEOUT_MS = 20_000

export interface PutOptions extends CallOptions {
  /** Copies, 1 to 40; default the peer's `replicas`. */
  readonly replicas?: number | undefined
}

export interface SharedOptions {
  /** Keeps names of different parts of an application apart. Default ''. */
  readonly namespace?: string | undefined
  /** Peer ids that may write; part of the key, so readers must name the same. Default: anybody. */
  readonly writers?: readonly string[] | undefined
}

export interface PutReceipt {
  /** 64 hexadecimal digits. */
  readonly key: string
  /** Peers that proved they hold it, at the time of the answer, and copies asked for. More may follow. */
  readonly stored: number
  readonly wanted: number
  /** Of two versions the higher wins. */
  readonly version: number
}

export interface Found<T> {
  readonly value: T
  readonly key: string
  readonly version: number
  /** Who wrote it: proved by signature. Null for content, which has no author. */
  readonly author: string | null
  /** Whose answer completed the get, and over how many links: of two that had to agree the later one. */
  readonly holder: string
  readonly hops: number
}

export class Store {
  readonly #runtime: PeerRuntime

  /** Made by `createPeer`, as `peer.store`. */
  constructor(runtime: PeerRuntime) {
    this.#runtime = runtime
  }

  /** Writes a named value; the last writer wins. Rejects with TOO_LARGE over 8 KiB, RECORD_REJECTED, TIMEOUT. */
  async put<T>(name: string, value: T, options: PutOptions & SharedOptions = {}): Promise<PutReceipt> {
    return this.#put(
      { kind: 'shared', ...sharedName(name, options), value: encodeValue(value, RECORD_BYTES_MAX) },
      options,
    )
  }

  /**
   * The newer of two copies from separate ways, or the only one that came in time; `undefined` where nobody reached has one. Within its
   * first seconds in a network of many a peer asks again until its links are made, so that this `undefined` takes as long.
   */
  async get<T = unknown>(name: string, options: CallOptions & SharedOptions = {}): Promise<T | undefined> {
    return (await this.find<T>(name, options))?.value
  }

  /** As `get`, with who wrote and who answered. */
  async find<T = unknown>(
    name: string,
    options: CallOptions & SharedOptions = {},
  ): Promise<Found<T> | undefined> {
    return this.#get<T>({ kind: 'shared', ...sharedName(name, options) }, options)
  }

  /** Writes a value that only this identity can change, under a name of its own. */
  async putOwned<T>(name: string, value: T, options: PutOptions = {}): Promise<PutReceipt> {
    return this.#put(
      { kind: 'owned', salt: saltOf(name), value: encodeValue(value, RECORD_BYTES_MAX) },
      options,
    )
  }

  /** Reads a value of the owner with this signing key (`peer.signingKey`, 64 hexadecimal digits). */
  async getOwned<T = unknown>(
    ownerKey: string,
    name: string,
    options: CallOptions = {},
  ): Promise<Found<T> | undefined> {
    const owner = fromHex(idOf('ownerKey', ownerKey))
    return this.#get<T>({ kind: 'owned', ownerKey: owner, salt: saltOf(name) }, options)
  }

  /** Stores content under its own hash. */
  async putContent<T>(value: T, options: PutOptions = {}): Promise<PutReceipt> {
    return this.#put({ kind: 'immutable', value: encodeValue(value, RECORD_BYTES_MAX) }, options)
  }

  async getContent<T = unknown>(key: string, options: CallOptions = {}): Promise<Found<T> | undefined> {
    return this.#get<T>({ kind: 'immutable', key: idOf<Key>('key', key) }, options)
  }

  /** Which of the peers closest to the key hold it. */
  async holders(
    key: string,
    options: CallOptions = {},
  ): Promise<readonly { readonly peer: string; readonly holds: boolean }[]> {
    const result = await this.#runtime.call(
      { type: 'holders', key: idOf<Key>('key', key) },
      timed(options, STORE_TIMEOUT_MS),
    )
    return (result as HoldersResult).peers
  }

  async #put(draft: RecordDraft, options: PutOptions): Promise<PutReceipt> {
    if (options.replicas !== undefined) checkReplicas(options.replicas)
    const call = {
      type: 'put',
      draft,
      ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
    } as const
    const { key, stored, wanted, version } = (await this.#runtime.call(
      call,
      timed(options, STORE_TIMEOUT_MS),
    )) as PutResult
    return { key, stored, wanted, version: version.rank }
  }

  async #get<T>(name: RecordName, options: CallOptions): Promise<Found<T> | undefined> {
    try {
      const result = (await this.#runtime.call(
        { type: 'get', name },
        timed(options, STORE_TIMEOUT_MS),
      )) as GetResult
      return found<T>(result)
    } catch (error) {
      if (error instanceof HyphaeError && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }
}

function found<T>({ key, record, holder, hops }: GetResult): Found<T> {
  const decoded = decodeValue(record.value)
  if (!decoded.ok)
    throw new HyphaeError('RECORD_REJECTED', `the record ${key} does not hold a value of this library`)
  const version = record.kind === 'owned' ? record.sequence : record.kind === 'shared' ? record.clock : 0
  const author =
    record.kind === 'shared' ? record.author.id : record.kind === 'owned' ? toHex(record.ownerKey) : null
  return { value: decoded.value as T, key, version, author, holder, hops }
}

function sharedName(name: string, { namespace = '', writers = [] }: SharedOptions) {
  checkName('name', name, NAME_BYTES_MAX)
  checkName('namespace', namespace, NAME_BYTES_MAX)
  const ids = writers.map((writer) => idOf<PeerId>('each of writers', writer))
  return { namespace, name, writers: [...new Set(ids)].sort() }
}

function saltOf(name: string): Uint8Array {
  checkName('name', name, OWNED_SALT_BYTES_MAX)
  return utf8(name)
}
