// A request is answered with what its handler said, or fails. Asks and answers on behalf of scenarios, so that it knows what is
// right: every handler says what it was asked.

import type { PeerEvent, ResponseResult } from '@hyphae/core'
import { equalBytes } from '@hyphae/core/wire'
import type { Host } from '../host.ts'
import type { Network, NetworkObserver } from '../network.ts'
import type { SeededRandom } from '../random.ts'
import { Samples } from '../samples.ts'
import type { Violations } from './violations.ts'

const NAME = 'echo'
const TIMEOUT_MS = 10_000
/** Bytes of a payload, drawn by chance: enough that no two are equal. */
const PAYLOAD_BYTES = 32

export class RequestChecker implements NetworkObserver {
  readonly #network: Network
  readonly #violations: Violations
  readonly #random: SeededRandom
  readonly requestMs = new Samples()
  /** Requests that failed: why, whose, when. */
  readonly failures = new Set<string>()
  underWay = 0

  constructor(network: Network, violations: Violations, random: SeededRandom) {
    this.#network = network
    this.#violations = violations
    this.#random = random
  }

  /** Forgets figures: a new phase of a scenario begins. */
  restart(): void {
    this.requestMs.clear()
    this.failures.clear()
  }

  request(host: Host, to: Host): void {
    const payload = this.#random.bytes(PAYLOAD_BYTES)
    const begunAt = this.#network.timeline.now
    this.underWay += 1
    host.call(
      { type: 'request', to: to.id, name: NAME, payload, timeoutMs: TIMEOUT_MS },
      {
        done: (value) => {
          this.underWay -= 1
          const { status, payload: answer } = value as ResponseResult
          this.requestMs.add(this.#network.timeline.now - begunAt)
          if (status !== 'ok' || !equalBytes(answer, payload))
            this.#violations.add(
              this.#network.timeline.now,
              `peer ${host.number} got a wrong answer: ${status}`,
            )
        },
        failed: (code, message) => {
          this.underWay -= 1
          this.failures.add(`${code}: ${message} (peer ${host.number} to ${to.number} at ${begunAt} ms)`)
        },
        gone: () => {
          this.underWay -= 1
        },
      },
    )
  }

  onEvent(host: Host, event: PeerEvent): void {
    if (event.type !== 'request') return
    const { request, from, payload } = event
    host.call({ type: 'respond', request, from, status: 'ok', payload })
  }
}
