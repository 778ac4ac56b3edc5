import type { Experiment } from './experiment.ts'
import { getFigures, gossipFigures, linkFigures, putFigures } from './figures.ts'
import { getMany, putAll } from './records.ts'
import type { Figures, Scenario } from './scenario.ts'

const TOPIC = 'alarm'
/** Milliseconds for subscriptions to spread. */
const SPREAD_MS = 10_000
/** Milliseconds after which every death is known to its neighbours: the longest silence and its suspicion. */
const DEATHS_KNOWN_MS = 10_000
/** Milliseconds in which the rest must have become one network again. */
const CONVERGE_LIMIT_MS = 180_000

export const massFailure: Scenario = {
  name: 'mass-failure',
  claim: 'When a share of all peers dies at once, no record is lost and messages go on reaching the living.',
  peers: 100,
  options: {
    kill: { value: 0.5, meaning: 'share of the peers that die' },
    keys: { value: 100, meaning: 'records put before' },
    gets: { value: 200, meaning: 'records got right after the deaths, and again once they are known' },
    bytes: { value: 256, meaning: 'bytes of a value' },
    every: { value: 20, meaning: 'milliseconds between two operations' },
    kinds: { value: 1, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
    messages: { value: 10, meaning: 'messages published from the first instant on' },
  },
  run(experiment) {
    const { network, deliveries, records } = experiment
    experiment.grow()
    for (const host of network.running()) deliveries.subscribe(host, TOPIC)
    putAll(experiment)
    network.advance(SPREAD_MS)
    const killed = experiment.kill(experiment.number('kill'))
    const puts = putFigures(experiment)
    const atOnce = named('atOnce', amidFailure(experiment))
    network.advance(DEATHS_KNOWN_MS)
    records.restart()
    getMany(experiment, experiment.number('gets'))
    const convergedMs = experiment.awaitConverged(CONVERGE_LIMIT_MS)
    deliveries.requireAll()
    experiment.tables.checkAll()
    const lost = records.lost()
    experiment.requireWork({
      messages: ['ROUTE', 'GOSSIP'],
      counts: { killed: killed.length, deliveries: deliveries.deliveries(), gets: records.getMs.count },
    })
    return {
      ...getFigures(experiment),
      ...atOnce,
      ...gossipFigures(experiment),
      lostKeys: lost.length,
      convergedMs,
      puts: puts['puts'] ?? 0,
      ...linkFigures(experiment),
    }
  },
}

/** Gets and messages while nobody knows of the deaths yet. */
function amidFailure(experiment: Experiment): Figures {
  const { deliveries, records } = experiment
  const gets = experiment.number('gets')
  const messages = experiment.number('messages')
  for (let i = 0; i < messages; i++) deliveries.publish(experiment.anyone(), TOPIC, 256)
  records.restart()
  getMany(experiment, gets)
  return { ...getFigures(experiment), deliveredShare: deliveries.deliveredShare() }
}

/** The same figures with a word before their names. */
function named(prefix: string, figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      prefix + name.charAt(0).toUpperCase() + name.slice(1),
      value,
    ]),
  )
}
