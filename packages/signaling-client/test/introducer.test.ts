import { LINKS_SAID_MAX, type ServerMessage, SIGNAL_BYTES_MAX, WANTED_MAX } from '@hyphae/core/signaling'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createWebSocketIntroducer } from '../src/index.ts'
import {
  ada,
  ben,
  FakeSocket,
  HeldClock,
  NETWORK,
  type Stage,
  settle,
  silentIdentity,
  stage,
} from './fakes.ts'

const data = Uint8Array.of(1, 2, 3)
const releaseMs = 100_000

function types({ events }: Stage) {
  return events.map(({ type }) => type)
}

/** An introducer that joined, was released and went quiet. */
async function quietStage(): Promise<Stage> {
  const quiet = stage({ lingerMs: 1_000 })
  await quiet.socket().welcome()
  quiet.socket().serve({ type: 'release', checkInMs: releaseMs })
  quiet.clock.advance(1_000)
  return quiet
}

describe('joining', () => {
  test('[SG-5] answers the challenge, and is up when welcomed', async () => {
    const joining = stage()
    joining.socket().challenge()
    await settle()
    expect(joining.socket().said).toEqual([
      {
        type: 'join',
        version: 1,
        network: NETWORK,
        contact: ada,
        signature: new Uint8Array(64),
        links: 0,
        wanted: { random: 4, close: 4 },
      },
    ])
    expect(joining.events).toEqual([])
    joining.socket().serve({ type: 'welcome', stay: true, checkInMs: 60_000, online: 1 })
    await settle()
    expect(joining.events).toEqual([{ type: 'up' }])
  })

  test('[SG-4] a server of other versions is refused for ever', async () => {
    const joining = stage()
    joining.socket().challenge(2, 3)
    await settle()
    expect(joining.events).toMatchObject([{ type: 'refused', code: 'version-mismatch' }])
    expect([joining.socket().isClosed, joining.clock.pending]).toEqual([true, []])
  })

  test('[SG-12] permanent errors are refusals, passing ones are tried again', async () => {
    const [permanent, passing] = [stage(), stage()]
    permanent.socket().serve({ type: 'error', code: 'bad-origin', message: 'No.' })
    passing.socket().serve({ type: 'error', code: 'full', message: 'Later.' })
    await settle()
    expect(permanent.events).toEqual([{ type: 'refused', code: 'bad-origin', detail: 'No.' }])
    expect(passing.events).toEqual([{ type: 'down', detail: 'Later.' }])
    permanent.introducer.retryNow()
    passing.introducer.retryNow()
    expect([permanent.sockets.length, passing.sockets.length]).toEqual([1, 2])
  })

  test('a platform that forbids the address refuses, and does not throw', async () => {
    class Forbidden extends FakeSocket {
      constructor() {
        super()
        throw new DOMException(
          'An insecure WebSocket may not be opened from a page over HTTPS.',
          'SecurityError',
        )
      }
    }
    const { events } = stage({ WebSocket: Forbidden })
    expect(events).toEqual([])
    await settle()
    expect(events).toMatchObject([{ type: 'refused', code: 'blocked' }])
  })

  test('a server that says nothing is given up and tried again', async () => {
    const { clock, sockets, events } = stage({ joinTimeoutMs: 500 })
    clock.advance(500)
    await settle()
    expect(events).toMatchObject([{ type: 'down' }])
    expect(sockets[0]?.isClosed).toBe(true)
    clock.advance(60_000)
    expect(sockets).toHaveLength(2)
  })

  test('what was closed while the signature was made says no more', async () => {
    const { introducer, socket, events } = stage()
    socket().challenge()
    introducer.close()
    await settle()
    expect([socket().said, events]).toEqual([[], []])
  })

  test('a signature that cannot be made is not the end', async () => {
    const { clock, sockets, events, introducer } = stage()
    introducer.close()
    const failing = createWebSocketIntroducer({
      url: 'ws://localhost',
      clock,
      WebSocket: socketsInto(sockets),
    })
    const sign = () => Promise.reject(new Error('the key is gone'))
    failing.open({ ...silentIdentity(), sign }, (event) => events.push(event))
    sockets.at(-1)?.challenge()
    await settle()
    expect(events).toEqual([{ type: 'down', detail: 'The join could not be made: the key is gone' }])
  })
})

