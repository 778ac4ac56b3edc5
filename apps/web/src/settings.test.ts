import { describe, expect, test } from 'vitest'
import {
  addressOf,
  DEFAULT_SETTINGS,
  formatIceServers,
  parseIceServers,
  settingsOfText,
  settingsOfTexts,
} from './settings.ts'

const TYPED = { network: 'n', servers: '', iceServers: '', linksMax: '50' }

describe('typed settings', () => {
  test('become settings, without spaces around', () => {
    const servers = ' wss://one.example/signal \n\nws://two.example:8080'
    expect(
      settingsOfTexts({ network: ' mine ', servers, iceServers: 'stun:s.example', linksMax: '7' }),
    ).toEqual({
      network: 'mine',
      servers: ['wss://one.example/signal', 'ws://two.example:8080'],
      iceServers: [{ urls: 'stun:s.example' }],
      linksMax: 7,
    })
  })

  test.each(['ws://[', 'ws://host:99999', 'ws://', 'ws:///x', 'http://host', 'host', 'ws://a b'])(
    'name a server no peer would start with: %s',
    (servers) => {
      expect(() => settingsOfTexts({ ...TYPED, servers })).toThrow(`“${servers}”`)
    },
  )

  test('need a name for the network, and a number of links', () => {
    expect(() => settingsOfTexts({ ...TYPED, network: '  ' })).toThrow(TypeError)
    for (const linksMax of ['0', '51', '1.5', 'many', ''])
      expect(() => settingsOfTexts({ ...TYPED, linksMax })).toThrow(RangeError)
  })

  test('have STUN and TURN servers that are written as they are read', () => {
    const text = 'stun:s.example:3478\nturn:t.example user secret\nturns:t.example:5349?transport=tcp u p'
    expect(formatIceServers(parseIceServers(text))).toBe(text)
    expect(() => parseIceServers('turn:t.example user')).toThrow('password')
    expect(() => parseIceServers('http://t.example')).toThrow('stun:')
  })
})

describe('the address for another browser', () => {
  const page = { origin: 'https://app.example', pathname: '/' }

  test('names the network, unless it is the one everybody starts in', () => {
    expect(addressOf(DEFAULT_SETTINGS, page)).toBe('https://app.example')
    const settings = { ...DEFAULT_SETTINGS, network: 'my friends & me' }
    const address = addressOf(settings, page)
    expect(address).toBe('https://app.example/?network=my%20friends%20%26%20me')
    expect(new URL(address).searchParams.get('network')).toBe(settings.network)
  })

  test('keeps the path of the page', () => {
    const settings = { ...DEFAULT_SETTINGS, network: 'n' }
    expect(addressOf(settings, { ...page, pathname: '/demo/' })).toBe('https://app.example/demo/?network=n')
    expect(addressOf(DEFAULT_SETTINGS, { ...page, pathname: '/demo/' })).toBe('https://app.example/demo/')
  })
})

describe('kept settings', () => {
  test('are read as they were written', () => {
    const settings = { network: 'n', servers: ['ws://s'], iceServers: [{ urls: 'stun:s' }], linksMax: 9 }
    expect(settingsOfText(JSON.stringify(settings))).toEqual(settings)
  })

  test.each([null, 'null', '5', '[]', '{}'])('may be missing: %s', (text) => {
    expect(settingsOfText(text)).toEqual({})
  })

  test('are left out where they are none', () => {
    expect(settingsOfText('{"network":"","servers":null,"iceServers":"x","linksMax":"9"}')).toEqual({})
    expect(settingsOfText('{"network":7,"servers":[1],"iceServers":[null],"linksMax":3}')).toEqual({
      linksMax: 3,
    })
  })
})
