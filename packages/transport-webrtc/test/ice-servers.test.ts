import { ManualClock } from '@hyphae/conformance'
import { describe, expect, it } from 'vitest'
import { checkIceServers, hasRelay, type IceServers, IceServersReader, stunUrls } from '../src/ice-servers.ts'
import { ICE_SERVERS_FRESH_MS, ICE_SERVERS_MS_MAX } from '../src/limits.ts'
import { SharedTimer } from '../src/shared-timer.ts'

const SERVERS: IceServers = [
  { urls: 'stun:stun.example.com' },
  {
    urls: ['stun:a.example.com:3478', 'turns:t.example.com:443?transport=tcp'],
    username: 'u',
    credential: 'c',
  },
]

describe('ICE servers', () => {
  it('are counted by kind', () => {
    expect([stunUrls(SERVERS), hasRelay(SERVERS), hasRelay(SERVERS.slice(0, 1))]).toEqual([2, true, false])
    expect([stunUrls([]), hasRelay([])]).toEqual([0, false])
  })

  it.each([
    ['no list', 'stun:stun.example.com'],
    ['an entry that is no server', ['stun:stun.example.com']],
    ['a server without addresses', [{ username: 'u' }]],
    ['an empty list of addresses', [{ urls: [] }]],
    ['a web address', [{ urls: 'https://stun.example.com' }]],
    ['an address that is no text', [{ urls: [1] }]],
    // Browsers throw at these, for each link anew.
    ['an address with slashes, as of a web page', [{ urls: 'stun://stun.example.com:3478' }]],
    ['a web page behind stun:', [{ urls: 'stun:https://stun.example.com' }]],
    ['a stun: address with a transport', [{ urls: 'stun:stun.example.com?transport=udp' }]],
    ['a stuns: address, which Chromium alone takes', [{ urls: 'stuns:stun.example.com' }]],
    ['a user in the address', [{ urls: 'turn:u@t.example.com', username: 'u', credential: 'c' }]],
    [
      'a transport that there is not',
      [{ urls: 'turn:t.example.com?transport=tls', username: 'u', credential: 'c' }],
    ],
  ])('refuses %s', (_, servers) => {
    expect(() => checkIceServers(servers, false)).toThrow(TypeError)
  })

  it('are asked for once by several dials, and again after a minute', async () => {
    const { reader, clock, asked } = newReader(async () => SERVERS)
    const answers = await Promise.all([reader.read(), reader.read()])
    expect(answers).toEqual([SERVERS, SERVERS])
    clock.advance(ICE_SERVERS_FRESH_MS)
    await reader.read()
    expect(asked()).toBe(2)
  })

  it('that cannot be had are an error for those who wait, and asked for again by the next', async () => {
    let isDown = true
    const { reader } = newReader(async () => {
      if (isDown) throw new Error('503 from the credentials service')
      return SERVERS
    })
    await expect(reader.read()).rejects.toThrow('503 from the credentials service')
    isDown = false
    await expect(reader.read()).resolves.toBe(SERVERS)
  })

  it('that are none are an error', async () => {
    const { reader } = newReader(async () => [{ urls: 'nonsense' }])
    await expect(reader.read()).rejects.toThrow('nonsense')
  })

  it('that never come are an error after a while', async () => {
    const { reader, clock } = newReader(() => new Promise(() => undefined))
    const reading = reader.read()
    clock.advance(ICE_SERVERS_MS_MAX)
    await expect(reading).rejects.toThrow(`no answer within ${ICE_SERVERS_MS_MAX} ms`)
  })
})

function newReader(source: () => Promise<IceServers>) {
  const clock = new ManualClock()
  let asked = 0
  const counted = () => {
    asked++
    return source()
  }
  const nothing = () => undefined
  const options = { iceServers: counted, relayOnly: false }
  const reader = new IceServersReader(options, new SharedTimer(clock, nothing), nothing)
  return { reader, clock, asked: () => asked }
}