describe('[SG-16] coming back', () => {
  test('waits twice as long each time, from a second to a minute, and says down once', async () => {
    const failing = stage()
    const waits: number[] = []
    for (let i = 0; i < 9; i++) {
      failing.socket().drop()
      await settle()
      waits.push(failing.clock.pending[0] as number)
      failing.clock.advance(waits.at(-1) as number)
    }
    // Jitter in the middle: three quarters of the whole.
    expect(waits).toEqual([750, 1_500, 3_000, 6_000, 12_000, 24_000, 45_000, 45_000, 45_000])
    expect(failing.events).toEqual([{ type: 'down', detail: 'The server cannot be reached.' }])
  })

  test('begins anew after a connection that lasted, not after one that did not', async () => {
    const { clock, socket } = stage({ stableMs: 10_000 })
    socket().drop()
    clock.advance(750)
    await socket().welcome()
    socket().drop()
    expect(clock.pending).toEqual([1_500])
    clock.advance(1_500)
    await socket().welcome()
    clock.advance(10_000)
    socket().drop()
    expect(clock.pending).toEqual([750])
  })

  test('jitter spreads the waits over half of their length', async () => {
    const waits = [0, 2 ** 32 - 1].map((value) => {
      const random = { u32: () => value, bytes: () => data }
      const { clock, socket } = stage({ random })
      socket().drop()
      return clock.pending[0]
    })
    expect(waits).toEqual([500, 1_000])
  })

  test('up and down alternate', async () => {
    const changing = stage()
    for (let i = 0; i < 2; i++) {
      await changing.socket().welcome()
      changing.socket().drop()
      changing.clock.advance(3_000)
      changing.socket().drop()
      changing.clock.advance(60_000)
    }
    await settle()
    expect(types(changing)).toEqual(['up', 'down', 'up', 'down'])
  })

  test('what the network refused while it was away does not count once it is back', async () => {
    const { clock, introducer, sockets, socket } = stage()
    for (let i = 0; i < 9; i++) {
      socket().drop()
      clock.advance(60_000)
    }
    socket().drop()
    introducer.retryNow()
    // The first try often comes before the network can be used.
    socket().drop()
    expect(clock.pending).toEqual([750])
    clock.advance(750)
    expect(sockets).toHaveLength(12)
  })

  test('retryNow tries at once, and only where a try is due', async () => {
    const { introducer, sockets, socket } = stage()
    introducer.retryNow()
    expect(sockets).toHaveLength(1)
    socket().drop()
    introducer.retryNow()
    introducer.retryNow()
    expect(sockets).toHaveLength(2)
  })
})

describe('[SG-14] a connection that died without a word', () => {
  test('is asked for a sign of life when silent, and replaced when it gives none', async () => {
    const { clock, socket, sockets, events } = stage({ silenceMs: 1_000, probeTimeoutMs: 100 })
    await socket().welcome()
    clock.advance(1_000)
    expect(socket().said.at(-1)).toEqual({ type: 'introduce', random: 0, close: 0 })
    socket().serve({ type: 'introduced', contacts: [] })
    clock.advance(999)
    expect(socket().said).toHaveLength(2)
    clock.advance(1)
    clock.advance(100)
    await settle()
    expect(events.at(-1)).toEqual({ type: 'down', detail: 'The server fell silent.' })
    clock.advance(1_000)
    expect(sockets).toHaveLength(2)
  })

  test('is asked at once by retryNow, and asking again does not prolong its time', async () => {
    const { clock, introducer, socket, events } = stage({ probeTimeoutMs: 100 })
    await socket().welcome()
    introducer.retryNow()
    clock.advance(60)
    introducer.retryNow()
    clock.advance(40)
    await settle()
    expect(socket().said.filter(({ type }) => type === 'introduce')).toHaveLength(1)
    expect(events.at(-1)).toMatchObject({ type: 'down' })
  })
})

