import { describe, expect, test } from 'vitest'
import { ChordRing } from '../src/rivals/chord.ts'
import { Gnutella } from '../src/rivals/gnutella.ts'
import { Kademlia } from '../src/rivals/kademlia.ts'
import { PastryRing } from '../src/rivals/pastry.ts'
import { RandomWalks } from '../src/rivals/random-walks.ts'
import { byConnecting, byRelaying } from '../src/rivals/reach.ts'
import { RecursiveLookup } from '../src/rivals/recursive-lookup.ts'
import type { LookupRival, LookupSizes } from '../src/rivals/rival.ts'
import { RivalNet } from '../src/rivals/rival-net.ts'
import { Samples } from '../src/samples.ts'

interface Load {
  readonly peers?: number
  readonly kill?: number
  readonly replicas?: number
  readonly lookups?: number
}

type Create = (net: RivalNet, sizes: LookupSizes) => LookupRival

/** Looks up a new key with every lookup, 20 ms apart. */
function lookUp(create: Create, { peers = 500, kill = 0, replicas = 20, lookups = 100 }: Load = {}) {
  const net = new RivalNet(peers, 5)
  const rival = create(net, { replicas, valueBytes: 256 })
  const random = net.random.fork('load')
  const keys = Array.from({ length: lookups }, () => random.u32())
  for (const key of keys) rival.place(key)
  net.kill(kill)
  const latencyMs = new Samples()
  const hops = new Samples()
  let ended = 0
  for (const key of keys) {
    const begunAt = net.timeline.now
    rival.lookup(random.pick(net.living()), key, (outcome) => {
      ended += 1
      if (!outcome.isFound) return
      latencyMs.add(net.timeline.now - begunAt)
      hops.add(outcome.hops)
    })
    net.advance(20)
  }
  net.finish(60_000)
  return { success: latencyMs.count / lookups, ended, latencyMs, hops, messages: net.messages / lookups }
}

type Looked = ReturnType<typeof lookUp>

const kademliaConnecting: Create = (net, sizes) => new Kademlia(net, sizes, byConnecting)
const kademliaRelayed: Create = (net, sizes) => new Kademlia(net, sizes, byRelaying)
const chord: Create = (net, sizes) => new RecursiveLookup(net, new ChordRing(net), sizes)
const pastry: Create = (net, sizes) => new RecursiveLookup(net, new PastryRing(net), sizes)

describe.each([
  ['kademlia over new connections', kademliaConnecting],
  ['relayed kademlia', kademliaRelayed],
  ['chord', chord],
  ['pastry', pastry],
])('%s', (_, create) => {
  test('finds every value, even one that a single peer holds: the one truly closest', () => {
    expect(lookUp(create, { replicas: 1 })).toMatchObject({ success: 1, ended: 100 })
  })

  test('finds nearly every value of 20 copies when half are dead, after waiting for the dead', () => {
    const whole = lookUp(create)
    const half = lookUp(create, { kill: 0.5 })
    expect(half.ended).toBe(100)
    expect(half.success).toBeGreaterThan(0.95)
    expect(half.latencyMs.mean).toBeGreaterThan(1.3 * whole.latencyMs.mean)
  })

  test('does not find what only the dead hold, and says so', () => {
    const { success, ended } = lookUp(create, { kill: 0.5, replicas: 1 })
    expect(ended).toBe(100)
    expect(success).toBeGreaterThan(0.3)
    expect(success).toBeLessThan(0.7)
  })
})

describe('kademlia', () => {
  test('a connection per hop makes it slower than relaying, over as many hops', () => {
    const load = { peers: 1_000, replicas: 1 }
    const connecting = lookUp(kademliaConnecting, load)
    const relayed = lookUp(kademliaRelayed, load)
    expect(connecting.latencyMs.mean).toBeGreaterThan(1.5 * relayed.latencyMs.mean)
    expect(Math.abs(connecting.hops.mean - relayed.hops.mean)).toBeLessThan(0.5)
    expect(connecting.hops.mean).toBeGreaterThan(1)
  })
})

