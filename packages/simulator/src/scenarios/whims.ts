import { getFigures, gossipFigures, linkFigures, named } from './figures.ts'
import { Life } from './life.ts'
import type { Scenario } from './scenario.ts'

/** A few tabs and whatever befalls them, in an order that nobody thought of; then peace, in which all must be well. */
export const whims: Scenario = {
  name: 'whims',
  claim:
    'Tabs stand still, sleep, are closed, reloaded and cut off, join and leave topics, ask and write; once it is over all is well.',
  peers: 8,
  options: {
    links: { value: 10, meaning: 'links a peer may have' },
    replicas: { value: 5, meaning: 'copies of a record' },
    settle: { value: 5, meaning: 'seconds between the last join and the load' },
    whims: { value: 120, meaning: 'things that befall somebody' },
    every: { value: 2_000, meaning: 'milliseconds between two of them on average' },
    skew: { value: 2_000, meaning: 'milliseconds by which a clock may be wrong, either way' },
    loss: { value: 0.01, meaning: 'share of packets lost' },
  },
  run(experiment) {
    experiment.grow()
    const life = new Life(experiment)
    life.live()
    const convergedMs = life.calm()
    const first = life.requireWell()
    const { deliveries, records } = experiment
    experiment.requireWork({
      messages: ['ROUTE', 'GOSSIP'],
      counts: { deliveries: deliveries.deliveries(first), gets: records.getMs.count },
    })
    return {
      ...getFigures(experiment),
      ...gossipFigures(experiment, first),
      ...named('request', { p99Ms: life.requests.requestMs.percentile(0.99) }),
      lostKeys: records.lost().length,
      convergedMs,
      ...linkFigures(experiment),
    }
  },
}
