import type { Input, PeerRecord, RecordHeader } from '@hyphae/core'
import { contentKey } from '@hyphae/core'
import { describe, expect, test } from 'vitest'
import { Network } from '../src/network.ts'
import type { ScriptedHost } from './scripted-peer.ts'
import { ScriptedPeer, scriptedNetwork } from './scripted-peer.ts'

const value = Uint8Array.of(1, 2, 3)
const key = contentKey(value)
const record: PeerRecord = { kind: 'immutable', value }
const header: RecordHeader = {
  key,
  kind: 'immutable',
  version: { rank: 0, tie: '' },
  valueBytes: 3,
  storedAt: 0,
  expiresAt: 0,
  own: true,
}
const store = { type: 'store', job: 1, key, record, header } as const

function one() {
  const { network, peers } = scriptedNetwork(1)
  return { network, ...(peers[0] as ScriptedHost) }
}

const results = (peer: ScriptedPeer) => peer.all('job-done').map(({ job, result }) => ({ job, ...result }))

describe('jobs', () => {
  test('a signature of ours verifies, a changed one does not', () => {
    const { network, host, peer, act } = one()
    act({ type: 'sign', job: 1, bytes: value })
    network.advance(10)
    const { signature } = results(peer)[0] as unknown as { signature: Uint8Array }
    const verify = { type: 'verify', key: host.contact.signingKey, bytes: value } as const
    act({ ...verify, job: 2, signature }, { ...verify, job: 3, signature: signature.map((byte) => byte ^ 1) })
    network.advance(10)
    expect(results(peer).slice(1)).toEqual([
      { job: 2, type: 'verified', valid: true },
      { job: 3, type: 'verified', valid: false },
    ])
  })

  test('a lone verification answers in the same millisecond; of thirty in a row the last waits three', () => {
    const { network, host, peer, act } = one()
    const verify = { type: 'verify', key: value, bytes: value, signature: value } as const
    act({ ...verify, job: 0 })
    const sentAt = host.now
    network.advance(100)
    expect(peer.last('job-done').at - sentAt).toBe(0)
    act(...Array.from({ length: 30 }, (_, job) => ({ ...verify, job })))
    const secondAt = host.now
    network.advance(100)
    expect(peer.last('job-done').at - secondAt).toBe(3)
  })
})

describe('disk', () => {
  test('a record is readable at once and on disk 75 ms later', () => {
    const { network, host, peer, act } = one()
    act(store, { type: 'load', job: 2, key })
    network.advance(10)
    expect(results(peer)).toEqual([{ job: 2, type: 'loaded', record }])
    network.advance(100)
    expect(results(peer)[1]).toEqual({ job: 1, type: 'stored', persisted: true })
    act({ type: 'forget', key }, { type: 'load', job: 3, key })
    network.advance(10)
    expect(results(peer)[2]).toEqual({ job: 3, type: 'loaded', record: null })
    expect(host.disk.holds(key)).toBe(false)
  })

  test('a restart finds what was written before a crash, under the same id and a higher boot id', () => {
    for (const [waitMs, kept] of [
      [10, 0],
      [100, 1],
    ] as const) {
      const booted: ScriptedPeer[] = []
      const network = new Network({
        seed: 1,
        createPeer: (contact) => booted[booted.push(new ScriptedPeer(contact)) - 1]!,
      })
      const host = network.addHost()
      host.start()
      network.advance(10)
      booted[0]!.perform(store)
      host.later(0, { type: 'wake' })
      network.advance(waitMs)
      host.crash()
      network.advance(1_000)
      host.start()
      network.advance(10)
      const starts = booted.map((peer) => peer.last('start'))
      expect(starts.map(({ recordIndex }) => recordIndex.length)).toEqual([0, kept])
      expect(starts.map(({ bootId }) => bootId)).toEqual([1, 2])
      expect(booted[1]!.contact.id).toBe(booted[0]!.contact.id)
      expect(booted[0]!.heard.at(-1)!.at).toBeLessThan(starts[1]!.at)
    }
  })
})

