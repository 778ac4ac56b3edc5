import { ManualClock } from '@hyphae/conformance'
import { describe, expect, it } from 'vitest'
import { isKeepalive, LinkWatch } from '../src/link-watch.ts'
import { SharedTimer } from '../src/shared-timer.ts'

describe('watching a link', () => {
  it('sends a keep-alive when nothing else went out, and not otherwise', () => {
    const { clock, watch, said } = newWatch()
    watch.start(1_000, 100_000)
    clock.advance(900)
    watch.noteSent(clock.now())
    clock.advance(999)
    expect(said).toEqual([])
    clock.advance(1)
    expect(said).toEqual(['keepalive'])
    clock.advance(3_000)
    expect(said).toHaveLength(4)
  })

  it('says silent once, and again only after something came', () => {
    const { clock, watch, said } = newWatch()
    watch.start(100_000, 3_000)
    clock.advance(2_999)
    expect(said).toEqual([])
    clock.advance(10_000)
    expect(said).toEqual(['silent'])
    watch.noteReceived(clock.now())
    clock.advance(3_000)
    expect(said).toEqual(['silent', 'silent'])
  })

  it('is not silent while messages come', () => {
    const { clock, watch, said } = newWatch()
    watch.start(100_000, 3_000)
    for (let i = 0; i < 20; i++) {
      clock.advance(2_900)
      watch.noteReceived(clock.now())
    }
    expect(said).toEqual([])
  })

  it('can be given other times, and stops', () => {
    const { clock, watch, said } = newWatch()
    watch.start(100_000, 3_000)
    watch.start(100_000, 500)
    clock.advance(500)
    expect(said).toEqual(['silent'])
    watch.start(100, 500)
    watch.stop()
    clock.advance(10_000)
    expect(said).toEqual(['silent'])
  })

  it('a machine that slept does not take its neighbours for dead', () => {
    const { clock, watch, said } = newWatch()
    watch.start(1_000, 3_000)
    clock.advance(1_500)
    watch.noteReceived(clock.now())
    clock.stall(3_600_000)
    clock.advance(0)
    expect(said).not.toContain('silent')
    // What is left of the silence counts on: two stalls do not make a dead neighbour immortal.
    clock.advance(4_000)
    expect(said).toContain('silent')
  })

  it('a page throttled to one wake a second finds out in time that all neighbours are gone', () => {
    const clock = new ManualClock()
    const watches: LinkWatch[] = []
    const timer = new SharedTimer(clock, (stalledMs) => {
      for (const watch of watches) watch.extend(stalledMs)
    })
    const silentAfter: number[] = []
    const begun = clock.now()
    for (let i = 0; i < 40; i++) {
      const silent = () => silentAfter.push(clock.now() - begun)
      const watch = new LinkWatch(timer, { keepalive: () => undefined, silent })
      watch.start(2_500 - i * 50, 7_500)
      watches.push(watch)
    }
    for (let second = 0; second < 12; second++) {
      clock.stall(1_000)
      clock.advance(0)
    }
    expect(silentAfter).toHaveLength(40)
    expect(Math.max(...silentAfter)).toBeLessThanOrEqual(9_000)
  })
})

describe('a keep-alive', () => {
  it('[WR-10] is four zero bytes and nothing else', () => {
    expect(isKeepalive(new Uint8Array(4))).toBe(true)
    for (const bytes of [[], [0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 1]])
      expect(isKeepalive(Uint8Array.from(bytes))).toBe(false)
  })
})

function newWatch() {
  const clock = new ManualClock()
  const said: string[] = []
  let watch: LinkWatch | null = null
  const timer = new SharedTimer(clock, (stalledMs) => watch?.extend(stalledMs))
  watch = new LinkWatch(timer, { keepalive: () => said.push('keepalive'), silent: () => said.push('silent') })
  return { clock, watch, said }
}
