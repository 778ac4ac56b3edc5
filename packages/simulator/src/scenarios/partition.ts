import type { Experiment } from './experiment.ts'
import { getFigures, gossipFigures, linkFigures, named } from './figures.ts'
import { describeFailures, getMany, putAll, requireNoneLost } from './records.ts'
import type { Scenario } from './scenario.ts'

const TOPIC = 'border'
const SPREAD_MS = 10_000
const ARRIVE_MS = 15_000
/** Milliseconds in which two islands must have become one network: a quiet peer checks in every five minutes, and some. */
const CONVERGE_LIMIT_MS = 600_000

/** First the cut, with what must never happen looked for after every step; then it heals, and all must be well. */
export const partition: Scenario = {
  name: 'partition',
  claim: 'Two halves that do not hear each other both go on, and become one network again once they do.',
  peers: 100,
  options: {
    share: { value: 0.5, meaning: 'share of the peers that are cut off' },
    'one-way': { value: 0, meaning: '1: the others do not hear them, but they hear the others' },
    seconds: { value: 60, meaning: 'seconds that the cut lasts' },
    keys: { value: 40, meaning: 'records put before, and half as many during the cut' },
    gets: { value: 100, meaning: 'records got during the cut, and again afterwards' },
    bytes: { value: 128, meaning: 'bytes of a value or message' },
    every: { value: 50, meaning: 'milliseconds between two operations' },
    kinds: { value: 1, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
    messages: { value: 20, meaning: 'messages published during the cut, and again afterwards' },
  },
  run(experiment) {
    const { network, deliveries, records } = experiment
    experiment.grow()
    for (const host of network.running()) deliveries.subscribe(host, TOPIC)
    putAll(experiment)
    network.advance(SPREAD_MS)
    const amid = { ...amidCut(experiment), deliveredShare: deliveries.deliveredShare() }
    network.heal()
    const convergedMs = experiment.awaitConverged(CONVERGE_LIMIT_MS)
    const first = afterwards(experiment)
    experiment.requireWork({
      messages: ['ROUTE', 'GOSSIP'],
      counts: { deliveries: deliveries.deliveries(first), gets: records.getMs.count },
    })
    return {
      ...getFigures(experiment),
      ...gossipFigures(experiment, first),
      ...named('cut', amid),
      lostKeys: records.lost().length,
      convergedMs,
      oneNetwork: experiment.mesh.isOne ? 1 : 0,
      ...linkFigures(experiment),
    }
  },
}

/** What works while it lasts is told, not required. Puts go on: what was acknowledged must be found afterwards. */
function amidCut(experiment: Experiment) {
  const { network, records, tables, random, deliveries } = experiment
  const begunAt = network.timeline.now
  network.partition(
    random.sample(network.running(), Math.round(network.running().length * experiment.number('share'))),
    experiment.number('one-way') === 1,
  )
  records.restart()
  getMany(experiment, experiment.number('gets'))
  experiment.phase = 'putting across the cut'
  experiment.repeat(Math.ceil(experiment.number('keys') / 2), experiment.number('every'), () => {
    records.put(experiment.anyone(), records.entry('immutable'), experiment.number('bytes'))
  })
  experiment.repeat(experiment.number('messages'), experiment.number('every'), () => {
    deliveries.publish(experiment.anyone(), TOPIC, experiment.number('bytes'))
  })
  experiment.awaitOperations()
  tables.checkAll()
  network.advance(Math.max(0, begunAt + experiment.number('seconds') * 1_000 - network.timeline.now))
  tables.checkAll()
  return { ...getFigures(experiment), putsFailed: records.putsFailed }
}

/** Everything must work now. Returns the first message's number. */
function afterwards(experiment: Experiment): number {
  const { network, deliveries, records, tables } = experiment
  const first = deliveries.published
  records.restart()
  getMany(experiment, experiment.number('gets'))
  experiment.repeat(experiment.number('messages'), experiment.number('every'), () => {
    deliveries.publish(experiment.anyone(), TOPIC, experiment.number('bytes'))
  })
  network.advance(ARRIVE_MS)
  if (records.getsFailed > 0)
    experiment.violate(`${records.getsFailed} gets failed afterwards: ${describeFailures(experiment)}`)
  requireNoneLost(experiment)
  deliveries.requireAll(first)
  tables.checkAll()
  return first
}
