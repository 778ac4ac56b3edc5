// A get returns what was put: never something else, never something older than a put that had returned before. A put returns
// when enough of the right peers hold the record. Puts and gets on behalf of scenarios, so that it knows what is right.

import {
  type FailureCode,
  type GetResult,
  type Key,
  type PutResult,
  REPLICAS_ENOUGH_SHARE,
  type RecordDraft,
  type RecordName,
} from '@hyphae/core'
import { equalBytes, utf8 } from '@hyphae/core/wire'
import type { Host } from '../host.ts'
import { IdOrder } from '../id-order.ts'
import type { Network } from '../network.ts'
import type { SeededRandom } from '../random.ts'
import { Samples } from '../samples.ts'
import type { Violations } from './violations.ts'

const NAMESPACE = 'simulated'

/** One put; `receipt` is what it returned, null before and where it failed. */
interface Write {
  readonly value: Uint8Array
  receipt: PutResult | null
  isOver: boolean
}

/** One name and all values ever put under it, oldest first. */
export interface Entry {
  readonly name: RecordName | null
  readonly draft: (value: Uint8Array) => RecordDraft
  readonly writes: Write[]
  key: Key | null
  /** As the record is read; known once the first put has returned. */
  readAs: RecordName | null
}

/** One get, once it has ended. */
export interface GetAttempt {
  readonly begunAt: number
  /** null where it failed. */
  readonly tookMs: number | null
}

export class RecordChecker {
  readonly #network: Network
  readonly #violations: Violations
  readonly #random: SeededRandom
  readonly entries: Entry[] = []
  readonly putMs = new Samples()
  readonly getMs = new Samples()
  readonly hops = new Samples()
  /** Every get of the run in the order of their ends; a new phase forgets none. */
  readonly attempts: GetAttempt[] = []
  /** Shares of the copies wanted that were acknowledged when a put returned. */
  readonly storedShare = new Samples()
  readonly failures = new Map<FailureCode, number>()
  putsUnderWay = 0
  getsUnderWay = 0
  putsFailed = 0
  getsFailed = 0

  constructor(network: Network, violations: Violations, random: SeededRandom) {
    this.#network = network
    this.#violations = violations
    this.#random = random
  }

  /** Gets that came back, among all that ended; a wrong value is a violation besides. NaN before the first one. */
  get getSuccess(): number {
    return this.getMs.count / (this.getMs.count + this.getsFailed)
  }

  /** Forgets figures, not what was put: a new phase of a scenario begins. */
  restart(): void {
    this.getMs.clear()
    this.putMs.clear()
    this.hops.clear()
    this.storedShare.clear()
    this.failures.clear()
    this.getsFailed = 0
    this.putsFailed = 0
  }

  /** A new entry of a kind, not yet put. */
  entry(kind: RecordDraft['kind']): Entry {
    const name = `record ${this.entries.length}`
    const entry = { writes: [], key: null, readAs: null, ...kinds[kind](name) }
    this.entries.push(entry)
    return entry
  }

