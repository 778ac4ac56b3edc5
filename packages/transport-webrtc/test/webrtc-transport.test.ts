// What the transport decides without a connection: options, ICE servers, budgets, deadlines. Its stand-in for WebRTC makes
// connections on which nothing ever happens.

import { ManualClock } from '@hyphae/conformance'
import type { AttemptId } from '@hyphae/core'
import type { TransportEvent } from '@hyphae/runtime'
import { describe, expect, it } from 'vitest'
import {
  createWebRtcTransport,
  supportsWebRtc,
  WEBRTC_DEFAULTS,
  type WebRtcTransportOptions,
} from '../src/index.ts'
import { CANDIDATES_MAX, DIALS_WAITING_MAX, HAND_CARRIED_MAX, HAND_CARRIED_MS_MAX } from '../src/limits.ts'
import { readDescription } from '../src/sdp.ts'
import { encodeCandidates, encodeDescription } from '../src/signal.ts'
import { FIREFOX_ANSWER } from './descriptions.ts'

const TURN = { urls: 'turn:turn.example.com', username: 'u', credential: 'c' }

describe('options', () => {
  it('are checked, and the error names the field', () => {
    expect(() => createWebRtcTransport({ openingMax: 0 })).toThrow('openingMax')
    expect(() => createWebRtcTransport({ connectMsMax: 1.5 })).toThrow('connectMsMax')
    expect(() => createWebRtcTransport({ iceServers: [{ urls: 'http://x' }] })).toThrow('iceServers')
    for (const known of [{ username: 'u' }, { credential: 'c' }, {}])
      expect(() => createWebRtcTransport({ iceServers: [{ urls: ['stun:x', 'turn:x'], ...known }] })).toThrow(
        'username and a credential',
      )
  })

  it('that let no link be made are refused: relays alone, where there is none', () => {
    for (const iceServers of [[], [{ urls: 'stun:x' }]])
      expect(() => createWebRtcTransport({ iceServers, relayOnly: true })).toThrow('relayOnly')
    createWebRtcTransport({ iceServers: [TURN], relayOnly: true }).destroy()
    createWebRtcTransport({ iceServers: async () => [TURN], relayOnly: true }).destroy()
  })

  it('ask nobody outside by default', () => {
    expect(WEBRTC_DEFAULTS.iceServers).toEqual([])
    const { configurations, dial } = newTransport()
    return dial('a').then(() =>
      expect(configurations()).toEqual([{ iceServers: [], iceTransportPolicy: 'all' }]),
    )
  })

  it('warn of more STUN servers than are good, and go on', async () => {
    const urls = Array.from({ length: 5 }, (_, i) => `stun:s${i}.example.com`)
    const { events, dial, configurations } = newTransport({ iceServers: [{ urls }, TURN], relayOnly: true })
    await dial('a')
    expect(events()).toMatchObject([{ type: 'warning', code: 'too-many-stun-servers', link: null }])
    expect(configurations()).toMatchObject([{ iceTransportPolicy: 'relay' }])
  })

  it('find out whether there is WebRTC here', () => {
    expect(supportsWebRtc()).toBe(false)
  })
})

