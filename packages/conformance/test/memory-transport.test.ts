import type { AttemptId } from '@hyphae/core'
import type { Transport, TransportEvent } from '@hyphae/runtime'
import { describe, expect, it } from 'vitest'
import { createMemoryNetwork, ManualClock, type TransportPlace, transportSuite } from '../src/index.ts'

async function memoryPlace(): Promise<TransportPlace> {
  const network = createMemoryNetwork({ connectMsMax: 400 })
  const far: Transport[] = []
  let created = 0
  const create = () => network.createTransport(`transport ${++created}`)
  return {
    near: async () => create(),
    async far() {
      const transport = create()
      far.push(transport)
      return transport
    },
    async crashFar() {
      for (const transport of far) network.kill(transport)
    },
    close: async () => undefined,
  }
}

describe('the in-memory transport conforms', () => {
  for (const { title, run } of transportSuite(memoryPlace, { canCrash: true })) it(title, run)
})

describe('an in-memory network', () => {
  it('delivers after its delays, in the time of its clock', async () => {
    const { clock, a, b, heard } = await openPair((from, _, bytes) => (from === 'a' ? 30 : 10) + bytes / 100)
    a.send(1, 'control', new Uint8Array(1_000))
    b.send(1, 'control', new Uint8Array(500))
    const arrivals: string[] = []
    for (let ms = 1; ms <= 50; ms++) {
      clock.advance(1)
      await settle()
      for (const name of heard('received')) arrivals.push(`${name} ${ms}`)
    }
    expect(arrivals).toEqual(['a 15', 'b 40'])
  })

  it('cuts links for both ends, and those of nobody else', async () => {
    const network = createMemoryNetwork()
    const names = ['a', 'b', 'c']
    const [a, b, c] = names.map((name) => network.createTransport(name))
    if (!a || !b || !c) throw new Error('there are three')
    await openLink(a, b)
    await openLink(a, c)
    const closed: string[] = []
    for (const [index, transport] of [a, b, c].entries())
      transport.onEvent(({ type }) => type === 'closed' && closed.push(names[index] ?? ''))
    network.sever(b, a)
    await settle()
    expect(closed.sort()).toEqual(['a', 'b'])
    expect(a.stats().open).toBe(1)
  })

  it('hears nothing of a transport that is gone, though its owner closes what it takes for links', async () => {
    const { network, a, b, heard } = await openPair(() => 0)
    network.kill(a)
    a.close(1, 'silent', true)
    a.destroy()
    await settle()
    expect(heard('closed')).toEqual([])
    expect(b.stats().open).toBe(1)
  })

  it('shows a forged fingerprint in the binding', async () => {
    const network = createMemoryNetwork()
    const [a, b] = [network.createTransport('a'), network.createTransport('b')]
    const forge = (bytes: Uint8Array) =>
      new TextEncoder().encode(new TextDecoder().decode(bytes).replace(/[0-9a-f]{64}/, 'ee'.repeat(32)))
    const [atA, atB] = await openLink(a, b, forge)
    expect(atB?.binding.remote).toEqual(new Uint8Array(32).fill(0xee))
    expect(atB?.binding.remote).not.toEqual(atA?.binding.local)
  })

  it('looks after all links of a transport at once, and hears which of them is silent', async () => {
    const clock = new ManualClock()
    const network = createMemoryNetwork({ clock })
    const hub = network.createTransport('hub')
    const others = Array.from({ length: 10 }, (_, index) => network.createTransport(`${index}`))
    for (const [index, other] of others.entries()) {
      await openLink(hub, other)
      hub.watch(index + 1, 1_000, 3_000)
      other.watch(1, 1_000, 3_000)
      // So that no two would be due at the same time.
      clock.advance(7)
      await settle()
    }
    const silent: number[] = []
    hub.onEvent((event) => event.type === 'silent' && silent.push(event.link))
    network.kill(others[3] as Transport)
    const transportsLeft = 1 + others.length - 1
    expect(clock.pending).toBe(transportsLeft)
    for (let ms = 0; ms < 10_000; ms += 50) {
      clock.advance(50)
      await settle()
    }
    expect(silent).toEqual([4])
    expect(clock.pending).toBe(transportsLeft)
  })
})

type Opened = Extract<TransportEvent, { type: 'opened' }>

/** `heard` gives the names of those who heard such an event since it was asked last. */
async function openPair(delayMs: (from: string, to: string, bytes: number) => number) {
  const clock = new ManualClock()
  const network = createMemoryNetwork({ clock, delayMs })
  const [a, b] = [network.createTransport('a'), network.createTransport('b')]
  const opening = openLink(a, b)
  const news: { name: string; event: TransportEvent }[] = []
  for (let i = 0; i < 10; i++) {
    clock.advance(50)
    await settle()
  }
  await opening
  a.onEvent((event) => news.push({ name: 'a', event }))
  b.onEvent((event) => news.push({ name: 'b', event }))
  const heard = (type: TransportEvent['type']) =>
    news.splice(0).flatMap(({ name, event }) => (event.type === type ? [name] : []))
  return { clock, network, a, b, heard }
}

let attempts = 0

/** `onOffer` may change the offer on its way. */
function openLink(a: Transport, b: Transport, onOffer = (bytes: Uint8Array) => bytes): Promise<Opened[]> {
  const attempt = String(++attempts).padStart(16, '0') as AttemptId
  return new Promise((resolve) => {
    const opened: Opened[] = []
    const listen = (event: TransportEvent, carry: (bytes: Uint8Array) => void, place: number) => {
      if (event.type === 'local-signal') carry(event.bytes)
      if (event.type === 'opened') opened[place] = event
      if (opened[0] && opened[1]) resolve(opened)
    }
    a.onEvent((event) => listen(event, (bytes) => b.accept(attempt, onOffer(bytes), TRICKLE), 0))
    b.onEvent((event) => listen(event, (bytes) => a.applySignal(attempt, bytes), 1))
    a.dial(attempt, TRICKLE)
  })
}

const TRICKLE = { gatherFirst: false }

/** Lets deliveries by microtask happen. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}
