import { describe, expect, test } from 'vitest'
import type { GossipMessage } from '../../src/gossip/envelope.ts'
import { topicOf } from '../../src/gossip/topic.ts'
import {
  GRAFTED_BYTES_BURST,
  PAYLOAD_BYTES_MAX,
  PUBLISH_QUEUE_MAX,
  RECONCILE_MS,
  RECONCILE_YOUNG_MS,
} from '../../src/limits.ts'
import { decodeFrame } from '../../src/wire/codec.ts'
import type { Message, MessageId, MessageOf } from '../../src/wire/messages.ts'
import { CHAT, contactNumber, forwards, gossipFrame, NETWORK_ID, OnePeer, sends } from './one-peer.ts'

const [ada, bob] = [contactNumber(1).id, contactNumber(2).id] as const
const author = contactNumber(9)
const HELLO = Uint8Array.of(1)

const outcomes = (effects: ReturnType<OnePeer['give']>) =>
  effects.flatMap((effect) =>
    effect.type === 'done'
      ? [[effect.op, (effect.value as { recipients: number }).recipients]]
      : effect.type === 'failed'
        ? [[effect.op, effect.code]]
        : [],
  )

describe('publishing', () => {
  test('[GS25] a message is signed, handed to the links of its topic, and counted by those', () => {
    const peer = new OnePeer()
    peer.give({ type: 'subscribe', topic: 'chat' })
    peer.linkMembers([ada, bob])
    const effects = peer.publish(1, 'chat', HELLO)
    expect(forwards(effects).map(({ to }) => to)).toEqual([ada, bob])
    expect(outcomes(effects)).toEqual([[1, 2]])
    expect(peer.machine.stats()).toMatchObject({ published: 1, copies: 0 })
  })

  test('[GS6] an author counts its messages of each topic by itself', () => {
    const peer = new OnePeer()
    for (const topic of ['chat', 'ticks']) peer.give({ type: 'subscribe', topic })
    for (const topic of ['chat', 'ticks']) peer.linkMembers([ada, bob], topicOf(NETWORK_ID, topic).id)
    const counters = ['chat', 'ticks', 'ticks', 'chat'].map((topic, op) => {
      const [sent] = forwards(peer.publish(op, topic, HELLO)) as unknown as [{ frame: Uint8Array }]
      return (decodeFrame(sent.frame) as { message: GossipMessage }).message.counter
    })
    expect(counters).toEqual([0, 0, 1, 1])
  })

  test('[GS25] without a link it waits, and goes out with the first one', () => {
    const peer = new OnePeer()
    peer.give({ type: 'subscribe', topic: 'chat' })
    expect(outcomes(peer.publish(1, 'chat', HELLO))).toEqual([])
    const effects = peer.link(ada)
    expect(sends(effects).map(({ message }) => message.type)).toEqual(['TOPICS', 'SUBSCRIBE'])
    expect(forwards(effects).map(({ to }) => to)).toEqual([ada])
    expect(outcomes(effects)).toEqual([[1, 1]])
    expect(peer.wait(10_000).filter(({ type }) => type === 'failed')).toEqual([])
  })

  test('[GS25] no link until the deadline is a failure', () => {
    const peer = new OnePeer()
    peer.publish(1, 'chat', HELLO, 500)
    expect(outcomes(peer.wait(499))).toEqual([])
    expect(outcomes(peer.wait(1))).toEqual([[1, 'NO_PEERS']])
    expect(forwards(peer.link(ada))).toEqual([])
  })

  test('[GS25] a signature that comes too late is a timeout', () => {
    const peer = new OnePeer()
    peer.link(ada)
    const [sign] = peer
      .give({ type: 'publish', op: 1, topic: 'chat', payload: HELLO, deadlineMs: 500 })
      .filter(({ type }) => type === 'sign')
    expect(outcomes(peer.wait(500))).toEqual([[1, 'TIMEOUT']])
    if (sign?.type !== 'sign') throw new Error('nothing to sign')
    expect(peer.give({ type: 'signed', token: sign.token, signature: new Uint8Array(64) })).toEqual([])
  })

  test('[GS25] a cancelled message is dropped', () => {
    const peer = new OnePeer()
    peer.publish(1, 'chat', HELLO)
    peer.give({ type: 'cancel', op: 1 })
    expect(forwards(peer.link(ada))).toEqual([])
    expect(outcomes(peer.wait(10_000))).toEqual([])
  })

  test('[GS25] what is too large or too much is refused', () => {
    const peer = new OnePeer()
    expect(outcomes(peer.publish(0, 'chat', new Uint8Array(PAYLOAD_BYTES_MAX + 1)))).toEqual([
      [0, 'TOO_LARGE'],
    ])
    for (let op = 1; op <= PUBLISH_QUEUE_MAX; op++)
      expect(outcomes(peer.publish(op, 'chat', HELLO))).toEqual([])
    expect(outcomes(peer.publish(999, 'chat', HELLO))).toEqual([[999, 'BUSY']])
  })

  test('[GS26] a publisher that does not subscribe is a member for a while, through the path to the key', () => {
    const peer = new OnePeer()
    peer.link(ada)
    const effects = peer.publish(1, 'chat', HELLO)
    expect(sends(effects, 'SUBSCRIBE')).toMatchObject([{ to: ada }])
    expect(forwards(effects).map(({ to }) => to)).toEqual([ada])
    expect(outcomes(effects)).toEqual([[1, 1]])
    expect(peer.machine.stats().topics).toMatchObject([{ topic: 'chat', forwarding: true }])
    peer.wait(170_000)
    expect(peer.machine.stats().topics).toEqual([])
  })
})

