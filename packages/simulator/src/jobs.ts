// Cryptography and storage of one peer: results at once, answers after the time they take on a real machine.
//
// Cryptography waits in one line per peer and is counted in microseconds. Inputs come in whole milliseconds, rounded down:
// a single verification answers in the same millisecond, ten in a row hold the last one back by one.

import type { Contact, Effect, JobId, JobResult, Millis } from '@hyphae/core'
import type { Disk } from './disk.ts'
import { open, seal, sign, verify } from './keyed-hash-crypto.ts'

type JobEffect = Extract<Effect, { job: JobId }>

/** Microseconds of processor time: between the figures of Chromium, Firefox and Node 20 (35 to 215 µs). */
const SIGN_MICROS = 70
const VERIFY_MICROS = 100
/** X25519 and AES-GCM. Guess: two scalar multiplications' worth. */
const BOX_MICROS = 200
/** Milliseconds of one read from IndexedDB. Guess. */
const LOAD_MS = 2
/** Milliseconds after which a write is on disk: the middle of the 50 to 100 ms that writes are collected for. */
const STORE_MS = 75

export interface JobLine {
  readonly contact: Contact
  readonly disk: Disk
  readonly now: () => Millis
  /** Answers this many milliseconds from now, if the peer still runs then. `first` runs just before, in any case. */
  readonly answer: (delayMs: number, job: JobId, result: JobResult, first?: () => void) => void
}

export class Jobs {
  readonly #line: JobLine
  #freeAtMicros = 0
  #boxes = 0

  constructor(line: JobLine) {
    this.#line = line
  }

  perform(effect: JobEffect): void {
    const { disk, answer } = this.#line
    switch (effect.type) {
      case 'load':
        return answer(LOAD_MS, effect.job, { type: 'loaded', record: disk.load(effect.key) })
      case 'store': {
        const write = disk.store(effect.key, effect.record, effect.header)
        return answer(STORE_MS, effect.job, { type: 'stored', persisted: true }, write)
      }
      default:
        return this.#compute(effect)
    }
  }

  #compute(effect: Exclude<JobEffect, { type: 'load' | 'store' }>): void {
    const { contact, answer } = this.#line
    switch (effect.type) {
      case 'sign':
        return answer(this.#queue(SIGN_MICROS), effect.job, {
          type: 'signed',
          signature: sign(contact.signingKey, effect.bytes),
        })
      case 'verify':
        return answer(this.#queue(VERIFY_MICROS), effect.job, {
          type: 'verified',
          valid: verify(effect.key, effect.bytes, effect.signature),
        })
      case 'seal':
        return answer(this.#queue(BOX_MICROS), effect.job, {
          type: 'sealed',
          bytes: seal(contact, effect.peer, ++this.#boxes, effect.bytes),
        })
      case 'open':
        return answer(this.#queue(BOX_MICROS), effect.job, {
          type: 'opened',
          bytes: open(contact, effect.peer, effect.bytes),
        })
    }
  }

  /** Whole milliseconds until this work is done, after what waits already. */
  #queue(micros: number): number {
    const nowMicros = this.#line.now() * 1_000
    this.#freeAtMicros = Math.max(this.#freeAtMicros, nowMicros) + micros
    return Math.floor((this.#freeAtMicros - nowMicros) / 1_000)
  }
}
