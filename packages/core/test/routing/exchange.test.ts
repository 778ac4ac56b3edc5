import { describe, expect, test } from 'vitest'
import type { Contact } from '../../src/identity/contact.ts'
import { keyOf } from '../../src/identity/peer-id.ts'
import { LEAF_LINKS, NAME_BYTES_MAX, PROBE_TIMEOUT_MS, SIBLINGS_MAX } from '../../src/limits.ts'
import { LINK_REASONS } from '../../src/peer/calls.ts'
import { compareDistance } from '../../src/routing/distance.ts'
import {
  EXCHANGE_LINKS_MAX,
  EXCHANGE_MS,
  isServerAddress,
  SERVERS_LEARNED_MAX,
  SIBLING_BATCH_MS,
} from '../../src/routing/peer-exchange.ts'
import { Network } from './network.ts'
import { RoutingBench } from './routing-bench.ts'

/** Milliseconds that a message takes at most in the network of these tests. */
const ONE_WAY_MS_MAX = 120

function leaf(bench: RoutingBench, contact: Contact): Contact {
  bench.link(contact, 'listener')
  bench.handle({ type: 'remote-reasons', peer: contact.id, reasons: LINK_REASONS.leaf })
  return contact
}

describe('when a link comes up', () => {
  test('[RT-10] the peer hears of up to 20 links, those closest to it among them, of our siblings, and of our servers', () => {
    const bench = new RoutingBench({ servers: ['wss://a.example'] })
    const others = bench.contacts(45).map((contact) => bench.link(contact))
    const newcomer = bench.link(bench.contact())
    const [welcome] = bench.exchangesTo(newcomer.id)
    expect(welcome!.linked).toHaveLength(EXCHANGE_LINKS_MAX)
    const closest = others.toSorted((a, b) => compareDistance(newcomer.id, a.id, b.id))
    expect(welcome!.linked).toEqual(expect.arrayContaining(closest.slice(0, 12)))
    expect(welcome!.siblings.length).toBeGreaterThan(0)
    expect(welcome!.servers).toEqual(['wss://a.example'])
    const named = [...welcome!.linked, ...welcome!.siblings]
    expect(new Set(named).size).toBe(named.length)
    expect(named).not.toContain(newcomer)
  })

  test('[RT-10] a sibling gets the whole sibling list', () => {
    const bench = new RoutingBench()
    bench.learn(bench.contacts(100))
    const [closest] = bench.closestFirst(bench.routing.view.siblings())
    const [welcome] = bench.exchangesTo(bench.link(closest!).id)
    expect(welcome!.siblings).toHaveLength(SIBLINGS_MAX - 1)
  })

  test('[RT-10] the first peer we link to hears of nobody', () => {
    const bench = new RoutingBench()
    const [welcome] = bench.exchangesTo(bench.link(bench.contact()).id)
    expect(welcome).toEqual({
      type: 'PEER_EXCHANGE',
      linked: [],
      siblings: [],
      gone: [],
      servers: [],
      delays: new Uint8Array(),
    })
  })
})

