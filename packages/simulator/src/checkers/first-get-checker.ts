// The first thing that a newcomer does: the moment it has joined it gets a record that others put before it came.

import type { PeerEvent } from '@hyphae/core'
import type { Host } from '../host.ts'
import type { Network, NetworkObserver } from '../network.ts'
import type { SeededRandom } from '../random.ts'
import { Samples } from '../samples.ts'
import type { LinkChecker } from './link-checker.ts'
import type { Entry, RecordChecker } from './record-checker.ts'

export class FirstGetChecker implements NetworkObserver {
  readonly #network: Network
  readonly #links: LinkChecker
  readonly #records: RecordChecker
  readonly #random: SeededRandom
  readonly #entries: readonly Entry[]
  readonly #asked = new Set<Host>()
  /** Milliseconds from the first link to the value. */
  readonly firstGetMs = new Samples()

  /** `entries`: at least one, all of which were put. */
  constructor(
    watched: { readonly network: Network; readonly links: LinkChecker; readonly records: RecordChecker },
    entries: readonly Entry[],
    random: SeededRandom,
  ) {
    this.#network = watched.network
    this.#links = watched.links
    this.#records = watched.records
    this.#entries = entries
    this.#random = random
  }

  onEvent(host: Host, event: PeerEvent): void {
    if (event.type !== 'status' || event.status !== 'joined' || this.#asked.has(host)) return
    this.#asked.add(host)
    const firstLinkAt = this.#links.firstLinkAt(host)
    this.#records.get(host, this.#random.pick(this.#entries), () => {
      this.firstGetMs.add(this.#network.timeline.now - firstLinkAt)
    })
  }

  onHandled(): void {}
}
