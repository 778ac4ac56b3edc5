// Every scenario there is, in the order in which `list` tells of them.

import { adversary } from './adversary.ts'
import { churn } from './churn.ts'
import { faults } from './faults.ts'
import { flashCrowd } from './flash-crowd.ts'
import { gossip } from './gossip.ts'
import { idle } from './idle.ts'
import { join } from './join.ts'
import { liars } from './liars.ts'
import { lookup } from './lookup.ts'
import { lossy } from './lossy.ts'
import { massFailure } from './mass-failure.ts'
import { partition } from './partition.ts'
import { get, put } from './records.ts'
import type { Scenario } from './scenario.ts'
import { sybil } from './sybil.ts'
import { whims } from './whims.ts'
import { whole } from './whole.ts'

export const SCENARIOS: readonly Scenario[] = [
  join,
  gossip,
  put,
  get,
  lookup,
  churn,
  flashCrowd,
  massFailure,
  partition,
  lossy,
  adversary,
  sybil,
  idle,
  faults,
  whims,
  liars,
  whole,
]

/** Throws a RangeError that names those there are. */
export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name)
  if (found !== undefined) return found
  throw new RangeError(`scenario is one of ${SCENARIOS.map(({ name }) => name).join(', ')}; got ${name}`)
}
