import { getFigures, gossipFigures, joinFigures, linkFigures, putFigures } from './figures.ts'
import { describeFailures, getMany, putAll, requireNoneLost } from './records.ts'
import type { Scenario } from './scenario.ts'

const TOPIC = 'noise'
const SPREAD_MS = 10_000

export const lossy: Scenario = {
  name: 'lossy',
  claim: 'Packets that are lost, both ways or one way only, cost time, and neither messages nor values.',
  peers: 100,
  options: {
    loss: { value: 0.05, meaning: 'share of packets lost' },
    keys: { value: 50, meaning: 'records put' },
    gets: { value: 200, meaning: 'records got' },
    bytes: { value: 256, meaning: 'bytes of a value or message' },
    every: { value: 50, meaning: 'milliseconds between two operations' },
    kinds: { value: 3, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
    messages: { value: 50, meaning: 'messages published by random peers' },
  },
  run(experiment) {
    const { network, deliveries, records } = experiment
    experiment.grow()
    for (const host of network.running()) deliveries.subscribe(host, TOPIC)
    putAll(experiment)
    network.advance(SPREAD_MS)
    getMany(experiment, experiment.number('gets'))
    experiment.phase = 'publishing'
    experiment.repeat(experiment.number('messages'), experiment.number('every'), () => {
      deliveries.publish(experiment.anyone(), TOPIC, experiment.number('bytes'))
    })
    network.advance(2 * SPREAD_MS)
    deliveries.requireAll()
    if (records.getsFailed > 0)
      experiment.violate(`${records.getsFailed} gets failed: ${describeFailures(experiment)}`)
    requireNoneLost(experiment)
    experiment.tables.checkAll()
    experiment.requireWork({
      messages: ['ROUTE', 'GOSSIP'],
      counts: { deliveries: deliveries.deliveries(), gets: records.getMs.count },
    })
    return {
      ...getFigures(experiment),
      ...putFigures(experiment),
      ...gossipFigures(experiment),
      ...joinFigures(experiment),
      ...linkFigures(experiment),
    }
  },
}
