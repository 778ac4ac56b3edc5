// Who may connect: bounds on connections altogether and per address, and on how fast one address comes. What it keeps
// per address is dropped as soon as a newcomer would be treated the same.

import { BURST_SECONDS, type ServerOptions } from './options.ts'
import { TokenBucket } from './rate-limit.ts'
import { Turns } from './turns.ts'

/** Addresses remembered. A stranger beyond that is turned away, since forgetting one would lift its limits. */
const ADDRESSES_MAX = 65_536

/** What all connections of one address share. */
export interface Visitor {
  readonly address: string
  connections: number
  readonly arrivals: TokenBucket
  /** Tokens for messages; each connection has a bucket of its own besides. */
  readonly messages: TokenBucket
  /** Who waits for those tokens. */
  readonly turns: Turns
}

export class Gate {
  readonly #options: ServerOptions
  readonly #visitorByAddress = new Map<string, Visitor>()
  #connections = 0

  constructor(options: ServerOptions) {
    this.#options = options
  }

  get connections(): number {
    return this.#connections
  }

  /** Counts one connection in, or answers null when a bound is reached. Each admission is followed by one `leave`. */
  admit(address: string, now: number): Visitor | null {
    if (this.#connections >= this.#options.connectionsMax) return null
    const visitor = this.#visitorByAddress.get(address) ?? this.#newVisitor(address, now)
    if (visitor === null || visitor.connections >= this.#options.connectionsPerAddressMax) return null
    if (!visitor.arrivals.take(1, now)) return null
    visitor.connections++
    this.#connections++
    return visitor
  }

  leave(visitor: Visitor): void {
    visitor.connections--
    this.#connections--
  }

  /** Forgets addresses that left long enough ago. */
  sweep(now: number): void {
    for (const [address, visitor] of this.#visitorByAddress) {
      if (visitor.connections === 0 && visitor.arrivals.isFull(now) && visitor.messages.isFull(now))
        this.#visitorByAddress.delete(address)
    }
  }

  #newVisitor(address: string, now: number): Visitor | null {
    if (this.#visitorByAddress.size >= ADDRESSES_MAX) return null
    const { connectionsPerSecondPerAddress: arrivals, messagesPerSecondPerAddress: messages } = this.#options
    const bucket = new TokenBucket(messages, messages * BURST_SECONDS, now)
    const visitor = {
      address,
      connections: 0,
      arrivals: new TokenBucket(arrivals, arrivals * BURST_SECONDS, now),
      messages: bucket,
      turns: new Turns(bucket),
    }
    this.#visitorByAddress.set(address, visitor)
    return visitor
  }
}
