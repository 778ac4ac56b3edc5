import { introducerSuite } from '@hyphae/conformance'
import { type Contact, contactBytes, makeContact, type PeerId } from '@hyphae/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Clock } from '../src/ports/clock.ts'
import type { Introducer, IntroducerEvent } from '../src/ports/introducer.ts'
import { createTabsIntroducer, type TabChannel } from '../src/tabs-introducer.ts'

const NETWORK_ID = 'a'.repeat(32)

/** Time that moves when a test says so. */
class HeldClock implements Clock {
  time = 1_000_000
  readonly #wakeUps = new Map<() => void, number>()
  now = () => this.time
  wakeAt(at: number, callback: () => void): () => void {
    this.#wakeUps.set(callback, at)
    return () => this.#wakeUps.delete(callback)
  }
  advance(ms: number): void {
    this.time += ms
    for (const [callback, at] of [...this.#wakeUps]) {
      if (at <= this.time && this.#wakeUps.delete(callback)) callback()
    }
  }
}

/** A BroadcastChannel that delivers at once, and clones as the real one does. */
class Air {
  readonly #channels = new Set<TabChannel & { readonly name: string }>()
  readonly posted: unknown[] = []

  open = (name: string): TabChannel => {
    const air = this
    const channel: TabChannel & { readonly name: string } = {
      name,
      onmessage: null,
      postMessage: (message) => air.#deliver(channel, message),
      close: () => void air.#channels.delete(channel),
    }
    this.#channels.add(channel)
    return channel
  }

  #deliver(sender: { readonly name: string }, message: unknown): void {
    this.posted.push(message)
    for (const channel of [...this.#channels]) {
      if (channel !== sender && channel.name === sender.name) {
        channel.onmessage?.({ data: structuredClone(message) })
      }
    }
  }
}

class Tab {
  readonly events: IntroducerEvent[] = []
  readonly contact: Contact
  readonly introducer: Introducer

  constructor(
    number: number,
    { air, clock, networkId = NETWORK_ID }: { air: Air; clock: Clock; networkId?: string },
  ) {
    this.contact = makeContact(new Uint8Array(32).fill(number), new Uint8Array(32), new Uint8Array(8))
    this.introducer = createTabsIntroducer({ clock, openChannel: air.open })!
    const sign = () => Promise.reject(new Error('tabs need no proof'))
    this.introducer.open({ contact: this.contact, networkId, sign }, (event) => this.events.push(event))
  }

  of<T extends IntroducerEvent['type']>(type: T) {
    return this.events.filter((event) => event.type === type) as Extract<IntroducerEvent, { type: T }>[]
  }

  known(): PeerId[] {
    return this.of('introduced').flatMap(({ contacts }) => contacts.map(({ id }) => id))
  }
}

const world = () => ({ air: new Air(), clock: new HeldClock() })

describe('introducing', () => {
  test('a newcomer hears of every sibling, and siblings of nothing', () => {
    const places = world()
    const [a, b, newcomer] = [1, 2, 3].map((number) => new Tab(number, places)) as [Tab, Tab, Tab]
    newcomer.introducer.introduce(8, 8)
    expect(newcomer.known()).toEqual([a.contact.id, b.contact.id])
    expect([...a.known(), ...b.known()]).toEqual([])
  })

  test('takes no more contacts than were asked for, and none unasked', () => {
    const places = world()
    const siblings = Array.from({ length: 5 }, (_, i) => new Tab(i + 1, places))
    const newcomer = new Tab(9, places)
    newcomer.introducer.introduce(1, 2)
    expect(newcomer.known().length).toBe(3)
    const stray = places.air.open(`hyphae/tabs/${NETWORK_ID}`)
    const from = contactBytes(siblings[4]!.contact)
    stray.postMessage({ type: 'contact', to: newcomer.contact.id, from })
    expect(newcomer.known().length).toBe(3)
  })

  test('is up without siblings, and introduces nothing', async () => {
    const alone = new Tab(1, world())
    expect(alone.events).toEqual([])
    alone.introducer.introduce(8, 8)
    await Promise.resolve()
    expect(alone.events).toEqual([{ type: 'up' }])
  })

  test('networks do not hear each other', () => {
    const places = world()
    new Tab(1, { ...places, networkId: 'b'.repeat(32) })
    const newcomer = new Tab(2, places)
    newcomer.introducer.introduce(8, 8)
    expect(newcomer.known()).toEqual([])
  })
})

describe('signals', () => {
  test('reach their receiver only, with their sender', () => {
    const places = world()
    const [a, b, c] = [1, 2, 3].map((number) => new Tab(number, places)) as [Tab, Tab, Tab]
    a.introducer.signal(b.contact.id, Uint8Array.of(1, 2, 3))
    expect(b.of('signal')).toEqual([{ type: 'signal', from: a.contact, bytes: Uint8Array.of(1, 2, 3) }])
    expect(c.of('signal')).toEqual([])
  })

  test('an acknowledged one is never called undeliverable', () => {
    const places = world()
    const [a, b] = [new Tab(1, places), new Tab(2, places)]
    a.introducer.signal(b.contact.id, new Uint8Array(8))
    places.clock.advance(10_000)
    expect(a.of('undeliverable')).toEqual([])
  })

  test('one to a tab that is gone is undeliverable', () => {
    const places = world()
    const [a, gone] = [new Tab(1, places), new Tab(2, places)]
    gone.introducer.close()
    a.introducer.signal(gone.contact.id, new Uint8Array(8))
    places.clock.advance(1_000)
    expect(a.of('undeliverable')).toEqual([{ type: 'undeliverable', to: gone.contact.id }])
  })

  test('a receipt of somebody else does not count', () => {
    const places = world()
    const [a, gone, liar] = [1, 2, 3].map((number) => new Tab(number, places)) as [Tab, Tab, Tab]
    gone.introducer.close()
    a.introducer.signal(gone.contact.id, new Uint8Array(8))
    const stray = places.air.open(`hyphae/tabs/${NETWORK_ID}`)
    stray.postMessage({ type: 'received', to: a.contact.id, from: liar.contact.id, number: 0 })
    places.clock.advance(1_000)
    expect(a.of('undeliverable').length).toBe(1)
  })

  test('a view sends its own bytes, not the buffer beneath it', () => {
    const places = world()
    const [a, b] = [new Tab(1, places), new Tab(2, places)]
    a.introducer.signal(b.contact.id, new Uint8Array(60_000).subarray(100, 108))
    expect(b.of('signal')[0]!.bytes.buffer.byteLength).toBe(8)
  })
})

describe('strange messages', () => {
  const from = new Uint8Array(72)
  const to = 'TO'
  test.each([
    ['null', null],
    ['a text', 'introduce'],
    ['an unknown type', { type: 'shutdown', from }],
    ['no sender', { type: 'introduce' }],
    ['a short contact', { type: 'contact', to, from: new Uint8Array(71) }],
    ['a contact as an array', { type: 'contact', to, from: Array.from(from) }],
    ['a long signal', { type: 'signal', to, from, number: 1, bytes: new Uint8Array(12 * 1024 + 1) }],
    ['an empty signal', { type: 'signal', to, from, number: 1, bytes: new Uint8Array(0) }],
    ['a signal of text', { type: 'signal', to, from, number: 1, bytes: 'v=0' }],
    ['a signal without a number', { type: 'signal', to, from, bytes: new Uint8Array(1) }],
    ['a receipt of nobody', { type: 'received', to, from: 'nobody', number: 1 }],
  ])('%s is dropped', (_, message) => {
    const places = world()
    const tab = new Tab(1, places)
    tab.introducer.introduce(8, 8)
    const posted = places.air.posted.length
    const stray = places.air.open(`hyphae/tabs/${NETWORK_ID}`)
    const addressed = message && typeof message === 'object' && 'to' in message
    stray.postMessage(addressed ? { ...message, to: tab.contact.id } : message)
    expect(tab.events).toEqual([])
    expect(places.air.posted.length).toBe(posted + 1)
  })

  test('a flood is dropped, and the tab answers again afterwards', () => {
    const places = world()
    const [a, b] = [new Tab(1, places), new Tab(2, places)]
    const stray = places.air.open(`hyphae/tabs/${NETWORK_ID}`)
    const flood = { type: 'signal', to: a.contact.id, from: contactBytes(b.contact), number: 1 }
    for (let i = 0; i < 2_000; i++) stray.postMessage({ ...flood, bytes: new Uint8Array(1) })
    expect(a.of('signal').length).toBe(512)
    places.clock.advance(1_000)
    b.introducer.introduce(8, 8)
    expect(b.known()).toEqual([a.contact.id])
  })
})

describe('closing', () => {
  test('is idempotent, and ends every answer and event', async () => {
    const places = world()
    const [a, b] = [new Tab(1, places), new Tab(2, places)]
    a.introducer.signal('0'.repeat(64) as PeerId, new Uint8Array(1))
    a.introducer.close()
    a.introducer.close()
    a.introducer.introduce(8, 8)
    a.introducer.signal(b.contact.id, new Uint8Array(1))
    b.introducer.introduce(8, 8)
    places.clock.advance(10_000)
    await Promise.resolve()
    expect(a.events).toEqual([])
    expect(b.of('introduced')).toEqual([])
  })
})

describe('the platform’s BroadcastChannel', () => {
  afterEach(() => void vi.unstubAllGlobals())

  const suite = introducerSuite(async () => ({
    create: () => createTabsIntroducer()!,
    close: async () => {},
  }))

  test.each(suite)('$title', ({ run }) => run())

  test('is what makes the introducer possible', () => {
    vi.stubGlobal('BroadcastChannel', undefined)
    expect(createTabsIntroducer()).toBeNull()
  })

  test('that Firefox denies to a page without storage makes no introducer, and no start fails for it', () => {
    vi.stubGlobal('BroadcastChannel', function denied() {
      throw new DOMException('The operation is insecure.', 'SecurityError')
    })
    expect(createTabsIntroducer()).toBeNull()
  })
})
