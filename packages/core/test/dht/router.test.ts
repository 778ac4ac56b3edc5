import { describe, expect, test } from 'vitest'
import type { RouteMode } from '../../src/dht/router.ts'
import {
  HOP_SUSPECT_MS,
  HOP_TARGET_MS,
  HOPS_MAX,
  REPLICAS,
  REPLIES_PER_ROUTE_MAX,
  ROUTE_BYTES_MAX,
  ROUTE_BYTES_PER_LINK_MAX,
  ROUTE_STATE_MS,
  ROUTE_SWEEP_MS,
  ROUTES_MAX,
  ROUTES_PER_LINK_MAX,
  SIGNAL_STATE_MS,
} from '../../src/limits.ts'
import { encodeInner } from '../../src/wire/codec.ts'
import {
  ANSWER,
  id,
  OTHER_ANSWER,
  only,
  operationOf,
  QUESTION,
  RouterBench,
  routeOf,
  SELF,
  SOME,
  sends,
} from './router-bench.ts'

const OURS = { operation: operationOf(1), path: 0 }
const THEIRS = { operation: operationOf(2), path: 0 }

describe('a hop', () => {
  test('[RO-2] [RO-3] [RO-4] acknowledges at once and hands on with one hop less and itself among the visited', () => {
    const at = new RouterBench(['10', 'f0', 'e0'])
    expect(at.route('10', 'closest', 'ff', { visited: ['aaaaaaaa'] })).toEqual([
      { type: 'send', to: id('10'), message: { type: 'ROUTE_ACK', ...THEIRS } },
      {
        type: 'send',
        to: id('f0'),
        ttl: 19,
        message: {
          type: 'ROUTE',
          ...THEIRS,
          mode: 0,
          target: id('ff'),
          visited: ['aaaaaaaa', '00000000'],
          via: [],
          inner: encodeInner(QUESTION),
        },
      },
    ])
  })

  test('[RO-2] refuses a way that is over: with its hops where the search failed, with none where it was answered', () => {
    const at = new RouterBench(['10', '20', 'f0'])
    const again = { ttl: 7, visited: ['bbbbbbbb'] }
    const refused = (operation: number, hopsLeft: number) => [
      {
        type: 'send',
        to: id('20'),
        message: {
          type: 'ROUTE_NACK',
          operation: operationOf(operation),
          path: 0,
          hopsLeft,
          visited: ['bbbbbbbb'],
        },
      },
    ]
    at.route('10', 'closest', 'ff')
    at.reply('f0')
    expect(at.route('20', 'closest', 'ff', again)).toEqual(refused(2, 0))
    at.route('10', 'exact', '01', { operation: operationOf(3), visited: ['20000000', 'f0000000'] })
    expect(at.route('20', 'exact', '01', { ...again, operation: operationOf(3) })).toEqual(refused(3, 7))
    expect(at.router.tables()).toMatchObject({
      routes: 1,
      routeBytes: 0,
      finishedRoutes: 1,
      answeredRoutes: 1,
    })
    expect(sends(at.route('10', 'closest', 'ff', { path: 1 }))).toEqual(['ROUTE_ACK 10', 'ROUTE f0'])
  })

  test('[RO-21] a second branch joins the message that is under way, and both get what comes of it', () => {
    const at = new RouterBench(['10', '20', '30', '0e', '0c'])
    at.route('10', 'closest', '0f')
    expect(at.route('20', 'closest', '0f')).toEqual([
      { type: 'send', to: id('20'), message: { type: 'ROUTE_ACK', ...THEIRS } },
    ])
    expect(sends(at.reply('0e', { last: false }))).toEqual(['ROUTE_REPLY 10', 'ROUTE_REPLY 20'])
    expect(at.unlink('10')).toEqual([])
    expect(at.router.tables()).toMatchObject({ routes: 1, routeLinks: 1 })
    expect(sends(at.reply('0e', { last: false }))).toEqual(['ROUTE_REPLY 20'])
    expect(routeOf(at.nack('0e'))).toMatchObject({ to: '0c', visited: ['00000000', '20000000', '0e000000'] })
    at.route('30', 'closest', '0f')
    expect(at.router.stats().failed).toBe(0)
    expect(sends(at.nack('0c', { hopsLeft: 0 }))).toEqual(['ROUTE_NACK 20', 'ROUTE_NACK 30'])
    at.route('10', 'exact', '0f', { operation: operationOf(3) })
    at.route('20', 'exact', '0f', { operation: operationOf(3) })
    const nack = { operation: operationOf(3), hopsLeft: 0 }
    expect(sends(at.nack('0e', nack))).toEqual(['ROUTE_NACK 10', 'ROUTE_NACK 20'])
  })

  test('[RO-21] whoever joins a way that was sent back hears that the last hop that had it sent it back as well', () => {
    for (const failed of [(at: RouterBench) => at.nack('0e'), (at: RouterBench) => at.unlink('0e')]) {
      const at = new RouterBench(['10', '20', '0e'])
      at.route('10', 'exact', '0f', { visited: ['20000000'] })
      expect(sends(at.advance(500))).toEqual(['ROUTE_NACK 10'])
      at.ack('0e')
      expect(sends(at.route('20', 'exact', '0f'))).toEqual(['ROUTE_ACK 20'])
      expect(sends(failed(at))).toEqual(['ROUTE_NACK 20'])
      expect(sends(at.route('20', 'exact', '0f'))).toEqual(['ROUTE_NACK 20'])
    }
  })

  test('[RO-21] a message that is here is not delivered again, and its answer goes back on both ways', () => {
    const at = new RouterBench(['10', '20'])
    at.route('10', 'exact', '00')
    expect(sends(at.route('20', 'exact', '00'))).toEqual(['ROUTE_ACK 20'])
    expect(sends(at.input({ type: 'answer', route: THEIRS, inner: ANSWER, last: true }))).toEqual([
      'ROUTE_REPLY 10',
      'ROUTE_REPLY 20',
    ])
  })

  test('[RO-21] nothing joins from a peer that is closer, one that has joined, from where we sent it, or as the fifth', () => {
    const at = new RouterBench(['10', '20', '30', '40', '50', '01', '0e'])
    const join = (from: string, visited: string[] = []) => sends(at.route(from, 'exact', '0f', { visited }))
    expect(join('10')).toEqual(['ROUTE_ACK 10', 'ROUTE 0e'])
    expect(join('01')).toEqual(['ROUTE_NACK 01'])
    expect(join('10')).toEqual(['ROUTE_NACK 10'])
    expect(join('20', ['0e000000'])).toEqual(['ROUTE_NACK 20'])
    expect(join('20', ['00000000'])).toEqual(['ROUTE_NACK 20'])
    expect(['20', '20', '30', '40', '50'].flatMap((from) => join(from))).toEqual([
      'ROUTE_ACK 20',
      'ROUTE_NACK 20',
      'ROUTE_ACK 30',
      'ROUTE_ACK 40',
      'ROUTE_NACK 50',
    ])
  })

  test('[RO-2] refuses what has seen it before, and its own operations', () => {
    const at = new RouterBench(['10', 'f0'])
    expect(sends(at.route('10', 'closest', 'ff', { visited: ['00000000'] }))).toEqual(['ROUTE_NACK 10'])
    at.start('closest', 'ff')
    expect(sends(at.route('10', 'closest', 'ff', { operation: operationOf(1), path: 9 }))).toEqual([
      'ROUTE_NACK 10',
    ])
    expect(at.router.stats().failed).toBe(2)
  })

  test('[RO-3] a TTL above the budget counts as the budget; without hops a message goes back', () => {
    const at = new RouterBench(['10', 'f0'])
    expect(routeOf(at.route('10', 'closest', 'ff', { ttl: 255 })).ttl).toBe(HOPS_MAX - 2)
    const spent = at.route('10', 'exact', 'ff', { operation: operationOf(3), ttl: 0 })
    expect(sends(spent)).toEqual(['ROUTE_ACK 10', 'ROUTE_NACK 10'])
  })

  test('[RO-1] [RO-20] the way back is forgotten after 10 s, that of a signal after 30 s', () => {
    const at = new RouterBench(['10', 'f0'])
    const signal = encodeInner({ type: 'SIGNAL', sender: SOME, box: new Uint8Array(8) })
    at.route('10', 'closest', 'ff')
    at.route('10', 'closest', 'ff', { operation: operationOf(3), inner: signal })
    at.ack('f0')
    at.ack('f0', 3)
    at.advance(ROUTE_STATE_MS - 1)
    expect(at.router.tables().routes).toBe(2)
    at.advance(ROUTE_SWEEP_MS + 1)
    expect(at.router.tables()).toMatchObject({ routes: 1, routeBytes: signal.length })
    expect(at.reply('f0')).toEqual([])
    expect(at.router.stats().stray).toBe(1)
    at.advance(SIGNAL_STATE_MS - ROUTE_STATE_MS)
    expect(at.router.tables()).toMatchObject({ routes: 0, routeBytes: 0, routeLinks: 0 })
    at.advance(3 * SIGNAL_STATE_MS)
    expect(at.router.tables().finishedRoutes).toBe(0)
    expect(at.timersLeft).toBe(0)
  })

  test('[RO-20] nobody can begin a way anew while a hop of the first may still answer, who would seem to intrude', () => {
    const at = new RouterBench(['10', '20', 'f0', 'e0'])
    const inner = encodeInner({ type: 'SIGNAL', sender: SOME, box: new Uint8Array(8) })
    at.route('10', 'exact', 'ff', { inner })
    at.ack('f0')
    at.unlink('10')
    at.advance(SIGNAL_STATE_MS - 1)
    expect(sends(at.route('20', 'exact', 'ff', { inner, visited: ['f0000000'] }))).toEqual(['ROUTE_NACK 20'])
    expect(at.reply('f0')).toEqual([])
  })

  test('[RO-20] one link has 512 places, all links together 8,192; beyond, NACK and nothing kept', () => {
    const links = Array.from({ length: 17 }, (_, index) => (0x80 + index).toString(16))
    const at = new RouterBench(links)
    const flood = (from: string) => {
      let refused = 0
      for (let i = 0; i < 2 * ROUTES_PER_LINK_MAX; i++) {
        const operation = operationOf(Number.parseInt(from, 16) * 100_000 + i)
        if (sends(at.route(from, 'exact', '00', { operation }))[0] === `ROUTE_NACK ${from}`) refused++
      }
      return refused
    }
    expect(flood('80')).toBe(ROUTES_PER_LINK_MAX)
    expect(at.router.tables()).toMatchObject({ routes: ROUTES_PER_LINK_MAX, routeLinks: 1 })
    for (const from of links.slice(1, 16)) expect(flood(from)).toBe(ROUTES_PER_LINK_MAX)
    expect(flood('90')).toBe(2 * ROUTES_PER_LINK_MAX)
    expect(at.router.tables().routes).toBe(ROUTES_MAX)
    at.advance(ROUTE_STATE_MS + ROUTE_SWEEP_MS)
    expect(at.router.tables()).toMatchObject({ routes: 0, routeLinks: 0 })
  })

  test('[RO-20] the messages in memory have 16 MiB, those of one link an eighth of that', () => {
    const links = Array.from({ length: 9 }, (_, index) => (0x80 + index).toString(16))
    const at = new RouterBench([...links, '01'])
    const inner = encodeInner({ type: 'SIGNAL', sender: SOME, box: new Uint8Array(15_000) })
    let operation = 10
    const takenFrom = (from: string, target: string, count: number) =>
      Array.from({ length: count }, () =>
        at.route(from, 'exact', target, { operation: operationOf(operation++), inner }),
      ).filter((effects) => sends(effects)[0] === `ROUTE_ACK ${from}`).length
    const ofLink = Math.floor(ROUTE_BYTES_PER_LINK_MAX / inner.length)
    expect(takenFrom('80', '00', 200)).toBe(ofLink)
    expect(at.router.tables()).toMatchObject({ routes: ofLink, routeBytes: ofLink * inner.length })
    let taken = ofLink
    for (const from of links.slice(1)) taken += takenFrom(from, '00', 200)
    expect(taken).toBe(Math.floor(ROUTE_BYTES_MAX / inner.length))
    expect(at.router.tables().routeBytes).toBe(taken * inner.length)
    at.advance(SIGNAL_STATE_MS + ROUTE_SWEEP_MS)
    expect(at.router.tables()).toMatchObject({ routes: 0, routeBytes: 0, routeLinks: 0 })
    // What is kept for its way back alone takes nothing.
    for (let i = 0; i < 10; i++) {
      expect(takenFrom('80', '01', 40)).toBe(40)
      for (let j = 1; j <= 40; j++) at.nack('01', { operation: operationOf(operation - j), hopsLeft: 0 })
    }
    expect(at.router.tables().routeBytes).toBe(0)
  })

  test('[RO-20] a way that is over takes no place', () => {
    const at = new RouterBench(['10', 'f0'])
    for (let i = 10; i < 10 + 4 * ROUTES_PER_LINK_MAX; i++) {
      expect(sends(at.route('10', 'closest', 'ff', { operation: operationOf(i) }))[0]).toBe('ROUTE_ACK 10')
      at.reply('f0', { operation: operationOf(i) })
    }
    expect(at.router.tables().routes).toBe(0)
  })
})

