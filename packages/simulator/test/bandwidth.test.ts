import { describe, expect, test } from 'vitest'
import { AccessLine } from '../src/access-line.ts'
import { pathMs } from '../src/latency.ts'
import { heardOn, linkedPair } from './linked-pair.ts'
import { link, type ScriptedHost, scriptedNetwork } from './scripted-peer.ts'

const KIB = 1024

describe('a line', () => {
  test('takes the time of all bytes that wait, fractions of milliseconds included', () => {
    const line = new AccessLine()
    line.limit(1_000_000, 500_000)
    expect([1, 2, 3].map(() => line.sendMs(1_500, 100))).toEqual([2, 3, 5])
    expect(line.sendMs(1_500, 1_000)).toBe(2)
    expect(line.receiveMs(1_500, 100)).toBe(3)
  })

  test('without limits costs no time; no rate and more than all loss are mistakes', () => {
    const line = new AccessLine()
    expect(line.sendMs(1e9, 0)).toBe(0)
    expect(() => line.limit(0, 1)).toThrow(RangeError)
    expect(() => line.lose(0, 1)).toThrow(RangeError)
  })
})

describe('bandwidth', () => {
  test('a message arrives when its last byte has left and come in', () => {
    const { network, a, b, send } = linkedPair()
    a.host.line.limit(100_000, 1e9)
    b.host.line.limit(1e9, 50_000)
    const sentAt = a.host.now
    send(new Uint8Array(10_000))
    network.advance(5_000)
    const tookMs = b.peer.last('link-received').at - sentAt
    expect(tookMs).toBeGreaterThanOrEqual(300 + pathMs(a.host.place, b.host.place) - 1)
    expect(tookMs).toBeLessThanOrEqual(300 + pathMs(a.host.place, b.host.place) + 4)
  })

  test('all links of a peer share its line', () => {
    const { network, peers } = scriptedNetwork(3)
    const [a, b, c] = peers as [ScriptedHost, ScriptedHost, ScriptedHost]
    const [ab] = link(network, a, b)
    const [ac] = link(network, a, c)
    a.host.line.limit(100_000, 1e9)
    const send = (to: number) =>
      ({ type: 'send', link: to, channel: 'bulk', bytes: new Uint8Array(100_000) }) as const
    a.act(send(ab), send(ac))
    const sentAt = a.host.now
    network.advance(5_000)
    const path = pathMs(a.host.place, c.host.place)
    expect(c.peer.last('link-received').at - sentAt).toBeGreaterThanOrEqual(2_000 + Math.floor(path))
  })

  test('order is kept through a slow line at the other end, and a close comes last', () => {
    const { network, a, b, ab, say } = linkedPair()
    b.host.line.limit(1e9, 900)
    for (let i = 0; i < 40; i++) {
      say([i])
      network.advance(i % 3)
    }
    a.act({ type: 'close', link: ab, code: 'left', flush: true })
    network.advance(5_000)
    expect(heardOn(b, 'control')).toEqual(Array.from({ length: 40 }, (_, i) => i))
    expect(b.peer.all('link-closed')).toHaveLength(1)
  })
})

describe('room', () => {
  const rooms = ({ peer }: ScriptedHost) =>
    peer.all('link-writable').filter(({ channel }) => channel === 'control')

  test('an unlimited line says again that there is room before the peer believes there is none', () => {
    const { network, a, send } = linkedPair()
    let believed = rooms(a).at(-1)!.roomBytes
    let told = rooms(a).length
    for (let i = 0; i < 200; i++) {
      send(new Uint8Array(16 * KIB))
      network.advance(1)
      believed -= 16 * KIB
      if (rooms(a).length > told) believed = rooms(a).at(-1)!.roomBytes
      told = rooms(a).length
      expect(believed).toBeGreaterThan(0)
    }
    expect(told).toBeGreaterThan(20)
  })

  test('a slow one says so only once half of its room is free again', () => {
    const { network, a, send } = linkedPair()
    a.host.line.limit(64 * KIB, 1e9)
    for (let i = 0; i < 16; i++) send(new Uint8Array(16 * KIB))
    const sentAt = a.host.now
    network.advance(10_000)
    const again = rooms(a).filter(({ at }) => at > sentAt)
    expect(again[0]!.at - sentAt).toBeGreaterThanOrEqual(1_990)
    expect(again[0]!.roomBytes).toBe(128 * KIB)
  })

  test('a peer that sends without end loses the link', () => {
    const { network, a, b, send } = linkedPair()
    a.host.line.limit(64 * KIB, 1e9)
    for (let i = 0; i < 100; i++) send(new Uint8Array(16 * KIB))
    network.advance(60_000)
    expect(a.peer.last('link-closed').reason).toBe('overloaded')
    expect(b.peer.all('link-closed')).toHaveLength(1)
  })
})
