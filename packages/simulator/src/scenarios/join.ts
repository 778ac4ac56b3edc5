import { joinFigures, linkFigures } from './figures.ts'
import type { Scenario } from './scenario.ts'

export const join: Scenario = {
  name: 'join',
  claim: 'Peers that start one after another become one network whose members know their neighbours.',
  peers: 100,
  options: {},
  run(experiment) {
    experiment.grow()
    const convergedMs = experiment.awaitConverged(120_000)
    experiment.tables.checkAll()
    if (experiment.peers > 1)
      experiment.requireWork({
        messages: ['HELLO', 'PROOF', 'PEER_EXCHANGE'],
        counts: { joins: experiment.links.joinMs.count },
      })
    return { ...joinFigures(experiment), ...linkFigures(experiment), convergedMs }
  },
}
