// Whom limits per address count as one.

import type { IncomingMessage } from 'node:http'
import { isIPv4, isIPv6 } from 'node:net'

/** The limit group of whoever sent the request. */
export function remoteGroup(request: IncomingMessage, trustProxy: boolean): string {
  const forwarded = trustProxy ? lastForwarded(request) : null
  return addressGroup(forwarded ?? request.socket.remoteAddress ?? '')
}

/** An IPv4 address itself; of IPv6 the first 64 bits, because one customer has all the rest to choose from. */
export function addressGroup(address: string): string {
  const mapped = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
  if (isIPv4(mapped)) return mapped
  return isIPv6(mapped) ? `${firstGroups(mapped)}::/64` : 'unknown'
}

/** The last one is what our own proxy saw; those before it are whatever the client claimed. */
function lastForwarded(request: IncomingMessage): string | null {
  const header = request.headers['x-forwarded-for']
  const last = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').at(-1)?.trim()
  return last ? withoutPort(last) : null
}

/** Some proxies (Azure's, IIS) write the port as well, and IPv6 in brackets then. */
function withoutPort(text: string): string {
  const [, inBrackets, beforePort] = /^\[(.*)\](?::\d+)?$|^([^:]*):\d+$/.exec(text) ?? []
  return inBrackets ?? beforePort ?? text
}

function firstGroups(address: string): string {
  const [front = '', back] = address.split('::') as [string, string | undefined]
  const groups = front === '' ? [] : front.split(':')
  const after = back === undefined || back === '' ? [] : back.split(':')
  const zeros = back === undefined ? 0 : 8 - groups.length - after.length
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after]
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
