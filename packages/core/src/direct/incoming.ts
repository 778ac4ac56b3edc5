// Requests of others: proved, told to the application once, answered on every way they came.

import { putLast } from '../bounded-map.ts'
import type { Millis, OpId } from '../contract.ts'
import type { RouteKey } from '../dht/route-state.ts'
import { newOperationId, type RoutedReply } from '../dht/routed.ts'
import { type Contact, isAcceptable } from '../identity/contact.ts'
import type { PeerId } from '../identity/peer-id.ts'
import {
  OPERATION_TIMEOUT_MS,
  PAYLOAD_BYTES_MAX,
  REQUEST_CLOCK_MS_MAX,
  REQUEST_IDS_MAX,
  REQUEST_WAIT_MS,
  REQUESTS_IN_MAX,
  REQUESTS_PER_PEER_MAX,
  RESPONSES_KEPT_MAX,
  ROUTE_PATHS_MAX,
  ROUTE_STATE_MS,
} from '../limits.ts'
import { RESPONSE_STATUS, type ResponseStatus } from '../peer/calls.ts'
import { RecentSet } from '../recent-set.ts'
import type { MessageOf, OperationId } from '../wire/messages.ts'
import { requestSignedBytes, responseSignedBytes } from './envelope.ts'
import type { RequestsCall, RequestsContext, Turn } from './requests.ts'
import { routeTo } from './way.ts'

/** Milliseconds by which the first hop remembered the way back before we did, at most: the slowest way here. */
const WAY_HERE_MS = 2_000
/** Milliseconds between two looks for what is too old. */
const SWEEP_MS = 60_000
/** Milliseconds an id is remembered: a request dated ahead as far as allowed is fresh for twice the tolerance. */
const GENERATION_MS = 2 * REQUEST_CLOCK_MS_MAX

/** Who asked and under which id: an id alone could be taken by somebody who saw it pass. */
type InKey = string

interface Way {
  readonly route: RouteKey
  readonly since: Millis
}

interface InRequest {
  readonly key: InKey
  readonly request: OperationId
  readonly sender: Contact
  readonly since: Millis
  /** One per path that the request came on. */
  readonly ways: Way[]
  /** What is being signed, and for which command; null while the application thinks. */
  answer: {
    readonly op: OpId | null
    readonly message: Omit<MessageOf<'RESPONSE'>, 'signature'>
  } | null
}

interface Delivery {
  readonly route: RouteKey
  readonly from: PeerId
  readonly message: MessageOf<'REQUEST'>
}

/** Requests accepted or being refused under a signature, which is work: beyond this they are refused without. */
const KEPT_MAX = 2 * REQUESTS_IN_MAX

const CHECK = 'check-request:'
const SIGN = 'sign-response:'

export class Incoming {
  readonly #context: RequestsContext
  readonly #checkingByToken = new Map<string, Delivery & { readonly since: Millis }>()
  readonly #waitingByKey = new Map<InKey, InRequest>()
  readonly #responseByKey = new Map<InKey, MessageOf<'RESPONSE'>>()
  /** Responses that make their own way, and the commands that wait for their receipts. */
  readonly #opByOperation = new Map<OperationId, OpId | null>()
  readonly #seen = new RecentSet<InKey>(REQUEST_IDS_MAX)
  #turnedAt: Millis = 0
  #checks = 0
  #sweeping = false

  constructor(context: RequestsContext) {
    this.#context = context
  }

  tables(): Readonly<Record<string, number>> {
    return {
      requestsChecking: this.#checkingByToken.size,
      requestsIn: this.#waitingByKey.size,
      requestIds: this.#seen.size,
      responsesKept: this.#responseByKey.size,
      responsesRouted: this.#opByOperation.size,
    }
  }

