// Our own protocol's row: the scenario that does the same, by the real core. Without deaths that is `gossip` or `get`, with
// them `mass-failure`, at the instant of the deaths. What a run does not tell apart from other work is null: hops of
// messages, which no frame counts, and frames and bytes while half of the network dies.

import { type RunRequest, type RunResult, run } from '../run.ts'
import { figure, type GossipLoad, type LookupLoad, type Size } from './measure.ts'
import type { RivalRow } from './rival.ts'

type Progress = RunRequest['onProgress']

/** Our row, and what our run says of what must never happen. */
export interface Ours extends Pick<RunResult, 'violationCount' | 'violations'> {
  readonly row: RivalRow
}

/** Gets of `mass-failure` beside messages: as few as it takes, since rivals do not look anything up meanwhile. */
const GETS_BESIDE_MESSAGES = 1

export function ourGossip(size: Size, load: GossipLoad, onProgress?: Progress): Ours {
  const { messages, everyMs, sources, payloadBytes } = load
  const common = { messages, bytes: payloadBytes }
  const result =
    size.kill > 0
      ? runOurs('mass-failure', size, { ...common, kill: size.kill, gets: GETS_BESIDE_MESSAGES }, onProgress)
      : runOurs('gossip', size, { ...common, sources, every: everyMs }, onProgress)
  const { figures, distributions } = result
  return judged(result, {
    ...head(result, size),
    success: figure(figures['within10sDeliveredShare'] ?? figures['deliveredShare']),
    hopsMean: null,
    latencyP50Ms: figure(figures['atOnceGossipP50Ms'] ?? figures['gossipP50Ms']),
    latencyP99Ms: figure(figures['atOnceGossipP99Ms'] ?? figures['gossipP99Ms']),
    latencyMeanMs: figure(figures['atOnceGossipMeanMs'] ?? figures['gossipMeanMs']),
    latencyMs: distributions['atOnceDeliveryMs'] ?? distributions['deliveryMs'] ?? [],
    messagesPerOperation: figure(figures['sentPerMessage']),
    bytesPerOperation: figure(figures['sentBytesPerMessage']),
    copiesPerDelivery: figure(figures['copiesPerDelivery']),
  })
}

export function ourLookups(size: Size, load: LookupLoad, onProgress?: Progress): Ours {
  const { lookups, keys, replicas, valueBytes, everyMs } = load
  const numbers = { gets: lookups, keys, replicas, bytes: valueBytes, every: everyMs, kinds: 1 }
  const result =
    size.kill > 0
      ? runOurs('mass-failure', size, { ...numbers, kill: size.kill }, onProgress)
      : runOurs('get', size, numbers, onProgress)
  const { figures, distributions } = result
  return judged(result, {
    ...head(result, size),
    success: figure(figures['atOnceGetSuccess'] ?? figures['getSuccess']),
    hopsMean: figure(figures['atOnceHopsMean'] ?? figures['hopsMean']),
    latencyP50Ms: figure(figures['atOnceGetP50Ms'] ?? figures['getP50Ms']),
    latencyP99Ms: figure(figures['atOnceGetP99Ms'] ?? figures['getP99Ms']),
    latencyMeanMs: figure(figures['atOnceGetMeanMs'] ?? figures['getMeanMs']),
    latencyMs: distributions['atOnceGetMs'] ?? distributions['getMs'] ?? [],
    messagesPerOperation: figure(figures['framesPerGet']),
    bytesPerOperation: figure(figures['bytesPerGet']),
    copiesPerDelivery: null,
  })
}

function judged({ violationCount, violations }: RunResult, row: RivalRow): Ours {
  return { row, violationCount, violations }
}

function runOurs(
  scenario: string,
  { peers, seed }: Size,
  numbers: Record<string, number>,
  onProgress: Progress,
): RunResult {
  return run({ scenario, peers, seed, numbers, ...(onProgress === undefined ? {} : { onProgress }) })
}

function head({ scenario, figures }: RunResult, { peers, kill }: Size) {
  return {
    rival: `hyphae ${scenario}`,
    source: 'packages/core, the real one',
    peers,
    killed: kill,
    // After deaths the links are those of the network that has mended itself, so they are not told.
    contactsMean: kill > 0 ? null : figure(figures['linksMean']),
    messagesPerOperation: null,
    bytesPerOperation: null,
  }
}
