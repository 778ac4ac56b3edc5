// Figures that several scenarios give, under the same names.

import type { Experiment } from './experiment.ts'
import type { Figures } from './scenario.ts'

export function joinFigures({ links }: Experiment): Figures {
  return {
    joinP50Ms: links.joinMs.percentile(0.5),
    joinP99Ms: links.joinMs.percentile(0.99),
    startToJoinedP99Ms: links.startToJoinedMs.percentile(0.99),
    attemptsTimedOut: links.attemptsTimedOut,
    joinMs: links.joinMs.percentiles(),
  }
}

export function linkFigures({ links, network }: Experiment): Figures {
  const running = network.running()
  const total = running.reduce((sum, host) => sum + links.linksOf(host), 0)
  return {
    linksMean: total / running.length,
    linksMax: links.linksMax,
    connectionsMax: links.connectionsMax,
    constructionsPerLink: network.wire.constructions / links.joins,
  }
}

export function getFigures({ records }: Experiment): Figures {
  const { getMs, hops } = records
  return {
    gets: getMs.count + records.getsFailed,
    getP50Ms: getMs.percentile(0.5),
    getP99Ms: getMs.percentile(0.99),
    getMeanMs: getMs.mean,
    getSuccess: records.getSuccess,
    hopsMean: hops.mean,
    getMs: getMs.percentiles(),
  }
}

export function putFigures({ records }: Experiment): Figures {
  const { putMs, storedShare } = records
  return {
    puts: putMs.count + records.putsFailed,
    putP50Ms: putMs.percentile(0.5),
    putP99Ms: putMs.percentile(0.99),
    putSuccess: putMs.count / (putMs.count + records.putsFailed),
    storedShareMean: storedShare.mean,
    putMs: putMs.percentiles(),
  }
}

export function lookupFigures({ lookups }: Experiment): Figures {
  return {
    lookups: lookups.lookupMs.count + lookups.failed,
    lookupP50Ms: lookups.lookupMs.percentile(0.5),
    lookupP99Ms: lookups.lookupMs.percentile(0.99),
    lookupSuccess: lookups.success,
    exactShare: lookups.exactShare,
    askedMean: lookups.asked.mean,
    lookupMs: lookups.lookupMs.percentiles(),
  }
}

/** Of messages with this number and higher. */
export function gossipFigures({ deliveries }: Experiment, from = 0): Figures {
  const latencyMs = deliveries.latencies(from)
  return {
    deliveries: latencyMs.count,
    deliveredShare: deliveries.deliveredShare(from),
    gossipP50Ms: latencyMs.percentile(0.5),
    gossipP99Ms: latencyMs.percentile(0.99),
    gossipMeanMs: latencyMs.mean,
    gossipMaxMs: latencyMs.max,
    deliveryMs: latencyMs.percentiles(),
  }
}

/** The same figures with a word before their names. */
export function named(prefix: string, figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      prefix + name.charAt(0).toUpperCase() + name.slice(1),
      value,
    ]),
  )
}
