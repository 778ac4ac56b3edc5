// Commands that core works on, as promises: numbered, cancellable, with a deadline of their own.

import type { Effect, FailureCode, Input, OpId, PeerCall } from '@hyphae/core'
import { callSafely } from './call-safely.ts'
import { aborted, HyphaeError, timedOut } from './error.ts'
import type { CallOptions } from './peer-runtime.ts'
import { afterMs } from './timer.ts'

interface Pending {
  resolve(value: unknown): void
  reject(error: HyphaeError): void
  onProgress(value: unknown): void
}

export class PendingCalls {
  readonly #send: (input: Input) => void
  readonly #pendingByOp = new Map<OpId, Pending>()
  #nextOp = 1

  constructor(send: (input: Input) => void) {
    this.#send = send
  }

  begin(call: PeerCall, options: CallOptions): Promise<unknown> {
    const { signal, timeoutMs } = options
    if (signal?.aborted) return Promise.reject(aborted(signal))
    const op = this.#nextOp++
    return new Promise((resolve, reject) => {
      const abort = () => this.#giveUp(op, aborted(signal))
      const stopTimer = afterMs(timeoutMs, () => this.#giveUp(op, timedOut(timeoutMs)))
      const tidy = () => {
        stopTimer()
        signal?.removeEventListener('abort', abort)
      }
      signal?.addEventListener('abort', abort)
      this.#pendingByOp.set(op, {
        resolve: (value) => {
          tidy()
          resolve(value)
        },
        reject: (error) => {
          tidy()
          reject(error)
        },
        onProgress: (value) => options.onProgress?.(value),
      })
      this.#send({ type: 'command', op, call })
    })
  }

  /** A number for a command whose answer nobody waits for. */
  unanswered(): OpId {
    return this.#nextOp++
  }

  settle(effect: Effect & { type: 'progress' | 'done' | 'failed' }): void {
    const pending = this.#pendingByOp.get(effect.op)
    if (pending === undefined) return
    if (effect.type === 'progress') return callSafely(pending.onProgress, effect.value)
    this.#pendingByOp.delete(effect.op)
    if (effect.type === 'done') pending.resolve(effect.value)
    else pending.reject(new HyphaeError(effect.code, effect.message))
  }

  rejectAll(code: FailureCode, message: string): void {
    for (const pending of this.#pendingByOp.values()) pending.reject(new HyphaeError(code, message))
    this.#pendingByOp.clear()
  }

  #giveUp(op: OpId, error: HyphaeError): void {
    const pending = this.#pendingByOp.get(op)
    if (pending === undefined) return
    this.#pendingByOp.delete(op)
    pending.reject(error)
    this.#send({ type: 'cancel', op })
  }
}
