import { crowdRamp } from '../sessions.ts'
import type { Experiment } from './experiment.ts'
import { getFigures, joinFigures, linkFigures, named } from './figures.ts'
import { describeFailures, getMany, putAll } from './records.ts'
import type { Figures, Scenario } from './scenario.ts'

/** Milliseconds in which everybody must know its neighbours. */
const CONVERGE_LIMIT_MS = 180_000

export const flashCrowd: Scenario = {
  name: 'flash-crowd',
  claim:
    'When many peers join a small network within seconds, all get in, and its values are found meanwhile.',
  peers: 100,
  options: {
    before: { value: 20, meaning: 'peers of the small network' },
    within: { value: 5, meaning: 'seconds in which all others start' },
    keys: { value: 40, meaning: 'records put before' },
    gets: { value: 100, meaning: 'records got while the crowd comes, and again afterwards' },
    bytes: { value: 256, meaning: 'bytes of a value' },
    every: { value: 50, meaning: 'milliseconds between two puts, and two gets afterwards' },
    kinds: { value: 1, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
  },
  run(experiment) {
    const { records, links } = experiment
    const before = Math.min(experiment.number('before'), experiment.peers)
    experiment.grow({ peers: before })
    putAll(experiment)
    links.forgetJoins()
    const amid = getAmidCrowd(experiment, experiment.peers - before)
    const hopsAmid = records.hops.max
    experiment.awaitJoined()
    const convergedMs = experiment.awaitConverged(CONVERGE_LIMIT_MS)
    records.restart()
    getMany(experiment, experiment.number('gets'))
    if (records.getsFailed > 0)
      experiment.violate(`${records.getsFailed} gets failed: ${describeFailures(experiment)}`)
    experiment.tables.checkAll()
    experiment.requireWork({
      messages: ['HELLO', 'PROOF', 'ROUTE'],
      counts: { joins: links.joinMs.count, hopsAmid, gets: records.getMs.count },
    })
    return {
      ...joinFigures(experiment),
      ...getFigures(experiment),
      ...amid,
      lostKeys: records.lost().length,
      convergedMs,
      ...linkFigures(experiment),
    }
  },
}

/** By whoever has joined: residents may hold copies of everything, and those who have just come have to ask. */
function getAmidCrowd(experiment: Experiment, newcomers: number): Figures {
  const { network, records } = experiment
  const withinMs = experiment.number('within') * 1_000
  const gets = experiment.number('gets')
  experiment.phase = 'a crowd comes'
  const begunAt = network.timeline.now
  experiment.plan(crowdRamp(withinMs, experiment.random.fork('crowd'))(newcomers))
  records.restart()
  getMany(experiment, gets, { by: () => experiment.anyMember(), everyMs: Math.floor(withinMs / gets) })
  if (records.getsFailed > 0)
    experiment.violate(`${records.getsFailed} gets failed amid the crowd: ${describeFailures(experiment)}`)
  const figures = named('amid', getFigures(experiment))
  network.advance(Math.max(0, begunAt + withinMs - network.timeline.now))
  return figures
}
