import type { RecordDraft } from '@hyphae/core'
import type { Entry } from '../checkers/record-checker.ts'
import type { Host } from '../host.ts'
import { type Sent, sentByType } from '../sent-by-type.ts'
import type { Experiment } from './experiment.ts'
import { getFigures, linkFigures, putFigures } from './figures.ts'
import type { Scenario, ScenarioOption } from './scenario.ts'

const KINDS: readonly RecordDraft['kind'][] = ['immutable', 'owned', 'shared']

const PUT_OPTIONS: Readonly<Record<string, ScenarioOption>> = {
  keys: { value: 100, meaning: 'records put' },
  bytes: { value: 256, meaning: 'bytes of a value' },
  every: { value: 20, meaning: 'milliseconds between two operations' },
  kinds: { value: 3, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
}

export const put: Scenario = {
  name: 'put',
  claim: 'A put returns once three quarters of the closest peers have proved that they hold the record.',
  peers: 100,
  options: PUT_OPTIONS,
  run(experiment) {
    experiment.grow()
    putAll(experiment)
    const { records } = experiment
    records.requireStored(experiment.number('replicas'))
    experiment.tables.checkAll()
    experiment.requireWork({ messages: ['ROUTE'], counts: { puts: records.putMs.count } })
    return { ...putFigures(experiment), lostKeys: records.lost().length, ...linkFigures(experiment) }
  },
}

export const get: Scenario = {
  name: 'get',
  claim: 'Every value that was put is found from every peer, by routing over existing links.',
  peers: 100,
  options: { ...PUT_OPTIONS, gets: { value: 300, meaning: 'records got, each by a random peer' } },
  run(experiment) {
    experiment.grow()
    putAll(experiment)
    experiment.network.advance(SPREAD_MS)
    const before = routeFrames(experiment)
    getMany(experiment, experiment.number('gets'))
    const after = routeFrames(experiment)
    experiment.tables.checkAll()
    const { records } = experiment
    if (records.getsFailed > 0)
      experiment.violate(`${records.getsFailed} gets failed: ${describeFailures(experiment)}`)
    experiment.requireWork({ messages: ['ROUTE'], counts: { gets: records.getMs.count } })
    return {
      ...getFigures(experiment),
      framesPerGet: (after.frames - before.frames) / experiment.number('gets'),
      bytesPerGet: (after.bytes - before.bytes) / experiment.number('gets'),
      ...putFigures(experiment),
      ...linkFigures(experiment),
    }
  },
}

/** Frames that carry operations, their acknowledgements and their replies, of all peers so far. */
function routeFrames({ network }: Experiment): Sent {
  let frames = 0
  let bytes = 0
  for (const [name, sent] of Object.entries(sentByType(network))) {
    if (!name.startsWith('ROUTE')) continue
    frames += sent.frames
    bytes += sent.bytes
  }
  return { frames, bytes }
}

/** Milliseconds for the last copies to be made. */
const SPREAD_MS = 5_000

/** Puts as many records as the option says, by random peers. A put that fails is a violation. */
export function putAll(experiment: Experiment): void {
  const { records } = experiment
  putMany(experiment)
  if (records.putsFailed > 0)
    experiment.violate(`${records.putsFailed} puts failed: ${describeFailures(experiment)}`)
}

/** The same where a put may fail. `by`: who puts; all that run where nobody says otherwise. */
export function putMany(experiment: Experiment, by?: readonly Host[]): void {
  const { records, random } = experiment
  const kinds = KINDS.slice(0, experiment.number('kinds'))
  experiment.phase = 'putting'
  experiment.repeat(experiment.number('keys'), experiment.number('every'), (index) => {
    const entry = records.entry(kinds[index % kinds.length] ?? 'immutable')
    const host = by === undefined ? experiment.anyone() : random.pick(by)
    records.put(host, entry, experiment.number('bytes'))
  })
  experiment.awaitOperations()
}

export interface GetOptions {
  /** What is got; all that was put where nobody says otherwise. */
  readonly entries?: readonly Entry[]
  /** Who gets; all that run. A function is asked for one at each get. */
  readonly by?: readonly Host[] | (() => Host)
  /** Milliseconds between two gets; as the scenario's option says. */
  readonly everyMs?: number
}

/** Gets random records by random peers, and waits until all have ended. */
export function getMany(experiment: Experiment, count: number, options: GetOptions = {}): void {
  const { records, random } = experiment
  const {
    entries = readable(experiment),
    by = () => experiment.anyone(),
    everyMs = experiment.number('every'),
  } = options
  const draw = typeof by === 'function' ? by : () => random.pick(by)
  experiment.phase = 'getting'
  experiment.repeat(count, everyMs, () => records.get(draw(), random.pick(entries)))
  experiment.awaitOperations()
}

/** Records whose put has returned. */
export function readable({ records }: Experiment): Entry[] {
  return records.entries.filter(({ readAs }) => readAs !== null)
}

/** That nobody holds a record any more whose put had returned is a violation. */
export function requireNoneLost(experiment: Experiment): void {
  for (const { key } of experiment.records.lost()) experiment.violate(`record ${key} is lost`)
}

export function describeFailures({ records }: Experiment): string {
  return [...records.failures].map(([code, count]) => `${code} ${count}`).join(', ')
}
