// When we look up which part of the id space: our own id to join and to know our neighbours, later one random id per
// bucket, so that every region stays known to us.

import type { Millis, Random } from '../contract.ts'
import { type Key, keyOf, type PeerId } from '../identity/peer-id.ts'
import { BUCKET_REFRESH_MS, OPERATION_TIMEOUT_MS } from '../limits.ts'
import { mirrorOf, randomKeyInBucket } from './distance.ts'
import type { RoutingTable } from './routing-table.ts'

/** Milliseconds between the first two lookups of our own id; doubled up to BUCKET_REFRESH_MS while we get to know our neighbours. */
const SELF_FIRST_MS = 2_000
/**
 * Milliseconds after which such a lookup goes through somebody drawn by chance: it arrives as a stranger's would, and ends elsewhere
 * where our neighbours and we know only a part of those around us. At shorter intervals we get to know our neighbours.
 */
const SELF_AROUND_FROM_MS = 32_000
/** Milliseconds to the first and longest repetition of one that nobody answered. */
const SELF_RETRY_MIN_MS = 1_000
const SELF_RETRY_MAX_MS = 30_000
/** Milliseconds after which an unanswered lookup is given up, should its result never come. */
const SELF_GIVE_UP_MS = OPERATION_TIMEOUT_MS * 2
/** Milliseconds between two lookups that fill buckets: they must not crowd out what an application does when it has joined. */
const FILL_EVERY_MS = 500
/** Milliseconds after which a bucket that is empty although it was filled is filled again. */
const REFILL_AFTER_MS = 60_000

export interface DueLookup {
  readonly target: Key
  /** Through somebody drawn by chance. */
  readonly around: boolean
}

export class Lookups {
  readonly #self: Key
  readonly #table: RoutingTable
  readonly #random: Random
  #isActive = false
  #joined = false
  #selfAt: Millis = Number.POSITIVE_INFINITY
  #selfEveryMs = SELF_FIRST_MS
  /** No unknown neighbour begins the series again before. */
  #surpriseAt: Millis = 0
  /** Lookups of our own id that nobody answered, one after the other. */
  #failures = 0
  #fillAt: Millis = Number.POSITIVE_INFINITY
  readonly #filledAtByBucket = new Map<number, Millis>()
  readonly #refreshAtByBucket = new Map<number, Millis>()

  constructor(self: PeerId, table: RoutingTable, random: Random) {
    this.#self = keyOf(self)
    this.#table = table
    this.#random = random
  }

  /** Whether our own id has been looked up, and answered, since the first link. */
  get joined(): boolean {
    return this.#joined
  }

  get failures(): number {
    return this.#failures
  }

  /** The first link is up. */
  begin(now: Millis): void {
    this.#isActive = true
    this.#selfAt = now
    this.#selfEveryMs = SELF_FIRST_MS
    this.#failures = 0
    this.#filledAtByBucket.clear()
  }

  /** The last link has gone. */
  end(): void {
    this.#isActive = false
    this.#joined = false
    this.#selfAt = Number.POSITIVE_INFINITY
    this.#fillAt = Number.POSITIVE_INFINITY
    this.#refreshAtByBucket.clear()
  }

  /** A lookup found a neighbour that we did not know: there may be more. */
  surprised(now: Millis): void {
    if (now < this.#surpriseAt) return
    this.#surpriseAt = now + SELF_AROUND_FROM_MS
    this.disturbed(now)
  }

  /** Our neighbourhood has changed: look around again soon. */
  disturbed(now: Millis): void {
    if (!this.#joined) return
    this.#selfEveryMs = SELF_FIRST_MS
    this.#selfAt = Math.min(this.#selfAt, now + this.#around(SELF_FIRST_MS))
  }

  /** A lookup has ended. True where it was of our own id and the first since the first link that was answered. */
  found(target: Key, answered: boolean, now: Millis): boolean {
    if (!this.#isActive || target !== this.#self) return false
    if (!answered) {
      this.#selfAt = now + this.#around(Math.min(SELF_RETRY_MIN_MS * 2 ** this.#failures, SELF_RETRY_MAX_MS))
      this.#failures += 1
      return false
    }
    this.#failures = 0
    this.#selfAt = now + this.#around(this.#selfEveryMs)
    this.#selfEveryMs = Math.min(this.#selfEveryMs * 2, BUCKET_REFRESH_MS)
    this.#fillAt = now + FILL_EVERY_MS
    const first = !this.#joined
    this.#joined = true
    return first
  }

  /** What to look up now, while there is a link. */
  due(now: Millis): DueLookup[] {
    const lookups = this.#dueBuckets(now).map((target) => ({ target, around: false }))
    if (this.#selfAt <= now) {
      this.#selfAt = now + SELF_GIVE_UP_MS
      lookups.push({ target: this.#self, around: this.#selfEveryMs >= 2 * SELF_AROUND_FROM_MS })
    }
    if (this.#fillAt <= now) {
      const bucket = this.#unfilled(now)
      this.#fillAt = bucket === null ? Number.POSITIVE_INFINITY : now + FILL_EVERY_MS
      if (bucket !== null) lookups.push({ target: mirrorOf(this.#self, bucket), around: false })
    }
    return lookups
  }

  /** When `due` has something next. */
  nextAt(): Millis {
    return Math.min(this.#selfAt, this.#fillAt, ...this.#refreshAtByBucket.values())
  }

  /** Each bucket that has contacts comes up once per BUCKET_REFRESH_MS, from when it was first seen. */
  #dueBuckets(now: Millis): Key[] {
    const targets: Key[] = []
    const buckets = this.#table.bucketIndexes()
    for (const bucket of this.#refreshAtByBucket.keys()) {
      if (!buckets.includes(bucket)) this.#refreshAtByBucket.delete(bucket)
    }
    for (const bucket of buckets) {
      const refreshAt = this.#refreshAtByBucket.get(bucket)
      if (refreshAt !== undefined && refreshAt > now) continue
      if (refreshAt !== undefined) targets.push(randomKeyInBucket(this.#self, bucket, this.#random))
      this.#refreshAtByBucket.set(bucket, now + this.#around(BUCKET_REFRESH_MS))
    }
    return targets
  }

  /**
   * The farthest bucket, up to that of our last sibling, whose mirror point was not looked up: there is whoever we want a
   * link to. While siblings are few we know everybody there is.
   */
  #unfilled(now: Millis): number | null {
    const { siblings } = this.#table
    const last = siblings.isFull ? (siblings.list.at(-1)?.bucket ?? -1) : -1
    for (let bucket = 0; bucket <= last; bucket++) {
      const filledAt = this.#filledAtByBucket.get(bucket)
      const isEmpty = this.#table.membersOf(bucket).length === 0
      if (filledAt !== undefined && !(isEmpty && now - filledAt >= REFILL_AFTER_MS)) continue
      this.#filledAtByBucket.set(bucket, now)
      return bucket
    }
    return null
  }

  /** The time, give or take a quarter: peers that began together must not act together for ever. */
  #around(ms: number): number {
    return Math.round(ms * (0.75 + this.#random.u32() / 0x2_0000_0000))
  }
}
