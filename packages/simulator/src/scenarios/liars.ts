import { OffenceChecker } from '../checkers/offence-checker.ts'
import type { Host } from '../host.ts'
import { Liar } from '../liar.ts'
import type { Experiment } from './experiment.ts'
import { getFigures, gossipFigures, linkFigures, named } from './figures.ts'
import { Life, TOPICS } from './life.ts'
import { describeFailures } from './records.ts'
import type { Scenario } from './scenario.ts'
import { whims } from './whims.ts'

/** Milliseconds without a link after which a liar comes back under another name. */
const OUTCAST_MS = 15_000
/** Milliseconds for those who are honest to find each other, and for their messages to arrive, while others lie. */
const CONVERGE_LIMIT_MS = 300_000
const ARRIVE_MS = 90_000
/** Milliseconds of rest, and inputs that a peer may handle in a second of it. */
const REST_MS = 60_000
const INPUTS_PER_SECOND_MAX = 20

export const liars: Scenario = {
  name: 'liars',
  claim:
    'While tabs come and go, one or two say whatever comes to their mind: the honest blame no honest one, and all is well in the end.',
  peers: 10,
  options: {
    ...whims.options,
    whims: { value: 60, meaning: 'things that befall somebody honest' },
    liars: { value: 2, meaning: 'peers that lie at any time' },
  },
  run(experiment) {
    const { network, deliveries, records } = experiment
    const crowd = new Crowd(experiment)
    experiment.grow()
    const life = new Life(experiment, (host) => crowd.isHonest(host))
    crowd.come()
    life.live(() => crowd.tend())
    const siegeMs = life.calmAmidst(CONVERGE_LIMIT_MS, ARRIVE_MS, () => crowd.tend())
    crowd.go()
    const convergedMs = life.calm()
    const first = life.requireWell()
    const inputs = network.trace.inputs
    network.advance(REST_MS)
    const perSecond = (network.trace.inputs - inputs) / network.running().length / (REST_MS / 1_000)
    if (perSecond > INPUTS_PER_SECOND_MAX)
      experiment.violate(`peers at rest handle ${perSecond} inputs a second`)
    const gets = records.getMs.count
    life.writeAll()
    experiment.awaitOperations()
    if (records.putsFailed > 0)
      experiment.violate(`${records.putsFailed} puts failed in peace: ${describeFailures(experiment)}`)
    experiment.requireWork({
      messages: ['ROUTE', 'GOSSIP'],
      counts: {
        deliveries: deliveries.deliveries(first),
        gets,
        misdeeds: crowd.misdeeds,
      },
    })
    return {
      ...getFigures(experiment),
      ...gossipFigures(experiment, first),
      ...named('request', { p99Ms: life.requests.requestMs.percentile(0.99) }),
      identities: crowd.identities,
      misdeeds: crowd.misdeeds,
      offences: [...crowd.offences.counts.values()].reduce((sum, count) => sum + count, 0),
      lostKeys: records.lost().length,
      siegeMs,
      convergedMs,
      restInputsPerSecond: perSecond,
      ...linkFigures(experiment),
    }
  },
}

/** Those who lie. */
class Crowd {
  readonly offences: OffenceChecker
  readonly #experiment: Experiment
  readonly #madeByHost = new Map<Host, Liar[]>()
  readonly #present: { host: Host; linkedAt: number }[] = []

  constructor(experiment: Experiment) {
    const { network, violations, random } = experiment
    this.#experiment = experiment
    this.offences = new OffenceChecker(network, violations)
    network.observe(this.offences)
    network.wrapPeer = (peer, contact) => {
      const host = [...this.#madeByHost.keys()].find(({ id }) => id === contact.id)
      if (host === undefined) return peer
      const liar = new Liar(peer, contact, random.fork('liar', contact.id))
      this.#madeByHost.get(host)?.push(liar)
      return liar
    }
  }

  get misdeeds(): number {
    return [...this.#madeByHost.values()].flat().reduce((sum, { misdeeds }) => sum + misdeeds, 0)
  }

  get identities(): number {
    return this.#madeByHost.size
  }

  isHonest(host: Host): boolean {
    return !this.#madeByHost.has(host)
  }

  come(): void {
    while (this.#present.length < this.#experiment.number('liars')) {
      const host = this.#experiment.addHost()
      const { deliveries, links, tables, mesh } = this.#experiment
      this.#madeByHost.set(host, [])
      for (const checker of [deliveries, links, tables, mesh, this.offences]) checker.ignore(host)
      this.#experiment.start(host)
      for (const topic of TOPICS) host.call({ type: 'subscribe', topic })
      this.#present.push({ host, linkedAt: this.#experiment.network.timeline.now })
    }
  }

  /** Whoever was thrown out comes back as somebody else. */
  tend(): void {
    const { now } = this.#experiment.network.timeline
    for (const one of [...this.#present]) {
      if (one.host.transport.open > 0) one.linkedAt = now
      if (now - one.linkedAt < OUTCAST_MS) continue
      one.host.crash()
      this.#present.splice(this.#present.indexOf(one), 1)
    }
    this.come()
  }

  go(): void {
    for (const { host } of this.#present.splice(0)) host.crash()
  }
}
