// Leaving: what we hold goes to those who should hold it without us (PROTOCOL.md, RP-15 to RP-17). Nobody is asked first,
// for time is short, and whoever takes our place in a record's group has no copy as a rule.

import type { PeerRecord, RecordHeader } from '../dht/record.ts'
import { lifeSecondsOf } from '../dht/record-index.ts'
import type { StoreContext, Turn } from '../dht/store-context.ts'
import { NO_ORIGIN } from '../dht/stored-ack.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { REPAIR_BATCH } from '../limits.ts'

/** Copies under way at once: four batches, so that one slow peer does not stop the rest. */
const HAND_OVERS_MAX = REPAIR_BATCH * 4
/** Peers that get a record of which we know too few copies. */
const SHORT_COPIES = 3

interface Copy {
  readonly key: Key
  readonly to: readonly PeerId[]
}

export class HandOver {
  readonly #context: StoreContext
  #copies: Copy[] = []
  #deadlineMs = 0
  #underWay = 0
  #state: 'here' | 'leaving' | 'left' = 'here'

  constructor(context: StoreContext) {
    this.#context = context
  }

  /** `short`: records that too few hold, as far as we know. */
  leave(call: { readonly deadlineMs: number; readonly short: readonly Key[] }, turn: Turn): void {
    if (this.#state !== 'here') return
    this.#state = 'leaving'
    this.#deadlineMs = call.deadlineMs
    this.#copies = this.#plan(new Set(call.short), turn)
    turn.out.push({ type: 'set-timer', afterMs: call.deadlineMs, timer: { type: 'hand-over' } })
    this.#next(turn)
  }

  /** Time is up. */
  timer(turn: Turn): void {
    this.#end(turn)
  }

  #plan(short: ReadonlySet<Key>, turn: Turn): Copy[] {
    const { index, routing } = this.#context
    if (routing.linked().length === 0) return []
    const copies = index.keys().map((key) => ({ key, to: this.#takersOf(key, short.has(key), turn) }))
    const first = copies.filter(({ key }) => short.has(key))
    return [...first, ...copies.filter(({ key }) => !short.has(key))].filter(({ to }) => to.length > 0)
  }

  /** The peer that takes our place in the group, and those of the group who came too recently to have their copy. */
  #takersOf(key: Key, short: boolean, turn: Turn): PeerId[] {
    const { neighbourhood, replicas, routing } = this.#context
    const others = routing.closest(key, replicas)
    if (short) return others.slice(0, SHORT_COPIES).map(({ id }) => id)
    if (!neighbourhood.isAmong(key, replicas)) return []
    return others
      .filter(({ id }, index) => index === replicas - 1 || !neighbourhood.isSettled(id, turn.now))
      .map(({ id }) => id)
  }

  #next(turn: Turn): void {
    while (this.#underWay < HAND_OVERS_MAX) {
      const copy = this.#copies.shift()
      if (copy === undefined) break
      this.#load(copy, turn)
    }
    if (this.#underWay === 0) this.#end(turn)
  }

  #load(copy: Copy, turn: Turn): void {
    this.#underWay++
    const follow = (record: PeerRecord | null, later: Turn) => {
      const header = this.#context.index.get(copy.key, later.now)
      if (record !== null && header !== null) this.#send(copy.to, { header, record }, later)
      this.#finished(later)
    }
    this.#context.jobs.load({ cause: null, key: copy.key, follow }, turn)
  }

  #send(to: readonly PeerId[], what: { header: RecordHeader; record: PeerRecord }, turn: Turn): void {
    const { header, record } = what
    const lifeSeconds = lifeSecondsOf(header, turn.now)
    const replica = { type: 'REPLICA', origin: NO_ORIGIN, lifeSeconds, record } as const
    for (const peer of to) {
      this.#underWay++
      const follow = (_answer: unknown, later: Turn) => this.#finished(later)
      this.#context.copies.send({ peer, replica, timeoutMs: this.#deadlineMs, follow }, turn)
    }
  }

  #finished(turn: Turn): void {
    this.#underWay--
    this.#next(turn)
  }

  #end(turn: Turn): void {
    if (this.#state !== 'leaving') return
    this.#state = 'left'
    this.#copies = []
    turn.out.push({ type: 'handed-over' })
  }
}
