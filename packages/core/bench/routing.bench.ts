// XOR order on hexadecimal ids, as every routed message needs it.

import { bench, describe } from 'vitest'
import { type Contact, makeContact } from '../src/identity/contact.ts'
import { type Key, keyOf } from '../src/identity/peer-id.ts'
import { bucketIndexOf, closestOf, compareDistance } from '../src/routing/distance.ts'
import { Routing } from '../src/routing/routing.ts'
import { SeededRandom } from '../test/gossip/seeded.ts'

const random = new SeededRandom(1)
const contacts = Array.from({ length: 1_000 }, () => randomContact())
const targets = Array.from({ length: 64 }, () => keyOf(randomContact().id))
const routing = linkedRouting(50)
let turn = 0
/** What is computed goes here, so that it has to be. */
const sink = { value: 0 }

describe('distance', () => {
  bench('compareDistance, 1,000 pairs of random ids', () => {
    const target = nextTarget()
    for (let i = 1; i < contacts.length; i++)
      sink.value += compareDistance(target, contacts[i - 1]!.id, contacts[i]!.id)
  })

  bench('bucketIndexOf, 1,000 random ids', () => {
    const target = nextTarget()
    for (const { id } of contacts) sink.value += bucketIndexOf(target, id)
  })

  bench('the 20 closest of 1,000', () => {
    sink.value += closestOf(nextTarget(), contacts, 20).length
  })
})

describe('routing', () => {
  bench('linkedByDistance, 50 links', () => {
    sink.value += routing.view.linkedByDistance(nextTarget()).length
  })

  bench('the 20 closest of the contacts known, 1,000 learned', () => {
    sink.value += routing.view.closest(nextTarget(), 20).length
  })
})

function nextTarget(): Key {
  turn += 1
  return targets[turn % targets.length]!
}

function randomContact(): Contact {
  return makeContact(random.bytes(32), random.bytes(32), random.bytes(8))
}

function linkedRouting(links: number): Routing {
  const options = { self: randomContact(), workBits: 0, linksMax: links, servers: [] }
  const made = new Routing(options, { roundTripMs: () => null }, random)
  for (const contact of contacts.slice(0, links)) {
    made.handle({ type: 'link-up', contact, role: 'dialer', signalingPath: 'overlay' }, 0, [])
  }
  made.handle({ type: 'introduced', contacts }, 0, [])
  return made
}