describe('where it goes', () => {
  test('[RO-5] exact: the linked target at once, else the closest, then outward, never back', () => {
    expect(routeOf(new RouterBench(['f0', 'ff']).route('f0', 'exact', 'ff')).to).toBe('ff')
    const at = new RouterBench(['10', '20', 'f0'])
    expect(routeOf(at.route('10', 'exact', 'ff')).to).toBe('f0')
    expect(routeOf(at.nack('f0')).to).toBe('20')
    expect(sends(at.nack('20', { hopsLeft: 18 }))).toEqual(['ROUTE_NACK 10'])
  })

  test('[RO-5] exact: eight hops at most once nobody is closer, and the last for the target alone', () => {
    const at = new RouterBench(['10', '20', '04'])
    expect(routeOf(at.route('10', 'exact', '01'))).toMatchObject({ to: '04', ttl: 7 })
    const unlinked = new RouterBench(['10', 'f0'])
    expect(routeOf(unlinked.route('10', 'exact', 'ff', { ttl: 2 })).to).toBe('f0')
    expect(sends(unlinked.nack('f0', { hopsLeft: 1 }))).toEqual(['ROUTE_NACK 10'])
    const last = { ttl: 1, operation: operationOf(3) }
    expect(sends(unlinked.route('10', 'exact', 'ff', last))).toEqual(['ROUTE_ACK 10', 'ROUTE_NACK 10'])
    expect(routeOf(new RouterBench(['10', 'ff']).route('10', 'exact', 'ff', last))).toMatchObject({
      to: 'ff',
      ttl: 0,
    })
  })

  test('[RO-25] probe: others get two hops to whom we found dead, our own and other messages as many as ever', () => {
    const at = new RouterBench(['10', 'f0', 'e0'])
    at.departed.add(id('ff'))
    expect(routeOf(at.route('10', 'probe', 'ff'))).toMatchObject({ to: 'f0', ttl: 1 })
    expect(sends(at.nack('f0', { hopsLeft: 0 }))).toEqual(['ROUTE_NACK 10'])
    expect(routeOf(at.start('probe', 'ff', { operation: operationOf(3) })).ttl).toBe(HOPS_MAX - 1)
    expect(routeOf(at.route('10', 'exact', 'ff', { operation: operationOf(4) })).ttl).toBe(19)
    expect(routeOf(at.route('10', 'probe', 'fe', { operation: operationOf(5) })).ttl).toBe(19)
  })

  test('[RO-25] probe: otherwise as exact', () => {
    expect(only(new RouterBench(['10', 'f0']).route('10', 'probe', '00'), 'deliver')).toHaveLength(1)
    expect(routeOf(new RouterBench(['f0', 'ff']).route('f0', 'probe', 'ff')).to).toBe('ff')
    const last = { ttl: 1, operation: operationOf(3) }
    expect(sends(new RouterBench(['10', 'f0']).route('10', 'probe', 'ff', last))).toEqual([
      'ROUTE_ACK 10',
      'ROUTE_NACK 10',
    ])
  })

  test('[RO-5] exact: delivered at the target alone', () => {
    const at = new RouterBench(['10'])
    expect(only(at.route('10', 'exact', '00'), 'deliver')).toEqual([
      { type: 'deliver', route: THEIRS, from: id('10'), mode: 'exact', target: SELF, inner: QUESTION },
    ])
    expect(sends(at.route('10', 'exact', '01', { operation: operationOf(3) }))).toEqual([
      'ROUTE_ACK 10',
      'ROUTE_NACK 10',
    ])
  })

  test('[RO-6] closest: delivered where no linked peer is closer', () => {
    const at = new RouterBench(['10', 'f0'])
    const effects = at.route('10', 'closest', '01')
    expect(sends(effects)).toEqual(['ROUTE_ACK 10'])
    expect(only(effects, 'deliver')).toHaveLength(1)
  })

  test('[RO-6] closest: our own id is looked up among the others', () => {
    const at = new RouterBench(['10', '04', 'f0'])
    expect(routeOf(at.start('closest', '00')).to).toBe('04')
    const asHop = new RouterBench(['f1', '04']).route('f1', 'closest', 'f1', { visited: ['f1000000'] })
    expect(sends(asHop)).toEqual(['ROUTE_ACK f1'])
    expect(only(asHop, 'deliver')).toHaveLength(1)
  })

  test('[RO-7] any: delivered at the first that holds it', () => {
    const at = new RouterBench(['10', 'f0'])
    at.held.add(id('ff'))
    const effects = at.route('10', 'any', 'ff')
    expect(sends(effects)).toEqual(['ROUTE_ACK 10'])
    expect(only(effects, 'deliver')).toHaveLength(1)
    expect(routeOf(at.input({ type: 'pass', route: THEIRS })).to).toBe('f0')
  })

  test('[RO-23] near: delivered at the first that is among the closest, the origin included', () => {
    const at = new RouterBench(['10', 'f0'])
    expect(routeOf(at.route('10', 'near', 'ff')).to).toBe('f0')
    at.near.add(id('fe'))
    const effects = at.route('10', 'near', 'fe', { operation: operationOf(3) })
    expect(sends(effects)).toEqual(['ROUTE_ACK 10'])
    expect(only(effects, 'deliver')).toMatchObject([{ mode: 'near' }])
    expect(only(at.start('near', 'fe'), 'deliver')).toMatchObject([{ from: SELF, mode: 'near' }])
  })

  test('[RO-23] near: with nobody closer it ends, passed on it goes on, and from nobody it goes back', () => {
    const alone = new RouterBench(['10'])
    expect(only(alone.route('10', 'near', '01'), 'deliver')).toHaveLength(1)
    expect(sends(alone.input({ type: 'pass', route: THEIRS }))).toEqual(['ROUTE_NACK 10'])
    const at = new RouterBench(['10', 'f0', '20'])
    at.near.add(id('ff'))
    at.route('10', 'near', 'ff')
    expect(routeOf(at.input({ type: 'pass', route: THEIRS })).to).toBe('f0')
    expect(routeOf(at.nack('f0')).to).toBe('20')
    expect(sends(at.nack('20'))).toEqual(['ROUTE_NACK 10'])
  })

  test('[RO-23] [RO-12] near: what is at work elsewhere does not end here', () => {
    const at = new RouterBench(['10', 'f0'])
    at.route('10', 'near', 'ff')
    const effects = at.nack('f0', { hopsLeft: 0 })
    expect(only(effects, 'deliver')).toEqual([])
    expect(sends(effects)).toEqual(['ROUTE_NACK 10'])
  })

  test('[RO-7] any: with nobody closer it looks around, with eight hops at most', () => {
    const at = new RouterBench(['10', '20', '04'])
    const outward = routeOf(at.route('10', 'any', '01'))
    expect(outward).toMatchObject({ to: '04', ttl: 7 })
    expect(routeOf(at.nack('04', { hopsLeft: 3 }))).toMatchObject({ to: '20', ttl: 2 })
    expect(at.nack('20', { hopsLeft: 0 })).toContainEqual({
      type: 'send',
      to: id('10'),
      message: { type: 'ROUTE_NACK', ...THEIRS, hopsLeft: 0, visited: ['00000000', '04000000', '20000000'] },
    })
  })

  test('[RO-8] two hops where nobody linked is closer, or where they gain three times the bits', () => {
    const at = new RouterBench(['10', '20', '80'])
    at.named.set(id('fc'), id('20'))
    expect(routeOf(at.route('10', 'closest', 'ff')).to).toBe('20')
    const near = new RouterBench(['10', '20', 'c0'])
    near.named.set(id('f8'), id('20'))
    expect(routeOf(near.route('10', 'closest', 'ff')).to).toBe('c0')
    expect(routeOf(at.route('10', 'any', 'ff', { operation: operationOf(3) })).to).toBe('80')
    expect(routeOf(at.route('10', 'near', 'ff', { operation: operationOf(4) })).to).toBe('80')
    const level = new RouterBench(['10', '20', '41'])
    level.named.set(id('fc'), id('20'))
    expect(routeOf(level.route('10', 'any', 'ff')).to).toBe('20')
    const alone = new RouterBench(['10', '20'])
    alone.named.set(id('ff'), id('20'))
    expect(routeOf(alone.route('10', 'exact', 'ff')).to).toBe('20')
    expect(
      sends(alone.route('10', 'exact', 'ff', { operation: operationOf(3), visited: ['20000000'] })),
    ).toEqual(['ROUTE_ACK 10', 'ROUTE_NACK 10'])
  })

  test('[RO-9] as told while something is told, then freely', () => {
    const at = new RouterBench(['10', '20', 'f0'])
    expect(routeOf(at.route('10', 'exact', 'ff', { via: [id('20'), id('ff')] }))).toMatchObject({
      to: '20',
      via: [id('ff')],
    })
    const unknown = at.route('10', 'exact', 'ff', { operation: operationOf(3), via: [id('55')] })
    expect(sends(unknown)).toEqual(['ROUTE_ACK 10', 'ROUTE_NACK 10'])
    at.route('10', 'exact', 'ff', { operation: operationOf(4), via: [id('20')] })
    expect(sends(at.nack('20', { operation: operationOf(4) }))).toEqual(['ROUTE_NACK 10'])
  })

  test('[RO-9] at the origin a source route that fails gives way to greedy, and one too long for the frame is left out', () => {
    const at = new RouterBench(['20', 'f0'])
    expect(routeOf(at.start('exact', 'ff', { via: [id('20'), id('ff')] })).to).toBe('20')
    expect(routeOf(at.nack('20', { ...OURS, hopsLeft: 22 }))).toMatchObject({ to: 'f0', via: [] })
    const unlinked = new RouterBench(['f0'])
    expect(routeOf(unlinked.start('exact', 'ff', { via: [id('55')] }))).toMatchObject({ to: 'f0', via: [] })
    const long = {
      type: 'RESPONSE',
      request: operationOf(5),
      responder: SOME,
      status: 0,
      signature: new Uint8Array(64),
      payload: new Uint8Array(15_360),
    } as const
    const via = Array.from({ length: 24 }, () => id('20'))
    expect(routeOf(new RouterBench(['20', 'f0']).start('exact', 'ff', { inner: long, via })).via).toEqual([])
  })
})

