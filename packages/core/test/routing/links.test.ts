import { describe, expect, test } from 'vitest'
import type { Contact } from '../../src/identity/contact.ts'
import type { PeerId } from '../../src/identity/peer-id.ts'
import { LINK_REASONS } from '../../src/peer/calls.ts'
import { bucketIndexOf } from '../../src/routing/distance.ts'
import { brokenInvariants } from '../../src/routing/invariants.ts'
import { linkTargets } from '../../src/routing/link-targets.ts'
import { RoutingBench } from './routing-bench.ts'

/** More than the longest time until links are chosen. */
const SETTLED_MS = 12_000
const MINUTE_MS = 60_000

/** What the dialer was told last, by peer; peers that are not wanted are left out. */
class Wanted {
  readonly reasonsByPeer = new Map<PeerId, number>()
  changes = 0
  readonly #bench: RoutingBench

  constructor(bench: RoutingBench) {
    this.#bench = bench
  }

  update(): this {
    for (const { contact, reasons } of this.#bench.take('want')) {
      this.changes += 1
      if (reasons === 0) this.reasonsByPeer.delete(contact.id)
      else this.reasonsByPeer.set(contact.id, reasons)
    }
    return this
  }

  has(contact: Contact): boolean {
    return this.reasonsByPeer.has(contact.id)
  }

  of(reason: number): PeerId[] {
    return [...this.reasonsByPeer].filter(([, reasons]) => (reasons & reason) !== 0).map(([peer]) => peer)
  }
}

/** Every contact that is wanted becomes a link at once, for some time. */
function dialAll(bench: RoutingBench, wanted: Wanted, contacts: readonly Contact[], ms: number): void {
  for (let passed = 0; passed < ms; passed += 250) {
    bench.advance(250)
    wanted.update()
    for (const contact of contacts) {
      if (wanted.has(contact) && !bench.routing.view.isLinked(contact.id)) bench.link(contact)
    }
  }
}

function joined(options: { linksMax?: number; contacts: number; seed?: number }) {
  const bench = new RoutingBench(options)
  const contacts = bench.contacts(options.contacts)
  const wanted = new Wanted(bench)
  bench.join(contacts)
  dialAll(bench, wanted, contacts, 3 * MINUTE_MS)
  return { bench, contacts, wanted }
}

describe('targets', () => {
  test('[RT-20] are those of the design at 50 links, and leave places free at any number', () => {
    expect(linkTargets(50)).toMatchObject({ leaf: 8, perBucket: 3, random: 3, total: 40, dialMax: 46 })
    expect(linkTargets(8)).toMatchObject({ leaf: 3, perBucket: 1, random: 1 })
    for (let linksMax = 4; linksMax <= 100; linksMax++) {
      const { leaf, total, comfortMax, dialMax } = linkTargets(linksMax)
      expect(dialMax).toBeLessThan(linksMax)
      expect(total).toBeLessThanOrEqual(comfortMax)
      expect(leaf).toBeLessThanOrEqual(total)
    }
  })

  test.each([0, -1, 2.5, Number.NaN])('[RT-20] %s links are a mistake of the caller', (linksMax) => {
    expect(() => linkTargets(linksMax)).toThrow(RangeError)
  })
})

describe('the first link', () => {
  test('[RT-19] one contact is dialed at once, up to two more later, and nobody else before we have joined', () => {
    const bench = new RoutingBench()
    const wanted = new Wanted(bench)
    bench.learn(bench.contacts(10))
    bench.advance(1_000)
    expect(wanted.update().reasonsByPeer.size).toBe(1)
    bench.advance(MINUTE_MS)
    expect(wanted.update().reasonsByPeer.size).toBe(3)
  })

  test('[RT-19] with a link, nobody else is dialed before our own id was looked up', () => {
    const bench = new RoutingBench()
    const wanted = new Wanted(bench)
    bench.learn(bench.contacts(10))
    bench.link(bench.contact())
    bench.advance(MINUTE_MS)
    expect(wanted.update().reasonsByPeer.size).toBe(0)
  })

  test('[RT-19] introduced contacts are not kept waiting by stored ones', () => {
    const bench = new RoutingBench()
    const wanted = new Wanted(bench)
    bench.handle({
      type: 'restore',
      contacts: bench.contacts(5).map((contact) => ({ contact, lastSeen: 1 })),
    })
    bench.advance(MINUTE_MS)
    expect(wanted.update().reasonsByPeer.size).toBe(3)
    const introduced = bench.contact()
    bench.learn([introduced])
    bench.advance(1_000)
    expect(wanted.update().has(introduced)).toBe(true)
  })
})

