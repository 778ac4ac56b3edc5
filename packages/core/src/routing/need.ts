// When introducers are asked for help: while we have too few links and nobody left to dial, less and less often. And now and then
// where few are known, since all of them may stay connected to an introducer, which names nobody to those by itself.

import type { Millis, Random } from '../contract.ts'

/** Links below which we ask, where there is nobody to dial. Guess: one link may be to a peer that cuts us off, two may fail at once. */
const NEEDY_BELOW = 3
/** Milliseconds to the second time we ask, doubled with every time, and the longest: by then introducers know us as quiet. */
const ASK_EVERY_MS_MIN = 1_000
const ASK_EVERY_MS_MAX = 5 * 60_000
/** The same while we have no link at all. */
const ASK_EVERY_MS_ALONE = 30_000
/** Milliseconds since introducers named somebody after which we ask: longer than any pause between two check-ins of a quiet peer. */
const FORGOTTEN_MS = 400_000

export class Need {
  readonly #random: Random
  #askAt: Millis = 0
  #askEveryMs = ASK_EVERY_MS_MIN
  #toldAt: Millis = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** Whether we are in need at all. */
  isNeedy(links: number, pending: number): boolean {
    return links === 0 || (links < NEEDY_BELOW && pending === 0)
  }

  /** Whether to ask now; counts as asked. */
  ask(links: number, now: Millis): boolean {
    if (now < this.#askAt) return false
    this.told(now)
    const longest = links === 0 ? ASK_EVERY_MS_ALONE : ASK_EVERY_MS_MAX
    this.#askAt = now + this.#askEveryMs + (this.#random.u32() % this.#askEveryMs)
    this.#askEveryMs = Math.min(this.#askEveryMs * 2, longest)
    return true
  }

  /** Introducers have named somebody, or are about to. */
  told(now: Millis): void {
    this.#toldAt = now
  }

  /** Whether to ask although we are not in need, since introducers have named nobody for long; counts as asked. */
  isForgotten(links: number, now: Millis): boolean {
    if (links < NEEDY_BELOW || now - this.#toldAt < FORGOTTEN_MS) return false
    this.told(now)
    return true
  }

  get nextAt(): Millis {
    return this.#askAt
  }

  /** Links came or went. With enough of them, or with none, asking begins anew. */
  linksChanged(links: number): void {
    if (links >= NEEDY_BELOW || links === 0) this.#askEveryMs = ASK_EVERY_MS_MIN
    if (links === 0) this.#askAt = 0
  }
}
