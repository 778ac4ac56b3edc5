/** Hops that are late, that leave, and that say more than they should. */
import { describe, expect, test } from 'vitest'
import { HOPS_MAX, OPERATIONS_MAX, ROUTE_STATE_MS, ROUTE_SWEEP_MS } from '../../src/limits.ts'
import { ANSWER, id, only, operationOf, RouterBench, routeOf, sends } from './router-bench.ts'

const OURS = { operation: operationOf(1), path: 0 }
const THEIRS = { operation: operationOf(2), path: 0 }

describe('a hop that is late', () => {
  test.each([
    [
      'sends the message back as one that others look after',
      (at: RouterBench) => at.nack('f0', { hopsLeft: 0 }),
    ],
    ['is gone', (at: RouterBench) => at.unlink('f0')],
  ])('[RO-14] and %s takes nothing from us that has ended here meanwhile', (_what, happens) => {
    const at = new RouterBench(['10', 'f0'])
    at.route('10', 'closest', 'ff')
    expect(only(at.advance(500), 'deliver')).toHaveLength(1)
    const effects = happens(at)
    expect([sends(effects), only(effects, 'deliver')]).toEqual([[], []])
    expect(sends(at.input({ type: 'answer', route: THEIRS, inner: ANSWER, last: true }))).toEqual([
      'ROUTE_REPLY 10',
    ])
  })

  test('[RO-11] [RO-12] still answers after we have sent the message back, in any mode, and we send it back once', () => {
    const at = new RouterBench(['10', 'f0', 'e0'])
    at.route('10', 'any', 'ff')
    expect(sends(at.advance(500))).toEqual(['ROUTE e0', 'ROUTE_NACK 10'])
    expect(sends(at.nack('e0', { hopsLeft: 0 }))).toEqual([])
    expect(sends(at.reply('f0'))).toEqual(['ROUTE_REPLY 10'])
  })
})

describe('a hop that is no friend', () => {
  test('[RO-12] cannot send back twice, and so take the hops of whoever has the message now', () => {
    const at = new RouterBench(['10', 'f0', 'e0', 'd0'])
    at.route('10', 'closest', 'ff')
    expect(routeOf(at.nack('f0', { hopsLeft: 9 })).to).toBe('e0')
    expect(at.nack('f0', { hopsLeft: 0 })).toEqual([])
    expect(routeOf(at.nack('e0', { hopsLeft: 7 }))).toMatchObject({ to: 'd0', ttl: 6 })
  })

  test('[RO-4] cannot have us name more of the visited than a frame may have', () => {
    const visited = Array.from({ length: HOPS_MAX }, (_, index) => (0xaa00_0000 + index).toString(16))
    const at = new RouterBench(['10', 'f0'])
    expect(routeOf(at.route('10', 'closest', 'ff', { visited })).visited).toEqual(visited)
  })

  test('[RO-3] [RO-9] cannot have us follow a told way without a hop left', () => {
    const at = new RouterBench(['10', 'f0'])
    expect(sends(at.route('10', 'exact', 'ff', { ttl: 0, via: [id('f0')] }))).toEqual([
      'ROUTE_ACK 10',
      'ROUTE_NACK 10',
    ])
  })
})

describe('what stays', () => {
  test('[RO-19] nothing of a link that has gone', () => {
    const at = new RouterBench(['10', 'f0', 'e0'])
    at.route('10', 'closest', 'ff')
    at.ack('f0')
    at.route('10', 'closest', 'ff', { operation: operationOf(3) })
    at.advance(500)
    expect(at.router.tables().hopTimes).toBeGreaterThan(0)
    for (const link of ['f0', 'e0']) at.unlink(link)
    expect(at.router.tables().hopTimes).toBe(0)
  })

  test('[RO-20] no bytes and no places of ways that are over, however they ended', () => {
    const at = new RouterBench(['10', 'f0'])
    at.start('closest', 'ff')
    at.reply('f0', OURS)
    expect(at.router.tables()).toMatchObject({ operations: 0, routes: 0, routeBytes: 0 })
    for (let i = 10; i < 20; i++) at.route('10', 'exact', 'ff', { operation: operationOf(i), path: 0 })
    for (let i = 10; i < 15; i++) at.nack('f0', { operation: operationOf(i) })
    expect(at.router.tables()).toMatchObject({ routes: 10, routeLinks: 1 })
    at.advance(ROUTE_STATE_MS + ROUTE_SWEEP_MS)
    expect(at.router.tables()).toMatchObject({ routes: 0, routeBytes: 0, routeLinks: 0 })
  })

  test('[RO-20] beyond 4,096 operations of our own the next ends at once', () => {
    const at = new RouterBench(['f0'])
    const begin = (number: number) => at.start('closest', 'ff', { operation: operationOf(number) })
    for (let i = 1; i <= OPERATIONS_MAX; i++) expect(sends(begin(i))).toEqual(['ROUTE f0'])
    expect(begin(OPERATIONS_MAX + 1)).toMatchObject([{ type: 'ended', reason: 'exhausted' }])
    at.input({ type: 'stop', operation: operationOf(1) })
    expect(sends(begin(OPERATIONS_MAX + 1))).toEqual(['ROUTE f0'])
  })
})

test('[RO-2] a way that is here and not sent back leaves nothing to look for, one that was sent back leaves its hops', () => {
  const hopsLeft = (at: RouterBench, from: string) => {
    const [nack] = only(at.route(from, 'exact', '0f', { ttl: 7, visited: ['0e000000'] }), 'send')
    return nack?.message.type === 'ROUTE_NACK' ? nack.message.hopsLeft : null
  }
  const at = new RouterBench(['10', '20', '0e'])
  at.route('10', 'exact', '0f', { visited: ['20000000'] })
  expect(hopsLeft(at, '20')).toBe(0)
  at.nack('0e', { hopsLeft: 5 })
  expect(hopsLeft(at, '20')).toBe(7)
})
