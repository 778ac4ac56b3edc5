import { describe, expect, test } from 'vitest'
import {
  ANNOUNCE_TO_ALL_MAX,
  AUTHOR_TREE_MS,
  CALM_AFTER_MESSAGES,
  CALM_CYCLE_MESSAGES,
  CALM_LINKS_MAX,
  CALM_PAUSE_MS,
  CALM_TURNS,
  DIRECT_PAYLOAD_BYTES_MAX,
  EAGER_LINKS_GRAFTED_MAX,
  EAGER_LINKS_MAX,
  FORMER_PARENT_MS,
  GRAFT_WAIT_MIN_MS,
  GRAFT_WAIT_START_MS,
  GRAFTED_BYTES_BURST,
  IHAVE_DELAY_MS,
  IHAVE_LATE_MS,
  MISSING_MAX,
  MISSING_PER_LINK_MAX,
  PULL_AGAIN_MS,
  RECONCILE_YOUNG_MS,
} from '../../src/limits.ts'
import type { Message, MessageId } from '../../src/wire/messages.ts'
import { CHAT, contactNumber, delivered, forwards, gossipFrame, OnePeer, sends } from './one-peer.ts'

const [ada, bob, eve, dan] = [1, 2, 3, 4].map((number) => contactNumber(number).id) as [
  ReturnType<typeof contactNumber>['id'],
  ReturnType<typeof contactNumber>['id'],
  ReturnType<typeof contactNumber>['id'],
  ReturnType<typeof contactNumber>['id'],
]
const author = contactNumber(9)

/** The members to whom a peer linked to them all pushes what has no tree yet. */
function eagerOf(members: readonly (typeof ada)[], seed?: number): (typeof ada)[] {
  return targets(subscriber(members, seed).publish(1, 'chat', new Uint8Array(DIRECT_PAYLOAD_BYTES_MAX + 1)))
}

function subscriber(members: readonly (typeof ada)[], seed?: number): OnePeer {
  const peer = new OnePeer(0, seed)
  peer.give({ type: 'subscribe', topic: 'chat' })
  peer.linkMembers(members)
  // It is no newcomer any more.
  peer.wait(RECONCILE_YOUNG_MS)
  return peer
}

/** More members than get a message at first, so that some are lazy. */
function crowd(count: number): (typeof ada)[] {
  return Array.from({ length: count }, (_, index) => contactNumber(100 + index).id)
}

const ihave = (...ids: MessageId[]): Message => ({ type: 'IHAVE', topic: CHAT.id, ids, reconcile: false })
const graft = (...ids: MessageId[]): Message => ({ type: 'GRAFT', topic: CHAT.id, ids, pullOnly: false })
const pull = (...ids: MessageId[]): Message => ({ type: 'GRAFT', topic: CHAT.id, ids, pullOnly: true })
const message = (counter: number) => gossipFrame({ author, counter, direct: true })
const targets = (effects: Parameters<typeof forwards>[0]) => forwards(effects).map(({ to }) => to)

