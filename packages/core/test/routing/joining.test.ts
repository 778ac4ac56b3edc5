import { describe, expect, test } from 'vitest'
import type { Contact } from '../../src/identity/contact.ts'
import { keyOf } from '../../src/identity/peer-id.ts'
import { BUCKET_REFRESH_MS } from '../../src/limits.ts'
import { bucketIndexOf, mirrorOf } from '../../src/routing/distance.ts'
import { RoutingBench } from './routing-bench.ts'

function lookups(bench: RoutingBench): { own: number; others: string[] } {
  const targets = bench.take('find').map(({ target }) => target as string)
  const others = targets.filter((target) => target !== bench.self.id)
  return { own: targets.length - others.length, others }
}

describe('joining', () => {
  test('[RT-16] begins with a lookup of our own id as soon as there is a link, and is said once', () => {
    const bench = new RoutingBench()
    expect(lookups(bench).own).toBe(0)
    const first = bench.link(bench.contact())
    expect(lookups(bench).own).toBe(1)
    const named = bench.contacts(5)
    bench.found(keyOf(bench.self.id), first.id, named)
    expect(named.every((contact) => bench.knows(contact))).toBe(true)
    bench.found(keyOf(bench.self.id), first.id, [])
    expect(bench.take('joined')).toHaveLength(1)
  })

  test('[RT-16] the only other peer has nobody to name, and we have joined', () => {
    const bench = new RoutingBench()
    bench.join([])
    expect(bench.take('joined')).toHaveLength(1)
  })

  test('[RT-16] a lookup of something else is no answer', () => {
    const bench = new RoutingBench()
    const first = bench.link(bench.contact())
    bench.found(keyOf(first.id), first.id, [])
    expect(bench.take('joined')).toEqual([])
  })

  test('[RT-16] an unanswered lookup is repeated, later each time', () => {
    const bench = new RoutingBench()
    bench.link(bench.contact())
    const times: number[] = []
    for (let i = 0; i < 4; i++) {
      lookups(bench)
      bench.found(keyOf(bench.self.id), null, [])
      const failedAt = bench.now
      while (lookups(bench).own === 0) bench.advance(50)
      times.push(bench.now - failedAt)
    }
    expect(bench.take('joined')).toEqual([])
    for (const [index, ms] of times.entries()) {
      expect(ms).toBeGreaterThanOrEqual(1_000 * 2 ** index * 0.75)
      expect(ms).toBeLessThanOrEqual(1_000 * 2 ** index * 1.25 + 50)
    }
  })

  test('[RT-16] it begins again when the last link has gone and another is up', () => {
    const bench = new RoutingBench()
    bench.unlink(bench.join())
    bench.advance(60_000)
    expect(lookups(bench).own).toBe(1)
    bench.join()
    expect(lookups(bench).own).toBe(1)
    expect(bench.take('joined')).toHaveLength(2)
  })

  test('[RC-23] we count as a newcomer until some time after our siblings have changed no more, and again without a link', () => {
    const bench = new RoutingBench()
    const isNew = () => bench.routing.view.settledForMs(bench.now) < 3_000
    bench.advance(60_000)
    expect(isNew()).toBe(true)
    const first = bench.join(bench.contacts(3))
    bench.advance(700)
    bench.receive(first, { linked: [bench.contact()] })
    bench.advance(3_700)
    expect(isNew()).toBe(true)
    bench.advance(1_000)
    expect(isNew()).toBe(false)
    bench.receive(first, { linked: [bench.contact()] })
    bench.advance(1_000)
    expect(isNew()).toBe(false)
    bench.unlink(first)
    expect(isNew()).toBe(true)
  })

  test('[RT-36] two that start together wait for the others that they were told of', () => {
    const bench = new RoutingBench()
    const [here, linked, far, dead] = bench.contacts(4) as [Contact, Contact, Contact, Contact]
    bench.introduce([linked, far, dead])
    bench.link(here)
    bench.found(keyOf(bench.self.id), here.id, [])
    expect(bench.take('joined')).toEqual([])
    bench.link(linked)
    bench.handle({ type: 'dial-failed', peer: dead.id, retryAfterMs: 10_000, gone: true })
    expect(bench.take('joined')).toEqual([])
    bench.receive(here, { linked: [far] })
    expect(bench.take('joined')).toHaveLength(1)
    bench.advance(10_000)
    expect(bench.take('joined')).toEqual([])
  })

  test('[RT-36] whoever never comes is waited for 3 s, and anew when all links were lost', () => {
    const bench = new RoutingBench()
    for (let round = 0; round < 2; round++) {
      bench.introduce(bench.contacts(2))
      const first = bench.join()
      bench.advance(2_999)
      expect(bench.take('joined')).toEqual([])
      bench.advance(1)
      expect(bench.take('joined')).toHaveLength(1)
      bench.unlink(first)
    }
  })

  test('[RT-36] our network is asked for them: who is of it is not waited for, who is not is not dead', () => {
    const bench = new RoutingBench()
    const [near, stranger] = bench.contacts(2) as [Contact, Contact]
    bench.introduce([near, stranger])
    bench.join()
    const probed = bench.take('probe').map(({ contact }) => contact.id)
    expect(probed.toSorted()).toEqual([near.id, stranger.id].toSorted())
    bench.handle({ type: 'probed', peer: near.id, alive: true })
    bench.handle({ type: 'probed', peer: stranger.id, alive: false })
    expect(bench.take('joined')).toEqual([])
    expect(bench.knows(stranger)).toBe(true)
    bench.link(stranger)
    expect(bench.take('joined')).toHaveLength(1)
  })

  test('[RT-36] in a network that is not small nobody is waited for', () => {
    const bench = new RoutingBench()
    bench.introduce(bench.contacts(8))
    bench.join(bench.contacts(33))
    expect(bench.take('joined')).toHaveLength(1)
  })

  test('[RT-17] we look around less and less, and again when a neighbour has gone', () => {
    const bench = new RoutingBench()
    const first = bench.join()
    const answer = (ms: number): number => {
      let count = 0
      for (let passed = 0; passed < ms; passed += 500) {
        bench.advance(500)
        const { own } = lookups(bench)
        count += own
        if (own > 0) bench.found(keyOf(bench.self.id), first.id, [])
      }
      return count
    }
    expect(answer(60_000)).toBeGreaterThanOrEqual(4)
    answer(30 * 60_000)
    expect(answer(60 * 60_000)).toBeLessThanOrEqual(8)
    bench.unlink(bench.link(bench.contact()), { left: true })
    expect(answer(3_000)).toBe(1)
  })
})

