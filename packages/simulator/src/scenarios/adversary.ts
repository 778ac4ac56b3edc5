import { Adversaries, BEHAVIOUR_OPTION } from './adversaries.ts'
import { getFigures, gossipFigures, linkFigures, lookupFigures, putFigures } from './figures.ts'
import { getMany, putMany } from './records.ts'
import type { Scenario } from './scenario.ts'

const TOPIC = 'market'
const SPREAD_MS = 10_000
const ARRIVE_MS = 15_000

/** No figure is required to be good: this is the truth of today. That a forged value or message is believed is a violation. */
export const adversary: Scenario = {
  name: 'adversary',
  claim: 'Peers that drop, lie or misroute cost time and answers; nobody believes what they forge.',
  peers: 100,
  options: {
    share: { value: 0.2, meaning: 'share of the peers that do not keep to the protocol' },
    behaviour: BEHAVIOUR_OPTION,
    asleep: { value: 0, meaning: '1: they keep to the protocol until the network has formed' },
    keys: { value: 50, meaning: 'records put by honest peers' },
    gets: { value: 200, meaning: 'records got by honest peers' },
    lookups: { value: 50, meaning: 'lookups by honest peers' },
    bytes: { value: 256, meaning: 'bytes of a value or message' },
    every: { value: 50, meaning: 'milliseconds between two operations' },
    kinds: { value: 3, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
    messages: { value: 30, meaning: 'messages published by honest peers' },
  },
  run(experiment) {
    const { network, deliveries, lookups, random } = experiment
    const chance = random.fork('adversaries')
    const adversaries = new Adversaries(
      experiment,
      (id) => chance.fork(id).share() < experiment.number('share'),
    )
    if (experiment.number('asleep') === 1) adversaries.sleep()
    experiment.grow({ mustJoin: false })
    adversaries.wake()
    const honest = adversaries.honest()
    for (const host of network.running()) {
      deliveries.subscribe(host, TOPIC)
      if (adversaries.has(host)) deliveries.ignore(host)
    }
    putMany(experiment, honest)
    network.advance(SPREAD_MS)
    const everyMs = experiment.number('every')
    getMany(experiment, experiment.number('gets'), { by: honest })
    experiment.repeat(experiment.number('lookups'), everyMs, () => lookups.lookup(random.pick(honest)))
    experiment.awaitOperations()
    experiment.repeat(experiment.number('messages'), everyMs, () =>
      deliveries.publish(random.pick(honest), TOPIC, experiment.number('bytes')),
    )
    network.advance(ARRIVE_MS)
    experiment.tables.checkAll()
    if (experiment.number('share') > 0)
      experiment.requireWork({ messages: ['ROUTE'], counts: { misdeeds: adversaries.misdeeds } })
    return {
      adversaries: adversaries.count,
      misdeeds: adversaries.misdeeds,
      joinedShare: honest.filter((host) => experiment.links.hasJoined(host)).length / honest.length,
      ...getFigures(experiment),
      ...putFigures(experiment),
      ...lookupFigures(experiment),
      ...gossipFigures(experiment),
      lostKeys: experiment.records.lost().length,
      ...linkFigures(experiment),
    }
  },
}