describe('[SG-11] going quiet', () => {
  test('stays a while after the release, longer while signals pass, then leaves and stays up', async () => {
    const released = stage({ lingerMs: 1_000 })
    const { clock, introducer, socket } = released
    await socket().welcome()
    socket().serve({ type: 'release', checkInMs: releaseMs })
    clock.advance(999)
    socket().serve({ type: 'signal', from: ben, data })
    clock.advance(999)
    introducer.signal(ben.id, data)
    clock.advance(999)
    expect(socket().isClosed).toBe(false)
    clock.advance(1)
    await settle()
    expect(socket().isClosed).toBe(true)
    expect(types(released)).toEqual(['up', 'signal'])
  })

  test('without a release it stays, however long nothing passes after a signal', async () => {
    const { clock, socket } = stage({ lingerMs: 1_000 })
    await socket().welcome()
    socket().serve({ type: 'signal', from: ben, data })
    clock.advance(1_000)
    expect(socket().isClosed).toBe(false)
  })

  test('a stay takes the release back', async () => {
    const { clock, socket } = stage({ lingerMs: 1_000 })
    await socket().welcome()
    socket().serve({ type: 'release', checkInMs: releaseMs })
    socket().serve({ type: 'stay' })
    clock.advance(5_000)
    expect(socket().isClosed).toBe(false)
  })

  test('checks in after the time the server named, give or take a fifth', async () => {
    const { clock, sockets } = await quietStage()
    expect(clock.pending).toEqual([releaseMs])
    clock.advance(releaseMs)
    expect(sockets).toHaveLength(2)
    const soonest = stage({ lingerMs: 1, random: { u32: () => 0, bytes: () => data } })
    await soonest.socket().welcome()
    soonest.socket().serve({ type: 'release', checkInMs: releaseMs })
    soonest.clock.advance(1)
    expect(soonest.clock.pending).toEqual([releaseMs * 0.8])
  })

  test('a check-in tells the number of links and is heard of only by what it brings', async () => {
    const quiet = await quietStage()
    const { clock, introducer, socket } = quiet
    introducer.meshed(9)
    clock.advance(releaseMs)
    await socket().welcome()
    expect(socket().said[0]).toMatchObject({ type: 'join', links: 9 })
    socket().serve({ type: 'introduced', contacts: [ben] })
    await settle()
    expect(types(quiet)).toEqual(['up', 'introduced'])
  })

  test('a check-in that fails is down', async () => {
    const quiet = await quietStage()
    quiet.clock.advance(releaseMs)
    quiet.socket().drop()
    await settle()
    expect(types(quiet)).toEqual(['up', 'down'])
  })

  test('introduce after the join is sent with the welcome, for what it asks, once', async () => {
    const { clock, introducer, socket } = stage()
    socket().challenge()
    await settle()
    introducer.introduce(1, 0)
    introducer.introduce(0, 9)
    expect(socket().said).toMatchObject([{ type: 'join', wanted: { random: 4, close: 4 } }])
    const welcome = { type: 'welcome', stay: true, checkInMs: 60_000, online: 1 } as const
    socket().serve(welcome)
    expect(socket().said.slice(1)).toEqual([{ type: 'introduce', random: 1, close: 9 }])
    socket().drop()
    clock.advance(1_000)
    await socket().welcome()
    expect(socket().said).toMatchObject([{ type: 'join', wanted: { random: 4, close: 4 } }])
  })

  test('introduce connects again and asks with the join, once', async () => {
    const { clock, introducer, sockets, socket } = await quietStage()
    introducer.introduce(10, 2)
    introducer.introduce(1, 6)
    expect(sockets).toHaveLength(2)
    await socket().welcome()
    expect(socket().said).toMatchObject([{ type: 'join', wanted: { random: 10, close: 6 } }])
    socket().drop()
    clock.advance(1_000)
    await socket().welcome()
    expect(socket().said).toMatchObject([{ type: 'join', wanted: { random: 4, close: 4 } }])
  })

  test('signals connect again, wait for it, and go in order', async () => {
    const { introducer, sockets, socket } = await quietStage()
    introducer.signal(ben.id, Uint8Array.of(1))
    introducer.signal(ben.id, Uint8Array.of(2))
    expect(sockets).toHaveLength(2)
    await socket().welcome()
    expect(socket().said.slice(1)).toEqual([
      { type: 'signal', to: ben.id, data: Uint8Array.of(1) },
      { type: 'signal', to: ben.id, data: Uint8Array.of(2) },
    ])
  })

  test('signals that wait for a try which fails are undeliverable', async () => {
    const quiet = await quietStage()
    quiet.introducer.signal(ben.id, data)
    quiet.socket().drop()
    await settle()
    expect(quiet.events.slice(1)).toMatchObject([{ type: 'undeliverable', to: ben.id }, { type: 'down' }])
  })

  test('a server that closes first only makes it quiet sooner', async () => {
    const released = stage()
    await released.socket().welcome()
    released.socket().serve({ type: 'release', checkInMs: releaseMs })
    released.socket().drop(1001)
    await settle()
    expect(types(released)).toEqual(['up'])
    expect(released.clock.pending).toEqual([releaseMs])
  })
})

