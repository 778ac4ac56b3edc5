import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../gossip/seeded.ts'
import { GlareBench } from './glare-bench.ts'
import { contactsInOrder } from './stand-ins.ts'

type Pair = ConstructorParameters<typeof GlareBench>[0]
const contacts = contactsInOrder(2) as unknown as Pair

/** Both want each other, at moments that `choose` decides as well. */
function meet(bench: GlareBench, choose: (count: number) => number): void {
  const wants = bench.nodes.map((node) => ({ lane: 'want', run: () => bench.want(node) }))
  for (;;) {
    const steps = [...wants, ...bench.steps()]
    if (steps.length === 0) return
    const step = steps[choose(steps.length)]!
    const want = wants.indexOf(step)
    if (want < 0) bench.take(step)
    else wants.splice(want, 1)[0]?.run()
  }
}

function expectOneLink(bench: GlareBench): void {
  const [one, two] = bench.nodes
  expect(bench.linkOf(one)).not.toBeNull()
  expect(bench.linkOf(two)).toBe(bench.linkOf(one))
  for (const { dialer, links, joins } of bench.nodes) {
    expect(links.tables()).toMatchObject({ spareLinks: 0 })
    expect(links.size).toBe(1)
    expect(dialer.tables()).toMatchObject({ attempts: 0, boxes: 0, signalOperations: 0 })
    expect(joins).toMatch(/^\+(-\+)*$/)
  }
}

/** Runs `play` for every sequence of its first `depth` choices among more than one; says how many there were. */
function everyOrder(depth: number, play: (choose: (count: number) => number) => void): number {
  const path: { choice: number; count: number }[] = []
  for (let runs = 1; ; runs++) {
    let at = 0
    play((count) => {
      if (count === 1 || at >= depth) return 0
      if (path.length === at) path.push({ choice: 0, count })
      return path[at++]!.choice
    })
    while (path.length > 0 && path.at(-1)!.choice + 1 >= path.at(-1)!.count) path.pop()
    const last = path.at(-1)
    if (last === undefined) return runs
    last.choice += 1
  }
}

describe('both dial each other at once', () => {
  it('[LK11] one link results in every order of the first events', () => {
    const constructions = new Set<number>()
    const runs = everyOrder(15, (choose) => {
      const bench = new GlareBench(contacts, { jobsAtOnce: true })
      meet(bench, choose)
      expectOneLink(bench)
      constructions.add(bench.constructions)
    })
    expect(runs).toBeGreaterThan(2_000)
    // Two per link, and one for a dial that gave way.
    expect([...constructions].sort()).toEqual([2, 3])
  })

  it('[LK11] one link results where jobs take their time, in 2,000 orders by chance', () => {
    for (let seed = 1; seed <= 2_000; seed++) {
      const random = new SeededRandom(seed)
      const bench = new GlareBench(contacts, { jobsAtOnce: false })
      meet(bench, (count) => random.below(count))
      expectOneLink(bench)
    }
  })
})
