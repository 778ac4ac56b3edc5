import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMON_OPTIONS, COMPARISONS, SCENARIOS } from '../../packages/simulator/src/index.ts'
import { root } from '../process.mjs'
import { type Data, figureAt, lastObject, merged, type Printed, type Run, readAll, written } from './data.mjs'
import { logFit } from './fit.mjs'
import { MEASUREMENTS, measurementNamed } from './measurements.mjs'
import { formatted, roundedUp } from './numbers.mjs'
import { rendered } from './page.mjs'
import { apart, ticks } from './svg.mjs'
import { TARGETS } from './targets.mjs'
import { judged, worstOf } from './verdicts.mjs'

const MACHINE = { cpu: 'a processor', cores: 2, memoryGiB: 8, node: 'v20.19.0' }

function run(command: string, seed: number, result: Printed | null, rest: Partial<Run> = {}): Run {
  const date = '2026-01-02T03:04:05.000Z'
  return {
    command: `npm run --silent sim -- ${command} --seed ${seed} --json`,
    seed,
    date,
    exitCode: 0,
    result,
    ...rest,
  }
}

function data(name: string, runs: Run[], rest: Partial<Data> = {}): Data {
  const date = '2026-01-02T03:04:05.000Z'
  return {
    name,
    simulated: true,
    commit: 'abc',
    dirty: false,
    machine: MACHINE,
    date,
    commands: [],
    runs,
    ...rest,
  }
}

/** 101 percentiles that grow evenly. */
const distribution = (most: number) => Array.from({ length: 101 }, (_, percent) => 1 + (percent * most) / 100)

function getRun(peers: number, seed: number, getMeanMs: number): Run {
  const figures = { getMeanMs, getP99Ms: 3 * getMeanMs, getSuccess: 1, hopsMean: 1, violationCount: 0 }
  return run(`get --peers ${peers}`, seed, {
    peers,
    ...figures,
    distributions: { getMs: distribution(getMeanMs) },
  })
}

/** A cost of exactly 10 + 20·log₂ N, and a failure of two seeds. */
const FIXTURE = [
  data('get', [
    ...[128, 512, 2_048].map((peers) => getRun(peers, 1, 10 + 20 * Math.log2(peers))),
    ...[1, 2].map((seed) => getRun(2_000, seed, 150 + 60 * seed)),
    run(
      'get --peers 2000',
      3,
      { peers: 2_000, getMeanMs: 100, getSuccess: 1, violationCount: 1, violations: ['it lied'] },
      { exitCode: 1 },
    ),
  ]),
  data('mass-failure-50', [
    failure(1, { atOnceGetP99Ms: 700 }, [1, 1]),
    failure(2, { atOnceGetP99Ms: 900, atOnceGetSuccess: 0.99998 }, [0.5, 1]),
    run('mass-failure --peers 1000', 3, null, { exitCode: 134, problem: 'RangeError: too many <peers>' }),
  ]),
  data('rivals-gossip', [
    run('rivals-gossip --peers 1000', 1, {
      peers: 1_000,
      rows: [
        { rival: 'gossipsub-1.2', latencyP99Ms: 200, copiesPerDelivery: 7.1, latencyMs: distribution(200) },
        { rival: 'hyphae gossip', latencyP99Ms: 230, copiesPerDelivery: 1.04, latencyMs: distribution(230) },
      ],
    }),
  ]),
  data(
    'real-time',
    [
      {
        command: 'npm run --silent bench:rivals',
        seed: null,
        date: '',
        exitCode: 0,
        result: {
          machine: { node: 'v22.1.0' },
          hyphae: { cpuUsPerDelivery: 200 },
          libp2p: { cpuUsPerDelivery: 1_500 },
          verification: { cpuUsPerVerification: 130 },
        },
      },
    ],
    { simulated: false },
  ),
]

