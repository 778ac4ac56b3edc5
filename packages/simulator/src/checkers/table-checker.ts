// What every peer's tables must be like at any time: within their bounds, and consistent in themselves. Costs a snapshot of
// every peer, so scenarios say when.

import { BUCKET_CONTACTS_MAX, LINKS_MAX, REQUEST_IDS_MAX, SIBLINGS_MAX } from '@hyphae/core'
import type { Host } from '../host.ts'
import type { Network } from '../network.ts'
import type { Violations } from './violations.ts'

/** Entries that no table may ever exceed, whatever it holds: two generations of the largest bound in core. */
const ANY_TABLE_MAX = 2 * REQUEST_IDS_MAX

export class TableChecker {
  readonly #network: Network
  readonly #violations: Violations
  readonly #linksMax: number
  /** Largest size seen, by table. */
  readonly largest = new Map<string, number>()

  constructor(network: Network, violations: Violations, linksMax = LINKS_MAX) {
    this.#network = network
    this.#violations = violations
    this.#linksMax = linksMax
  }

  checkAll(): void {
    for (const host of this.#network.running()) this.#check(host)
  }

  /**
   * Sizes of all peers' tables together, by name. Two of these, taken while the network idles, show what grows without
   * bound.
   */
  totals(): Map<string, number> {
    const totals = new Map<string, number>()
    for (const host of this.#network.running())
      for (const [name, size] of Object.entries(host.snapshot().tables))
        totals.set(name, (totals.get(name) ?? 0) + size)
    return totals
  }

  /** Complains of tables that grew by more than a tenth and an entry per peer since the totals before. */
  requireSteady(before: ReadonlyMap<string, number>): void {
    const slack = this.#network.running().length
    for (const [name, size] of this.totals()) {
      const old = before.get(name) ?? 0
      if (size > old * 1.1 + slack) this.#add(`table ${name} grew from ${old} to ${size} in an idle network`)
    }
  }

  #check(host: Host): void {
    const { links, linksMax, siblings, contacts, buckets, tables, id } = host.snapshot()
    const say = (what: string) => this.#add(`peer ${host.number} ${what}`)
    for (const problem of host.check()) say(problem)
    if (linksMax !== this.#linksMax) say(`thinks it may have ${linksMax} links`)
    if (links.length > linksMax) say(`has ${links.length} links of at most ${linksMax}`)
    const linked = new Set(links.map(({ peer }) => peer))
    if (linked.size !== links.length) say('lists a link twice')
    if (linked.has(id)) say('lists itself as a link')
    if (siblings.length > SIBLINGS_MAX) say(`has ${siblings.length} siblings`)
    if (new Set(siblings).size !== siblings.length || siblings.includes(id)) say('lists wrong siblings')
    // Linked contacts and siblings are kept even where their bucket is full.
    if (contacts > buckets * BUCKET_CONTACTS_MAX + links.length + siblings.length)
      say(`has ${contacts} contacts in ${buckets} buckets`)
    for (const [name, size] of Object.entries(tables))
      if (!name.endsWith('Bytes')) this.#checkTable(name, size, say)
  }

  #checkTable(name: string, size: number, say: (what: string) => void): void {
    if (size > (this.largest.get(name) ?? -1)) this.largest.set(name, size)
    if (!Number.isInteger(size) || size < 0) say(`says table ${name} has ${size} entries`)
    if (size > ANY_TABLE_MAX) say(`has ${size} entries in table ${name}`)
  }

  #add(what: string): void {
    this.#violations.add(this.#network.timeline.now, what)
  }
}
