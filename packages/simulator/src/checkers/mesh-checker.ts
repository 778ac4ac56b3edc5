// Liveness of the network as a whole, seen from above: once faults are over it must become one network whose peers know
// their neighbourhoods. Scenarios ask it until it holds or the time they allow is over.

import { LEAF_LINKS, type PeerId } from '@hyphae/core'
import type { Host } from '../host.ts'
import { IdOrder } from '../id-order.ts'
import type { Network } from '../network.ts'

export class MeshChecker {
  readonly #network: Network

  constructor(network: Network) {
    this.#network = network
  }

  /** What is not yet as it should be; empty once the network has converged. At most one complaint per kind. */
  complaints(): string[] {
    const running = this.#network.running()
    return [this.#islands(running), this.#deadLinks(running), this.#unknownNeighbours(running)].filter(
      (complaint) => complaint !== null,
    )
  }

  /** Whether links connect all running peers. */
  get isOne(): boolean {
    return this.#islands(this.#network.running()) === null
  }

  /** Running peers that no chain of links connects to the first one. */
  #islands(running: readonly Host[]): string | null {
    const hostByPeer = new Map(running.map((host) => [host.id, host]))
    const reached = new Set<Host>()
    const next = running.slice(0, 1)
    for (let host = next.pop(); host !== undefined; host = next.pop()) {
      if (reached.has(host)) continue
      reached.add(host)
      for (const { peer } of host.snapshot().links) {
        const linked = hostByPeer.get(peer)
        if (linked !== undefined && !reached.has(linked)) next.push(linked)
      }
    }
    const apart = running.length - reached.size
    return apart === 0 ? null : `${apart} of ${running.length} peers are apart from the rest`
  }

  #deadLinks(running: readonly Host[]): string | null {
    const alive = new Set<PeerId>(running.map(({ id }) => id))
    const wrong = running.filter((host) => host.snapshot().links.some(({ peer }) => !alive.has(peer)))
    return wrong.length === 0
      ? null
      : `${wrong.length} peers hold links to the dead, among them ${few(wrong)}`
  }

  /** The few closest peers alive must be among everybody's siblings: every route ends there. */
  #unknownNeighbours(running: readonly Host[]): string | null {
    const order = new IdOrder()
    for (const { id } of running) order.add(id)
    const wrong = running.filter((host) => {
      const siblings = new Set(host.snapshot().siblings)
      const closest = order.closest(host.id, LEAF_LINKS, (id) => id !== host.id)
      return closest.some((id) => !siblings.has(id))
    })
    return wrong.length === 0
      ? null
      : `${wrong.length} peers do not know all of their ${LEAF_LINKS} closest, among them ${few(wrong)}`
  }
}

function few(hosts: readonly Host[]): string {
  return hosts
    .slice(0, 5)
    .map(({ number }) => number)
    .join(', ')
}