describe('near and far', () => {
  /** The first hop of an operation of ours toward ff, over links with these round trips. */
  function firstHop(mode: RouteMode, roundTripMsByPeer: Record<string, number>): string {
    const at = new RouterBench(Object.keys(roundTripMsByPeer))
    for (const [digits, ms] of Object.entries(roundTripMsByPeer)) at.links.set(id(digits), ms)
    return routeOf(at.start(mode, 'ff')).to
  }

  test('[RO-22] a bit nearer to the target is worth 36 ms', () => {
    expect(firstHop('closest', { f0: 195, e0: 160 })).toBe('f0')
    expect(firstHop('closest', { f0: 197, e0: 160 })).toBe('e0')
  })

  test('[RO-22] but the target itself goes first, however far', () => {
    expect(firstHop('exact', { ff: 900, f0: 10 })).toBe('ff')
  })

  test('[RO-22] for a GET nobody is closer than holders are', () => {
    const at = new RouterBench(['f8', 'c0'], 100)
    at.links.set(id('c0'), 99)
    expect(routeOf(at.start('any', 'ff')).to).toBe('f8')
    const near = new RouterBench(['f8', 'c0'], 100)
    near.links.set(id('c0'), 99)
    near.neighbours = Array.from({ length: REPLICAS }, () => ({ ...SOME, id: id('40') }))
    expect(routeOf(near.start('any', 'ff')).to).toBe('c0')
    expect(routeOf(near.start('closest', 'ff', { operation: operationOf(2) })).to).toBe('f8')
    expect(routeOf(near.start('near', 'ff', { operation: operationOf(3) })).to).toBe('c0')
    near.neighbours = near.neighbours.slice(REPLICAS / 2).concat({ ...SOME, id: id('80') })
    expect(routeOf(near.start('any', 'ff', { operation: operationOf(4) })).to).toBe('f8')
    expect(routeOf(near.start('near', 'ff', { operation: operationOf(5) })).to).toBe('c0')
    near.neighbours = near.neighbours.slice(2)
    expect(routeOf(near.start('near', 'ff', { operation: operationOf(6) })).to).toBe('f8')
  })

  test('[RO-24] a link leads to a contact where both hops together are better than any single one', () => {
    const at = new RouterBench(['c0', 'a0', '10'], 100)
    const first = (mode: 'any' | 'near' | 'closest', number: number): string =>
      routeOf(at.start(mode, 'ff', { operation: operationOf(number) })).to
    at.known.push({ to: id('fc'), via: id('10'), ms: 243 })
    expect([first('any', 1), first('near', 2)]).toEqual(['10', '10'])
    expect(first('closest', 3)).toBe('c0')
    at.known[0] = { to: id('fc'), via: id('10'), ms: 245 }
    expect([first('any', 4), first('near', 5)]).toEqual(['c0', 'c0'])
  })

  test('[RO-24] but not to a contact that has seen the message, nor through one that has, nor with one hop left, nor on an odd path', () => {
    const routed = (route: { path?: number; visited?: string[]; ttl?: number }): string => {
      const at = new RouterBench(['c0', '20', '10'], 100)
      at.known.push({ to: id('fc'), via: id('20'), ms: 120 })
      return routeOf(at.route('10', 'any', 'ff', route)).to
    }
    expect(routed({})).toBe('20')
    expect(routed({ path: 2 })).toBe('20')
    expect(routed({ path: 1 })).toBe('c0')
    expect(routed({ visited: ['fc000000'] })).toBe('c0')
    expect(routed({ visited: ['20000000'] })).toBe('c0')
    expect(routed({ ttl: 1 })).toBe('c0')
  })

  test('[RO-22] and whoever is silent is passed over', () => {
    const at = new RouterBench(['f0', 'e0'])
    at.links.set(id('e0'), 10)
    expect(routeOf(at.start('closest', 'ff')).to).toBe('e0')
    at.advance(400)
    expect(routeOf(at.start('closest', 'ff', { operation: operationOf(2) })).to).toBe('f0')
  })
})