describe('later', () => {
  test('[RT-11] a peer hears of links made since, half a minute after it last heard, and nothing while there are none', () => {
    const bench = new RoutingBench()
    const old = bench.link(bench.contact())
    bench.exchangesTo(old.id)
    const fresh = bench.link(bench.contact())
    bench.advance(EXCHANGE_MS - 1)
    expect(bench.exchangesTo(old.id).flatMap(({ linked }) => linked)).toEqual([])
    bench.advance(EXCHANGE_MS)
    expect(bench.exchangesTo(old.id).flatMap(({ linked }) => linked)).toEqual([fresh])
    bench.unlink(fresh, { left: true })
    bench.take('send')
    bench.advance(10 * EXCHANGE_MS)
    expect(bench.exchangesTo(old.id).filter(({ gone }) => gone.length === 0)).toEqual([])
  })

  test('[RT-12] leaf links hear of new siblings in one batch, and others do not', () => {
    const bench = new RoutingBench()
    const near = leaf(bench, bench.contact())
    const other = bench.link(bench.contact(), 'listener')
    bench.advance(SIBLING_BATCH_MS)
    bench.take('send')
    const [a, b] = bench.contacts(2) as [Contact, Contact]
    bench.learn([a])
    bench.advance(SIBLING_BATCH_MS / 2)
    bench.learn([b])
    bench.advance(SIBLING_BATCH_MS / 2)
    const sent = bench.take('send')
    expect(sent.map(({ to }) => to)).toEqual([near.id])
    expect(sent[0]!.message).toMatchObject({ siblings: [a, b], linked: [], gone: [] })
    expect(bench.take('siblings-changed').at(-1)).toMatchObject({ added: [a, b], gone: [] })
    expect(bench.routing.view.isLinked(other.id)).toBe(true)
  })

  test('[RT-12] a leaf link that knows the newcomer does not hear of it again', () => {
    const bench = new RoutingBench()
    const [near, namer, named] = [1, 2, 3].map(() => leaf(bench, bench.contact())) as [
      Contact,
      Contact,
      Contact,
    ]
    bench.advance(SIBLING_BATCH_MS)
    bench.take('send')
    const newcomer = bench.contact()
    bench.receive(namer, { siblings: [newcomer] })
    bench.link(newcomer, 'listener')
    bench.receive(newcomer, { linked: [named] })
    bench.take('send')
    bench.advance(SIBLING_BATCH_MS)
    const told = bench.take('send').filter(({ message }) => message.type === 'PEER_EXCHANGE')
    expect(told.map(({ to }) => to)).toEqual([near.id])
  })

  test('[RT-12] every linked sibling hears of a death', () => {
    const bench = new RoutingBench()
    const near = leaf(bench, bench.contact())
    const other = bench.link(bench.contact(), 'listener')
    const dying = bench.link(bench.contact())
    bench.advance(PROBE_TIMEOUT_MS)
    bench.take('send')
    bench.unlink(dying, { left: true })
    bench.advance(SIBLING_BATCH_MS)
    const sent = bench.take('send')
    expect(new Set(sent.map(({ to }) => to))).toEqual(new Set([near.id, other.id]))
    expect(
      sent.every(({ message }) => message.type === 'PEER_EXCHANGE' && message.gone[0] === dying.id),
    ).toBe(true)
    expect(bench.take('siblings-changed').at(-1)).toEqual({
      type: 'siblings-changed',
      added: [],
      gone: [dying.id],
    })
  })

  test('[RT-12] somebody displaced by a closer sibling is not told dead', () => {
    const bench = new RoutingBench()
    const near = leaf(bench, bench.contact())
    bench.learn(bench.contacts(SIBLINGS_MAX))
    bench.advance(SIBLING_BATCH_MS)
    bench.take('send')
    bench.learn(bench.contacts(200))
    bench.advance(SIBLING_BATCH_MS)
    const changes = bench.exchangesTo(near.id)
    expect(changes.flatMap(({ siblings }) => siblings).length).toBeGreaterThan(0)
    expect(changes.flatMap(({ gone }) => gone)).toEqual([])
  })
})

