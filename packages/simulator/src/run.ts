// Runs one scenario and says what came of it.

import { scenarioNamed } from './scenarios/all.ts'
import { Experiment, type ExperimentOptions } from './scenarios/experiment.ts'
import {
  COMMON_OPTIONS,
  type Distribution,
  type Figures,
  type ScenarioOption,
  type Series,
} from './scenarios/scenario.ts'
import { type Sent, sentByType } from './sent-by-type.ts'

export interface RunRequest {
  readonly scenario: string
  readonly peers?: number
  readonly seed: number
  /** By name; the rest is as the scenario has it. */
  readonly numbers?: Readonly<Record<string, number>>
  readonly onProgress?: ExperimentOptions['onProgress']
  readonly onPhase?: ExperimentOptions['onPhase']
  readonly createPeer?: ExperimentOptions['createPeer']
}

export interface RunResult {
  readonly scenario: string
  readonly peers: number
  readonly seed: number
  /** Options that differ from the scenario's own. */
  readonly numbers: Readonly<Record<string, number>>
  /** 16 hexadecimal digits over time, peer and bytes of every input. */
  readonly traceHash: string
  readonly virtualSeconds: number
  /** Inputs that peers handled. */
  readonly events: number
  readonly figures: Readonly<Record<string, number>>
  /** By name; of what was not measured there is none. */
  readonly distributions: Readonly<Record<string, Distribution>>
  readonly series: Readonly<Record<string, Series>>
  /** Of the peers that ran in the end. */
  readonly sent: Readonly<Record<string, Sent>>
  readonly violationCount: number
  /** The first ones; empty for a run that went well. */
  readonly violations: readonly string[]
}

/** Throws a RangeError for a scenario or option that is not there, or a number that cannot be. */
export function run(request: RunRequest): RunResult {
  const scenario = scenarioNamed(request.scenario)
  const peers = request.peers ?? scenario.peers
  if (!Number.isInteger(peers) || peers < 1)
    throw new RangeError(`peers is a whole number from 1; got ${peers}`)
  if (!Number.isSafeInteger(request.seed)) throw new RangeError(`seed is a whole number; got ${request.seed}`)
  const experiment = new Experiment({
    peers,
    seed: request.seed,
    numbers: resolveOptions({ ...COMMON_OPTIONS, ...scenario.options }, request.numbers ?? {}),
    ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
    ...(request.onPhase === undefined ? {} : { onPhase: request.onPhase }),
    ...(request.createPeer === undefined ? {} : { createPeer: request.createPeer }),
  })
  const figures = scenario.run(experiment)
  request.onPhase?.(experiment)
  const { network, violations } = experiment
  return {
    scenario: scenario.name,
    peers,
    seed: request.seed,
    numbers: request.numbers ?? {},
    traceHash: network.trace.hex(),
    virtualSeconds: network.timeline.now / 1_000,
    events: network.trace.inputs,
    ...sorted(figures),
    sent: sentByType(network),
    violationCount: violations.count,
    violations: violations.list,
  }
}

/** Numbers, distributions and series apart. */
function sorted(mixed: Figures): Pick<RunResult, 'figures' | 'distributions' | 'series'> {
  const figures: Record<string, number> = {}
  const distributions: Record<string, Distribution> = {}
  const series: Record<string, Series> = {}
  for (const [name, value] of Object.entries(mixed)) {
    if (typeof value === 'number') figures[name] = value
    else if (!isDistribution(value)) series[name] = value
    else if (value.length > 0) distributions[name] = value
  }
  return { figures, distributions, series }
}

function isDistribution(value: Distribution | Series): value is Distribution {
  return Array.isArray(value)
}

/** Every option's value. Throws a RangeError for one that is not there, or a number that cannot be. */
export function resolveOptions(
  options: Readonly<Record<string, ScenarioOption>>,
  given: Readonly<Record<string, number>>,
): Record<string, number> {
  const numbers: Record<string, number> = {}
  for (const [name, { value }] of Object.entries(options)) numbers[name] = value
  for (const [name, value] of Object.entries(given)) {
    if (!(name in options))
      throw new RangeError(`option is one of ${Object.keys(options).join(', ')}; got ${name}`)
    if (!(value >= 0)) throw new RangeError(`${name} is a number from 0; got ${value}`)
    numbers[name] = value
  }
  return numbers
}
