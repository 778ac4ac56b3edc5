// Lookups of random keys, and values written by some peers and read by others, one after another.

import { randomBytes } from 'node:crypto'
import type { RivalNetwork } from './rival-network.ts'
import { percentile, round, Stopwatch } from './statistics.ts'

export interface LookupFigures {
  readonly lookupP50Ms: number
  readonly lookupP95Ms: number
  readonly lookupCpuMs: number
  readonly contactsPerLookup: number
  readonly putP50Ms: number
  readonly putCpuMs: number
  readonly getP50Ms: number
  readonly getP95Ms: number
  readonly getCpuMs: number
  readonly getFoundShare: number
}

const LOOKUPS = 60
const WARM_UP_LOOKUPS = 10
const VALUES = 40
const VALUE_BYTES = 256

export async function measureLookups(network: RivalNetwork, peers: number): Promise<LookupFigures> {
  const randomPeer = () => Math.floor(Math.random() * peers)
  const lookup = () => network.lookup(randomPeer(), randomBytes(32))
  await timed(WARM_UP_LOOKUPS, lookup)
  const lookups = await timed(LOOKUPS, lookup)
  const contacts = lookups.results.reduce((sum, found) => sum + found, 0)
  if (contacts === 0) throw new Error(`${LOOKUPS} lookups found nobody`)
  const puts = await timed(VALUES, (index) =>
    network.put(index % peers, `value-${index}`, randomBytes(VALUE_BYTES)),
  )
  const gets = await timed(VALUES, (index) => network.get((index + peers / 2) % peers, `value-${index}`))
  const found = gets.results.filter((value) => value?.length === VALUE_BYTES).length
  if (found === 0) throw new Error(`none of ${VALUES} values was found`)
  return {
    lookupP50Ms: percentile(lookups.durationsMs, 0.5),
    lookupP95Ms: percentile(lookups.durationsMs, 0.95),
    lookupCpuMs: lookups.cpuMsMean,
    contactsPerLookup: round(contacts / LOOKUPS),
    putP50Ms: percentile(puts.durationsMs, 0.5),
    putCpuMs: puts.cpuMsMean,
    getP50Ms: percentile(gets.durationsMs, 0.5),
    getP95Ms: percentile(gets.durationsMs, 0.95),
    getCpuMs: gets.cpuMsMean,
    getFoundShare: round(found / VALUES),
  }
}

async function timed<T>(count: number, call: (index: number) => Promise<T>) {
  const whole = new Stopwatch()
  const durationsMs: number[] = []
  const results: T[] = []
  for (let index = 0; index < count; index++) {
    const one = new Stopwatch()
    results.push(await call(index))
    durationsMs.push(one.elapsedMs)
  }
  return { durationsMs, results, cpuMsMean: round(whole.cpuMs / count) }
}
