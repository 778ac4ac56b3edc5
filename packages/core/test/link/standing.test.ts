import { describe, expect, it } from 'vitest'
import type { Offence } from '../../src/errors.ts'
import type { PeerId } from '../../src/identity/peer-id.ts'
import { BAN_MS, REMEMBERED_PEERS_MAX, SCORE_PER_MINUTE, SCORE_START } from '../../src/limits.ts'
import { Standing } from '../../src/link/standing.ts'

const NOW = 1_700_000_000_000
const MINUTE_MS = 60_000
const peer = 'aa' as PeerId

describe('standing', () => {
  it('[LK13] every offence costs something, and forgery costs most', () => {
    const costs = Object.fromEntries(
      (
        [
          'malformed-frame',
          'unknown-type',
          'before-proof',
          'bad-signature',
          'bad-work',
          'flood',
          'unsolicited',
          'bad-signal',
        ] satisfies Offence[]
      ).map((offence) => {
        const standing = new Standing()
        standing.punish(peer, offence, NOW)
        expect(standing.offences).toEqual({ [offence]: 1 })
        return [offence, SCORE_START - standing.scoreOf(peer, NOW)]
      }),
    )
    expect(Math.min(...Object.values(costs))).toBe(1)
    expect(Object.entries(costs).toSorted((a, b) => b[1] - a[1])[0]).toEqual(['bad-signature', 25])
  })

  it('[LK13] prunes at 50, bans at 0 for ten minutes', () => {
    const standing = new Standing()
    const verdicts = Array.from({ length: 5 }, () => standing.punish(peer, 'bad-signature', NOW))
    expect(verdicts).toEqual(['fine', 'prune', 'prune', 'ban', 'ban'])
    expect([standing.isBanned(peer, NOW), standing.isBanned(peer, NOW + BAN_MS - 1)]).toEqual([true, true])
    expect(standing.isBanned(peer, NOW + BAN_MS)).toBe(false)
    expect(standing.isBanned('bb' as PeerId, NOW)).toBe(false)
  })

  it('[LK13] the score mends with time, up to where it began, and from no lower than a ban', () => {
    const standing = new Standing()
    for (let i = 0; i < 100; i++) standing.punish(peer, 'bad-signature', NOW)
    expect(standing.scoreOf(peer, NOW)).toBe(0)
    expect(standing.scoreOf(peer, NOW + 4 * MINUTE_MS)).toBe(4 * SCORE_PER_MINUTE)
    expect(standing.scoreOf(peer, NOW + 24 * 60 * MINUTE_MS)).toBe(SCORE_START)
  })

  it('[LK13] remembers a bounded number of peers, those that offended last', () => {
    const standing = new Standing()
    for (let i = 0; i < 3 * REMEMBERED_PEERS_MAX; i++) {
      standing.punish(`peer ${i}` as PeerId, 'malformed-frame', NOW + i)
      standing.punish(peer, 'unsolicited', NOW + i)
    }
    expect(standing.size).toBe(REMEMBERED_PEERS_MAX)
    expect(standing.scoreOf(peer, NOW + 3 * REMEMBERED_PEERS_MAX)).toBeLessThan(SCORE_START)
    expect(standing.scoreOf('peer 0' as PeerId, NOW)).toBe(SCORE_START)
  })

  it('[LK13] what nobody in particular did is only counted', () => {
    const standing = new Standing()
    for (let i = 0; i < 100; i++) expect(standing.punish(null, 'bad-signature', NOW)).toBe('fine')
    expect([standing.size, standing.offences]).toEqual([0, { 'bad-signature': 100 }])
  })
})
