import { describe, expect, test } from 'vitest'
import { recordKey } from '../../src/dht/record.ts'
import { type Contact, isAcceptable } from '../../src/identity/contact.ts'
import { found, immutable, operationNumber, type Route, replica, StoreBench } from './store-bench.ts'
import { contactNumber } from './store-network.ts'

const author = contactNumber(7)
const fixed = immutable('hello')

/** Holds the record. */
function holder(peers: number): StoreBench {
  const at = new StoreBench({ peers, replicas: 20 })
  at.deliver(replica(fixed))
  at.take()
  return at
}

describe('holders', () => {
  const key = recordKey(fixed)

  test('[RC-21] the closest are named by the closest, then asked one by one, five at once', () => {
    const at = new StoreBench({ peers: 0, replicas: 7 })
    at.known = [contactNumber(1)]
    const op = at.call({ type: 'holders', key })
    const named = Array.from({ length: 12 }, (_, index) => contactNumber(100 + index))
    const first = at.last('route')
    expect(first).toMatchObject({
      mode: 'closest',
      target: key,
      inner: { type: 'FIND', target: key, what: 0, count: 7 },
    })
    at.reply(first, found(first, named[0] as Contact, { contacts: named.slice(1), holds: true }))
    const asked = at.routed('FIND').filter(({ mode }) => mode === 'exact')
    expect(asked).toHaveLength(5)
    let answered = 0
    for (
      let next = asked[0];
      next !== undefined;
      next = at.routed('FIND').filter(({ mode }) => mode === 'exact')[answered]
    ) {
      const peer = named.find(({ id }) => (id as string) === next.target)
      if (answered === 1 || peer === undefined) at.ended(next)
      else at.reply(next, found(next, peer, { holds: true }))
      answered++
    }
    const { peers } = at.last('done').value as { peers: { peer: string; holds: boolean }[] }
    const everybody = [at.self, ...at.known, ...named]
    at.known = everybody
    expect(peers.map(({ peer }) => peer)).toEqual(at.closest(key, 7).map(({ id }) => id))
    expect(at.last('done').op).toBe(op)
    expect(peers.filter(({ holds }) => holds).length).toBeGreaterThan(3)
    expect(peers.filter(({ holds }) => !holds).length).toBeGreaterThan(0)
  })

  test('[RC-21] an answer that its responder did not sign says nothing', () => {
    const at = new StoreBench({ peers: 1, replicas: 2 })
    at.call({ type: 'holders', key })
    const first = at.last('route')
    at.reply(
      first,
      found({ ...first, operation: operationNumber(5) }, contactNumber(50), {
        contacts: [contactNumber(51)],
        holds: true,
      }),
    )
    at.ended(first)
    const [ask] = at.routed('FIND').filter(({ mode }) => mode === 'exact')
    expect(ask?.target).toBe(contactNumber(0).id)
    at.reply(ask as Route, found(ask as Route, contactNumber(50), { holds: true }))
    const { peers } = at.last('done').value as { peers: { peer: string; holds: boolean }[] }
    expect(peers.map(({ holds }) => holds)).toEqual([false, false])
  })

  test('[RC-21] the end of the route does not overtake the check of the answer', () => {
    const at = new StoreBench({ peers: 1, replicas: 4 })
    at.call({ type: 'holders', key })
    const first = at.last('route')
    at.holdJobs = true
    at.reply(first, found(first, contactNumber(50), { contacts: [contactNumber(51)], holds: true }))
    at.ended(first)
    expect(at.routed('FIND')).toHaveLength(1)
    at.finish(at.held[0] as never)
    const asked = at.routed('FIND').slice(1)
    expect(asked.map(({ target }) => target)).toContain(contactNumber(51).id)
  })

  test('[RC-21] after ten seconds, who has not answered holds nothing', () => {
    const at = holder(10)
    const op = at.call({ type: 'holders', key })
    at.ended(at.last('route'))
    const [asked] = at.routed('FIND').slice(1) as [Route]
    at.advance(9_999)
    expect(at.all('done')).toEqual([])
    at.advance(1)
    const { peers } = at.last('done').value as { peers: { peer: string; holds: boolean }[] }
    expect(peers).toHaveLength(11)
    expect(peers.filter(({ holds }) => holds).map(({ peer }) => peer)).toEqual([at.self.id])
    expect(at.last('done').op).toBe(op)
    at.take()
    at.reply(asked, found(asked, author, { holds: true }))
    expect(at.take().map(({ type }) => type)).toEqual(['stop-route', 'verify'])
  })

  test('[ID-2] [RC-21] a key that is none fails at once, and who has not done the work is not asked', () => {
    const at = new StoreBench({ peers: 0, replicas: 20, workBits: 1 })
    at.call({ type: 'holders', key: 'f'.repeat(63) as never })
    expect(at.last('failed').code).toBe('RECORD_REJECTED')
    const all = Array.from({ length: 20 }, (_, index) => contactNumber(100 + index))
    const [worked, lazy] = [true, false].map((good) =>
      all.filter((contact) => isAcceptable(contact, 1) === good),
    ) as [Contact[], Contact[]]
    at.call({ type: 'holders', key })
    const first = at.last('route')
    at.reply(first, found(first, worked[0] as Contact, { contacts: [...lazy, worked[1] as Contact] }))
    const asked = at.routed('FIND').filter(({ mode }) => mode === 'exact')
    expect(asked.map(({ target }) => target)).toEqual([worked[1]?.id])
  })

  test('[RC-21] ourselves included, even alone', () => {
    const at = holder(0)
    at.call({ type: 'holders', key })
    at.ended(at.last('route'), 'no-links')
    expect(at.last('done').value).toEqual({ key, peers: [{ peer: at.self.id, holds: true }] })
  })
})
