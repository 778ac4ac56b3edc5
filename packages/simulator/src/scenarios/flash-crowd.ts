import { crowdRamp } from '../sessions.ts'
import { getFigures, joinFigures, linkFigures, named } from './figures.ts'
import { describeFailures, getMany, putAll } from './records.ts'
import type { Scenario } from './scenario.ts'

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
    every: { value: 50, meaning: 'milliseconds between two operations' },
    kinds: { value: 1, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
  },
  run(experiment) {
    const { network, records, links } = experiment
    const before = Math.min(experiment.number('before'), experiment.peers)
    experiment.grow({ peers: before })
    const residents = network.running()
    putAll(experiment)
    records.restart()
    links.forgetJoins()
    experiment.phase = 'a crowd comes'
    const ramp = crowdRamp(experiment.number('within') * 1_000, experiment.random.fork('crowd'))
    const begunAt = network.timeline.now
    experiment.plan(ramp(experiment.peers - before))
    getMany(experiment, experiment.number('gets'), { by: residents })
    const amid = named('amid', getFigures(experiment))
    network.advance(Math.max(0, begunAt + experiment.number('within') * 1_000 - network.timeline.now))
    experiment.awaitJoined()
    const convergedMs = experiment.awaitConverged(CONVERGE_LIMIT_MS)
    records.restart()
    getMany(experiment, experiment.number('gets'))
    if (records.getsFailed > 0)
      experiment.violate(`${records.getsFailed} gets failed: ${describeFailures(experiment)}`)
    experiment.tables.checkAll()
    experiment.requireWork({
      messages: ['HELLO', 'PROOF', 'ROUTE'],
      counts: { joins: links.joinMs.count, gets: records.getMs.count },
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
