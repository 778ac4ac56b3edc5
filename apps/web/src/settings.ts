// What the person chose, kept in this browser: which network, which servers, which STUN and TURN servers.

import { keep, kept } from './browser-storage.ts'

export interface Settings {
  readonly network: string
  /** Empty: the server this page came from. */
  readonly servers: readonly string[]
  readonly iceServers: readonly RTCIceServer[]
  readonly linksMax: number
}

const KEY = 'hyphae:settings'
export const DEFAULT_SETTINGS: Settings = {
  network: 'hyphae-demo',
  servers: [],
  iceServers: [],
  linksMax: 50,
}

/** The address of the signaling server that serves this page. */
export function ownServer(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`
}

export function serversOf(settings: Settings): readonly string[] {
  return settings.servers.length > 0 ? settings.servers : [ownServer()]
}

/** Kept settings, over the defaults; what a link says (`?network=…`) over both. */
export function loadSettings(): Settings {
  const known = parse(kept(KEY))
  const network = new URLSearchParams(location.search).get('network')
  return { ...DEFAULT_SETTINGS, ...known, ...(network ? { network } : {}) }
}

/** Throws an Error with a sentence for the person where the browser keeps nothing. */
export function saveSettings(settings: Settings): void {
  if (!keep(KEY, JSON.stringify(settings)))
    throw new Error('This browser keeps nothing for this page, so settings cannot be saved.')
}

function parse(text: string | null): Partial<Settings> {
  if (text === null) return {}
  try {
    return JSON.parse(text) as Partial<Settings>
  } catch (error) {
    console.warn('The kept settings are damaged and were left out.', error)
    return {}
  }
}

/** One server a line: `stun:host:port`, or `turn:host:port user password`. Throws TypeError with the line that is wrong. */
export function parseIceServers(text: string): RTCIceServer[] {
  return lines(text).map((line) => {
    const [urls = '', username, credential] = line.split(/\s+/)
    if (!/^(stun|turns?):\S+$/.test(urls))
      throw new TypeError(`“${line}” does not begin with stun:, turn: or turns:`)
    if (urls.startsWith('stun:')) return { urls }
    if (!username || !credential)
      throw new TypeError(`“${line}” needs a user and a password behind the address`)
    return { urls, username, credential }
  })
}

export function formatIceServers(servers: readonly RTCIceServer[]): string {
  return servers
    .map(({ urls, username, credential }) => [urls, username, credential].filter(Boolean).join(' '))
    .join('\n')
}

export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