describe('waking', () => {
  test('the last time set counts, sooner or later than the one before', () => {
    const { network, host, peer, act } = one()
    const wakes = () => peer.all('wake').map(({ at }) => at - begun)
    const begun = host.now
    act({ type: 'wake-at', at: begun + 100 }, { type: 'wake-at', at: begun + 300 })
    network.advance(1_000)
    expect(wakes()).toEqual([300])
    act({ type: 'wake-at', at: begun + 2_000 }, { type: 'wake-at', at: begun + 1_500 })
    network.advance(2_000)
    expect(wakes()).toEqual([300, 1_500])
  })

  test('a time gone by means at once, infinity means never', () => {
    const { network, host, peer, act } = one()
    act({ type: 'wake-at', at: host.now - 5_000 })
    network.advance(1)
    expect(peer.all('wake')).toHaveLength(1)
    act({ type: 'wake-at', at: host.now + 50 }, { type: 'wake-at', at: Number.POSITIVE_INFINITY })
    network.advance(100_000)
    expect(peer.all('wake')).toHaveLength(1)
  })

  test('in a hidden page timers fire once a second, and what comes is handled at once', () => {
    const { network, host, peer, act } = one()
    host.hide()
    expect(peer.last('environment')).toMatchObject({ visible: false, pausedMs: 0 })
    for (const afterMs of [1, 400, 700]) {
      act({ type: 'wake-at', at: host.now + afterMs })
      network.advance(2_350)
    }
    const wokenAt = peer.all('wake').map(({ at }) => at)
    expect(wokenAt).toHaveLength(3)
    expect(new Set(wokenAt.map((at) => at % 1_000)).size).toBe(1)
    const askedAt = host.now
    act({ type: 'wake-at', at: askedAt + 1 })
    network.advance(0)
    expect(peer.heard.at(-1)!.at).toBe(askedAt)
  })

  test('a page that was hidden starts again hidden', () => {
    const booted: ScriptedPeer[] = []
    const createPeer = (contact: ScriptedPeer['contact']) => {
      const peer = new ScriptedPeer(contact)
      booted.push(peer)
      return peer
    }
    const network = new Network({ seed: 1, createPeer })
    const host = network.addHost()
    host.hide()
    host.start()
    network.advance(1_000)
    host.crash()
    host.start()
    network.advance(1_000)
    expect(booted.map((peer) => peer.last('environment').visible)).toEqual([false, false])
  })
})

describe('calls', () => {
  test('progress, then one end', () => {
    const { network, host, peer, act } = one()
    const told: unknown[] = []
    const op = host.call(
      { type: 'subscribe', topic: 'a' },
      {
        progress: (v) => told.push(v),
        done: (v) => told.push(['done', v]),
        failed: (code) => told.push(code),
      },
    )
    network.advance(1)
    expect(peer.last('command')).toMatchObject({ op, call: { type: 'subscribe', topic: 'a' } })
    act(
      { type: 'progress', op, value: 1 },
      { type: 'done', op, value: 2 },
      { type: 'failed', op, code: 'TIMEOUT', message: '' },
    )
    network.advance(1)
    expect(told).toEqual([1, ['done', 2]])
  })

  test('leaving ends links politely, and nothing is heard afterwards', () => {
    const { network, peers } = scriptedNetwork(2)
    const [a, b] = peers as [ScriptedHost, ScriptedHost]
    a.peer.dial('0123456789abcdef', b.host.contact)
    a.act()
    network.advance(3_000)
    a.host.leave()
    network.advance(1)
    const { op } = a.peer.last('command') as Input & { type: 'command' }
    a.act({ type: 'done', op, value: null })
    network.advance(1_000)
    expect(a.host.isRunning).toBe(false)
    expect(b.peer.all('link-closed')).toHaveLength(1)
  })
})