test('[RT-17] we look around again soon when a lookup has found a neighbour that nobody told us of', () => {
  const bench = new RoutingBench()
  const first = bench.join(bench.contacts(60))
  const own = (ms: number, found: readonly Contact[]): number => {
    let count = 0
    for (let passed = 0; passed < ms; passed += 500) {
      bench.advance(500)
      bench.answerProbes()
      const now = lookups(bench).own
      if (now > 0) bench.found(keyOf(bench.self.id), first.id, count === 0 ? found : [])
      count += now
    }
    return count
  }
  own(20 * 60_000, [])
  const far = bench.contactIn(0)
  expect(own(20 * 60_000, [far])).toBeLessThanOrEqual(3)
  const near = bench.contactIn(12)
  expect(own(20 * 60_000, [near])).toBeGreaterThanOrEqual(8)
})

describe('buckets', () => {
  test('[RT-18] the mirror point of each bucket outside our neighbourhood is looked up once', () => {
    const bench = new RoutingBench()
    bench.join(bench.contacts(400))
    lookups(bench)
    bench.advance(5_000)
    const { others } = lookups(bench)
    const last = bucketIndexOf(bench.self.id, bench.routing.view.siblings().at(-1)!.id)
    expect(others.slice(0, last + 1)).toEqual(
      Array.from({ length: last + 1 }, (_, bucket) => mirrorOf(bench.self.id, bucket)),
    )
  })

  test('[RT-18] where we know everybody nothing is filled', () => {
    const bench = new RoutingBench()
    bench.join(bench.contacts(30))
    bench.advance(60_000)
    expect(lookups(bench).others).toEqual([])
  })

  test('[RT-18] every bucket that has contacts is looked at once per period, and not all at once', () => {
    const bench = new RoutingBench()
    bench.join(bench.contacts(30))
    const buckets = new Set(bench.routing.view.siblings().map(({ id }) => bucketIndexOf(bench.self.id, id)))
    const seen: number[] = []
    const times = new Set<number>()
    for (let passed = 0; passed < BUCKET_REFRESH_MS * 1.3; passed += 1_000) {
      bench.advance(1_000)
      bench.answerProbes()
      const { others } = lookups(bench)
      if (others.length > 0) times.add(passed)
      seen.push(...others.map((target) => bucketIndexOf(bench.self.id, target)))
    }
    expect(new Set(seen)).toEqual(buckets)
    expect(times.size).toBeGreaterThan(1)
  })
})

describe('help from introducers', () => {
  test('[RT-29] is asked for at once without a link, then less and less often', () => {
    const bench = new RoutingBench()
    bench.advance(500)
    expect(bench.take('need-contacts')).toHaveLength(1)
    bench.advance(10_000)
    expect(bench.take('need-contacts').length).toBeGreaterThanOrEqual(2)
    bench.advance(10 * 60_000)
    expect(bench.take('need-contacts').length).toBeLessThanOrEqual(21)
  })

  test('[RT-29] is not asked for with three links, or while somebody is being dialed', () => {
    const bench = new RoutingBench()
    bench.join()
    bench.learn([bench.contact()])
    bench.advance(5_000)
    bench.take('need-contacts')
    bench.advance(5 * 60_000)
    expect(bench.take('need-contacts')).toEqual([])
    bench.link(bench.contact())
    bench.link(bench.contact())
    bench.advance(60_000)
    expect(bench.take('need-contacts')).toEqual([])
  })

  test('[RT-29] is asked for where few are known and introducers have named nobody for 400 s: there may be others', () => {
    const bench = new RoutingBench()
    bench.join()
    for (let i = 0; i < 4; i++) bench.link(bench.contact())
    bench.advance(300_000)
    bench.handle({ type: 'introduced', contacts: [] })
    bench.advance(399_000)
    expect(bench.take('need-contacts')).toEqual([])
    bench.advance(61_000)
    expect(bench.take('need-contacts')).toHaveLength(1)
    bench.advance(3_600_000)
    const asked = bench.take('need-contacts').length
    expect(asked).toBeGreaterThanOrEqual(7)
    expect(asked).toBeLessThanOrEqual(9)
    bench.learn(Array.from({ length: 60 }, () => bench.contact()))
    bench.advance(460_000)
    expect(bench.take('need-contacts')).toEqual([])
  })

  test('[RT-29] with one link and nobody to dial it is asked for every five minutes', () => {
    const bench = new RoutingBench()
    bench.join()
    bench.advance(30 * 60_000)
    bench.take('need-contacts')
    bench.advance(60 * 60_000)
    const asked = bench.take('need-contacts').length
    expect(asked).toBeGreaterThanOrEqual(6)
    expect(asked).toBeLessThanOrEqual(12)
  })
})
