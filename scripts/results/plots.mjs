/** Which plots there are, in the order of the page. A plot of which nothing was measured is left out. */
import { copiesPlot } from './copies-plot.mjs'
import { costPlots } from './cost-plots.mjs'
import { failurePlots } from './failure-plots.mjs'
import { besideRivals, getsBySize } from './latency-plots.mjs'

/**
 * @typedef {import('./data.mjs').Data} Data
 * @typedef {{ file: string, title: string, caption: string, svg: string }} Plot
 */

/**
 * @param {readonly Data[]} all
 * @returns {Plot[]}
 */
export function plots(all) {
  return [
    ...costPlots(all),
    getsBySize(all),
    besideRivals(all, {
      file: 'gets-beside-rivals',
      title: 'Latency of lookups that find a value, ours beside published ones',
      measurements: ['rivals-lookup'],
    }),
    besideRivals(all, {
      file: 'deliveries-beside-rivals',
      title: 'Latency of gossip deliveries, ours beside published ones',
      measurements: ['rivals-gossip', 'rivals-gossip-10000'],
    }),
    ...failurePlots(all),
    copiesPlot(all),
  ].filter((plot) => plot !== null)
}
