import { gossipFigures, linkFigures } from './figures.ts'
import type { Scenario } from './scenario.ts'

const TOPIC = 'news'
/** Milliseconds for subscriptions to spread, and for the last messages to arrive. */
const SPREAD_MS = 10_000
const ARRIVE_MS = 15_000

export const gossip: Scenario = {
  name: 'gossip',
  claim: 'Every message reaches every subscriber once, with hardly more copies than deliveries.',
  peers: 100,
  options: {
    subscribers: { value: 0, meaning: 'subscribers of the topic; 0 means all peers' },
    sources: { value: 1, meaning: 'peers that publish' },
    messages: { value: 50, meaning: 'messages that are measured' },
    warmup: { value: 20, meaning: 'messages before, while the tree forms' },
    bytes: { value: 1_024, meaning: 'bytes of a message' },
    every: { value: 200, meaning: 'milliseconds between two messages' },
  },
  run(experiment) {
    const { deliveries, network } = experiment
    experiment.grow()
    const count = experiment.number('subscribers') || experiment.peers
    const subscribers = experiment.random.sample(network.running(), count)
    for (const host of subscribers) deliveries.subscribe(host, TOPIC)
    network.advance(SPREAD_MS)
    const sources = experiment.random.sample(subscribers, experiment.number('sources'))
    const publish = (index: number) => {
      const source = sources[index % sources.length]
      if (source !== undefined) deliveries.publish(source, TOPIC, experiment.number('bytes'))
    }
    const everyMs = experiment.number('every')
    experiment.phase = 'warming up'
    experiment.repeat(experiment.number('warmup'), everyMs, publish)
    network.advance(ARRIVE_MS)
    experiment.phase = 'publishing'
    const first = deliveries.published
    const before = experiment.gossipCounts()
    experiment.repeat(experiment.number('messages'), everyMs, publish)
    network.advance(ARRIVE_MS)
    const after = experiment.gossipCounts()
    deliveries.requireAll()
    experiment.tables.checkAll()
    experiment.requireWork({ messages: ['GOSSIP'], counts: { deliveries: deliveries.deliveries(first) } })
    const copies = after.copies - before.copies
    return {
      ...gossipFigures(experiment, first),
      copiesPerDelivery: copies / deliveries.deliveries(first),
      copiesPerReceiver: copies / (after.first - before.first),
      ...linkFigures(experiment),
    }
  },
}
