import { describe, expect, test } from 'vitest'
import { pathMs } from '../src/latency.ts'
import { linkedPair, watchedPair } from './linked-pair.ts'
import type { ScriptedHost } from './scripted-peer.ts'
import { link, scriptedNetwork } from './scripted-peer.ts'

const pair = (seed = 1) => linkedPair({ seed })
const watched = (seed = 1) => watchedPair({ seed })

describe('connecting', () => {
  test('a dial opens a link at both ends, in their roles, with bindings that match', () => {
    const { a, b } = pair()
    const [dialer, listener] = [a.peer.last('link-opened'), b.peer.last('link-opened')]
    expect([dialer.role, listener.role]).toEqual(['dialer', 'listener'])
    expect(dialer.attempt).toBe(listener.attempt)
    expect(dialer.binding.local).toHaveLength(32)
    expect(dialer.binding.local).toEqual(listener.binding.remote)
    expect(dialer.binding.remote).toEqual(listener.binding.local)
    expect(dialer.binding.local).not.toEqual(dialer.binding.remote)
  })

  test('it takes two to four round trips after the answer', () => {
    const { a, b } = pair()
    const roundTrip = pathMs(a.host.place, b.host.place) + pathMs(b.host.place, a.host.place)
    const answeredAt = a.peer.last('signal').at
    const tookMs = a.peer.last('link-opened').at - answeredAt
    expect(tookMs).toBeGreaterThan(2 * roundTrip)
    expect(tookMs).toBeLessThan(4 * roundTrip)
  })

  test('what either end says as soon as it opens reaches the other after it has opened', () => {
    const { network, peers } = scriptedNetwork(2)
    const [a, b] = peers as [ScriptedHost, ScriptedHost]
    a.peer.greeting = Uint8Array.of(1)
    b.peer.greeting = Uint8Array.of(2)
    link(network, a, b)
    expect(a.peer.last('link-received').bytes).toEqual(Uint8Array.of(2))
    expect(b.peer.last('link-received').bytes).toEqual(Uint8Array.of(1))
  })

  test('a changed fingerprint on the way shows in the binding', () => {
    const { network, peers } = scriptedNetwork(2)
    const [a, b] = peers as [ScriptedHost, ScriptedHost]
    const attempt = '0123456789abcdef' as never
    a.act({ type: 'dial', attempt, contact: b.host.contact })
    network.advance(100)
    const forged = a.peer.last('local-signal').bytes.slice()
    forged[10]! ^= 1
    b.act({ type: 'accept', attempt, contact: a.host.contact, signal: forged })
    network.advance(100)
    a.act({ type: 'apply-signal', attempt, bytes: b.peer.last('local-signal').bytes })
    network.advance(2_000)
    expect(b.peer.last('link-opened').binding.remote).not.toEqual(a.peer.last('link-opened').binding.local)
  })

  test('an offer of nonsense fails at the stage of signaling, an answer that never comes after 15 s', () => {
    const { network, peers } = scriptedNetwork(2)
    const [a, b] = peers as [ScriptedHost, ScriptedHost]
    b.act({ type: 'accept', attempt: 'x' as never, contact: a.host.contact, signal: Uint8Array.of(1, 2, 3) })
    a.act({ type: 'dial', attempt: 'y' as never, contact: b.host.contact })
    network.advance(100)
    expect(b.peer.last('link-failed')).toMatchObject({ attempt: 'x', stage: 'signaling' })
    network.advance(15_000)
    expect(a.peer.last('link-failed')).toMatchObject({ attempt: 'y', stage: 'timeout' })
  })

  test('an abandoned attempt is heard of no more', () => {
    const { network, peers } = scriptedNetwork(2)
    const [a, b] = peers as [ScriptedHost, ScriptedHost]
    a.peer.dial('0123456789abcdef', b.host.contact)
    a.act()
    network.advance(1)
    a.act({ type: 'abandon', attempt: '0123456789abcdef' as never })
    network.advance(20_000)
    expect(a.peer.all('link-opened').length + a.peer.all('link-failed').length).toBe(0)
  })
})