describe('without lookups', () => {
  /** As many as a peer wants for neighbours, who have settled; from now on no lookup is answered. */
  function neighbours(seed: number): Network {
    const network = new Network({ seed, linksMax: 50, introductions: 1 })
    network.start(LEAF_LINKS, 100)
    network.runFor(60_000)
    expect(network.nodes.map(({ links }) => links.size)).toEqual(Array(LEAF_LINKS).fill(LEAF_LINKS - 1))
    network.answersLookups = false
    return network
  }

  test.each([1, 2, 3])(
    '[RT-10] [RT-12] who is introduced to one peer is linked to all by exchanges alone (seed %i)',
    (seed) => {
      const network = neighbours(seed)
      network.start(1, 0)
      network.runFor(30_000)
      expect(network.nodes.at(-1)!.joined).toBe(0)
      for (const { links } of network.nodes) expect(links.size).toBe(LEAF_LINKS)
    },
  )

  test('[RT-10] who is introduced to one peer knows all as soon as the link is up', () => {
    const network = neighbours(4)
    network.start(1, 0)
    const newcomer = network.nodes.at(-1)!
    while (newcomer.links.size === 0) network.runFor(10)
    network.runFor(ONE_WAY_MS_MAX)
    expect(newcomer.routing.view.closest(keyOf(newcomer.id), 100)).toHaveLength(LEAF_LINKS)
  })

  test('[RT-12] the others know the newcomer before it has told them so itself', () => {
    const network = neighbours(5)
    network.start(1, 0)
    const newcomer = network.nodes.at(-1)!
    while (newcomer.links.size === 0) network.runFor(10)
    network.runFor(SIBLING_BATCH_MS + 2 * ONE_WAY_MS_MAX)
    expect(newcomer.links.size).toBeLessThan(LEAF_LINKS)
    for (const { routing } of network.nodes.slice(0, LEAF_LINKS))
      expect(routing.view.contactOf(newcomer.id)).not.toBeNull()
  })
})

describe('what others say', () => {
  test('[RT-13] a flood of exchanges is not listened to and is an offence', () => {
    const bench = new RoutingBench()
    const loud = bench.link(bench.contact())
    const late = bench.contact()
    for (let i = 0; i < 80; i++) bench.receive(loud, {})
    expect(bench.take('offence')).toEqual([])
    bench.receive(loud, { linked: [late] })
    expect(bench.take('offence')).toEqual([{ type: 'offence', peer: loud.id, offence: 'flood' }])
    expect(bench.knows(late)).toBe(false)
    bench.advance(10_000)
    bench.receive(loud, { linked: [late] })
    expect(bench.knows(late)).toBe(true)
    for (let i = 0; i < 80; i++) bench.receive(loud, {})
    expect(bench.take('offence')).toHaveLength(1)
  })

  test('[RT-13] somebody whose link has gone is not listened to', () => {
    const bench = new RoutingBench()
    const [stranger, named] = bench.contacts(2) as [Contact, Contact]
    bench.receive(stranger, { linked: [named] })
    expect(bench.knows(named)).toBe(false)
  })

  test('[RT-14] an address of an introducer is told to the application once, and only so many', () => {
    const bench = new RoutingBench({ servers: ['wss://ours.example'] })
    const peer = bench.link(bench.contact())
    bench.receive(peer, {
      servers: ['wss://a.example/x?y', 'wss://ours.example', 'https://b.example', 'wss://a.example/x?y'],
    })
    expect(bench.take('event')).toEqual([
      { type: 'event', event: { type: 'server-learned', url: 'wss://a.example/x?y' } },
    ])
    for (let i = 0; i < 20; i++) {
      bench.receive(peer, { servers: [0, 1, 2, 3].map((n) => `ws://${i}-${n}.example`) })
    }
    expect(bench.take('event')).toHaveLength(SERVERS_LEARNED_MAX - 1)
  })

  test.each([
    ['wss://example.org', true],
    ['ws://127.0.0.1:8080/signal?x=1', true],
    ['ws://[::1]:80', true],
    ['http://example.org', false],
    ['wss://', false],
    ['wss:// example.org', false],
    ['wss://user@example.org', false],
    ['wss://example.org/#part', false],
    ['wss://example.org/\u0000', false],
    [`wss://${'x'.repeat(NAME_BYTES_MAX)}`, false],
    ['', false],
  ])('[RT-14] %s is taken for an address: %s', (text, expected) => {
    expect(isServerAddress(text)).toBe(expected)
  })
})
