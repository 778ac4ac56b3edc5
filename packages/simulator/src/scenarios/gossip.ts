import {
  EPIDEMIC_DEFAULTS,
  type EpidemicMode,
  type GossipStrategy,
  PAYLOAD_BYTES_MAX,
  resolveStrategy,
} from '@hyphae/core'
import type { Host } from '../host.ts'
import type { SeededRandom } from '../random.ts'
import { type Sent, sentByType } from '../sent-by-type.ts'
import type { Experiment } from './experiment.ts'
import { gossipFigures, linkFigures, named } from './figures.ts'
import type { Figures, Scenario } from './scenario.ts'
import { rounded } from './series.ts'

const TOPIC = 'news'
/** What `--strategy` 1 to 3 stand for; 0 is the tree. */
const MODES: readonly EpidemicMode[] = ['push', 'pull', 'push-pull']
/** Milliseconds for subscriptions to spread, and for the last messages to arrive. */
const SPREAD_MS = 10_000
const ARRIVE_MS = 15_000
/** Milliseconds after publishing at which is counted who has a message, once peers have died. */
const AMID_MS = [500, 1_000, 2_500, 10_000]

export const gossip: Scenario = {
  name: 'gossip',
  claim: 'Every message reaches every subscriber once, on a tree with hardly more copies than deliveries.',
  peers: 100,
  options: {
    subscribers: { value: 0, meaning: 'subscribers of the topic; 0 means all peers' },
    'subscribe-every': { value: 0, meaning: 'milliseconds between two subscriptions' },
    sources: { value: 1, meaning: 'peers that publish' },
    messages: { value: 50, meaning: 'messages that are measured' },
    warmup: { value: 20, meaning: 'messages before, while the tree forms' },
    bytes: { value: 1_024, meaning: `bytes of a message, at most ${PAYLOAD_BYTES_MAX}` },
    every: { value: 200, meaning: 'milliseconds between two messages' },
    newcomers: { value: 0, meaning: 'subscribers that come between these messages and as many again' },
    kill: { value: 0, meaning: 'share of the peers that die while as many messages again are published' },
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
    if (experiment.number('bytes') > PAYLOAD_BYTES_MAX)
      throw new RangeError(`bytes is at most ${PAYLOAD_BYTES_MAX}; got ${experiment.number('bytes')}`)
    experiment.grow()
    const { members, newcomers, sources } = drawRoles(experiment.random, network.running(), {
      subscribers: experiment.number('subscribers') || experiment.peers,
      newcomers: experiment.number('newcomers'),
      sources: experiment.number('sources'),
    })
    const subscribe = (host: Host) => deliveries.subscribe(host, TOPIC, strategy)
    for (const host of members) {
      subscribe(host)
      network.advance(experiment.number('subscribe-every'))
    }
    network.advance(SPREAD_MS)
    const load: Load = {
      from: sources,
      warmup: experiment.number('warmup'),
      messages: experiment.number('messages'),
      everyMs: experiment.number('every'),
    }
    const figures = publishAndCount(experiment, TOPIC, load)
    for (const host of newcomers) subscribe(host)
    const greeted = newcomers.length > 0 ? publishToNewcomers(experiment, newcomers, load) : {}
    const amid = experiment.number('kill') > 0 ? publishAmidDeaths(experiment, TOPIC, load) : {}
    if (promisesAll(strategy)) deliveries.requireAll()
    experiment.tables.checkAll()
    return { ...figures, ...greeted, ...amid, ...linkFigures(experiment) }
  },
}

export interface Roles<Peer> {
  readonly members: readonly Peer[]
  /** Subscribers that come later; they are no members. */
  readonly newcomers: readonly Peer[]
  /** Members that publish. */
  readonly sources: readonly Peer[]
}

