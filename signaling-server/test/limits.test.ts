import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { Gate } from '../src/gate.ts'
import { BURST_SECONDS, resolveOptions } from '../src/options.ts'
import { isAllowedOrigin } from '../src/origin.ts'
import { TokenBucket } from '../src/rate-limit.ts'
import { addressGroup, remoteGroup } from '../src/remote-address.ts'

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

  test('knows when it remembers nothing', () => {
    const bucket = new TokenBucket(1, 2, 0)
    bucket.take(1, 0)
    expect([bucket.isFull(999), bucket.isFull(1_000)]).toEqual([false, true])
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
