// One topic: what is published in it reaches every subscriber.

import {
  type EpidemicStrategy,
  type GossipStrategy,
  type PeerCall,
  type PublishResult,
  TREE,
  type TreeStrategy,
} from '@hyphae/core'
import type { PeerRuntime } from '@hyphae/runtime'
import { type CallOptions, timed } from './call-options.ts'
import { Emitter, type Listener } from './emitter.ts'
import { MessageStream } from './message-stream.ts'
import { decodeValue, encodeValue } from './values.ts'

/** Milliseconds a message waits for a first link, unless the call says otherwise. */
const PUBLISH_DEADLINE_MS = 30_000

export interface TopicMessage<T> {
  /** The author, proved by signature. */
  readonly from: string
  readonly data: T
  /** Names the message; equal at every receiver. */
  readonly id: string
  /** Links it travelled. */
  readonly hops: number
}

/**
 * How a topic's messages travel. `{ strategy: 'tree' }` is the default: a tree per author, few copies, short delays.
 * `{ strategy: 'epidemic', mode, fanout, ttl, probability, pullEveryMs }` is the textbook protocol; what is not said is
 * `push-pull`, 4 links, 12 hops, probability 1 and 1,000 ms. Peers that choose differently still hear each other.
 */
export type TopicOptions =
  | TreeStrategy
  | (Pick<EpidemicStrategy, 'strategy'> & {
      readonly [N in keyof EpidemicStrategy]?: EpidemicStrategy[N] | undefined
    })

interface TopicEvents<T> {
  message: TopicMessage<T>
}

export class Topic<T = unknown> {
  readonly name: string
  readonly #runtime: PeerRuntime
  readonly #emitter = new Emitter<TopicEvents<T>>()
  readonly #streams = new Set<MessageStream<TopicMessage<T>>>()
  #subscribed = false
  #isClosed = false
  #strategy: GossipStrategy = TREE

  /** Made by `peer.topic(name)`. */
  constructor(name: string, runtime: PeerRuntime) {
    this.name = name
    this.#runtime = runtime
  }

  /** Called by `peer.topic(name, options)`: from now on messages travel so, for all who hold this topic. */
  use(strategy: GossipStrategy): void {
    this.#strategy = strategy
    if (this.#subscribed) this.#tell({ type: 'subscribe', topic: this.name, strategy })
  }

  /**
   * Listens; our own messages are heard too. Returns the off-switch. Beyond 256 topics with listeners it hears nothing of others, and
   * `problem` says TOO_LARGE: once others have ended, listen again.
   */
  on(type: 'message', listener: Listener<TopicMessage<T>>): () => void {
    const off = this.#emitter.on(type, listener)
    this.#subscribe()
    return () => {
      off()
      if (this.#emitter.count('message') === 0) this.#unsubscribe()
    }
  }

  /**
   * Resolves with the links the message was handed to: not deliveries. Waits for a first link up to `timeoutMs` (30 s),
   * then rejects with NO_PEERS. TOO_LARGE over 15 KiB. Where the strategy only pulls it is handed to none: others fetch it.
   */
  async publish(
    data: T,
    options: CallOptions = {},
  ): Promise<{ readonly id: string; readonly recipients: number }> {
    const { timeoutMs: deadlineMs, ...rest } = timed(options, PUBLISH_DEADLINE_MS)
    const payload = encodeValue(data)
    const call = {
      type: 'publish',
      topic: this.name,
      payload,
      deadlineMs,
      strategy: this.#strategy,
    } as const
    const result = await this.#runtime.call(call, rest)
    const { id, recipients } = result as PublishResult
    this.#deliverOwn(id, payload)
    return { id, recipients }
  }

  /** Messages as they come, from now on: `for await (const message of topic)`. Ends with `break`, the signal or the peer. */
  messages(
    options: { readonly signal?: AbortSignal | undefined; readonly bufferMax?: number | undefined } = {},
  ): AsyncIterableIterator<TopicMessage<T>> {
    const { signal, bufferMax = 1_024 } = options
    const stream = new MessageStream<TopicMessage<T>>(bufferMax, () => {
      off()
      this.#streams.delete(stream)
      signal?.removeEventListener('abort', end)
    })
    const end = () => stream.end()
    const off = this.on('message', (message) => stream.push(message))
    this.#streams.add(stream)
    signal?.addEventListener('abort', end)
    if (this.#isClosed || signal?.aborted) end()
    return stream
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<TopicMessage<T>> {
    return this.messages()
  }

  /** The peer is closed. Called by it. */
  close(): void {
    this.#isClosed = true
    for (const stream of this.#streams) stream.end()
  }

  /** A message came in. Called by the peer. */
  deliver(message: TopicMessage<T>): void {
    this.#emitter.emit('message', message)
  }

  /** Our own listeners hear what others do: the value as it was sent, not the object that was passed. */
  #deliverOwn(id: string, payload: Uint8Array): void {
    const sent = decodeValue(payload)
    if (sent.ok) this.deliver({ from: this.#runtime.id, id, hops: 0, data: sent.value as T })
  }

  /** Each listener asks anew: where there was no room for the topic, there may be now. Else it changes nothing. */
  #subscribe(): void {
    this.#subscribed = true
    this.#tell({ type: 'subscribe', topic: this.name, strategy: this.#strategy })
  }

  #unsubscribe(): void {
    if (!this.#subscribed) return
    this.#subscribed = false
    this.#tell({ type: 'unsubscribe', topic: this.name })
  }

  /** Subscribing ends at once and cannot fail while the peer lives; a closed peer has no topics. */
  #tell(call: PeerCall & { type: 'subscribe' | 'unsubscribe' }): void {
    this.#runtime.call(call).catch(() => {
      this.#subscribed = false
    })
  }
}
