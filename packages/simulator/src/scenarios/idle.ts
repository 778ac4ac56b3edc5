import { linkFigures } from './figures.ts'
import type { Scenario } from './scenario.ts'

/** Parts of the measured time: what grows in each of them, and never shrinks, is a leak. */
const WINDOWS = 5

export const idle: Scenario = {
  name: 'idle',
  claim: 'A network in which nothing happens costs little, changes no links, and nothing piles up in it.',
  peers: 100,
  options: {
    minutes: { value: 10, meaning: 'minutes that are measured' },
    calm: { value: 3, meaning: 'minutes before, for the last joins to be forgotten' },
  },
  run(experiment) {
    const { network, links, tables } = experiment
    experiment.grow()
    experiment.phase = 'calming down'
    network.advance(experiment.number('calm') * 60_000)
    const before = { ...network.wire.traffic(), joins: links.joins, leaves: links.leaves }
    const totals = [tables.totals()]
    const inputs = network.trace.inputs
    const begunAt = network.timeline.now
    experiment.phase = 'idling'
    for (let i = 0; i < WINDOWS; i++) {
      network.advance(Math.round((experiment.number('minutes') * 60_000) / WINDOWS))
      totals.push(tables.totals())
    }
    const after = network.wire.traffic()
    const peerSeconds = ((network.timeline.now - begunAt) / 1_000) * network.running().length
    const [linksMade, linksEnded] = [links.joins - before.joins, links.leaves - before.leaves]
    tables.checkAll()
    tables.requireSteady(totals)
    if (linksMade + linksEnded > 0)
      experiment.violate(`ends of links changed in an idle network: ${linksMade} made, ${linksEnded} ended`)
    experiment.requireWork({
      messages: ['PING', 'PONG'],
      counts: { keepalives: after.keepalives - before.keepalives },
    })
    return {
      idleBytesPerSecond: (after.bytes - before.bytes) / peerSeconds,
      idleMessagesPerSecond: (after.messages - before.messages) / peerSeconds,
      idleInputsPerSecond: (network.trace.inputs - inputs) / peerSeconds,
      linksMade,
      linksEnded,
      ...linkFigures(experiment),
    }
  },
}