describe('pushing', () => {
  test(`[GS10] the first message goes to ${EAGER_LINKS_MAX} links of the topic`, () => {
    const peer = subscriber(crowd(12))
    peer.link(ada)
    expect(new Set(targets(peer.accept(ada, message(0).bytes))).size).toBe(EAGER_LINKS_MAX)
  })

  test('[GS-10] a larger message has the tree of larger ones, however it is marked', () => {
    const peer = subscriber([ada, bob])
    const payload = new Uint8Array(DIRECT_PAYLOAD_BYTES_MAX + 1)
    peer.accept(ada, gossipFrame({ author, counter: 1, direct: true }).bytes)
    peer.accept(ada, gossipFrame({ author, counter: 2, payload, direct: true }).bytes)
    expect(peer.machine.tables()).toMatchObject({ gossipAuthorTrees: 2 })
    peer.accept(ada, gossipFrame({ author, counter: 3, payload }).bytes)
    expect(peer.machine.tables()).toMatchObject({ gossipAuthorTrees: 2 })
  })

  test('[GS10] our own small message goes to all links, marked direct; a larger one along the shared tree', () => {
    const members = crowd(12)
    const peer = subscriber(members)
    const small = forwards(peer.publish(1, 'chat', new Uint8Array(DIRECT_PAYLOAD_BYTES_MAX)))
    const large = forwards(peer.publish(2, 'chat', new Uint8Array(DIRECT_PAYLOAD_BYTES_MAX + 1)))
    expect(small.map(({ to, frame }) => [to, frame[2]])).toEqual(members.map((to) => [to, 1]))
    expect(large.map(({ frame }) => frame[2])).toEqual(new Array(EAGER_LINKS_MAX).fill(0))
    expect(large.map(({ to }) => to)).toEqual(eagerOf(members))
  })

  test('[GS10] every author has its own tree, begun as the shared one', () => {
    const peer = subscriber([ada, bob, eve])
    const other = contactNumber(8)
    peer.accept(ada, message(0).bytes)
    peer.receive(bob, ihave(message(0).id))
    expect(targets(peer.accept(ada, gossipFrame({ author: other, direct: true }).bytes))).toEqual([bob, eve])
    expect(targets(peer.accept(ada, message(1).bytes))).toEqual([eve])
  })

  test('[GS11] a new source becomes the parent, and is pushed nothing', () => {
    const peer = subscriber([ada, bob, eve])
    expect(targets(peer.accept(ada, message(0).bytes))).toEqual([bob, eve])
    expect(targets(peer.accept(bob, message(1).bytes))).toEqual([eve])
    expect(targets(peer.accept(ada, message(2).bytes))).toEqual([eve])
  })

  test('[GS11] the author is not sent its own message', () => {
    const peer = subscriber([ada, author.id])
    expect(targets(peer.accept(ada, message(0).bytes))).toEqual([])
  })
})

describe('pruning', () => {
  test('[GS12] a duplicate is answered at once with an announcement, and its sender leaves this tree', () => {
    const peer = subscriber([ada, bob])
    for (const from of [ada, bob]) peer.receiveBytes(from, message(0).bytes)
    expect(sends(peer.verifyAll())).toEqual([{ to: bob, message: ihave(message(0).id) }])
    expect(targets(peer.accept(ada, message(1).bytes))).toEqual([])
  })

  test('[GS-12] of all that its sender had under way the first duplicate is answered, and one that comes later', () => {
    const peer = subscriber([ada, bob])
    const answers = (counter: number) => {
      for (const from of [ada, bob]) peer.receiveBytes(from, message(counter).bytes)
      return sends(peer.verifyAll()).map(({ to }) => to)
    }
    expect([0, 1, 2].flatMap(answers)).toEqual([bob])
    peer.wait(FORMER_PARENT_MS)
    expect(answers(3)).toEqual([bob])
  })

  test('[GS-12] a parent that was one of these before is told again when it brings duplicates', () => {
    const peer = subscriber([ada, bob, eve])
    for (const from of [ada, bob]) peer.receiveBytes(from, message(0).bytes)
    peer.verifyAll()
    peer.accept(bob, message(1).bytes)
    peer.accept(ada, message(2).bytes)
    for (const from of [ada, bob]) peer.receiveBytes(from, message(3).bytes)
    expect(sends(peer.verifyAll(), 'IHAVE').map(({ to }) => to)).toEqual([bob])
  })

  test('[GS12] where copies crossed, both ends leave the tree without a word', () => {
    const peer = subscriber([ada, bob])
    expect(targets(peer.accept(ada, message(0).bytes))).toEqual([bob])
    expect(peer.receiveBytes(bob, message(0).bytes)).toEqual([])
    expect(targets(peer.accept(ada, message(1).bytes))).toEqual([])
  })

  test('[GS12] an announcement of what we pushed prunes, one of what we did not push does not', () => {
    const peer = subscriber([ada, bob, eve])
    peer.accept(ada, message(0).bytes)
    peer.receive(bob, ihave(message(0).id))
    peer.receive(ada, ihave(message(0).id))
    expect(targets(peer.accept(ada, message(1).bytes))).toEqual([eve])
    expect(targets(peer.accept(bob, message(2).bytes))).toEqual([eve])
  })

  test('[GS12] the copy that a former parent had under way does not bring it back', () => {
    const peer = subscriber([ada, bob, eve])
    peer.accept(ada, message(0).bytes)
    peer.receive(bob, ihave(message(1).id))
    peer.wait(20)
    peer.accept(ada, message(1).bytes)
    expect(targets(peer.accept(ada, message(2).bytes))).toEqual([eve])
    expect(peer.receiveBytes(bob, message(2).bytes)).toEqual([])
  })

  test('[GS12] a duplicate of a message that is no longer kept is dropped', () => {
    const peer = subscriber([ada, bob])
    peer.accept(ada, message(0).bytes)
    peer.wait(120_000)
    expect(peer.receiveBytes(bob, message(0).bytes)).toEqual([])
  })
})