describe('an attempt', () => {
  it('fails with stage ice where the ICE servers cannot be had', async () => {
    const fetchServers = () => Promise.reject(new Error('the credentials service is down'))
    const { events, dial } = newTransport({ iceServers: fetchServers })
    await Promise.all([dial('a'), dial('b')])
    const why = 'the credentials service is down'
    const detail = `the ICE servers are not known: ${why}`
    expect(events()).toEqual([
      { type: 'warning', code: 'no-ice-servers', link: null, detail: why },
      { type: 'failed', attempt: 'a', stage: 'ice', detail },
      { type: 'failed', attempt: 'b', stage: 'ice', detail },
    ])
  })

  it('fails with stage ice where it may use TURN alone, and the function names none', async () => {
    const { events, dial, stats } = newTransport({
      iceServers: async () => [{ urls: 'stun:x' }],
      relayOnly: true,
    })
    await dial('a')
    const why = 'relayOnly needs a turn: address in iceServers'
    expect(events()).toMatchObject([
      { type: 'warning', code: 'no-ice-servers', detail: why },
      { type: 'failed', attempt: 'a', stage: 'ice' },
    ])
    expect(stats().constructions).toBe(0)
  })

  it('fails with stage ice where there is no WebRTC, or it refuses', async () => {
    const refusing = class {
      constructor() {
        throw new Error('Cannot create so many PeerConnections')
      }
    }
    const { events, dial, stats } = newTransport({ wrtc: { RTCPeerConnection: refusing } })
    await dial('a')
    expect(events()).toMatchObject([
      { type: 'failed', stage: 'ice', detail: 'Cannot create so many PeerConnections' },
    ])
    expect(stats()).toMatchObject({ constructions: 0, opening: 0 })
    const without = createWebRtcTransport()
    const heard: TransportEvent[] = []
    without.onEvent((event) => heard.push(event))
    without.dial('b' as AttemptId, { gatherFirst: false })
    await settle()
    expect(heard).toMatchObject([{ type: 'failed', stage: 'ice' }])
  })

  it('has 15 s, 25 s with a TURN server, and minutes when it is carried by hand', async () => {
    const trials: [WebRtcTransportOptions, boolean, number][] = [
      [{}, false, 15_000],
      [{ iceServers: [TURN] }, false, 25_000],
      [{ iceServers: async () => [TURN] }, false, 25_000],
      [{}, true, HAND_CARRIED_MS_MAX],
    ]
    for (const [options, gatherFirst, ms] of trials) {
      const { events, dial, clock } = newTransport(options)
      await dial('a', gatherFirst)
      clock.advance(ms - 1)
      expect(events()).toEqual([])
      clock.advance(1)
      expect(events()).toMatchObject([
        { type: 'failed', stage: 'timeout', detail: 'the other end did not answer' },
      ])
    }
  })

  it('gets the time that this machine slept on top', async () => {
    const { events, dial, clock } = newTransport()
    await dial('a')
    clock.advance(10_000)
    await dial('b')
    // The machine was on time until the first deadline, as far as it can know.
    clock.stall(3_600_000)
    clock.advance(0)
    expect(attemptsIn(events())).toEqual(['a'])
    clock.advance(9_999)
    expect(attemptsIn(events())).toEqual(['a'])
    clock.advance(1)
    expect(attemptsIn(events())).toEqual(['a', 'b'])
  })

  it('waits for its turn, and fails with stage budget where that does not come', async () => {
    const { events, dial, clock, stats } = newTransport({ openingMax: 2, connectMsMax: 1_000 })
    for (const attempt of ['a', 'b', 'c']) await dial(attempt)
    expect(stats()).toMatchObject({ constructions: 2, opening: 3 })
    clock.advance(1_000)
    const stages = events().map((event) => event.type === 'failed' && [event.attempt, event.stage])
    expect(stages).toEqual([
      ['a', 'timeout'],
      ['b', 'timeout'],
      ['c', 'budget'],
    ])
  })

  it('fails with stage budget at once where too many wait', async () => {
    const { events, dial } = newTransport({ openingMax: 1 })
    for (let i = 0; i <= DIALS_WAITING_MAX + 1; i++) await dial(String(i))
    expect(events()).toMatchObject([
      { type: 'failed', stage: 'budget', attempt: String(DIALS_WAITING_MAX + 1) },
    ])
  })

  it('fails with stage budget where too many are carried by hand', async () => {
    const { events, dial } = newTransport()
    for (let i = 0; i <= HAND_CARRIED_MAX; i++) await dial(String(i), true)
    expect(events()).toMatchObject([{ type: 'failed', stage: 'budget', attempt: String(HAND_CARRIED_MAX) }])
  })

  it('drops candidates beyond the limit, however they are divided', async () => {
    const wrtc = {
      RTCPeerConnection: IdleConnection,
      RTCSessionDescription: class {},
      RTCIceCandidate: class {},
    }
    const { transport, dial, stats } = newTransport({ wrtc })
    await dial('a')
    const candidates = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => `candidate:${from + i} 1 udp 1 192.0.2.1 ${1_000 + i} typ host`)
    const apply = (signal: Uint8Array) => transport.applySignal('a' as AttemptId, signal)
    apply(encodeCandidates(candidates(0, CANDIDATES_MAX)))
    const answer = readDescription('answer', FIREFOX_ANSWER)!
    apply(encodeDescription({ ...answer, candidates: candidates(100, 1) }))
    expect(stats().refusedSignals).toBe(0)
    apply(encodeCandidates(candidates(200, CANDIDATES_MAX)))
    expect(stats().refusedSignals).toBe(CANDIDATES_MAX)
  })

  it('counts the candidates that an answer loses, as it does those of an offer', async () => {
    const wrtc = { RTCPeerConnection: IdleConnection, RTCSessionDescription: class {} }
    const { transport, dial, stats } = newTransport({ wrtc })
    await dial('a')
    const answer = readDescription('answer', FIREFOX_ANSWER)!
    const candidates = ['candidate:1 1 tcp 1 192.0.2.1 9 typ host']
    transport.applySignal('a' as AttemptId, encodeDescription({ ...answer, candidates }))
    expect(stats().refusedSignals).toBe(1)
  })

  it('is not made twice, and not after destroy', async () => {
    const { transport, dial, stats, events } = newTransport()
    await dial('a')
    await dial('a')
    expect(stats()).toMatchObject({ constructions: 1, opening: 1 })
    transport.destroy()
    await dial('b')
    expect(stats()).toMatchObject({ constructions: 1, opening: 0 })
    expect(events()).toEqual([])
  })

  it('leaves no timer behind after destroy, whatever it waited for', async () => {
    const asking = newTransport({ iceServers: () => new Promise(() => undefined) })
    const carried = newTransport()
    await asking.dial('a')
    await carried.dial('a', true)
    for (const { transport, clock, events } of [asking, carried]) {
      expect(clock.pending).toBe(1)
      transport.destroy()
      await settle()
      expect(clock.pending).toBe(0)
      clock.advance(HAND_CARRIED_MS_MAX)
      expect(events()).toEqual([])
    }
  })
})

