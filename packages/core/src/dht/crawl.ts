// Crawls: every peer is asked for its links, breadth first from our own, for a picture of the network (PROTOCOL.md, LU-9
// and LU-10). Somebody's links are what that peer says they are.

import type { OpId } from '../contract.ts'
import type { Contact } from '../identity/contact.ts'
import { keyOf, type PeerId } from '../identity/peer-id.ts'
import {
  CONTACTS_PER_FRAME_MAX,
  CRAWL_PARALLELISM,
  CRAWL_PEERS_MAX,
  LOOKUP_STEP_TIMEOUT_MS,
  LOOKUP_TIMEOUT_MS,
} from '../limits.ts'
import type { RoutingView } from '../machine.ts'
import type { TopologyPeer, TopologyResult } from '../peer/calls.ts'
import { FIND_WHAT } from './found.ts'
import type { Answer, Questions, Turn } from './questions.ts'

interface Found {
  readonly id: PeerId
  /** Peers to go through; empty where we are linked. */
  readonly via: readonly PeerId[]
}

interface Crawl {
  readonly op: OpId
  readonly peersMax: number
  readonly seen: Set<PeerId>
  /** In the order of discovery; `asked` of them have had their turn. */
  readonly queue: Found[]
  readonly peers: TopologyPeer[]
  readonly unreachable: PeerId[]
  asked: number
  underWay: number
}

export class Crawls {
  readonly #routing: RoutingView
  readonly #questions: Questions
  readonly #crawlByOp = new Map<OpId, Crawl>()

  constructor(routing: RoutingView, questions: Questions) {
    this.#routing = routing
    this.#questions = questions
  }

  get size(): number {
    return this.#crawlByOp.size
  }

  /** We answer for ourselves, first. */
  call(op: OpId, peersMax: number, turn: Turn): void {
    const crawl: Crawl = {
      op,
      peersMax: Math.min(peersMax, CRAWL_PEERS_MAX),
      seen: new Set([this.#routing.self.id]),
      queue: [],
      peers: [],
      unreachable: [],
      asked: 0,
      underWay: 0,
    }
    this.#crawlByOp.set(op, crawl)
    turn.out.push({ type: 'set-timer', afterMs: LOOKUP_TIMEOUT_MS, timer: { type: 'call', op } })
    // A copy: the application may do with its picture what it likes.
    const links = [...this.#routing.linked()]
    this.#add(crawl, { peer: this.#routing.self.id, links }, turn)
    for (const id of links) discover(crawl, { id, via: [] })
    this.#next(crawl, turn)
  }

  cancel(op: OpId, turn: Turn): void {
    if (this.#crawlByOp.delete(op)) this.#questions.stopAll(op, turn)
  }

  /** What was seen by now is the result: a picture with holes is still a picture. */
  timeout(op: OpId, turn: Turn): void {
    const crawl = this.#crawlByOp.get(op)
    if (crawl === undefined) return
    this.#questions.stopAll(op, turn)
    this.#finish(crawl, turn)
  }

  #next(crawl: Crawl, turn: Turn): void {
    while (crawl.underWay < CRAWL_PARALLELISM && crawl.asked < Math.min(crawl.peersMax, crawl.queue.length))
      this.#ask(crawl, crawl.queue[crawl.asked++] as Found, turn)
    if (crawl.underWay === 0 && this.#crawlByOp.get(crawl.op) === crawl) this.#finish(crawl, turn)
  }

  #ask(crawl: Crawl, found: Found, turn: Turn): void {
    const target = keyOf(found.id)
    const question = {
      mode: 'exact',
      to: target,
      responder: found.id,
      target,
      what: FIND_WHAT.links,
      count: CONTACTS_PER_FRAME_MAX,
      via: this.#routing.isLinked(found.id) ? [] : [...found.via, found.id],
      timeoutMs: LOOKUP_STEP_TIMEOUT_MS,
      op: crawl.op,
    } as const
    const follow = (answer: Answer | null, later: Turn) => this.#onAnswer(crawl, found, answer, later)
    if (this.#questions.askTwice(question, follow, turn)) crawl.underWay++
    else crawl.unreachable.push(found.id)
  }

  #onAnswer(crawl: Crawl, found: Found, answer: Answer | null, turn: Turn): void {
    if (this.#crawlByOp.get(crawl.op) !== crawl) return
    crawl.underWay--
    if (answer === null) crawl.unreachable.push(found.id)
    else this.#onLinks(crawl, found, answer.contacts, turn)
    this.#next(crawl, turn)
  }

  #onLinks(crawl: Crawl, found: Found, links: readonly Contact[], turn: Turn): void {
    this.#add(crawl, { peer: found.id, links: links.map(({ id }) => id) }, turn)
    for (const { id } of links) discover(crawl, { id, via: [...found.via, found.id] })
  }

  #add(crawl: Crawl, value: TopologyPeer, turn: Turn): void {
    crawl.peers.push(value)
    turn.out.push({ type: 'progress', op: crawl.op, value })
  }

  #finish(crawl: Crawl, turn: Turn): void {
    this.#crawlByOp.delete(crawl.op)
    const { peers, unreachable } = crawl
    const value: TopologyResult = { peers, unreachable }
    turn.out.push({ type: 'done', op: crawl.op, value })
  }
}

/** The first to name a peer is the one to go through. Peers beyond the bound are never asked, so they are not kept. */
function discover(crawl: Crawl, found: Found): void {
  if (crawl.queue.length >= crawl.peersMax || crawl.seen.has(found.id)) return
  crawl.seen.add(found.id)
  crawl.queue.push(found)
}