describe('announcing', () => {
  test('[GS13] ids are gathered and go to the links that did not get the messages', () => {
    const members = [ada, bob, eve, dan]
    const peer = subscriber(members)
    for (const { bytes, id } of [message(0), message(1)]) {
      peer.accept(ada, bytes)
      peer.receive(bob, ihave(id))
      peer.receive(eve, ihave(id))
    }
    peer.accept(ada, message(2).bytes)
    expect(peer.wait(IHAVE_DELAY_MS - 1)).toEqual([])
    expect(peer.wait(1)).toEqual([
      { type: 'send', to: bob, message: ihave(message(2).id), lazy: true },
      { type: 'send', to: eve, message: ihave(message(2).id), lazy: true },
    ])
    expect(sends(peer.wait(4_000), 'IHAVE')).toEqual([])
  })

  test('[GS13] of the two ends of a link one announces, and the other only where it has heard nothing', () => {
    const members = crowd(ANNOUNCE_TO_ALL_MAX + 6)
    const peer = subscriber(members)
    const eager = targets(peer.accept(members[0]!, gossipFrame({ author, ttl: 20 }).bytes))
    const lazy = members.slice(1).filter((member) => !eager.includes(member))
    const soon = sends(peer.wait(IHAVE_DELAY_MS), 'IHAVE').map(({ to }) => to)
    const even = Number.parseInt(gossipFrame({ author }).id.at(-1)!, 16) % 2 === 0
    expect(soon).toEqual(lazy.filter((to) => peer.self.id < to !== even))
    const silent = lazy.filter((to) => !soon.includes(to))
    peer.receive(silent[0]!, ihave(gossipFrame({ author }).id))
    expect(sends(peer.wait(IHAVE_LATE_MS), 'IHAVE')).toEqual([])
    expect(sends(peer.wait(IHAVE_LATE_MS), 'IHAVE').map(({ to }) => to)).toEqual(silent.slice(1))
  })

  test('[GS13] in a calm topic few links hear, and not at once', () => {
    const peer = calm()
    for (const number of [100, 101, 102]) peer.accept(crowd(30)[0]!, message(number).bytes)
    expect(sends(peer.wait(IHAVE_LATE_MS - 1), 'IHAVE')).toEqual([])
    const sent = sends(peer.wait(1), 'IHAVE')
    expect(sent).toHaveLength(CALM_LINKS_MAX)
    for (const { message } of sent) expect(idsOf(message)).toHaveLength(3)
    expect(sends(peer.wait(4_000), 'IHAVE')).toEqual([])
  })

  test('[GS13] where somebody misses a message of a calm topic, all others hear at the next turn', () => {
    const asked = calm()
    const pushed = targets(asked.accept(crowd(30)[0]!, message(100).bytes)).length
    const unheard = 29 - pushed - CALM_LINKS_MAX
    const [first] = sends(asked.wait(IHAVE_LATE_MS), 'IHAVE')
    asked.receive(first!.to, graft(...idsOf(first!.message)))
    expect(sends(asked.wait(IHAVE_LATE_MS), 'IHAVE')).toHaveLength(unheard)
    const asking = calm()
    asking.accept(crowd(30)[0]!, message(100).bytes)
    const [second] = sends(asking.wait(IHAVE_LATE_MS), 'IHAVE')
    asking.receive(second!.to, ihave(message(999).id))
    const sent = asking.wait(2 * IHAVE_LATE_MS)
    expect(sends(sent, 'GRAFT')).toHaveLength(1)
    expect(sends(sent, 'IHAVE')).toHaveLength(unheard)
  })

  test('[GS13] a place in the tree for what one has already ends no calm', () => {
    const peer = calm()
    peer.accept(crowd(30)[0]!, message(100).bytes)
    const [first] = sends(peer.wait(IHAVE_LATE_MS), 'IHAVE')
    peer.receive(first!.to, ihave(...idsOf(first!.message)))
    peer.receive(first!.to, graft(...idsOf(first!.message)))
    expect(sends(peer.wait(4_000), 'IHAVE')).toEqual([])
  })

  test('[GS13] a pause ends the calm, and so do many messages, for a while', () => {
    const paused = calm()
    paused.wait(CALM_PAUSE_MS)
    paused.accept(crowd(30)[0]!, message(100).bytes)
    expect(sends(paused.wait(IHAVE_DELAY_MS), 'IHAVE')).not.toEqual([])
    const peer = calm()
    const soonAfter = (number: number) => {
      peer.wait((CALM_TURNS + 2) * IHAVE_LATE_MS)
      peer.accept(crowd(30)[0]!, message(number).bytes)
      return sends(peer.wait(IHAVE_DELAY_MS), 'IHAVE')
    }
    for (let number = CALM_AFTER_MESSAGES + 1; number < CALM_CYCLE_MESSAGES - 2; number++) {
      peer.accept(crowd(30)[0]!, message(number).bytes)
      peer.wait(40)
    }
    expect(soonAfter(CALM_CYCLE_MESSAGES - 2)).toEqual([])
    for (let number = 0; number < CALM_AFTER_MESSAGES; number++)
      expect(soonAfter(CALM_CYCLE_MESSAGES - 1 + number)).not.toEqual([])
    expect(soonAfter(CALM_CYCLE_MESSAGES + CALM_AFTER_MESSAGES - 1)).toEqual([])
  })
})

