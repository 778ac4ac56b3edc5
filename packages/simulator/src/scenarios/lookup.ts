import { linkFigures, lookupFigures } from './figures.ts'
import type { Scenario } from './scenario.ts'

export const lookup: Scenario = {
  name: 'lookup',
  claim: 'An iterative lookup names the peers that are truly closest to a key.',
  peers: 100,
  options: {
    lookups: { value: 100, meaning: 'lookups of random keys by random peers' },
    every: { value: 100, meaning: 'milliseconds between two lookups' },
  },
  run(experiment) {
    const { lookups } = experiment
    experiment.grow()
    experiment.phase = 'looking up'
    experiment.repeat(experiment.number('lookups'), experiment.number('every'), () => {
      lookups.lookup(experiment.anyone())
    })
    experiment.awaitOperations()
    experiment.tables.checkAll()
    if (lookups.failed > 0) experiment.violate(`${lookups.failed} lookups failed`)
    const inexact = lookups.lookupMs.count - lookups.exact
    if (inexact > 0) experiment.violate(`${inexact} lookups did not name all of the closest`)
    experiment.requireWork({ messages: [], counts: { lookups: lookups.lookupMs.count } })
    return { ...lookupFigures(experiment), ...linkFigures(experiment) }
  },
}