  /** Puts a fresh value of this many bytes. */
  put(host: Host, entry: Entry, bytes: number): void {
    const value = this.#random.bytes(bytes)
    const write: Write = { value, receipt: null, isOver: false }
    const begunAt = this.#network.timeline.now
    entry.writes.push(write)
    this.putsUnderWay += 1
    host.call(
      { type: 'put', draft: entry.draft(value) },
      {
        done: (result) => {
          write.receipt = result as PutResult
          write.isOver = true
          this.#onPut(entry, value, host, write.receipt)
          this.putMs.add(this.#network.timeline.now - begunAt)
        },
        failed: (code) => {
          write.isOver = true
          this.putsUnderWay -= 1
          this.putsFailed += 1
          this.#count(code)
        },
        gone: () => {
          write.isOver = true
          this.putsUnderWay -= 1
        },
      },
    )
  }

  /** Gets an entry whose put has returned; anything else is a RangeError. `onFound` is called once the right value has come. */
  get(host: Host, entry: Entry, onFound?: () => void): void {
    const name = entry.readAs
    if (name === null) throw new RangeError('entry is one that was put; got one that was not')
    const oldest = entry.writes.findLastIndex(isStored)
    const begunAt = this.#network.timeline.now
    this.getsUnderWay += 1
    host.call(
      { type: 'get', name },
      {
        done: (value) => {
          this.getsUnderWay -= 1
          const { record, hops } = value as GetResult
          const tookMs = this.#network.timeline.now - begunAt
          this.getMs.add(tookMs)
          this.attempts.push({ begunAt, tookMs })
          this.hops.add(hops)
          const isRight = entry.writes.slice(oldest).some((write) => equalBytes(write.value, record.value))
          if (isRight) onFound?.()
          else this.#violate(host, `got a wrong or old value for ${entry.key}`)
        },
        failed: (code) => {
          this.getsUnderWay -= 1
          this.getsFailed += 1
          this.attempts.push({ begunAt, tookMs: null })
          this.#count(code)
        },
        gone: () => {
          this.getsUnderWay -= 1
        },
      },
    )
  }

  /** Entries whose put returned and whose newest such value no running peer holds any more: the truth, not an answer. */
  lost(): Entry[] {
    const running = this.#network.running()
    return this.entries.filter((entry) => {
      const stored = newestStored(entry)
      return stored !== undefined && !running.some((host) => holds(host, stored))
    })
  }

  /**
   * Of so many peers closest to the key three quarters must have proved to the put that they hold the record, and hold it. To be
   * asked while nobody has left since.
   */
  requireStored(replicas: number): void {
    const hostById = new Map(this.#network.running().map((host) => [host.id, host]))
    const order = new IdOrder()
    for (const id of hostById.keys()) order.add(id)
    for (const stored of this.entries.flatMap((entry) => newestStored(entry) ?? [])) {
      const { key, stored: proofs } = stored.receipt
      const closest = order.closest(key, replicas, () => true).map((id) => hostById.get(id) as Host)
      const held = closest.filter((host) => holds(host, stored)).length
      if (Math.min(held, proofs) < REPLICAS_ENOUGH_SHARE * closest.length)
        this.#add(
          `${key} was put with ${proofs} proofs, and ${held} of its ${closest.length} closest hold it`,
        )
    }
  }

  #onPut(entry: Entry, value: Uint8Array, host: Host, result: PutResult): void {
    this.putsUnderWay -= 1
    entry.key = result.key
    entry.readAs ??= readName(entry, value, host, result.key)
    this.storedShare.add(result.stored / result.wanted)
    if (result.stored > result.wanted)
      this.#violate(host, `stored ${result.stored} of ${result.wanted} copies`)
  }

  #count(code: FailureCode): void {
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1)
  }

  #violate(host: Host, what: string): void {
    this.#add(`peer ${host.number} ${what}`)
  }

  #add(what: string): void {
    this.#violations.add(this.#network.timeline.now, what)
  }
}

/** A put that has returned. */
type Stored = Write & { receipt: PutResult }

function newestStored({ writes }: Entry): Stored | undefined {
  return writes.findLast(isStored)
}

function isStored(write: Write): write is Stored {
  return write.receipt !== null
}

function holds({ disk }: Host, { receipt, value }: Stored): boolean {
  const record = disk.load(receipt.key)
  return record !== null && equalBytes(record.value, value)
}

type Naming = Pick<Entry, 'name' | 'draft'>

const kinds: Readonly<Record<RecordDraft['kind'], (name: string) => Naming>> = {
  immutable: () => ({ name: null, draft: (value) => ({ kind: 'immutable', value }) }),
  owned: (name) => ({ name: null, draft: (value) => ({ kind: 'owned', salt: utf8(name), value }) }),
  shared: (name) => ({
    name: { kind: 'shared', namespace: NAMESPACE, name, writers: [] },
    draft: (value) => ({ kind: 'shared', namespace: NAMESPACE, name, writers: [], value }),
  }),
}

function readName(entry: Entry, value: Uint8Array, host: Host, key: Key): RecordName {
  if (entry.name !== null) return entry.name
  const draft = entry.draft(value)
  if (draft.kind !== 'owned') return { kind: 'immutable', key }
  return { kind: 'owned', ownerKey: host.contact.signingKey, salt: draft.salt }
}
