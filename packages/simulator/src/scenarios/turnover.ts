// Coming and going: every peer has a session, and whoever leaves is replaced at once, so that the number stays the same.

import type { Host } from '../host.ts'
import type { SeededRandom } from '../random.ts'
import type { SessionTimes } from '../sessions.ts'
import type { Experiment } from './experiment.ts'

export interface TurnoverOptions {
  readonly times: SessionTimes
  /** Share of the leavers that say goodbye and hand over. */
  readonly politeShare: number
  /** Share of the newcomers that are former peers, starting again from what they stored. */
  readonly restartShare: number
}

export class Turnover {
  readonly #experiment: Experiment
  readonly #options: TurnoverOptions
  readonly #random: SeededRandom
  /** Those that left, and may come back. */
  readonly #former: Host[] = []
  #isOver = false
  left = 0
  restarted = 0

  /** Sessions of those that run begin now. */
  constructor(experiment: Experiment, options: TurnoverOptions) {
    this.#experiment = experiment
    this.#options = options
    this.#random = experiment.random.fork('turnover')
    for (const host of experiment.network.running()) this.#begin(host)
  }

  /** Nobody leaves any more. */
  stop(): void {
    this.#isOver = true
  }

  #begin(host: Host): void {
    const { boot } = host
    this.#experiment.network.timeline.after(this.#options.times(this.#random), () => {
      if (!this.#isOver && host.boot === boot) this.#end(host)
    })
  }

  #end(host: Host): void {
    this.left += 1
    if (this.#random.share() < this.#options.politeShare) host.leave()
    else host.crash()
    this.#former.push(host)
    const newcomer = this.#newcomer()
    this.#experiment.start(newcomer)
    this.#begin(newcomer)
  }

  #newcomer(): Host {
    const stopped = this.#former.filter((host) => !host.isRunning)
    if (stopped.length === 0 || this.#random.share() >= this.#options.restartShare)
      return this.#experiment.addHost()
    const host = this.#random.pick(stopped)
    this.#former.splice(this.#former.indexOf(host), 1)
    this.restarted += 1
    return host
  }
}
