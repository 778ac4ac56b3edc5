/** The page: targets first, then plots, then what was measured, with the command, commit, machine and date of each. */
import { figureAt, isSound, seedless } from './data.mjs'
import { MEASUREMENTS, measurementNamed } from './measurements.mjs'
import { formatted } from './numbers.mjs'
import { plots } from './plots.mjs'
import { NOT_MEASURED, TARGETS } from './targets.mjs'
import { judged } from './verdicts.mjs'

/**
 * @typedef {import('./data.mjs').Data} Data
 * @typedef {import('./data.mjs').Run} Run
 * @typedef {import('./measurements.mjs').Measurement} Measurement
 * @typedef {import('./targets.mjs').Target} Target
 */

/** Violations of a run that are quoted; the file has more. */
const QUOTED_MAX = 3

const HEAD = `<!-- Written by \`npm run results\` from data/*.json. Do not edit. -->

# Results

Every number here was measured by a command that is named beside it, and can be measured again: \`npm run measure -- NAME\` runs a
measurement and keeps what it printed in \`data/NAME.json\`, \`npm run results\` writes this page from those files,
\`npm run measure -- list\` names all measurements.

**Simulated** means that the real core ran in the project's simulator, in virtual time and with
[measured delays between cloud regions](../latency.md). It is not the Internet. **Real time** means that it ran on the machine
named, by its clock; sizes are of what was built or held there.`

const FIGURES = `The sentence below a name is the claim that its runs test; targets and failures say whether it holds. A cell is the range
over the seeds; the files have every run. Names end in their unit or kind: \`Ms\` milliseconds, \`P50Ms\` the median and \`P99Ms\`
the 99th percentile of them, of operations that succeed; \`Mean\` per operation or peer; \`Max\` the largest of all; \`Share\` and
\`Success\` from 0 to 1. A lookup succeeds that ends in time; of these \`exactShare\` named all of the 8 closest that then lived, whether their neighbours
knew it yet or not. \`oneNetwork\` is 1 where links connect all that live, \`convergedMs\` the time waited until they did
and all knew their neighbours. \`hopsMean\` counts what the asking peer holds itself as 0 hops; in browsers it leaves that out.
\`npm run sim -- list\` says what each option of a command means.`

/**
 * Every file of the page by its name: the same data give the same bytes. Throws a RangeError for data of a measurement that
 * is not there, as nobody would see them.
 *
 * @param {readonly Data[]} all
 * @returns {Map<string, string>}
 */
export function rendered(all) {
  for (const { name } of all) measurementNamed(name)
  const drawn = plots(all)
  const parts = [HEAD, ...targetPart(all), ...plotPart(drawn), ...measurementPart(all)]
  return new Map([
    ['README.md', `${parts.join('\n\n')}\n`],
    ...drawn.map(({ file, svg }) => /** @type {const} */ ([`${file}.svg`, svg])),
  ])
}

/** @param {readonly Data[]} all */
function targetPart(all) {
  const rows = TARGETS.map((target) => targetRow(target, all))
  return [
    '## Targets',
    'The worst of the seeds counts: of what should be small the largest, of what should be large the smallest. Real time has no seeds, and other work on the machine only adds to it: of peers in one process the best run counts, ours as theirs ([bench](../../bench/README.md)), and the data have every run.',
    table(['what', 'target', 'worst', 'seeds', 'verdict', 'how', 'measurement'], rows),
    `Asked for, and not measured: ${NOT_MEASURED.join('; ')}.`,
  ]
}

/**
 * @param {Target} target
 * @param {readonly Data[]} all
 */
