// The command line of the simulator: `SCENARIO [--peers N] [--seed S] [--json] [--OPTION NUMBER]…`, `list` or `latency`. A
// comparison with rivals is called as a scenario is. Figures go to stdout, progress to stderr. Ends with 1 where something
// happened that must not, with 2 for a command it cannot read.

import {
  COMMON_OPTIONS,
  COMPARISONS,
  type Comparison,
  compare,
  describeRows,
  type Experiment,
  latencyTable,
  type RivalRow,
  type RunResult,
  run,
  SCENARIOS,
} from './index.ts'

/** Milliseconds between two progress lines. */
const PROGRESS_EVERY_MS = 500

interface Command {
  readonly scenario: string
  readonly peers?: number
  readonly seed: number
  readonly json: boolean
  readonly numbers: Record<string, number>
}

const USAGE = `Usage: npm run sim -- SCENARIO [--peers N] [--seed S] [--json] [--OPTION NUMBER]...
       npm run sim -- list
       npm run sim -- latency`

function main(args: readonly string[]): number {
  if (args.length === 0 || args.includes('--help')) {
    console.log(USAGE)
    return args.length === 0 ? 2 : 0
  }
  if (args[0] === 'latency') {
    console.log(latencyTable())
    return 0
  }
  if (args[0] === 'list') {
    console.log(describeScenarios())
    return 0
  }
  try {
    const command = readCommand(args)
    const comparison = COMPARISONS.find(({ name }) => name === command.scenario)
    return comparison === undefined ? runCommand(command) : runComparison(comparison, command)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    console.error(`${error.message}\n${USAGE}`)
    return 2
  }
}

function runCommand(command: Command): number {
  const { json, ...request } = command
  const begunAt = performance.now()
  const phases = new Phases()
  const onPhase = (experiment: Experiment) => phases.ended(experiment)
  const result = run({ ...request, onProgress: progressLine(begunAt), onPhase })
  const cost = { ...measure(begunAt), phases: phases.list }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  console.log(json ? JSON.stringify(flat(result, cost)) : describe(result, cost))
  return result.violationCount === 0 ? 0 : 1
}

function runComparison(comparison: Comparison, { json, scenario: _, ...request }: Command): number {
  const begunAt = performance.now()
  const onRow = ({ rival }: RivalRow) => process.stderr.write(`${rival} done\n`)
  const onProgress = progressLine(begunAt)
  const { rows, numbers, violationCount, violations, ...result } = compare(comparison, {
    ...request,
    onRow,
    onProgress,
  })
  const { wallSeconds } = measure(begunAt)
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  const head = { ...result, options: numbers, wallSeconds: rounded(wallSeconds) }
  const heading = `All figures are simulated. ${JSON.stringify(head)}`
  const text = [heading, describeRows(rows), ...describeViolations(violations)].join('\n')
  console.log(json ? JSON.stringify({ ...head, rows, violationCount, violations }) : text)
  return violationCount === 0 ? 0 : 1
}

/** What a run cost. The processor's time is what a shared machine can tell; it counts the garbage collector's threads too. */
interface Cost {
  readonly wallSeconds: number
  readonly cpuSeconds: number
  /** The most that was resident at any moment, what lies outside V8's heap included. */
  readonly memoryMaxMiB: number
  /** What of it went where; only of scenarios. */
  readonly phases?: readonly Phase[]
}

interface Phase {
  readonly phase: string
  readonly virtualSeconds: number
  readonly wallSeconds: number
  readonly events: number
}

/** How long each phase of a run took, so that a person sees whether a network at rest runs faster than real time. */
class Phases {
  readonly list: Phase[] = []
  #before = { virtualMs: 0, wallMs: performance.now(), events: 0 }

