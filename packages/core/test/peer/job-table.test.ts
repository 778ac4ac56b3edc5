import { describe, expect, it } from 'vitest'
import type { Effect, JobId } from '../../src/contract.ts'
import type { PeerId } from '../../src/identity/peer-id.ts'
import { JOBS_PER_LINK_MAX, JOBS_WAITING_PER_LINK_MAX } from '../../src/limits.ts'
import { JobTable } from '../../src/peer/job-table.ts'

const [one, other] = ['aa', 'bb'] as PeerId[] as [PeerId, PeerId]

function setUp() {
  const out: Effect[] = []
  const jobs = new JobTable<'links'>()
  const begin = (cause: PeerId | null, token = 'token') =>
    jobs.begin(
      { machine: 'links', token },
      cause,
      (job) => ({ type: 'sign', job, bytes: new Uint8Array(0) }),
      out,
    )
  const started = (): JobId[] => out.flatMap((effect) => (effect.type === 'sign' ? [effect.job] : []))
  return { out, jobs, begin, started }
}

describe('jobs', () => {
  it('have numbers of their own, and end once', () => {
    const { jobs, begin, started, out } = setUp()
    for (const token of ['a', 'b', 'c']) begin(null, token)
    const [first, second, third] = started() as [JobId, JobId, JobId]
    expect(jobs.end(second, out)).toMatchObject({ machine: 'links', token: 'b' })
    expect(jobs.end(second, out)).toBeNull()
    expect(jobs.end(first + third + 100, out)).toBeNull()
    expect(jobs.size).toBe(2)
  })

  it('[LK-16] of one link run 64 at a time; 512 wait for their turn, and beyond that they are dropped and counted', () => {
    const { jobs, begin, started, out } = setUp()
    const taken = Array.from({ length: 1_000 }, (_, index) => begin(one, `${index}`)).filter(Boolean).length
    expect(taken).toBe(JOBS_PER_LINK_MAX + JOBS_WAITING_PER_LINK_MAX)
    expect([JOBS_PER_LINK_MAX, JOBS_WAITING_PER_LINK_MAX, jobs.waiting]).toEqual([64, 512, 512])
    expect([started().length, jobs.size, jobs.dropped]).toEqual([
      JOBS_PER_LINK_MAX,
      JOBS_PER_LINK_MAX,
      1_000 - taken,
    ])
    const tokens: (string | undefined)[] = []
    for (let i = 0; i < taken; i++) tokens.push(jobs.end(started()[i] as JobId, out)?.token)
    expect(tokens).toEqual(Array.from({ length: taken }, (_, index) => `${index}`))
    expect([jobs.size, jobs.waiting]).toEqual([0, 0])
    expect(begin(one)).toBe(true)
  })

  it('[LK-16] of one link do not keep those of others waiting, nor our own', () => {
    const { begin, started } = setUp()
    for (let i = 0; i < 1_000; i++) begin(one)
    const before = started().length
    for (const cause of [other, null]) expect(begin(cause)).toBe(true)
    expect(started().length).toBe(before + 2)
    for (let i = 0; i < 1_000; i++) begin(null)
    expect(started().length).toBe(before + 1_002)
  })

  it('[LK-16] that never come back keep no more than their share', () => {
    const { jobs, begin } = setUp()
    for (let i = 0; i < 10_000; i++) begin(one)
    expect(jobs.size).toBe(JOBS_PER_LINK_MAX)
  })
})
