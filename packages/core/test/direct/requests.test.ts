import { describe, expect, test } from 'vitest'
import { requestSignedBytes, responseSignedBytes } from '../../src/direct/envelope.ts'
import type { RequestsEffect } from '../../src/direct/requests.ts'
import { makeContact } from '../../src/identity/contact.ts'
import { networkIdOf } from '../../src/identity/network-id.ts'
import {
  NAME_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  REQUEST_CLOCK_MS_MAX,
  REQUEST_WAIT_MS,
  REQUESTS_IN_MAX,
  REQUESTS_OUT_MAX,
  REQUESTS_PER_PEER_MAX,
  RESPONSES_KEPT_MAX,
} from '../../src/limits.ts'
import { outOfBounds } from '../../src/peer/table-bounds.ts'
import type { MessageOf, OperationId } from '../../src/wire/messages.ts'
import { contactNumber } from '../dht/finder-bench.ts'
import { isSigned } from '../dht/stand-in-signatures.ts'
import { FORWARDER, NETWORK_ID, only, operationOf, PEER, RequestsBench } from './requests-bench.ts'

const MINUTE_MS = 60_000

/** An answer that says busy, without a signature. */
function isRefusal(effect: RequestsEffect): boolean {
  if (effect.type !== 'answer' || effect.inner.type !== 'RESPONSE') return false
  const { status, payload, signature } = effect.inner
  return effect.last && status === 3 && payload.length === 0 && signature.every((byte) => byte === 0)
}

