// Jobs under way: which machine asked, and for whom. A remote may cause only so many at once; more of them wait their
// turn, and beyond that they are dropped and counted (PROTOCOL.md, LK-16).

import type { Effect, JobId } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { JOBS_PER_LINK_MAX, JOBS_WAITING_PER_LINK_MAX } from '../limits.ts'

export interface JobOwner<Name> {
  readonly machine: Name
  readonly token: string
}

interface Job<Name> extends JobOwner<Name> {
  readonly cause: PeerId | null
}

interface Load {
  running: number
  readonly waiting: { readonly owner: Job<string>; readonly start: (job: JobId) => Effect }[]
}

export class JobTable<Name extends string> {
  readonly #jobById = new Map<JobId, Job<Name>>()
  readonly #loadByCause = new Map<PeerId, Load>()
  #next = 1
  #dropped = 0

  /** Starts a job now or later; `start` makes the effect once its number is known. False where it is dropped. */
  begin(owner: JobOwner<Name>, cause: PeerId | null, start: (job: JobId) => Effect, out: Effect[]): boolean {
    const job = { ...owner, cause }
    const load = cause === null ? null : this.#loadOf(cause)
    if (load === null || load.running < JOBS_PER_LINK_MAX) {
      if (load !== null) load.running += 1
      this.#start(job, start, out)
      return true
    }
    if (load.waiting.length < JOBS_WAITING_PER_LINK_MAX) {
      load.waiting.push({ owner: job, start })
      return true
    }
    this.#dropped += 1
    return false
  }

  /** Whose job this was; null where nobody waits for it. Starts the next of the same link. */
  end(id: JobId, out: Effect[]): JobOwner<Name> | null {
    const job = this.#jobById.get(id)
    if (job === undefined) return null
    this.#jobById.delete(id)
    if (job.cause !== null) this.#startWaiting(job.cause, out)
    return job
  }

  get size(): number {
    return this.#jobById.size
  }

  get waiting(): number {
    let waiting = 0
    for (const load of this.#loadByCause.values()) waiting += load.waiting.length
    return waiting
  }

  get dropped(): number {
    return this.#dropped
  }

  #loadOf(cause: PeerId): Load {
    const known = this.#loadByCause.get(cause)
    if (known !== undefined) return known
    const load = { running: 0, waiting: [] }
    this.#loadByCause.set(cause, load)
    return load
  }

  #start(job: Job<Name>, start: (job: JobId) => Effect, out: Effect[]): void {
    const id = this.#next++
    this.#jobById.set(id, job)
    out.push(start(id))
  }

  #startWaiting(cause: PeerId, out: Effect[]): void {
    const load = this.#loadByCause.get(cause)
    if (load === undefined) return
    const waiting = load.waiting.shift()
    if (waiting !== undefined) return this.#start(waiting.owner as Job<Name>, waiting.start, out)
    load.running -= 1
    if (load.running === 0) this.#loadByCause.delete(cause)
  }
}
