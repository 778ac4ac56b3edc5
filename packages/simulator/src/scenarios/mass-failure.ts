import type { Experiment } from './experiment.ts'
import { getFigures, gossipFigures, linkFigures, named } from './figures.ts'
import { getMany, putAll } from './records.ts'
import type { Figures, Scenario } from './scenario.ts'
import { getsBySecond, rounded } from './series.ts'

const TOPIC = 'alarm'
/** Milliseconds for subscriptions to spread. */
const SPREAD_MS = 10_000
/** Milliseconds after which every death is known to its neighbours: the longest silence, and a little. */
export const DEATHS_KNOWN_MS = 8_000
/** Milliseconds in which the rest must have become one network again. */
const CONVERGE_LIMIT_MS = 180_000
/** Milliseconds after publishing at which it is counted who has the message: at once, and at the latest. */
const AT_ONCE_MS = 1_000
const SOON_MS = 10_000
/** Times after publishing at which the share delivered is told: every tenth of a second. */
const WITHIN_MS = Array.from({ length: SOON_MS / 100 + 1 }, (_, index) => index * 100)
/** Share up to which nothing at all may be lost: with 20 copies, half the peers take one record in a million with them. */
const SAFE_SHARE = 0.5

export const massFailure: Scenario = {
  name: 'mass-failure',
  claim: 'When half of all peers die at once, no record is lost and messages go on reaching the living.',
  peers: 100,
  options: {
    kill: { value: 0.5, meaning: 'share of the peers that die' },
    keys: { value: 100, meaning: 'records put before' },
    gets: { value: 200, meaning: 'records got in the 8 s after the deaths, and again once they are known' },
    bytes: { value: 256, meaning: 'bytes of a value or message' },
    every: { value: 20, meaning: 'milliseconds between two puts, and two gets once the deaths are known' },
    kinds: { value: 1, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
    messages: {
      value: 10,
      meaning: 'messages published in the instant of the deaths, and as many once known',
    },
  },
  run(experiment) {
    experiment.grow()
    return { ...failAndRecover(experiment), ...linkFigures(experiment) }
  },
}

/** Puts records, kills a share of the peers, and sees what is left, as the options say. */
export function failAndRecover(experiment: Experiment): Figures {
  const { network, deliveries, records } = experiment
  for (const host of network.running()) deliveries.subscribe(host, TOPIC)
  putAll(experiment)
  network.advance(SPREAD_MS)
  const killedAt = network.timeline.now
  const killed = experiment.kill(experiment.number('kill'))
  const unknown = amidFailure(experiment)
  const lostAtOnce = records.lost().length
  const known = onceKnown(experiment)
  const convergedMs = experiment.awaitConverged(CONVERGE_LIMIT_MS)
  const lostKeys = records.lost().length
  if (experiment.number('kill') <= SAFE_SHARE) {
    deliveries.requireAll()
    if (lostKeys > 0) experiment.violate(`${lostKeys} records are lost`)
  }
  experiment.tables.checkAll()
  experiment.requireWork({
    messages: ['ROUTE', 'GOSSIP'],
    counts: { killed: killed.length, deliveries: deliveries.deliveries(), gets: records.getMs.count },
  })
  return {
    ...known,
    ...unknown,
    lostKeysAtOnce: lostAtOnce,
    lostKeys,
    oneNetwork: experiment.mesh.isOne ? 1 : 0,
    convergedMs,
    getsAfterFailure: getsBySecond(records.attempts, killedAt),
  }
}

/** From the first instant on, while nobody knows of the deaths yet: `atOnce…`. */
function amidFailure(experiment: Experiment): Figures {
  const { deliveries, records, network } = experiment
  const gets = experiment.number('gets')
  const first = deliveries.published
  const shares: Record<string, number> = {}
  const count = (name: string, afterMs: number) =>
    network.timeline.after(afterMs, () => {
      shares[name] = deliveries.deliveredShare(first)
    })
  publishMany(experiment)
  count('atOnceDeliveredShare', AT_ONCE_MS)
  count('within10sDeliveredShare', SOON_MS)
  records.restart()
  const begunAt = network.timeline.now
  getMany(experiment, gets, { everyMs: Math.floor(DEATHS_KNOWN_MS / gets) })
  const figures = named('atOnce', getFigures(experiment))
  // A get of the last moment may take longer: what is counted as known begins after all of them.
  network.advance(Math.max(0, begunAt + SOON_MS - network.timeline.now))
  const share = deliveries.deliveredShares(WITHIN_MS, first).map(rounded)
  const ofMessages = named('atOnce', gossipFigures(experiment, first))
  return { ...figures, ...ofMessages, ...shares, atOnceDelivered: { withinMs: WITHIN_MS, share } }
}

/** The same once every death is known to its neighbours. */
function onceKnown(experiment: Experiment): Figures {
  const { deliveries, records, network } = experiment
  const first = deliveries.published
  records.restart()
  publishMany(experiment)
  getMany(experiment, experiment.number('gets'))
  network.advance(SOON_MS)
  return { ...getFigures(experiment), ...gossipFigures(experiment, first) }
}

function publishMany(experiment: Experiment): void {
  for (let i = 0; i < experiment.number('messages'); i++)
    experiment.deliveries.publish(experiment.anyone(), TOPIC, experiment.number('bytes'))
}
