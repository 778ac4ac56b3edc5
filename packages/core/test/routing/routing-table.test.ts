import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BUCKET_CANDIDATES_MAX, BUCKET_CONTACTS_MAX, SIBLINGS_MAX } from '../../src/limits.ts'
import { Bucket, type KnownContact } from '../../src/routing/bucket.ts'
import { closestOf } from '../../src/routing/distance.ts'
import { brokenInTable } from '../../src/routing/invariants.ts'
import { RoutingTable } from '../../src/routing/routing-table.ts'
import { RoutingBench } from './routing-bench.ts'

const bench = new RoutingBench()
const contacts = bench.contactsIn(0, 40)

/** Nobody is linked, and nothing else is known of them. */
function strangers(): KnownContact[] {
  return contacts.map(
    (contact): KnownContact => ({
      id: contact.id,
      contact,
      bucket: 0,
      linked: false,
      heard: true,
      seenAt: 0,
      via: null,
      foundBy: [],
      landmarks: [],
    }),
  )
}

/** What can happen to one of the contacts. */
const step = fc.tuple(
  fc.constantFrom('add', 'touch', 'remove', 'link', 'unlink'),
  fc.nat(contacts.length - 1),
)

describe('the closest contacts', () => {
  test('are those that sorting all of them by distance gives, for any target', () => {
    const everybody = bench.contacts(300)
    const table = new RoutingTable(bench.self.id)
    for (const [index, contact] of everybody.entries()) table.add(contact, index, index % 3 > 0)
    for (const contact of everybody.slice(0, 50)) {
      const known = table.get(contact.id)
      if (known !== null) table.remove(known)
    }
    const heard = table.all().filter((known) => known.heard)
    const targets = [bench.self.id, ...bench.contacts(40).map(({ id }) => id), heard[0]!.id]
    for (const target of targets)
      for (const count of [1, 8, 40, 500])
        expect(table.closest(target, count)).toEqual(closestOf(target, heard, count))
  })
})

describe('[RT-3] a bucket', () => {
  test('keeps its bounds and its members whatever happens', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const bucket = new Bucket()
        const known = strangers()
        for (const [what, index] of steps) {
          const contact = known[index]!
          const members = [...bucket.members]
          if (what === 'link' || what === 'unlink') contact.linked = what === 'link'
          else bucket[what as 'add' | 'touch' | 'remove'](contact)
          const lost = members.filter((member) => !bucket.members.includes(member))
          expect(lost).toEqual(what === 'remove' && members.includes(contact) ? [contact] : [])
          expect(bucket.members.length).toBeLessThanOrEqual(BUCKET_CONTACTS_MAX)
          expect(bucket.candidates.length).toBeLessThanOrEqual(BUCKET_CANDIDATES_MAX)
          expect(bucket.candidates.length === 0 || bucket.isFull).toBe(true)
          expect(new Set([...bucket.members, ...bucket.candidates]).size).toBe(
            bucket.members.length + bucket.candidates.length,
          )
        }
      }),
    )
  })

  test('lists the least recently seen first, and never asks a linked one', () => {
    const bucket = new Bucket()
    const [a, b, c] = strangers() as [KnownContact, KnownContact, KnownContact]
    for (const contact of [a, b, c]) bucket.add(contact)
    bucket.touch(a)
    expect(bucket.members).toEqual([b, c, a])
    b.linked = true
    expect(bucket.leastRecentlySeen()).toBe(c)
  })

  test('gives a place that becomes free to a linked candidate, else to the newest', () => {
    const bucket = new Bucket()
    const known = strangers()
    for (const contact of known.slice(0, 23)) bucket.add(contact)
    const [first, second] = bucket.candidates as [KnownContact, KnownContact]
    first.linked = true
    bucket.remove(known[0]!)
    expect(bucket.members.at(-1)).toBe(first)
    first.linked = false
    bucket.remove(known[1]!)
    expect(bucket.members.at(-1)).toBe(known[22])
    expect(bucket.candidates).toEqual([second])
  })
})

describe('[RT-4] the sibling list', () => {
  test('holds the closest contacts somebody vouched for, closest first, whoever dies', () => {
    const contacts = bench.contacts(300)
    fc.assert(
      fc.property(fc.array(fc.nat(299), { minLength: 60, maxLength: 400 }), (order) => {
        const table = new RoutingTable(bench.self.id)
        for (const index of order) {
          const contact = contacts[index]!
          const existing = table.get(contact.id)
          if (existing === null) table.add(contact, 0, index % 7 !== 0)
          else table.remove(existing)
        }
        expect(brokenInTable(table)).toEqual([])
        expect(table.siblings.list.length).toBeLessThanOrEqual(SIBLINGS_MAX)
        expect(table.siblings.list.every(({ heard }) => heard)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test('tells each change once, and no death of somebody it never told of', () => {
    const table = new RoutingTable(bench.self.id)
    const [a, b] = bench.contacts(2).map((contact) => table.add(contact, 0, true)) as [
      KnownContact,
      KnownContact,
    ]
    table.remove(b)
    expect(table.siblings.takeChanges()).toEqual({
      added: [a.contact],
      gone: [],
      knowersById: new Map([[a.id, new Set()]]),
    })
    table.remove(a)
    expect(table.siblings.takeChanges()).toEqual({ added: [], gone: [a.id], knowersById: new Map() })
    expect(table.siblings.hasChanged).toBe(false)
  })
})
