// What remotes may do with signals: nothing that harms a link.

import { check, equal } from './assert.ts'
import { link, newAttempt, patterned, roundTrip, type TransportEnd } from './transport-end.ts'
import type { TransportCase } from './transport-suite.ts'

/** Signals that no transport makes. */
const MALFORMED: readonly Uint8Array[] = [
  new Uint8Array(),
  patterned(300),
  text('{}'),
  text('null'),
  text('[]'),
  text('"offer"'),
  text('{"offer":17}'),
  text('{"answer":{}}'),
  text('{"offer":"v=0"}'),
  text('{"candidates":[17]}'),
  text('{"candidates":"candidate:1 1 udp 1 192.0.2.1 9 typ host"}'),
  text('{"renegotiate":true}'),
  text('{"transceiverRequest":{"kind":"video"}}'),
  text(`{"offer":"${'a'.repeat(20_000)}"}`),
]

export const signalCases: readonly TransportCase[] = [
  {
    title: 'a malformed offer fails the attempt with stage signaling',
    async run(table) {
      const near = await table.near()
      for (const offer of MALFORMED) {
        const attempt = newAttempt()
        near.call((transport) => transport.accept(attempt, offer, { gatherFirst: false }))
        const failed = await near.next('failed', (event) => event.attempt === attempt)
        equal(failed.stage, 'signaling', 'stage')
        check(failed.detail !== '', 'a failure says what went wrong')
      }
      equal(
        near.call((transport) => transport.stats().constructions),
        0,
        'connections made for them',
      )
      equal(near.heard('local-signal'), [], 'answers to malformed offers')
    },
  },
  {
    title: 'malformed signals do not harm an open link, and are counted',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const pair = await link(near, far)
      const attempt = attemptOf(near)
      const before = refused(near)
      for (const bytes of MALFORMED) near.call((transport) => transport.applySignal(attempt, bytes))
      await roundTrip(near, far, pair)
      equal(refused(near) - before, MALFORMED.length, 'signals counted as refused')
    },
  },
  {
    title: 'malformed signals between offer and answer do not harm an attempt',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const attempt = newAttempt()
      near.carry(
        attempt,
        once((offer) => {
          far.call((transport) => transport.accept(attempt, offer, { gatherFirst: true }))
        }),
      )
      far.carry(attempt, (answer) => {
        for (const bytes of [...MALFORMED.filter((bytes) => !announcesAnswer(bytes)), answer])
          near.call((transport) => transport.applySignal(attempt, bytes))
      })
      near.call((transport) => transport.dial(attempt, { gatherFirst: true }))
      const [here, there] = await Promise.all([near.next('opened'), far.next('opened')])
      await roundTrip(near, far, { dialed: here.link, accepted: there.link })
    },
  },
  {
    title: 'replayed offers and answers do not harm an open link',
    async run(table) {
      const [near, far] = [await table.near(), await table.far()]
      const pair = await link(near, far)
      const attempt = attemptOf(near)
      const signals = [near, far].flatMap((end) => end.heard('local-signal').map(({ bytes }) => bytes))
      for (const end of [near, far])
        for (const bytes of signals) end.call((transport) => transport.applySignal(attempt, bytes))
      const offer = near.heard('local-signal')[0]?.bytes ?? new Uint8Array()
      far.call((transport) => transport.accept(attempt, offer, { gatherFirst: false }))
      await roundTrip(near, far, pair)
      equal(
        [near, far].map((end) => end.heard('opened').length),
        [1, 1],
        'links opened',
      )
      check(refused(near) > 0, 'replayed signals are counted')
    },
  },
]

function attemptOf(end: TransportEnd) {
  const opened = end.heard('opened')[0]
  check(opened !== undefined, 'a link is open')
  return opened.attempt
}

function refused(end: TransportEnd): number {
  return end.call((transport) => transport.stats().refusedSignals)
}

/** Such a one ends an attempt that waits for the answer. */
function announcesAnswer(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes).startsWith('{"answer"')
}

function once(action: (bytes: Uint8Array) => void): (bytes: Uint8Array) => void {
  let isDone = false
  return (bytes) => {
    if (isDone) return
    isDone = true
    action(bytes)
  }
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}