  ended({ phase, network }: Experiment): void {
    const now = { virtualMs: network.timeline.now, wallMs: performance.now(), events: network.trace.inputs }
    this.list.push({
      phase,
      virtualSeconds: rounded((now.virtualMs - this.#before.virtualMs) / 1_000) ?? 0,
      wallSeconds: rounded((now.wallMs - this.#before.wallMs) / 1_000) ?? 0,
      events: now.events - this.#before.events,
    })
    this.#before = now
  }
}

function measure(begunAt: number): Omit<Cost, 'phases'> {
  const { user, system } = process.cpuUsage()
  return {
    wallSeconds: (performance.now() - begunAt) / 1_000,
    cpuSeconds: (user + system) / 1e6,
    memoryMaxMiB: process.resourceUsage().maxRSS / 1024,
  }
}

/** Digits after the point: for people, and with `--json`, where one of 500,000 deliveries that is missing still shows. */
const DIGITS = 3
const JSON_DIGITS = 6

/** What is measured with `--json`, in one object. */
function flat({ figures, numbers, ...result }: RunResult, cost: Cost, digits = JSON_DIGITS): object {
  const { violations, violationCount, sent, distributions, series, ...head } = result
  const options = Object.keys(numbers).length === 0 ? {} : { options: numbers }
  return {
    ...head,
    ...options,
    wallSeconds: rounded(cost.wallSeconds),
    cpuSeconds: rounded(cost.cpuSeconds),
    eventsPerSecond: Math.round(result.events / cost.wallSeconds),
    memoryMaxMiB: Math.round(cost.memoryMaxMiB),
    ...(cost.phases === undefined ? {} : { phases: cost.phases }),
    ...Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, rounded(value, digits)])),
    ...(Object.keys(distributions).length === 0 ? {} : { distributions }),
    ...(Object.keys(series).length === 0 ? {} : { series }),
    sent,
    violationCount,
    violations,
  }
}

function describe(result: RunResult, cost: Cost): string {
  const numbersOnly = { ...result, distributions: {}, series: {} }
  const { violations, sent, ...rest } = flat(numbersOnly, cost, DIGITS) as Pick<
    RunResult,
    'violations' | 'sent'
  >
  const lines = Object.entries(rest).map(([name, value]) => `${name.padEnd(24)}${JSON.stringify(value)}`)
  for (const [type, { frames, bytes }] of Object.entries(sent))
    lines.push(`${type.padEnd(24)}${frames} frames, ${bytes} bytes sent`)
  return ['All figures are simulated.', ...lines, ...describeViolations(violations)].join('\n')
}

function describeViolations(violations: readonly string[]): string[] {
  return violations.length === 0 ? [] : ['', 'Must not happen, and did:', ...violations]
}

/** One line that replaces itself on a terminal; elsewhere one line per call. */
function progressLine(begunAt: number): (experiment: Experiment) => void {
  let toldAt = begunAt
  return ({ phase, network }) => {
    const now = performance.now()
    if (now - toldAt < PROGRESS_EVERY_MS) return
    toldAt = now
    const seconds = ((now - begunAt) / 1_000).toFixed(1)
    const virtual = (network.timeline.now / 1_000).toFixed(1)
    const text = `${phase}: ${network.hosts.length} peers, ${virtual} s virtual, ${seconds} s, ${network.trace.inputs} events`
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`)
  }
}

function readCommand(args: readonly string[]): Command {
  const [scenario = '', ...rest] = args
  const numbers: Record<string, number> = {}
  let json = false
  for (let i = 0; i < rest.length; i++) {
    const flag = rest[i] as string
    if (flag === '--json') json = true
    else if (flag.startsWith('--')) numbers[flag.slice(2)] = numberAfter(flag, rest[++i])
    else throw new RangeError(`an option begins with --; got ${flag}`)
  }
  const { peers, seed = 1, ...others } = numbers
  return { scenario, seed, json, numbers: others, ...(peers === undefined ? {} : { peers }) }
}

function numberAfter(flag: string, text: string | undefined): number {
  const value = Number(text)
  if (text === undefined || text === '' || Number.isNaN(value))
    throw new RangeError(`${flag} is followed by a number; got ${text ?? 'nothing'}`)
  return value
}

function describeScenarios(): string {
  const options = (of: (typeof SCENARIOS)[number]['options']) =>
    Object.entries(of).map(([name, { value, meaning }]) => `    --${name} ${value}`.padEnd(26) + meaning)
  const described = (scenario: Pick<Comparison, 'name' | 'claim' | 'peers' | 'options'>) => [
    `${scenario.name}: ${scenario.claim}`,
    `    --peers ${scenario.peers}`,
    ...options(scenario.options),
    '',
  ]
  const common = ['Of all scenarios:', ...options(COMMON_OPTIONS), '', 'Compared with rivals:', '']
  const comparisons = COMPARISONS.flatMap(described).slice(0, -1)
  return [USAGE, '', ...SCENARIOS.flatMap(described), ...common, ...comparisons].join('\n')
}

/** What was not measured is null. */
function rounded(value: number, digits = DIGITS): number | null {
  return Number.isFinite(value) ? Math.round(value * 10 ** digits) / 10 ** digits : null
}

process.exitCode = main(process.argv.slice(2))