function failure(seed: number, figures: Printed, success: number[]): Run {
  return run('mass-failure --peers 1000', seed, {
    peers: 1_000,
    atOnceGetSuccess: 1,
    lostKeys: 0,
    ...figures,
    series: {
      getsAfterFailure: { second: [0, 1], gets: [9, 9], success, p99Ms: [null, 80] },
      atOnceDelivered: { withinMs: [0, 100], share: [0, 1] },
    },
  })
}

const targetOf = (measurement: string, figure: string) =>
  TARGETS.find((target) => target.measurements.includes(measurement) && target.figure === figure)!

describe('the fit', () => {
  test('of exact points is exact', () => {
    const points = [10, 100, 1_000, 10_000].map((n) => [n, 3 + 2 * Math.log2(n)] as const)
    const { a, b, r2 } = logFit(points)!
    expect([a, b, r2].map((value) => Math.round(value * 1e9) / 1e9)).toEqual([3, 2, 1])
  })

  test('of points about a line leaves what the line does not explain', () => {
    // By hand: x = 0, 1, 2 and y = 0, 3, 3 give b = 3/2, a = 1/2, and 3/2 of 6 is left.
    const fit = logFit([
      [1, 0],
      [2, 3],
      [4, 3],
    ])
    expect(fit?.a).toBeCloseTo(0.5)
    expect(fit?.b).toBeCloseTo(1.5)
    expect(fit?.r2).toBeCloseTo(0.75)
  })

  test('takes three sizes, and a constant is explained', () => {
    expect(
      logFit([
        [10, 1],
        [10, 2],
        [20, 3],
      ]),
    ).toBeNull()
    expect(
      logFit([
        [1, 5],
        [2, 5],
        [4, 5],
      ]),
    ).toEqual({ a: 5, b: 0, r2: 1 })
  })
})

describe('verdicts', () => {
  test('the worst is the largest of what should be small, the smallest of what should be large', () => {
    expect(worstOf([2, 5, 3], {})).toBe(5)
    expect(worstOf([0.9, 1, 0.7], { atLeast: 1 })).toBe(0.7)
    expect(worstOf([0.9, 1, 0.7], { isMoreBetter: true })).toBe(0.7)
    expect(worstOf([1, null], {})).toBeNull()
    expect(worstOf([], {})).toBeNull()
  })

  test('a target counts the runs of its size, and says by how much it is missed', () => {
    const verdict = judged(targetOf('get', 'getMeanMs'), FIXTURE)
    expect(verdict).toMatchObject({
      runs: 3,
      worst: 270,
      isMet: false,
      missedBy: 70,
      wrong: 1,
      isEnough: false,
    })
  })

  test('a share that is a hair below its bound is missed, and a run without figures is never met', () => {
    const found = targetOf('mass-failure-50', 'atOnceGetSuccess')
    expect(judged(found, FIXTURE)).toMatchObject({ runs: 3, worst: null, isMet: null, wrong: 1 })
    const sound = FIXTURE.map((one) => ({ ...one, runs: one.runs.filter(({ result }) => result !== null) }))
    expect(judged(found, sound)).toMatchObject({ worst: 0.99998, isMet: false, isUnknown: false })
  })

  test('a figure over another of the same run', () => {
    const verdict = judged(targetOf('rivals-gossip', 'rows/hyphae gossip/latencyP99Ms'), FIXTURE)
    expect(verdict.worst).toBeCloseTo(1.15)
    expect(verdict.isMet).toBe(false)
  })

  test('any run with the figure serves: of several measurements the worst, and one without it says nothing', () => {
    const target = { subject: '', measurements: ['one', 'all'], figure: 'getP99Ms', atMost: 10, seeds: 2 }
    const all = [
      data('one', [run('get', 1, { getP99Ms: 7 }), run('put', 1, { putP99Ms: 99 })]),
      data('all', [run('everything', 2, { getP99Ms: 9, putP99Ms: 1 })]),
    ]
    expect(judged(target, all)).toMatchObject({ runs: 2, seeds: 2, worst: 9, isMet: true, isEnough: true })
    expect(judged({ ...target, figure: 'getP98Ms' }, all)).toMatchObject({ runs: 0, isUnknown: true })
  })
})