describe('a request of ours', () => {
  test('[RQ-1] over a link it takes one path, elsewhere two, the first through whoever named the peer', () => {
    const bench = new RequestsBench()
    bench.links.add(PEER.id)
    const direct = bench.ask(1)
    expect(direct).toMatchObject({ mode: 'exact', target: PEER.id, paths: 1, timeoutMs: 10_000 })
    expect(direct.via).toEqual([])
    bench.links.clear()
    expect(bench.ask(2)).toMatchObject({ paths: 2 })
    bench.viaByPeer.set(PEER.id, FORWARDER.id)
    expect(bench.ask(3)).toMatchObject({ paths: 2, via: [FORWARDER.id, PEER.id] })
  })

  test('[RQ-2] carries who asks, when, and a signature over everything, the target and the network included', () => {
    const bench = new RequestsBench()
    const request = bench.ask(1).inner as MessageOf<'REQUEST'>
    expect(request).toMatchObject({
      type: 'REQUEST',
      sender: bench.self,
      sentAt: bench.now,
      name: 'echo',
      payload: Uint8Array.of(1, 2, 3),
    })
    const isValid = (change: object, to = PEER.id, networkId = NETWORK_ID) =>
      isSigned(
        bench.self.signingKey,
        requestSignedBytes(networkId, to, { ...request, ...change }),
        request.signature,
      )
    expect(isValid({})).toBe(true)
    expect(isValid({ request: operationOf(9) })).toBe(false)
    const { signingKey, exchangeKey } = bench.self
    expect(isValid({ sender: makeContact(signingKey, exchangeKey, new Uint8Array(8).fill(7)) })).toBe(false)
    expect(isValid({ sentAt: request.sentAt + 1 })).toBe(false)
    expect(isValid({ name: 'ech', payload: Uint8Array.of(111, 1, 2, 3) })).toBe(false)
    expect(isValid({ payload: new Uint8Array(0) })).toBe(false)
    expect(isValid({}, FORWARDER.id)).toBe(false)
    expect(isValid({}, PEER.id, networkIdOf('other', 0))).toBe(false)
  })

  test('[RQ-4] is done with the first response that its target signed', () => {
    const bench = new RequestsBench()
    const { operation } = bench.ask(1)
    const good = bench.response(operation, 2)
    expect(bench.reply(operation, { ...good, status: 0 })).toEqual([])
    expect(bench.reply(operation, { ...good, responder: FORWARDER })).toEqual([])
    expect(bench.reply(operation, bench.response(operation, 0, FORWARDER))).toEqual([])
    expect(bench.reply(operation, { ...good, request: operationOf(9) })).toEqual([])
    expect(bench.reply(operation, good)).toEqual([
      { type: 'stop-route', operation },
      { type: 'done', op: 1, value: { status: 'handler-failed', payload: Uint8Array.of(9), hops: 3 } },
    ])
    expect(bench.reply(operation, good)).toEqual([])
    expect(bench.requests.tables()).toMatchObject({ requestsOut: 0 })
  })

  test.each([
    [0, 'ok'],
    [1, 'no-handler'],
    [2, 'handler-failed'],
    [3, 'busy'],
  ])('[RQ-4] status %i is %s, and a value, not a failure', (number, status) => {
    const bench = new RequestsBench()
    const { operation } = bench.ask(1)
    expect(only(bench.reply(operation, bench.response(operation, number)), 'done')).toMatchObject([
      { value: { status } },
    ])
  })

  test('[RQ-5] ends unreachable, without peers or out of time', () => {
    const bench = new RequestsBench()
    const codes = (['exhausted', 'no-links', 'timeout'] as const).map((reason, index) => {
      const { operation } = bench.ask(index)
      return only(bench.input({ type: 'ended', operation, reason }), 'failed').map(({ op, code }) => [
        op,
        code,
      ])
    })
    expect(codes).toEqual([[[0, 'PEER_UNREACHABLE']], [[1, 'NO_PEERS']], [[2, 'TIMEOUT']]])
    const { operation } = bench.ask(3, { timeoutMs: 5_000 })
    expect(bench.advance(4_999)).toEqual([])
    expect(bench.advance(1)).toMatchObject([
      { type: 'stop-route', operation },
      { type: 'failed', op: 3, code: 'TIMEOUT' },
    ])
    expect(bench.timersLeft).toBe(3)
  })

  test('[RQ-5] a response under check outlives the end of its route', () => {
    const bench = new RequestsBench()
    bench.checksAtOnce = false
    const { operation } = bench.ask(1)
    bench.reply(operation, { ...bench.response(operation), status: 1 })
    bench.reply(operation, bench.response(operation))
    expect(bench.input({ type: 'ended', operation, reason: 'exhausted' })).toEqual([])
    expect(bench.finishJob()).toEqual([])
    expect(only(bench.finishJob(), 'done')).toHaveLength(1)
    const next = bench.ask(2).operation
    bench.reply(next, bench.response(next))
    bench.input({ type: 'ended', operation: next, reason: 'exhausted' })
    expect(only(bench.finishJob(false), 'failed')).toMatchObject([{ op: 2, code: 'PEER_UNREACHABLE' }])
  })

  test('[RQ-11] fails with BUSY where every way has ended and the target had no room, whoever says so', () => {
    const bench = new RequestsBench()
    const refusal = (operation: OperationId) => ({
      ...bench.response(operation, 3),
      payload: new Uint8Array(0),
      signature: new Uint8Array(64),
    })
    const { operation } = bench.ask(1)
    expect(bench.reply(operation, refusal(operation))).toEqual([])
    const ended = bench.input({ type: 'ended', operation, reason: 'exhausted' })
    expect(ended).toMatchObject([{ type: 'failed', op: 1, code: 'BUSY' }])
    const next = bench.ask(2).operation
    bench.reply(next, refusal(next))
    expect(only(bench.reply(next, bench.response(next)), 'done')).toHaveLength(1)
    const last = bench.ask(3).operation
    bench.checksAtOnce = false
    bench.reply(last, refusal(last))
    bench.input({ type: 'ended', operation: last, reason: 'exhausted' })
    expect(bench.finishJob()).toMatchObject([{ type: 'failed', op: 3, code: 'BUSY' }])
  })

  test('[RQ-5] what a linked peer sends back says that it is busy, not that it is gone', () => {
    const bench = new RequestsBench()
    bench.links.add(PEER.id)
    const { operation } = bench.ask(1)
    const ended = bench.input({ type: 'ended', operation, reason: 'exhausted' })
    expect(ended).toMatchObject([{ type: 'failed', op: 1, code: 'BUSY' }])
  })

  test('[RQ-5] what is cancelled is silent, also before it is signed', () => {
    const bench = new RequestsBench()
    const { operation } = bench.ask(1)
    expect(bench.input({ type: 'cancel', op: 1 })).toEqual([{ type: 'stop-route', operation }])
    expect(bench.reply(operation, bench.response(operation))).toEqual([])
    bench.signsAtOnce = false
    bench.call(2, { type: 'request', to: PEER.id, name: 'x', payload: new Uint8Array(0), timeoutMs: 1_000 })
    bench.input({ type: 'cancel', op: 2 })
    expect(bench.finishJob()).toEqual([])
    expect(bench.advance(20_000)).toEqual([])
  })

  test('[RQ-12] is refused where it is too large or too many', () => {
    const bench = new RequestsBench()
    const fails = (options: object) =>
      only(
        bench.call(1, {
          type: 'request',
          to: PEER.id,
          name: 'x',
          payload: new Uint8Array(0),
          timeoutMs: 1_000,
          ...options,
        }),
        'failed',
      ).map(({ code }) => code)
    expect(fails({ payload: new Uint8Array(PAYLOAD_BYTES_MAX) })).toEqual([])
    expect(fails({ payload: new Uint8Array(PAYLOAD_BYTES_MAX + 1) })).toEqual(['TOO_LARGE'])
    expect(fails({ name: 'é'.repeat(NAME_BYTES_MAX / 2) })).toEqual([])
    expect(fails({ name: 'é'.repeat(NAME_BYTES_MAX / 2 + 1) })).toEqual(['TOO_LARGE'])
    for (let op = 2; op < REQUESTS_OUT_MAX; op++) fails({})
    expect(fails({})).toEqual(['BUSY'])
  })

  test('[RQ-10] a response that made its own way is taken, and acknowledged by a receipt', () => {
    const bench = new RequestsBench()
    const { operation } = bench.ask(1)
    const [receipt, ...rest] = bench.deliver(bench.response(operation))
    expect(receipt).toMatchObject({ type: 'answer', route: { operation: operationOf(999) }, last: true })
    expect((receipt as { inner: object }).inner).toMatchObject({
      type: 'RESPONSE',
      request: operation,
      responder: bench.self,
      payload: new Uint8Array(0),
    })
    expect(rest).toMatchObject([
      { type: 'stop-route' },
      { type: 'done', op: 1, value: { status: 'ok', hops: 0 } },
    ])
    expect(bench.deliver(bench.response(operationOf(77)))).toHaveLength(1)
  })
})