describe('links', () => {
  test('[RT-20] [RT-21] are wanted to our closest contacts and in every bucket', () => {
    const { bench, contacts, wanted } = joined({ contacts: 500 })
    const leaves = bench.closestFirst(contacts).slice(0, 8)
    expect(new Set(wanted.of(LINK_REASONS.leaf))).toEqual(new Set(leaves.map(({ id }) => id)))
    const buckets = (ids: readonly PeerId[]) => new Set(ids.map((id) => bucketIndexOf(bench.self.id, id)))
    expect(buckets(bench.routing.view.linked())).toEqual(buckets(contacts.map(({ id }) => id)))
  })

  test('[RT-22] more than needed are dialed only up to a share, and the rest is left to others', () => {
    const { bench } = joined({ contacts: 500 })
    const linked = bench.routing.view.linked().length
    expect(linked).toBeGreaterThanOrEqual(20)
    expect(linked).toBeLessThanOrEqual(28)
  })

  test('[RT-22] where there are few peers everybody is linked to', () => {
    const { bench, contacts } = joined({ contacts: 35 })
    expect(contacts.every(({ id }) => bench.routing.view.isLinked(id))).toBe(true)
  })

  test('[RT-25] nothing changes while nothing happens', () => {
    const { bench, wanted } = joined({ contacts: 200 })
    const { changes } = wanted
    bench.advance(5 * MINUTE_MS)
    expect(wanted.update().changes).toBe(changes)
  })

  test('[RT-23] links that the remote wants count for us, and are taken over when it wants them no more', () => {
    const bench = new RoutingBench()
    const wanted = new Wanted(bench)
    const contacts = bench.contactsIn(0, 30)
    for (const contact of contacts.slice(0, 12)) bench.link(contact, 'listener')
    bench.join(contacts)
    bench.advance(SETTLED_MS)
    expect(wanted.update().of(LINK_REASONS.bucket)).toEqual([])
    for (const { id } of contacts.slice(0, 12)) bench.handle({ type: 'remote-reasons', peer: id, reasons: 0 })
    bench.advance(1_000)
    wanted.update()
    expect(contacts.slice(0, 12).every((contact) => wanted.has(contact))).toBe(true)
  })

  test('[RT-24] the larger id waits for the smaller one to dial', () => {
    const bench = new RoutingBench({ seed: 4 })
    const wanted = new Wanted(bench)
    const contacts = bench.contacts(8)
    bench.join(contacts)
    for (let ms = 0; ms < SETTLED_MS && !contacts.some((contact) => wanted.has(contact)); ms += 50) {
      bench.advance(50)
      wanted.update()
    }
    const wantedNow = (): Set<PeerId> =>
      new Set(contacts.map(({ id }) => id).filter((id) => wanted.update().reasonsByPeer.has(id)))
    const early = wantedNow()
    const larger = contacts.filter(({ id }) => id > bench.self.id).map(({ id }) => id)
    const smaller = contacts.filter(({ id }) => id < bench.self.id).map(({ id }) => id)
    expect(smaller.length * larger.length).toBeGreaterThan(0)
    expect(early).toEqual(new Set(larger))
    bench.advance(1_400)
    expect(wantedNow()).toEqual(early)
    bench.link(contacts.find(({ id }) => id === smaller[0])!, 'listener')
    bench.advance(2_000)
    expect(wantedNow()).toEqual(new Set([...larger, ...smaller]))
  })

  test('[RT-25] a leaf stays one when a few closer peers come', () => {
    const { bench, contacts, wanted } = joined({ contacts: 60 })
    const leaves = new Set(wanted.of(LINK_REASONS.leaf))
    const closest = bench.closestFirst(contacts)[0]!
    const newcomers = [bench.contactIn(bucketIndexOf(bench.self.id, closest.id)), bench.contactIn(8)]
    bench.learn(newcomers)
    dialAll(bench, wanted, newcomers, SETTLED_MS)
    expect(wanted.update().of(LINK_REASONS.leaf)).toEqual(expect.arrayContaining([...leaves]))
    expect(newcomers.every((contact) => wanted.has(contact))).toBe(true)
  })
})