describe('the files', () => {
  const first = data('get', [getRun(10, 1, 1), getRun(10, 2, 2)])

  test('a run replaces that of its command and seed; others of the same commit stay', () => {
    const all = merged(first, data('get', [getRun(10, 2, 3), getRun(5, 1, 4)]))
    expect(all.runs.map(({ result }) => result?.['getMeanMs'])).toEqual([4, 1, 3])
    expect(all.commands).toEqual([
      'npm run --silent sim -- get --peers 5 --json',
      'npm run --silent sim -- get --peers 10 --json',
    ])
  })

  test.each([
    ['another commit', { commit: 'def' }],
    ['another machine', { machine: { ...MACHINE, node: 'v22.0.0' } }],
    ['uncommitted changes', { dirty: true }],
  ])('runs of %s replace all', (_, rest) => {
    expect(merged(first, data('get', [getRun(10, 3, 5)], rest)).runs).toHaveLength(1)
  })

  test('runs of another commit stay where older ones are kept, and say of which they are', () => {
    const other = { commit: 'def' }
    const both = merged(first, data('get', [getRun(10, 3, 5)], other), true)
    expect(both.runs.map(({ seed, commit }) => [seed, commit])).toEqual([
      [1, 'abc'],
      [2, 'abc'],
      [3, undefined],
    ])
    const third = merged(both, data('get', [getRun(10, 1, 6)]), true)
    expect(third.runs.map(({ seed, commit }) => [seed, commit])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, 'def'],
    ])
    expect(rendered([third]).get('README.md')).toContain(
      '3 runs of commit abc (seeds 1, 2), commit def (seed 3), a processor',
    )
    expect(merged(first, data('get', [getRun(10, 3, 5)], { ...other, dirty: true }), true).runs).toHaveLength(
      1,
    )
  })

  test('simulated runs in another Node stay where older ones are kept, and say which; others do not', () => {
    const newer = { commit: 'def', machine: { ...MACHINE, node: 'v22.0.0' } }
    const both = merged(first, data('get', [getRun(10, 3, 5)], newer), true)
    expect(both.runs.map(({ node }) => node)).toEqual([MACHINE.node, MACHINE.node, undefined])
    expect(rendered([both]).get('README.md')).toContain(`Node ${MACHINE.node} and v22.0.0`)
    const real = { ...newer, simulated: false }
    expect(merged(first, data('get', [getRun(10, 3, 5)], real), true).runs).toHaveLength(1)
  })

  test('are read as they were written, a line per run', () => {
    expect(JSON.parse(written(first))).toEqual(first)
    expect(
      written(first)
        .split('\n')
        .filter((line) => line.includes('"seed":')),
    ).toHaveLength(2)
  })

  test('the object is the last line, whatever was printed before', () => {
    expect(lastObject('building …\n{"a":1}\n')).toEqual({ a: 1 })
    expect([lastObject(''), lastObject('{"a":1}\nError'), lastObject('{oops')]).toEqual([null, null, null])
  })

  test('a figure is found by its path', () => {
    const printed = { a: { b: 1 }, rows: [{ rival: 'x y', c: 2 }], d: null, e: 'text' }
    expect(['a/b', 'rows/x y/c', 'd'].map((path) => figureAt(printed, path))).toEqual([1, 2, null])
    expect(['a', 'a/c', 'rows/z/c', 'e'].map((path) => figureAt(printed, path))).toEqual(
      Array(4).fill(undefined),
    )
    expect(figureAt(null, 'a')).toBeUndefined()
  })
})

