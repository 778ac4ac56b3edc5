import { describe, expect, test } from 'vitest'
import { topicOf } from '../../src/gossip/topic.ts'
import {
  ANNOUNCED_PER_LINK_MAX,
  FORWARDED_PER_LINK_MAX,
  FORWARDED_TOPICS_MAX,
  GOSSIP_CONTROL_PER_SECOND,
  TOPICS_MAX,
} from '../../src/limits.ts'
import type { Message, TopicId } from '../../src/wire/messages.ts'
import {
  CHAT,
  contactNumber,
  forwards,
  gossipFrame,
  NETWORK_ID,
  OnePeer,
  offences,
  sends,
} from './one-peer.ts'

const [ada, bob, eve, dan] = [1, 2, 3, 4].map((number) => contactNumber(number).id) as [
  ReturnType<typeof contactNumber>['id'],
  ReturnType<typeof contactNumber>['id'],
  ReturnType<typeof contactNumber>['id'],
  ReturnType<typeof contactNumber>['id'],
]

const topics = (added: readonly TopicId[], removed: readonly TopicId[] = [], all = false): Message => ({
  type: 'TOPICS',
  all,
  added,
  removed,
})
const subscribe = (lifeSeconds: number, { id, key } = CHAT): Message => ({
  type: 'SUBSCRIBE',
  topic: id,
  target: key,
  lifeSeconds,
})
const unsubscribe: Message = { type: 'UNSUBSCRIBE', topic: CHAT.id }
const isAboutMembers = ({ message }: { message: Message }) => message.type !== 'IHAVE'

function linked(...peers: (typeof ada)[]): OnePeer {
  const peer = new OnePeer()
  for (const other of peers) peer.link(other)
  return peer
}

let rareTopics = 0
const topicsOf = (peer: OnePeer) =>
  peer.machine.stats().topics.map(({ topic, forwarding }) => [topic, forwarding])

/** Topics that nobody asked for before. Returns what followed. */
function askForMany(peer: OnePeer, from: typeof ada, count: number) {
  return Array.from({ length: count }, () =>
    peer.receive(from, subscribe(100, topicOf(NETWORK_ID, `rare ${rareTopics++}`))),
  ).flat()
}

