// Who keeps to the protocol is never blamed by others who do, whatever those say who do not.

import type { PeerEvent, PeerId } from '@hyphae/core'
import type { Host } from '../host.ts'
import type { Network, NetworkObserver } from '../network.ts'
import type { Violations } from './violations.ts'

export class OffenceChecker implements NetworkObserver {
  readonly #network: Network
  readonly #violations: Violations
  readonly #ignored = new Set<PeerId>()
  /** Offences that were told, by what they were. */
  readonly counts = new Map<string, number>()

  constructor(network: Network, violations: Violations) {
    this.#network = network
    this.#violations = violations
  }

  /** What this peer does, and what it says of others, is of no interest from now on. */
  ignore({ id }: Host): void {
    this.#ignored.add(id)
  }

  onEvent(host: Host, event: PeerEvent): void {
    if (event.type !== 'offence' || this.#ignored.has(host.id)) return
    const { peer, offence } = event
    const blamed =
      peer === null || this.#ignored.has(peer) ? undefined : this.#network.hosts.find(({ id }) => id === peer)
    this.counts.set(offence, (this.counts.get(offence) ?? 0) + 1)
    // Whom nobody runs a liar has made up.
    if (blamed === undefined) return
    const what = `peer ${host.number} blames peer ${blamed.number}, which is honest, for ${offence}`
    this.#violations.add(this.#network.timeline.now, what)
  }
}
