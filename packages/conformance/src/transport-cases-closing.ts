// How links end: once, on both ends, and with what was sent before where that was asked for.

import { check, equal } from './assert.ts'
import { isPatterned, link, patterned, roundTrip } from './transport-end.ts'
import type { TransportCase } from './transport-suite.ts'

/** 3 MB: more than any stack keeps between its send queue and the wire. */
const FLUSHED_MESSAGES = 12
const FLUSHED_BYTES = 256 * 1024

export const closingCases: readonly TransportCase[] = [
  {
    title: 'closed comes once on both ends, whoever closed, with our own reason',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const [first, second] = [await link(near, far), await link(near, far)]
      near.close(first.dialed, { flush: false })
      near.close(first.dialed, { flush: false })
      equal((await near.next('closed')).reason, 'left', 'reason here')
      const there = await far.next('closed')
      equal(there.link, first.accepted, 'link there')
      check(there.reason !== '' && there.reason !== 'left', 'the other end has a reason of its own')
      far.close(second.accepted, { flush: true })
      near.close(second.dialed, { flush: true })
      await Promise.all([near.next('closed'), far.next('closed')])
      equal(
        [near, far].map((end) => end.heard('closed').length),
        [2, 2],
        'links closed',
      )
    },
  },
  {
    title: 'nothing but closed follows a close',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const [closing, other] = [await link(near, far), await link(near, far)]
      for (let i = 0; i < 50; i++) far.send(closing.accepted, 'control', patterned(10, i))
      near.close(closing.dialed, { flush: true })
      const before = near.events.length
      near.send(closing.dialed, 'control', patterned(10))
      await near.next('closed')
      await roundTrip(near, far, other)
      const after = near.events
        .slice(before)
        .filter((event) => 'link' in event && event.link === closing.dialed)
      equal(
        after.map(({ type }) => type),
        ['closed'],
        'events of the closed link',
      )
    },
  },
  {
    title: 'a flushing close delivers 3 MB of queued bulk and the last control message',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const { dialed, accepted } = await link(near, far)
      for (let i = 0; i < FLUSHED_MESSAGES; i++) near.send(dialed, 'bulk', patterned(FLUSHED_BYTES, i))
      near.send(dialed, 'control', patterned(100, 1))
      near.close(dialed, { flush: true })
      await Promise.all([near.next('closed'), far.next('closed')])
      const bulk = far.received(accepted, 'bulk')
      equal(bulk.length, FLUSHED_MESSAGES, 'bulk messages')
      const seeds = bulk.map((bytes) => seedOf(bytes))
      check(
        bulk.every((bytes, i) => isPatterned(bytes, seeds[i])),
        'bulk messages are whole',
      )
      equal(new Set(seeds).size, FLUSHED_MESSAGES, 'every message once')
      equal(far.received(accepted, 'control').length, 1, 'control messages')
    },
  },
  {
    title: 'destroy ends every link and attempt, twice is as once, and the other ends hear it',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      for (let i = 0; i < 3; i++) await link(near, far)
      near.destroy()
      near.destroy()
      for (const end of [near, far]) for (let i = 0; i < 3; i++) await end.next('closed')
      const { opening, open } = near.call((transport) => transport.stats())
      equal({ opening, open }, { opening: 0, open: 0 }, 'stats')
    },
  },
  {
    title: 'a link can be made again after it was closed, under a number of its own',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const first = await link(near, far)
      near.close(first.dialed, { flush: true })
      await Promise.all([near.next('closed'), far.next('closed')])
      const second = await link(far, near)
      await roundTrip(far, near, second)
      check(
        second.accepted !== first.dialed && second.dialed !== first.accepted,
        'numbers are not used again',
      )
    },
  },
]

/** For places that can crash. */
export const crashCases: readonly TransportCase[] = [
  {
    title: 'the crash of the other end is heard as silence, once per link',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const pairs = [await link(near, far), await link(near, far), await link(far, near)]
      for (const [index, { dialed, accepted }] of pairs.entries()) {
        const [here, there] = index < 2 ? [dialed, accepted] : [accepted, dialed]
        near.call((transport) => transport.watch(here, 200, 1_000))
        far.call((transport) => transport.watch(there, 200, 1_000))
      }
      await Promise.all(pairs.slice(0, 2).map((pair) => roundTrip(near, far, pair)))
      equal(near.heard('silent'), [], 'silences before the crash')
      await table.crashFar()
      for (let i = 0; i < pairs.length; i++) await near.next('silent')
      equal(new Set(near.heard('silent').map((event) => event.link)).size, pairs.length, 'silent links')
    },
  },
]

/** Which of the patterns of this case a message begins with. */
function seedOf(bytes: Uint8Array): number {
  for (let seed = 0; seed < FLUSHED_MESSAGES; seed++) if (bytes[0] === patterned(1, seed)[0]) return seed
  return -1
}
