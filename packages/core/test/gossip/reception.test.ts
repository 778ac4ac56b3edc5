import { describe, expect, test } from 'vitest'
import { gossipDomain, messageIdOf, signedBytes } from '../../src/gossip/envelope.ts'
import { topicOf } from '../../src/gossip/topic.ts'
import { contactBytes } from '../../src/identity/contact.ts'
import { topicHash } from '../../src/identity/network-id.ts'
import {
  ANNOUNCEMENTS_MAX,
  AUTHOR_WINDOW,
  COPIES_PER_LINK_BURST,
  COPIES_SENT_BURST,
  GOSSIP_HOPS_MAX,
  MESSAGES_PER_AUTHOR_BURST,
} from '../../src/limits.ts'
import { concatBytes, fromHex, toHex, utf8 } from '../../src/wire/bytes.ts'
import { withTtl } from '../../src/wire/codec.ts'
import type { MessageId } from '../../src/wire/messages.ts'
import {
  CHAT,
  contactNumber,
  delivered,
  forwards,
  gossipFrame,
  NETWORK_ID,
  OnePeer,
  offences,
  sends,
} from './one-peer.ts'

const [ada, bob, eve] = [contactNumber(1), contactNumber(2), contactNumber(3)] as const
const author = contactNumber(9)

function subscriber(...members: { id: typeof ada.id }[]): OnePeer {
  const peer = new OnePeer()
  peer.give({ type: 'subscribe', topic: 'chat' })
  peer.linkMembers(members.map(({ id }) => id))
  return peer
}

describe('names', () => {
  test('[GS1] the topic id is the first half of its key', () => {
    const hash = toHex(topicHash(NETWORK_ID, 'chat'))
    expect(topicOf(NETWORK_ID, 'chat')).toEqual({ id: hash.slice(0, 32), key: hash })
  })

  test('[GS2] what is signed binds network, topic, author, boot, counter and payload', () => {
    const { bytes } = gossipFrame({ author, boot: 0x0102, counter: 5, payload: utf8('hi') })
    const expected = concatBytes(
      utf8('hyphae gossip 1'),
      fromHex(NETWORK_ID),
      fromHex(CHAT.id),
      contactBytes(author),
      Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 5),
      utf8('hi'),
    )
    expect(signedBytes(gossipDomain(NETWORK_ID), bytes)).toEqual(expected)
  })

  test('[GS3] the id covers the signature, but neither TTL nor flags', () => {
    const { bytes, id } = gossipFrame({ author })
    const other = bytes.slice()
    other[other.length - 1]! ^= 1
    expect(messageIdOf(withTtl(bytes, 3))).toBe(id)
    expect(messageIdOf(gossipFrame({ author, direct: true }).bytes)).toBe(id)
    expect(messageIdOf(other)).not.toBe(id)
  })
})

