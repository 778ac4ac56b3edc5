import { describe, expect, test } from 'vitest'
import {
  EPIDEMIC_DEFAULTS,
  type EpidemicStrategy,
  type GossipStrategyOptions,
  resolveStrategy,
  TREE,
} from '../../src/gossip/strategy.ts'
import type { PeerId } from '../../src/identity/peer-id.ts'
import {
  DIRECT_PAYLOAD_BYTES_MAX,
  GOSSIP_HOPS_MAX,
  MISSING_PER_LINK_MAX,
  PULL_AGAIN_MS,
  PULL_ROUNDS,
} from '../../src/limits.ts'
import { IDS_PER_FRAME_MAX, type Message, type MessageId } from '../../src/wire/messages.ts'
import {
  CHAT,
  contactNumber,
  delivered,
  forwards,
  gossipFrame,
  OnePeer,
  offences,
  sends,
} from './one-peer.ts'

const author = contactNumber(9)
const crowd = Array.from({ length: 12 }, (_, index) => contactNumber(100 + index).id)
const [ada, bob, eve] = crowd as [PeerId, PeerId, PeerId]

function subscriber(options: Partial<EpidemicStrategy>, members: readonly PeerId[] = crowd): OnePeer {
  const peer = new OnePeer()
  const strategy = resolveStrategy({ strategy: 'epidemic', ...options })
  peer.give({ type: 'subscribe', topic: 'chat', strategy })
  peer.linkMembers(members)
  return peer
}

const message = (counter: number, ttl = GOSSIP_HOPS_MAX) => gossipFrame({ author, counter, ttl })
const targets = (effects: Parameters<typeof forwards>[0]) => forwards(effects).map(({ to }) => to)
const ihave = (reconcile: boolean, ...ids: MessageId[]): Message => ({
  type: 'IHAVE',
  topic: CHAT.id,
  ids,
  reconcile,
})
const pull = (...ids: MessageId[]): Message => ({ type: 'GRAFT', topic: CHAT.id, ids, pullOnly: true })

describe('pushing', () => {
  test('[GS30] a message goes to `fanout` links chosen by chance, never back or to its author', () => {
    const peer = subscriber({ fanout: 3 }, [...crowd, author.id])
    const chosen = Array.from({ length: 60 }, (_, counter) =>
      targets(peer.accept(ada, message(counter).bytes)),
    )
    for (const links of chosen) expect(new Set(links).size).toBe(3)
    expect(new Set(chosen.flat())).toEqual(new Set(crowd.slice(1)))
  })

  test('[GS30] where fewer lack it, it goes to them', () => {
    const peer = subscriber({ fanout: 5 }, [ada, bob, eve])
    peer.receiveBytes(ada, message(0).bytes)
    peer.receiveBytes(bob, message(0).bytes)
    expect(targets(peer.verifyAll())).toEqual([eve])
  })

  test('[GS30] only the first copy does', () => {
    const peer = subscriber({ fanout: 3 })
    peer.accept(ada, message(0).bytes)
    expect(peer.receiveBytes(bob, message(0).bytes)).toEqual([])
  })

  test('[GS30] our own goes to `fanout` links, whatever the probability, unmarked and with every hop before it', () => {
    const peer = subscriber({ fanout: 5, probability: 0 })
    const effects = peer.publish(1, 'chat', Uint8Array.of(1))
    expect(forwards(effects).map(({ frame }) => [frame[2], frame[3]])).toEqual(
      Array.from({ length: 5 }, () => [0, GOSSIP_HOPS_MAX]),
    )
    expect(effects).toContainEqual(
      expect.objectContaining({ type: 'done', value: expect.objectContaining({ recipients: 5 }) }),
    )
  })

  test.each([
    [0, 0, 0],
    [0.25, 200, 300],
    [1, 1_000, 1_000],
  ])(
    '[GS30] of a thousand forwards with probability %f between %i and %i are made',
    (probability, least, most) => {
      const peer = subscriber({ fanout: 10, probability })
      const made = Array.from(
        { length: 100 },
        (_, counter) => targets(peer.accept(ada, message(counter).bytes)).length,
      )
      const sum = made.reduce((total, count) => total + count, 0)
      expect(sum).toBeGreaterThanOrEqual(least)
      expect(sum).toBeLessThanOrEqual(most)
      expect(peer.machine.stats().first).toBe(100)
    },
  )

  test('[GS31] it travels `ttl` links, and the TTL in its header counts them', () => {
    const peer = subscriber({ ttl: 2, fanout: 3 })
    const fromAuthor = forwards(peer.accept(ada, message(0).bytes))
    expect(fromAuthor.map(({ frame }) => frame[3])).toEqual([1, 1, 1].map((less) => GOSSIP_HOPS_MAX - less))
    const atLast = peer.accept(ada, message(1, GOSSIP_HOPS_MAX - 1).bytes)
    expect([delivered(atLast).length, forwards(atLast).length]).toEqual([1, 0])
  })

  test('[GS31] with the longest `ttl` it ends where the header says so', () => {
    const peer = subscriber({ ttl: GOSSIP_HOPS_MAX, fanout: 3 })
    const forwarded = [2, 1, 0].map(
      (ttl, counter) => targets(peer.accept(ada, message(counter, ttl).bytes)).length,
    )
    expect(forwarded).toEqual([3, 0, 0])
  })

  test('[GS31] who spends the TTL of a message keeps nobody from pushing it, once', () => {
    const peer = subscriber({ fanout: 3 })
    expect(targets(peer.accept(ada, message(0, 1).bytes))).toEqual([])
    expect(targets(peer.receiveBytes(bob, message(0).bytes))).toHaveLength(3)
    expect(targets(peer.receiveBytes(eve, message(0).bytes))).toEqual([])
    expect(targets(peer.accept(ada, message(1, GOSSIP_HOPS_MAX - 1).bytes))).toHaveLength(3)
    expect(targets(peer.receiveBytes(bob, message(1).bytes))).toEqual([])
  })

  test('[GS4] a badly signed message is neither delivered nor sent on, and keeps the genuine one not out', () => {
    const peer = subscriber({})
    const forged = gossipFrame({ author, forged: true }).bytes
    peer.receiveBytes(ada, forged)
    peer.receiveBytes(bob, message(0).bytes)
    const bad = peer.verifyAll()
    expect([offences(bad), forwards(bad), delivered(bad)]).toEqual([[`${ada} bad-signature`], [], []])
    const good = peer.verifyAll()
    expect([delivered(good).length, forwards(good).length]).toEqual([1, EPIDEMIC_DEFAULTS.fanout])
  })

  test('[GS32] pushing alone asks nobody', () => {
    const peer = subscriber({ mode: 'push' })
    peer.accept(ada, message(0).bytes)
    expect(sends(peer.wait(60_000), 'IHAVE')).toEqual([])
  })
})

