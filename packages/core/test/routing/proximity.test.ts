import { describe, expect, test } from 'vitest'
import type { Contact } from '../../src/identity/contact.ts'
import { keyOf, type PeerId } from '../../src/identity/peer-id.ts'
import { LINK_REASONS } from '../../src/peer/calls.ts'
import type { KnownContact } from '../../src/routing/bucket.ts'
import { delayAt, encodeDelays, Proximity } from '../../src/routing/proximity.ts'
import { RoutingTable } from '../../src/routing/routing-table.ts'
import { RoutingBench } from './routing-bench.ts'

const bench = new RoutingBench()
const [a, b, c, d, e] = bench.contacts(5).map(({ id }) => id) as [PeerId, PeerId, PeerId, PeerId, PeerId]

function stranger(): KnownContact {
  return new RoutingTable(bench.self.id).add(bench.contact(), 0, true)
}

/** Our round trips to our links. */
function proximity(roundTripMsByPeer: Record<string, number>): Proximity {
  return new Proximity({ roundTripMs: (peer) => roundTripMsByPeer[peer] ?? null })
}

describe('delays on the wire', () => {
  test('[RT-10] are in steps of 2 ms, at most 254 of them, and may be unknown or missing', () => {
    const delays = encodeDelays([0, 31, 900, null])
    expect([...delays]).toEqual([0, 16, 254, 255])
    expect([0, 1, 2, 3, 4].map((index) => delayAt(delays, index))).toEqual([0, 32, 508, null, null])
  })

  test('[RT-10] [RT-11] of the links named, in their order', () => {
    const peer = new RoutingBench()
    const near = peer.link(peer.contact())
    const far = peer.link(peer.contact())
    peer.roundTripMsByPeer.set(near.id, 10).set(far.id, 300)
    const [welcome] = peer.exchangesTo(peer.link(peer.contact()).id)
    const byId = Object.fromEntries(
      welcome!.linked.map(({ id }, index) => [id, delayAt(welcome!.delays, index)]),
    )
    expect(byId).toEqual({ [near.id]: 10, [far.id]: 300 })
  })
})

describe('[RO-24] the way through a link', () => {
  test('is that with the smallest sum of both round trips, among links that said how far it is', () => {
    const known = stranger()
    const links = proximity({ [a]: 100, [b]: 80 })
    expect(links.way(known)).toBeNull()
    links.heard(known, { peer: a, ms: 30 })
    links.heard(known, { peer: b, ms: 60 })
    links.heard(known, { peer: c, ms: 1 })
    expect(links.way(known)).toEqual({ to: known.id, via: a, ms: 130 })
    links.lost(known, a)
    expect(links.way(known)).toEqual({ to: known.id, via: b, ms: 140 })
  })

  test('is known of contacts without a link, closest to the target first', () => {
    const peer = new RoutingBench()
    const link = peer.link(peer.contact())
    const [first, second] = peer.contacts(2) as [Contact, Contact]
    peer.roundTripMsByPeer.set(link.id, 40)
    peer.receive(link, { linked: [first, second], delays: encodeDelays([10, 20]) })
    expect(peer.routing.view.ways(keyOf(second.id), 20)).toEqual([
      { to: second.id, via: link.id, ms: 60 },
      { to: first.id, via: link.id, ms: 50 },
    ])
    expect(peer.routing.view.ways(keyOf(second.id), 1)).toHaveLength(1)
    peer.link(second)
    expect(peer.routing.view.ways(keyOf(second.id), 20).map(({ to }) => to)).toEqual([first.id])
  })
})

describe('[RT-32] the guess of a round trip', () => {
  test('is the largest difference between a link of ours and its own delay', () => {
    const known = stranger()
    const guess = proximity({ [a]: 100, [b]: 80 })
    expect(guess.guessMs(known)).toBe(Number.POSITIVE_INFINITY)
    guess.heard(known, { peer: a, ms: 90 })
    expect(guess.guessMs(known)).toBe(10)
    guess.heard(known, { peer: b, ms: 140 })
    expect(guess.guessMs(known)).toBe(60)
    guess.heard(known, { peer: b, ms: 70 })
    expect(guess.guessMs(known)).toBe(10)
  })

  test('counts links that have measured their own, the last four that named the contact, and not those that have gone', () => {
    const known = stranger()
    const guess = proximity({ [a]: 100, [b]: 100, [c]: 100, [d]: 100, [e]: 100 })
    guess.heard(known, { peer: bench.contact().id, ms: 900 })
    expect(guess.guessMs(known)).toBe(Number.POSITIVE_INFINITY)
    guess.heard(known, { peer: a, ms: 400 })
    expect(guess.guessMs(known)).toBe(300)
    for (const peer of [b, c, d, e]) guess.heard(known, { peer, ms: 100 })
    expect(guess.guessMs(known)).toBe(0)
    expect(known.landmarks).toHaveLength(4)
    guess.heard(known, { peer: e, ms: 150 })
    expect(guess.guessMs(known)).toBe(50)
    guess.lost(known, e)
    expect(guess.guessMs(known)).toBe(0)
  })
})

describe('links of a bucket', () => {
  test('[RT-22] beyond the first go to whoever seems nearest', () => {
    const peer = new RoutingBench({ seed: 3 })
    const others = Array.from({ length: 20 }, () => peer.contactIn(0))
    const landmark = others[0] as Contact
    peer.roundTripMsByPeer.set(landmark.id, 50)
    peer.link(landmark)
    const strangers = others.slice(1)
    const near = strangers[7] as Contact
    const delays = encodeDelays(strangers.map((contact) => (contact === near ? 50 : 300)))
    peer.receive(landmark, { linked: strangers, delays })
    peer.join(peer.contacts(60).filter(({ id }) => !others.some((other) => other.id === id)))
    const wanted: string[] = []
    for (let passed = 0; passed < 60_000 && wanted.length === 0; passed += 250) {
      peer.advance(250)
      for (const { contact, reasons } of peer.take('want')) {
        if (reasons === LINK_REASONS.bucket && strangers.includes(contact)) wanted.push(contact.id)
        if (!peer.routing.view.isLinked(contact.id)) peer.link(contact)
      }
    }
    expect(wanted).toEqual([near.id])
  })
})
