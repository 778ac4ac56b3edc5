import type { Experiment } from './experiment.ts'
import { getFigures, gossipFigures, linkFigures } from './figures.ts'
import { describeFailures, getMany, putAll, requireNoneLost } from './records.ts'
import type { Scenario } from './scenario.ts'

const TOPIC = 'rumours'
const SPREAD_MS = 10_000
/** Milliseconds in which the rest must have become one network once nothing is lost any more. */
const CONVERGE_LIMIT_MS = 120_000
/** Milliseconds for the last messages to arrive. */
const ARRIVE_MS = 15_000
/** Milliseconds by which a signal may be late. */
const SIGNAL_LATE_MS = 500

/** First faults, with what must never happen looked for after every step; then peace, in which all must become well. */
export const faults: Scenario = {
  name: 'faults',
  claim:
    'Through loss, delay, wrong clocks, frozen tabs and the death of many, messages arrive once and values stay; then all becomes well.',
  peers: 100,
  options: {
    links: { value: 10, meaning: 'links a peer may have' },
    loss: { value: 0.02, meaning: 'share of packets lost' },
    skew: { value: 2_000, meaning: 'milliseconds by which a clock may be wrong, either way' },
    duplicates: { value: 0.1, meaning: 'share of signals that arrive twice; any may be half a second late' },
    suspend: {
      value: 0.05,
      meaning: 'share of the peers that are frozen, longer than their neighbours wait',
    },
    kill: { value: 0.3, meaning: 'share of the peers that die, in three blows' },
    keys: { value: 40, meaning: 'records put before and during the faults' },
    gets: { value: 100, meaning: 'records got during the faults, and again afterwards' },
    bytes: { value: 128, meaning: 'bytes of a value or message' },
    every: { value: 50, meaning: 'milliseconds between two operations' },
    kinds: { value: 3, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
    messages: { value: 20, meaning: 'messages published during the faults, and again afterwards' },
  },
  run(experiment) {
    const { network, deliveries, records } = experiment
    experiment.grow()
    for (const host of network.running()) deliveries.subscribe(host, TOPIC)
    putAll(experiment)
    network.advance(SPREAD_MS)
    const killed = sufferFaults(experiment)
    network.wire.lossShare = 0
    const convergedMs = experiment.awaitConverged(CONVERGE_LIMIT_MS)
    const healthy = liveInPeace(experiment)
    experiment.requireWork({
      messages: ['ROUTE', 'GOSSIP', 'PEER_EXCHANGE'],
      counts: { killed, deliveries: deliveries.deliveries(), gets: records.getMs.count },
    })
    return {
      ...getFigures(experiment),
      ...gossipFigures(experiment, healthy),
      lostKeys: records.lost().length,
      convergedMs,
      ...linkFigures(experiment),
    }
  },
}

/** Three blows while messages and gets go on. Returns the number of the dead. */
function sufferFaults(experiment: Experiment): number {
  const { network } = experiment
  const { introducer } = network
  introducer.signalDuplicateShare = experiment.number('duplicates')
  introducer.signalLateMs = introducer.signalDuplicateShare > 0 ? SIGNAL_LATE_MS : 0
  const share = experiment.number('kill') / 3
  const frozen = experiment.freeze(experiment.number('suspend'))
  let killed = 0
  for (const blow of [0, 1, 2]) {
    killed += experiment.kill(share / (1 - share * blow)).length
    publishMany(experiment, Math.ceil(experiment.number('messages') / 3))
    getMany(experiment, Math.ceil(experiment.number('gets') / 3))
    experiment.tables.checkAll()
  }
  network.advance(ARRIVE_MS)
  for (const host of frozen) host.resume()
  introducer.signalDuplicateShare = 0
  introducer.signalLateMs = 0
  return killed
}

/** Everything must work now: no get fails, no record is lost, no message is missing. Returns the first message's number. */
function liveInPeace(experiment: Experiment): number {
  const { deliveries, network, records, tables } = experiment
  const first = deliveries.published
  records.restart()
  getMany(experiment, experiment.number('gets'))
  publishMany(experiment, experiment.number('messages'))
  network.advance(ARRIVE_MS)
  if (records.getsFailed > 0)
    experiment.violate(`${records.getsFailed} gets failed in peace: ${describeFailures(experiment)}`)
  requireNoneLost(experiment)
  deliveries.requireAll()
  tables.checkAll()
  return first
}

function publishMany(experiment: Experiment, count: number): void {
  experiment.phase = 'publishing'
  experiment.repeat(count, experiment.number('every'), () => {
    experiment.deliveries.publish(experiment.anyone(), TOPIC, experiment.number('bytes'))
  })
}