/** How long it takes until a message goes to the next best. */
function silenceMs(at: RouterBench): number {
  let ms = 0
  while (sends(at.advance(1)).length === 0) ms++
  return ms + 1
}

describe('silence', () => {
  test('[RO-10] no acknowledgement in 1.1 round trips and 20 ms: the next best at once', () => {
    const at = new RouterBench(['10', 'f0', 'e0'])
    at.route('10', 'closest', 'ff')
    expect(at.advance(129)).toEqual([])
    expect(routeOf(at.advance(1))).toMatchObject({ to: 'e0', ttl: 18, visited: ['00000000', 'f0000000'] })
  })

  test('[RO-10] a link whose round trip is not known gets 295 ms', () => {
    const at = new RouterBench(['10', 'f0', 'e0'], null)
    at.route('10', 'closest', 'ff')
    expect(at.advance(294)).toEqual([])
    expect(sends(at.advance(1))).toEqual(['ROUTE e0'])
  })

  test('[RO-10] [RO-19] and once it has acknowledged, what that took', () => {
    const at = new RouterBench(['10', 'f0', '70'], null)
    at.route('10', 'closest', 'ff')
    at.advance(390)
    at.ack('f0')
    at.route('10', 'closest', 'ff', { operation: operationOf(3) })
    expect(sends(at.advance(448))).toEqual([])
    expect(sends(at.advance(1))).toEqual(['ROUTE 70'])
  })

  test('[RO-10] and what it takes to leave a line of 1 Mbit/s, after what was sent before, over whichever link', () => {
    const at = new RouterBench(['10', 'f0', 'e0', 'd0'])
    at.route('10', 'exact', 'd0', { inner: new Uint8Array(12_500) })
    at.route('10', 'closest', 'ff', { operation: operationOf(3), inner: new Uint8Array(2_500) })
    expect(silenceMs(at)).toBe(250)
    at.advance(20)
    at.route('10', 'closest', 'ee', { operation: operationOf(4), inner: new Uint8Array(0) })
    expect(silenceMs(at)).toBe(130)
  })

  test('[RO-26] where the target is silent nobody else is tried, and it has half a second', () => {
    for (const mode of ['exact', 'probe'] as const) {
      const at = new RouterBench(['10', 'ff', 'f0', 'e0'])
      at.route('10', mode, 'ff')
      expect(at.advance(HOP_TARGET_MS - 1)).toEqual([])
      expect(at.advance(1)).toMatchObject([{ to: id('10'), message: { type: 'ROUTE_NACK' } }])
    }
  })

  test('[RO-26] as long as it likes once it has acknowledged', () => {
    const at = new RouterBench(['10', 'ff', 'f0'])
    at.route('10', 'exact', 'ff')
    at.advance(HOP_TARGET_MS - 1)
    at.ack('ff')
    expect(at.advance(5_000)).toEqual([])
    expect(sends(at.reply('ff'))).toEqual(['ROUTE_REPLY 10'])
  })

  test('[RO-26] nor where others found it silent, or it sent the message back', () => {
    const at = new RouterBench(['10', 'ff', 'f0'])
    expect(sends(at.route('10', 'exact', 'ff', { visited: ['ff000000'] }))).toEqual([
      'ROUTE_ACK 10',
      'ROUTE_NACK 10',
    ])
    at.route('10', 'exact', 'ff', { operation: operationOf(3) })
    expect(sends(at.nack('ff', { operation: operationOf(3) }))).toEqual(['ROUTE_NACK 10'])
  })

  test('[RO-10] whoever was silent is tried last, until it is heard or 7.5 s have gone', () => {
    const at = new RouterBench(['10', 'f0', 'e0'])
    const ask = (operation: number) =>
      routeOf(at.route('10', 'closest', 'ff', { operation: operationOf(operation) })).to
    expect(ask(2)).toBe('f0')
    at.advance(130)
    expect(ask(3)).toBe('e0')
    at.ack('e0')
    at.ack('e0', 3)
    at.ack('f0')
    expect(ask(4)).toBe('f0')
    at.advance(131)
    expect(ask(5)).toBe('e0')
    at.ack('e0', 4)
    at.ack('e0', 5)
    at.advance(HOP_SUSPECT_MS - 1)
    expect(ask(7)).toBe('e0')
    at.ack('e0', 7)
    at.advance(1)
    expect(ask(6)).toBe('f0')
  })

  test('[RO-10] a link that never acknowledges costs one message in 7.5 s its time, not every one', () => {
    const at = new RouterBench(['10', 'f0', 'e0'])
    const ask = (operation: number) =>
      routeOf(at.route('10', 'closest', 'ff', { operation: operationOf(operation) })).to
    for (const begun of [10, 20]) {
      expect(ask(begun)).toBe('f0')
      at.advance(130)
      at.ack('e0', begun)
      expect(ask(begun + 1)).toBe('e0')
      at.ack('e0', begun + 1)
      at.advance(HOP_SUSPECT_MS)
    }
  })

  test('[RO-11] a late acknowledgement stops the search, a late reply goes home', () => {
    const at = new RouterBench(['10', 'f0', 'e0', 'd0'])
    at.route('10', 'closest', 'ff')
    at.advance(130)
    at.ack('f0')
    expect(sends(at.nack('e0', { hopsLeft: 17 }))).toEqual([])
    expect(sends(at.reply('f0'))).toEqual(['ROUTE_REPLY 10'])
  })

  test('[RO-11] a reply comes home even after the message has been sent back', () => {
    const at = new RouterBench(['10', 'f0'])
    at.route('10', 'exact', 'ff')
    expect(sends(at.advance(130))).toEqual(['ROUTE_NACK 10'])
    expect(sends(at.reply('f0'))).toEqual(['ROUTE_REPLY 10'])
  })

  test('[RO-11] and, in mode exact, through a hop that has sent it back itself, having met a silent one', () => {
    const at = new RouterBench(['10', 'f0'])
    at.route('10', 'exact', 'ff')
    expect(at.router.tables().routeBytes).toBeGreaterThan(0)
    expect(sends(at.nack('f0'))).toEqual(['ROUTE_NACK 10'])
    expect(at.router.tables()).toMatchObject({ routes: 1, routeBytes: 0 })
    expect(sends(at.reply('f0'))).toEqual(['ROUTE_REPLY 10'])
    at.advance(ROUTE_STATE_MS + ROUTE_SWEEP_MS)
    expect(at.router.tables().routes).toBe(0)
    const others = new RouterBench(['10', 'f0'])
    others.route('10', 'closest', 'ff')
    others.nack('f0', { hopsLeft: 0 })
    expect(others.router.tables().routes).toBe(0)
  })

  test('[RO-11] an acknowledged message stays where it is', () => {
    const at = new RouterBench(['10', 'f0', 'e0'])
    at.route('10', 'closest', 'ff')
    at.ack('f0')
    expect(at.advance(9_000)).toEqual([])
  })

  test('[RO-13] the link to an acknowledged hop goes down: the next best', () => {
    const at = new RouterBench(['10', 'f0', 'e0'])
    at.route('10', 'closest', 'ff')
    at.ack('f0')
    expect(routeOf(at.unlink('f0')).to).toBe('e0')
  })

  test('[RO-13] the link to the previous hop goes down: the way is forgotten', () => {
    const at = new RouterBench(['10', 'f0'])
    at.route('10', 'closest', 'ff')
    expect(at.unlink('10')).toEqual([])
    expect(at.router.tables().routes).toBe(0)
  })

  test('[RO-19] acknowledgements are samples of the round trip, and their spread lengthens the wait', () => {
    const at = new RouterBench(['10', 'f0', 'e0'])
    at.route('10', 'closest', 'ff')
    at.advance(100)
    expect(at.ack('f0')).toEqual([{ type: 'round-trip', peer: id('f0'), ms: 100 }])
    expect(at.ack('f0')).toEqual([])
    at.route('10', 'closest', 'ff', { operation: operationOf(3) })
    at.advance(300)
    at.ack('f0', 3)
    at.route('10', 'closest', 'ff', { operation: operationOf(4) })
    expect(sends(at.advance(299))).toEqual([])
    expect(sends(at.advance(1))).toEqual(['ROUTE e0'])
  })
})

