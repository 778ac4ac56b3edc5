// What becomes of messages: whole, in order on control, nobody else's, and refused where they are too large.

import { check, equal } from './assert.ts'
import { isPatterned, link, patterned, roundTrip } from './transport-end.ts'
import type { TransportCase } from './transport-suite.ts'

const CONTROL_BYTES_MAX = 16 * 1024
const BULK_BYTES_MAX = 256 * 1024

export const sendingCases: readonly TransportCase[] = [
  {
    title: 'control messages arrive whole and in order, in both directions at once',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const { dialed, accepted } = await link(near, far)
      for (let i = 0; i < 200; i++) {
        near.send(dialed, 'control', patterned(1 + i * 7, i))
        far.send(accepted, 'control', patterned(5 + i * 3, i))
      }
      const [there, here] = await Promise.all([
        far.receives(accepted, 'control', 200),
        near.receives(dialed, 'control', 200),
      ])
      equal(
        there.map(({ length }) => length),
        Array.from({ length: 200 }, (_, i) => 1 + i * 7),
        'there',
      )
      equal(
        here.map(({ length }) => length),
        Array.from({ length: 200 }, (_, i) => 5 + i * 3),
        'here',
      )
      check(
        there.every((bytes, i) => isPatterned(bytes, i)),
        'bytes there',
      )
      check(
        here.every((bytes, i) => isPatterned(bytes, i)),
        'bytes here',
      )
    },
  },
  {
    title: 'the largest messages of both channels arrive whole',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const { dialed, accepted } = await link(near, far)
      const bulkBytes = near.heard('opened')[0]?.bulkBytesMax ?? 0
      near.send(dialed, 'control', patterned(CONTROL_BYTES_MAX, 1))
      near.send(dialed, 'bulk', patterned(bulkBytes, 2))
      const [control] = await far.receives(accepted, 'control', 1)
      const [bulk] = await far.receives(accepted, 'bulk', 1)
      check(control?.length === CONTROL_BYTES_MAX && isPatterned(control, 1), 'the control message')
      check(bulk?.length === bulkBytes && isPatterned(bulk, 2), 'the bulk message')
    },
  },
  {
    title: 'a message that is empty or too large is refused with a warning, and the link goes on',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const pair = await link(near, far)
      near.send(pair.dialed, 'control', patterned(CONTROL_BYTES_MAX + 1))
      near.send(pair.dialed, 'bulk', patterned(BULK_BYTES_MAX + 1))
      near.send(pair.dialed, 'control', new Uint8Array())
      for (let i = 0; i < 3; i++) {
        const { code, link: number } = await near.next('warning')
        equal([code, number], ['message-refused', pair.dialed], 'warning')
      }
      await roundTrip(near, far, pair)
      equal(far.heard('received').length, 1, 'messages that arrived')
    },
  },
  {
    title: 'received bytes belong to the receiver',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const pairs = [await link(near, far), await link(near, far)]
      const message = patterned(1_000, 3)
      for (const { dialed } of pairs) near.send(dialed, 'control', message)
      const first = await far.receives(pairs[0]?.accepted ?? 0, 'control', 1)
      first[0]?.fill(0)
      const second = await far.receives(pairs[1]?.accepted ?? 0, 'control', 1)
      check(second[0] !== undefined && isPatterned(second[0], 3), 'the other receiver has its own bytes')
      check(isPatterned(message, 3), 'the sender has its own bytes')
    },
  },
  {
    title: 'a view into a larger buffer is sent alone',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const { dialed, accepted } = await link(near, far)
      const buffer = patterned(1_000)
      for (const channel of ['control', 'bulk'] as const) {
        near.send(dialed, channel, buffer.subarray(100, 110))
        const [got] = await far.receives(accepted, channel, 1)
        equal(got, buffer.slice(100, 110), channel)
      }
    },
  },
  {
    title: '2 MB of bulk do not hold up control, and room is announced again',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const { dialed, accepted } = await link(near, far)
      await near.next('writable', ({ channel }) => channel === 'bulk')
      // Made before: else the stack would keep up with the making.
      const messages = Array.from({ length: 32 }, (_, i) => patterned(64 * 1024, i))
      for (const message of messages) near.send(dialed, 'bulk', message)
      near.send(dialed, 'control', patterned(10))
      await far.receives(accepted, 'control', 1)
      const all = await far.receives(accepted, 'bulk', 32)
      const order = far.heard('received').map(({ channel }) => channel)
      check(order.indexOf('control') < order.lastIndexOf('bulk'), 'control comes before the last of bulk')
      equal(new Set(all.map((bytes) => bytes[0])).size, 32, 'different messages')
      await near.next('writable', ({ channel, roomBytes }) => channel === 'bulk' && roomBytes > 0)
    },
  },
]