  /** What cannot be for us goes back: the requester learns soon that this way leads nowhere. */
  deliver(delivery: Delivery, turn: Turn): void {
    const { sender, sentAt } = delivery.message
    const { workBits, networkId, self } = this.#context
    const isFresh = Math.abs(turn.now - sentAt) <= REQUEST_CLOCK_MS_MAX
    if (isFresh && this.#isCopy(delivery, turn)) return
    if (!isFresh || !isAcceptable(sender, workBits)) {
      turn.out.push({ type: 'pass', route: delivery.route })
      return
    }
    if (this.#checkingByToken.size >= REQUESTS_IN_MAX) return this.#refuse(delivery, turn)
    const token = `${CHECK}${this.#checks++}`
    this.#checkingByToken.set(token, { ...delivery, since: turn.now })
    const { signature } = delivery.message
    const bytes = requestSignedBytes(networkId, self.id, delivery.message)
    const cause = delivery.from === self.id ? null : delivery.from
    turn.out.push({ type: 'verify', token, key: sender.signingKey, bytes, signature, cause })
    this.#keepSweeping(turn)
  }

  /** A bad signature is nobody's offence: whoever is named as the sender may have carried what others made. */
  verified(token: string, valid: boolean, turn: Turn): void {
    const delivery = this.#checkingByToken.get(token)
    if (delivery === undefined) return
    this.#checkingByToken.delete(token)
    if (!valid) turn.out.push({ type: 'pass', route: delivery.route })
    else if (!this.#isCopy(delivery, turn)) this.#accept(delivery, turn)
  }

  /** The link has caused too much work: nothing is known of the request. */
  dropped(token: string, turn: Turn): void {
    const delivery = this.#checkingByToken.get(token)
    if (delivery === undefined) return
    this.#checkingByToken.delete(token)
    this.#refuse(delivery, turn)
  }

  respond(op: OpId, call: RequestsCall & { type: 'respond' }, turn: Turn): void {
    const waiting = this.#waitingByKey.get(keyOfRequest(call.from, call.request))
    if (waiting === undefined || waiting.answer !== null) {
      const message = 'the request does not wait for an answer any more'
      turn.out.push({ type: 'failed', op, code: 'TIMEOUT', message })
    } else if (call.payload.length > PAYLOAD_BYTES_MAX) {
      const message = `a response carries at most ${PAYLOAD_BYTES_MAX} bytes`
      turn.out.push({ type: 'failed', op, code: 'TOO_LARGE', message })
    } else this.#sign(waiting, { op, status: call.status, payload: call.payload }, turn)
  }

  signed(token: string, signature: Uint8Array, turn: Turn): void {
    const waiting = token.startsWith(SIGN) ? this.#waitingByKey.get(token.slice(SIGN.length)) : undefined
    if (waiting === undefined || waiting.answer === null) return
    const { op, message } = waiting.answer
    const response = { ...message, signature }
    this.#waitingByKey.delete(waiting.key)
    putLast(this.#responseByKey, waiting.key, response, RESPONSES_KEPT_MAX)
    const ways = waiting.ways.filter(({ since }) => turn.now - since < ROUTE_STATE_MS - WAY_HERE_MS)
    for (const { route } of ways) turn.out.push({ type: 'answer', route, inner: response, last: true })
    if (ways.length === 0) this.#sendAfresh(waiting, response, turn)
    else if (op !== null) turn.out.push({ type: 'done', op, value: null })
  }

  /** The requester got a response that made its own way. */
  receipt(input: RoutedReply, turn: Turn): void {
    const op = this.#opByOperation.get(input.operation)
    if (op === undefined || input.inner.type !== 'RESPONSE') return
    this.#opByOperation.delete(input.operation)
    turn.out.push({ type: 'stop-route', operation: input.operation })
    if (op !== null) turn.out.push({ type: 'done', op, value: null })
  }

  ended(operation: OperationId, turn: Turn): void {
    const op = this.#opByOperation.get(operation)
    if (op === undefined) return
    this.#opByOperation.delete(operation)
    if (op === null) return
    const message = 'the requester was not reached'
    turn.out.push({ type: 'failed', op, code: 'PEER_UNREACHABLE', message })
  }

  /** The answer goes out all the same; only nobody waits to hear of it. */
  cancel(op: OpId): void {
    for (const waiting of this.#waitingByKey.values())
      if (waiting.answer?.op === op) waiting.answer = { ...waiting.answer, op: null }
    for (const [operation, other] of this.#opByOperation)
      if (other === op) this.#opByOperation.set(operation, null)
  }

  /** Forgets checks that never came back, requests nobody answered, and ids too old to be fresh. */
  sweep({ now, out }: Turn): void {
    for (const [token, { since }] of this.#checkingByToken)
      if (now - since >= ROUTE_STATE_MS) this.#checkingByToken.delete(token)
    for (const [key, { since, answer }] of this.#waitingByKey)
      if (answer === null && now - since >= REQUEST_WAIT_MS) this.#waitingByKey.delete(key)
    if (now - this.#turnedAt >= GENERATION_MS) {
      this.#seen.turn()
      this.#responseByKey.clear()
      this.#turnedAt = now
    }
    this.#sweeping = false
    this.#keepSweeping({ now, out })
  }

  /** A request we know: its path joins those to be answered, or is answered at once. A replay gets nothing. */
  #isCopy({ route, message }: Delivery, turn: Turn): boolean {
    const key = keyOfRequest(message.sender.id, message.request)
    const waiting = this.#waitingByKey.get(key)
    const response = this.#responseByKey.get(key)
    if (waiting !== undefined && waiting.ways.length < ROUTE_PATHS_MAX)
      waiting.ways.push({ route, since: turn.now })
    else if (response !== undefined) turn.out.push({ type: 'answer', route, inner: response, last: true })
    else if (this.#seen.has(key)) turn.out.push({ type: 'pass', route })
    else return false
    return true
  }

  #accept(delivery: Delivery, turn: Turn): void {
    const { route, message } = delivery
    const { request, sender, name, payload } = message
    const key = keyOfRequest(sender.id, request)
    if (this.#waitingByKey.size >= KEPT_MAX) return this.#refuse(delivery, turn)
    const isBusy = this.#isBusy(sender.id)
    // At capacity the older ids are forgotten before their time: an old request could then be repeated, by whoever
    // forwarded it, once. That takes more than 54 requests a second for 20 minutes.
    this.#seen.add(key)
    const ways = [{ route, since: turn.now }]
    const waiting: InRequest = { key, request, sender, since: turn.now, ways, answer: null }
    this.#waitingByKey.set(key, waiting)
    if (isBusy) return this.#sign(waiting, { op: null, status: 'busy', payload: new Uint8Array(0) }, turn)
    const event = { type: 'request', request, from: sender.id, name, payload: payload.slice() } as const
    turn.out.push({ type: 'event', event })
  }

  /** Busy, and too busy to sign that: less than was sent to us, once, and no work, so that nobody gains by asking for it. */
  #refuse({ route, message: { request } }: Delivery, { out }: Turn): void {
    const inner = {
      type: 'RESPONSE',
      request,
      responder: this.#context.self,
      status: RESPONSE_STATUS.indexOf('busy'),
      signature: new Uint8Array(64),
      payload: new Uint8Array(0),
    } as const
    out.push({ type: 'answer', route, inner, last: true })
  }

  #isBusy(sender: PeerId): boolean {
    if (this.#waitingByKey.size >= REQUESTS_IN_MAX) return true
    let ofSender = 0
    for (const waiting of this.#waitingByKey.values()) if (waiting.sender.id === sender) ofSender++
    return ofSender >= REQUESTS_PER_PEER_MAX
  }

  #sign(
    waiting: InRequest,
    answer: { op: OpId | null; status: ResponseStatus; payload: Uint8Array },
    turn: Turn,
  ): void {
    const { self, networkId } = this.#context
    const { request, sender, key } = waiting
    const { op, payload } = answer
    const status = RESPONSE_STATUS.indexOf(answer.status)
    const message = { type: 'RESPONSE', request, responder: self, status, payload } as const
    waiting.answer = { op, message }
    const bytes = responseSignedBytes(networkId, sender.id, message)
    turn.out.push({ type: 'sign', token: SIGN + key, bytes })
  }

  #sendAfresh(waiting: InRequest, inner: MessageOf<'RESPONSE'>, turn: Turn): void {
    const operation = newOperationId(this.#context.random)
    this.#opByOperation.set(operation, waiting.answer?.op ?? null)
    const parcel = { operation, to: waiting.sender.id, inner, timeoutMs: OPERATION_TIMEOUT_MS }
    turn.out.push(routeTo(this.#context.routing, parcel))
  }

  #keepSweeping({ now, out }: Turn): void {
    const isEmpty = this.#checkingByToken.size + this.#waitingByKey.size + this.#seen.size === 0
    if (this.#sweeping || isEmpty) return
    if (this.#seen.size === 0) this.#turnedAt = now
    this.#sweeping = true
    out.push({ type: 'set-timer', afterMs: SWEEP_MS, timer: { type: 'sweep' } })
  }
}

function keyOfRequest(from: PeerId, request: OperationId): InKey {
  return `${from}/${request}`
}