describe('the way back', () => {
  test('[RO-12] a NACK brings back hops and the visited, and the search goes on with what is left', () => {
    const at = new RouterBench(['10', 'f0', 'e0', 'd0'])
    at.route('10', 'closest', 'ff')
    at.ack('f0')
    const next = routeOf(at.nack('f0', { hopsLeft: 5, visited: ['e0000000', '00000000'] }))
    expect(next).toMatchObject({ to: 'd0', ttl: 4, visited: ['00000000', 'f0000000', 'e0000000'] })
  })

  test('[RO-12] a message that others look after, or that was answered, does not end here as if nobody were closer', () => {
    const at = new RouterBench(['10', 'f0'])
    at.route('10', 'closest', 'ff')
    const effects = at.nack('f0', { hopsLeft: 0 })
    expect(only(effects, 'deliver')).toEqual([])
    expect(sends(effects)).toEqual(['ROUTE_NACK 10'])
  })

  test('[RO-12] nobody can give more hops than it got', () => {
    const at = new RouterBench(['10', 'f0', 'e0'])
    at.route('10', 'closest', 'ff')
    expect(routeOf(at.nack('f0', { hopsLeft: 255 })).ttl).toBe(18)
  })

  test('[RO-14] [RO-15] an answer goes to the previous hop; several until the last', () => {
    const at = new RouterBench(['10'])
    at.route('10', 'exact', '00')
    const reply = (last: boolean) => ({
      type: 'send',
      to: id('10'),
      message: { type: 'ROUTE_REPLY', ...THEIRS, hops: 1, last, inner: encodeInner(ANSWER) },
    })
    expect(at.input({ type: 'answer', route: THEIRS, inner: ANSWER, last: false })).toEqual([reply(false)])
    expect(at.input({ type: 'answer', route: THEIRS, inner: ANSWER, last: true })).toEqual([reply(true)])
    expect(at.input({ type: 'answer', route: THEIRS, inner: ANSWER, last: true })).toEqual([])
    expect(at.router.stats()).toMatchObject({ answered: 1, stray: 1 })
  })

  test('[RO-14] passing on: exact and closest go back, and nothing is passed twice', () => {
    const at = new RouterBench(['10', 'f0'])
    at.route('10', 'exact', '00')
    expect(sends(at.input({ type: 'pass', route: THEIRS }))).toEqual(['ROUTE_NACK 10'])
    expect(at.input({ type: 'pass', route: THEIRS })).toEqual([])
    const route = { operation: operationOf(3), path: 0 }
    at.route('10', 'closest', '01', route)
    expect(sends(at.input({ type: 'pass', route }))).toEqual(['ROUTE_NACK 10'])
  })

  test('[RO-14] what cannot be read goes back', () => {
    const at = new RouterBench(['10'])
    expect(sends(at.route('10', 'exact', '00', { inner: Uint8Array.of(0xee, 1) }))).toEqual([
      'ROUTE_ACK 10',
      'ROUTE_NACK 10',
    ])
  })

  test('[RO-15] none that came over a link passes for our own', () => {
    const at = new RouterBench(['f0'])
    at.start('any', 'ff')
    const [reply] = only(at.reply('f0', { ...OURS, hops: 0 }), 'reply')
    expect(reply).toMatchObject({ via: id('f0'), hops: 1 })
  })

  test('[RO-15] replies count their hops on the way home and pass unread', () => {
    const at = new RouterBench(['10', 'f0'])
    at.route('10', 'closest', 'ff')
    const inner = Uint8Array.of(1, 2, 3)
    expect(at.reply('f0', { hops: 4, last: false, inner })).toEqual([
      {
        type: 'send',
        to: id('10'),
        message: { type: 'ROUTE_REPLY', ...THEIRS, hops: 5, last: false, inner },
      },
    ])
    expect(only(at.reply('f0', { hops: 255, inner }), 'send')[0]?.message).toMatchObject({
      hops: 255,
      last: true,
    })
  })

  test('[RO-15] 64 replies per way, the rest is dropped', () => {
    const at = new RouterBench(['10', 'f0'])
    at.route('10', 'closest', 'ff')
    for (let i = 0; i < REPLIES_PER_ROUTE_MAX; i++) expect(at.reply('f0', { last: false })).toHaveLength(1)
    expect(at.reply('f0', { last: false })).toEqual([])
  })

  test('[RO-15] whoever was not asked and answers offends; nobody notices an answer to what is unknown', () => {
    const at = new RouterBench(['10', 'f0', 'e0'])
    at.route('10', 'closest', 'ff')
    const offence = [{ type: 'offence', peer: id('e0'), offence: 'unsolicited' }]
    expect(at.reply('e0')).toEqual(offence)
    expect(at.ack('e0')).toEqual(offence)
    expect(at.nack('e0')).toEqual(offence)
    expect(at.reply('10')).toEqual([{ ...offence[0], peer: id('10') }])
    expect(at.reply('e0', { operation: operationOf(77) })).toEqual([])
    expect(at.router.stats().stray).toBe(1)
  })
})