describe('pulling', () => {
  test('[GS32] an idle topic is silent; with traffic one link is asked per period, until the traffic is old', () => {
    const peer = subscriber({ mode: 'pull', pullEveryMs: 1_000 })
    expect(sends(peer.wait(60_000), 'IHAVE')).toEqual([])
    peer.accept(ada, message(0).bytes)
    const asked = sends(peer.wait(2 * PULL_ROUNDS * 1_000), 'IHAVE')
    expect(asked.length).toBeGreaterThan(1.4 * PULL_ROUNDS)
    expect(asked.length).toBeLessThan(2.8 * PULL_ROUNDS)
    expect(new Set(asked.map(({ to }) => to)).size).toBeGreaterThan(4)
    for (const { message: digest } of asked) expect(digest).toEqual(ihave(true, message(0).id))
    expect(sends(peer.wait(60_000), 'IHAVE')).toEqual([])
    expect(peer.timers.filter(({ type }) => type === 'fetch')).toEqual([])
  })

  test('[GS32] nothing is sent unasked, our own included', () => {
    const peer = subscriber({ mode: 'pull' })
    const effects = [...peer.publish(1, 'chat', Uint8Array.of(1)), ...peer.accept(ada, message(0).bytes)]
    expect(forwards(effects)).toEqual([])
    expect(effects).toContainEqual(
      expect.objectContaining({ type: 'done', value: expect.objectContaining({ recipients: 0 }) }),
    )
  })

  test('[GS32] a doubled timer asks once', () => {
    const peer = subscriber({ mode: 'pull' })
    peer.accept(ada, message(0).bytes)
    const early = peer.give({ type: 'timer', timer: { type: 'fetch', topic: CHAT.id } })
    expect(early).toEqual([])
    const timers = () => peer.timers.filter(({ type }) => type === 'fetch').length
    peer.wait(3_000)
    expect(timers()).toBe(1)
  })

  test('[GS32] a digest names at most as many ids as fit, the newest', () => {
    const peer = subscriber({ mode: 'pull' })
    for (let counter = 0; counter < IDS_PER_FRAME_MAX + 10; counter++)
      peer.accept(ada, message(counter).bytes)
    const [digest] = sends(peer.wait(2_000), 'IHAVE')
    const { ids } = digest!.message as Message & { type: 'IHAVE' }
    expect(ids).toHaveLength(IDS_PER_FRAME_MAX)
    expect(ids.at(-1)).toBe(message(IDS_PER_FRAME_MAX + 9).id)
  })

  test('[GS33] who is asked fetches what it lacks, and says what the asker lacks', () => {
    const peer = subscriber({ mode: 'pull' })
    peer.accept(ada, message(0).bytes)
    peer.accept(ada, message(1).bytes)
    const effects = peer.receive(bob, ihave(true, message(1).id, message(2).id))
    expect(sends(effects)).toEqual([
      { to: bob, message: pull(message(2).id) },
      { to: bob, message: ihave(false, message(0).id) },
    ])
  })

  test('[GS33] an answer is fetched from, and ends the matter', () => {
    const peer = subscriber({ mode: 'pull' })
    peer.accept(ada, message(0).bytes)
    expect(sends(peer.receive(bob, ihave(false, message(1).id)))).toEqual([
      { to: bob, message: pull(message(1).id) },
    ])
    expect(sends(peer.receive(bob, ihave(false, message(0).id)))).toEqual([])
  })

  test('[GS33] whom we have asked is answered, too, when it asks', () => {
    const peer = subscriber({ mode: 'pull' }, [bob])
    peer.accept(bob, message(0).bytes)
    expect(sends(peer.wait(1_500), 'IHAVE')).toContainEqual({ to: bob, message: ihave(true, message(0).id) })
    const effects = peer.receive(bob, ihave(true))
    expect(sends(effects)).toEqual([{ to: bob, message: ihave(false, message(0).id) }])
  })

  test('[GS33] what is asked for is sent, within the rate of the link', () => {
    const peer = subscriber({ mode: 'pull' })
    peer.accept(ada, message(0).bytes)
    expect(targets(peer.receive(bob, pull(message(0).id, message(1).id)))).toEqual([bob])
  })

  test('[GS33] a message is asked for once, and elsewhere where no answer comes', () => {
    const peer = subscriber({ mode: 'pull' })
    const { id } = message(0)
    expect(sends(peer.receive(ada, ihave(true, id)), 'GRAFT')).toHaveLength(1)
    expect(sends(peer.receive(bob, ihave(true, id)), 'GRAFT')).toEqual([])
    peer.wait(PULL_AGAIN_MS)
    expect(sends(peer.receive(ada, ihave(true, id)), 'GRAFT')).toEqual([])
    expect(sends(peer.receive(bob, ihave(true, id)), 'GRAFT')).toHaveLength(1)
  })

  test('[GS32] push-pull does both, and leaves young messages to pushing', () => {
    const peer = subscriber({ mode: 'push-pull', pullEveryMs: 100, fanout: 3 })
    expect(targets(peer.accept(ada, message(0).bytes))).toHaveLength(3)
    expect(sends(peer.wait(900), 'IHAVE')).toEqual([])
    expect(sends(peer.wait(400), 'IHAVE').length).toBeGreaterThan(0)
  })

  test('[GS28] ids that never come are forgotten, as many as one link may name', () => {
    const peer = subscriber({})
    for (let counter = 0; counter < MISSING_PER_LINK_MAX + 100; counter++)
      peer.receive(bob, ihave(true, message(counter).id))
    expect(peer.machine.tables()['gossipMissing']).toBe(MISSING_PER_LINK_MAX)
    peer.accept(ada, message(9_999).bytes)
    peer.wait(200_000)
    const { gossipMissing, gossipMessages, gossipParked } = peer.machine.tables()
    expect([gossipMissing, gossipMessages, gossipParked]).toEqual([0, 0, 0])
  })
})