describe('numbers', () => {
  test.each([
    [1_234_567, undefined, '1,234,567'],
    [123.4, undefined, '123'],
    [12.34, undefined, '12.3'],
    [1.2344, undefined, '1.234'],
    [1, undefined, '1'],
    [0.99998, undefined, '0.99998'],
    [99.99, undefined, '99.99'],
    [400.3, 400, '400.3'],
    [1.1004, 1.1, '1.1004'],
    [400, 400, '400'],
  ])('%d beside %s is shown as %s', (value, bound, text) => {
    expect(formatted(value, bound)).toBe(text)
  })

  test('axes have round ticks and end at a round number', () => {
    expect(ticks({ scale: 'linear', min: 0, max: 1 })).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    expect(ticks({ scale: 'log', min: 10, max: 1_000 })).toEqual([10, 20, 50, 100, 200, 500, 1_000])
    expect([0.93, 7, 101, 400].map(roundedUp)).toEqual([1, 8, 150, 400])
  })

  test('labels that would overlap are moved apart, within the edges', () => {
    const labels = [90, 92, 10].map((y) => ({ y, lines: ['one'] }))
    expect(apart(labels, 0, 100).map(({ y }) => y)).toEqual([10, 77.5, 92.5])
  })
})

describe('the page', () => {
  const files = rendered(FIXTURE)
  const page = files.get('README.md') ?? ''

  test('is the same for the same data', () => {
    expect(rendered(structuredClone(FIXTURE))).toEqual(files)
  })

  test('says what is met and what is not, what is simulated, and where it was measured', () => {
    expect(page).toContain(
      '| get, 2,000 peers, mean | ≤ 200 ms | 270 ms | 3 | **missed** by 70 ms (35 %); **1 run failed**; seeds are missing | simulated | [get](#get) |',
    )
    expect(page).toContain('| 200 µs | 1 | met | real time |')
    expect(page).toContain(
      'of commit abc, a processor, 2 cores, 8 GiB, Node v20.19.0, the last on 2026-01-02',
    )
    expect(page).toContain('8 GiB, Node v22.1.0, the last on 2026-01-02: [data](data/real-time.json)')
    expect(page).toContain('npm run --silent sim -- get --peers 2000 --seed 3 --json')
  })

  test('hides no failure', () => {
    expect(page).toContain(
      '- **Failed**, exit code 134: `npm run --silent sim -- mass-failure --peers 1000 --seed 3 --json`',
    )
    expect(page).toContain('  - RangeError: too many &lt;peers>')
    expect(page).toContain('  - it lied')
  })

  test('has a table per measurement: by command, by protocol, by name', () => {
    expect(page).toContain('| get --peers 2000 | 1, 2, 3 | 100 … 270 |')
    expect(page).toContain('| rivals-gossip --peers 1000 | 1 | hyphae gossip |')
    expect(page).toContain('| cpuUsPerDelivery | 200 | 1,500 | – |')
    expect(page).toContain('| cpuUsPerVerification | – | – | 130 |')
  })

  test('shows every plot that it has, and each says that it is simulated', () => {
    const svgs = [...files.keys()].filter((name) => name.endsWith('.svg'))
    expect(svgs).toEqual([
      'cost-hops.svg',
      'cost-gets.svg',
      'gets-by-size.svg',
      'deliveries-beside-rivals.svg',
      'failure-gets.svg',
      'failure-latency.svg',
      'failure-delivered.svg',
      'copies.svg',
    ])
    for (const svg of svgs) {
      expect(page).toContain(`](${svg})`)
      expect(files.get(svg)).toMatch(/simulated/)
      expect(files.get(svg)).not.toMatch(/NaN|Infinity|undefined/)
    }
  })

  test('a plot of costs tells the fit', () => {
    const exact = FIXTURE.map((one) => ({
      ...one,
      runs: one.runs.filter(({ command }) => !/ 2000 /.test(command)),
    }))
    expect(rendered(exact).get('cost-gets.svg')).toContain('mean: 10 + 20·log₂ N')
    expect(rendered(exact).get('cost-gets.svg')).toContain('R² = 1.00')
  })

  test('a plot of costs tells how many seeds its sizes have', () => {
    expect(files.get('cost-gets.svg')).toContain('simulated; 1 to 3 seeds of each size')
  })

  test('a line of costs that would begin below zero begins at zero', () => {
    const costs = [128, 1_024, 2_048].map((peers) => getRun(peers, 1, 10 * Math.log2(peers) - 75))
    const mean = rendered([data('get', costs)]).get('cost-gets.svg') ?? ''
    expect(mean).toContain('mean: −75 + 10·log₂ N')
    // 2 to the power of 7.5, of 128 to 2,048 peers, is an eighth of the way from 66 to 546 pixels, at the bottom.
    expect(mean).toContain('points="126,370 ')
  })

  test('of no data says that nothing was measured', () => {
    expect([...rendered([]).keys()]).toEqual(['README.md'])
    expect(rendered([]).get('README.md')).toContain('not measured yet')
    expect(rendered([]).get('README.md')).toContain('Asked for, and not measured: ')
  })

  test('leaves no data out', () => {
    expect(() => rendered([data('party', [])])).toThrow(/measurement is one of .*got party/)
  })

  test('that is committed is the one of the committed data: `npm run results`', () => {
    const folder = join(root, 'docs/results')
    const made = rendered(readAll(join(folder, 'data')))
    for (const [name, text] of made) expect(readFileSync(join(folder, name), 'utf8')).toBe(text)
    const shown = readdirSync(folder).filter((name) => /\.(svg|md)$/.test(name))
    expect(shown.sort()).toEqual([...made.keys()].sort())
  })
})

