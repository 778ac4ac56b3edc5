import { sessionTimes } from '../sessions.ts'
import type { Experiment } from './experiment.ts'
import { getFigures, gossipFigures, joinFigures, linkFigures, lookupFigures, named } from './figures.ts'
import { describeFailures, getMany, putAll, readable, requireNoneLost } from './records.ts'
import type { Scenario } from './scenario.ts'
import { Turnover } from './turnover.ts'

const TOPIC = 'visitors'
/** Milliseconds for subscriptions to spread, and for the last messages to arrive. */
const SPREAD_MS = 10_000
const ARRIVE_MS = 15_000
/** Milliseconds in which those who are there must have become one network once nobody leaves any more. */
const CONVERGE_LIMIT_MS = 180_000
/** Operations between two looks at all tables. */
const CHECK_EVERY = 100

/** First peers come and go, with what must never happen looked for after every step; then all stay, and all must be well. */
export const churn: Scenario = {
  name: 'churn',
  claim:
    'While peers come and go, values stay, gets and lookups succeed and messages arrive; once all stay, all is well.',
  peers: 100,
  options: {
    'median-minutes': { value: 10, meaning: 'minutes that half of the sessions outlast' },
    distribution: { value: 0, meaning: 'of sessions: 0 exponential, 1 Weibull, 2 lognormal' },
    minutes: { value: 5, meaning: 'minutes of coming and going' },
    polite: { value: 0.5, meaning: 'share of the leavers that say goodbye and hand over' },
    restart: { value: 0.3, meaning: 'share of the newcomers that start again from storage' },
    keys: { value: 60, meaning: 'records put before' },
    bytes: { value: 256, meaning: 'bytes of a value or message' },
    every: { value: 500, meaning: 'milliseconds between two gets; one lookup and one message per four' },
    gets: { value: 100, meaning: 'records got once all stay' },
    messages: { value: 20, meaning: 'messages published once all stay' },
    kinds: { value: 1, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
  },
  run(experiment) {
    const { network, deliveries, records, links } = experiment
    experiment.grow()
    subscribeAll(experiment)
    putAll(experiment)
    network.advance(SPREAD_MS)
    links.forgetJoins()
    records.restart()
    const turnover = comeAndGo(experiment)
    const figures = {
      ...getFigures(experiment),
      ...lookupFigures(experiment),
      ...gossipFigures(experiment),
      ...joinFigures(experiment),
    }
    const convergedMs = experiment.awaitConverged(CONVERGE_LIMIT_MS)
    const lost = records.lost()
    requireNoneLost(experiment)
    const first = stay(experiment)
    experiment.requireWork({
      messages: ['ROUTE', 'GOSSIP'],
      counts: {
        left: turnover.left,
        gets: records.getMs.count,
        messages: deliveries.deliveries(first),
      },
    })
    return {
      ...figures,
      ...named('calm', { ...getFigures(experiment), deliveredShare: deliveries.deliveredShare(first) }),
      lostKeys: lost.length,
      left: turnover.left,
      restarted: turnover.restarted,
      convergedMs,
      ...linkFigures(experiment),
    }
  },
}

/** Whoever is there or joins later subscribes as soon as it has joined. */
function subscribeAll({ network, deliveries }: Experiment): void {
  for (const host of network.running()) deliveries.subscribe(host, TOPIC)
  network.observe({
    onEvent: (host, event) => {
      if (event.type === 'status' && event.status === 'joined' && !deliveries.isSubscribed(host, TOPIC))
        deliveries.subscribe(host, TOPIC)
    },
  })
}

function comeAndGo(experiment: Experiment): Turnover {
  const { network, deliveries, records, lookups, tables, random } = experiment
  const medianMs = experiment.number('median-minutes') * 60_000
  const turnover = new Turnover(experiment, {
    times: sessionTimes(experiment.number('distribution'), medianMs),
    politeShare: experiment.number('polite'),
    restartShare: experiment.number('restart'),
  })
  const everyMs = experiment.number('every')
  const entries = readable(experiment)
  experiment.phase = 'coming and going'
  experiment.repeat(Math.ceil((experiment.number('minutes') * 60_000) / everyMs), everyMs, (index) => {
    records.get(experiment.anyMember(), random.pick(entries))
    if (index % 4 === 1) lookups.lookup(experiment.anyMember())
    if (index % 4 === 3) deliveries.publish(experiment.anyMember(), TOPIC, experiment.number('bytes'))
    if (index % CHECK_EVERY === 0) tables.checkAll()
  })
  turnover.stop()
  experiment.awaitOperations()
  network.advance(ARRIVE_MS)
  return turnover
}

/** What anybody still holds must be found now, and every message arrive. Returns the first message's number. */
function stay(experiment: Experiment): number {
  const { deliveries, network, records, tables } = experiment
  experiment.awaitJoined()
  network.advance(SPREAD_MS)
  const first = deliveries.published
  const lost = new Set(records.lost())
  records.restart()
  const entries = readable(experiment).filter((entry) => !lost.has(entry))
  if (entries.length > 0) getMany(experiment, experiment.number('gets'), { entries })
  experiment.repeat(experiment.number('messages'), 100, () => {
    deliveries.publish(experiment.anyMember(), TOPIC, experiment.number('bytes'))
  })
  network.advance(ARRIVE_MS)
  if (records.getsFailed > 0)
    experiment.violate(`${records.getsFailed} gets failed in peace: ${describeFailures(experiment)}`)
  deliveries.requireAll(first)
  tables.checkAll()
  return first
}
