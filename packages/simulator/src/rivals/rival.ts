// What a rival is: a published protocol as a light model, without cryptography or codec, that runs in this simulator's
// latencies and from its seeds. Its converged state is built from global knowledge; how a network gets there is not
// modelled. Where a paper leaves a choice, the rival gets the better one, and the file says so.

import type { RivalNet } from './rival-net.ts'
import type { Rumours } from './rumours.ts'

/** Spreads messages to all peers. */
export interface GossipRival {
  /** Peers that a peer knows, at the mean; it is taken to have an open link to each. */
  readonly contactsMean: number
  /** Begins whatever the protocol does at intervals. */
  start(): void
  /** Of a rumour that its source holds already. */
  publish(source: number, rumour: number): void
}

export interface GossipRivalKind {
  readonly name: string
  /** Where the protocol and its parameters are published. */
  readonly source: string
  create(net: RivalNet, rumours: Rumours): GossipRival
}

/** Finds a value that some peers hold. */
export interface LookupRival {
  /** As of gossip. */
  readonly contactsMean: number
  /** The peers that hold the value of this key; none of them is dead yet. */
  place(key: number): readonly number[]
  /** Calls `done` once at most, sooner or later. */
  lookup(origin: number, key: number, done: (outcome: LookupOutcome) => void): void
}

export interface LookupOutcome {
  readonly isFound: boolean
  /** Peers that the question passed on the way to the holder, the holder counted and the origin not. */
  readonly hops: number
}

export interface LookupRivalKind {
  readonly name: string
  readonly source: string
  create(net: RivalNet, sizes: LookupSizes): LookupRival
}

export interface LookupSizes {
  /** Holders of a value. */
  readonly replicas: number
  /** Bytes of a value. */
  readonly valueBytes: number
}

/** What was measured of one rival. `null` is what it does not have, or what was not measured. */
export interface RivalRow {
  readonly rival: string
  /** Where it is published, and with which parameters it ran. */
  readonly source: string
  readonly peers: number
  /** Share of the peers that died just before. */
  readonly killed: number
  /** Of gossip, deliveries among those due to the living; of lookups, those that found the value. */
  readonly success: number | null
  /**
   * Of a peer before the deaths: those it knows. Structured rivals may have twice as many links, as others know it whom it
   * does not know. A browser bears about 50 links; only our own protocol and the unstructured are held to that.
   */
  readonly contactsMean: number | null
  /** Hops and latencies are of first copies, or of lookups that found the value; what failed has none. */
  readonly hopsMean: number | null
  readonly latencyP50Ms: number | null
  readonly latencyP99Ms: number | null
  readonly latencyMeanMs: number | null
  /** Percentiles 0 to 100, rounded to a tenth; empty where nothing was measured. */
  readonly latencyMs: readonly number[]
  /**
   * All that was sent during the load and until the last had arrived, to the dead too, by messages published or lookups. It
   * has what goes on meanwhile, as the heartbeats of GossipSub and the calls of push-pull.
   */
  readonly messagesPerOperation: number | null
  readonly bytesPerOperation: number | null
  /** Copies of the payload that living peers received for each delivery. */
  readonly copiesPerDelivery: number | null
}
