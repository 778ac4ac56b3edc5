import { expect, test } from 'vitest'
import { EPIDEMIC_DEFAULTS, TREE } from '../../src/gossip/strategy.ts'
import { topicOf } from '../../src/gossip/topic.ts'
import {
  ANNOUNCED_PER_LINK_MAX,
  AUTHOR_TREES_MAX,
  AUTHORS_MAX,
  FORWARDED_TOPICS_MAX,
  MESSAGES_CACHED_BYTES_MAX,
  MESSAGES_CACHED_MAX,
  MISSING_MAX,
  PARKED_BYTES_MAX,
  PARKED_COPIES_MAX,
  REFUSED_IDS_MAX,
  SEEN_IDS_MAX,
} from '../../src/limits.ts'
import type { Message, MessageId, TopicId } from '../../src/wire/messages.ts'
import { contactNumber, gossipFrame, NETWORK_ID, OnePeer } from './one-peer.ts'
import { SeededRandom } from './seeded.ts'

const LINKS = 4
const BOUNDS: Record<string, number> = {
  gossipTopics: FORWARDED_TOPICS_MAX + 1,
  gossipAnnounced: LINKS * ANNOUNCED_PER_LINK_MAX,
  gossipSeen: 2 * SEEN_IDS_MAX,
  gossipRefused: 2 * REFUSED_IDS_MAX,
  gossipMessages: MESSAGES_CACHED_MAX,
  gossipMessageBytes: MESSAGES_CACHED_BYTES_MAX,
  gossipMissing: MISSING_MAX,
  gossipParked: PARKED_COPIES_MAX,
  gossipParkedBytes: PARKED_BYTES_MAX,
  gossipAuthors: AUTHORS_MAX,
  gossipAuthorTrees: AUTHOR_TREES_MAX,
  gossipPublishing: 0,
}

/** Any frame of gossip, with names from small sets, so that frames have to do with one another. */
function anyFrame(random: SeededRandom, from: OnePeer): { message: Message } | { bytes: Uint8Array } {
  const topic = (): TopicId =>
    topicOf(NETWORK_ID, ['chat', 'b', 'c', `rare ${random.below(2_000)}`][random.below(4)]!).id
  const ids = (): MessageId[] =>
    Array.from(
      { length: random.below(4) },
      () => gossipFrame({ author: contactNumber(random.below(5)), counter: random.below(30) }).id,
    )
  const flag = () => random.below(2) === 0
  switch (random.below(8)) {
    case 0:
      return { message: { type: 'IHAVE', topic: topic(), ids: ids(), reconcile: flag() } }
    case 1:
      return { message: { type: 'GRAFT', topic: topic(), ids: ids(), pullOnly: flag() } }
    case 2:
      return { message: { type: 'PRUNE', topic: topic() } }
    case 3:
      return { message: { type: 'TOPICS', all: random.below(9) === 0, added: [topic()], removed: [topic()] } }
    case 4: {
      const { id, key } = topicOf(NETWORK_ID, `rare ${random.below(2_000)}`)
      return {
        message: {
          type: 'SUBSCRIBE',
          topic: flag() ? id : topic(),
          target: key,
          lifeSeconds: random.below(400),
        },
      }
    }
    case 5:
      return { message: { type: 'UNSUBSCRIBE', topic: topic() } }
    default: {
      const author = random.below(20) === 0 ? from.self : contactNumber(random.below(5))
      const draft = {
        author,
        counter: random.below(30),
        boot: 1 + random.below(2),
        forged: random.below(4) === 0,
      }
      return { bytes: gossipFrame({ ...draft, direct: flag(), ttl: random.below(256) }).bytes }
    }
  }
}

test.each([
  [1, TREE],
  [2, TREE],
  [3, TREE],
  [4, EPIDEMIC_DEFAULTS],
])('[GS28] nothing that links send throws or grows beyond its bound, seed %i, %o', (seed, strategy) => {
  const random = new SeededRandom(seed)
  const peer = new OnePeer()
  const links = Array.from({ length: LINKS }, (_, index) => contactNumber(index + 1).id)
  peer.give({ type: 'subscribe', topic: 'chat', strategy })
  for (const link of links) peer.link(link)
  for (let step = 0; step < 8_000; step++) {
    const from = links[random.below(LINKS)]!
    const frame = anyFrame(random, peer)
    if ('bytes' in frame) peer.receiveBytes(from, frame.bytes)
    else peer.receive(from, frame.message)
    if (random.below(3) === 0) peer.verifyAll()
    if (random.below(20) === 0) peer.wait(random.below(2_000))
    if (random.below(400) === 0) {
      peer.unlink(from)
      peer.link(from)
    }
  }
  const tables = peer.machine.tables()
  expect(Object.keys(tables)).toEqual(Object.keys(BOUNDS))
  for (const [name, size] of Object.entries(tables)) expect(size, name).toBeLessThanOrEqual(BOUNDS[name]!)
  expect(peer.machine.stats().first).toBeGreaterThan(100)
  expect(tables['gossipTopics']).toBeGreaterThan(5)
})