describe('signals', () => {
  test('while it is down they are undeliverable at once', async () => {
    const down = stage()
    down.socket().drop()
    down.introducer.signal(ben.id, data)
    await settle()
    expect(types(down)).toEqual(['down', 'undeliverable'])
  })

  test('the queue is bounded: the oldest is given up', async () => {
    const { introducer, socket, events } = stage({ queuedSignalsMax: 2 })
    for (const to of [ada.id, ben.id, ben.id]) introducer.signal(to, data)
    await settle()
    expect(events).toEqual([{ type: 'undeliverable', to: ada.id }])
    await socket().welcome()
    expect(socket().said.filter(({ type }) => type === 'signal')).toHaveLength(2)
  })

  test('a caller who hands over too much or nothing learns it', () => {
    const { introducer } = stage()
    expect(() => introducer.signal(ben.id, new Uint8Array(SIGNAL_BYTES_MAX + 1))).toThrow(
      'a signal has 1 to 12288 bytes; got 12289',
    )
    expect(() => introducer.signal(ben.id, new Uint8Array(0))).toThrow(RangeError)
  })
})

describe('telling', () => {
  test('changes of the number of links are told together, and only if it changed', async () => {
    const { clock, introducer, socket } = stage()
    await socket().welcome()
    for (const links of [1, 2, 3]) introducer.meshed(links)
    clock.advance(500)
    introducer.meshed(3)
    clock.advance(500)
    expect(socket().said.slice(1)).toEqual([{ type: 'meshed', links: 3 }])
    introducer.meshed(1e9)
    clock.advance(500)
    expect(socket().said.at(-1)).toEqual({ type: 'meshed', links: LINKS_SAID_MAX })
  })

  test('[SG-11] links that came while the server took its time to welcome us are told then', async () => {
    const { clock, introducer, socket } = stage()
    socket().challenge()
    await settle()
    introducer.meshed(3)
    clock.advance(500)
    introducer.meshed(4)
    socket().serve({ type: 'welcome', stay: false, checkInMs: 60_000, online: 1 })
    clock.advance(500)
    expect(socket().said.slice(1)).toEqual([{ type: 'meshed', links: 4 }])
  })

  test('more contacts than a message may ask for are not asked for', async () => {
    const { introducer, socket } = stage()
    await socket().welcome()
    introducer.introduce(1_000, 1_000)
    expect(socket().said.at(-1)).toEqual({ type: 'introduce', random: WANTED_MAX, close: WANTED_MAX })
  })
})