/** Who does what. Rivals draw the same: a source that is far from all makes every way to spread its messages slow. */
export function drawRoles<Peer>(
  random: SeededRandom,
  everybody: readonly Peer[],
  count: { readonly subscribers: number; readonly newcomers: number; readonly sources: number },
): Roles<Peer> {
  const members = random.sample(everybody, count.subscribers)
  const newcomers = members.splice(0, count.newcomers)
  return { members, newcomers, sources: random.sample(members, count.sources) }
}

export interface Load {
  /** Who publishes, in turn. */
  readonly from: readonly Host[]
  /** Messages before those that are measured, while the tree forms. */
  readonly warmup: number
  readonly messages: number
  readonly everyMs: number
}

/**
 * Publishes messages of as many bytes as the option says, and counts deliveries and copies once all have arrived, and all that
 * was sent meanwhile: acknowledgements, announcements, keep-alives and other upkeep, too.
 */
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
  const idsBefore = announcements(experiment)
  const sentBefore = network.wire.traffic()
  experiment.repeat(load.messages, load.everyMs, publish)
  network.advance(ARRIVE_MS)
  const after = experiment.gossipCounts()
  const idsAfter = announcements(experiment)
  const sentAfter = network.wire.traffic()
  const delivered = deliveries.deliveries(first)
  experiment.requireWork({ messages: ['GOSSIP'], counts: { deliveries: delivered } })
  const copies = after.copies - before.copies
  return {
    ...gossipFigures(experiment, first),
    copiesPerDelivery: copies / delivered,
    sentPerMessage: (sentAfter.messages - sentBefore.messages) / load.messages,
    sentBytesPerMessage: (sentAfter.bytes - sentBefore.bytes) / load.messages,
    copiesPerReceiver: copies / (after.first - before.first),
    idFramesPerDelivery: (idsAfter.frames - idsBefore.frames) / delivered,
    idBytesPerDelivery: (idsAfter.bytes - idsBefore.bytes) / delivered,
  }
}

/** Frames that name messages instead of carrying them. */
function announcements({ network }: Experiment): Sent {
  return sentByType(network)['IHAVE'] ?? { frames: 0, bytes: 0 }
}

/** As many messages again: when those who have just come hear of them. */
function publishToNewcomers(experiment: Experiment, newcomers: readonly Host[], load: Load): Figures {
  const latencyMs = experiment.deliveries.watch(newcomers)
  const { copiesPerDelivery } = publishAndCount(experiment, TOPIC, { ...load, warmup: 0 })
  return {
    newcomerDeliveries: latencyMs.count,
    newcomerGossipP50Ms: latencyMs.percentile(0.5),
    newcomerGossipP99Ms: latencyMs.percentile(0.99),
    newcomerGossipMaxMs: latencyMs.max,
    newcomerCopiesPerDelivery: copiesPerDelivery ?? 0,
  }
}

/**
 * Messages without a pause, in the midst of which a share of the peers dies: figures of those that follow, `amid…`, and for
 * those of the first second the shares delivered after a while.
 */
function publishAmidDeaths(
  experiment: Experiment,
  topic: string,
  { from, messages, everyMs }: Load,
): Figures {
  const { deliveries, network } = experiment
  const publish = (index: number) => {
    const living = from.filter((host) => host.isRunning)
    const source = living[index % living.length] ?? experiment.anyone()
    deliveries.publish(source, topic, experiment.number('bytes'))
  }
  experiment.phase = 'publishing again'
  experiment.repeat(messages, everyMs, publish)
  experiment.kill(experiment.number('kill'))
  const first = deliveries.published
  experiment.repeat(messages, everyMs, publish)
  network.advance(ARRIVE_MS)
  const ofFirstSecond = first + Math.min(messages, Math.ceil(1_000 / Math.max(1, everyMs)))
  const shares = deliveries.deliveredShares(AMID_MS, first, ofFirstSecond).map(rounded)
  return {
    ...named('amid', gossipFigures(experiment, first)),
    ...Object.fromEntries(AMID_MS.map((ms, i) => [`amidWithin${ms}MsDeliveredShare`, shares[i] ?? 0])),
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
