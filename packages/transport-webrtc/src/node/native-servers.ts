// ICE servers as libdatachannel takes them.

import type { IceServer } from 'node-datachannel'

const RELAY_TYPES = { udp: 'TurnUdp', tcp: 'TurnTcp', tls: 'TurnTls' } as const

/**
 * In fields rather than as one text: names and passwords of TURN servers may contain what separates them there, and an IPv6 address does
 * (0.24.5 takes what follows its first colon for the port).
 */
export function nativeServers({ urls, username, credential }: RTCIceServer): (string | IceServer)[] {
  return [urls].flat().map((url) => {
    const [, scheme, inBrackets, plain, port, transport = 'udp'] =
      /^(stun|turns?):(?:\[(.*)\]|([^:?]+))(?::(\d+))?(?:\?transport=(udp|tcp))?$/.exec(url) ?? []
    const hostname = inBrackets ?? plain
    if (!scheme || !hostname) return url
    const server = { hostname, port: Number(port ?? (scheme === 'turns' ? 5349 : 3478)) }
    if (scheme === 'stun') return server
    const relayType = RELAY_TYPES[scheme === 'turns' ? 'tls' : (transport as 'udp' | 'tcp')]
    return {
      ...server,
      relayType,
      ...(username && { username }),
      ...(credential && { password: credential }),
    }
  })
}
