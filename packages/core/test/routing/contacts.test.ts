import { describe, expect, test } from 'vitest'
import type { StoredContact } from '../../src/contract.ts'
import type { Contact } from '../../src/identity/contact.ts'
import { isAcceptable } from '../../src/identity/contact.ts'
import { keyOf } from '../../src/identity/peer-id.ts'
import { BUCKET_CONTACTS_MAX, CONTACTS_SAVE_MS, PROBE_TIMEOUT_MS } from '../../src/limits.ts'
import { DEPARTED_MAX, DEPARTED_MS, DEPARTED_SURELY_MS } from '../../src/routing/departed.ts'
import { brokenInvariants } from '../../src/routing/invariants.ts'
import { PROBES_MAX, PROBES_WAITING_MAX, RUMOURED_PROBES_MAX } from '../../src/routing/probes.ts'
import { RoutingBench } from './routing-bench.ts'

const WHILE_MS = 6 * 60_000

function stored(contacts: readonly Contact[], lastSeen = 500_000): StoredContact[] {
  return contacts.map((contact) => ({ contact, lastSeen }))
}

describe('entering', () => {
  test('[RT-2] a contact without its work enters nothing and costs whoever named it', () => {
    const bench = new RoutingBench({ workBits: 4 })
    const namer = bench.link(bench.contact())
    const contacts = bench.contacts(40)
    const good = contacts.filter((contact) => isAcceptable(contact, 4))
    bench.receive(namer, { linked: contacts, siblings: contacts })
    expect(contacts.filter((contact) => bench.knows(contact))).toEqual(good)
    expect(bench.take('offence')).toEqual([
      { type: 'offence', peer: namer.id, offence: 'bad-work' },
      { type: 'offence', peer: namer.id, offence: 'bad-work' },
    ])
  })

  test('[RT-2] our own contact is no offence and enters nothing', () => {
    const bench = new RoutingBench()
    bench.receive(bench.link(bench.contact()), { linked: [bench.self], siblings: [bench.self] })
    expect(bench.knows(bench.self)).toBe(false)
    expect(bench.take('offence')).toEqual([])
    expect(brokenInvariants(bench.routing.state)).toEqual([])
  })

  test('[RT-5] a stored contact is named to nobody before it has answered', () => {
    const bench = new RoutingBench()
    const [alive, dead] = bench.contacts(2) as [Contact, Contact]
    bench.handle({ type: 'restore', contacts: stored([alive, dead]) })
    expect(bench.routing.view.siblings()).toEqual([])
    expect(bench.routing.view.closest(keyOf(alive.id), 5)).toEqual([])
    bench.join()
    expect(bench.take('probe').map(({ contact }) => contact)).toEqual(expect.arrayContaining([alive, dead]))
    bench.handle({ type: 'probed', peer: alive.id, alive: true })
    bench.advance(PROBE_TIMEOUT_MS)
    expect(bench.routing.view.siblings()).toContain(alive)
    expect(bench.knows(dead)).toBe(false)
  })

  test('[RT-5] of all that are stored the 16 seen last are asked', () => {
    const bench = new RoutingBench()
    const contacts = bench.contacts(40).map((contact, index) => ({ contact, lastSeen: index }))
    bench.handle({ type: 'restore', contacts })
    bench.join()
    const asked = bench.take('probe').map(({ contact }) => contact)
    expect(asked).toEqual(
      contacts
        .toReversed()
        .slice(0, 16)
        .map(({ contact }) => contact),
    )
  })

  test('[RT-6] without a link, introducers are believed of those whom we took for dead', () => {
    const bench = new RoutingBench()
    const [friend, dead] = bench.contacts(2) as [Contact, Contact]
    bench.link(friend)
    bench.learn([dead])
    bench.handle({ type: 'dial-failed', peer: dead.id, retryAfterMs: 1_000, gone: true })
    bench.introduce([dead])
    expect(bench.knows(dead)).toBe(false)
    bench.unlink(friend)
    bench.introduce([dead])
    expect(bench.knows(dead)).toBe(true)
  })

  test('[RT-15] a contact is reached through the linked peer that last named it as its link, while that link lives', () => {
    const bench = new RoutingBench()
    const [a, b, far, near] = bench.contacts(4) as [Contact, Contact, Contact, Contact]
    bench.link(a)
    bench.link(b)
    bench.receive(a, { linked: [far], siblings: [near] })
    expect([bench.routing.view.viaOf(far.id), bench.routing.view.viaOf(near.id)]).toEqual([a.id, null])
    bench.receive(b, { linked: [far] })
    bench.unlink(a)
    expect(bench.routing.view.viaOf(far.id)).toBe(b.id)
    bench.unlink(b)
    expect(bench.routing.view.viaOf(far.id)).toBe(null)
  })
})

