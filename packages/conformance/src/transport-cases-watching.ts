// Liveness: keep-alives only where a link is idle, silence said once, and again after it was broken.

import { check, equal } from './assert.ts'
import { link, patterned, roundTrip } from './transport-end.ts'
import type { TransportCase } from './transport-suite.ts'

/** Milliseconds: short enough for a test, long beside the delays of a loaded machine. */
const KEEPALIVE_MS = 60
const SILENCE_MS = 600

export const watchingCases: readonly TransportCase[] = [
  {
    title: 'a link whose other end keeps watch is never silent, and keep-alives are not delivered',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const [watched, unwatched] = [await link(near, far), await link(near, far)]
      far.call((transport) => transport.watch(watched.accepted, KEEPALIVE_MS, SILENCE_MS * 10))
      for (const { dialed } of [watched, unwatched])
        near.call((transport) => transport.watch(dialed, KEEPALIVE_MS, SILENCE_MS))
      // The far end keeps no watch over the second link: its silence is our clock.
      for (let i = 0; i < 2; i++) {
        const { link: silent } = await near.next('silent')
        equal(silent, unwatched.dialed, 'the link that is silent')
        far.send(unwatched.accepted, 'control', patterned(5))
      }
      await roundTrip(near, far, watched)
      equal(near.received(watched.dialed, 'control').length, 1, 'messages over the watched link')
      check(far.heard('silent').length === 0, 'the far end hears keep-alives')
    },
  },
  {
    title: 'silence is said once, and again only after something came',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const { dialed, accepted } = await link(near, far)
      near.call((transport) => transport.watch(dialed, KEEPALIVE_MS, SILENCE_MS / 2))
      await near.next('silent')
      const other = await link(near, far)
      near.call((transport) => transport.watch(other.dialed, KEEPALIVE_MS, SILENCE_MS))
      await near.next('silent', (event) => event.link === other.dialed)
      equal(
        near.heard('silent').map((event) => event.link),
        [dialed, other.dialed],
        'silences',
      )
      far.send(accepted, 'bulk', patterned(5))
      await near.next('silent', (event) => event.link === dialed)
      equal(near.heard('closed'), [], 'links closed by silence')
    },
  },
  {
    title: 'a message that looks almost like a keep-alive is delivered',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const { dialed, accepted } = await link(near, far)
      const lookalikes = [[0], [0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0, 0]]
      for (const bytes of lookalikes) near.send(dialed, 'control', Uint8Array.from(bytes))
      near.send(dialed, 'bulk', new Uint8Array(4))
      const got = await far.receives(accepted, 'control', lookalikes.length)
      equal(
        got.map((bytes) => Array.from(bytes)),
        lookalikes,
        'control',
      )
      equal(
        (await far.receives(accepted, 'bulk', 1)).map(({ length }) => length),
        [4],
        'bulk',
      )
    },
  },
]
