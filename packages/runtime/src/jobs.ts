// Cryptography and storage that core asks for: each becomes one `job-done`, whatever goes wrong on the way.

import type { Effect, Input, JobId, JobResult } from '@hyphae/core'
import type { PeerCrypto } from './ports/crypto.ts'
import type { RecordKeeper } from './record-keeper.ts'

type JobEffect = Extract<Effect, { job: JobId }>

export class Jobs {
  readonly #crypto: PeerCrypto
  readonly #records: RecordKeeper
  readonly #send: (input: Input) => void

  constructor(crypto: PeerCrypto, records: RecordKeeper, send: (input: Input) => void) {
    this.#crypto = crypto
    this.#records = records
    this.#send = send
  }

  perform(effect: JobEffect): void {
    this.#run(effect).then(
      (result) => this.#send({ type: 'job-done', job: effect.job, result }),
      () => this.#send({ type: 'job-done', job: effect.job, result: failure(effect) }),
    )
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

/** What a job that failed beneath us means to core. Signing and sealing with our own keys do not fail while they exist. */
function failure(effect: JobEffect): JobResult {
  switch (effect.type) {
    case 'verify':
      return { type: 'verified', valid: false }
    case 'sign':
      return { type: 'signed', signature: new Uint8Array(64) }
    case 'seal':
      return { type: 'sealed', bytes: new Uint8Array(0) }
    case 'open':
      return { type: 'opened', bytes: null }
    case 'load':
      return { type: 'loaded', record: null }
    case 'store':
      return { type: 'stored', persisted: false }
  }
}
