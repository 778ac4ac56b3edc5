// Liveness of the network as a whole, seen from above: once faults are over it must become one network whose peers know
// their neighbourhoods. Scenarios ask it until it holds or the time they allow is over.

import { LEAF_LINKS, type PeerId, type PeerSnapshot } from '@hyphae/core'
import type { Host } from '../host.ts'
import { IdOrder } from '../id-order.ts'
import type { Network } from '../network.ts'

/** A running peer and what it is at this moment. */
interface Seen {
  readonly host: Host
  readonly now: PeerSnapshot
}

export class MeshChecker {
  readonly #network: Network
  readonly #ignored = new Set<Host>()

  constructor(network: Network) {
    this.#network = network
  }

  /** What this peer does and knows is of no interest from now on, nor who knows it. */
  ignore(host: Host): void {
    this.#ignored.add(host)
  }

  /** What is not yet as it should be; empty once the network has converged. At most one complaint per kind. */
  complaints(): string[] {
    const seen = this.#look()
    const alive = new Set(this.#network.running().map(({ id }) => id))
    return [islands(seen), deadLinks(seen, alive), unknownNeighbours(seen)].filter(
      (complaint) => complaint !== null,
    )
  }

  /** Whether links connect all running peers. */
  get isOne(): boolean {
    return islands(this.#look()) === null
  }

  #look(): Seen[] {
    const watched = this.#network.running().filter((host) => !this.#ignored.has(host))
    return watched.map((host) => ({ host, now: host.snapshot() }))
  }
}

/** Running peers that no chain of links connects to the first one. */
function islands(seen: readonly Seen[]): string | null {
  const seenByPeer = new Map(seen.map((each) => [each.host.id, each]))
  const reached = new Set<Seen>()
  const next = seen.slice(0, 1)
  for (let each = next.pop(); each !== undefined; each = next.pop()) {
    if (reached.has(each)) continue
    reached.add(each)
    for (const { peer } of each.now.links) {
      const linked = seenByPeer.get(peer)
      if (linked !== undefined && !reached.has(linked)) next.push(linked)
    }
  }
  const apart = seen.length - reached.size
  return apart === 0 ? null : `${apart} of ${seen.length} peers are apart from the rest`
}

function deadLinks(seen: readonly Seen[], alive: ReadonlySet<PeerId>): string | null {
  const wrong = seen.filter(({ now }) => now.links.some(({ peer }) => !alive.has(peer)))
  return wrong.length === 0 ? null : `${wrong.length} peers hold links to the dead, among them ${few(wrong)}`
}

/** The few closest peers alive must be among everybody's siblings: every route ends there. */
function unknownNeighbours(seen: readonly Seen[]): string | null {
  const order = new IdOrder()
  for (const { host } of seen) order.add(host.id)
  const wrong = seen.filter(({ host, now }) => {
    const siblings = new Set(now.siblings)
    const closest = order.closest(host.id, LEAF_LINKS, (id) => id !== host.id)
    return closest.some((id) => !siblings.has(id))
  })
  return wrong.length === 0
    ? null
    : `${wrong.length} peers do not know all of their ${LEAF_LINKS} closest, among them ${few(wrong)}`
}

function few(seen: readonly Seen[]): string {
  return seen
    .slice(0, 5)
    .map(({ host }) => host.number)
    .join(', ')
}