/** So many messages, one after the other, that the topic is calm; all of them are announced. */
function calm() {
  const members = crowd(30)
  const peer = subscriber(members)
  for (let number = 0; number <= CALM_AFTER_MESSAGES; number++) {
    peer.accept(members[0]!, message(number).bytes)
    peer.wait(IHAVE_DELAY_MS)
  }
  peer.wait((CALM_TURNS + 2) * IHAVE_LATE_MS)
  return peer
}

function idsOf(message: Message): readonly MessageId[] {
  return message.type === 'IHAVE' ? message.ids : []
}

/** A message came from `source`, and went to all but `late`. */
function withLateMember() {
  const members = crowd(EAGER_LINKS_MAX + 1)
  const peer = subscriber(members)
  const source = eagerOf(members)[0]!
  const eager = targets(peer.accept(source, message(0).bytes))
  const late = members.find((member) => member !== source && !eager.includes(member))!
  return { peer, source, late }
}

describe('grafting', () => {
  test('[GS14] an announced message that does not come is asked for, first from whoever announced it first', () => {
    const peer = subscriber([ada, bob])
    const { id } = message(0)
    peer.roundTripMs.set(ada, 100)
    peer.receive(ada, ihave(id))
    peer.receive(bob, ihave(id))
    expect(peer.wait(GRAFT_WAIT_START_MS - 1)).toEqual([])
    expect(peer.wait(1)).toEqual([{ type: 'send', to: ada, message: graft(id) }])
    expect(peer.wait(199)).toEqual([])
    expect(peer.wait(1)).toEqual([{ type: 'send', to: bob, message: graft(id) }])
    expect(peer.wait(60_000)).toEqual([])
    expect(peer.machine.tables()).toMatchObject({ gossipMissing: 0 })
  })

  test('[GS14] several missing messages are asked for in one frame, from whoever announced most of them', () => {
    const peer = subscriber([ada, bob])
    const ids = [0, 1, 2].map((counter) => message(counter).id)
    peer.receive(ada, ihave(ids[0]!))
    peer.receive(bob, ihave(...ids))
    expect(sends(peer.wait(GRAFT_WAIT_START_MS))).toEqual([{ to: bob, message: graft(...ids) }])
  })

  test('[GS14] a message that comes in time is not asked for', () => {
    const peer = subscriber([ada, bob])
    peer.receive(bob, ihave(message(0).id))
    peer.wait(GRAFT_WAIT_START_MS - 1)
    peer.accept(ada, message(0).bytes)
    expect(sends(peer.wait(1_000), 'GRAFT')).toEqual([])
  })

  /** Linked to ada, whose copies come 250 ms later than bob announces, and to dan. */
  function slowMember(): OnePeer {
    const peer = subscriber([ada, bob, dan])
    for (let counter = 0; counter < 20; counter++) {
      peer.receive(bob, ihave(message(counter).id))
      peer.wait(GRAFT_WAIT_START_MS + 150)
      peer.receiveBytes(bob, message(counter).bytes)
      peer.verifyAll()
      peer.receiveBytes(ada, message(counter).bytes)
    }
    return peer
  }

  test('[GS14] the wait grows where the tree is slow', () => {
    const peer = slowMember()
    peer.receive(bob, ihave(message(99).id))
    expect(sends(peer.wait(GRAFT_WAIT_START_MS + 100), 'GRAFT')).toEqual([])
    expect(sends(peer.wait(400), 'GRAFT')).toHaveLength(1)
  })

  test('[GS14] and so does the wait for an answer', () => {
    const peer = slowMember()
    const { id } = message(99)
    for (const announcer of [bob, dan]) {
      peer.roundTripMs.set(announcer, 10)
      peer.receive(announcer, ihave(id))
    }
    const asked = sends(peer.wait(500), 'GRAFT')
    expect(asked.map(({ to }) => to)).toEqual([bob])
    expect(sends(peer.wait(200), 'GRAFT').map(({ to }) => to)).toEqual([dan])
  })

  test('[GS16] where copies are slow, whoever announces earlier would be, too', () => {
    const asksForPlace = (peer: OnePeer) => {
      peer.accept(ada, message(98).bytes)
      const { bytes, id } = message(99)
      peer.receive(dan, ihave(id))
      peer.wait(50)
      return sends(peer.accept(ada, bytes), 'GRAFT').length > 0
    }
    expect(asksForPlace(subscriber([ada, bob, dan]))).toBe(true)
    expect(asksForPlace(slowMember())).toBe(false)
  })

  test('[GS14] the wait is no longer than the slowest round trip, where all links are near', () => {
    const peer = subscriber([ada, bob])
    peer.roundTripMs.set(ada, 2)
    peer.roundTripMs.set(bob, GRAFT_WAIT_MIN_MS + 10)
    peer.receive(ada, ihave(message(0).id))
    expect(peer.wait(GRAFT_WAIT_MIN_MS + 9)).toEqual([])
    expect(sends(peer.wait(1), 'GRAFT')).toHaveLength(1)
  })

  test('[GS14] ids that one link only claims are bounded', () => {
    const peer = subscriber([ada])
    for (let i = 0; i < 5; i++) {
      const ids = Array.from(
        { length: 512 },
        (_, k) => (i * 512 + k).toString(16).padStart(32, '0') as MessageId,
      )
      peer.receive(ada, ihave(...ids))
    }
    expect(peer.machine.tables()).toMatchObject({ gossipMissing: MISSING_PER_LINK_MAX })
    peer.unlink(ada)
    peer.wait(60_000)
    expect(peer.machine.tables()).toMatchObject({ gossipMissing: 0 })
  })

  test('[GS15] who grafts gets the message and all later ones of its author', () => {
    const { peer, source, late } = withLateMember()
    expect(targets(peer.receive(late, graft(message(0).id)))).toEqual([late])
    expect(targets(peer.accept(source, message(1).bytes))).toContain(late)
  })

  test('[GS15] who only pulls gets the message and nothing else', () => {
    const { peer, source, late } = withLateMember()
    expect(targets(peer.receive(late, pull(message(0).id)))).toEqual([late])
    expect(targets(peer.accept(source, message(1).bytes))).not.toContain(late)
  })

  test('[GS15] who grafts what it has announced gets the place without the message', () => {
    const { peer, source, late } = withLateMember()
    peer.receive(late, ihave(message(0).id))
    expect(peer.receive(late, graft(message(0).id))).toEqual([])
    expect(targets(peer.accept(source, message(1).bytes))).toContain(late)
  })

  test('[GS15] a link that was made again is not taken to have anything', () => {
    const peer = subscriber([ada, bob])
    peer.accept(ada, message(0).bytes)
    peer.unlink(ada)
    peer.linkMembers([ada])
    expect(targets(peer.receive(ada, graft(message(0).id)))).toEqual([ada])
  })

  test('[GS15] what a link may graft is bounded in bytes, and unknown ids are ignored', () => {
    const peer = subscriber([ada, bob])
    const { bytes, id } = gossipFrame({ author, payload: new Uint8Array(15_000) })
    peer.accept(ada, bytes)
    let answered = 0
    for (let i = 0; i < 400; i++) answered += forwards(peer.receive(bob, pull(id))).length
    expect(answered).toBe(Math.floor(GRAFTED_BYTES_BURST / bytes.length))
    expect(peer.receive(bob, graft(message(77).id))).toEqual([])
  })

  test('[GS15] a peer that is not a member of the topic is not answered', () => {
    const peer = subscriber([ada])
    peer.link(bob)
    peer.accept(ada, message(0).bytes)
    expect(peer.receive(bob, graft(message(0).id))).toEqual([])
    expect(peer.receive(bob, ihave(message(1).id))).toEqual([])
  })

  test('[GS16] an announcement that beats the tree becomes its edge, and the slower parent is pruned', () => {
    const peer = subscriber([ada, bob])
    peer.accept(ada, message(0).bytes)
    const { bytes, id } = message(1)
    peer.receive(bob, ihave(id))
    peer.wait(40)
    expect(sends(peer.accept(ada, bytes))).toEqual([
      { to: bob, message: ihave(id) },
      { to: bob, message: graft(id) },
      { to: ada, message: ihave(id) },
    ])
  })

  test('[GS16] whoever announces first and delivers nothing is not adopted again', () => {
    const peer = subscriber([ada, bob])
    let adopted = 0
    for (let counter = 0; counter < 20; counter++) {
      const { bytes, id } = message(counter)
      peer.receive(bob, ihave(id))
      peer.wait(40)
      if (counter % 2 === 0) {
        adopted += sends(peer.accept(ada, bytes), 'GRAFT').length
      } else {
        peer.receive(ada, ihave(id))
        peer.wait(700)
        peer.accept(ada, bytes)
        peer.wait(3_000)
      }
    }
    expect(adopted).toBe(3)
  })
})

