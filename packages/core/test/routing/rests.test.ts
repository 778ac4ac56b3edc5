import { describe, expect, test } from 'vitest'
import type { PeerId } from '../../src/identity/peer-id.ts'
import { REMEMBERED_PEERS_MAX } from '../../src/limits.ts'
import { Need } from '../../src/routing/need.ts'
import { Rests } from '../../src/routing/rests.ts'

const NOW = 1_000_000
const MINUTE_MS = 60_000
const peer = (number: number) => `${number}` as PeerId

describe('[RT-28] a contact', () => {
  test('rests as long as the dialer says, from its third failed dial on twice as long each time, at most 15 minutes', () => {
    const rests = new Rests()
    const restsMs = [1, 2, 3, 4, 5, 6, 7].map(() => {
      rests.peerFailed(peer(1), MINUTE_MS, NOW)
      return rests.peerUntil(peer(1)) - NOW
    })
    expect(restsMs).toEqual([1, 1, 2, 4, 8, 15, 15].map((minutes) => minutes * MINUTE_MS))
    rests.restPeer(peer(1), 7, NOW)
    rests.peerFailed(peer(1), MINUTE_MS, NOW)
    expect(rests.peerUntil(peer(1)) - NOW).toBe(MINUTE_MS)
  })

  test('is forgotten where too many rest, the longest first', () => {
    const rests = new Rests()
    for (let i = 0; i < REMEMBERED_PEERS_MAX; i++) rests.restPeer(peer(i), 7, NOW)
    rests.restPeer(peer(0), 8, NOW)
    rests.restPeer(peer(-1), 9, NOW)
    expect(rests.size).toBe(REMEMBERED_PEERS_MAX)
    expect([-1, 0, 1, 2].map((number) => rests.peerUntil(peer(number)))).toEqual([
      NOW + 9,
      NOW + 8,
      0,
      NOW + 7,
    ])
  })
})

test('[RT-28] a bucket rests 30 s after two failed dials in a row, then twice as long each time, until it has a link', () => {
  const rests = new Rests()
  const restsMs = () => {
    rests.bucketFailed(3, NOW)
    return Math.max(0, rests.bucketUntil(3) - NOW)
  }
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(restsMs)).toEqual(
    [0, 0.5, 1, 2, 4, 8, 15, 15].map((minutes) => minutes * MINUTE_MS),
  )
  expect(rests.bucketUntil(4)).toBe(0)
  rests.bucketServed(3)
  expect(rests.bucketUntil(3)).toBe(0)
  expect(restsMs()).toBe(0)
})

test('[RT-29] introducers are asked less and less often, and at once when the last link has gone', () => {
  const need = new Need({ u32: () => 0, bytes: (length) => new Uint8Array(length) })
  const pausesMs = (links: number, times: number) => {
    const pauses: number[] = []
    for (let now = need.nextAt; pauses.length < times; now = need.nextAt) {
      expect([need.ask(links, now), need.ask(links, now)]).toEqual([true, false])
      pauses.push(need.nextAt - now)
    }
    return pauses
  }
  expect(pausesMs(0, 7)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  expect(pausesMs(2, 5)).toEqual([30_000, 60_000, 120_000, 240_000, 300_000])
  need.linksChanged(1)
  expect(pausesMs(1, 1)).toEqual([300_000])
  need.linksChanged(0)
  expect(need.nextAt).toBe(0)
  expect(pausesMs(0, 2)).toEqual([1_000, 2_000])
  need.linksChanged(3)
  expect(pausesMs(2, 1)).toEqual([1_000])
  expect([need.isNeedy(0, 9), need.isNeedy(2, 0), need.isNeedy(2, 1), need.isNeedy(3, 0)]).toEqual([
    true,
    true,
    false,
    false,
  ])
})
