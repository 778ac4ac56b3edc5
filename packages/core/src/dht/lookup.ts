// Iterative lookups: we ask peer after peer ourselves, each for the contacts closest to the target that it holds links to,
// and reach the unlinked ones through whoever named them (PROTOCOL.md, LU-5 to LU-8). Slower than a routed FIND, but every
// step is seen, and no single peer decides the result.

import type { OpId } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import { type Key, keyOf, type PeerId } from '../identity/peer-id.ts'
import {
  BUCKET_CONTACTS_MAX,
  LINKS_MAX,
  LOOKUP_ASKED_MAX,
  LOOKUP_PARALLELISM,
  LOOKUP_STEP_TIMEOUT_MS,
  LOOKUP_TIMEOUT_MS,
} from '../limits.ts'
import type { RoutingView } from '../machine.ts'
import type { LookupResult, LookupStep } from '../peer/calls.ts'
import { closestOf, compareDistance } from '../routing/distance.ts'
import { FIND_WHAT } from './found.ts'
import type { Answer, Questions, Turn } from './questions.ts'

interface Candidate {
  readonly id: PeerId
  readonly contact: Contact
  /** Peers to go through, each of which named the next one; empty where we are linked. */
  readonly via: readonly PeerId[]
  state: 'new' | 'asked' | 'answered' | 'failed'
}

interface Lookup {
  readonly op: OpId
  readonly target: Key
  readonly candidateById: Map<PeerId, Candidate>
  /** The closest to the target of all that were named. */
  nearest: PeerId
  /** Answers and silences in a row that named nobody closer than `nearest`. */
  fruitless: number
  underWay: number
  asked: number
}

export class Lookups {
  readonly #routing: RoutingView
  readonly #questions: Questions
  readonly #lookupByOp = new Map<OpId, Lookup>()

  constructor(routing: RoutingView, questions: Questions) {
    this.#routing = routing
    this.#questions = questions
  }

  get size(): number {
    return this.#lookupByOp.size
  }

  call(op: OpId, target: Key, turn: Turn): void {
    const linked = this.#routing.closestLinked(target, LINKS_MAX)
    if (linked.length === 0) {
      turn.out.push({ type: 'failed', op, code: 'NO_PEERS', message: 'no link to ask through' })
      return
    }
    const candidateById = new Map<PeerId, Candidate>()
    const nearest = this.#routing.self.id
    const lookup: Lookup = { op, target, candidateById, nearest, fruitless: 0, underWay: 0, asked: 0 }
    this.#lookupByOp.set(op, lookup)
    add(lookup, this.#routing.self, [], 'answered')
    for (const contact of linked) add(lookup, contact, [], 'new')
    for (const contact of this.#routing.closest(target, BUCKET_CONTACTS_MAX)) {
      const via = this.#routing.viaOf(contact.id)
      if (via !== null) add(lookup, contact, [via], 'new')
    }
    turn.out.push({ type: 'set-timer', afterMs: LOOKUP_TIMEOUT_MS, timer: { type: 'call', op } })
    this.#next(lookup, turn)
  }

  cancel(op: OpId, turn: Turn): void {
    if (this.#lookupByOp.delete(op)) this.#questions.stopAll(op, turn)
  }

  timeout(op: OpId, turn: Turn): void {
    if (!this.#lookupByOp.has(op)) return
    this.cancel(op, turn)
    const message = `the closest peers had not all answered after ${LOOKUP_TIMEOUT_MS} ms`
    turn.out.push({ type: 'failed', op, code: 'TIMEOUT', message })
  }

  /** Asks the closest that were not asked; done when the k closest that live have all answered. */
  #next(lookup: Lookup, turn: Turn): void {
    const living = [...lookup.candidateById.values()].filter(({ state }) => state !== 'failed')
    const closest = closestOf(lookup.target, living, BUCKET_CONTACTS_MAX)
    const parallelism = parallelismOf(lookup)
    for (const candidate of closest) {
      if (lookup.underWay >= parallelism || lookup.asked >= LOOKUP_ASKED_MAX) break
      if (candidate.state === 'new') this.#ask(lookup, candidate, turn)
    }
    if (lookup.underWay > 0 || !this.#lookupByOp.delete(lookup.op)) return
    const answered = closest.filter(({ state }) => state === 'answered').map(({ contact }) => contact)
    const value: LookupResult = { target: lookup.target, closest: answered, asked: lookup.asked }
    turn.out.push({ type: 'done', op: lookup.op, value })
  }

  #ask(lookup: Lookup, candidate: Candidate, turn: Turn): void {
    const { id, via } = candidate
    const question = {
      mode: 'exact',
      to: keyOf(id),
      responder: id,
      target: lookup.target,
      what: FIND_WHAT.linked,
      count: BUCKET_CONTACTS_MAX,
      via: this.#routing.isLinked(id) ? [] : [...via, id],
      timeoutMs: LOOKUP_STEP_TIMEOUT_MS,
      op: lookup.op,
    } as const
    const follow = (answer: Answer | null, later: Turn) => this.#onAnswer(lookup, candidate, answer, later)
    const isAsked = this.#questions.askTwice(question, follow, turn)
    candidate.state = isAsked ? 'asked' : 'failed'
    lookup.asked++
    if (isAsked) lookup.underWay++
  }

  #onAnswer(lookup: Lookup, candidate: Candidate, answer: Answer | null, turn: Turn): void {
    if (this.#lookupByOp.get(lookup.op) !== lookup) return
    lookup.underWay--
    candidate.state = answer === null ? 'failed' : 'answered'
    lookup.fruitless++
    if (answer !== null) {
      for (const contact of answer.contacts) add(lookup, contact, [...candidate.via, candidate.id], 'new')
      const named = answer.contacts.map(({ id }) => id)
      const value: LookupStep = { asked: candidate.id, hops: answer.hops, named }
      turn.out.push({ type: 'progress', op: lookup.op, value })
    }
    this.#next(lookup, turn)
  }
}

/** The first to name a contact is the one to go through. */
function add(lookup: Lookup, contact: Contact, via: readonly PeerId[], state: Candidate['state']): void {
  const { candidateById } = lookup
  if (candidateById.has(contact.id)) return
  candidateById.set(contact.id, { id: contact.id, contact, via, state })
  if (compareDistance(lookup.target, contact.id, lookup.nearest) >= 0) return
  lookup.nearest = contact.id
  lookup.fruitless = 0
}

/** When a round brings nobody closer, all of the k closest that are left are asked at once (Kademlia, section 2.3). */
function parallelismOf(lookup: Lookup): number {
  return lookup.fruitless < LOOKUP_PARALLELISM ? LOOKUP_PARALLELISM : BUCKET_CONTACTS_MAX
}