describe('a tree that was cut', () => {
  const late = (peer: OnePeer, from: typeof ada, id: MessageId) => peer.receive(from, ihave(id))

  test('[GS35] when the parent goes, the first that announced the latest message becomes the parent', () => {
    const peer = subscriber([ada, bob, eve, dan])
    peer.accept(ada, message(0).bytes)
    late(peer, eve, message(0).id)
    peer.accept(ada, message(1).bytes)
    late(peer, bob, message(1).id)
    late(peer, dan, message(1).id)
    expect(sends(peer.unlink(ada)).slice(0, 2)).toEqual([
      { to: bob, message: ihave(message(1).id) },
      { to: bob, message: graft(message(1).id) },
    ])
    expect(targets(peer.accept(bob, message(2).bytes))).toEqual([])
    expect(sends(peer.accept(dan, message(2).bytes))).toEqual([])
  })

  test('[GS35] whoever announced before the copy came is that one too, and one that went is not', () => {
    const peer = subscriber([ada, bob, eve])
    late(peer, bob, message(0).id)
    peer.accept(ada, message(0).bytes)
    late(peer, eve, message(0).id)
    expect(sends(peer.unlink(bob))).toEqual([])
    expect(sends(peer.unlink(ada))).toEqual([])
    expect(targets(peer.accept(eve, message(1).bytes))).toEqual([])
  })

  test('[GS35] one frame asks for the places in several trees', () => {
    const peer = subscriber([ada, bob])
    const other = gossipFrame({ author: contactNumber(8), direct: true })
    for (const { bytes, id } of [message(0), other]) {
      peer.accept(ada, bytes)
      late(peer, bob, id)
    }
    const ids = [message(0).id, other.id]
    expect(sends(peer.unlink(ada))).toEqual([
      { to: bob, message: ihave(...ids) },
      { to: bob, message: graft(...ids) },
    ])
  })

  test('[GS35] who had to pull a message asks for a place in its tree, once', () => {
    const peer = subscriber([ada, bob])
    const pulled = (counter: number) => {
      const { bytes, id } = message(counter)
      expect(peer.receive(ada, { type: 'IHAVE', topic: CHAT.id, ids: [id], reconcile: true })).toEqual([
        { type: 'send', to: ada, message: pull(id) },
      ])
      return sends(peer.accept(ada, bytes))
    }
    const { id } = message(0)
    expect(pulled(0)).toEqual([
      { to: ada, message: ihave(id) },
      { to: ada, message: graft(id) },
    ])
    expect(pulled(1)).toEqual([])
  })
})

