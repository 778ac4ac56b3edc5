// A run in which nothing happened proves nothing: these counters must have moved.

import type { Network } from '../network.ts'
import type { Violations } from './violations.ts'

/** What a scenario claims to have exercised. */
export interface WorkDone {
  /** Messages that peers must have got over their links, by name on the wire. */
  readonly messages: readonly string[]
  /** Counts by name that must be above zero. */
  readonly counts: Readonly<Record<string, number>>
}

/** Complains of everything that was not exercised. */
export function requireWork(network: Network, violations: Violations, work: WorkDone): void {
  const received = new Map<string, number>()
  for (const host of network.running())
    for (const [name, { frames }] of Object.entries(host.snapshot().traffic.received))
      received.set(name, (received.get(name) ?? 0) + frames)
  for (const name of work.messages)
    if (!received.has(name)) violations.add(network.timeline.now, `nobody got a single ${name}`)
  for (const [name, count] of Object.entries(work.counts))
    if (!(count > 0)) violations.add(network.timeline.now, `${name} is ${count}: nothing was tested`)
}