describe('closing', () => {
  test('leaves no timer, no socket, and no event behind', async () => {
    const closed = stage()
    await closed.socket().welcome()
    closed.introducer.meshed(2)
    closed.introducer.signal(ben.id, data)
    closed.socket().serve({ type: 'undeliverable', to: ben.id })
    closed.introducer.close()
    closed.introducer.close()
    closed.introducer.meshed(3)
    closed.introducer.introduce(1, 1)
    closed.introducer.signal(ben.id, data)
    closed.introducer.retryNow()
    await settle()
    expect(types(closed)).toEqual(['up'])
    expect([closed.socket().isClosed, closed.clock.pending, closed.sockets.length]).toEqual([true, [], 1])
  })
})

describe('[SG-2] whatever a server sends, nothing throws', () => {
  const anything = fc.oneof(fc.string(), fc.json(), fc.uint8Array(), fc.constant(undefined))
  const message = fc.constantFrom<ServerMessage>(
    { type: 'challenge', versions: { min: 1, max: 1 }, nonce: new Uint8Array(32) },
    { type: 'welcome', stay: false, checkInMs: 1_000, online: 0 },
    { type: 'introduced', contacts: [ben, ben, ada] },
    { type: 'signal', from: ada, data },
    { type: 'undeliverable', to: ben.id },
    { type: 'release', checkInMs: 1_000 },
    { type: 'stay' },
    { type: 'error', code: 'flood', message: '' },
  )

  test('rubbish ends the connection and costs a wait', async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (rubbish) => {
        const received = stage()
        received.socket().deliver(rubbish)
        await settle()
        expect(received.events).toEqual([{ type: 'down', detail: 'The server sent something malformed.' }])
        expect(received.socket().isClosed).toBe(true)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  test('messages in any order keep it usable and bounded', async () => {
    let joined = 0
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 12 }), async (messages) => {
        const received = stage()
        for (const each of messages) {
          received.socket().serve(each)
          await settle()
        }
        if (types(received).includes('up')) joined++
        expect(received.clock.pending.length).toBeLessThanOrEqual(2)
        received.introducer.close()
        expect(received.clock.pending).toEqual([])
      }),
      { seed: 1, numRuns: 1_000 },
    )
    expect(joined).toBeGreaterThan(5)
  })
})

describe('options', () => {
  const clock = new HeldClock()
  const given = { clock, WebSocket: FakeSocket }

  test('the address is checked, and completed where it has no path', () => {
    const idOf = (url: string) => createWebSocketIntroducer({ ...given, url }).id
    expect(idOf('wss://example.org')).toBe('wss://example.org/signal')
    expect(idOf('ws://example.org:8080/hyphae')).toBe('ws://example.org:8080/hyphae')
    expect(() => idOf('https://example.org')).toThrow('url begins with ws: or wss:; got https://example.org')
    expect(() => idOf('example')).toThrow(TypeError)
  })

  test('numbers are checked', () => {
    const url = 'ws://example.org'
    expect(() => createWebSocketIntroducer({ ...given, url, lingerMs: 0 })).toThrow(
      'lingerMs is a positive integer; got 0',
    )
  })

  test('an introducer is opened once', () => {
    const { introducer } = stage()
    expect(() => introducer.open(silentIdentity(), () => {})).toThrow('an introducer is opened once')
  })
})

function socketsInto(sockets: FakeSocket[]) {
  return class extends FakeSocket {
    constructor() {
      super()
      sockets.push(this)
    }
  }
}
