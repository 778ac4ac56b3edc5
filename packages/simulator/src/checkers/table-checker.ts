// What every peer's tables must be like at any time: within their bounds, and consistent in themselves. Costs a snapshot of
// every peer, so scenarios say when.

import {
  BUCKET_CANDIDATES_MAX,
  BUCKET_CONTACTS_MAX,
  holdsWork,
  LINKS_MAX,
  outOfBounds,
  SIBLINGS_MAX,
} from '@hyphae/core'
import type { Host } from '../host.ts'
import type { Network } from '../network.ts'
import type { Violations } from './violations.ts'

/** Sizes of all peers' tables together, by name. */
export type TableTotals = ReadonlyMap<string, number>

/** Growth that is chance: what is under way at one moment or another. */
const STEADY_SHARE = 1.1

export class TableChecker {
  readonly #network: Network
  readonly #violations: Violations
  readonly #linksMax: number
  readonly #ignored = new Set<Host>()

  constructor(network: Network, violations: Violations, linksMax = LINKS_MAX) {
    this.#network = network
    this.#violations = violations
    this.#linksMax = linksMax
  }

  /** What this peer holds is of no interest from now on. */
  ignore(host: Host): void {
    this.#ignored.add(host)
  }

  checkAll(): void {
    for (const host of this.#network.running()) if (!this.#ignored.has(host)) this.#check(host)
  }

  totals(): TableTotals {
    const totals = new Map<string, number>()
    for (const host of this.#network.running())
      for (const [name, size] of Object.entries(host.tables()))
        totals.set(name, (totals.get(name) ?? 0) + size)
    return totals
  }

  /**
   * Takes totals of a network that idles, in their order. What is remembered may fill up to the bound that `checkAll` holds it
   * to. What is under way leaks where it grew from each of the totals to the next, and by more than chance and an entry per
   * peer from the first to the last.
   */
  requireSteady(totals: readonly TableTotals[]): void {
    const slack = this.#network.running().length
    for (const name of totals.at(-1)?.keys() ?? []) {
      const sizes = totals.map((all) => all.get(name) ?? 0)
      const [first = 0, last = 0] = [sizes[0], sizes.at(-1)]
      const grewAlways = sizes.every((size, index) => index === 0 || size > (sizes[index - 1] ?? 0))
      if (holdsWork(name) && grewAlways && last > first * STEADY_SHARE + slack)
        this.#add(`table ${name} grew steadily from ${first} to ${last} in an idle network`)
    }
  }

  #check(host: Host): void {
    const { links, linksMax, siblings, contacts, buckets, id } = host.snapshot()
    const tables = host.tables()
    const say = (what: string) => this.#add(`peer ${host.number} ${what}`)
    for (const problem of host.check()) say(problem)
    if (linksMax !== this.#linksMax) say(`thinks it may have ${linksMax} links`)
    if (links.length > linksMax) say(`has ${links.length} links of at most ${linksMax}`)
    const linked = new Set(links.map(({ peer }) => peer))
    if (linked.size !== links.length) say('lists a link twice')
    if (linked.has(id)) say('lists itself as a link')
    if (siblings.length > SIBLINGS_MAX) say(`has ${siblings.length} siblings`)
    if (new Set(siblings).size !== siblings.length || siblings.includes(id)) say('lists wrong siblings')
    // Linked contacts and siblings are kept even where their bucket is full, and a few wait for a place in it.
    const perBucket = BUCKET_CONTACTS_MAX + BUCKET_CANDIDATES_MAX
    if (contacts > buckets * perBucket + links.length + siblings.length)
      say(`has ${contacts} contacts in ${buckets} buckets`)
    for (const problem of outOfBounds(tables, linksMax)) say(problem)
    for (const [name, size] of Object.entries(tables))
      if (!Number.isInteger(size) || size < 0) say(`says table ${name} has ${size} entries`)
  }

  #add(what: string): void {
    this.#violations.add(this.#network.timeline.now, what)
  }
}
