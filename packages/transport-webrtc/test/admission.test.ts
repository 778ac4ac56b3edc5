import { ManualClock } from '@hyphae/conformance'
import { describe, expect, it } from 'vitest'
import { Admission, type Applicant } from '../src/admission.ts'
import {
  ACCEPTS_WAITING_MAX,
  CONNECTIONS_MAX,
  CONSTRUCTION_BURST,
  CONSTRUCTIONS_PER_SECOND,
  DIALS_WAITING_MAX,
} from '../src/limits.ts'
import { SharedTimer } from '../src/shared-timer.ts'

describe('admission', () => {
  it('opens so many at once, accepts before dials, and the next when one leaves', async () => {
    const { admission, apply, said } = newAdmission({ openingMax: 2 })
    const dials = ['a', 'b', 'c'].map((name) => apply('dialer', name))
    apply('listener', 'd')
    await turn()
    expect(said).toEqual(['d', 'a'])
    admission.leave(dials[0] as Applicant)
    await turn()
    expect(said).toEqual(['d', 'a', 'b'])
  })

  it('never decides before it returns', () => {
    const { apply, said } = newAdmission({ openingMax: 2 })
    for (let i = 0; i < DIALS_WAITING_MAX + 1; i++) apply('dialer', String(i))
    expect(said).toEqual([])
  })

  it('lets so many wait, and refuses further ones', async () => {
    for (const [role, most] of [
      ['dialer', DIALS_WAITING_MAX] as const,
      ['listener', ACCEPTS_WAITING_MAX] as const,
    ]) {
      const { apply, said } = newAdmission({ openingMax: 1 })
      apply(role, 'opening')
      await turn()
      for (let i = 0; i <= most; i++) apply(role, String(i))
      await turn()
      expect(said).toEqual(['opening', `${most} refused: ${most} attempts wait already`])
    }
  })

  it('forgets who leaves while waiting', async () => {
    const { admission, apply, said } = newAdmission({ openingMax: 1 })
    const [first, second] = [apply('dialer', 'a'), apply('dialer', 'b')]
    apply('dialer', 'c')
    admission.leave(second)
    await turn()
    admission.leave(first)
    await turn()
    expect(said).toEqual(['a', 'c'])
  })

  it('makes no more connections than its rate, in the long run', async () => {
    const { clock, apply, said } = newAdmission({ openingMax: 1_000 })
    for (let i = 0; i < CONSTRUCTION_BURST + 10; i++) {
      apply('dialer', String(i))
      await turn()
    }
    expect(said).toHaveLength(CONSTRUCTION_BURST)
    clock.advance(1_000)
    expect(said).toHaveLength(CONSTRUCTION_BURST + CONSTRUCTIONS_PER_SECOND)
  })

  it('makes none while as many are not freed as the browser bears', async () => {
    const { admission, apply, said } = newAdmission({ openingMax: 10 })
    for (let i = 0; i < CONNECTIONS_MAX; i++) admission.noteConstructed({})
    apply('dialer', 'a')
    await turn()
    expect(said).toEqual([`a refused: ${CONNECTIONS_MAX} connections are not yet freed by the browser`])
    admission.noteClosed()
    apply('dialer', 'b')
    await turn()
    expect(said.at(-1)).toBe('b')
  })
})

function newAdmission({ openingMax }: { openingMax: number }) {
  const clock = new ManualClock()
  const said: string[] = []
  const timer = new SharedTimer(clock, () => undefined)
  const admission = new Admission({ openingMax, isFreedOnClose: true, timer })
  const apply = (role: Applicant['role'], name: string): Applicant => {
    const applicant = {
      role,
      admitted: () => void said.push(name),
      refused: (detail: string) => void said.push(`${name} refused: ${detail}`),
    }
    admission.apply(applicant)
    return applicant
  }
  return { admission, clock, apply, said }
}

/** Lets pending microtasks run. */
function turn(): Promise<void> {
  return Promise.resolve()
}
