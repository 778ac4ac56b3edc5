import { describe, expect, test } from 'vitest'
import { GossipSub, type GossipSubOptions } from '../src/rivals/gossipsub.ts'
import { Push } from '../src/rivals/push.ts'
import { PushPull, pushPullOptions } from '../src/rivals/push-pull.ts'
import type { GossipRival } from '../src/rivals/rival.ts'
import { RivalNet } from '../src/rivals/rival-net.ts'
import { Rumours } from '../src/rivals/rumours.ts'

interface Spread {
  readonly peers?: number
  readonly kill?: number
  readonly messages?: number
  readonly bytes?: number
}

/** Publishes messages from living peers in turn, a second apart, and waits. */
function spread<T extends GossipRival>(
  create: (net: RivalNet, rumours: Rumours) => T,
  { peers = 300, kill = 0, messages = 5, bytes = 1_024 }: Spread = {},
) {
  const net = new RivalNet(peers, 7)
  const rumours = new Rumours(net, bytes)
  const rival = create(net, rumours)
  net.kill(kill)
  rival.start()
  const living = net.living()
  for (let i = 0; i < messages; i++) {
    const source = living[i] as number
    rival.publish(source, rumours.begin(source))
    net.advance(1_000)
  }
  net.advance(10_000)
  const due = messages * (living.length - 1)
  const deliveries = rumours.latencyMs.count
  return { net, rival, rumours, reach: deliveries / due, copies: rumours.copies / deliveries }
}

function spreadByMesh(options: Partial<GossipSubOptions>, load?: Spread) {
  return spread((net, rumours) => new GossipSub(net, rumours, options), load)
}

describe('gossipsub', () => {
  test('the mesh goes both ways, and everybody has between D_low and D_high links in it, D at the mean', () => {
    const mesh = new GossipSub(new RivalNet(300, 1), new Rumours(new RivalNet(300, 1), 1))
    let total = 0
    for (let peer = 0; peer < 300; peer++) {
      const own = mesh.mesh(peer)
      expect(own.length).toBeGreaterThanOrEqual(6)
      expect(own.length).toBeLessThanOrEqual(12)
      for (const other of own) expect(mesh.mesh(other)).toContain(peer)
      total += own.length
    }
    expect(total / 300).toBeGreaterThan(7.8)
    expect(total / 300).toBeLessThan(8.2)
  })

  test('flooding a mesh of degree 8 delivers to all, with a copy per link but the one it came by', () => {
    const { reach, copies } = spreadByMesh({ isFloodPublishing: false })
    expect(reach).toBe(1)
    expect(copies).toBeGreaterThan(6.9)
    expect(copies).toBeLessThan(7.2)
  })

  test('flood publishing makes it faster', () => {
    const fast = spreadByMesh({ isFloodPublishing: true })
    const slow = spreadByMesh({ isFloodPublishing: false })
    expect(fast.rumours.latencyMs.mean).toBeLessThan(0.9 * slow.rumours.latencyMs.mean)
  })

  test('where the mesh is torn, ids told at heartbeats bring what it missed', () => {
    const load = { kill: 0.7, messages: 3 }
    const eager = spreadByMesh({ degreeLazy: 0, lazyShare: 0, isFloodPublishing: false }, load)
    const lazy = spreadByMesh({ isFloodPublishing: false }, load)
    expect(eager.reach).toBeLessThan(0.97)
    expect(lazy.reach).toBe(1)
    expect(lazy.rumours.latencyMs.max).toBeGreaterThan(500)
  })

  test('once deaths are known the mesh has none of the dead, and enough of the living', () => {
    const { net, rival } = spreadByMesh({}, { kill: 0.5, messages: 1 })
    for (const peer of net.living()) {
      const mesh = rival.mesh(peer)
      expect(mesh.every((other) => net.isAlive(other))).toBe(true)
      expect(mesh.length).toBeGreaterThanOrEqual(6)
      expect(mesh.length).toBeLessThanOrEqual(12)
    }
  })

  test('IDONTWANT saves copies while messages are validated, but not of messages below its threshold', () => {
    const copies = (dontWantFromBytes: number) => spreadByMesh({ validationMs: 50, dontWantFromBytes }).copies
    const without = copies(Number.POSITIVE_INFINITY)
    expect(copies(1_024)).toBeLessThan(0.8 * without)
    expect(copies(1_025)).toBe(without)
  })
})

describe('push', () => {
  test('a fanout of ln N + 2 reaches almost all, with as many copies as the fanout', () => {
    const { reach, copies } = spread((net, rumours) => new Push(net, rumours), { messages: 10 })
    expect(reach).toBeGreaterThan(0.995)
    expect(copies).toBeGreaterThan(7.9)
    expect(copies).toBeLessThan(8.2)
  })

  test('a fanout of 2 reaches four in five: the share r that solves r = 1 - exp(-2 r)', () => {
    const { reach } = spread((net, rumours) => new Push(net, rumours, { fanout: 2, hopsMax: 100 }), {
      peers: 1_000,
      messages: 10,
    })
    expect(reach).toBeGreaterThan(0.797 - 0.03)
    expect(reach).toBeLessThan(0.797 + 0.03)
  })

  test('nothing goes further than its hops', () => {
    const { rumours, reach } = spread((net, rumours) => new Push(net, rumours, { hopsMax: 2 }))
    expect(rumours.hops.max).toBe(2)
    expect(reach).toBeLessThan(0.5)
  })
})

describe('push-pull', () => {
  test('reaches all in the rounds of Karp et al., with far fewer copies than push', () => {
    const { reach, copies, rumours } = spread((net, rumours) => new PushPull(net, rumours))
    const { hotRounds, roundMs } = pushPullOptions(300)
    expect(reach).toBe(1)
    expect(rumours.latencyMs.percentile(0.5)).toBeGreaterThan(roundMs)
    expect(rumours.latencyMs.max).toBeLessThan(hotRounds * roundMs)
    expect(copies).toBeLessThan(2.5)
  })

  test('reaches all the living when half are dead, more slowly', () => {
    const whole = spread((net, rumours) => new PushPull(net, rumours))
    const half = spread((net, rumours) => new PushPull(net, rumours), { kill: 0.5 })
    expect(half.reach).toBe(1)
    expect(half.rumours.latencyMs.mean).toBeGreaterThan(1.2 * whole.rumours.latencyMs.mean)
  })
})