describe('full buckets', () => {
  function full(): { bench: RoutingBench; members: Contact[] } {
    const bench = new RoutingBench()
    bench.join()
    const members = bench.contactsIn(0, BUCKET_CONTACTS_MAX + 1)
    bench.learn(members)
    bench.take('probe')
    return { bench, members }
  }

  test('[RT-3] a newcomer waits while everybody was seen lately', () => {
    const { bench } = full()
    bench.learn([bench.contactIn(0)])
    expect(bench.take('probe')).toEqual([])
  })

  test('[RT-3] the one seen longest ago is asked, and stays if it answers', () => {
    const { bench, members } = full()
    bench.advance(WHILE_MS)
    bench.take('probe')
    bench.learn([bench.contactIn(0)])
    const [probe] = bench.take('probe')
    expect(members).toContain(probe!.contact)
    bench.handle({ type: 'probed', peer: probe!.contact.id, alive: true })
    bench.advance(PROBE_TIMEOUT_MS)
    expect(bench.knows(probe!.contact)).toBe(true)
  })

  test('[RT-3] it is evicted when it does not answer in time, and not before', () => {
    const { bench } = full()
    bench.advance(WHILE_MS)
    bench.take('probe')
    bench.learn([bench.contactIn(0)])
    const [probe] = bench.take('probe')
    bench.advance(PROBE_TIMEOUT_MS - 1)
    expect(bench.knows(probe!.contact)).toBe(true)
    bench.advance(1)
    expect(bench.knows(probe!.contact)).toBe(false)
    expect(brokenInvariants(bench.routing.state)).toEqual([])
  })

  test('[RT-3] an answer to another question, or a late timer, evicts nobody', () => {
    const bench = new RoutingBench()
    bench.join()
    const [contact] = bench.contacts(1) as [Contact]
    bench.learn([contact])
    bench.handle({ type: 'probed', peer: contact.id, alive: false })
    bench.handle({ type: 'timer', timer: { type: 'probe', peer: contact.id, since: 0 } })
    expect(bench.knows(contact)).toBe(true)
  })
})

