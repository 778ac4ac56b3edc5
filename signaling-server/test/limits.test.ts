import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Gate } from '../src/gate.ts'
import { BURST_SECONDS, resolveOptions } from '../src/options.ts'
import { isAllowedOrigin } from '../src/origin.ts'
import { TokenBucket } from '../src/rate-limit.ts'
import { addressGroup, remoteGroup } from '../src/remote-address.ts'
import { Sockets } from '../src/sockets.ts'
import { Turns, type Waiter } from '../src/turns.ts'

describe('[SG-13] a token bucket', () => {
  test('lets a burst through, then the rate', () => {
    const bucket = new TokenBucket(2, 4, 0)
    expect([1, 2, 3, 4, 5].map(() => bucket.take(1, 0))).toEqual([true, true, true, true, false])
    expect([bucket.take(1, 499), bucket.take(1, 500), bucket.take(1, 500)]).toEqual([false, true, false])
  })

  test('holds no more than its burst, however long nobody came', () => {
    const bucket = new TokenBucket(2, 4, 0)
    expect([bucket.take(5, 1e9), bucket.take(4, 1e9), bucket.take(1, 1e9)]).toEqual([false, true, false])
  })

  test('takes all or nothing', () => {
    const bucket = new TokenBucket(1, 3, 0)
    expect([bucket.take(2, 0), bucket.take(2, 0), bucket.take(1, 0)]).toEqual([true, false, true])
  })

  test('lets be owed what cannot be refused, and says when it will do', () => {
    const bucket = new TokenBucket(2, 4, 0)
    bucket.owe(6, 0)
    expect([bucket.msUntil(1, 0), bucket.take(1, 1_499), bucket.take(1, 1_500)]).toEqual([1_500, false, true])
  })

  test('makes up for a time in which nobody was heard, whatever its burst', () => {
    const bucket = new TokenBucket(2, 4, 0)
    bucket.makeUp(3_000)
    expect([bucket.take(9, 3_000), bucket.take(1, 3_000)]).toEqual([true, true])
    bucket.take(4, 1e9)
    expect(bucket.take(1, 1e9)).toBe(false)
  })

  test('knows when it remembers nothing', () => {
    const bucket = new TokenBucket(1, 2, 0)
    bucket.take(1, 0)
    expect([bucket.isFull(999), bucket.isFull(1_000)]).toEqual([false, true])
  })
})

describe('[SG-13] the turns of one address', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => void vi.useRealTimers())

  /** Says its messages, and who said what in which order. */
  function speaker(name: string, messages: number, said: string[]): Waiter {
    let left = messages
    const turn = () => {
      said.push(name)
      return --left > 0
    }
    return { cost: 1, turn }
  }

  test('each that waits is heard once before another is heard twice, at the rate of the address', () => {
    const turns = new Turns(new TokenBucket(2, 1, performance.now()))
    expect(turns.take(1, performance.now())).toBe(true)
    const said: string[] = []
    for (const name of ['a', 'b', 'c']) turns.wait(speaker(name, name === 'a' ? 9 : 1, said))
    vi.advanceTimersByTime(499)
    expect(said).toEqual([])
    for (let seconds = 0; seconds < 2; seconds++) vi.advanceTimersByTime(1_000)
    expect(said).toEqual(['a', 'b', 'c', 'a'])
  })

  test('whoever comes while others wait waits too, and there is no timer where nobody does', () => {
    const turns = new Turns(new TokenBucket(1, 1, performance.now()))
    turns.take(1, performance.now())
    const said: string[] = []
    const first = speaker('a', 1, said)
    turns.wait(first)
    turns.wait(first)
    expect([turns.take(1, performance.now() + 5_000), vi.getTimerCount()]).toEqual([false, 1])
    turns.leave(first)
    expect([vi.getTimerCount(), turns.take(1, performance.now() + 5_000)]).toEqual([0, true])
  })

  test('one whose turn ends others takes nobody their place', () => {
    const turns = new Turns(new TokenBucket(4, 4, performance.now()))
    turns.take(4, performance.now())
    const said: string[] = []
    const second = speaker('second', 1, said)
    const turn = () => {
      turns.leave(second)
      return false
    }
    turns.wait({ cost: 1, turn })
    turns.wait(second)
    turns.wait(speaker('third', 1, said))
    vi.advanceTimersByTime(1_000)
    expect([said, vi.getTimerCount()]).toEqual([['third'], 0])
  })
})

