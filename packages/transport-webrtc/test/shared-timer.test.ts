import { ManualClock } from '@hyphae/conformance'
import { describe, expect, it } from 'vitest'
import { SharedTimer } from '../src/shared-timer.ts'

describe('the shared timer', () => {
  it('rings each alarm once, in time, with one wake of the clock', () => {
    const { clock, timer, at } = newTimer()
    const rung: string[] = []
    const [a, b] = ['a', 'b'].map((name) => timer.alarm(() => rung.push(`${name} ${clock.now() - at}`)))
    a?.set(at + 20)
    b?.set(at + 10)
    clock.advance(30)
    expect(rung).toEqual(['b 10', 'a 20'])
    clock.advance(1_000)
    expect([rung.length, clock.pending]).toEqual([2, 0])
  })

  it('does not ring what was cleared, moved or never set', () => {
    const { clock, timer, at } = newTimer()
    let rung = 0
    const alarms = Array.from({ length: 3 }, () => timer.alarm(() => rung++))
    alarms[0]?.set(at + 10)
    alarms[0]?.clear()
    alarms[1]?.set(at + 10)
    alarms[1]?.postpone(100)
    alarms[2]?.set(Number.POSITIVE_INFINITY)
    clock.advance(50)
    expect(rung).toBe(0)
    clock.advance(60)
    expect(rung).toBe(1)
  })

  it('an alarm may set itself and others while it rings', () => {
    const { clock, timer, at } = newTimer()
    const rung: number[] = []
    const other = timer.alarm(() => rung.push(-1))
    const own = timer.alarm(() => {
      rung.push(clock.now() - at)
      if (rung.length < 3) own.set(clock.now() + 10)
      other.clear()
    })
    own.set(at + 10)
    other.set(at + 25)
    clock.advance(100)
    expect(rung).toEqual([10, 20, 30])
  })

  it('a late wake is a stall, said before anything rings', () => {
    const { clock, timer, at, said } = newTimer()
    timer.alarm(() => said.push('ring')).set(at + 100)
    clock.stall(5_100)
    clock.advance(0)
    expect(said).toEqual([5_000, 'ring'])
  })

  it('a message that comes first after a stall tells of it as well, and only once', () => {
    const { clock, timer, at, said } = newTimer()
    timer.alarm(() => said.push('ring')).set(at + 100)
    clock.stall(5_100)
    timer.noteRunning()
    clock.advance(0)
    expect(said).toEqual([5_000, 'ring'])
  })

  it('a throttled page that handles messages is not stalled', () => {
    const { clock, timer, at, said } = newTimer()
    timer.alarm(() => said.push('ring')).set(at + 10)
    for (let i = 0; i < 10; i++) {
      clock.stall(100)
      timer.noteRunning()
    }
    clock.advance(0)
    expect(said).toEqual(['ring'])
  })

  it('the noise of a loaded machine is no stall', () => {
    const { clock, timer, at, said } = newTimer()
    timer.alarm(() => said.push('ring')).set(at + 10)
    clock.stall(10 + 249)
    clock.advance(0)
    expect(said).toEqual(['ring'])
  })

  it('after a stall, patient alarms ring together, seldom enough for a throttled page', () => {
    const { clock, timer, at, said } = newTimer()
    timer.alarm(() => undefined).set(at + 10)
    clock.stall(1_000)
    clock.advance(0)
    const since = clock.now()
    const rung: number[] = []
    for (const ms of [10, 400, 899, 950, 2_500]) {
      const patient = timer.alarm(() => rung.push(clock.now() - since), { isPatient: true })
      patient.set(since + ms)
    }
    clock.advance(10_000)
    expect(said).toEqual([990])
    expect(rung).toEqual([900, 900, 900, 900, 2_500])
    expect(timer.slackMs).toBeGreaterThan(0)
    clock.advance(30_000)
    expect(timer.slackMs).toBe(0)
  })
})

/** `said` collects stalls, in milliseconds, and whatever a test adds. */
function newTimer() {
  const clock = new ManualClock()
  const said: unknown[] = []
  const timer = new SharedTimer(clock, (stalledMs) => said.push(stalledMs))
  return { clock, timer, said, at: clock.now() }
}