describe('reconciliation', () => {
  const reconcile = (...ids: MessageId[]): Message => ({
    type: 'IHAVE',
    topic: CHAT.id,
    ids,
    reconcile: true,
  })
  const pull = (...ids: MessageId[]): Message => ({ type: 'GRAFT', topic: CHAT.id, ids, pullOnly: true })

  function member(): OnePeer {
    const peer = new OnePeer()
    peer.give({ type: 'subscribe', topic: 'chat' })
    peer.linkMembers([ada])
    return peer
  }

  const reconciliations = (effects: ReturnType<OnePeer['give']>) =>
    sends(effects, 'IHAVE').filter(({ message }) => message.type === 'IHAVE' && message.reconcile)

  test('[GS27] recent ids go to a link by chance about every ten seconds, then there is silence', () => {
    const peer = member()
    const { bytes, id } = gossipFrame({ author })
    peer.accept(ada, bytes)
    const sent = reconciliations(peer.wait(70_000))
    expect(sent.length).toBeGreaterThanOrEqual(3)
    expect(sent[0]).toEqual({ to: ada, message: reconcile(id) })
    expect(peer.wait(600_000)).toEqual([])
    expect(peer.timers.filter(({ type }) => type !== 'refresh')).toEqual([])
  })

  test('[GS27] a newcomer asks one of its links at once, naming nothing, and so does who was cut off', () => {
    const peer = member()
    peer.linkMembers([bob])
    expect(reconciliations(peer.wait(RECONCILE_YOUNG_MS - 1))).toEqual([])
    expect(reconciliations(peer.wait(1))).toEqual([{ to: expect.any(String), message: reconcile() }])
    peer.unlink(ada)
    peer.linkMembers([ada])
    expect(reconciliations(peer.wait(600_000))).toEqual([])
    peer.unlink(ada)
    peer.unlink(bob)
    peer.linkMembers([bob])
    expect(reconciliations(peer.wait(600_000))).toEqual([{ to: bob, message: reconcile() }])
  })

  test('[GS27] what is lacking is pulled, once, and what the other lacks is named', () => {
    const peer = member()
    peer.linkMembers([bob])
    // Of who was asked by a newcomer an answer is expected.
    const other = reconciliations(peer.wait(RECONCILE_YOUNG_MS))[0]?.to === ada ? bob : ada
    const [ours, theirs] = [gossipFrame({ author, counter: 1 }), gossipFrame({ author, counter: 2 })]
    peer.accept(ada, ours.bytes)
    peer.wait(2_000)
    expect(sends(peer.receive(other, reconcile(theirs.id)))).toEqual([
      { to: other, message: pull(theirs.id) },
      { to: other, message: reconcile(ours.id) },
    ])
    expect(sends(peer.receive(other, reconcile(theirs.id)), 'GRAFT')).toEqual([])
  })

  test('[GS27] an answer is not answered', () => {
    const peer = member()
    peer.accept(ada, gossipFrame({ author, counter: 1 }).bytes)
    expect(reconciliations(peer.wait(RECONCILE_MS * 1.5)).length).toBeGreaterThan(0)
    expect(peer.receive(ada, reconcile())).toEqual([])
    expect(sends(peer.receive(ada, reconcile()))).toHaveLength(1)
  })

  test('[GS27] answers are charged to the rate of what a link may graft', () => {
    const peer = new OnePeer()
    peer.give({ type: 'subscribe', topic: 'chat' })
    peer.linkMembers([ada, bob])
    for (let counter = 0; counter < 512; counter++) peer.accept(ada, gossipFrame({ author, counter }).bytes)
    peer.wait(2_000)
    const unknown = gossipFrame({ author: contactNumber(99) }).id
    const question: Message = { type: 'IHAVE', topic: CHAT.id, ids: [unknown], reconcile: true }
    let ids = 0
    for (let i = 0; i < 1_000; i++)
      for (const { message } of sends(peer.receive(bob, question), 'IHAVE'))
        ids += (message as MessageOf<'IHAVE'>).ids.length
    expect(ids * 16).toBeGreaterThan(GRAFTED_BYTES_BURST / 2)
    expect(ids * 16).toBeLessThanOrEqual(GRAFTED_BYTES_BURST)
  })

  test('[GS27] equal sets cost one frame', () => {
    const peer = member()
    const { bytes, id } = gossipFrame({ author })
    peer.accept(ada, bytes)
    peer.wait(2_000)
    expect(peer.receive(ada, reconcile(id))).toEqual([])
  })

  test('[GS27] messages that are still spreading are not compared', () => {
    const peer = member()
    peer.accept(ada, gossipFrame({ author }).bytes)
    expect(peer.receive(ada, reconcile())).toEqual([])
  })
})
