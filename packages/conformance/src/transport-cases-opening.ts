// How links come to be: roles, bindings, early messages, many at once, and attempts that never open.

import { check, equal } from './assert.ts'
import { begin, link, newAttempt, opened, patterned, roundTrip } from './transport-end.ts'
import type { TransportCase } from './transport-suite.ts'

/** Links that a peer may make in its first seconds. */
const LINKS_AT_ONCE = 20
/** Milliseconds: short, so that a case about failing to connect ends soon. */
const SHORT_CONNECT_MS = 400

export const openingCases: readonly TransportCase[] = [
  {
    title: 'both ends open, in their roles',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      await link(near, far)
      await link(far, near)
      equal(
        near.heard('opened').map(({ role }) => role),
        ['dialer', 'listener'],
        'roles here',
      )
      equal(
        far.heard('opened').map(({ role }) => role),
        ['listener', 'dialer'],
        'roles there',
      )
    },
  },
  {
    title: 'the binding is two fingerprints, the same for both ends and new for every link',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      for (let i = 0; i < 2; i++) await link(near, far)
      const [here, there] = [near, far].map((end) => end.heard('opened').map(({ binding }) => binding))
      check(here !== undefined && there !== undefined, 'both ends opened')
      for (const [index, { local, remote }] of here.entries()) {
        equal([local.length, remote.length], [32, 32], 'bytes of fingerprints')
        equal({ local: remote, remote: local }, there[index], 'the binding of the other end')
        check(local.join() !== remote.join(), 'the two ends have different fingerprints')
      }
      check(here[0]?.local.join() !== here[1]?.local.join(), 'every connection has a fingerprint of its own')
    },
  },
  {
    title: 'signals carried by hand are one in each direction',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const pair = await link(near, far, { gatherFirst: true })
      await roundTrip(near, far, pair)
      equal(
        [near, far].map((end) => end.heard('local-signal').length),
        [1, 1],
        'signals',
      )
    },
  },
  {
    title: 'an open link says how much may be sent, and how much in one message',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const { dialed } = await link(near, far)
      for (const channel of ['control', 'bulk'] as const) {
        const { roomBytes } = await near.next('writable', (event) => event.channel === channel)
        check(roomBytes >= 16 * 1024, `room on ${channel} for one message at least; got ${roomBytes}`)
      }
      const { bulkBytesMax, link: number } = near.heard('opened')[0] ?? {}
      equal(number, dialed, 'number of the link')
      check(bulkBytesMax !== undefined && bulkBytesMax >= 16 * 1024, 'a bulk message may have 16 KiB')
    },
  },
  {
    title: 'what one end sends the moment it opens reaches the other after its own opening, in order',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const attempt = begin(near, far)
      const { link: dialed } = await near.next('opened')
      for (let i = 0; i < 20; i++) near.send(dialed, 'control', patterned(100 + i, i))
      near.send(dialed, 'bulk', patterned(16_384))
      const { link: accepted } = await far.next('opened', (event) => event.attempt === attempt)
      const got = await far.receives(accepted, 'control', 20)
      await far.receives(accepted, 'bulk', 1)
      equal(
        got.map(({ length }) => length),
        Array.from({ length: 20 }, (_, i) => 100 + i),
        'early messages',
      )
      const types = far.events.map(({ type }) => type)
      check(types.indexOf('opened') < types.indexOf('received'), 'opened comes first')
    },
  },
  {
    title: `${LINKS_AT_ONCE} links at once`,
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const attempts = Array.from({ length: LINKS_AT_ONCE }, () => begin(near, far))
      const pairs = await Promise.all(attempts.map((attempt) => opened(near, far, attempt)))
      await Promise.all(pairs.map((pair) => roundTrip(near, far, pair)))
      const { constructions, opening, open } = near.call((transport) => transport.stats())
      equal({ opening, open }, { opening: 0, open: LINKS_AT_ONCE }, 'stats')
      check(constructions === LINKS_AT_ONCE, `one connection per link; got ${constructions}`)
    },
  },
  {
    title: 'an attempt that nobody answers fails with stage timeout, once',
    async run(table) {
      const near = await table.near({ connectMsMax: SHORT_CONNECT_MS })
      const attempt = newAttempt()
      near.call((transport) => transport.dial(attempt, { gatherFirst: false }))
      const failed = await near.next('failed')
      equal([failed.attempt, failed.stage], [attempt, 'timeout'], 'failure')
      equal(
        near.call((transport) => transport.stats().opening),
        0,
        'attempts left',
      )
    },
  },
  {
    title: 'nothing is heard of an abandoned attempt',
    async run(table) {
      const near = await table.near({ connectMsMax: SHORT_CONNECT_MS })
      const [abandoned, other] = [newAttempt(), newAttempt()]
      for (const attempt of [abandoned, other])
        near.call((transport) => transport.dial(attempt, { gatherFirst: false }))
      near.call((transport) => transport.abandon(abandoned))
      await near.next('failed', ({ attempt }) => attempt === other)
      const heard = near.events.filter((event) => 'attempt' in event && event.attempt === abandoned)
      equal(
        heard.filter(({ type }) => type !== 'local-signal'),
        [],
        'events of the abandoned attempt',
      )
      equal(
        near.call((transport) => transport.stats().opening),
        0,
        'attempts left',
      )
    },
  },
  {
    title: 'calls that name what is unknown or over do nothing',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const pair = await link(near, far)
      const before = near.events.length
      near.call((transport) => {
        transport.send(999, 'control', patterned(10))
        transport.watch(999, 100, 300)
        transport.close(999, 'left', true)
        transport.abandon(newAttempt())
        transport.applySignal(newAttempt(), patterned(10))
      })
      const info = await near.call((transport) => transport.pathInfo(999))
      equal(info, { localCandidate: 'unknown', remoteCandidate: 'unknown', roundTripMs: null }, 'path')
      await roundTrip(near, far, pair)
      const kinds = near.events.slice(before).map(({ type }) => type)
      equal(
        kinds.filter((type) => type !== 'received' && type !== 'writable'),
        [],
        'further events',
      )
    },
  },
]