describe('sending', () => {
  test('messages arrive in order, after the time of the path', () => {
    const { network, a, b, say } = pair()
    const sentAt = a.host.now
    for (let i = 0; i < 50; i++) say([i])
    network.advance(1_000)
    const got = b.peer.all('link-received')
    expect(got.map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 50 }, (_, i) => i))
    const path = pathMs(a.host.place, b.host.place)
    expect(got[0]!.at - sentAt).toBeGreaterThanOrEqual(Math.round(path))
    expect(got[0]!.at - sentAt).toBeLessThanOrEqual(path + 3)
  })

  test('loss delays control and keeps its order; on bulk it loses', () => {
    const { network, b, say } = pair()
    network.wire.lossShare = 0.3
    for (let i = 0; i < 200; i++) {
      say([i])
      say([i], 'bulk')
    }
    network.advance(60_000)
    const control = b.peer.all('link-received').filter(({ channel }) => channel === 'control')
    const bulk = b.peer.all('link-received').filter(({ channel }) => channel === 'bulk')
    expect(control.map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 200 }, (_, i) => i))
    expect(control.at(-1)!.at - control[0]!.at).toBeGreaterThanOrEqual(400)
    expect(bulk.length).toBeGreaterThan(100)
    expect(bulk.length).toBeLessThan(180)
  })

  test('a close with flush comes after what was sent; without, that is lost', () => {
    for (const [flush, expected] of [
      [true, 1],
      [false, 0],
    ] as const) {
      const { network, a, b, ab, say } = pair()
      say([1])
      a.act({ type: 'close', link: ab, code: 'left', flush })
      network.advance(1_000)
      expect(b.peer.all('link-received')).toHaveLength(expected)
      expect(b.peer.all('link-closed')).toMatchObject([{ reason: 'remote-closed' }])
      expect(a.peer.all('link-closed')).toMatchObject([{ reason: 'left' }])
    }
  })
})

describe('silence', () => {
  test('an idle link between two living peers is never silent, and its keep-alives are counted', () => {
    const { network, a, b } = watched()
    network.advance(600_000)
    expect(a.peer.all('link-silent')).toEqual([])
    expect(b.peer.all('link-silent')).toEqual([])
    const { keepalives, bytes } = network.wire.traffic()
    expect(keepalives).toBeGreaterThanOrEqual(2 * 608)
    expect(keepalives).toBeLessThanOrEqual(2 * 611)
    expect(bytes).toBe(4 * keepalives)
  })

  test('a killed peer is silent for its neighbour 3 s after its last sign of life, once', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { network, a, b, ba } = watched(seed)
      const killedAt = b.host.now
      a.host.crash()
      network.advance(60_000)
      const silences = b.peer.all('link-silent')
      expect(silences).toMatchObject([{ link: ba }])
      const path = pathMs(a.host.place, b.host.place)
      expect(silences[0]!.at - killedAt).toBeGreaterThan(3_000 - 1_000)
      expect(silences[0]!.at - killedAt).toBeLessThanOrEqual(3_000 + path + 3)
    }
  })

  test('what was sent just before the crash still arrives and counts as a sign of life', () => {
    const { network, a, b, say } = watched()
    say([7])
    network.advance(1)
    const killedAt = b.host.now
    a.host.crash()
    network.advance(60_000)
    expect(b.peer.last('link-received').bytes).toEqual(Uint8Array.of(7))
    expect(b.peer.last('link-silent').at - killedAt).toBeGreaterThan(3_000)
  })

  test('a closer watch set after the crash counts from then', () => {
    const { network, a, b, ba } = watched()
    a.host.crash()
    network.advance(1_500)
    const setAt = b.host.now
    b.act({ type: 'watch', link: ba, keepaliveMs: 500, silenceMs: 1_000 })
    network.advance(60_000)
    expect(b.peer.all('link-silent').map(({ at }) => at - setAt)).toEqual([1_000])
  })
})

describe('partitions', () => {
  test('both sides fall silent; what control had sent arrives after the partition heals', () => {
    const { network, a, b, say } = watched()
    network.partition([a.host])
    say([1])
    say([2])
    network.advance(10_000)
    expect(a.peer.all('link-silent')).toHaveLength(1)
    expect(b.peer.all('link-silent')).toHaveLength(1)
    expect(b.peer.all('link-received')).toEqual([])
    network.heal()
    network.advance(30_000)
    expect(b.peer.all('link-received').map(({ bytes }) => bytes[0])).toEqual([1, 2])
    expect(b.peer.all('link-silent')).toHaveLength(1)
  })

  test('one way: only those who hear nothing any more notice', () => {
    const { network, a, b, ba } = watched()
    network.partition([a.host], true)
    b.act({ type: 'send', link: ba, channel: 'control', bytes: Uint8Array.of(9) })
    network.advance(10_000)
    expect(a.peer.all('link-silent')).toEqual([])
    expect(a.peer.last('link-received').bytes).toEqual(Uint8Array.of(9))
    expect(b.peer.all('link-silent')).toHaveLength(1)
  })

  test('a partition shorter than the silence goes unnoticed', () => {
    const { network, a, b } = watched()
    network.partition([a.host])
    network.advance(1_500)
    network.heal()
    network.advance(30_000)
    expect(a.peer.all('link-silent').length + b.peer.all('link-silent').length).toBe(0)
  })

  test('nobody connects across it', () => {
    const { network, peers } = scriptedNetwork(2)
    const [a, b] = peers as [ScriptedHost, ScriptedHost]
    network.partition([a.host], true)
    a.peer.dial('0123456789abcdef', b.host.contact)
    a.act()
    network.advance(20_000)
    expect(a.peer.last('link-failed').stage).toBe('timeout')
    expect(b.peer.last('link-failed').stage).toBe('timeout')
  })
})
