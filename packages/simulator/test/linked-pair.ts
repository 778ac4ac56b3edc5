// Two scripted peers with a link between them, and what tests do to them again and again.

import type { NetworkOptions } from '../src/network.ts'
import { link, type ScriptedHost, scriptedNetwork } from './scripted-peer.ts'

const KEEPALIVE = { keepaliveMs: 1_000, silenceMs: 3_000 }

export function linkedPair(options: Partial<NetworkOptions> = {}) {
  const { network, peers } = scriptedNetwork(2, options)
  const [a, b] = peers as [ScriptedHost, ScriptedHost]
  const [ab, ba] = link(network, a, b)
  const send = (bytes: Uint8Array, channel: 'control' | 'bulk' = 'control') =>
    a.act({ type: 'send', link: ab, channel, bytes })
  const say = (bytes: readonly number[], channel: 'control' | 'bulk' = 'control') =>
    send(Uint8Array.from(bytes), channel)
  return { network, a, b, ab, ba, say, send }
}

/** The same, each end watching for silence, with ten quiet seconds behind them. */
export function watchedPair(options: Partial<NetworkOptions> = {}) {
  const linked = linkedPair(options)
  linked.a.act({ type: 'watch', link: linked.ab, ...KEEPALIVE })
  linked.b.act({ type: 'watch', link: linked.ba, ...KEEPALIVE })
  linked.network.advance(10_000)
  return linked
}

/** First bytes of what a peer got on a channel, in the order of arrival. */
export function heardOn({ peer }: ScriptedHost, channel: 'control' | 'bulk'): (number | undefined)[] {
  return peer
    .all('link-received')
    .filter((input) => input.channel === channel)
    .map(({ bytes }) => bytes[0])
}