describe('choosing', () => {
  test('[GS29] a change of strategy keeps links and memory', () => {
    const peer = subscriber({ mode: 'pull' })
    peer.accept(ada, message(0).bytes)
    peer.give({ type: 'subscribe', topic: 'chat', strategy: TREE })
    expect(peer.machine.stats().topics).toEqual([{ topic: 'chat', eager: 8, lazy: 4, forwarding: false }])
    expect(delivered(peer.accept(bob, message(0).bytes))).toEqual([])
    const tree = targets(peer.publish(1, 'chat', new Uint8Array(DIRECT_PAYLOAD_BYTES_MAX + 1)))
    expect(targets(peer.accept(tree[0] as PeerId, message(1).bytes))).toEqual(tree.slice(1))
    expect(peer.machine.tables()['gossipAuthorTrees']).toBeGreaterThan(0)
    peer.give({ type: 'subscribe', topic: 'chat', strategy: { ...EPIDEMIC_DEFAULTS, fanout: 2 } })
    expect(peer.machine.tables()['gossipAuthorTrees']).toBe(0)
    expect(targets(peer.accept(ada, message(2).bytes))).toHaveLength(2)
  })

  test('[GS29] whoever unsubscribes and forwards on uses trees', () => {
    const peer = subscriber({ mode: 'push', fanout: 1 }, [ada])
    for (const member of crowd.slice(1, 7)) {
      peer.link(member)
      peer.receive(member, { type: 'SUBSCRIBE', topic: CHAT.id, target: CHAT.key, lifeSeconds: 100 })
    }
    peer.give({ type: 'unsubscribe', topic: 'chat' })
    expect(new Set(targets(peer.accept(ada, message(0).bytes)))).toEqual(new Set(crowd.slice(1, 7)))
  })

  test('[GS29] the same strategy once more disturbs no pull', () => {
    const peer = subscriber({ mode: 'pull' })
    peer.accept(ada, message(0).bytes)
    peer.give({ type: 'subscribe', topic: 'chat', strategy: { ...EPIDEMIC_DEFAULTS, mode: 'pull' } })
    expect(sends(peer.wait(2_000), 'IHAVE').length).toBeGreaterThan(0)
  })

  test('[GS29] who forwards for others uses a tree, who only publishes what it says', () => {
    const peer = new OnePeer()
    for (const member of crowd) {
      peer.link(member)
      peer.receive(member, { type: 'SUBSCRIBE', topic: CHAT.id, target: CHAT.key, lifeSeconds: 100 })
    }
    expect(peer.machine.stats().topics).toMatchObject([{ eager: 8, forwarding: true }])
    const call = { type: 'publish', topic: 'chat', payload: Uint8Array.of(1), deadlineMs: 1_000 } as const
    peer.give({ ...call, op: 1, strategy: { ...EPIDEMIC_DEFAULTS, fanout: 3 } })
    expect(peer.machine.stats().topics).toMatchObject([{ eager: 3, lazy: 9 }])
  })

  test("[GS34] a tree's announcement is fetched at once, its GRAFT answered, its PRUNE no matter", () => {
    const peer = subscriber({ mode: 'push', fanout: 11 })
    const { id } = message(0)
    expect(sends(peer.receive(ada, ihave(false, id)))).toEqual([{ to: ada, message: pull(id) }])
    peer.accept(ada, message(0).bytes)
    const graft: Message = { type: 'GRAFT', topic: CHAT.id, ids: [id], pullOnly: false }
    expect(targets(peer.receive(bob, graft))).toEqual([bob])
    expect(peer.receive(bob, { type: 'GRAFT', topic: CHAT.id, ids: [], pullOnly: false })).toEqual([])
    expect(peer.receive(bob, { type: 'PRUNE', topic: CHAT.id })).toEqual([])
    expect(targets(peer.accept(ada, message(1).bytes))).toHaveLength(11)
  })

  test('what is not said is as in the defaults, which nobody can change', () => {
    expect(resolveStrategy({ strategy: 'tree' })).toBe(TREE)
    const resolved = resolveStrategy({ strategy: 'epidemic', fanout: 7 })
    expect(resolved).toEqual({ ...EPIDEMIC_DEFAULTS, fanout: 7 })
    for (const strategy of [TREE, EPIDEMIC_DEFAULTS, resolved]) expect(Object.isFrozen(strategy)).toBe(true)
  })

  test.each([
    [{ strategy: 'flood' }, 'strategy must be tree or epidemic, got flood'],
    [{ mode: 'shove' }, 'mode must be push, pull, push-pull, got shove'],
    [{ fanout: 0 }, 'fanout must be a whole number from 1 to 50, got 0'],
    [{ fanout: 2.5 }, 'fanout must be a whole number from 1 to 50, got 2.5'],
    [{ ttl: 33 }, 'ttl must be a whole number from 1 to 32, got 33'],
    [{ probability: 1.1 }, 'probability must be a number from 0 to 1, got 1.1'],
    [{ probability: Number.NaN }, 'probability must be a number from 0 to 1, got NaN'],
    [{ pullEveryMs: 99 }, 'pullEveryMs must be a whole number from 100 to 10000, got 99'],
  ])('%o is a mistake that is explained', (wrong, explanation) => {
    const resolve = () => resolveStrategy({ strategy: 'epidemic', ...wrong } as GossipStrategyOptions)
    expect(resolve).toThrow(RangeError)
    expect(resolve).toThrow(explanation)
  })
})