describe('dying', () => {
  test('[RT-6] whoever says goodbye is forgotten, and hearsay does not bring it back', () => {
    const bench = new RoutingBench()
    const [gone, friend] = bench.contacts(2) as [Contact, Contact]
    bench.link(friend)
    bench.link(gone)
    bench.unlink(gone, { left: true, reason: 'left' })
    expect(bench.knows(gone)).toBe(false)
    bench.receive(friend, { linked: [gone], siblings: [gone] })
    expect(bench.knows(gone)).toBe(false)
    bench.advance(20_000)
    bench.receive(friend, { siblings: [gone] })
    expect(bench.routing.view.siblings()).not.toContain(gone)
    bench.receive(friend, { linked: [gone] })
    expect(bench.routing.view.siblings()).toContain(gone)
  })

  test('[RT-6] whom others still name is asked, and comes back by its own answer alone', () => {
    const bench = new RoutingBench()
    const [gone, friend] = bench.contacts(2) as [Contact, Contact]
    bench.link(friend)
    bench.link(gone)
    bench.unlink(gone, { left: true })
    bench.take('probe')
    const name = () => {
      bench.advance(DEPARTED_SURELY_MS)
      bench.receive(friend, { siblings: [gone] })
      return bench.take('probe').map(({ contact }) => contact)
    }
    expect(name()).toEqual([gone])
    expect(bench.routing.view.siblings()).not.toContain(gone)
    bench.handle({ type: 'probed', peer: gone.id, alive: false })
    expect(bench.knows(gone)).toBe(false)
    expect(name()).toEqual([gone])
    bench.handle({ type: 'probed', peer: gone.id, alive: true })
    expect(bench.routing.view.siblings()).toContain(gone)
    expect(name()).toEqual([])
  })

  test('[RT-6] [RO-25] the router hears for 15 s who is dead', () => {
    const bench = new RoutingBench()
    const [gone, friend] = bench.contacts(2) as [Contact, Contact]
    bench.link(friend)
    bench.link(gone)
    expect(bench.routing.view.isDeparted(gone.id, bench.now)).toBe(false)
    bench.unlink(gone)
    expect(bench.routing.view.isDeparted(gone.id, bench.now)).toBe(false)
    bench.handle({ type: 'probed', peer: gone.id, alive: false })
    expect(bench.routing.view.isDeparted(gone.id, bench.now + DEPARTED_SURELY_MS - 1)).toBe(true)
    expect(bench.routing.view.isDeparted(gone.id, bench.now + DEPARTED_SURELY_MS)).toBe(false)
    bench.link(gone, 'listener')
    expect(bench.routing.view.isDeparted(gone.id, bench.now)).toBe(false)
  })

  test('[RT-6] after a while hearsay is enough', () => {
    const bench = new RoutingBench()
    const [gone, friend] = bench.contacts(2) as [Contact, Contact]
    bench.link(friend)
    bench.link(gone)
    bench.unlink(gone, { left: true })
    bench.advance(DEPARTED_MS)
    bench.receive(friend, { siblings: [gone] })
    expect(bench.knows(gone)).toBe(true)
  })

  test('[RT-6] its own link brings it back at once', () => {
    const bench = new RoutingBench()
    const [gone, friend] = bench.contacts(2) as [Contact, Contact]
    bench.link(friend)
    bench.link(gone)
    bench.unlink(gone, { left: true })
    bench.link(gone, 'listener')
    expect(bench.routing.view.siblings()).toContain(gone)
  })

  test('[RT-6] a dial that found nobody buries, but not while we have no link', () => {
    const bench = new RoutingBench()
    const [a, b] = bench.contacts(2) as [Contact, Contact]
    bench.learn([a, b])
    bench.handle({ type: 'dial-failed', peer: a.id, retryAfterMs: 1_000, gone: true })
    expect(bench.knows(a)).toBe(true)
    bench.link(bench.contact())
    bench.handle({ type: 'dial-failed', peer: b.id, retryAfterMs: 1_000, gone: true })
    expect(bench.knows(b)).toBe(false)
    bench.handle({ type: 'dial-failed', peer: a.id, retryAfterMs: 1_000, gone: false })
    expect(bench.knows(a)).toBe(true)
  })

  test('[RT-7] whose link breaks is asked whether it lives, and kept until it is silent', () => {
    const bench = new RoutingBench()
    bench.join()
    const broken = bench.link(bench.contact(), 'listener')
    bench.unlink(broken)
    expect(bench.take('probe').map(({ contact }) => contact)).toContain(broken)
    expect(bench.knows(broken)).toBe(true)
    bench.advance(PROBE_TIMEOUT_MS)
    expect(bench.knows(broken)).toBe(false)
  })

  test('[RT-7] when all links break nobody is taken for dead', () => {
    const bench = new RoutingBench()
    const contacts = bench.contacts(5).map((contact) => bench.link(contact))
    for (const contact of contacts) bench.unlink(contact)
    bench.advance(PROBE_TIMEOUT_MS * 2)
    expect(contacts.every((contact) => bench.knows(contact))).toBe(true)
  })

  test('[RT-8] a lie about deaths erases nobody', () => {
    const bench = new RoutingBench()
    const liar = bench.join()
    const contacts = bench.contacts(10)
    const linked = contacts.slice(0, 5).map((contact) => bench.link(contact))
    bench.learn(contacts.slice(5))
    bench.receive(liar, { gone: [...contacts.map(({ id }) => id), bench.self.id, bench.contact().id] })
    const asked = bench.take('probe').map(({ contact }) => contact)
    expect(new Set(asked)).toEqual(new Set(contacts.slice(5)))
    for (const contact of asked) bench.handle({ type: 'probed', peer: contact.id, alive: true })
    bench.advance(PROBE_TIMEOUT_MS)
    expect([...linked, ...asked].every((contact) => bench.knows(contact))).toBe(true)
  })

  test('[RT-8] [RT-9] rumours do not keep whose link broke from being asked, once', () => {
    const bench = new RoutingBench()
    const liar = bench.join()
    const invented = [0, 1, 2].flatMap(() => {
      const contacts = bench.contacts(40)
      bench.receive(liar, { linked: contacts })
      bench.receive(liar, { gone: contacts.map(({ id }) => id) })
      return contacts
    })
    const asked = bench.take('probe').map(({ contact }) => contact)
    expect(asked).toHaveLength(RUMOURED_PROBES_MAX)
    // The next in line, too, is linked for a moment.
    const broken = bench.link(invented[asked.length] as Contact)
    bench.unlink(broken)
    expect(bench.take('probe').map(({ contact }) => contact)).toEqual([broken])
    for (const { id } of asked) bench.handle({ type: 'probed', peer: id, alive: true })
    const next = bench.take('probe').map(({ contact }) => contact)
    expect(next).toHaveLength(RUMOURED_PROBES_MAX - 1)
    expect(next).not.toContain(broken)
    bench.advance(PROBE_TIMEOUT_MS)
    expect(bench.knows(broken)).toBe(false)
  })

  test('[RT-8] [RT-6] rumours and deaths fill no table beyond its bound', () => {
    const bench = new RoutingBench()
    const liar = bench.join()
    for (let round = 0; round < 10; round++) {
      const contacts = bench.contacts(40)
      bench.receive(liar, { linked: contacts })
      bench.receive(liar, { gone: contacts.map(({ id }) => id) })
      const tables = bench.routing.tables()
      expect(tables['probes']).toBeLessThanOrEqual(PROBES_MAX)
      expect(tables['probesWaiting']).toBeLessThanOrEqual(PROBES_WAITING_MAX)
      bench.advance(1_000)
    }
    for (let i = 0; i < DEPARTED_MAX + 10; i++) bench.unlink(bench.link(bench.contact()), { left: true })
    expect(bench.routing.tables()['departed']).toBe(DEPARTED_MAX)
  })

  test('[RT-9] who was not seen for long is asked, one a minute, siblings first', () => {
    const bench = new RoutingBench()
    bench.join()
    bench.learn(bench.contacts(50))
    const siblings = new Set(bench.routing.view.siblings())
    bench.advance(WHILE_MS)
    const asked = bench.take('probe').map(({ contact }) => contact)
    expect(asked.length).toBeGreaterThanOrEqual(1)
    expect(asked.length).toBeLessThanOrEqual(2)
    expect(asked.every((contact) => siblings.has(contact))).toBe(true)
  })
})

describe('saving', () => {
  test('[RT-30] linked contacts come first, then those seen last, and not more often than the pause allows', () => {
    const bench = new RoutingBench()
    const friend = bench.link(bench.contact())
    bench.advance(1_000)
    expect(bench.take('save')).toHaveLength(1)
    for (let bucket = 0; bucket < 9; bucket++) {
      for (const contact of bench.contactsIn(bucket, 28)) {
        bench.learn([contact])
        bench.advance(10)
      }
    }
    bench.advance(CONTACTS_SAVE_MS)
    const [save, ...more] = bench.take('save')
    expect(more).toEqual([])
    expect(save!.contacts[0]!.contact).toBe(friend)
    const seen = save!.contacts.slice(1).map(({ lastSeen }) => lastSeen)
    expect(seen).toHaveLength(199)
    expect(seen).toEqual(seen.toSorted((a, b) => b - a))
    expect(save!.contacts[0]!.lastSeen).toBeGreaterThanOrEqual(seen[0]!)
    bench.advance(10 * CONTACTS_SAVE_MS)
    expect(bench.take('save')).toEqual([])
  })
})