describe('chord', () => {
  test('takes half of log2 N hops, and one from the predecessor, who knows the answer, to the only holder', () => {
    const plain: Create = (net, sizes) =>
      new RecursiveLookup(net, new ChordRing(net, { successors: 1 }), sizes)
    for (const [peers, expected] of [
      [256, 4],
      [1_024, 5],
      [4_096, 6],
    ] as const) {
      const { hops, success } = lookUp(plain, { peers, replicas: 1, lookups: 400 })
      expect(success).toBe(1)
      expect(Math.abs(hops.mean - 1 - expected)).toBeLessThan(0.4)
    }
  })

  test('who has the key’s successor among its own hands it the question directly; nobody else passes the key', () => {
    const ring = new ChordRing(new RivalNet(500, 5), { successors: 18 })
    const key = ring.space.id(100) - 1
    for (const places of [1, 2, 18]) expect(ring.next(100 - places, key)[0]).toBe(100)
    for (const next of ring.next(100 - 19, key)) expect(next).toBeLessThan(100)
  })

  test('a longer list of successors shortens the way and survives the death of half; one successor does not', () => {
    const knowing =
      (successors: number): Create =>
      (net, sizes) =>
        new RecursiveLookup(net, new ChordRing(net, { successors }), sizes)
    const load = { kill: 0.5, replicas: 20 }
    expect(lookUp(knowing(18)).hops.mean).toBeLessThan(lookUp(knowing(1)).hops.mean)
    expect(lookUp(knowing(18), load).success).toBeGreaterThan(0.98)
    expect(lookUp(knowing(1), load).success).toBeLessThan(0.7)
  })
})

describe('pastry', () => {
  test('takes about log16 N hops, never more than its rounding up and one', () => {
    for (const peers of [256, 1_024]) {
      const { hops, success } = lookUp(pastry, { peers, replicas: 1, lookups: 300 })
      const expected = Math.log(peers) / Math.log(16)
      expect(success).toBe(1)
      expect(hops.mean).toBeGreaterThan(expected - 0.7)
      expect(hops.mean).toBeLessThan(expected + 0.1)
      expect(hops.max).toBeLessThanOrEqual(Math.ceil(expected) + 1)
    }
  })

  test('picking near entries makes it faster, not shorter', () => {
    const picking =
      (nearestOf: number): Create =>
      (net, sizes) =>
        new RecursiveLookup(net, new PastryRing(net, { nearestOf }), sizes)
    const [near, some, any] = [pastry, picking(16), picking(1)].map((create) =>
      lookUp(create, { peers: 1_000 }),
    ) as [Looked, Looked, Looked]
    expect(some.latencyMs.mean).toBeLessThan(0.8 * any.latencyMs.mean)
    expect(near.latencyMs.mean).toBeLessThan(some.latencyMs.mean)
    expect(Math.abs(near.hops.mean - any.hops.mean)).toBeLessThan(0.4)
  })
})

describe('without structure', () => {
  const flooding =
    (hopsMax: number): Create =>
    (net, sizes) =>
      new Gnutella(net, sizes, { hopsMax })

  test('a flood of 7 hops finds every value of 20 copies among 500, never further than its hops', () => {
    const { success, hops, ended } = lookUp(flooding(7))
    expect([success, ended]).toEqual([1, 100])
    expect(hops.max).toBeLessThanOrEqual(7)
  })

  test('a flood of one hop finds what the neighbours hold: 20 copies among 500, four neighbours or five', () => {
    const { success } = lookUp(flooding(1), { lookups: 1_000 })
    expect(success).toBeGreaterThan(1 - 0.96 ** 5 - 0.04)
    expect(success).toBeLessThan(1 - 0.96 ** 5 + 0.04)
  })

  test('few walkers with as many hops find less than a flood; the paper’s 32 find all, with far fewer messages', () => {
    const flood = lookUp(flooding(7))
    const few = lookUp((net, sizes) => new RandomWalks(net, sizes, { walkers: 4, hopsMax: 7 }))
    const many = lookUp((net, sizes) => new RandomWalks(net, sizes))
    expect(few.success).toBeLessThan(0.9 * flood.success)
    expect(few.ended).toBe(100)
    expect(many.success).toBe(1)
    expect(many.messages).toBeLessThan(0.5 * flood.messages)
  })

  test('walkers end once another one has found the value', () => {
    const unchecked = lookUp((net, sizes) => new RandomWalks(net, sizes, { checkEvery: 10_000, hopsMax: 64 }))
    const checked = lookUp((net, sizes) => new RandomWalks(net, sizes, { hopsMax: 64 }))
    expect(checked.success).toBe(1)
    expect(checked.messages).toBeLessThan(0.7 * unchecked.messages)
  })
})