function targetRow(target, all) {
  const verdict = judged(target, all)
  const { subject, measurements, atMost, atLeast } = target
  const unit = target.unit ? ` ${target.unit}` : ''
  const bound = atMost ?? atLeast
  const links = measurements.map((name) =>
    all.some((one) => one.name === name) ? `[${name}](#${name})` : name,
  )
  const isSimulated = measurements.some((name) => measurementNamed(name).isSimulated)
  return [
    subject,
    bound === undefined ? (target.beside ?? '') : `${signOf(target)}${formatted(bound)}${unit}`,
    verdict.worst === null ? '–' : `${formatted(verdict.worst, bound)}${unit}`,
    verdict.runs === 0 ? '–' : String(verdict.seeds),
    said(verdict, target),
    isSimulated ? 'simulated' : 'real time',
    links.join(', '),
  ]
}

/**
 * None of a count may be, and all of a share: those need no sign.
 *
 * @param {Target} target
 */
function signOf({ atMost, atLeast }) {
  if (atMost === 0 || atLeast === 1) return ''
  return atMost === undefined ? '≥ ' : '≤ '
}

/**
 * @param {import('./verdicts.mjs').Verdict} verdict
 * @param {Target} target
 */
function said({ runs, isUnknown, worst, isMet, missedBy, wrong, isEnough }, { atMost, atLeast, unit = '' }) {
  if (isUnknown) return '**no run has this figure**'
  if (runs === 0) return 'not measured yet'
  const bound = atMost ?? atLeast ?? 0
  const share = bound > 0 ? ` (${formatted((100 * missedBy) / bound)} %)` : ''
  const missed = `**missed** by ${formatted(missedBy)}${unit && ` ${unit}`}${share}`
  const verdict = isMet === null ? 'no bound' : isMet ? 'met' : missed
  const words = [
    worst === null ? '**no figure**' : verdict,
    ...(wrong > 0 ? [`**${counted(wrong, 'run')} failed**`] : []),
    ...(isEnough ? [] : ['seeds are missing']),
  ]
  return words.join('; ')
}

/** @param {import('./plots.mjs').Plot[]} drawn */
function plotPart(drawn) {
  if (drawn.length === 0) return []
  return [
    '## Plots',
    'All plots are simulated.',
    ...drawn.map(({ file, title, caption }) => `![${title}](${file}.svg)\n\n${caption}`),
  ]
}

/** @param {readonly Data[]} all */
function measurementPart(all) {
  const declared = MEASUREMENTS.flatMap((measurement) => {
    const data = all.find(({ name }) => name === measurement.name)
    return data ? section(measurement, data) : []
  })
  const missing = MEASUREMENTS.filter(({ name }) => all.every((one) => one.name !== name))
  return [
    '## Measurements',
    FIGURES,
    ...declared,
    ...(missing.length > 0 ? ['## Not measured yet', missing.map(awaited).join('\n')] : []),
  ]
}

/** @param {Measurement} measurement */
function awaited({ name, claim }) {
  return `- \`npm run measure -- ${name}\`: ${claim}`
}

/**
 * @param {Measurement} measurement
 * @param {Data} data
 */
function section(measurement, data) {
  const { name, claim, layout } = measurement
  const wrong = data.runs.filter((run) => !isSound(run))
  return [
    `### ${name}`,
    `${claim} **${data.simulated ? 'Simulated' : 'Real time'}.** ${provenance(data)}`,
    tables[layout](measurement, data),
    `<details><summary>Commands</summary>\n\n\`\`\`sh\n${data.runs.map(({ command }) => command).join('\n')}\n\`\`\`\n\n</details>`,
    ...(wrong.length > 0 ? [wrong.map(complaint).join('\n')] : []),
  ]
}

/** @param {Data} data */
function provenance({ name, commit, dirty, machine, date, runs }) {
  const { cpu, cores, memoryGiB, node } = machine
  const changes = dirty ? ' **with changes that are in no commit**' : ''
  // A run in another Node than the one that measures says so itself.
  const nodes = new Set(runs.map((run) => run.result?.['machine']?.node ?? run.node ?? node))
  const where = `${cpu}, ${counted(cores, 'core')}, ${memoryGiB} GiB, Node ${[...nodes].join(' and ')}`
  const commits = groups(runs, (run) => run.commit ?? commit)
  const [[only] = []] = commits
  const from =
    commits.length === 1
      ? `of commit ${only}`
      : `of ${commits.map(([name, same]) => `commit ${name} (${seedsOf(same)})`).join(', ')}`
  return `${counted(runs.length, 'run')} ${from}${changes}, ${where}, the last on ${date.slice(0, 10)}: [data](data/${name}.json).`
}

