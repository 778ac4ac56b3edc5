// Peers that do not keep to the protocol, among honest ones: who they are, and what honest ones may still do.

import type { PeerId } from '@hyphae/core'
import { Adversary, BEHAVIOURS, type Behaviour } from '../adversary.ts'
import type { Host } from '../host.ts'
import type { Experiment } from './experiment.ts'

export class Adversaries {
  readonly #experiment: Experiment
  readonly #made: Adversary[] = []
  readonly #ids = new Set<PeerId>()

  #isAwake = true

  /** From now on every peer that starts is asked about. Throws a RangeError for a behaviour that is not there. */
  constructor(experiment: Experiment, isAdversary: (id: PeerId) => boolean) {
    this.#experiment = experiment
    const behaviour = behaviourNumbered(experiment.number('behaviour'))
    experiment.network.wrapPeer = (peer, contact) => {
      if (!isAdversary(contact.id)) return peer
      const random = experiment.random.fork('adversary', contact.id)
      const adversary = new Adversary(peer, contact, behaviour, random)
      adversary.isAwake = this.#isAwake
      this.#made.push(adversary)
      this.#ids.add(contact.id)
      return adversary
    }
  }

  /** They keep to the protocol until they are woken. */
  sleep(): void {
    this.#setAwake(false)
  }

  wake(): void {
    this.#setAwake(true)
  }

  has({ id }: Host): boolean {
    return this.#ids.has(id)
  }

  honest(): Host[] {
    return this.#experiment.network.running().filter((host) => !this.has(host))
  }

  get count(): number {
    return this.#ids.size
  }

  /** Frames that were dropped, changed or sent astray. */
  get misdeeds(): number {
    return this.#made.reduce((sum, { misdeeds }) => sum + misdeeds, 0)
  }

  #setAwake(isAwake: boolean): void {
    this.#isAwake = isAwake
    for (const adversary of this.#made) adversary.isAwake = isAwake
  }
}

export const BEHAVIOUR_OPTION = {
  value: 0,
  meaning: 'what they do with the messages of others: 0 drop, 1 lie, 2 misroute',
}

function behaviourNumbered(number: number): Behaviour {
  const behaviour = BEHAVIOURS[number]
  if (behaviour !== undefined) return behaviour
  throw new RangeError(`behaviour is 0 to ${BEHAVIOURS.length - 1}; got ${number}`)
}
