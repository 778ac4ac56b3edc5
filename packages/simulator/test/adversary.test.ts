// What adversaries do to frames; what that does to a network is for the scenarios to say.

import type { Effect, Input, Millis, PeerSnapshot } from '@hyphae/core'
import {
  decodeFrame,
  decodeInner,
  encodeFrame,
  encodeInner,
  type Message,
  type MessageOf,
  packBatches,
  splitBatch,
} from '@hyphae/core/wire'
import { expect, test } from 'vitest'
import { Adversary, type Behaviour } from '../src/adversary.ts'
import type { DrivenPeer } from '../src/host.ts'
import { drawContact } from '../src/keyed-hash-crypto.ts'
import { SeededRandom } from '../src/random.ts'

const [self, author] = [1, 2].map((seed) => drawContact(new SeededRandom(seed))) as [never, never]
const key = 'a'.repeat(64) as never
const FOREIGN = { operation: '1'.repeat(32) as never, path: 0 }
const OWN = { operation: '2'.repeat(32) as never, path: 0 }
const get = encodeInner({ type: 'GET', key, head: false })
const value = encodeInner({
  type: 'VALUE',
  holder: author,
  lifeSeconds: 1,
  record: { kind: 'immutable', value: Uint8Array.of(1, 2) },
})
const route = (name: typeof FOREIGN): MessageOf<'ROUTE'> => ({
  type: 'ROUTE',
  ...name,
  mode: 0,
  target: key,
  visited: [],
  via: [],
  inner: get,
})
const reply = (name: typeof FOREIGN, inner = value): Message => ({
  type: 'ROUTE_REPLY',
  ...name,
  hops: 0,
  last: true,
  inner,
})

/** Says the frames it is told to, and remembers on which link it heard what. */
class Inner implements DrivenPeer {
  say: Effect[] = []
  readonly heard: { link: number; type: string }[] = []

  handle(input: Input, _: Millis, out: Effect[]): void {
    if (input.type === 'link-received')
      for (const frame of splitBatch(input.bytes) ?? [])
        this.heard.push({ link: input.link, type: decodeFrame(frame)?.message.type ?? '' })
    out.push(...this.say.splice(0))
  }

  snapshot(): PeerSnapshot {
    throw new Error('nobody looks')
  }

  tables(): Record<string, number> {
    return {}
  }

  check(): string[] {
    return []
  }
}

/** An adversary that was given a foreign operation over link 1, and has links 2 and 3 too. */
function adversary(behaviour: Behaviour) {
  const inner = new Inner()
  const peer = new Adversary(inner, self, behaviour, new SeededRandom(1))
  const handle = (input: Input) => {
    const out: Effect[] = []
    peer.handle(input, 0, out)
    return out.flatMap((effect) => {
      if (effect.type !== 'send') return []
      return (splitBatch(effect.bytes) ?? []).map((frame) => ({
        link: effect.link,
        message: decodeFrame(frame)?.message as Message,
      }))
    })
  }
  const hear = (link: number, ...messages: Message[]) =>
    handle({ type: 'link-received', link, channel: 'control', bytes: batch(messages) })
  const speak = (link: number, ...messages: Message[]) => {
    inner.say = [{ type: 'send', link, channel: 'control', bytes: batch(messages) }]
    return handle({ type: 'wake' })
  }
  for (const link of [1, 2, 3]) handle({ type: 'link-opened', link } as Input)
  hear(1, route(FOREIGN))
  return { peer, inner, hear, speak }
}

function batch(messages: readonly Message[]): Uint8Array {
  return packBatches(messages.map((message) => encodeFrame(message, 9)))[0] as Uint8Array
}

const gossip = (by: never): MessageOf<'GOSSIP'> => ({
  type: 'GOSSIP',
  topic: '3'.repeat(32) as never,
  author: by,
  boot: 1,
  counter: 1,
  payload: Uint8Array.of(5),
  signature: new Uint8Array(64),
})

test('one that drops hands on nothing of others, acknowledges all the same, and does its own', () => {
  const { peer, speak } = adversary('drop')
  expect(speak(2, route(FOREIGN), gossip(author))).toEqual([])
  expect(speak(1, reply(FOREIGN))).toEqual([])
  expect(peer.misdeeds).toBe(3)
  const ack = { type: 'ROUTE_ACK', ...FOREIGN } as const
  expect(speak(1, ack)).toEqual([{ link: 1, message: ack }])
  expect(speak(2, route(OWN), gossip(self)).map(({ message }) => message.type)).toEqual(['ROUTE', 'GOSSIP'])
})

test('one that lies denies what it should ask for, and changes values and messages that pass', () => {
  const { speak } = adversary('lie')
  expect(speak(2, route(FOREIGN))).toEqual([
    { link: 1, message: { type: 'ROUTE_NACK', ...FOREIGN, hopsLeft: 0, visited: [] } },
  ])
  const said = speak(1, reply(FOREIGN))[0]!
  const inner = decodeInner((said.message as MessageOf<'ROUTE_REPLY'>).inner, 'routed') as MessageOf<'VALUE'>
  expect(inner.record.value).toEqual(Uint8Array.of(0, 2))
  expect(speak(2, gossip(author))[0]?.message).toMatchObject({ payload: Uint8Array.of(4) })
  expect(speak(2, gossip(self))[0]?.message).toMatchObject({ payload: Uint8Array.of(5) })
})

test('one that lies says that all its links are next door', () => {
  const exchange = {
    type: 'PEER_EXCHANGE',
    linked: [author],
    siblings: [author],
    gone: [],
    servers: [],
    delays: Uint8Array.of(90),
  } as const
  const told = (behaviour: Behaviour) => adversary(behaviour).speak(2, exchange)[0]?.message
  expect(told('lie')).toEqual({ ...exchange, delays: Uint8Array.of(0) })
  expect(told('drop')).toEqual(exchange)
})

test('one that misroutes asks somebody else, and takes that answer for the right one', () => {
  const { inner, speak, hear } = adversary('misroute')
  expect(speak(2, route(FOREIGN))).toEqual([{ link: 3, message: route(FOREIGN) }])
  hear(3, { type: 'ROUTE_ACK', ...FOREIGN }, { type: 'PING', nonce: 1 })
  expect(inner.heard.slice(-2)).toEqual([
    { link: 2, type: 'ROUTE_ACK' },
    { link: 3, type: 'PING' },
  ])
})

test('one that sleeps keeps to the protocol', () => {
  const { peer, speak } = adversary('drop')
  peer.isAwake = false
  expect(speak(2, route(FOREIGN))).toHaveLength(1)
  expect(peer.misdeeds).toBe(0)
})