describe('judging a copy', () => {
  test('[GS4] a message waits for its verification, and is then delivered and forwarded as it came', () => {
    const peer = subscriber(ada, bob)
    const { bytes, id } = gossipFrame({ author, ttl: 30 })
    expect(peer.receiveBytes(ada.id, bytes)).toEqual([
      expect.objectContaining({ type: 'verify', key: author.signingKey, cause: ada.id }),
    ])
    const payload = Uint8Array.of(1, 2, 3)
    expect(peer.verifyAll()).toEqual([
      {
        type: 'event',
        event: {
          type: 'message',
          topic: 'chat',
          from: author.id,
          id,
          payload,
          hops: 1 + GOSSIP_HOPS_MAX - 30,
        },
      },
      { type: 'forward', to: bob.id, frame: withTtl(bytes, 29) },
    ])
  })

  test('[GS4] a copy of what was seen is not verified again', () => {
    const peer = subscriber(ada, bob)
    const { bytes } = gossipFrame({ author })
    peer.accept(ada.id, bytes)
    expect(peer.receiveBytes(bob.id, bytes).filter(({ type }) => type === 'verify')).toEqual([])
    expect(peer.machine.stats()).toMatchObject({ copies: 2, first: 1 })
  })

  test('[GS-38] what many send us at once goes to a link as far as that takes it, and is announced and asked for beyond', () => {
    const peer = subscriber(ada, bob, eve)
    const copies = new Map<string, number>()
    const unsent: MessageId[] = []
    const authors = [11, 12, 13, 14, 15].map(contactNumber)
    const eachOf = Math.ceil((COPIES_PER_LINK_BURST + 1) / authors.length)
    for (const [index, of] of authors.entries()) {
      for (let counter = 0; counter < eachOf; counter++) {
        const message = gossipFrame({ author: of, counter })
        const sent = forwards(peer.accept([ada, eve][index % 2]!.id, message.bytes))
        for (const { to } of sent) copies.set(to, (copies.get(to) ?? 0) + 1)
        if (!sent.some(({ to }) => to === bob.id)) unsent.push(message.id)
      }
    }
    expect(copies.get(bob.id)).toBe(COPIES_SENT_BURST)
    const told = sends(peer.wait(5_000), 'IHAVE').filter(({ to }) => to === bob.id)
    const ids = new Set(told.flatMap(({ message }) => (message.type === 'IHAVE' ? message.ids : [])))
    const announced = unsent.filter((id) => ids.has(id))
    expect(announced.length).toBe(ANNOUNCEMENTS_MAX)
    const asked = peer.receive(bob.id, {
      type: 'GRAFT',
      topic: CHAT.id,
      ids: announced.slice(0, 9),
      pullOnly: true,
    })
    expect(forwards(asked)).toHaveLength(9)
  })

  test('[GS4] a message of a topic that we have nothing to do with is dropped', () => {
    const peer = subscriber(ada)
    expect(peer.receiveBytes(ada.id, gossipFrame({ author, topic: 'other' }).bytes)).toEqual([])
  })

  test('[GS4] a link that floods is refused and offends', () => {
    const peer = subscriber(ada)
    const { bytes } = gossipFrame({ author })
    for (let i = 0; i < COPIES_PER_LINK_BURST; i++) peer.receiveBytes(ada.id, bytes)
    expect(offences(peer.receiveBytes(ada.id, bytes))).toEqual([`${ada.id} flood`])
  })

  test('[GS5] a bad signature costs every sender of that copy, and nothing is delivered', () => {
    const peer = subscriber(ada, bob)
    const { bytes } = gossipFrame({ author, forged: true })
    peer.receiveBytes(ada.id, bytes)
    peer.receiveBytes(bob.id, bytes)
    expect(peer.verifyAll()).toEqual([
      { type: 'offence', peer: ada.id, offence: 'bad-signature' },
      { type: 'offence', peer: bob.id, offence: 'bad-signature' },
    ])
  })

  test('[GS5] a forged copy cannot keep the genuine one out: the next parked copy is tried', () => {
    const peer = subscriber(ada, bob)
    const genuine = gossipFrame({ author })
    peer.receiveBytes(ada.id, gossipFrame({ author, forged: true }).bytes)
    expect(peer.receiveBytes(bob.id, genuine.bytes)).toEqual([])
    const settled = peer.verifyAll()
    expect(offences(settled)).toEqual([`${ada.id} bad-signature`])
    expect(settled.filter(({ type }) => type === 'verify')).toHaveLength(1)
    expect(delivered(peer.verifyAll()).map(({ id }) => id)).toEqual([genuine.id])
  })

  test('[GS5] one link parks one copy of a message, however many it forges', () => {
    const peer = subscriber(ada)
    const frames = [1, 2, 3].map((last) => {
      const { bytes } = gossipFrame({ author, forged: true })
      bytes[bytes.length - 1] = last
      return bytes
    })
    for (const bytes of frames) peer.receiveBytes(ada.id, bytes)
    expect(peer.machine.tables()).toMatchObject({ gossipParked: 1 })
  })

  test('[GS5] a verification that is dropped or never comes back leaves the message unknown', () => {
    const peer = subscriber(ada)
    const { bytes } = gossipFrame({ author })
    const [verify] = peer.receiveBytes(ada.id, bytes)
    if (verify?.type !== 'verify') throw new Error('no verification')
    peer.give({ type: 'verify-dropped', token: verify.token })
    expect(peer.machine.tables()).toMatchObject({ gossipParked: 0 })
    expect(delivered(peer.give({ type: 'verified', token: verify.token, valid: true }))).toEqual([])
    peer.receiveBytes(ada.id, bytes)
    peer.wait(30_000)
    expect(peer.machine.tables()).toMatchObject({ gossipParked: 0 })
  })

  test('[GS5] an unknown token is a no-op', () => {
    expect(subscriber(ada).give({ type: 'verified', token: 'never', valid: true })).toEqual([])
  })

  test('[GS6] another message under a counter that was used is dropped, whatever its payload', () => {
    const peer = subscriber(ada)
    peer.accept(ada.id, gossipFrame({ author, counter: 4 }).bytes)
    expect(
      peer.receiveBytes(ada.id, gossipFrame({ author, counter: 4, payload: utf8('else') }).bytes),
    ).toEqual([])
  })

  test('[GS6] counters may come in any order within the window, and not from behind it', () => {
    const peer = subscriber(ada)
    const accepts = (counter: number, boot = 1) =>
      delivered(peer.accept(ada.id, gossipFrame({ author, counter, boot }).bytes)).length
    expect([accepts(10), accepts(8), accepts(8), accepts(9)]).toEqual([1, 1, 0, 1])
    expect([accepts(AUTHOR_WINDOW + 10), accepts(11), accepts(10), accepts(7)]).toEqual([1, 1, 0, 0])
    expect([accepts(40 * AUTHOR_WINDOW), accepts(40 * AUTHOR_WINDOW - 1)]).toEqual([1, 1])
  })

  test('[GS6] after a restart of its author the last boot may still be heard, older ones may not', () => {
    const peer = subscriber(ada)
    const accepts = (boot: number, counter: number) =>
      delivered(peer.accept(ada.id, gossipFrame({ author, counter, boot }).bytes)).length
    expect([accepts(1, 0), accepts(2, 0), accepts(1, 1), accepts(1, 0)]).toEqual([1, 1, 1, 0])
    expect([accepts(3, 0), accepts(1, 2), accepts(2, 1)]).toEqual([1, 0, 1])
  })

  test('[GS6] a replay is dropped even after its id is forgotten', () => {
    const peer = subscriber(ada)
    const { bytes } = gossipFrame({ author })
    peer.accept(ada.id, bytes)
    peer.wait(600_000)
    expect(peer.machine.tables()).toMatchObject({ gossipSeen: 0 })
    expect(peer.receiveBytes(ada.id, bytes)).toEqual([])
  })

  test('[GS6] what can never be new is fetched once', () => {
    const peer = subscriber(ada)
    const { bytes, id } = gossipFrame({ author: peer.self })
    const named = { type: 'IHAVE', topic: CHAT.id, ids: [id], reconcile: true } as const
    expect(sends(peer.receive(ada.id, named), 'GRAFT')).toHaveLength(1)
    peer.accept(ada.id, bytes)
    expect(sends(peer.receive(ada.id, named), 'GRAFT')).toEqual([])
  })

  test('[GS6] nobody publishes in our name', () => {
    const peer = subscriber(ada)
    expect(peer.receiveBytes(ada.id, gossipFrame({ author: peer.self, boot: 99 }).bytes)).toEqual([])
  })

  test('[GS7] an author without its work costs the sender', () => {
    const peer = new OnePeer(16)
    peer.give({ type: 'subscribe', topic: 'chat' })
    peer.linkMembers([ada.id])
    expect(peer.receiveBytes(ada.id, gossipFrame({ author }).bytes)).toEqual([
      { type: 'offence', peer: ada.id, offence: 'bad-work' },
    ])
  })

  test('[GS8] who spends the TTL of a message stops it neither here nor farther on', () => {
    for (const ttl of [1, 0]) {
      const peer = subscriber(ada, bob)
      const effects = peer.accept(ada.id, gossipFrame({ author, ttl }).bytes)
      expect(delivered(effects).map(({ hops }) => hops)).toEqual([1 + GOSSIP_HOPS_MAX - ttl])
      expect(forwards(effects).map(({ to, frame }) => [to, frame[3]])).toEqual([[bob.id, 0]])
    }
  })

  test('[GS8] of two copies the one with the most TTL goes on', () => {
    const used = gossipFrame({ author, ttl: 0 }).bytes
    const whole = gossipFrame({ author }).bytes
    const atOnce = subscriber(ada, bob, eve)
    atOnce.receiveBytes(ada.id, used)
    atOnce.receiveBytes(bob.id, whole)
    const further = withTtl(whole, GOSSIP_HOPS_MAX - 1)
    expect(forwards(atOnce.verifyAll()).map(({ to, frame }) => [to, frame])).toEqual([[eve.id, further]])
    const inTurn = subscriber(ada, bob, eve)
    const { id } = gossipFrame({ author })
    inTurn.accept(ada.id, used)
    expect(forwards(inTurn.receiveBytes(bob.id, whole))).toEqual([])
    const asked = inTurn.receive(eve.id, { type: 'GRAFT', topic: CHAT.id, ids: [id], pullOnly: true })
    expect(forwards(asked).map(({ frame }) => frame)).toEqual([further])
  })

  test('[GS8] a TTL beyond the limit counts as the limit', () => {
    const peer = subscriber(ada, bob)
    const effects = peer.accept(ada.id, gossipFrame({ author, ttl: 255 }).bytes)
    expect(delivered(effects).map(({ hops }) => hops)).toEqual([1])
    expect(forwards(effects).map(({ frame }) => frame[3])).toEqual([GOSSIP_HOPS_MAX - 1])
  })

  test('[GS8] nobody who sent the message gets it back, whether first or while it was verified', () => {
    const peer = subscriber(ada, bob, eve)
    const { bytes } = gossipFrame({ author })
    peer.receiveBytes(ada.id, bytes)
    peer.receiveBytes(bob.id, bytes)
    expect(forwards(peer.verifyAll()).map(({ to }) => to)).toEqual([eve.id])
  })

  test('[GS8] a forwarder passes on without delivering', () => {
    const peer = new OnePeer()
    peer.linkMembers([ada.id, bob.id])
    peer.receive(ada.id, { type: 'SUBSCRIBE', topic: CHAT.id, target: CHAT.key, lifeSeconds: 100 })
    const effects = peer.accept(bob.id, gossipFrame({ author }).bytes)
    expect(delivered(effects)).toEqual([])
    expect(forwards(effects).map(({ to }) => to)).toEqual([ada.id])
  })

  test('[GS9] an author that publishes too much is not spread, and nobody else can spend its rate', () => {
    const peer = subscriber(ada, bob)
    for (let i = 0; i < 50; i++)
      peer.accept(bob.id, gossipFrame({ author, counter: 9_000 + i, forged: true }).bytes)
    let count = 0
    for (let i = 0; i <= MESSAGES_PER_AUTHOR_BURST; i++) {
      count += delivered(peer.accept(ada.id, gossipFrame({ author, counter: i }).bytes)).length
    }
    expect(count).toBe(MESSAGES_PER_AUTHOR_BURST)
  })
})
