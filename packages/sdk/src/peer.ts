// A peer as an application holds it: topics, records, requests, the picture of the network, and the end of it all.

import {
  type AttemptId,
  type InviteResult,
  type Key,
  type LinkStage,
  type LookupResult,
  type LookupStep,
  type Offence,
  type PeerEvent,
  type PeerId,
  type PeerSnapshot,
  type PeerStatus,
  resolveStrategy,
  type SignalingPath,
  type TopologyPeer,
  type TopologyResult,
} from '@hyphae/core'
import { toHex } from '@hyphae/core/wire'
import {
  aborted,
  HyphaeError,
  type Introducer,
  type LinkPathInfo,
  limitWait,
  messageOf,
  type PeerRuntime,
  type StoredIdentity,
  type TransportStats,
} from '@hyphae/runtime'
import { type CallOptions, timed } from './call-options.ts'
import { Emitter, type Listener } from './emitter.ts'
import { decodeInvite, encodeInvite } from './invite-text.ts'
import { checkName, idOf } from './names.ts'
import { checkServers, saidOf } from './options.ts'
import { type RequestHandler, Requests } from './requests.ts'
import { Store } from './store.ts'
import { Topic, type TopicOptions } from './topic.ts'
import { decodeValue } from './values.ts'

/** Not every browser in use has the symbol; `await using` needs one that has. */
const ASYNC_DISPOSE: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')

declare global {
  /** Our declarations name it, and whoever compiles without `esnext.disposable` has none. */
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol
  }
}

/** Milliseconds a lookup or crawl may take, unless the call says otherwise: an application does not wait as long as core would. */
const LOOKUP_TIMEOUT_MS = 20_000
const CRAWL_TIMEOUT_MS = 30_000
/** Peers that a crawl asks, unless the call says otherwise: half of what core lets one ask. A guess at what a picture can show. */
const TOPOLOGY_PEERS_MAX = 200
/** Steps of link histories kept for people to look at. */
const TIMELINE_MAX = 500
/** Problems kept while nobody listens, the last ones. */
const PROBLEMS_MAX = 16

export interface TimelineEntry {
  readonly at: number
  readonly attempt: string
  /** Null before an invite's other side is known. */
  readonly peer: string | null
  readonly stage: LinkStage
  readonly detail: string
}

export interface PeerEvents {
  status: PeerStatus
  /** A peer was linked: exactly once, until it leaves. */
  'peer-joined': { readonly peer: string; readonly signalingPath: SignalingPath }
  'peer-left': { readonly peer: string; readonly reason: string }
  /** A step in the life of a link. */
  timeline: TimelineEntry
  /** A remote misbehaved; `peer` is null before it has proved who it is. */
  offence: { readonly peer: string | null; readonly offence: Offence }
  /**
   * Something failed that no call waits for: storage is full, a server refuses us. The peer keeps what works. While nobody
   * listens, as during the start, the last 16 wait for the first who does.
   */
  problem: HyphaeError
  /** One of our own records is on disk, or could not be written. */
  'record-persisted': { readonly key: string; readonly persisted: boolean }
  /** The peer stopped by itself, for instance because a newer one runs under its identity. */
  stopped: HyphaeError
}

export interface Invite {
  /** To be given to one other person. */
  readonly text: string
  /** Takes the text that came back; resolves once the link is open. */
  complete(answer: string, options?: CallOptions): Promise<void>
}

export interface HyphaePeerParts {
  readonly network: string
  readonly identity: StoredIdentity
  readonly runtime: PeerRuntime
  /** Makes an introducer for a signaling server's address. */
  readonly introducerFor: (url: string) => Introducer
  /** Takes the page listeners away. */
  readonly release: () => void
}

export class HyphaePeer {
  /** 64 hexadecimal digits. */
  readonly id: string
  /** Ed25519 public key, 64 hexadecimal digits: under it others read what we own. */
  readonly signingKey: string
  readonly network: string
  readonly store: Store
  readonly #parts: HyphaePeerParts
  readonly #runtime: PeerRuntime
  readonly #emitter = new Emitter<PeerEvents>()
  readonly #topicByName = new Map<string, Topic<never>>()
  readonly #requests: Requests
  readonly #timeline: TimelineEntry[] = []
  readonly #problems: HyphaeError[] = []
  #closing: Promise<void> | null = null
  /** By itself, so that the end may have no caller to fail at. */
  #isStopped = false

  /** Made by `createPeer`. */
  constructor(parts: HyphaePeerParts) {
    this.#parts = parts
    this.#runtime = parts.runtime
    this.id = parts.identity.contact.id
    this.signingKey = toHex(parts.identity.contact.signingKey)
    this.network = parts.network
    this.store = new Store(parts.runtime)
    this.#requests = new Requests(parts.runtime, (problem) => {
      if (this.#closing === null) this.#onProblem(problem)
    })
    parts.runtime.onEvent((event) => this.#onEvent(event))
  }

  // State

