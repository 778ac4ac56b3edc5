// Work the driver does for the store: signatures and storage. A job is a token and what follows it; no order of
// completion is promised, and an unknown token is a no-op.

import type { JobResult, Millis } from '../contract.ts'
import type { Key, PeerId } from '../identity/peer-id.ts'
import { JOBS_PER_LINK_MAX } from '../limits.ts'
import type { PeerRecord, RecordHeader } from './record.ts'
import type { StoreToken } from './store.ts'
import type { Follow, Turn } from './store-context.ts'

/** Milliseconds after which a job that never came back is forgotten: far longer than any disk or key takes. */
const JOB_FORGOTTEN_MS = 60_000

interface Job {
  readonly cause: PeerId | null
  readonly since: Millis
  readonly follow: Follow<JobResult>
}

/** Whose fault the work is, for the bound per link; null for our own. */
interface Caused {
  readonly cause: PeerId | null
}

/** `failed`: it could not be read now, and may be there all the same. */
type FollowLoad = (record: PeerRecord | null, turn: Turn, failed: boolean) => void

export interface Proof {
  readonly key: Uint8Array
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
}

export class StoreJobs {
  #next = 0
  readonly #jobByToken = new Map<StoreToken, Job>()
  readonly #jobsByCause = new Map<PeerId, number>()

  /** Whether this link may cause another job. Above the bound its messages are dropped or passed on. */
  hasRoom(cause: PeerId): boolean {
    return (this.#jobsByCause.get(cause) ?? 0) < JOBS_PER_LINK_MAX
  }

  verify(job: Proof & Caused & { readonly follow: Follow<boolean> }, turn: Turn): void {
    const { key, bytes, signature, cause } = job
    const token = this.#add(cause, turn, (result, later) => {
      if (result.type === 'verified') job.follow(result.valid, later)
    })
    turn.out.push({ type: 'verify', token, key, bytes, signature, cause })
  }

  sign(job: Caused & { readonly bytes: Uint8Array; readonly follow: Follow<Uint8Array> }, turn: Turn): void {
    const token = this.#add(job.cause, turn, (result, later) => {
      if (result.type === 'signed') job.follow(result.signature, later)
    })
    turn.out.push({ type: 'sign', token, bytes: job.bytes })
  }

  load(job: Caused & { readonly key: Key; readonly follow: FollowLoad }, turn: Turn): void {
    const token = this.#add(job.cause, turn, (result, later) => {
      if (result.type === 'loaded') job.follow(result.record, later, result.failed === true)
    })
    turn.out.push({ type: 'load', token, key: job.key })
  }

  /** `follow` hears whether the record reached the disk. Others may load it at once. */
  store(header: RecordHeader, record: PeerRecord, turn: Turn, follow: Follow<boolean> = () => {}): void {
    const token = this.#add(null, turn, (result, later) => {
      if (result.type === 'stored') follow(result.persisted, later)
    })
    turn.out.push({ type: 'store', token, key: header.key, record, header })
  }

  finished(token: StoreToken, result: JobResult, turn: Turn): void {
    const job = this.#jobByToken.get(token)
    if (job === undefined) return
    this.#remove(token, job)
    job.follow(result, turn)
  }

  /** Forgets jobs that were dropped on their way. Tokens are in the order of their making. */
  sweep(now: Millis): void {
    for (const [token, job] of this.#jobByToken) {
      if (now - job.since < JOB_FORGOTTEN_MS) return
      // Nobody drops our own, whose results may come later than this after a sleep, and free what waits for them.
      if (job.cause !== null) this.#remove(token, job)
    }
  }

  get size(): number {
    return this.#jobByToken.size
  }

  #add(cause: PeerId | null, turn: Turn, follow: Follow<JobResult>): StoreToken {
    const token = `store:${this.#next++}`
    this.#jobByToken.set(token, { cause, since: turn.now, follow })
    if (cause !== null) this.#jobsByCause.set(cause, (this.#jobsByCause.get(cause) ?? 0) + 1)
    return token
  }

  #remove(token: StoreToken, job: Job): void {
    this.#jobByToken.delete(token)
    if (job.cause === null) return
    const left = (this.#jobsByCause.get(job.cause) ?? 1) - 1
    if (left > 0) this.#jobsByCause.set(job.cause, left)
    else this.#jobsByCause.delete(job.cause)
  }
}
