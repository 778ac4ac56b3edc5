// What the peers that run have sent since each began, by name of the message.

import type { Network } from './network.ts'

export interface Sent {
  readonly frames: number
  readonly bytes: number
}

/** Most frames first. Peers that have ended are not counted: their counters went with them. */
export function sentByType(network: Network): Readonly<Record<string, Sent>> {
  const sums = new Map<string, Sent>()
  for (const host of network.running()) {
    for (const [name, { frames, bytes }] of Object.entries(host.snapshot().traffic.sent)) {
      const sum = sums.get(name) ?? { frames: 0, bytes: 0 }
      sums.set(name, { frames: sum.frames + frames, bytes: sum.bytes + bytes })
    }
  }
  return Object.fromEntries([...sums].sort(([, a], [, b]) => b.frames - a.frames))
}
