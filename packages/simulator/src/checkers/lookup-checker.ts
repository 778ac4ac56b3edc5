// A lookup names the peers that are truly closest: looks up on behalf of scenarios and compares with the truth.

import { type Key, keyOf, type LookupResult, type PeerId } from '@hyphae/core'
import { toHex } from '@hyphae/core/wire'
import type { Host } from '../host.ts'
import { IdOrder } from '../id-order.ts'
import type { Network } from '../network.ts'
import type { SeededRandom } from '../random.ts'
import { Samples } from '../samples.ts'

/** Closest peers that a lookup must have found all of to count as exact. */
const EXACT_CLOSEST = 8

export class LookupChecker {
  readonly #network: Network
  readonly #random: SeededRandom
  readonly lookupMs = new Samples()
  readonly asked = new Samples()
  exact = 0
  failed = 0
  underWay = 0

  constructor(network: Network, random: SeededRandom) {
    this.#network = network
    this.#random = random
  }

  /** Lookups that ended well, among all that ended while their peer lived. NaN before the first one. */
  get success(): number {
    return this.lookupMs.count / (this.lookupMs.count + this.failed)
  }

  /** Those that named all of the closest peers alive at the end, among those that ended well. */
  get exactShare(): number {
    return this.exact / this.lookupMs.count
  }

  /** Looks a random key up. */
  lookup(host: Host): void {
    const target = keyOf(toHex(this.#random.bytes(32)) as PeerId)
    const begunAt = this.#network.timeline.now
    this.underWay += 1
    host.call(
      { type: 'lookup', target },
      {
        done: (value) => {
          this.underWay -= 1
          this.lookupMs.add(this.#network.timeline.now - begunAt)
          this.#onFound(host, target, value as LookupResult)
        },
        failed: () => {
          this.underWay -= 1
          this.failed += 1
        },
        gone: () => {
          this.underWay -= 1
        },
      },
    )
  }

  #onFound(host: Host, target: Key, { closest, asked }: LookupResult): void {
    this.asked.add(asked)
    const found = new Set(closest.map(({ id }) => id))
    const order = new IdOrder()
    for (const { id } of this.#network.running()) order.add(id)
    const truth = order.closest(target, EXACT_CLOSEST, (id) => id !== host.id)
    if (truth.every((id) => found.has(id))) this.exact += 1
  }
}
