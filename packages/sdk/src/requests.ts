// Requests from application to application: what this one asks others, and what its handlers answer them.

import {
  NAME_BYTES_MAX,
  type PeerCall,
  type PeerEvent,
  type PeerId,
  REQUEST_TIMEOUT_MS,
  type ResponseResult,
} from '@hyphae/core'
import { HyphaeError, messageOf, type PeerRuntime } from '@hyphae/runtime'
import { type CallOptions, timed } from './call-options.ts'
import { checkName, idOf } from './names.ts'
import { decodeValue, encodeValue } from './values.ts'

/** Characters of what a handler threw that its requester is told. */
const FAILURE_TEXT_MAX = 1_000

export type RequestHandler = (request: unknown, context: { readonly from: string }) => unknown

export class Requests {
  readonly #runtime: PeerRuntime
  readonly #onProblem: (problem: HyphaeError) => void
  readonly #handlerByName = new Map<string, RequestHandler>()

  /** `onProblem` hears of answers that could not be handed over. */
  constructor(runtime: PeerRuntime, onProblem: (problem: HyphaeError) => void) {
    this.#runtime = runtime
    this.#onProblem = onProblem
  }

  handle(name: string, handler: RequestHandler): () => void {
    checkName('name', name, NAME_BYTES_MAX)
    if (this.#handlerByName.has(name))
      throw new TypeError(`there is a handler for ${JSON.stringify(name)} already`)
    this.#handlerByName.set(name, handler)
    return () => {
      if (this.#handlerByName.get(name) === handler) this.#handlerByName.delete(name)
    }
  }

  async ask<T>(
    { peer, name, data }: { readonly peer: string; readonly name: string; readonly data: unknown },
    options: CallOptions,
  ): Promise<T> {
    checkName('name', name, NAME_BYTES_MAX)
    const { timeoutMs, ...rest } = timed(options, REQUEST_TIMEOUT_MS)
    const payload = encodeValue(data ?? null)
    const to = idOf<PeerId>('peer', peer)
    const result = await this.#runtime.call({ type: 'request', to, name, payload, timeoutMs }, rest)
    return answerOf<T>(result as ResponseResult, name)
  }

  /** Nobody here waits for the answer to arrive: the requester's own time runs out where it does not. */
  async answer({ request, from, name, payload }: PeerEvent & { type: 'request' }): Promise<void> {
    const outcome = await outcomeOf(this.#handlerByName.get(name), payload, from)
    this.#runtime.call({ type: 'respond', request, from, ...outcome }).catch((error: unknown) => {
      if (error instanceof HyphaeError) this.#onProblem(error)
    })
  }
}

type Outcome = Pick<PeerCall & { type: 'respond' }, 'status' | 'payload'>

/** Never rejects: what a handler throws, or returns and nobody can send, is told to whoever asked. */
async function outcomeOf(
  handler: RequestHandler | undefined,
  request: Uint8Array,
  from: string,
): Promise<Outcome> {
  if (!handler) return { status: 'no-handler', payload: encodeValue(null) }
  try {
    const decoded = decodeValue(request)
    if (!decoded.ok) throw new TypeError('the request is no value of this library')
    const answer = await handler(decoded.value, { from })
    return { status: 'ok', payload: encodeValue(answer ?? null) }
  } catch (error) {
    return { status: 'handler-failed', payload: encodeValue(messageOf(error).slice(0, FAILURE_TEXT_MAX)) }
  }
}

function answerOf<T>({ status, payload }: ResponseResult, name: string): T {
  const decoded = decodeValue(payload)
  switch (status) {
    case 'ok':
      if (!decoded.ok) throw new HyphaeError('HANDLER_FAILED', 'the answer is no value of this library')
      return decoded.value as T
    case 'no-handler':
      throw new HyphaeError('NO_HANDLER', `the peer handles no requests named ${JSON.stringify(name)}`)
    case 'handler-failed':
      throw new HyphaeError('HANDLER_FAILED', decoded.ok ? String(decoded.value) : 'the handler failed')
    case 'busy':
      throw new HyphaeError('BUSY', 'the peer has too many requests waiting')
  }
}