describe('places', () => {
  test('[RT-26] no more is wanted than there are places, whatever others link to us', () => {
    const bench = new RoutingBench({ linksMax: 10 })
    const wanted = new Wanted(bench)
    bench.join(bench.contacts(200))
    bench.advance(SETTLED_MS)
    for (let links = 2; links <= 10; links++) {
      bench.link(bench.contact(), 'listener')
      bench.advance(5_000)
      const unlinked = [...wanted.update().reasonsByPeer.keys()].filter(
        (id) => !bench.routing.view.isLinked(id),
      )
      expect(unlinked.length + links).toBeLessThanOrEqual(10)
      expect(brokenInvariants(bench.routing.state)).toEqual([])
    }
  })

  test('[RT-26] a contact that was forgotten while it was dialed is not counted as wanted once it is linked', () => {
    const bench = new RoutingBench({ seed: 9, linksMax: 50 })
    bench.join([1, 2, 3].flatMap((bucket) => bench.contactsIn(bucket, 20)))
    bench.learn(bench.contactsIn(0, 28))
    const contactByPeer = new Map<PeerId, Contact>()
    let forgotten = 0
    const linkAll = () => {
      for (const { contact, reasons } of bench.take('want')) {
        if (reasons === 0) contactByPeer.delete(contact.id)
        else contactByPeer.set(contact.id, contact)
      }
      for (const contact of contactByPeer.values()) {
        if (!bench.knows(contact)) forgotten++
        bench.link(contact)
      }
      contactByPeer.clear()
    }
    for (let second = 0; second < 120; second++) {
      bench.advance(1_000)
      bench.answerProbes()
      // Candidates beside a full bucket come and go; a dial takes five seconds or so.
      bench.learn(bench.contactsIn(0, 2))
      if (second % 5 === 0) linkAll()
    }
    linkAll()
    bench.advance(10_000)
    linkAll()
    expect(forgotten).toBeGreaterThan(0)
    expect(bench.routing.state.wanted).toBe(0)
  })

  test('[RT-27] a full peer gives up a link for a leaf that finds no place, and that leaf is dialed afterwards', () => {
    const { bench, wanted } = joined({ linksMax: 10, contacts: 100 })
    while (bench.routing.view.linked().length < 10) bench.link(bench.contactIn(0), 'listener')
    const near = bench.contactIn(12)
    bench.learn([near])
    bench.advance(10_000)
    const linked = bench.routing.view.linked()
    const givenUp = linked.filter((id) => !wanted.update().reasonsByPeer.has(id))
    expect(wanted.has(near)).toBe(false)
    for (const id of givenUp) bench.handle({ type: 'remote-reasons', peer: id, reasons: 0 })
    bench.advance(1_000)
    for (const id of givenUp.slice(0, 2))
      bench.handle({ type: 'link-down', peer: id, left: false, reason: 'pruned' })
    bench.advance(5_000)
    expect(wanted.update().has(near)).toBe(true)
  })

  test('[RT-27] surplus links of a crowded peer are given up, leaves and those of a bucket are not', () => {
    const { bench, contacts, wanted } = joined({ contacts: 200 })
    const needed = wanted.of(LINK_REASONS.leaf)
    const before = wanted.reasonsByPeer.size
    while (bench.routing.view.linked().length < 48) bench.link(bench.contactIn(0), 'listener')
    bench.advance(10_000)
    expect(wanted.update().reasonsByPeer.size).toBeLessThan(before)
    expect(wanted.of(LINK_REASONS.leaf)).toEqual(expect.arrayContaining(needed))
    const covered = new Set([...wanted.reasonsByPeer.keys()].map((id) => bucketIndexOf(bench.self.id, id)))
    const sparse = contacts.map(({ id }) => bucketIndexOf(bench.self.id, id)).filter((bucket) => bucket > 0)
    expect([...new Set(sparse)].every((bucket) => covered.has(bucket))).toBe(true)
  })

  test('[RT-28] a contact that could not be dialed rests for as long as we were told', () => {
    const bench = new RoutingBench()
    const wanted = new Wanted(bench)
    const contact = bench.contact()
    bench.join([contact])
    bench.advance(SETTLED_MS)
    expect(wanted.update().has(contact)).toBe(true)
    bench.handle({ type: 'dial-failed', peer: contact.id, retryAfterMs: 45_000, gone: false })
    wanted.reasonsByPeer.clear()
    bench.advance(44_000)
    expect(wanted.update().has(contact)).toBe(false)
    bench.advance(6_000)
    expect(wanted.update().has(contact)).toBe(true)
  })

  test('[RT-28] who fails again and again rests longer and longer', () => {
    const bench = new RoutingBench()
    const wanted = new Wanted(bench)
    const contact = bench.contact()
    bench.join([contact])
    let dials = 0
    for (let passed = 0; passed < 60 * MINUTE_MS; passed += 1_000) {
      bench.advance(1_000)
      bench.answerProbes()
      if (!wanted.update().has(contact)) continue
      dials += 1
      wanted.reasonsByPeer.clear()
      bench.handle({ type: 'dial-failed', peer: contact.id, retryAfterMs: 30_000, gone: false })
    }
    expect(dials).toBeGreaterThanOrEqual(6)
    expect(dials).toBeLessThanOrEqual(12)
  })

  test('[RT-28] a link that the other end gave up is not made again at once, a broken one is', () => {
    const { bench, contacts, wanted } = joined({ contacts: 10 })
    const [pruned, broken] = contacts as [Contact, Contact]
    bench.unlink(pruned, { reason: 'pruned' })
    bench.unlink(broken, { reason: 'silent' })
    wanted.reasonsByPeer.clear()
    bench.handle({ type: 'probed', peer: broken.id, alive: true })
    bench.advance(8_000)
    expect([wanted.update().has(broken), wanted.has(pruned)]).toEqual([true, false])
    bench.advance(2 * MINUTE_MS)
    expect(wanted.update().has(pruned)).toBe(true)
  })

  test('[RT-6] the dialer hears that a buried contact is not wanted', () => {
    const bench = new RoutingBench()
    const contact = bench.contact()
    const friend = bench.join([contact])
    bench.advance(SETTLED_MS)
    bench.take('want')
    bench.receive(friend, { gone: [contact.id] })
    bench.advance(5_000)
    expect(bench.take('want')).toContainEqual({ type: 'want', contact, reasons: 0 })
  })

  test('[RT-31] somebody is near who would be among our leaves, known or not', () => {
    const { bench, contacts } = joined({ contacts: 100 })
    const sorted = bench.closestFirst(contacts)
    expect(bench.routing.view.isNear(sorted[0]!.id)).toBe(true)
    expect(bench.routing.view.isNear(sorted[20]!.id)).toBe(false)
    expect(bench.routing.view.isNear(bench.contactIn(11).id)).toBe(true)
    expect(bench.routing.view.isNear(bench.contactIn(0).id)).toBe(false)
  })
})