describe('the shared tree', () => {
  const members = crowd(3 * EAGER_LINKS_MAX)
  const seeds = Array.from({ length: 300 }, (_, seed) => seed)

  test('[GS17] before it has a shape the link that came last is in it as often as the first', () => {
    const counts = members.map(
      (member) => seeds.filter((seed) => eagerOf(members, seed).includes(member)).length,
    )
    expect(Math.min(...counts)).toBeGreaterThan(75)
    expect(Math.max(...counts)).toBeLessThan(130)
  })

  test('[GS17] before it has a shape fast links are in it more often than slow ones', () => {
    const slow = members.filter((_, index) => index % 2 === 0)
    const taken = seeds.flatMap((seed) => {
      const peer = new OnePeer(0, seed)
      for (const member of members) peer.roundTripMs.set(member, slow.includes(member) ? 200 : 20)
      peer.give({ type: 'subscribe', topic: 'chat' })
      peer.linkMembers(members)
      return targets(peer.publish(1, 'chat', new Uint8Array(DIRECT_PAYLOAD_BYTES_MAX + 1)))
    })
    const slowShare = taken.filter((member) => slow.includes(member)).length / taken.length
    expect(slowShare).toBeGreaterThan(0.1)
    expect(slowShare).toBeLessThan(0.4)
  })

  test('[GS17] where no author was heard for long it is drawn anew', () => {
    const peer = subscriber(members)
    const pushed = (counter: number, from = author) =>
      targets(peer.accept(members[0]!, gossipFrame({ author: from, counter }).bytes))
    for (const member of pushed(0)) peer.receive(member, ihave(gossipFrame({ author, counter: 0 }).id))
    pushed(1)
    expect(pushed(0, contactNumber(8))).toEqual([])
    peer.wait(2 * AUTHOR_TREE_MS)
    expect(pushed(0, contactNumber(7)).length).toBeGreaterThanOrEqual(EAGER_LINKS_MAX - 1)
  })

  test('[GS17] it follows the tree of the author with the smallest id', () => {
    const [first, second, third] = [7, 8, 9].map(contactNumber).sort((a, b) => (a.id < b.id ? -1 : 1))
    const peer = subscriber([ada, bob, eve])
    const from = (who: typeof author | undefined, counter: number) =>
      gossipFrame({ author: who!, counter, direct: true })
    peer.accept(ada, from(first, 0).bytes)
    peer.receive(bob, ihave(from(first, 0).id))
    peer.accept(ada, from(second, 0).bytes)
    peer.receive(eve, ihave(from(second, 0).id))
    peer.accept(ada, from(second, 1).bytes)
    peer.accept(ada, from(first, 1).bytes)
    expect(targets(peer.accept(ada, from(third, 0).bytes))).toEqual([eve])
  })

  test('[GS17] GRAFT without ids gives a place in it, up to a limit, beyond which PRUNE refuses', () => {
    const members = crowd(EAGER_LINKS_GRAFTED_MAX + 1)
    const peer = subscriber(members)
    const answers = members.flatMap((member) => sends(peer.receive(member, graft())))
    expect(answers).toHaveLength(1)
    expect(answers[0]!.message).toEqual({ type: 'PRUNE', topic: CHAT.id })
    expect(eagerOf(members)).not.toContain(answers[0]!.to)
    expect(peer.machine.stats().topics).toMatchObject([{ eager: EAGER_LINKS_GRAFTED_MAX, lazy: 1 }])
  })

  test('[GS17] PRUNE takes the sender out of it', () => {
    const peer = subscriber([ada, bob])
    peer.receive(bob, { type: 'PRUNE', topic: CHAT.id })
    expect(peer.machine.stats().topics).toMatchObject([{ eager: 1, lazy: 1 }])
    expect(targets(peer.accept(ada, message(0).bytes))).toEqual([])
  })

  test('[GS17] an eager link that goes is replaced at once, with a fast one among the lazy', () => {
    const members = crowd(EAGER_LINKS_MAX + 3)
    const peer = subscriber(members)
    const eager = eagerOf(members)
    const lazy = members.filter((member) => !eager.includes(member))
    for (const [index, member] of lazy.entries()) peer.roundTripMs.set(member, 300 - index * 100)
    expect(sends(peer.unlink(eager[0]!), 'GRAFT')).toEqual([{ to: lazy.at(-1), message: graft() }])
    expect(sends(peer.unlink(lazy[0]!), 'GRAFT')).toEqual([])
  })

  test('[GS8] a pulled message spreads like any other', () => {
    const peer = subscriber([ada, bob, eve])
    const { bytes, id } = message(0)
    peer.receive(ada, { type: 'IHAVE', topic: CHAT.id, ids: [id], reconcile: true })
    const effects = peer.accept(ada, bytes)
    expect(delivered(effects)).toHaveLength(1)
  })
})

