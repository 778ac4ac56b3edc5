// Cryptography and storage that core asks for: each becomes one `job-done`, whatever goes wrong on the way. What went wrong
// beneath us is told besides, because core cannot know it from a bad answer of a remote.

import type { Effect, Input, JobId, JobResult, PeerEvent } from '@hyphae/core'
import { HyphaeError, messageOf } from './error.ts'
import type { PeerCrypto } from './ports/crypto.ts'
import type { RecordKeeper } from './record-keeper.ts'

type JobEffect = Extract<Effect, { job: JobId }>

export interface JobsOptions {
  readonly crypto: PeerCrypto
  readonly records: RecordKeeper
  /** Takes the result of each job, once. */
  readonly send: (input: Input) => void
  readonly tell: (event: PeerEvent) => void
}

/** What it is called where a job fails without saying so itself. */
const CODES = {
  verify: 'UNSUPPORTED',
  sign: 'UNSUPPORTED',
  seal: 'UNSUPPORTED',
  open: 'UNSUPPORTED',
  load: 'STORAGE_FAILED',
  store: 'STORAGE_FAILED',
} as const

export class Jobs {
  readonly #crypto: PeerCrypto
  readonly #records: RecordKeeper
  readonly #send: (input: Input) => void
  readonly #tell: (event: PeerEvent) => void

  constructor({ crypto, records, send, tell }: JobsOptions) {
    this.#crypto = crypto
    this.#records = records
    this.#send = send
    this.#tell = tell
  }

  /** Resolves once the result is sent. */
  perform(effect: JobEffect): Promise<void> {
    return this.#run(effect).then(
      (result) => this.#send({ type: 'job-done', job: effect.job, result }),
      (error: unknown) => this.#fail(effect, error),
    )
  }

  #fail(effect: JobEffect, error: unknown): void {
    // An exchange key that nobody can seal to is the remote's doing, and an attempt's end says so.
    const code = error instanceof HyphaeError ? error.code : CODES[effect.type]
    const isTheirs = effect.type === 'seal' && code === 'PEER_UNREACHABLE'
    if (!isTheirs)
      this.#tell({ type: 'problem', code, message: `job "${effect.type}" failed: ${messageOf(error)}` })
    this.#send({ type: 'job-done', job: effect.job, result: failure(effect) })
  }

  async #run(effect: JobEffect): Promise<JobResult> {
    switch (effect.type) {
      case 'verify':
        return {
          type: 'verified',
          valid: await this.#crypto.verify(effect.key, effect.bytes, effect.signature),
        }
      case 'sign':
        return { type: 'signed', signature: await this.#crypto.sign(effect.bytes) }
      case 'seal':
        return { type: 'sealed', bytes: await this.#crypto.seal(effect.bytes, effect.peer) }
      case 'open':
        return { type: 'opened', bytes: await this.#crypto.open(effect.bytes, effect.peer) }
      case 'load':
        return { type: 'loaded', record: await this.#records.load(effect.key) }
      case 'store':
        return {
          type: 'stored',
          persisted: await this.#records.save(effect.key, effect.record, effect.header),
        }
    }
  }
}

/** What a job that failed means to core. A signature that was not made is one that nobody accepts. */
function failure(effect: JobEffect): JobResult {
  switch (effect.type) {
    case 'verify':
      return { type: 'verified', valid: false }
    case 'sign':
      return { type: 'signed', signature: new Uint8Array(64) }
    case 'seal':
      return { type: 'sealed', bytes: null }
    case 'open':
      return { type: 'opened', bytes: null }
    case 'load':
      return { type: 'loaded', record: null, failed: true }
    case 'store':
      return { type: 'stored', persisted: false }
  }
}