describe('a request of another', () => {
  test('[RQ-6] is told once it is proved', () => {
    const bench = new RequestsBench()
    expect(bench.deliver(bench.request(5))).toEqual([
      {
        type: 'event',
        event: {
          type: 'request',
          request: operationOf(5),
          from: PEER.id,
          name: 'echo',
          payload: Uint8Array.of(5, 6),
        },
      },
    ])
  })

  test('[RQ-6] goes back where the signature is not over this request, to us, in this network', () => {
    const bench = new RequestsBench()
    const refused = (message: MessageOf<'REQUEST'>) => {
      const effects = bench.deliver(message)
      expect(only(effects, 'event')).toEqual([])
      return effects.map(({ type }) => type)
    }
    expect(refused({ ...bench.request(1), name: 'delete' })).toEqual(['pass'])
    expect(refused({ ...bench.request(2), sender: contactNumber(8) })).toEqual(['pass'])
    expect(refused(bench.request(3, { to: FORWARDER.id }))).toEqual(['pass'])
    expect(refused(bench.request(4, { networkId: networkIdOf('other', 0) }))).toEqual(['pass'])
    expect(only(bench.deliver(bench.request(1)), 'event')).toHaveLength(1)
  })

  test('[RQ-6] a bad signature is an offence of nobody: over a link of its sender may come what others had it carry', () => {
    const bench = new RequestsBench()
    const forged = { ...bench.request(1), name: 'delete' }
    expect(bench.deliver(forged)).toMatchObject([{ type: 'pass' }])
    expect(bench.deliver(forged, 0, PEER.id)).toMatchObject([{ type: 'pass' }])
  })

  test('[RQ-6] an id without its work is not even checked', () => {
    const bench = new RequestsBench(30)
    bench.checksAtOnce = false
    expect(bench.deliver(bench.request(1))).toMatchObject([{ type: 'pass' }])
    expect(bench.jobs).toEqual([])
  })

  test('[RQ-7] clocks may differ by ten minutes either way', () => {
    const bench = new RequestsBench()
    const events = [-1, 0].flatMap((more) =>
      [1, -1].map((sign, index) => {
        const sentAt = bench.now + sign * (REQUEST_CLOCK_MS_MAX - more)
        return only(bench.deliver(bench.request(10 + more * 2 + index, { sentAt })), 'event').length
      }),
    )
    expect(events).toEqual([0, 0, 1, 1])
  })

  test('[RQ-7] a request is never told twice while it is fresh', () => {
    const bench = new RequestsBench()
    const ahead = bench.request(1, { sentAt: bench.now + REQUEST_CLOCK_MS_MAX })
    bench.deliver(ahead)
    bench.respond(1, 1)
    // So many others were answered since that ours is no longer kept.
    for (let number = 2; number <= RESPONSES_KEPT_MAX + 2; number++) {
      bench.deliver(bench.request(number))
      bench.respond(number, number)
    }
    for (let minute = 0; minute < 25; minute++) {
      expect(bench.deliver(ahead, 3)).toMatchObject([{ type: 'pass' }])
      bench.advance(MINUTE_MS)
    }
  })

  test('[RQ-7] ids are forgotten when they are stale anyway, and then nothing is left', () => {
    const bench = new RequestsBench()
    bench.deliver(bench.request(1))
    bench.respond(1, 1)
    bench.advance(45 * MINUTE_MS)
    expect(bench.requests.tables()).toMatchObject({ requestIds: 0, responsesKept: 0, requestsIn: 0 })
    expect(bench.timersLeft).toBe(0)
  })

  test('[RQ-7] the same id from somebody else is another request', () => {
    const bench = new RequestsBench()
    bench.deliver(bench.request(1))
    const other = only(bench.deliver(bench.request(1, { sender: contactNumber(8) })), 'event')
    expect(other).toMatchObject([{ event: { from: contactNumber(8).id } }])
  })

  test('[RQ-8] a copy on a second path is not told, and both paths are answered', () => {
    const bench = new RequestsBench()
    bench.deliver(bench.request(1), 0)
    expect(bench.deliver(bench.request(1), 1)).toEqual([])
    const effects = bench.respond(1, 1)
    expect(only(effects, 'answer').map(({ route, last }) => [route.path, last])).toEqual([
      [0, true],
      [1, true],
    ])
    expect(only(effects, 'done')).toEqual([{ type: 'done', op: 1, value: null }])
    expect(bench.deliver(bench.request(1), 2)).toMatchObject([
      { type: 'answer', route: { path: 2 }, inner: { type: 'RESPONSE' } },
    ])
  })

  test('[RQ-8] copies that come while the first is checked are one request, and a forged copy harms none', () => {
    const bench = new RequestsBench()
    bench.checksAtOnce = false
    const good = bench.request(1)
    bench.deliver({ ...good, name: 'delete' }, 0)
    bench.deliver(good, 1)
    bench.deliver(good, 2)
    const effects = [bench.finishJob(), bench.finishJob(), bench.finishJob()].flat()
    expect(effects.map(({ type }) => type)).toEqual(['pass', 'event'])
    expect(only(bench.respond(1, 1), 'answer').map(({ route }) => route.path)).toEqual([1, 2])
  })

  test('[RQ-3] the response is signed over the request, who asked, status and payload', () => {
    const bench = new RequestsBench()
    bench.deliver(bench.request(1))
    const [answer] = only(bench.respond(1, 1, 'no-handler'), 'answer')
    const response = answer?.inner as MessageOf<'RESPONSE'>
    expect(response).toMatchObject({
      request: operationOf(1),
      responder: bench.self,
      status: 1,
      payload: Uint8Array.of(7),
    })
    const isValid = (change: object, requester = PEER.id) =>
      isSigned(
        bench.self.signingKey,
        responseSignedBytes(NETWORK_ID, requester, { ...response, ...change }),
        response.signature,
      )
    expect(isValid({})).toBe(true)
    expect(isValid({ status: 0 })).toBe(false)
    expect(isValid({ payload: Uint8Array.of(8) })).toBe(false)
    expect(isValid({ request: operationOf(2) })).toBe(false)
    expect(isValid({}, FORWARDER.id)).toBe(false)
  })

  test('[RQ-9] is answered once, in time, and by nobody who was not asked', () => {
    const bench = new RequestsBench()
    const failed = (effects: ReturnType<RequestsBench['input']>) =>
      only(effects, 'failed').map(({ code }) => code)
    expect(failed(bench.respond(1, 1))).toEqual(['TIMEOUT'])
    bench.deliver(bench.request(1))
    const stranger = {
      type: 'respond',
      request: operationOf(1),
      from: FORWARDER.id,
      status: 'ok',
      payload: new Uint8Array(0),
    } as const
    expect(failed(bench.call(2, stranger))).toEqual(['TIMEOUT'])
    const large = bench.respond(3, 1, 'ok', new Uint8Array(PAYLOAD_BYTES_MAX + 1))
    expect(failed(large)).toEqual(['TOO_LARGE'])
    expect(only(bench.respond(4, 1), 'done')).toHaveLength(1)
    expect(failed(bench.respond(5, 1))).toEqual(['TIMEOUT'])
    bench.deliver(bench.request(2))
    bench.advance(REQUEST_WAIT_MS + MINUTE_MS)
    expect(failed(bench.respond(6, 2))).toEqual(['TIMEOUT'])
  })

  test('[RQ-9] an answer that waits for its signature, over a sleep too, goes out and is reported', () => {
    const bench = new RequestsBench()
    bench.deliver(bench.request(1))
    bench.signsAtOnce = false
    bench.respond(1, 1)
    bench.advance(REQUEST_WAIT_MS + MINUTE_MS)
    const [route] = only(bench.finishJob(), 'route')
    expect(route).toMatchObject({ target: PEER.id, inner: { type: 'RESPONSE' } })
    const operation = route?.operation ?? operationOf(0)
    expect(only(bench.input({ type: 'ended', operation, reason: 'timeout' }), 'failed')).toHaveLength(1)
  })

  test('[RQ-10] when the way back is forgotten the response makes its own, and a receipt ends it', () => {
    const bench = new RequestsBench()
    bench.viaByPeer.set(PEER.id, FORWARDER.id)
    bench.deliver(bench.request(1))
    bench.advance(8_000)
    const late = bench.respond(1, 1)
    expect(late.map(({ type }) => type)).toEqual(['route'])
    const [route] = only(late, 'route')
    expect(route).toMatchObject({
      mode: 'exact',
      target: PEER.id,
      paths: 2,
      via: [FORWARDER.id, PEER.id],
      inner: { type: 'RESPONSE' },
    })
    const { operation, inner } = route as {
      operation: ReturnType<typeof operationOf>
      inner: MessageOf<'RESPONSE'>
    }
    expect(bench.reply(operation, inner)).toEqual([
      { type: 'stop-route', operation },
      { type: 'done', op: 1, value: null },
    ])
    expect(bench.reply(operation, inner)).toEqual([])
  })

  test('[RQ-10] a requester that cannot be reached any more', () => {
    const bench = new RequestsBench()
    bench.deliver(bench.request(1))
    bench.advance(8_000)
    const [route] = only(bench.respond(1, 1), 'route')
    const ended = {
      type: 'ended',
      operation: route?.operation ?? operationOf(0),
      reason: 'exhausted',
    } as const
    expect(bench.input(ended)).toMatchObject([{ type: 'failed', op: 1, code: 'PEER_UNREACHABLE' }])
    bench.deliver(bench.request(2))
    bench.advance(8_000)
    const [next] = only(bench.respond(2, 2), 'route')
    bench.input({ type: 'cancel', op: 2 })
    expect(bench.input({ ...ended, operation: next?.operation ?? operationOf(0) })).toEqual([])
  })

  test('[RQ-11] above 64 of one peer and 256 altogether the next is answered as busy, signed', () => {
    const bench = new RequestsBench()
    const statusOf = (number: number, sender = PEER) => {
      const [answer] = only(bench.deliver(bench.request(number, { sender })), 'answer')
      return answer === undefined ? 'told' : (answer.inner as MessageOf<'RESPONSE'>).status
    }
    for (let number = 0; number < REQUESTS_PER_PEER_MAX; number++) expect(statusOf(number)).toBe('told')
    expect(statusOf(64)).toBe(3)
    const more = REQUESTS_IN_MAX / REQUESTS_PER_PEER_MAX
    for (let peer = 1; peer < more; peer++)
      for (let number = 0; number < REQUESTS_PER_PEER_MAX; number++)
        expect(statusOf(number, contactNumber(20 + peer))).toBe('told')
    expect(statusOf(0, contactNumber(50))).toBe(3)
    expect(bench.requests.tables()).toMatchObject({ requestsIn: REQUESTS_IN_MAX })
    bench.respond(1, 0)
    expect(statusOf(1, contactNumber(50))).toBe('told')
  })

  test('[RQ-11] a flood of copies to check, or to refuse, is bounded and forgotten', () => {
    const bench = new RequestsBench()
    bench.checksAtOnce = false
    bench.signsAtOnce = false
    const refused = Array.from({ length: 3 * REQUESTS_IN_MAX }, (_, number) =>
      bench.deliver(bench.request(number)),
    ).flat()
    expect(refused).toHaveLength(2 * REQUESTS_IN_MAX)
    expect(refused.every(isRefusal)).toBe(true)
    expect(bench.jobs).toHaveLength(REQUESTS_IN_MAX)
    expect(bench.requests.tables()).toMatchObject({ requestsChecking: REQUESTS_IN_MAX })
    bench.advance(2 * MINUTE_MS)
    expect(bench.requests.tables()).toMatchObject({ requestsChecking: 0 })
    bench.jobs.length = 0
    bench.checksAtOnce = true
    const over = Array.from({ length: 4 * REQUESTS_IN_MAX }, (_, number) =>
      bench.deliver(bench.request(10_000 + number)),
    ).flat()
    expect(only(over, 'answer').filter(isRefusal)).toHaveLength(2 * REQUESTS_IN_MAX)
    expect(only(over, 'pass')).toEqual([])
    expect(bench.requests.tables()['requestsIn']).toBe(2 * REQUESTS_IN_MAX)
    expect(outOfBounds(bench.requests.tables(), 50)).toEqual([])
    bench.advance(9_000)
    while (bench.jobs.length > 0) bench.finishJob()
    expect(bench.requests.tables()).toMatchObject({ requestsIn: REQUESTS_PER_PEER_MAX })
    for (let number = 0; number < REQUESTS_IN_MAX; number++) bench.respond(number, 10_000 + number)
    while (bench.jobs.length > 0) bench.finishJob()
    expect(bench.requests.tables()).toMatchObject({ requestsIn: 0, responsesRouted: 2 * REQUESTS_IN_MAX })
    expect(outOfBounds(bench.requests.tables(), 50)).toEqual([])
  })

  test('[RQ-6] a message that is no question goes back', () => {
    const bench = new RequestsBench()
    expect(bench.deliver({ type: 'GET', key: contactNumber(1).id as never, head: false })).toMatchObject([
      { type: 'pass' },
    ])
  })
})

test('[RQ-13] jobs, replies and timers that nobody waits for are no-ops', () => {
  const bench = new RequestsBench()
  const { operation } = bench.ask(1)
  bench.reply(operation, bench.response(operation))
  for (const input of [
    { type: 'signed', token: `sign-request:${operation}`, signature: new Uint8Array(64) },
    { type: 'signed', token: 'sign-response:nobody', signature: new Uint8Array(64) },
    { type: 'verified', token: `check-response:${operation}:0`, valid: true },
    { type: 'verified', token: 'check-request:9', valid: true },
    { type: 'ended', operation, reason: 'exhausted' },
    { type: 'timer', timer: { type: 'request', request: operation } },
    { type: 'timer', timer: { type: 'sweep' } },
    { type: 'cancel', op: 9 },
  ] as const)
    expect(bench.input(input)).toEqual([])
})
