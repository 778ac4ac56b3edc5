// Commands that core works on, as promises: numbered, cancellable, with a deadline of their own.

import type { Effect, FailureCode, Input, OpId, PeerCall } from '@hyphae/core'
import { callSafely } from './call-safely.ts'
import { aborted, HyphaeError } from './error.ts'
import type { CallOptions } from './peer-runtime.ts'
import { limitWait } from './wait-limits.ts'

interface Pending {
  resolve(value: unknown): void
  reject(error: HyphaeError): void
  readonly onProgress: ((value: unknown) => void) | undefined
  stopWaiting(): void
}

export class PendingCalls {
  readonly #send: (input: Input) => void
  readonly #pendingByOp = new Map<OpId, Pending>()
  #nextOp = 1

  constructor(send: (input: Input) => void) {
    this.#send = send
  }

  begin(call: PeerCall, options: CallOptions): Promise<unknown> {
    const { signal, onProgress } = options
    if (signal?.aborted) return Promise.reject(aborted(signal))
    const op = this.#nextOp++
    return new Promise((resolve, reject) => {
      this.#pendingByOp.set(op, {
        resolve,
        reject,
        onProgress,
        stopWaiting: limitWait(options, (error) => this.#giveUp(op, error)),
      })
      this.#send({ type: 'command', op, call })
    })
  }

  /** A number for a command whose answer nobody waits for. */
  unanswered(): OpId {
    return this.#nextOp++
  }

  settle(effect: Effect & { type: 'progress' | 'done' | 'failed' }): void {
    if (effect.type === 'progress') {
      const onProgress = this.#pendingByOp.get(effect.op)?.onProgress
      if (onProgress) callSafely(onProgress, effect.value)
    } else if (effect.type === 'done') this.#take(effect.op)?.resolve(effect.value)
    else this.#take(effect.op)?.reject(new HyphaeError(effect.code, effect.message))
  }

  rejectAll(code: FailureCode, message: string): void {
    for (const op of this.#pendingByOp.keys()) this.#take(op)?.reject(new HyphaeError(code, message))
  }

  #giveUp(op: OpId, error: HyphaeError): void {
    this.#take(op)?.reject(error)
    this.#send({ type: 'cancel', op })
  }

  /** The call ends now, whatever comes for it later. */
  #take(op: OpId): Pending | undefined {
    const pending = this.#pendingByOp.get(op)
    this.#pendingByOp.delete(op)
    pending?.stopWaiting()
    return pending
  }
}
