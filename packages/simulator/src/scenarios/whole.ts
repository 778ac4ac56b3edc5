// Everything in one network, because joining is most of the time of a large one: what join, get, put, lookup, gossip, idle and
// mass-failure measure, one after the other. Figures are named as theirs; those of a second load have a word before them.

import type { Experiment } from './experiment.ts'
import { getFigures, joinFigures, linkFigures, lookupFigures, named, putFigures } from './figures.ts'
import { publishAndCount } from './gossip.ts'
import { failAndRecover } from './mass-failure.ts'
import { describeFailures, getMany, putAll } from './records.ts'
import type { Figures, Scenario } from './scenario.ts'

const TOPIC = 'news'
/** Milliseconds for the last copies, or subscriptions, to spread. */
const SPREAD_MS = 10_000
/** Milliseconds between two messages, and messages while the tree forms. */
const PUBLISH_EVERY_MS = 200
const WARMUP = 20
/** Messages of all the many sources together: each publishes about three. */
const MANY_SHARE = 3

export const whole: Scenario = {
  name: 'whole',
  claim:
    'One network does everything in turn: it joins, stores, finds, publishes, rests, and loses half of its peers.',
  peers: 100,
  options: {
    keys: { value: 100, meaning: 'records put, and as many again before the deaths' },
    gets: { value: 200, meaning: 'records got, and as many amid the deaths, and once they are known' },
    lookups: { value: 50, meaning: 'lookups of random keys' },
    bytes: { value: 256, meaning: 'bytes of a value or message' },
    every: { value: 20, meaning: 'milliseconds between two puts, gets or lookups' },
    kinds: { value: 1, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
    messages: {
      value: 10,
      meaning: 'messages of one source, of the instant of the deaths, and of the time after',
    },
    sources: { value: 20, meaning: 'peers that publish in turn, besides the one' },
    rest: { value: 30, meaning: 'seconds of rest that are measured' },
    kill: { value: 0.5, meaning: 'share of the peers that die; 0 ends the run before' },
  },
  run(experiment) {
    experiment.grow()
    return {
      ...joinFigures(experiment),
      ...storeAndFind(experiment),
      ...lookUp(experiment),
      ...publish(experiment),
      ...rest(experiment),
      ...linkFigures(experiment),
      ...(experiment.number('kill') === 0 ? {} : named('failure', failAndRecover(experiment))),
    }
  },
}

function storeAndFind(experiment: Experiment): Figures {
  const { records, network } = experiment
  putAll(experiment)
  network.advance(SPREAD_MS)
  getMany(experiment, experiment.number('gets'))
  if (records.getsFailed > 0)
    experiment.violate(`${records.getsFailed} gets failed: ${describeFailures(experiment)}`)
  return { ...getFigures(experiment), ...putFigures(experiment) }
}

function lookUp(experiment: Experiment): Figures {
  experiment.phase = 'looking up'
  experiment.repeat(experiment.number('lookups'), experiment.number('every'), () =>
    experiment.lookups.lookup(experiment.anyone()),
  )
  experiment.awaitOperations()
  return lookupFigures(experiment)
}

function publish(experiment: Experiment): Figures {
  const { deliveries, network, random } = experiment
  const everybody = network.running()
  for (const host of everybody) deliveries.subscribe(host, TOPIC)
  network.advance(SPREAD_MS)
  const load = { warmup: WARMUP, everyMs: PUBLISH_EVERY_MS }
  const messages = experiment.number('messages')
  const one = publishAndCount(experiment, TOPIC, { ...load, messages, from: random.sample(everybody, 1) })
  const from = random.sample(everybody, experiment.number('sources'))
  const many = publishAndCount(experiment, TOPIC, { ...load, messages: MANY_SHARE * from.length, from })
  deliveries.requireAll()
  return { ...one, ...named('many', many) }
}

function rest(experiment: Experiment): Figures {
  const { network } = experiment
  experiment.phase = 'resting'
  const before = { ...network.wire.traffic() }
  network.advance(experiment.number('rest') * 1_000)
  const peerSeconds = experiment.number('rest') * network.running().length
  return { restBytesPerSecond: (network.wire.traffic().bytes - before.bytes) / peerSeconds }
}