  /** `alone`, `joining`, `joined` or `closed`. */
  get status(): PeerStatus {
    return this.#closing !== null ? 'closed' : this.snapshot().status
  }

  /** Ids of linked peers. */
  get peers(): readonly string[] {
    return this.snapshot().links.map((link) => link.peer)
  }

  /** Everything a dashboard shows, as it is now: a plain copy. */
  snapshot(): PeerSnapshot {
    return this.#runtime.snapshot()
  }

  /** The last steps in the lives of links, oldest first: why something does not connect. */
  timeline(): readonly TimelineEntry[] {
    return [...this.#timeline]
  }

  transportStats(): TransportStats {
    return this.#runtime.transportStats()
  }

  /** How a link runs (direct, through NAT, relayed); null where there is none. */
  async pathInfo(peer: string): Promise<LinkPathInfo | null> {
    return this.#runtime.pathInfo(idOf<PeerId>('peer', peer))
  }

  /**
   * Resolves once the peer is linked and has found its place; at once where it has. Peers that start together have found each other by
   * then, unless they are many, or one does not answer within 3 s. Rejects with CLOSED, TIMEOUT, ABORTED.
   */
  joined(options: CallOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const limits = timed(options, Number.POSITIVE_INFINITY)
      const end = (error?: HyphaeError) => {
        stopWaiting()
        off()
        if (error) reject(error)
        else resolve()
      }
      const look = (status: PeerStatus) => {
        if (status === 'joined') end()
        if (status === 'closed') end(new HyphaeError('CLOSED', 'the peer is closed'))
      }
      const stopWaiting = limitWait(limits, end)
      const off = this.on('status', look)
      if (limits.signal?.aborted) end(aborted(limits.signal))
      else look(this.status)
    })
  }

  // Events

  /** Listens; returns the off-switch. */
  on<T extends keyof PeerEvents>(type: T, listener: Listener<PeerEvents[T]>): () => void {
    if (type === 'problem') queueMicrotask(() => this.#tellProblems())
    return this.#emitter.on(type, listener)
  }

  // Messages

  /**
   * The topic of this name; the same object each time. Options change how its messages travel, now or later. Throws a
   * RangeError that names the option, what is allowed and what was given.
   */
  topic<T = unknown>(name: string, options?: TopicOptions): Topic<T> {
    checkName('name', name)
    const strategy = options && resolveStrategy(saidOf(options))
    const topic = (this.#topicByName.get(name) as Topic<T> | undefined) ?? new Topic<T>(name, this.#runtime)
    this.#topicByName.set(name, topic as unknown as Topic<never>)
    if (strategy) topic.use(strategy)
    // A stream of it has to end: nobody else closes it any more.
    if (this.#closing !== null) topic.close()
    return topic
  }

  /** Answers requests of this name: what the handler returns (or resolves to) is the answer. Returns the off-switch. */
  handle(name: string, handler: RequestHandler): () => void {
    return this.#requests.handle(name, handler)
  }

  /**
   * Asks a peer, linked or not; data that is undefined arrives as null, as an answer does. Rejects with NO_HANDLER, HANDLER_FAILED,
   * BUSY, PEER_UNREACHABLE or TIMEOUT (10 s).
   */
  request<T = unknown>(peer: string, name: string, data?: unknown, options: CallOptions = {}): Promise<T> {
    return this.#requests.ask<T>({ peer, name, data }, options)
  }

  // The network

  /** Peers closest to a key (64 hexadecimal digits), asked one after another; `onStep` shows how the lookup goes. */
  async lookup(
    target: string,
    options: CallOptions & { readonly onStep?: ((step: LookupStep) => void) | undefined } = {},
  ): Promise<readonly string[]> {
    const onProgress = (value: unknown) => options.onStep?.(value as LookupStep)
    const call = { type: 'lookup', target: idOf<Key>('target', target) } as const
    const result = await this.#runtime.call(call, { ...timed(options, LOOKUP_TIMEOUT_MS), onProgress })
    return (result as LookupResult).closest.map((contact) => contact.id)
  }

  /** Asks peer after peer for its links, `peersMax` at most (200, up to 400); `onPeer` hears each at once. */
  async topology(
    options: CallOptions & {
      readonly peersMax?: number | undefined
      readonly onPeer?: ((peer: TopologyPeer) => void) | undefined
    } = {},
  ): Promise<TopologyResult> {
    const onProgress = (value: unknown) => options.onPeer?.(value as TopologyPeer)
    const call = { type: 'crawl', peersMax: options.peersMax ?? TOPOLOGY_PEERS_MAX } as const
    return (await this.#runtime.call(call, {
      ...timed(options, CRAWL_TIMEOUT_MS),
      onProgress,
    })) as TopologyResult
  }

  /** Cuts the link to a peer. It may come back, where the network needs it. */
  async unlink(peer: string): Promise<void> {
    await this.#runtime.call({ type: 'unlink', peer: idOf<PeerId>('peer', peer) })
  }

  // Introductions

  /** Who introduces us, and how they are: signaling servers by their address, and `tabs`. */
  get servers(): readonly { readonly url: string; readonly state: string; readonly detail: string }[] {
    return this.#runtime.introducers.map(({ id, state, detail }) => ({ url: id, state, detail }))
  }

  /** Changes the list of signaling servers while the peer runs. One that refused us and is named again is tried again. */
  setServers(urls: readonly string[]): void {
    checkServers(urls)
    const introducers = urls.map((url) => this.#parts.introducerFor(url))
    const wanted = new Set(introducers.map(({ id }) => id))
    for (const { id } of this.#runtime.introducers)
      if (/^wss?:/.test(id) && !wanted.has(id)) this.#runtime.removeIntroducer(id)
    for (const introducer of introducers) this.#runtime.addIntroducer(introducer)
  }

  /** An invite by text: no server, no network needed between the two but what the text is carried by. */
  async createInvite(options: CallOptions = {}): Promise<Invite> {
    const { attempt, bytes } = (await this.#runtime.call(
      { type: 'invite-create' },
      timed(options, LOOKUP_TIMEOUT_MS),
    )) as InviteResult
    return {
      text: encodeInvite('offer', bytes),
      complete: (answer, completing = {}) => this.#completeInvite(attempt, answer, completing),
    }
  }

  /** The other side of an invite: resolves with the text to be carried back. That networks differ, `complete` finds out. */
  async acceptInvite(text: string, options: CallOptions = {}): Promise<string> {
    const offer = decodeInvite('offer', text)
    const { bytes } = (await this.#runtime.call(
      { type: 'invite-accept', offer },
      timed(options, LOOKUP_TIMEOUT_MS),
    )) as InviteResult
    return encodeInvite('answer', bytes)
  }

  async #completeInvite(attempt: AttemptId, text: string, options: CallOptions): Promise<void> {
    const answer = decodeInvite('answer', text)
    await this.#runtime.call({ type: 'invite-complete', attempt, answer }, timed(options, LOOKUP_TIMEOUT_MS))
  }

  // The end

  /** Hands records over to others, says goodbye, frees everything. Idempotent; takes about three seconds at most. */
  close(): Promise<void> {
    if (this.#closing === null) {
      let follow: (end: Promise<void>) => void = () => {}
      // There before anybody hears of the end, so that a listener which closes too waits for the same one.
      this.#closing = new Promise((resolve) => {
        follow = resolve
      })
      follow(this.#close())
    }
    return this.#closing
  }

  [ASYNC_DISPOSE](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    try {
      await this.#runtime.close()
    } catch (error) {
      if (this.#isStopped)
        this.#onProblem(new HyphaeError('STORAGE_FAILED', messageOf(error), { cause: error }))
      throw error
    } finally {
      this.#parts.release()
      for (const topic of this.#topicByName.values()) topic.close()
      this.#emitter.emit('status', 'closed')
      this.#emitter.clear()
    }
  }

  #onEvent(event: PeerEvent): void {
    switch (event.type) {
      case 'status':
        // The end is told once everything is freed, and nothing of the way there.
        if (this.#closing === null && event.status !== 'closed') this.#emitter.emit('status', event.status)
        return
      case 'peer-joined':
      case 'peer-left':
      case 'offence':
      case 'record-persisted':
        return this.#emitter.emit(event.type, event as never)
      case 'link-stage':
        return this.#onStage(event)
      case 'message':
        return this.#onMessage(event)
      case 'request':
        return void this.#requests.answer(event)
      case 'problem':
        return this.#onProblem(new HyphaeError(event.code, event.message))
      case 'stopped':
        return this.#onStopped(new HyphaeError(event.code, event.message))
      case 'server-learned':
        return
    }
  }

  #onStage({ at, attempt, peer, stage, detail }: PeerEvent & { type: 'link-stage' }): void {
    const entry = { at, attempt, peer, stage, detail }
    this.#timeline.push(entry)
    if (this.#timeline.length > TIMELINE_MAX) this.#timeline.shift()
    this.#emitter.emit('timeline', entry)
  }

  #onMessage({ topic, from, id, payload, hops }: PeerEvent & { type: 'message' }): void {
    const decoded = decodeValue(payload)
    // Something else than this library published it: there is nothing to hand to a listener that expects a value.
    if (decoded.ok) this.#topicByName.get(topic)?.deliver({ from, id, hops, data: decoded.value as never })
  }

  #onProblem(problem: HyphaeError): void {
    this.#problems.push(problem)
    if (this.#problems.length > PROBLEMS_MAX) this.#problems.shift()
    this.#tellProblems()
  }

  #tellProblems(): void {
    while (this.#problems.length > 0 && this.#emitter.count('problem') > 0)
      this.#emitter.emit('problem', this.#problems.shift() as HyphaeError)
  }

  #onStopped(error: HyphaeError): void {
    this.#isStopped = true
    this.#emitter.emit('stopped', error)
    // Nobody called it: how it fails has been told as a problem.
    this.close().catch(() => undefined)
  }
}
