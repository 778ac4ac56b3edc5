import { keyOf, type LookupResult, type PeerId } from '@hyphae/core'
import { toHex } from '@hyphae/core/wire'
import { IdOrder } from '../id-order.ts'
import { Samples } from '../samples.ts'
import { linkFigures } from './figures.ts'
import type { Scenario } from './scenario.ts'

/** Closest peers that a lookup must have found all of to count as exact. */
const EXACT_CLOSEST = 8
/** Milliseconds after which the last lookup has ended. */
const LOOKUP_LIMIT_MS = 90_000

export const lookup: Scenario = {
  name: 'lookup',
  claim: 'An iterative lookup names the peers that are truly closest to a key.',
  peers: 100,
  options: {
    lookups: { value: 100, meaning: 'lookups of random keys by random peers' },
    every: { value: 100, meaning: 'milliseconds between two lookups' },
  },
  run(experiment) {
    const { network, random } = experiment
    experiment.grow()
    const order = new IdOrder()
    for (const { id } of network.running()) order.add(id)
    const lookupMs = new Samples()
    const asked = new Samples()
    let exact = 0
    let failed = 0
    experiment.phase = 'looking up'
    experiment.repeat(experiment.number('lookups'), experiment.number('every'), () => {
      const target = keyOf(toHex(random.bytes(32)) as PeerId)
      const host = experiment.anyone()
      const begunAt = network.timeline.now
      const done = (value: unknown) => {
        const found = (value as LookupResult).closest.map(({ id }) => id)
        const truth = order.closest(target, EXACT_CLOSEST, (id) => id !== host.id)
        lookupMs.add(network.timeline.now - begunAt)
        asked.add((value as LookupResult).asked)
        if (truth.every((id) => found.includes(id))) exact += 1
      }
      const onFailed = () => {
        failed += 1
      }
      host.call({ type: 'lookup', target }, { done, failed: onFailed })
    })
    const count = experiment.number('lookups')
    network.advanceUntil(() => lookupMs.count + failed === count, LOOKUP_LIMIT_MS)
    experiment.tables.checkAll()
    if (lookupMs.count < count) experiment.violate(`${count - lookupMs.count} lookups did not succeed`)
    experiment.requireWork({ messages: [], counts: { lookups: lookupMs.count } })
    return {
      lookupP50Ms: lookupMs.percentile(0.5),
      lookupP99Ms: lookupMs.percentile(0.99),
      lookupSuccess: lookupMs.count / count,
      exactShare: exact / count,
      askedMean: asked.mean,
      ...linkFigures(experiment),
    }
  },
}