describe('who is a member', () => {
  test('[GS18] a new link hears all our topics, and so do we hear its', () => {
    const peer = new OnePeer()
    peer.give({ type: 'subscribe', topic: 'chat' })
    expect(sends(peer.link(ada), 'TOPICS')).toEqual([{ to: ada, message: topics([CHAT.id], [], true) }])
    peer.receive(ada, topics([CHAT.id], [], true))
    expect(peer.machine.stats().topics).toEqual([{ topic: 'chat', eager: 1, lazy: 0, forwarding: false }])
  })

  test('[GS-37] what a link said of its topics outlives a silence that it does not know of', () => {
    const peer = linked(ada, bob)
    const links = () => peer.machine.stats().topics.map(({ eager }) => eager)
    peer.give({ type: 'subscribe', topic: 'chat' })
    peer.receive(ada, topics([CHAT.id], [], true))
    peer.receive(bob, subscribe(100))
    expect(links()).toEqual([2])
    for (const other of [ada, bob]) peer.give({ type: 'link-suspect', peer: other })
    expect(links()).toEqual([0])
    const told = [ada, bob].flatMap((other) => sends(peer.give({ type: 'link-up', peer: other }), 'TOPICS'))
    expect(told).toEqual([ada, bob].map((to) => ({ to, message: topics([CHAT.id], [], true) })))
    expect(links()).toEqual([2])
  })

  test('[GS-37] who asked is not told, after a silence, that its forwarder stays by itself', () => {
    const peer = linked(ada, bob)
    peer.receive(bob, subscribe(100))
    peer.give({ type: 'link-suspect', peer: bob })
    expect(sends(peer.give({ type: 'link-up', peer: bob }))).toEqual([
      { to: bob, message: topics([], [], true) },
    ])
  })

  test('[GS-37] while a link is silent what it asked of is left, and nothing is published there', () => {
    const peer = linked(ada)
    peer.give({ type: 'subscribe', topic: 'chat' })
    expect(sends(peer.give({ type: 'link-suspect', peer: ada }))).toEqual([{ to: ada, message: unsubscribe }])
    expect(forwards(peer.publish(1, 'chat', Uint8Array.of(1)))).toEqual([])
    peer.give({ type: 'link-down', peer: ada })
    expect(peer.wait(1_000)).toContainEqual(expect.objectContaining({ type: 'failed', code: 'NO_PEERS' }))
    peer.link(ada)
    expect(peer.machine.tables()['gossipAnnounced']).toBe(0)
  })

  test('[GS18] changes are told to every link, and doing a thing twice does it once', () => {
    const peer = linked(ada, bob)
    const added = sends(peer.give({ type: 'subscribe', topic: 'chat' }), 'TOPICS')
    expect(added).toEqual([ada, bob].map((to) => ({ to, message: topics([CHAT.id]) })))
    expect(peer.give({ type: 'subscribe', topic: 'chat' })).toEqual([])
    const removed = sends(peer.give({ type: 'unsubscribe', topic: 'chat' }), 'TOPICS')
    expect(removed).toEqual([ada, bob].map((to) => ({ to, message: topics([], [CHAT.id]) })))
    expect(peer.give({ type: 'unsubscribe', topic: 'chat' })).toEqual([])
  })

  test('[GS18] a list of all topics replaces what was announced before', () => {
    const peer = linked(ada)
    peer.give({ type: 'subscribe', topic: 'chat' })
    peer.receive(ada, topics([CHAT.id]))
    peer.receive(ada, topics([], [], true))
    expect(peer.machine.tables()).toMatchObject({ gossipAnnounced: 0 })
  })

  test('[GS18] more topics than fit in a frame follow in further ones', () => {
    const peer = linked(bob)
    for (let i = 0; i < TOPICS_MAX; i++) peer.give({ type: 'subscribe', topic: `topic ${i}` })
    for (let i = 0; i < 10; i++) peer.receive(bob, subscribe(100, topicOf(NETWORK_ID, `forwarded ${i}`)))
    const frames = sends(peer.link(ada), 'TOPICS').map(({ message }) => message)
    expect(frames).toMatchObject([{ all: true }, { all: false }])
    expect(frames.map((frame) => (frame.type === 'TOPICS' ? frame.added.length : 0))).toEqual([
      TOPICS_MAX,
      10,
    ])
  })

  test('[GS18] what one link announces is bounded', () => {
    const peer = linked(ada)
    for (let i = 0; i < 6; i++) {
      const ids = Array.from(
        { length: 256 },
        (_, k) => (i * 256 + k).toString(16).padStart(32, '0') as TopicId,
      )
      peer.receive(ada, topics(ids))
    }
    expect(peer.machine.tables()).toMatchObject({ gossipAnnounced: ANNOUNCED_PER_LINK_MAX })
    peer.unlink(ada)
    expect(peer.machine.tables()).toMatchObject({ gossipAnnounced: 0 })
  })

  test(`[GS18] the application is told where it subscribes to more than ${TOPICS_MAX} topics`, () => {
    const peer = new OnePeer()
    for (let i = 0; i < TOPICS_MAX; i++) peer.give({ type: 'subscribe', topic: `topic ${i}` })
    expect(peer.give({ type: 'subscribe', topic: 'one more' })).toMatchObject([
      { type: 'event', event: { type: 'problem', code: 'TOO_LARGE' } },
    ])
    expect(peer.machine.tables()).toMatchObject({ gossipTopics: TOPICS_MAX })
  })
})

