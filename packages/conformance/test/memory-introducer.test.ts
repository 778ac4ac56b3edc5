import { makeContact } from '@hyphae/core'
import type { IntroducerEvent } from '@hyphae/runtime'
import { describe, expect, test } from 'vitest'
import { createMemoryIntroducers, introducerSuite, type MemoryIntroducers } from '../src/index.ts'

const NETWORK = 'a'.repeat(32)

describe('the suite of introducers, on the in-memory reference', () => {
  const suite = introducerSuite(async () => {
    const hub = createMemoryIntroducers()
    return { create: () => hub.introducer(), close: async () => {} }
  })

  test.each(suite.map(({ title, run }) => [title, run] as const))('%s', (_title, run) => run())
})

describe('the in-memory hub', () => {
  test('a stopped hub says down and carries nothing; a started one says up', async () => {
    const hub = createMemoryIntroducers()
    const [ada, ben] = [openPeer(hub, 1), openPeer(hub, 2)]
    hub.stop()
    ada.introducer.signal(ben.id, new Uint8Array(1))
    hub.start()
    ada.introducer.signal(ben.id, new Uint8Array(1))
    await flush()
    expect(types(ada.events)).toEqual(['up', 'down', 'undeliverable', 'up'])
    expect(types(ben.events)).toEqual(['up', 'down', 'up', 'signal'])
  })

  test('the newer of two peers with one identity wins', async () => {
    const hub = createMemoryIntroducers()
    const [older, newer] = [openPeer(hub, 1), openPeer(hub, 1)]
    await flush()
    expect(older.events.at(-1)).toMatchObject({ type: 'refused', code: 'superseded' })
    expect(types(newer.events)).toEqual(['up'])
  })

  test('asking often enough for random peers reaches everybody', async () => {
    const hub = createMemoryIntroducers()
    const ada = openPeer(hub, 1)
    const others = [2, 3, 4, 5].map((number) => openPeer(hub, number).id)
    for (let i = 0; i < 4; i++) ada.introducer.introduce(1, 0)
    await flush()
    const known = ada.events.flatMap((event) => (event.type === 'introduced' ? event.contacts : []))
    expect(new Set(known.map(({ id }) => id))).toEqual(new Set(others))
  })

  test('close contacts come closest first', async () => {
    const hub = createMemoryIntroducers()
    const ada = openPeer(hub, 1)
    const others = [2, 3, 4, 5].map((number) => openPeer(hub, number).id)
    ada.introducer.introduce(0, 2)
    await flush()
    const distance = (id: string) => BigInt(`0x${id}`) ^ BigInt(`0x${ada.id}`)
    const closest = others.toSorted((a, b) => (distance(a) < distance(b) ? -1 : 1)).slice(0, 2)
    expect(ada.events.at(-1)).toMatchObject({ contacts: closest.map((id) => ({ id })) })
  })
})

function openPeer(hub: MemoryIntroducers, number: number) {
  const contact = makeContact(new Uint8Array(32).fill(number), new Uint8Array(32), new Uint8Array(8))
  const introducer = hub.introducer()
  const events: IntroducerEvent[] = []
  const sign = () => Promise.reject(new Error('a hub asks for no proof'))
  introducer.open({ contact, networkId: NETWORK, sign }, (event) => events.push(event))
  return { id: contact.id, introducer, events }
}

function types(events: readonly IntroducerEvent[]) {
  return events.map(({ type }) => type)
}

/** Lets queued microtasks run: events of the hub are one deep. */
async function flush(): Promise<void> {
  await Promise.resolve()
}
