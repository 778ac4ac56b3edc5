import { EPIDEMIC_DEFAULTS, type EpidemicMode, type GossipStrategy, resolveStrategy } from '@hyphae/core'
import type { Host } from '../host.ts'
import type { Experiment } from './experiment.ts'
import { gossipFigures, linkFigures } from './figures.ts'
import type { Figures, Scenario } from './scenario.ts'

const TOPIC = 'news'
/** What `--strategy` 1 to 3 stand for; 0 is the tree. */
const MODES: readonly EpidemicMode[] = ['push', 'pull', 'push-pull']
/** Milliseconds for subscriptions to spread, and for the last messages to arrive. */
const SPREAD_MS = 10_000
const ARRIVE_MS = 15_000

export const gossip: Scenario = {
  name: 'gossip',
  claim: 'Every message reaches every subscriber once, on a tree with hardly more copies than deliveries.',
  peers: 100,
  options: {
    subscribers: { value: 0, meaning: 'subscribers of the topic; 0 means all peers' },
    sources: { value: 1, meaning: 'peers that publish' },
    messages: { value: 50, meaning: 'messages that are measured' },
    warmup: { value: 20, meaning: 'messages before, while the tree forms' },
    bytes: { value: 1_024, meaning: 'bytes of a message' },
    every: { value: 200, meaning: 'milliseconds between two messages' },
    strategy: { value: 0, meaning: '0 tree; epidemic: 1 push (may leave some out), 2 pull, 3 push-pull' },
    fanout: { value: EPIDEMIC_DEFAULTS.fanout, meaning: 'links an epidemic peer pushes a message to' },
    ttl: { value: EPIDEMIC_DEFAULTS.ttl, meaning: 'links a message is pushed along in an epidemic' },
    probability: {
      value: EPIDEMIC_DEFAULTS.probability,
      meaning: 'probability from 0 to 1 that an epidemic peer pushes on, for each link',
    },
  },
  run(experiment) {
    const { deliveries, network } = experiment
    const strategy = strategyOf(experiment)
    experiment.grow()
    const count = experiment.number('subscribers') || experiment.peers
    const subscribers = experiment.random.sample(network.running(), count)
    for (const host of subscribers) deliveries.subscribe(host, TOPIC, strategy)
    network.advance(SPREAD_MS)
    const figures = publishAndCount(experiment, TOPIC, {
      from: experiment.random.sample(subscribers, experiment.number('sources')),
      warmup: experiment.number('warmup'),
      messages: experiment.number('messages'),
      everyMs: experiment.number('every'),
    })
    if (promisesAll(strategy)) deliveries.requireAll()
    experiment.tables.checkAll()
    return { ...figures, ...linkFigures(experiment) }
  },
}

export interface Load {
  /** Who publishes, in turn. */
  readonly from: readonly Host[]
  /** Messages before those that are measured, while the tree forms. */
  readonly warmup: number
  readonly messages: number
  readonly everyMs: number
}

/** Publishes messages of as many bytes as the option says, and counts deliveries and copies once all have arrived. */
export function publishAndCount(experiment: Experiment, topic: string, load: Load): Figures {
  const { deliveries, network } = experiment
  const publish = (index: number) => {
    const source = load.from[index % load.from.length]
    if (source !== undefined) deliveries.publish(source, topic, experiment.number('bytes'))
  }
  experiment.phase = 'warming up'
  experiment.repeat(load.warmup, load.everyMs, publish)
  network.advance(ARRIVE_MS)
  experiment.phase = 'publishing'
  const first = deliveries.published
  const before = experiment.gossipCounts()
  experiment.repeat(load.messages, load.everyMs, publish)
  network.advance(ARRIVE_MS)
  const after = experiment.gossipCounts()
  experiment.requireWork({ messages: ['GOSSIP'], counts: { deliveries: deliveries.deliveries(first) } })
  const copies = after.copies - before.copies
  return {
    ...gossipFigures(experiment, first),
    copiesPerDelivery: copies / deliveries.deliveries(first),
    copiesPerReceiver: copies / (after.first - before.first),
  }
}

/** Nothing for the tree: it is what a peer does that is told nothing. */
function strategyOf(experiment: Experiment): GossipStrategy | undefined {
  const number = experiment.number('strategy')
  if (number === 0) return undefined
  const mode = MODES[number - 1]
  if (mode === undefined) throw new RangeError(`strategy is 0, 1, 2 or 3; got ${number}`)
  return resolveStrategy({
    strategy: 'epidemic',
    mode,
    fanout: experiment.number('fanout'),
    ttl: experiment.number('ttl'),
    probability: experiment.number('probability'),
  })
}

/** Pushing alone is a matter of chance: its share is a figure, and no violation. */
function promisesAll(strategy: GossipStrategy | undefined): boolean {
  return strategy?.strategy !== 'epidemic' || strategy.mode !== 'push'
}