describe('links that come and go', () => {
  const large = new Uint8Array(DIRECT_PAYLOAD_BYTES_MAX + 1)
  const recipients = (effects: ReturnType<OnePeer['give']>) =>
    effects.flatMap((effect) => (effect.type === 'done' ? [effect.value] : []))

  test('[GS17] the shared tree does not follow one whose children have all gone', () => {
    const peer = subscriber([ada])
    peer.publish(1, 'chat', large)
    peer.unlink(ada)
    peer.linkMembers([ada])
    expect(recipients(peer.publish(2, 'chat', large))).toMatchObject([{ recipients: 1 }])
    const crowded = subscriber(Array.from({ length: 30 }, (_, index) => contactNumber(20 + index).id))
    for (const child of targets(crowded.publish(1, 'chat', large))) crowded.unlink(child)
    expect(targets(crowded.publish(2, 'chat', large)).length).toBeGreaterThan(0)
  })

  test('[GS14] who named an id in a reconciliation and does not answer keeps nobody else from being asked', () => {
    const { id } = gossipFrame({ author })
    const named = (reconcile: boolean): Message => ({ type: 'IHAVE', topic: CHAT.id, ids: [id], reconcile })
    const peer = subscriber([ada, bob, eve])
    expect(sends(peer.receive(ada, named(true)), 'GRAFT')).toHaveLength(1)
    peer.receive(bob, named(false))
    expect(sends(peer.wait(5_000), 'GRAFT').map(({ to }) => to)).toEqual([bob])
    const cut = subscriber([ada, bob])
    cut.receive(ada, named(true))
    cut.unlink(ada)
    cut.receive(bob, named(false))
    expect(sends(cut.wait(5_000), 'GRAFT').map(({ to }) => to)).toEqual([bob])
  })

  test('[GS-27] nor from being asked when it names the id in its own reconciliation', () => {
    const { id } = gossipFrame({ author })
    const named: Message = { type: 'IHAVE', topic: CHAT.id, ids: [id], reconcile: true }
    const peer = subscriber([ada, bob])
    peer.receive(ada, named)
    expect(sends(peer.receive(bob, named), 'GRAFT')).toEqual([])
    peer.wait(PULL_AGAIN_MS)
    expect(sends(peer.receive(bob, named), 'GRAFT')).toEqual([{ to: bob, message: pull(id) }])
  })

  test('[GS-28] some who name messages that do not exist keep nobody else from being asked', () => {
    const hostile = crowd(MISSING_MAX / MISSING_PER_LINK_MAX)
    const peer = subscriber([ada, ...hostile])
    let made = 0
    const invented = () => (made++).toString(16).padStart(32, '0') as MessageId
    for (const from of hostile) {
      for (let i = 0; i < MISSING_PER_LINK_MAX; i += 512)
        peer.receive(from, ihave(...Array.from({ length: 512 }, invented)))
    }
    expect(peer.machine.tables()['gossipMissing']).toBe(MISSING_MAX)
    peer.receive(ada, ihave(message(0).id))
    expect(peer.machine.tables()['gossipMissing']).toBe(MISSING_MAX)
    const asked = sends(peer.wait(GRAFT_WAIT_START_MS), 'GRAFT').filter(({ to }) => to === ada)
    expect(asked).toEqual([{ to: ada, message: graft(message(0).id) }])
    expect(delivered(peer.accept(ada, message(0).bytes))).toHaveLength(1)
  })

  test('[GS15] who went while its message was verified is not taken to have it when it comes back', () => {
    const peer = subscriber([ada, bob])
    const { bytes, id } = gossipFrame({ author })
    peer.receiveBytes(ada, bytes)
    peer.unlink(ada)
    peer.verifyAll()
    peer.linkMembers([ada])
    const effects = peer.receive(ada, { type: 'GRAFT', topic: CHAT.id, ids: [id], pullOnly: false })
    expect(targets(effects)).toEqual([ada])
  })

  test('[GS11] who went while its message was verified is no parent', () => {
    const peer = subscriber([ada, bob])
    for (const counter of [0, 1]) {
      peer.receiveBytes(ada, message(counter).bytes)
      if (counter === 0) peer.unlink(ada)
      peer.verifyAll()
    }
    expect(targets(peer.publish(1, 'chat', new Uint8Array(DIRECT_PAYLOAD_BYTES_MAX + 1)))).toEqual([bob])
  })
})
