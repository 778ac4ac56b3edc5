// What a remote may try on an open connection, with a real one. The remote's own transport is honest; what it should not
// do is done to the connection beneath it.

import type { AttemptId } from '@hyphae/core'
import type { Transport, TransportEvent } from '@hyphae/runtime'
import * as polyfill from 'node-datachannel/polyfill'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createWebRtcTransport } from '../src/index.ts'
import { NodePeerConnection } from '../src/node/node-peer-connection.ts'

const transports: Transport[] = []

afterEach(() => {
  for (const transport of transports.splice(0)) transport.destroy()
})

describe('a hostile remote', () => {
  it('that opens a channel of its own finds it closed, and the link goes on', async () => {
    const { connection, victim, remote, events } = await openLink()
    const third = connection.createDataChannel('third')
    await vi.waitFor(() => expect(victim.stats().refusedChannels).toBe(1), WAITING)
    await vi.waitFor(() => expect(third.readyState).toBe('closed'), WAITING)
    remote.send(1, 'control', Uint8Array.of(1, 2, 3))
    await vi.waitFor(() => expect(received(events)).toEqual([[1, 2, 3]]), WAITING)
    expect(victim.stats().open).toBe(1)
  })

  it('that opens one after another loses the link', async () => {
    const { connection, victim, events } = await openLink()
    for (let i = 0; i < 12; i++) connection.createDataChannel(`${i}`)
    await vi.waitFor(() => expect(closings(events)).toHaveLength(1), WAITING)
    expect(victim.stats()).toMatchObject({ open: 0, refusedChannels: 9 })
  })

  it('that sends larger messages than any peer may is let go', async () => {
    const { channels, events } = await openLink()
    channels[0]?.send(new Uint8Array(16 * 1024 + 1))
    await vi.waitFor(() => expect(closings(events)).toEqual(['protocol-violation']), WAITING)
    expect(received(events)).toEqual([])
  })

  it('that sends text or nothing is not heard on bulk', async () => {
    const { channels, remote, events } = await openLink()
    channels[1]?.send('text')
    channels[1]?.send(new Uint8Array())
    remote.send(1, 'bulk', Uint8Array.of(9))
    await vi.waitFor(() => expect(received(events)).toEqual([[9]]), WAITING)
  })

  it('that closes one channel alone loses the link', async () => {
    for (const index of [0, 1]) {
      const { channels, events } = await openLink()
      channels[index]?.close()
      await vi.waitFor(() => expect(closings(events)).toEqual(['remote-closed']), WAITING)
    }
  })
})

const WAITING = { timeout: 5_000, interval: 5 }

/** A link whose dialing end shows its connection and its channels. */
async function openLink() {
  const connections: NodePeerConnection[] = []
  const channels: polyfill.RTCDataChannel[] = []
  const observed = class extends NodePeerConnection {
    constructor(configuration: RTCConfiguration) {
      super(configuration)
      connections.push(this)
    }

    override createDataChannel(label: string, options?: RTCDataChannelInit) {
      const channel = super.createDataChannel(label, options)
      channels.push(channel)
      return channel
    }
  }
  const [remote, victim] = [newTransport(observed), newTransport(NodePeerConnection)]
  const attempt = '0000000000000001' as AttemptId
  const remoteEvents: TransportEvent[] = []
  const events: TransportEvent[] = []
  remote.onEvent((event) => {
    remoteEvents.push(event)
    if (event.type !== 'local-signal') return
    if (victim.stats().opening === 0) victim.accept(attempt, event.bytes, { gatherFirst: false })
    else victim.applySignal(attempt, event.bytes)
  })
  victim.onEvent((event) => {
    events.push(event)
    if (event.type === 'local-signal') remote.applySignal(attempt, event.bytes)
  })
  remote.dial(attempt, { gatherFirst: false })
  await vi.waitFor(() => {
    for (const heard of [remoteEvents, events]) expect(heard.map(({ type }) => type)).toContain('opened')
  }, WAITING)
  const [connection] = connections
  if (!connection) throw new Error('the remote made a connection')
  return { connection, channels, remote, victim, events }
}

function newTransport(RTCPeerConnection: typeof NodePeerConnection): Transport {
  const wrtc = { ...polyfill, RTCPeerConnection }
  const transport = createWebRtcTransport({
    iceServers: [],
    wrtc,
    isFreedOnClose: true,
    holdsCandidates: true,
  })
  transports.push(transport)
  return transport
}

function received(events: readonly TransportEvent[]): number[][] {
  return events.flatMap((event) => (event.type === 'received' ? [Array.from(event.bytes)] : []))
}

function closings(events: readonly TransportEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'closed' ? [event.reason] : []))
}
