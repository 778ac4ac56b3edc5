import { describe, expect, it } from 'vitest'
import { nativeServers } from '../src/node/native-servers.ts'

const KNOWN = { username: 'u:1', credential: 'p@2' }
const TOLD = { username: 'u:1', password: 'p@2' }

describe('ICE servers of Node', () => {
  it.each([
    ['turn:t.example', { hostname: 't.example', port: 3478, relayType: 'TurnUdp', ...TOLD }],
    ['turn:t.example:80?transport=tcp', { hostname: 't.example', port: 80, relayType: 'TurnTcp', ...TOLD }],
    ['turns:192.0.2.1?transport=tcp', { hostname: '192.0.2.1', port: 5349, relayType: 'TurnTls', ...TOLD }],
    ['turn:[2001:db8::1]:80', { hostname: '2001:db8::1', port: 80, relayType: 'TurnUdp', ...TOLD }],
  ])('%s is a TURN server in its fields', (urls, server) => {
    expect(nativeServers({ urls, ...KNOWN })).toEqual([server])
  })

  // As text libdatachannel (0.24.5) looks for the port behind the first colon, and no connection can be made.
  it.each([
    ['stun:s.example', { hostname: 's.example', port: 3478 }],
    ['stun:[::1]:80', { hostname: '::1', port: 80 }],
  ])('%s is a STUN server in its fields', (urls, server) => {
    expect(nativeServers({ urls })).toEqual([server])
  })

  it('of one entry keep their order, and what is not understood is left to the library', () => {
    const urls = ['stuns:s.example', 'stun:s.example:1']
    expect(nativeServers({ urls })).toEqual(['stuns:s.example', { hostname: 's.example', port: 1 }])
  })
})
