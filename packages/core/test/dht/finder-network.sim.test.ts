import { describe, expect, test } from 'vitest'
import { type Contact, makeContact } from '../../src/identity/contact.ts'
import { type Key, keyOf } from '../../src/identity/peer-id.ts'
import type { LookupResult, TopologyPeer, TopologyResult } from '../../src/peer/calls.ts'
import { toHex } from '../../src/wire/bytes.ts'
import { decodeInner, encodeInner } from '../../src/wire/codec.ts'
import { FinderNetwork } from './finder-network.ts'
import { closestNodes } from './route-network.ts'
import { RouteNode } from './route-node.ts'

function doneValue<T>(results: readonly { readonly type: string }[]): T {
  const done = results.find(({ type }) => type === 'done') as { value: T } | undefined
  if (done === undefined) throw new Error(`not done: ${JSON.stringify(results.at(-1))}`)
  return done.value
}

function randomKey(network: FinderNetwork): Key {
  return toHex(network.random.bytes(32)) as Key
}

/** A peer that has just come and holds one link, of which only its introducer knows. */
function newcomer(network: FinderNetwork, introducer: RouteNode): RouteNode {
  const { random } = network
  const contact = makeContact(random.bytes(32), random.bytes(32), random.bytes(8))
  const node = new RouteNode(contact, { x: 0.5, y: 0.5, lastMileMs: 4 }, true)
  network.add(node)
  network.equip(node)
  network.link(node, introducer)
  return node
}

describe('lookups', () => {
  test.each([
    { peers: 30, linksMax: 8, least: 0.99 },
    { peers: 300, linksMax: 10, least: 0.95 },
    { peers: 1_000, linksMax: 40, least: 1 },
  ])('[LU-8] name the 20 closest of $peers peers with $linksMax links', ({ peers, linksMax, least }) => {
    const network = new FinderNetwork({ peers, linksMax, seed: 61 })
    const [rounds, asked, ms] = [20, [] as number[], [] as number[]]
    let right = 0
    for (let round = 0; round < rounds; round++) {
      const target = randomKey(network)
      const before = network.now
      let doneAt = before
      network.results.length = 0
      const node = network.pick(network.nodes)
      network.find(node, { type: 'call', op: round, call: { type: 'lookup', target } })
      while (!network.results.some(({ type }) => type === 'done')) {
        doneAt += 10
        network.run(doneAt)
      }
      const { closest, asked: count } = doneValue<LookupResult>(network.results)
      const expected = new Set(closestNodes(network.nodes, target, 20).map(({ id }) => id))
      right += closest.filter(({ id }) => expected.has(id)).length
      asked.push(count)
      ms.push(doneAt - before)
      network.run()
    }
    const mean = (values: number[]) => (values.reduce((a, b) => a + b, 0) / values.length).toFixed(0)
    console.log(
      `lookup, ${peers} × ${linksMax}: ${right} of ${rounds * 20} right, ${mean(asked)} asked, ${mean(ms)} ms (simulated)`,
    )
    expect(right / (rounds * 20)).toBeGreaterThanOrEqual(least)
    for (const node of network.nodes)
      expect(network.tablesOf(node)).toMatchObject({ questions: 0, findAnswers: 0, lookups: 0 })
  })

  test('[LU-8] with a third of the peers dead and no link knowing, the living closest', () => {
    const network = new FinderNetwork({ peers: 300, linksMax: 40, seed: 62 })
    const nodes = [...network.nodes]
    for (const node of nodes) node.alive = network.random.share() >= 1 / 3
    let right = 0
    for (let round = 0; round < 5; round++) {
      const target = randomKey(network)
      const { closest } = doneValue<LookupResult>(
        network.call(network.pick(network.living()), { type: 'lookup', target }),
      )
      const expected = new Set(closestNodes(network.living(), target, 20).map(({ id }) => id))
      right += closest.filter(({ id }) => expected.has(id)).length
      expect(closest.filter(({ id }) => network.nodeById.get(id)?.alive === false)).toEqual([])
    }
    console.log(`lookup, a third dead: ${right} of 100 right (simulated)`)
    expect(right).toBeGreaterThanOrEqual(97)
  })
})

