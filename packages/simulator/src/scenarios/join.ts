import { FirstGetChecker } from '../checkers/first-get-checker.ts'
import { Samples } from '../samples.ts'
import type { Experiment } from './experiment.ts'
import { joinFigures, linkFigures } from './figures.ts'
import { describeFailures, putAll, readable } from './records.ts'
import type { Figures, Scenario } from './scenario.ts'

/** Peers that put what the others get: as many as a record has copies, where there are twice as many. */
const EARLY_PEERS = 20

export const join: Scenario = {
  name: 'join',
  claim:
    'Peers that start one after another become one network whose members know their neighbours, and each gets a value at once.',
  peers: 100,
  options: {
    keys: {
      value: 20,
      meaning: 'records put by the first peers; each later one gets one once it has joined',
    },
    bytes: { value: 256, meaning: 'bytes of a value' },
    every: { value: 20, meaning: 'milliseconds between two puts' },
    kinds: { value: 1, meaning: 'kinds of records: 1 immutable, 2 owned too, 3 shared too' },
  },
  run(experiment) {
    const { peers, links } = experiment
    const early = Math.min(EARLY_PEERS, Math.floor(peers / 2))
    const firstGets = early > 1 ? growFrom(experiment, early) : growAlone(experiment)
    const convergedMs = experiment.awaitConverged(120_000)
    experiment.tables.checkAll()
    if (peers > 1)
      experiment.requireWork({
        messages: ['HELLO', 'PROOF', 'PEER_EXCHANGE'],
        counts: { joins: links.joinMs.count },
      })
    return {
      ...joinFigures(experiment),
      ...firstGets,
      ...sizeFigures(experiment),
      ...linkFigures(experiment),
      convergedMs,
    }
  },
}

/** How many peers they think there are, over how many there are. */
function sizeFigures({ network }: Experiment): Figures {
  const running = network.running()
  const ratios = new Samples()
  for (const host of running) ratios.add(host.snapshot().networkSize / running.length)
  return {
    sizeEstimateMeanRatio: ratios.mean,
    sizeEstimateP5Ratio: ratios.percentile(0.05),
    sizeEstimateP95Ratio: ratios.percentile(0.95),
  }
}

/** Where there is hardly anybody who could have put something before. */
function growAlone(experiment: Experiment): Figures {
  experiment.grow()
  return {}
}

function growFrom(experiment: Experiment, early: number): Figures {
  const { network, records, random } = experiment
  experiment.grow({ peers: early })
  putAll(experiment)
  const checker = new FirstGetChecker(experiment, readable(experiment), random.fork('first gets'))
  network.observe(checker)
  experiment.grow({ peers: experiment.peers - early })
  experiment.awaitOperations()
  if (records.getsFailed > 0)
    experiment.violate(`${records.getsFailed} first gets failed: ${describeFailures(experiment)}`)
  const { firstGetMs } = checker
  experiment.requireWork({ messages: ['ROUTE'], counts: { firstGets: firstGetMs.count } })
  return {
    firstGets: firstGetMs.count,
    firstGetP50Ms: firstGetMs.percentile(0.5),
    firstGetP99Ms: firstGetMs.percentile(0.99),
    firstGetMs: firstGetMs.percentiles(),
  }
}
