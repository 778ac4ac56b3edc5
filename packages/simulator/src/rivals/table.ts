// Comparisons: the same load on all rivals and on our own protocol, from one seed, as rows of one table.

import { Digest } from '../digest.ts'
import { type RunRequest, resolveOptions } from '../run.ts'
import { DEATHS_KNOWN_MS } from '../scenarios/mass-failure.ts'
import type { ScenarioOption } from '../scenarios/scenario.ts'
import { GOSSIP_RIVALS, LOOKUP_RIVALS } from './all.ts'
import { type Measured, measureGossip, measureLookups, type Size } from './measure.ts'
import { type Ours, ourGossip, ourLookups } from './ours.ts'
import type { RivalRow } from './rival.ts'

type Numbers = Readonly<Record<string, number>>

export interface Comparison {
  readonly name: string
  /** What is compared, in one sentence. */
  readonly claim: string
  readonly peers: number
  readonly options: Readonly<Record<string, ScenarioOption>>
  /** Each rival in turn. */
  rivals(size: Size, numbers: Numbers): Iterable<Measured>
  ours(size: Size, numbers: Numbers, onProgress: RunRequest['onProgress']): Ours
}

export interface ComparisonRequest {
  readonly peers?: number
  readonly seed: number
  readonly numbers?: Numbers
  /** After each rival. */
  readonly onRow?: (row: RivalRow) => void
  /** During our own run, which takes by far the longest. */
  readonly onProgress?: RunRequest['onProgress']
}

export interface ComparisonResult {
  readonly scenario: string
  readonly peers: number
  readonly seed: number
  /** Options that differ from the comparison's own. */
  readonly numbers: Numbers
  /** 16 hexadecimal digits over time, receiver and size of every message that reached a peer of a rival. */
  readonly traceHash: string
  /** Of all rivals together. */
  readonly virtualSeconds: number
  /** Messages of rivals that arrived. */
  readonly events: number
  readonly rows: readonly RivalRow[]
  /** Of our own run: what must never happen, and did. Rivals have no checkers. */
  readonly violationCount: number
  /** The first ones. */
  readonly violations: readonly string[]
}

const COMMON: Readonly<Record<string, ScenarioOption>> = {
  kill: { value: 0, meaning: 'share of the peers that die just before' },
  ours: { value: 1, meaning: '0 leaves out our own protocol, which takes far longer than all rivals' },
}

const rivalsGossip: Comparison = {
  name: 'rivals-gossip',
  claim: 'Published ways to spread a message, and ours, over the same latencies.',
  peers: 1_000,
  options: {
    ...COMMON,
    messages: { value: 50, meaning: 'messages published' },
    sources: { value: 1, meaning: 'peers that publish; with deaths every message has its own' },
    bytes: { value: 1_024, meaning: 'bytes of a message' },
    every: {
      value: 200,
      meaning: 'milliseconds between two messages; with deaths all are published at once',
    },
  },
  *rivals(size, numbers) {
    for (const kind of GOSSIP_RIVALS) yield measureGossip(kind, size, gossipLoad(size, numbers))
  },
  ours: (size, numbers, onProgress) => ourGossip(size, gossipLoad(size, numbers), onProgress),
}

const rivalsLookup: Comparison = {
  name: 'rivals-lookup',
  claim: 'Published ways to find a value, and ours, over the same latencies.',
  peers: 1_000,
  options: {
    ...COMMON,
    lookups: { value: 500, meaning: 'lookups of random keys by random peers' },
    keys: { value: 100, meaning: 'keys with a value' },
    replicas: { value: 20, meaning: 'peers that hold a value' },
    bytes: { value: 256, meaning: 'bytes of a value' },
    every: {
      value: 20,
      meaning: 'milliseconds between two lookups; with deaths all are in the 8 s after them',
    },
  },
  *rivals(size, numbers) {
    for (const kind of LOOKUP_RIVALS) yield measureLookups(kind, size, lookupLoad(size, numbers))
  },
  ours: (size, numbers, onProgress) => ourLookups(size, lookupLoad(size, numbers), onProgress),
}

export const COMPARISONS: readonly Comparison[] = [rivalsGossip, rivalsLookup]

/** Throws a RangeError for an option that is not there, or a number that cannot be. */
export function compare(comparison: Comparison, request: ComparisonRequest): ComparisonResult {
  const { seed, peers = comparison.peers } = request
  if (!Number.isInteger(peers) || peers < 2)
    throw new RangeError(`peers is a whole number from 2; got ${peers}`)
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed is a whole number; got ${seed}`)
  const numbers = resolveOptions(comparison.options, request.numbers ?? {})
  const kill = number(numbers, 'kill')
  if (kill >= 1) throw new RangeError(`kill is a share below 1; got ${kill}`)
  const size = { peers, seed, kill }
  const measured: Measured[] = []
  for (const one of comparison.rivals(size, numbers)) {
    measured.push(one)
    request.onRow?.(one.row)
  }
  const ours = number(numbers, 'ours') > 0 ? comparison.ours(size, numbers, request.onProgress) : null
  return {
    scenario: comparison.name,
    peers,
    seed,
    numbers: request.numbers ?? {},
    ...sums(measured),
    rows: [...measured, ...(ours === null ? [] : [ours])].map(({ row }) => row),
    violationCount: ours?.violationCount ?? 0,
    violations: ours?.violations ?? [],
  }
}

function sums(measured: readonly Measured[]) {
  const digest = new Digest()
  for (const { traceHash } of measured) digest.text(traceHash)
  return {
    traceHash: digest.hex(),
    virtualSeconds: measured.reduce((sum, { virtualMs }) => sum + virtualMs, 0) / 1_000,
    events: measured.reduce((sum, { events }) => sum + events, 0),
  }
}

function gossipLoad({ kill }: Size, numbers: Numbers) {
  const messages = number(numbers, 'messages')
  return {
    messages,
    everyMs: kill > 0 ? 0 : number(numbers, 'every'),
    sources: kill > 0 ? messages : number(numbers, 'sources'),
    payloadBytes: number(numbers, 'bytes'),
  }
}

/** After deaths at the pace of `mass-failure`, so that all ask while as much is known of them. */
function lookupLoad({ kill }: Size, numbers: Numbers) {
  const lookups = number(numbers, 'lookups')
  return {
    lookups,
    keys: number(numbers, 'keys'),
    replicas: number(numbers, 'replicas'),
    valueBytes: number(numbers, 'bytes'),
    everyMs: kill > 0 ? Math.floor(DEATHS_KNOWN_MS / lookups) : number(numbers, 'every'),
  }
}

function number(numbers: Numbers, name: string): number {
  return numbers[name] ?? Number.NaN
}
