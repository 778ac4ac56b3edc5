// FINDs of others: names contacts and signs.

import type { Millis } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { CONTACTS_PER_FRAME_MAX, FINDS_IN_MAX, ROUTE_STATE_MS } from '../limits.ts'
import type { RoutingView } from '../machine.ts'
import type { MessageOf } from '../wire/messages.ts'
import { FIND_WHAT, type FoundClaim, foundSignedBytes } from './found.ts'
import type { Turn } from './questions.ts'
import { type RouteKey, routeId } from './route-state.ts'
import type { Delivery } from './routed.ts'
import type { HoldsView } from './store.ts'

/** Of these, answers to what one link brought: the others must not wait for it. */
const FINDS_PER_LINK_MAX = FINDS_IN_MAX >> 3

interface Signing {
  readonly from: PeerId
  readonly since: Millis
  readonly route: RouteKey
  readonly found: FoundClaim
}

export class FindAnswers {
  readonly #routing: RoutingView
  readonly #holds: HoldsView
  readonly #signingByToken = new Map<string, Signing>()

  constructor(routing: RoutingView, holds: HoldsView) {
    this.#routing = routing
    this.#holds = holds
  }

  get size(): number {
    return this.#signingByToken.size
  }

  /** Above the bound the question goes on to somebody who has time. */
  deliver(input: Delivery, turn: Turn): void {
    const { route, inner: find } = input
    if (find.type !== 'FIND' || !this.#hasRoom(input.from, turn.now)) {
      turn.out.push({ type: 'pass', route })
      return
    }
    const token = routeId(route.operation, route.path)
    const found = this.#claim(find)
    this.#signingByToken.set(token, { from: input.from, since: turn.now, route, found })
    const { target, what } = find
    const bytes = foundSignedBytes({ operation: route.operation, target, what }, found)
    turn.out.push({ type: 'sign', token, bytes })
  }

  signed(token: string, signature: Uint8Array, turn: Turn): void {
    const signing = this.#signingByToken.get(token)
    if (signing === undefined) return
    this.#signingByToken.delete(token)
    const inner = { type: 'FOUND', ...signing.found, signature } as const
    turn.out.push({ type: 'answer', route: signing.route, inner, last: true })
  }

  /** A signature that does not come loses its place once the way back is forgotten. */
  #hasRoom(from: PeerId, now: Millis): boolean {
    let ofLink = 0
    for (const [token, signing] of this.#signingByToken) {
      if (now - signing.since >= ROUTE_STATE_MS) this.#signingByToken.delete(token)
      else if (signing.from === from) ofLink += 1
    }
    return ofLink < FINDS_PER_LINK_MAX && this.size < FINDS_IN_MAX
  }

  #claim(find: MessageOf<'FIND'>): FoundClaim {
    const degree = Math.min(0xff, this.#routing.linked().length)
    const holds = this.#holds.holds(find.target)
    return { responder: this.#routing.self, contacts: this.#contacts(find), degree, holds }
  }

  #contacts({ target, what, count }: MessageOf<'FIND'>): readonly Contact[] {
    const most = Math.min(count, CONTACTS_PER_FRAME_MAX)
    if (what === FIND_WHAT.known) return this.#routing.closest(target, most)
    if (what === FIND_WHAT.linked) return this.#routing.closestLinked(target, most)
    const links = this.#routing.linked().map((peer) => this.#routing.contactOf(peer))
    return links.filter((contact) => contact !== null).slice(0, most)
  }
}
