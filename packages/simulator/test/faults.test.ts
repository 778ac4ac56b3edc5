import { describe, expect, test } from 'vitest'
import { EPOCH_MS } from '../src/host.ts'
import { HostClock } from '../src/host-clock.ts'
import { Network } from '../src/network.ts'
import { heardOn, linkedPair, watchedPair } from './linked-pair.ts'
import { type ScriptedHost, ScriptedPeer, scriptedNetwork } from './scripted-peer.ts'

const SENT = Array.from({ length: 200 }, (_, i) => i)

describe('loss one way', () => {
  test.each([
    ['what a peer sends', [0.4, 0], [0, 0]],
    ['what a peer gets', [0, 0], [0, 0.4]],
  ] as const)('%s is lost, and what goes the other way is not', (_, [outA, inA], [outB, inB]) => {
    const { network, a, b, ba, say } = linkedPair()
    a.host.line.lose(outA, inA)
    b.host.line.lose(outB, inB)
    for (const i of SENT) {
      say([i], 'bulk')
      b.act({ type: 'send', link: ba, channel: 'bulk', bytes: Uint8Array.of(i) })
    }
    network.advance(5_000)
    expect(heardOn(b, 'bulk').length).toBeGreaterThan(90)
    expect(heardOn(b, 'bulk').length).toBeLessThan(150)
    expect(heardOn(a, 'bulk')).toHaveLength(200)
  })
})

describe('bulk', () => {
  test('late messages are overtaken; control keeps its order', () => {
    const { network, b, say } = linkedPair()
    network.wire.bulkLateMs = 50
    for (const i of SENT) {
      say([i], 'bulk')
      say([i])
      network.advance(1)
    }
    network.advance(5_000)
    expect(heardOn(b, 'control')).toEqual(SENT)
    expect(heardOn(b, 'bulk')).not.toEqual(SENT)
    expect(heardOn(b, 'bulk').sort((x, y) => x! - y!)).toEqual(SENT)
  })

  test('some arrive twice; control never does', () => {
    const { network, b, say } = linkedPair()
    network.wire.bulkDuplicateShare = 0.25
    for (const i of SENT) {
      say([i], 'bulk')
      say([i])
    }
    network.advance(5_000)
    expect(heardOn(b, 'control')).toHaveLength(200)
    expect(heardOn(b, 'bulk').length).toBeGreaterThan(220)
    expect(heardOn(b, 'bulk').length).toBeLessThan(290)
  })
})

test('signals may arrive twice and in another order', () => {
  const { network, peers } = scriptedNetwork(2)
  const [a, b] = peers as [ScriptedHost, ScriptedHost]
  network.introducer.signalDuplicateShare = 0.5
  network.introducer.signalLateMs = 500
  for (let i = 0; i < 40; i++) {
    const bytes = Uint8Array.of(...new Uint8Array(16), i)
    a.act({ type: 'carry-signal', via: 'simulated', to: b.host.id, bytes })
  }
  network.advance(5_000)
  const numbers = b.peer.all('signal').map(({ bytes }) => bytes[16]!)
  expect(new Set(numbers).size).toBe(40)
  expect(numbers.length).toBeGreaterThan(48)
  expect(numbers).not.toEqual(numbers.toSorted((x, y) => x - y))
})

describe('a suspended peer', () => {
  test('handles nothing, and then how long it was away and all that came, in order', () => {
    const { network, a, b, say } = linkedPair()
    const before = b.peer.heard.length
    b.host.suspend()
    for (let i = 0; i < 5; i++) say([i])
    network.advance(120_000)
    expect(b.peer.heard).toHaveLength(before)
    b.host.resume()
    const [first, ...rest] = b.peer.heard.slice(before)
    expect(first?.input).toEqual({ type: 'environment', online: true, visible: true, pausedMs: 120_000 })
    expect(rest.flatMap(({ input }) => (input.type === 'link-received' ? [input.bytes[0]] : []))).toEqual([
      0, 1, 2, 3, 4,
    ])
    expect(a.host.isSuspended || b.host.isSuspended).toBe(false)
  })

  test('tells no pause that a throttled page could have too', () => {
    const { network, b } = linkedPair()
    b.host.suspend()
    network.advance(60_000)
    b.host.resume()
    expect(b.peer.last('environment').pausedMs).toBe(0)
  })

  test('is silent to its neighbour, but takes nobody for dead itself', () => {
    const { network, a, b } = watchedPair()
    b.host.suspend()
    network.advance(60_000)
    expect(a.peer.all('link-silent')).toHaveLength(1)
    b.host.resume()
    network.advance(60_000)
    expect(a.peer.all('link-silent')).toHaveLength(1)
    expect(b.peer.all('link-silent')).toEqual([])
  })

  test('sends no keep-alives meanwhile', () => {
    const { network, a, b } = watchedPair()
    const before = network.wire.traffic().keepalives
    a.host.suspend()
    b.host.suspend()
    network.advance(60_000)
    expect(network.wire.traffic().keepalives).toBe(before)
  })

  test('notices after its return that a neighbour has died', () => {
    const { network, a, b } = watchedPair()
    b.host.suspend()
    network.advance(1_000)
    a.host.crash()
    network.advance(60_000)
    const resumedAt = b.host.now
    b.host.resume()
    network.advance(60_000)
    expect(b.peer.all('link-silent').map(({ at }) => at - resumedAt)).toEqual([3_000])
  })

  test('that crashes has forgotten what waited', () => {
    const { network, b, say } = linkedPair()
    b.host.suspend()
    say([1])
    network.advance(1_000)
    b.host.crash()
    b.host.resume()
    expect(b.peer.all('link-received')).toEqual([])
  })
})

describe('clocks', () => {
  test('an offset and a drift show; a peer wakes when its own clock says so', () => {
    const made: ScriptedPeer[] = []
    const network = new Network({
      seed: 1,
      createPeer: (contact) => made[made.push(new ScriptedPeer(contact)) - 1]!,
    })
    const host = network.addHost()
    host.setClock(-5_000, 0.25)
    host.start()
    network.advance(1_000)
    expect(host.now).toBe(EPOCH_MS - 5_000 + 1_250)
    expect(() => host.setClock(1)).toThrow(TypeError)
    made[0]!.perform({ type: 'wake-at', at: EPOCH_MS })
    host.later(0, { type: 'wake' })
    network.advance(10_000)
    expect(made[0]!.last('wake').at).toBe(EPOCH_MS)
    expect(made[0]!.all('wake')).toHaveLength(2)
  })

  test('the time of what it shows is the first at which it shows it', () => {
    for (const drift of [0, 0.001, -0.001, 0.3, -0.37]) {
      const clock = new HostClock(1_700_000_000_000, 1_234, drift)
      for (const shown of [1, 7, 999, 123_457].map((ms) => 1_700_000_001_234 + ms)) {
        const time = clock.timeOf(shown)
        expect(clock.at(time)).toBeGreaterThanOrEqual(shown)
        expect(clock.at(time - 1)).toBeLessThan(shown)
      }
    }
    expect(new HostClock(0, 0, 0.1).timeOf(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
  })

  test('a call whose peer stops ends as gone, once', () => {
    const { network, peers } = scriptedNetwork(1)
    const { host } = peers[0] as ScriptedHost
    let gone = 0
    host.call({ type: 'subscribe', topic: 'a' }, { gone: () => gone++ })
    network.advance(1)
    host.crash()
    expect(gone).toBe(1)
  })
})
