// Memory that peers take when they are linked and nothing is asked of them, and what they do with the processor meanwhile.

import { pause, type RivalNetwork } from './rival-network.ts'
import { round, Stopwatch } from './statistics.ts'

export interface IdleFigures {
  readonly linksPerPeer: number
  /** Heap and the buffers outside it, after garbage collection. */
  readonly idleBytesPerPeer: number
  /** What the operating system counts: with code, with pages the heap keeps for later. */
  readonly idleRssBytesPerPeer: number
  readonly idleCpuMsPerPeerSecond: number
}

export interface MemoryUse {
  readonly heapBytes: number
  readonly rssBytes: number
}

const IDLE_MS = 10_000

/** `before` was taken when there was no peer. */
export async function measureIdle(
  network: RivalNetwork,
  count: number,
  before: MemoryUse,
): Promise<IdleFigures> {
  const stopwatch = new Stopwatch()
  await pause(IDLE_MS)
  const { cpuMs, elapsedMs } = stopwatch
  const after = await memoryUse()
  return {
    linksPerPeer: round(network.linksMean()),
    idleBytesPerPeer: Math.round((after.heapBytes - before.heapBytes) / count),
    idleRssBytesPerPeer: Math.round((after.rssBytes - before.rssBytes) / count),
    idleCpuMsPerPeerSecond: round(cpuMs / count / (elapsedMs / 1_000)),
  }
}

/** Collected a few times, because finalizers free more. Throws where Node runs without `--expose-gc`. */
export async function memoryUse(): Promise<MemoryUse> {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('memory is measured with node --expose-gc')
  for (let round = 0; round < 4; round++) {
    gc()
    await pause(50)
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heapBytes: heapUsed + external, rssBytes: rss }
}