test('[LU-4] [RO-6] joining: a find of our own id names our neighbours, through the one link we have', () => {
  const network = new FinderNetwork({ peers: 300, linksMax: 20, seed: 63 })
  for (let round = 0; round < 10; round++) {
    const node = newcomer(network, network.pick(network.nodes))
    const [found] = network.ask(node, { type: 'find', target: keyOf(node.id), via: [] })
    if (found?.type !== 'found') throw new Error('not found')
    const others = network.nodes.filter((other) => other !== node)
    const [closest] = closestNodes(others, node.id, 1)
    const near = new Set(closestNodes(others, node.id, 20).map(({ id }) => id))
    expect(found.responder).not.toBe(node.id)
    expect(found.contacts.map(({ id }) => id)).toContain(closest?.id)
    expect(found.contacts.filter(({ id }) => near.has(id)).length).toBeGreaterThanOrEqual(12)
  }
})

test('[LU-5] [LU-7] [RO-9] a newcomer answers through its introducer, and a dead one does not', () => {
  const network = new FinderNetwork({ peers: 100, linksMax: 10, seed: 64 })
  for (const node of network.nodes) node.forgetKnown()
  const introducer = network.pick(network.nodes)
  const node = newcomer(network, introducer)
  const probe = { type: 'probe', contact: node.self, via: [introducer.id, node.self.id] } as const
  const linkedToIntroducer = [...introducer.links.values()].find((other) => other !== node) as RouteNode
  expect(network.ask(linkedToIntroducer, probe)).toEqual([{ type: 'probed', peer: node.id, alive: true }])
  node.alive = false
  expect(network.ask(linkedToIntroducer, probe)).toEqual([{ type: 'probed', peer: node.id, alive: false }])
})

test('[LU-9] [LU-10] a crawl sees every peer and every link', () => {
  const network = new FinderNetwork({ peers: 120, linksMax: 10, seed: 65 })
  const dead = network.nodes.slice(100, 103)
  for (const node of dead) node.alive = false
  const results = network.call(network.nodes[0] as RouteNode, { type: 'crawl', peersMax: 400 })
  const { peers, unreachable } = doneValue<TopologyResult>(results)
  expect(peers).toHaveLength(117)
  expect([...unreachable].sort()).toEqual(dead.map(({ id }) => id).sort())
  for (const { peer, links } of peers)
    expect([...links].sort()).toEqual([...(network.nodeById.get(peer) as RouteNode).links.keys()].sort())
  const steps = results
    .filter(({ type }) => type === 'progress')
    .map((step) => (step as { value: TopologyPeer }).value)
  expect(steps).toEqual(peers)
})

test('[LU-2] [LU-3] forwarders that change, invent or repeat answers only lose them', () => {
  const network = new FinderNetwork({ peers: 100, linksMax: 10, seed: 66 })
  const liars = new Set(network.nodes.slice(0, 20))
  const stranger = makeContact(new Uint8Array(32).fill(7), new Uint8Array(32), new Uint8Array(8))
  const send = network.send.bind(network)
  let changed = 0
  network.send = (from, to, message, ttl) => {
    const found = message.type === 'ROUTE_REPLY' ? decodeInner(message.inner, 'routed') : null
    if (!liars.has(from) || found?.type !== 'FOUND' || message.type !== 'ROUTE_REPLY')
      return send(from, to, message, ttl)
    changed++
    const lies: Contact[] = [stranger, ...found.contacts.slice(1)]
    send(from, to, { ...message, inner: encodeInner({ ...found, contacts: lies }) }, ttl)
  }
  const honest = network.nodes.filter((node) => !liars.has(node))
  for (let round = 0; round < 5; round++) {
    const results = network.call(network.pick(honest), { type: 'lookup', target: randomKey(network) })
    const { closest } = doneValue<LookupResult>(results)
    expect(closest.length).toBeGreaterThan(10)
    expect(closest.map(({ id }) => id)).not.toContain(stranger.id)
  }
  expect(changed).toBeGreaterThan(10)
})
