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
  const network = new URLSearchParams(location.search).get('network')?.trim()
  return { ...DEFAULT_SETTINGS, ...settingsOfText(kept(KEY)), ...(network ? { network } : {}) }
}

/** The address under which another browser, with settings of its own, meets this peer. */
export function addressOf({ network }: Settings, page: { origin: string; pathname: string }): string {
  const named = network === DEFAULT_SETTINGS.network ? '' : `?network=${encodeURIComponent(network)}`
  return `${page.origin}${page.pathname.replace(/^\/$/, named === '' ? '' : '/')}${named}`
}

/** Throws an Error with a sentence for the person where the browser keeps nothing. */
export function saveSettings(settings: Settings): void {
  if (!keep(KEY, JSON.stringify(settings)))
    throw new Error('This browser keeps nothing for this page, so settings cannot be saved.')
}

/** What is usable of kept settings. An older or newer version of the page, or a person, may have written them. */
export function settingsOfText(text: string | null): Partial<Settings> {
  if (text === null) return {}
  try {
    const { network, servers, iceServers, linksMax } = (JSON.parse(text) ?? {}) as Partial<
      Record<keyof Settings, unknown>
    >
    return {
      ...(typeof network === 'string' && network !== '' ? { network } : {}),
      ...(isListOf(servers, (url) => typeof url === 'string') ? { servers: servers as string[] } : {}),
      ...(isListOf(iceServers, isIceServer) ? { iceServers: iceServers as RTCIceServer[] } : {}),
      ...(typeof linksMax === 'number' ? { linksMax } : {}),
    }
  } catch (error) {
    console.warn('The kept settings are damaged and were left out.', error)
    return {}
  }
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem)
}

function isIceServer(value: unknown): boolean {
  return typeof (value as Partial<RTCIceServer> | null)?.urls === 'string'
}

/** The settings as they are typed. */
export interface SettingsTexts {
  readonly network: string
  readonly servers: string
  readonly iceServers: string
  readonly linksMax: string
}

/** Throws TypeError or RangeError with a sentence for the person, wherever a peer could not start or link with them. */
export function settingsOfTexts({ network, servers, iceServers, linksMax }: SettingsTexts): Settings {
  if (network.trim() === '') throw new TypeError('A network needs a name')
  const urls = lines(servers)
  const wrong = urls.find((url) => !/^wss?:\/\/[^\s/]\S*$/.test(url) || !URL.canParse(url))
  if (wrong !== undefined) throw new TypeError(`“${wrong}” is no ws:// or wss:// address`)
  const links = Number(linksMax)
  if (!Number.isInteger(links) || links < 1 || links > 50)
    throw new RangeError('Links must be a whole number from 1 to 50')
  return { network: network.trim(), servers: urls, iceServers: parseIceServers(iceServers), linksMax: links }
}

/** One server a line: `stun:host:port`, or `turn:host:port user password`. Throws TypeError with the line that is wrong. */
export function parseIceServers(text: string): RTCIceServer[] {
  return lines(text).map((line) => {
    const [urls = '', username, credential] = line.split(/\s+/)
    if (!/^(stun|turns?):\S+$/.test(urls))
      throw new TypeError(`“${line}” does not begin with stun:, turn: or turns:`)
    if (!urls.startsWith('stun:') && !(username && credential))
      throw new TypeError(`“${line}” needs a user and a password behind the address`)
    const server = username && credential ? { urls, username, credential } : { urls }
    if (!isKnownToBrowser(server)) throw new TypeError(`“${line}” is no address this browser can use`)
    return server
  })
}

/** Only the browser knows what it takes. With a server it does not take, no link could be made. */
function isKnownToBrowser(server: RTCIceServer): boolean {
  if (typeof RTCPeerConnection === 'undefined') return true
  try {
    new RTCPeerConnection({ iceServers: [server] }).close()
    return true
  } catch {
    return false
  }
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