describe('[SG-13] the gate', () => {
  test('bounds connections of one address and altogether, and frees their places', () => {
    const gate = new Gate(resolveOptions({ connectionsMax: 3, connectionsPerAddressMax: 2 }))
    const first = gate.admit('a', 0)
    expect([gate.admit('a', 0), gate.admit('a', 0)]).toEqual([first, null])
    expect([gate.admit('b', 0) !== null, gate.admit('c', 0)]).toEqual([true, null])
    if (first) gate.leave(first)
    expect([gate.connections, gate.admit('c', 0) !== null]).toEqual([2, true])
  })

  test('bounds how fast one address comes, and no other for it', () => {
    const gate = new Gate(resolveOptions({ connectionsPerSecondPerAddress: 1 }))
    for (let i = 0; i < BURST_SECONDS; i++) expect(gate.admit('a', 0)).not.toBeNull()
    expect(gate.admit('a', 0)).toBeNull()
    expect(gate.admit('b', 0)).not.toBeNull()
    expect(gate.admit('a', 1_000)).not.toBeNull()
  })

  test('forgets an address only when that gives it no advantage', () => {
    const gate = new Gate(resolveOptions({ connectionsPerSecondPerAddress: 1 }))
    const visitor = gate.admit('a', 0)
    gate.sweep(10_000)
    expect(gate.admit('a', 10_000)).toBe(visitor)
    for (let i = 0; i < 2; i++) if (visitor) gate.leave(visitor)
    gate.sweep(10_000)
    expect(gate.admit('a', 10_000)).toBe(visitor)
    if (visitor) gate.leave(visitor)
    gate.sweep(20_000)
    expect(gate.admit('a', 20_000)).not.toBe(visitor)
  })
})

describe('[SG-13] sockets', () => {
  const socketOf = (remoteAddress: string) =>
    Object.assign(new EventEmitter(), { remoteAddress, destroy: vi.fn() }) as unknown as Socket

  test('are bounded for each address alone, and free their places', () => {
    const sockets = new Sockets(2)
    const [first, second, third] = [1, 2, 3].map(() => socketOf('192.0.2.7')) as [Socket, Socket, Socket]
    expect([first, second, third].map((socket) => sockets.add(socket))).toEqual([true, true, false])
    expect([sockets.has(second), sockets.has(third)]).toEqual([true, false])
    expect(sockets.add(socketOf('192.0.2.8'))).toBe(true)
    first.emit('close')
    expect([sockets.has(first), sockets.add(third)]).toEqual([false, true])
    expect(sockets.add(socketOf('::ffff:192.0.2.7'))).toBe(false)
    sockets.destroyAll()
    expect([first, second, third].map(({ destroy }) => vi.mocked(destroy).mock.calls.length)).toEqual([
      0, 1, 1,
    ])
  })
})

describe('[SG-13] addresses', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:2::', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', 'unknown'],
    ['<script>', 'unknown'],
  ])('%s counts as %s', (address, group) => {
    expect(addressGroup(address)).toBe(group)
  })

  test('X-Forwarded-For counts only if the proxy is trusted, and then the last one', () => {
    const request = {
      headers: { 'x-forwarded-for': '198.51.100.1, 198.51.100.2' },
      socket: { remoteAddress: '192.0.2.7' },
    } as unknown as IncomingMessage
    expect([remoteGroup(request, false), remoteGroup(request, true)]).toEqual(['192.0.2.7', '198.51.100.2'])
  })

  test.each([
    ['198.51.100.2:40123', '198.51.100.2'],
    ['[2001:db8:1:2::6]:40123', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::6]', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['unknown', 'unknown'],
  ])('of a proxy that writes %s it is %s: a port makes nobody share the limits of all', (written, group) => {
    const request = { headers: { 'x-forwarded-for': `192.0.2.9, ${written}` }, socket: {} }
    expect(remoteGroup(request as unknown as IncomingMessage, true)).toBe(group)
  })
})

describe('[SG-13] origins', () => {
  const allowedOrigins = ['https://app.example']
  const from = (origin?: string) =>
    ({ headers: { host: 'here.example:8080', origin } }) as unknown as IncomingMessage

  test.each([
    ['https://app.example', true],
    ['http://here.example:8080', true],
    [undefined, true],
    ['https://other.example', false],
    ['https://app.example.other.example', false],
    ['http://app.example', false],
    ['null', false],
  ])('%s is allowed: %s', (origin, isAllowed) => {
    expect(isAllowedOrigin(from(origin), { allowedOrigins })).toBe(isAllowed)
  })

  test('without a list every origin is allowed', () => {
    expect(isAllowedOrigin(from('https://other.example'), { allowedOrigins: [] })).toBe(true)
  })
})