function newTransport(options: WebRtcTransportOptions = {}) {
  const clock = new ManualClock()
  const configurations: unknown[] = []
  const idle = class extends IdleConnection {
    constructor(configuration: { iceServers: unknown; iceTransportPolicy: unknown }) {
      super()
      const { iceServers, iceTransportPolicy } = configuration
      configurations.push({ iceServers, iceTransportPolicy })
    }
  }
  const transport = createWebRtcTransport({ clock, wrtc: { RTCPeerConnection: idle }, ...options })
  const events: TransportEvent[] = []
  transport.onEvent((event) => events.push(event))
  const dial = async (attempt: string, gatherFirst = false) => {
    transport.dial(attempt as AttemptId, { gatherFirst })
    await settle()
  }
  return {
    transport,
    clock,
    dial,
    stats: () => transport.stats(),
    events: () => events,
    configurations: () => configurations,
  }
}

function attemptsIn(events: readonly TransportEvent[]): string[] {
  return events.flatMap((event) => ('attempt' in event ? [event.attempt] : []))
}

/** Enough turns for the promises of an attempt that no stack ever answers. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

class IdleConnection {
  createDataChannel(): EventTarget {
    return Object.assign(new EventTarget(), { close: () => undefined })
  }

  createOffer(): Promise<never> {
    return new Promise(() => undefined)
  }

  setRemoteDescription(): Promise<never> {
    return new Promise(() => undefined)
  }

  getTransceivers(): never[] {
    return []
  }

  close(): void {}
}
