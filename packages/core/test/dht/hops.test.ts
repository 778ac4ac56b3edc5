/** Hops that are late, that leave, and that say more than they should. */
import { describe, expect, test } from 'vitest'
import { ANSWER, only, operationOf, RouterBench, sends } from './router-bench.ts'

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
