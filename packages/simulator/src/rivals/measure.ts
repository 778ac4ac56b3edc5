// One rival, one run: a converged network, some deaths, the load, and what came of it.

import { SeededRandom } from '../random.ts'
import { Samples } from '../samples.ts'
import { drawRoles } from '../scenarios/gossip.ts'
import type { GossipRivalKind, LookupRivalKind, LookupSizes, RivalRow } from './rival.ts'
import { RivalNet } from './rival-net.ts'
import { Rumours } from './rumours.ts'

/** Milliseconds for the last messages to arrive: time for deaths to become known and for meshes to mend. */
const ARRIVE_MS = 10_000
/** Milliseconds after which a lookup that has not ended has failed: our own gets end after 10 s. */
const LOOKUP_LIMIT_MS = 10_000
/** Keys in all: 32 bits, as ids have. */
const KEY_SPACE = 2 ** 32

export interface Size {
  readonly peers: number
  readonly seed: number
  /** Share of the peers that die before the load, so that nobody knows yet. */
  readonly kill: number
}

export interface GossipLoad {
  readonly messages: number
  /** Milliseconds between two messages. */
  readonly everyMs: number
  /** Peers that publish in turn. */
  readonly sources: number
  readonly payloadBytes: number
}

export interface LookupLoad extends LookupSizes {
  readonly lookups: number
  readonly everyMs: number
  /** Keys that are placed. */
  readonly keys: number
}

export interface Measured {
  readonly row: RivalRow
  readonly traceHash: string
  readonly virtualMs: number
  /** Messages that arrived. */
  readonly events: number
}

export function measureGossip(kind: GossipRivalKind, size: Size, load: GossipLoad): Measured {
  const net = new RivalNet(size.peers, size.seed)
  const rumours = new Rumours(net, load.payloadBytes)
  const rival = kind.create(net, rumours)
  net.kill(size.kill)
  rival.start()
  const living = net.living()
  const sources = drawSources(size.seed, living, load.sources)
  for (let i = 0; i < load.messages; i++) {
    const source = sources[i % sources.length] as number
    rival.publish(source, rumours.begin(source))
    net.advance(load.everyMs)
  }
  net.advance(ARRIVE_MS)
  const { latencyMs, hops } = rumours
  return measured(net, {
    ...head(kind, size),
    contactsMean: rival.contactsMean,
    success: figure(latencyMs.count / (load.messages * (living.length - 1))),
    ...latencies(latencyMs, hops),
    ...costs(net, load.messages),
    copiesPerDelivery: figure(rumours.copies / latencyMs.count),
  })
}

export function measureLookups(kind: LookupRivalKind, size: Size, load: LookupLoad): Measured {
  const net = new RivalNet(size.peers, size.seed)
  const rival = kind.create(net, load)
  const random = net.random.fork('load')
  const keys = Array.from({ length: load.keys }, () => drawKey(random))
  for (const key of keys) rival.place(key)
  net.kill(size.kill)
  const living = net.living()
  const latencyMs = new Samples()
  const hops = new Samples()
  for (let i = 0; i < load.lookups; i++) {
    const begunAt = net.timeline.now
    rival.lookup(random.pick(living), random.pick(keys), (outcome) => {
      const tookMs = net.timeline.now - begunAt
      if (!outcome.isFound || tookMs > LOOKUP_LIMIT_MS) return
      latencyMs.add(tookMs)
      hops.add(outcome.hops)
    })
    net.advance(load.everyMs)
  }
  net.finish(LOOKUP_LIMIT_MS)
  return measured(net, {
    ...head(kind, size),
    contactsMean: rival.contactsMean,
    success: figure(latencyMs.count / load.lookups),
    ...latencies(latencyMs, hops),
    ...costs(net, load.lookups),
    copiesPerDelivery: null,
  })
}

/** Those of `gossip` with the same seed; after deaths, when ours draws a source for each message, as many of the living. */
function drawSources(seed: number, living: readonly number[], sources: number): readonly number[] {
  const random = new SeededRandom(seed, 'network').fork('scenario')
  return drawRoles(random, living, { subscribers: living.length, newcomers: 0, sources }).sources
}

function drawKey(random: SeededRandom): number {
  return random.below(KEY_SPACE)
}

function head({ name, source }: { name: string; source: string }, { peers, kill }: Size) {
  return { rival: name, source, peers, killed: kill }
}

function latencies(latencyMs: Samples, hops: Samples) {
  return {
    hopsMean: figure(hops.mean),
    latencyP50Ms: figure(latencyMs.percentile(0.5)),
    latencyP99Ms: figure(latencyMs.percentile(0.99)),
    latencyMeanMs: figure(latencyMs.mean),
    latencyMs: latencyMs.percentiles(),
  }
}

function costs(net: RivalNet, operations: number) {
  return {
    messagesPerOperation: net.messages / operations,
    bytesPerOperation: net.bytes / operations,
  }
}

function measured(net: RivalNet, row: RivalRow): Measured {
  return { row, traceHash: net.traceHash(), virtualMs: net.timeline.now, events: net.delivered }
}

/** What was not measured is null. */
export function figure(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null
}
