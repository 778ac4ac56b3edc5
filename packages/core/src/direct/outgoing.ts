// Requests of ours, from the command to its outcome.

import type { Millis, OpId } from '../contract.ts'
import type { RouteKey } from '../dht/route-state.ts'
import { newOperationId, type RoutedReply, type RouteEnd } from '../dht/routed.ts'
import { isAcceptable } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { NAME_BYTES_MAX, PAYLOAD_BYTES_MAX, REQUESTS_OUT_MAX } from '../limits.ts'
import { RESPONSE_STATUS, type ResponseResult, type ResponseStatus } from '../peer/calls.ts'
import { utf8 } from '../wire/bytes.ts'
import type { MessageOf, OperationId } from '../wire/messages.ts'
import { requestSignedBytes, responseSignedBytes } from './envelope.ts'
import type { RequestsCall, RequestsContext, Turn } from './requests.ts'
import { routeTo } from './way.ts'

interface OutRequest {
  readonly op: OpId
  readonly to: PeerId
  readonly message: Omit<MessageOf<'REQUEST'>, 'signature'>
  readonly deadline: Millis
  /** Responses whose signatures are being checked, by token. */
  readonly checking: Map<string, ResponseResult>
  /** Why nothing more will come, while a response is still being checked. */
  ended: RouteEnd | null
  /** Somebody said, without proof, that the target has no room: it names the failure, and ends nothing. */
  isRefused: boolean
}

const SIGN = 'sign-request:'
const CHECK = 'check-response:'
/** A receipt is not signed: it only ends a route. */
const NO_SIGNATURE = new Uint8Array(64)
const NO_BYTES = new Uint8Array(0)

export class Outgoing {
  readonly #context: RequestsContext
  readonly #byRequest = new Map<OperationId, OutRequest>()
  #checks = 0

  constructor(context: RequestsContext) {
    this.#context = context
  }

  get size(): number {
    return this.#byRequest.size
  }

  call(op: OpId, call: RequestsCall & { type: 'request' }, turn: Turn): void {
    const refusal = this.#refusal(call)
    if (refusal !== null) {
      turn.out.push({ type: 'failed', op, ...refusal })
      return
    }
    const { self, networkId, random } = this.#context
    const { to, name, payload, timeoutMs } = call
    const request = newOperationId(random)
    const message = { type: 'REQUEST', request, sender: self, sentAt: turn.now, name, payload } as const
    const deadline = turn.now + timeoutMs
    this.#byRequest.set(request, {
      op,
      to,
      message,
      deadline,
      checking: new Map(),
      ended: null,
      isRefused: false,
    })
    turn.out.push({ type: 'set-timer', afterMs: timeoutMs, timer: { type: 'request', request } })
    turn.out.push({
      type: 'sign',
      token: SIGN + request,
      bytes: requestSignedBytes(networkId, to, message),
    })
  }

  signed(token: string, signature: Uint8Array, turn: Turn): void {
    if (!token.startsWith(SIGN)) return
    const operation = token.slice(SIGN.length) as OperationId
    const out = this.#byRequest.get(operation)
    if (out === undefined) return
    const inner = { ...out.message, signature }
    const parcel = { operation, to: out.to, inner, timeoutMs: out.deadline - turn.now }
    turn.out.push(routeTo(this.#context.routing, parcel))
  }

  reply(input: RoutedReply, turn: Turn): void {
    const { inner, hops, via } = input
    if (inner.type === 'RESPONSE' && inner.request === input.operation)
      this.#check(inner, { hops, cause: hops === 0 ? null : via }, turn)
  }

  /** The way back was forgotten, so the response made its own. The receipt tells the responder's router to stop. */
  deliver(
    { route, from, message }: { route: RouteKey; from: PeerId; message: MessageOf<'RESPONSE'> },
    turn: Turn,
  ): void {
    const receipt = { ...message, responder: this.#context.self, signature: NO_SIGNATURE, payload: NO_BYTES }
    turn.out.push({ type: 'answer', route, inner: receipt, last: true })
    this.#check(message, { hops: 0, cause: from }, turn)
  }

  verified(token: string, valid: boolean, turn: Turn): void {
    if (!token.startsWith(CHECK)) return
    const request = token.slice(CHECK.length, token.lastIndexOf(':')) as OperationId
    const out = this.#byRequest.get(request)
    const value = out?.checking.get(token)
    if (out === undefined || value === undefined) return
    out.checking.delete(token)
    if (valid) {
      this.#close(request, turn)
      turn.out.push({ type: 'done', op: out.op, value })
      return
    }
    if (value.status === 'busy') out.isRefused = true
    if (out.ended !== null) this.ended(request, out.ended, turn)
  }

  ended(request: OperationId, reason: RouteEnd, turn: Turn): void {
    const out = this.#byRequest.get(request)
    if (out === undefined) return
    out.ended = reason
    if (out.checking.size > 0) return
    if (reason === 'timeout') return this.timeout(request, turn)
    this.#byRequest.delete(request)
    // A linked peer is there: what it sends back it has no room for, in any of its bounds.
    const isBusy = out.isRefused || this.#context.routing.isLinked(out.to)
    turn.out.push({ type: 'failed', op: out.op, ...failureOf(reason, isBusy) })
  }

  timeout(request: OperationId, turn: Turn): void {
    const out = this.#byRequest.get(request)
    if (out === undefined) return
    this.#close(request, turn)
    const message = 'no response came in time; the request may have been handled'
    turn.out.push({ type: 'failed', op: out.op, code: 'TIMEOUT', message })
  }

  cancel(op: OpId, turn: Turn): void {
    for (const [request, out] of this.#byRequest) if (out.op === op) return this.#close(request, turn)
  }

  #check(
    response: MessageOf<'RESPONSE'>,
    came: { readonly hops: number; readonly cause: PeerId | null },
    turn: Turn,
  ): void {
    const { request, responder, status, signature, payload } = response
    const out = this.#byRequest.get(request)
    const { self, networkId, workBits } = this.#context
    if (out === undefined || responder.id !== out.to || !isAcceptable(responder, workBits)) return
    const token = `${CHECK}${request}:${this.#checks++}`
    const result = RESPONSE_STATUS[status] as ResponseStatus
    out.checking.set(token, { status: result, payload: payload.slice(), hops: came.hops })
    const bytes = responseSignedBytes(networkId, self.id, response)
    turn.out.push({ type: 'verify', token, key: responder.signingKey, bytes, signature, cause: came.cause })
  }

  #close(request: OperationId, turn: Turn): void {
    if (this.#byRequest.delete(request)) turn.out.push({ type: 'stop-route', operation: request })
  }

  #refusal(call: RequestsCall & { type: 'request' }) {
    if (call.payload.length > PAYLOAD_BYTES_MAX)
      return { code: 'TOO_LARGE', message: `a request carries at most ${PAYLOAD_BYTES_MAX} bytes` } as const
    if (utf8(call.name).length > NAME_BYTES_MAX)
      return { code: 'TOO_LARGE', message: `a name has at most ${NAME_BYTES_MAX} bytes` } as const
    if (this.size >= REQUESTS_OUT_MAX)
      return { code: 'BUSY', message: `more than ${REQUESTS_OUT_MAX} requests under way` } as const
    return null
  }
}

function failureOf(reason: Exclude<RouteEnd, 'timeout'>, isBusy: boolean) {
  if (reason === 'no-links') return { code: 'NO_PEERS', message: 'no link to send through' } as const
  if (isBusy) return { code: 'BUSY', message: 'the peer takes no more requests now' } as const
  return { code: 'PEER_UNREACHABLE', message: 'no way led to the peer' } as const
}