describe('what is declared', () => {
  test('names are distinct, targets name measurements that are, and bounds are one-sided', () => {
    const names = MEASUREMENTS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { measurements, atMost, atLeast, beside } of TARGETS) {
      for (const name of measurements) expect(measurementNamed(name).name).toBe(name)
      expect([atMost, atLeast, beside].filter((bound) => bound !== undefined)).toHaveLength(1)
    }
    expect(() => measurementNamed('cake')).toThrow(/measurement is one of get, .*got cake/)
  })

  test('beside js-libp2p stand time and processor time of a delivery and of a lookup, and memory', () => {
    const asked = ['cpuUsPerDelivery', 'deliveryP99Ms', 'idleBytesPerPeer', 'lookupP50Ms', 'lookupCpuMs']
    expect(measurementNamed('real-time').figures).toEqual(expect.arrayContaining(asked))
  })

  test('half of the peers dead: found at once and found later are asked for apart', () => {
    const figures = TARGETS.filter(({ atLeast }) => atLeast === 1).map(({ figure }) => figure)
    expect(figures).toEqual(
      expect.arrayContaining([
        'atOnceGetSuccess',
        'getSuccess',
        'failureAtOnceGetSuccess',
        'failureGetSuccess',
      ]),
    )
  })

  test('commands of the simulator are ones that it knows, with options that it knows', () => {
    const known = new Map([
      ...SCENARIOS.map(({ name, options }) => [name, { ...COMMON_OPTIONS, ...options }] as const),
      ...COMPARISONS.map(({ name, options }) => [name, options] as const),
    ])
    for (const command of MEASUREMENTS.filter(({ isSimulated }) => isSimulated).flatMap(
      ({ commands }) => commands,
    )) {
      const [, , scenario = '', ...rest] = command.split(' ')
      const options = rest.filter((word) => word.startsWith('--')).map((word) => word.slice(2))
      expect(Object.keys({ peers: 0, ...known.get(scenario) })).toEqual(expect.arrayContaining(options))
      expect(known.has(scenario)).toBe(true)
    }
  })

  test('other commands are scripts of the repository', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    for (const { commands } of MEASUREMENTS.filter(({ isSimulated }) => !isSimulated))
      for (const command of commands) expect(scripts).toHaveProperty(command.split(' ')[0] ?? '')
  })
})
