import { describe, expect, test } from 'vitest'
import type { ResponseResult } from '../../src/peer/calls.ts'
import { decodeInner, encodeInner } from '../../src/wire/codec.ts'
import type { MessageOf } from '../../src/wire/messages.ts'
import { quantile } from '../dht/route-network.ts'
import type { RouteNode } from '../dht/route-node.ts'
import { RequestNetwork } from './request-network.ts'

function pairs(network: RequestNetwork, count: number, among = network.nodes): [RouteNode, RouteNode][] {
  return Array.from({ length: count }, () => [network.pick(among), network.pick(among)])
}

/** Every request ended well, with its own payload, and was told once. */
function expectEchoed(network: RequestNetwork, ops: readonly number[]): void {
  for (const op of ops) {
    const outcome = network.outcomeByOp.get(op)
    if (outcome?.type !== 'done') throw new Error(`request ${op}: ${JSON.stringify(outcome)}`)
    expect(outcome.value).toMatchObject({ status: 'ok', payload: Uint8Array.of(op & 0xff, op >> 8) })
  }
  const told = network.told.map(({ node, event }) => `${node.id} ${event.from} ${event.request}`)
  expect(new Set(told).size).toBe(told.length)
  expect(told).toHaveLength(ops.length)
}

describe('requests across the network', () => {
  test.each([
    { peers: 30, linksMax: 8 },
    { peers: 300, linksMax: 10 },
    { peers: 300, linksMax: 40 },
  ])(
    '[RQ-1] [RQ-8] [RQ-14] are told once and answered, $peers peers with $linksMax links',
    ({ peers, linksMax }) => {
      const network = new RequestNetwork({ peers, linksMax, seed: 71 })
      const ops = pairs(network, 300).map(([from, to]) => {
        network.run(network.now + 20)
        return network.request(from, to)
      })
      network.run()
      expectEchoed(network, ops)
      const hops = ops.map(
        (op) => ((network.outcomeByOp.get(op) as { value: ResponseResult }).value as ResponseResult).hops,
      )
      console.log(
        `requests, ${peers} × ${linksMax}: p50 ${quantile(hops, 0.5)}, max ${Math.max(...hops)} hops (simulated)`,
      )
      for (const node of network.nodes)
        expect(network.tablesOf(node)).toMatchObject({
          requestsOut: 0,
          requestsIn: 0,
          requestsChecking: 0,
          requestIds: 0,
          responsesKept: 0,
          responsesRouted: 0,
        })
    },
  )

  test('[RQ-10] an application that thinks longer than ways back are remembered', () => {
    const network = new RequestNetwork({ peers: 100, linksMax: 12, seed: 72 })
    network.thinkMs = 40_000
    const ops = pairs(network, 30).map(([from, to]) => network.request(from, to, 60_000))
    network.run()
    expectEchoed(network, ops)
    const responded = network.told.map((_, index) => network.outcomeByOp.get(1_000_001 + index)?.type)
    expect(responded).toEqual(responded.map(() => 'done'))
  })

  test('[RQ-5] a dead peer is unreachable or silent, never answered for', () => {
    const network = new RequestNetwork({ peers: 60, linksMax: 10, seed: 73 })
    const dead = network.nodes.slice(0, 10)
    for (const node of dead) node.alive = false
    const ops = dead.map((to) => network.request(network.pick(network.living()), to, 5_000))
    network.run()
    for (const op of ops) expect(network.outcomeByOp.get(op)).toMatchObject({ type: 'failed' })
    expect(network.told).toEqual([])
  })
})

test('[RQ-2] [RQ-3] [RQ-7] forwarders that change or repeat requests and responses reach nothing', () => {
  const network = new RequestNetwork({ peers: 100, linksMax: 12, seed: 74 })
  const liars = new Set(network.nodes.slice(0, 15))
  const send = network.send.bind(network)
  const counts = { changed: 0, repeated: 0 }
  network.send = (from, to, message, ttl) => {
    if (!liars.has(from) || (message.type !== 'ROUTE' && message.type !== 'ROUTE_REPLY'))
      return send(from, to, message, ttl)
    const inner = decodeInner(message.inner, 'routed')
    if (inner?.type !== 'REQUEST' && inner?.type !== 'RESPONSE') return send(from, to, message, ttl)
    counts.changed++
    send(from, to, { ...message, inner: encodeInner({ ...inner, payload: Uint8Array.of(66) }) }, ttl)
    if (inner.type !== 'REQUEST' || message.type !== 'ROUTE') return
    // The same signed request once more, much later, under an operation of its own.
    counts.repeated++
    const operation = `${counts.repeated}`.padStart(32, 'f') as MessageOf<'ROUTE'>['operation']
    network.after(60_000, () => send(from, to, { ...message, operation, visited: [] }, 20))
  }
  const honest = network.nodes.filter((node) => !liars.has(node))
  const ops = pairs(network, 150, honest).map(([from, to]) => network.request(from, to))
  network.run()
  expect(counts.changed).toBeGreaterThan(20)
  expect(counts.repeated).toBeGreaterThan(5)
  const done = ops.filter((op) => network.outcomeByOp.get(op)?.type === 'done')
  expect(done.length / ops.length).toBeGreaterThanOrEqual(0.95)
  for (const op of done)
    expect(network.outcomeByOp.get(op)).toMatchObject({
      value: { payload: Uint8Array.of(op & 0xff, op >> 8) },
    })
  const told = network.told.map(({ event }) => `${event.from} ${event.request}`)
  expect(new Set(told).size).toBe(told.length)
  expect(network.told.filter(({ event }) => event.payload.length !== 2)).toEqual([])
})