/** @param {Run[]} runs */
function seedsOf(runs) {
  const seeds = [...new Set(runs.map(({ seed }) => seed))]
  return `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`
}

/** @param {Run} run */
function complaint({ command, exitCode, problem, result }) {
  const violations = result?.['violations'] ?? []
  const quoted = [...(problem ? [problem] : []), ...violations.slice(0, QUOTED_MAX)]
  return [
    `- **Failed**, exit code ${exitCode}: \`${command}\``,
    ...quoted.map((text) => `  - ${text.replaceAll('\n', ' ').replaceAll('<', '&lt;')}`),
  ].join('\n')
}

/** @type {Record<import('./measurements.mjs').Layout, (measurement: Measurement, data: Data) => string>} */
const tables = {
  runs: ({ figures }, { runs }) => {
    const rows = groups(runs, seedless).map(([command, same]) => [
      ...whatRan(command, same),
      ...figures.map((figure) => range(same.map(({ result }) => figureAt(result, figure)))),
    ])
    return table(['command', 'seeds', ...figures], rows)
  },
  rows: ({ figures }, { runs }) => {
    const rows = groups(runs, seedless).flatMap(([command, same]) =>
      rivalsOf(same).map((rival) => [
        ...whatRan(command, same),
        rival,
        ...figures.map((figure) =>
          range(same.map(({ result }) => figureAt(result, `rows/${rival}/${figure}`))),
        ),
      ]),
    )
    return table(['command', 'seeds', 'protocol', ...figures], rows)
  },
  names: ({ figures }, { runs }) => {
    const results = runs.map(({ result }) => result)
    const names = Object.entries(results[0] ?? {}).flatMap(([name, value]) =>
      value !== null && typeof value === 'object' && figures.some((figure) => figure in value) ? [name] : [],
    )
    const rows = figures.map((figure) => [
      figure,
      ...names.map((name) => range(results.map((result) => figureAt(result, `${name}/${figure}`)))),
    ])
    return table(['figure', ...names], rows)
  },
}

/**
 * @param {string} command
 * @param {Run[]} same
 */
function whatRan(command, same) {
  const short = command.replace(/^npm run --silent (sim -- )?/, '').replace(/ --json$/, '')
  return [short, same.map(({ seed }) => seed ?? '–').join(', ')]
}

/** @param {Run[]} runs */
function rivalsOf(runs) {
  const rows = runs.flatMap(({ result }) => result?.['rows'] ?? [])
  return [.../** @type {Set<string>} */ (new Set(rows.map(({ rival }) => rival)))]
}

/**
 * Least and most; `–` for what no run measured, and how many did not where some did.
 *
 * @param {(number | null | undefined)[]} values
 */
function range(values) {
  const numbers = values.filter((value) => typeof value === 'number')
  if (numbers.length === 0) return '–'
  const [least, most] = [formatted(Math.min(...numbers)), formatted(Math.max(...numbers))]
  const text = least === most ? least : `${least} … ${most}`
  return numbers.length < values.length
    ? `${text} (${values.length - numbers.length} of ${values.length} without)`
    : text
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @returns {[string, T[]][]} in the order in which keys come first
 */
function groups(items, keyOf) {
  /** @type {Map<string, T[]>} */
  const byKey = new Map()
  for (const item of items) byKey.set(keyOf(item), [...(byKey.get(keyOf(item)) ?? []), item])
  return [...byKey]
}

/**
 * @param {string[]} heads
 * @param {string[][]} rows
 */
function table(heads, rows) {
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(heads), `|${' --- |'.repeat(heads.length)}`, ...rows.map(line)].join('\n')
}

/**
 * @param {number} count
 * @param {string} noun
 */
function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
