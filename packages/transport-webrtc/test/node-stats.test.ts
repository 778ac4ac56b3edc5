import { expect, it } from 'vitest'
import { inSeconds } from '../src/node/stats.ts'
import { pathIn } from '../src/path.ts'

it.each([
  [12, 12],
  [0, 0],
  [-1, null],
  [undefined, null],
])('a round trip that libdatachannel gives as %s is one of %s ms', (given, roundTripMs) => {
  const pair = { type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: given }
  const reports = new Map([['pair', { ...pair, totalRoundTripTime: given }]])
  const path = pathIn(
    inSeconds(reports as unknown as RTCStatsReport) as unknown as Parameters<typeof pathIn>[0],
  )
  expect(path.roundTripMs).toBe(roundTripMs)
})