describe('paths to the key', () => {
  test('[GS19] a subscriber asks the two closest links that are closer than itself', () => {
    const peer = linked(ada, bob, eve)
    peer.rank.set(ada, 30).set(bob, 10).set(eve, 20)
    expect(sends(peer.give({ type: 'subscribe', topic: 'chat' }), 'SUBSCRIBE')).toEqual([
      { to: bob, message: subscribe(148) },
      { to: eve, message: subscribe(148) },
    ])
  })

  test('[GS19] a forwarder asks one, announces itself to all but who asked, and delivers nothing', () => {
    const peer = linked(ada, bob, eve)
    peer.rank.set(ada, 200)
    expect(sends(peer.receive(ada, subscribe(100)))).toEqual([
      { to: bob, message: topics([CHAT.id]) },
      { to: eve, message: topics([CHAT.id]) },
      { to: bob, message: subscribe(98) },
    ])
    expect(topicsOf(peer)).toEqual([[CHAT.id, true]])
  })

  test('[GS19] when the next hop goes another is asked at once', () => {
    const peer = linked(ada, bob, eve)
    peer.rank.set(ada, 200)
    peer.receive(ada, subscribe(100))
    expect(sends(peer.unlink(bob), 'SUBSCRIBE')).toEqual([{ to: eve, message: subscribe(98) }])
  })

  test('[GS19] a link that is closer takes over, and the one it replaces is released', () => {
    const peer = linked(bob)
    peer.rank.set(ada, 200)
    peer.link(ada)
    peer.receive(ada, subscribe(100))
    peer.rank.set(eve, 0)
    peer.link(eve)
    expect(sends(peer.wait(1_000)).filter(isAboutMembers)).toEqual([
      { to: bob, message: unsubscribe },
      { to: eve, message: subscribe(97) },
    ])
  })

  test('[GS20] promises are renewed by the minute, and only while they are needed', () => {
    const peer = linked(bob)
    peer.give({ type: 'subscribe', topic: 'chat' })
    expect(sends(peer.wait(50_000), 'SUBSCRIBE')).toEqual([])
    expect(sends(peer.wait(10_000), 'SUBSCRIBE')).toHaveLength(1)
    expect(sends(peer.wait(600_000), 'SUBSCRIBE')).toHaveLength(10)
  })

  test('[GS20] a forwarder promises less than it was promised, so that no circle lasts', () => {
    const peer = linked(ada, bob)
    peer.rank.set(ada, 200)
    expect(sends(peer.receive(ada, subscribe(10)), 'SUBSCRIBE')).toEqual([{ to: bob, message: subscribe(8) }])
    expect(sends(peer.receive(ada, subscribe(11)), 'SUBSCRIBE')).toEqual([])
    expect(sends(peer.receive(ada, subscribe(60)), 'SUBSCRIBE')).toEqual([
      { to: bob, message: subscribe(58) },
    ])
    const lasting = linked(eve, dan)
    lasting.rank.set(eve, 200)
    expect(sends(lasting.receive(eve, subscribe(2)), 'SUBSCRIBE')).toEqual([])
  })

  test('[GS20] no promise lasts longer than the limit', () => {
    const peer = linked(ada, bob)
    peer.rank.set(ada, 200)
    peer.receive(ada, subscribe(65_535))
    peer.wait(140_000)
    expect(topicsOf(peer)).toHaveLength(1)
    peer.wait(30_000)
    expect(topicsOf(peer)).toEqual([])
  })

  test('[GS21] a meeting point keeps the topic alive on its closest link', () => {
    const peer = linked(ada, bob)
    peer.selfRank = 0
    expect(sends(peer.give({ type: 'subscribe', topic: 'chat' }), 'SUBSCRIBE')).toEqual([
      { to: ada, message: subscribe(148) },
    ])
  })

  test('[GS21] it prefers a link to somebody closer that it only knows of', () => {
    const peer = linked(ada, bob)
    peer.selfRank = 5
    peer.rank.set(ada, 20).set(bob, 30)
    const closer = contactNumber(50)
    peer.rank.set(closer.id, 1)
    peer.viaByContact.set(closer, bob)
    expect(sends(peer.give({ type: 'subscribe', topic: 'chat' }), 'SUBSCRIBE')).toMatchObject([{ to: bob }])
  })

  test('[GS21] what a meeting point asked is not asked back, nor passed on away from the key', () => {
    const peer = linked(ada, bob)
    peer.rank.set(ada, 1).set(bob, 200)
    expect(sends(peer.receive(ada, subscribe(100)), 'SUBSCRIBE')).toEqual([])
  })

  test('[GS22] a next hop that announced the topic by itself is not asked, until it leaves', () => {
    const peer = linked(ada, bob, eve)
    peer.receive(ada, topics([CHAT.id]))
    peer.receive(bob, topics([CHAT.id]))
    expect(sends(peer.give({ type: 'subscribe', topic: 'chat' }), 'SUBSCRIBE')).toEqual([])
    expect(sends(peer.wait(600_000), 'SUBSCRIBE')).toEqual([])
    expect(sends(peer.receive(ada, topics([], [CHAT.id])), 'SUBSCRIBE')).toEqual([
      { to: ada, message: subscribe(148) },
    ])
  })

  test('[GS22] a next hop that joins of its own accord need be asked no longer', () => {
    const peer = linked(ada)
    peer.give({ type: 'subscribe', topic: 'chat' })
    peer.receive(ada, topics([CHAT.id]))
    expect(sends(peer.wait(600_000), 'SUBSCRIBE')).toEqual([])
    expect(peer.machine.stats().topics).toMatchObject([{ eager: 1 }])
  })

  test('[GS22] a forwarder that subscribes tells those who asked, and one whose asker ceases tells it too', () => {
    const peer = linked(ada, bob)
    peer.rank.set(ada, 200).set(bob, 201)
    peer.receive(ada, subscribe(100))
    peer.receive(bob, subscribe(100))
    expect(sends(peer.receive(bob, unsubscribe), 'TOPICS')).toEqual([{ to: bob, message: topics([CHAT.id]) }])
    expect(sends(peer.give({ type: 'subscribe', topic: 'chat' }), 'TOPICS')).toEqual([
      { to: ada, message: topics([CHAT.id]) },
    ])
  })

  test('[GS22] a next hop that drops us is asked once more, then not before the next look', () => {
    const peer = linked(ada)
    peer.give({ type: 'subscribe', topic: 'chat' })
    expect(sends(peer.receive(ada, topics([], [CHAT.id])), 'SUBSCRIBE')).toHaveLength(1)
    expect(sends(peer.receive(ada, topics([], [CHAT.id])), 'SUBSCRIBE')).toEqual([])
    expect(sends(peer.wait(15_000), 'SUBSCRIBE')).toHaveLength(1)
  })

  test('[GS23] the last asker that ceases ends the topic all along the path', () => {
    const peer = linked(ada, bob)
    peer.rank.set(ada, 200)
    peer.receive(ada, subscribe(100))
    expect(sends(peer.receive(ada, unsubscribe))).toEqual([
      { to: bob, message: unsubscribe },
      { to: ada, message: topics([], [CHAT.id]) },
      { to: bob, message: topics([], [CHAT.id]) },
    ])
    expect(topicsOf(peer)).toEqual([])
  })

  test('[GS23] a forwarder whose asker has gone waits for the next look', () => {
    const peer = linked(ada, bob)
    peer.rank.set(ada, 200)
    peer.receive(ada, subscribe(100))
    expect(sends(peer.unlink(ada))).toEqual([])
    expect(sends(peer.wait(15_000)).filter(isAboutMembers)).toEqual([
      { to: bob, message: unsubscribe },
      { to: bob, message: topics([], [CHAT.id]) },
    ])
  })

  test('[GS23] a subscriber that is needed as a forwarder stays one', () => {
    const peer = linked(ada, bob)
    peer.rank.set(ada, 200)
    peer.give({ type: 'subscribe', topic: 'chat' })
    peer.receive(ada, subscribe(100))
    expect(sends(peer.give({ type: 'unsubscribe', topic: 'chat' }), 'TOPICS')).toEqual([])
    expect(topicsOf(peer)).toEqual([['chat', true]])
  })

  test('[GS23] one link makes us forward a quarter of what all links together can, and the oldest topics give way', () => {
    const links = [1, 2, 3, 4, 5].map((number) => contactNumber(number).id)
    const peer = linked(...links)
    for (const [index, from] of links.entries()) {
      for (let i = 0; i <= FORWARDED_PER_LINK_MAX; i++) {
        peer.receive(from, subscribe(100, topicOf(NETWORK_ID, `${index} ${i}`)))
      }
      const expected = Math.min((index + 1) * FORWARDED_PER_LINK_MAX, FORWARDED_TOPICS_MAX)
      expect(peer.machine.tables()).toMatchObject({ gossipTopics: expected })
    }
  })

  test('[GS23] what one link asks too much of ends its own wishes, not those of others', () => {
    const peer = linked(ada, bob, eve)
    for (const asker of [ada, bob, eve]) peer.receive(asker, subscribe(100))
    peer.publish(1, 'own', new Uint8Array(1))
    peer.receive(eve, subscribe(100, topicOf(NETWORK_ID, 'own')))
    askForMany(peer, eve, FORWARDED_PER_LINK_MAX)
    const names = topicsOf(peer).map(([topic]) => topic)
    expect(names).toContain('own')
    expect(names).toContain(CHAT.id)
    expect(
      forwards(peer.accept(ada, gossipFrame({ author: contactNumber(9) }).bytes)).map(({ to }) => to),
    ).toEqual([bob])
  })

  test('[GS36] a link that asks for ever new topics is told no before our links hear too much of it', () => {
    const victim = linked(eve, ada)
    victim.selfRank = 0
    const neighbour = linked(bob)
    const offended: string[] = []
    let refused = 0
    for (let second = 0; second < 10; second++) {
      const effects = askForMany(victim, eve, GOSSIP_CONTROL_PER_SECOND - 1)
      expect(offences(effects)).toEqual([])
      for (const { to, message } of sends(effects)) {
        if (to === ada) offended.push(...offences(neighbour.receive(bob, message)))
        else if (message.type === 'TOPICS') refused += message.removed.length
      }
      victim.wait(1_000)
      neighbour.wait(1_000)
    }
    expect(offended).toEqual([])
    expect(refused).toBeGreaterThan(4_000)
  })

  test('[GS24] a target that does not belong to the topic is an offence', () => {
    const peer = linked(ada)
    const target = topicOf(NETWORK_ID, 'else').key
    expect(
      offences(peer.receive(ada, { type: 'SUBSCRIBE', topic: CHAT.id, target, lifeSeconds: 9 })),
    ).toEqual([`${ada} malformed-frame`])
    expect(topicsOf(peer)).toEqual([])
  })
})
