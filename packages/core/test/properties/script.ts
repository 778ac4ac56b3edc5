// Random scripts for one machine: what must hold after every step of any of them, and that the same script has the same
// effects. Used by the *.property.test.ts beside this file.
//
// Scripts are drawn from a seed that is the same in every run; HYPHAE_SEED sets another one, and HYPHAE_RUNS the number of
// scripts, to look further:
//
//   HYPHAE_SEED=42 HYPHAE_RUNS=5000 npx vitest run --project unit packages/core/test/properties
//
// A failure is shrunk and said with its seed and its script. The script goes into a test of its own as it is: a step is
// plain data, so `replay<Step>(newStage, [ …the printed lines… ])` does the same again.

import fc from 'fast-check'
import { toHex } from '../../src/wire/bytes.ts'

/** A machine with the world that scripts happen in. Made anew for every script. */
export interface Stage<Step> {
  /** Does one step; what comes of it. A step that makes no sense now does nothing. */
  perform(step: Step): readonly unknown[]
  /** What is wrong now: nothing, ever. */
  problems(): readonly string[]
  /** What is wrong when the script is over; may let time pass. */
  end?(): readonly string[]
}

export interface ScriptOptions<Step> {
  readonly step: fc.Arbitrary<Step>
  readonly newStage: () => Stage<Step>
  /** Scripts, unless HYPHAE_RUNS says otherwise, and steps of the longest. */
  readonly runs: number
  readonly steps: number
}

const SEED_DEFAULT = 1

/** Throws an error that says seed and script where any script breaks what must hold. */
export function checkScripts<Step>({ step, newStage, runs, steps }: ScriptOptions<Step>): void {
  const scripts = fc.array(step, { maxLength: steps, size: 'max' })
  fc.assert(
    fc.property(scripts, (script) => replay(newStage, script)),
    {
      seed: numberFrom('HYPHAE_SEED', SEED_DEFAULT),
      numRuns: numberFrom('HYPHAE_RUNS', runs),
      reporter: report,
    },
  )
}

/** Plays one script twice. Throws where something is wrong, or where the second time differs. */
export function replay<Step>(newStage: () => Stage<Step>, script: readonly Step[]): void {
  const [first, second] = [play(newStage(), script), play(newStage(), script)]
  const index = first.findIndex((effects, at) => effects !== second[at])
  if (index >= 0) throw new Error(`step ${index} had other effects the second time`)
}

/** The effects of every step, as text. */
function play<Step>(stage: Stage<Step>, script: readonly Step[]): string[] {
  const effects = script.map((step, index) => {
    const text = JSON.stringify(stage.perform(step), bytesAsHex)
    complain(stage.problems(), `after step ${index}`)
    return text
  })
  complain(stage.end?.() ?? [], 'in the end')
  return effects
}

function complain(problems: readonly string[], when: string): void {
  if (problems.length > 0) throw new Error(`${when}: ${problems.join('; ')}`)
}

function bytesAsHex(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? toHex(value) : value
}

function report<Step>({
  failed,
  counterexample,
  errorInstance,
  seed,
  numRuns,
  numShrinks,
}: fc.RunDetails<[Step[]]>): void {
  if (!failed) return
  const lines = (counterexample?.[0] ?? []).map((step) => `  ${JSON.stringify(step)},`)
  const stack = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance)
  const head = `${stack}\n\nHYPHAE_SEED=${seed} HYPHAE_RUNS=${numRuns} repeats this. Shrunk ${numShrinks} times, to the script:`
  throw new Error([head, '[', ...lines, ']'].join('\n'))
}

function numberFrom(name: string, otherwise: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return otherwise
  if (/^-?\d+$/.test(text)) return Number(text)
  throw new RangeError(`${name} is a whole number; got ${text}`)
}