describe('our operations', () => {
  test('[RO-16] several first hops, each of its own path', () => {
    const at = new RouterBench(['10', 'f0', 'e0', 'd0'])
    const routes = only(at.start('closest', 'ff', { paths: 2 }), 'send')
    expect(routes.map(({ to, ttl, message }) => [to, ttl, message])).toMatchObject([
      [id('f0'), 23, { path: 0, visited: ['00000000'] }],
      [id('e0'), 23, { path: 1, visited: ['00000000'] }],
    ])
    expect(routeOf(at.nack('f0', { ...OURS, hopsLeft: 22 }))).toMatchObject({ to: 'd0', path: 0 })
  })

  test('[RO-15] replies say through whom they came and how far', () => {
    const at = new RouterBench(['f0'])
    at.start('closest', 'ff')
    expect(at.reply('f0', { ...OURS, hops: 3, last: false })).toEqual([
      { type: 'reply', ...OURS, via: id('f0'), hops: 3, inner: ANSWER, last: false },
    ])
    expect(at.reply('f0', { ...OURS, hops: 2, inner: encodeInner(OTHER_ANSWER) })).toEqual([
      { type: 'reply', ...OURS, via: id('f0'), hops: 2, inner: OTHER_ANSWER, last: true },
      { type: 'ended', operation: operationOf(1), reason: 'exhausted' },
    ])
  })

  test('[RO-15] a reply that cannot be read counts as a NACK', () => {
    const at = new RouterBench(['f0', 'e0'])
    at.start('closest', 'ff')
    expect(routeOf(at.reply('f0', { ...OURS, inner: Uint8Array.of(0xee) })).to).toBe('e0')
  })

  test('[RO-17] nothing heard for the usual time: one more first hop, once', () => {
    const at = new RouterBench(['f0', 'e0', 'd0', 'c0'])
    at.start('closest', 'ff')
    at.ack('f0', 1)
    expect(at.advance(499)).toEqual([])
    expect(routeOf(at.advance(1))).toMatchObject({ to: 'e0', path: 1 })
    at.ack('e0', 1, 1)
    expect(at.advance(9_000)).toEqual([])
  })

  test('[RO-17] the usual time is the 95th percentile of recent operations, within 150 and 1,500 ms', () => {
    const at = new RouterBench(['f0', 'e0'])
    const hedgeAfter = (eachMs: number) => {
      for (let i = 0; i < 70; i++) {
        const operation = operationOf(1_000 * eachMs + i)
        at.start('closest', 'ff', { operation })
        at.ack('f0', 1_000 * eachMs + i)
        at.advance(eachMs)
        at.reply('f0', { operation, path: 0 })
        at.input({ type: 'stop', operation })
      }
      const operation = operationOf(eachMs)
      at.start('closest', 'ff', { operation })
      at.ack('f0', eachMs)
      const before = at.now
      while (at.advance(1).length === 0) if (at.now - before > 5_000) return null
      at.input({ type: 'stop', operation })
      return at.now - before
    }
    expect(hedgeAfter(300)).toBe(300)
    expect(hedgeAfter(20)).toBe(150)
    expect(hedgeAfter(3_000)).toBe(1_500)
  })

  test('[RO-17] no hedge once something was heard, nor while our own machine has the message', () => {
    const at = new RouterBench(['f0', 'e0'])
    at.start('closest', 'ff')
    at.reply('f0', { ...OURS, last: false })
    expect(at.advance(9_000)).toEqual([])
    const mine = new RouterBench(['f0', 'e0'])
    mine.held.add(id('ff'))
    mine.start('any', 'ff', { paths: 2 })
    expect(mine.advance(9_000)).toEqual([])
  })

  test('[RO-17] no hedge where the target itself has the message', () => {
    const at = new RouterBench(['ff', 'e0'])
    at.start('exact', 'ff')
    at.ack('ff', 1)
    expect(at.advance(9_000)).toEqual([])
  })

  test('[RO-18] all ways used up, time over, no link', () => {
    const at = new RouterBench(['f0'])
    at.start('exact', 'ff')
    expect(at.nack('f0', { ...OURS, hopsLeft: 0 })).toEqual([
      { type: 'round-trip', peer: id('f0'), ms: 0 },
      { type: 'ended', operation: operationOf(1), reason: 'exhausted' },
    ])
    at.start('exact', 'ff', { timeoutMs: 4_000 })
    at.ack('f0', 1)
    expect(only(at.advance(4_000), 'ended')).toEqual([
      { type: 'ended', operation: operationOf(1), reason: 'timeout' },
    ])
    expect(new RouterBench([]).start('exact', 'ff')).toEqual([
      { type: 'ended', operation: operationOf(1), reason: 'no-links' },
    ])
    expect(new RouterBench([]).start('closest', '00')).toEqual([
      { type: 'ended', operation: operationOf(1), reason: 'no-links' },
    ])
  })

  test('[RO-18] the last silent hop has two seconds before all is lost', () => {
    const at = new RouterBench(['f0'])
    at.start('exact', 'ff')
    expect(at.advance(1_999)).toEqual([])
    expect(only(at.advance(1), 'ended')).toMatchObject([{ reason: 'exhausted' }])
    const late = new RouterBench(['f0'])
    late.start('exact', 'ff')
    late.advance(1_000)
    late.ack('f0', 1)
    expect(late.advance(5_000)).toEqual([])
    expect(only(late.reply('f0', OURS), 'reply')).toHaveLength(1)
  })

  test('[RO-7] [RO-14] we ask ourselves first, and go on where we pass', () => {
    const at = new RouterBench(['f0', 'e0'])
    at.held.add(id('ff'))
    expect(at.start('any', 'ff', { paths: 2 })).toEqual([
      { type: 'deliver', route: OURS, from: SELF, mode: 'any', target: id('ff'), inner: QUESTION },
    ])
    expect(sends(at.input({ type: 'pass', route: OURS }))).toEqual(['ROUTE f0', 'ROUTE e0'])
    at.input({ type: 'stop', operation: operationOf(1) })
    at.start('any', 'ff', { operation: operationOf(3) })
    const route = { operation: operationOf(3), path: 0 }
    expect(at.input({ type: 'answer', route, inner: ANSWER, last: true })).toEqual([
      { type: 'reply', ...route, via: SELF, hops: 0, inner: ANSWER, last: true },
      { type: 'ended', operation: operationOf(3), reason: 'exhausted' },
    ])
  })

  test('[RO-6] [RO-16] closest: we are the closest only when no path has found better', () => {
    const at = new RouterBench(['08', 'f0'])
    expect(sends(at.start('closest', '0f', { paths: 2 }))).toEqual(['ROUTE 08'])
    expect(only(at.nack('08', { ...OURS, hopsLeft: 22 }), 'deliver')).toMatchObject([
      { route: OURS, from: SELF },
    ])
    const two = new RouterBench(['0e', '0c', 'f0'])
    two.start('closest', '0f', { paths: 2 })
    expect(only(two.nack('0e', { ...OURS, hopsLeft: 22 }), 'deliver')).toEqual([])
    const other = { operation: operationOf(1), path: 1 }
    expect(only(two.nack('0c', { ...other, hopsLeft: 22 }), 'deliver')).toMatchObject([
      { route: other, from: SELF },
    ])
    expect(only(new RouterBench([]).start('closest', 'ff'), 'deliver')).toHaveLength(1)
    expect(only(new RouterBench(['f0']).start('exact', '00'), 'deliver')).toHaveLength(1)
  })

  test('[RO-18] what was stopped, or has ended, is silent for ever', () => {
    const at = new RouterBench(['f0', 'e0'])
    at.start('closest', 'ff', { paths: 2 })
    expect(at.input({ type: 'stop', operation: operationOf(1) })).toEqual([])
    expect(at.reply('f0', OURS)).toEqual([])
    expect(at.nack('e0', { ...OURS, path: 1 })).toEqual([])
    expect(at.input({ type: 'answer', route: OURS, inner: ANSWER, last: true })).toEqual([])
    expect(at.input({ type: 'stop', operation: operationOf(1) })).toEqual([])
    expect(at.advance(90_000)).toEqual([])
    expect(at.router.tables()).toMatchObject({ routes: 0, operations: 0, finishedRoutes: 0 })
  })

  test('[RO-18] a name that is under way cannot begin again', () => {
    const at = new RouterBench(['f0'])
    at.start('closest', 'ff')
    expect(at.start('closest', 'ff')).toEqual([
      { type: 'ended', operation: operationOf(1), reason: 'exhausted' },
    ])
  })
})
