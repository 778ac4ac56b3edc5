import { describe, expect, test } from 'vitest'
import type { ScriptedHost } from './scripted-peer.ts'
import { scriptedNetwork } from './scripted-peer.ts'

const introducedTo = ({ peer }: ScriptedHost) => peer.last('introduced').contacts.map(({ id }) => id)

describe('introducer', () => {
  test('introduces the closest by XOR and some random ones, nobody twice, never oneself', () => {
    const { network, peers } = scriptedNetwork(40)
    const asker = peers[17]!
    asker.act({ type: 'introduce', random: 6, close: 4 })
    network.advance(1_000)
    const ids = introducedTo(asker)
    const others = peers.map(({ host }) => host.id).filter((id) => id !== asker.host.id)
    const closest = others
      .sort((a, b) => (xor(a, asker.host.id) < xor(b, asker.host.id) ? -1 : 1))
      .slice(0, 4)
    expect(ids.slice(0, 4)).toEqual(closest)
    expect(ids).toHaveLength(10)
    expect(new Set(ids).size).toBe(10)
    expect(ids).not.toContain(asker.host.id)
  })

  test('a signal to somebody who is not there comes back as undeliverable', () => {
    const { network, peers } = scriptedNetwork(2)
    const [a, b] = peers as [ScriptedHost, ScriptedHost]
    b.host.crash()
    a.act({ type: 'carry-signal', via: 'simulated', to: b.host.id, bytes: Uint8Array.of(1) })
    network.advance(1_000)
    expect(a.peer.last('undeliverable').to).toBe(b.host.id)
  })

  test('signals of one peer to another keep their order', () => {
    const { network, peers } = scriptedNetwork(2)
    const [a, b] = peers as [ScriptedHost, ScriptedHost]
    for (let i = 0; i < 20; i++)
      a.act({ type: 'carry-signal', via: 'simulated', to: b.host.id, bytes: new Uint8Array(20).fill(i) })
    network.advance(1_000)
    expect(b.peer.all('signal').map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(b.peer.last('signal').from).toEqual(a.host.contact)
  })

  test('stopped, it says so and carries nothing; started again, everybody comes back', () => {
    const { network, peers } = scriptedNetwork(3)
    const [a, b] = peers as [ScriptedHost, ScriptedHost]
    network.introducer.stop()
    network.advance(1_000)
    expect(peers.map(({ peer }) => peer.all('introducer-down').length)).toEqual([1, 1, 1])
    a.act({ type: 'carry-signal', via: 'simulated', to: b.host.id, bytes: Uint8Array.of(1) })
    network.advance(30_000)
    expect(a.peer.all('undeliverable')).toHaveLength(1)
    network.introducer.start()
    network.advance(65_000)
    expect(peers.map(({ peer }) => peer.all('introducer-up').length)).toEqual([2, 2, 2])
  })

  test('meshed peers beyond the first 16 go quiet, are introduced no more, and check in after five minutes', () => {
    const { network, peers } = scriptedNetwork(30)
    for (const { act } of peers) act({ type: 'meshed', links: 8 })
    network.advance(10_000)
    expect(network.introducer.online).toBe(16)
    const before = peers.map(({ peer }) => peer.all('introduced').length)
    network.advance(7 * 60_000)
    const quiet = peers.filter(({ peer }, index) => peer.all('introduced').length > before[index]!)
    expect(quiet).toHaveLength(14)
    for (const { peer } of peers) expect(peer.all('introducer-down')).toEqual([])
  })

  test('a quiet peer that has a signal to send connects again', () => {
    const { network, peers } = scriptedNetwork(30)
    for (const { act } of peers) act({ type: 'meshed', links: 8 })
    network.advance(10_000)
    const staying = peers.findIndex(
      ({ peer }) => peer.all('introduced').length > 0 && network.introducer.isOnline(peer.contact.id),
    )
    const away = peers.findIndex(({ peer }) => !network.introducer.isOnline(peer.contact.id))
    peers[away]!.act({
      type: 'carry-signal',
      via: 'simulated',
      to: peers[staying]!.host.id,
      bytes: new Uint8Array(20),
    })
    network.advance(3_000)
    expect(peers[staying]!.peer.all('signal')).toHaveLength(1)
  })
})

function xor(a: string, b: string): bigint {
  return BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
}
