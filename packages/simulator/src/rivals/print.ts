// The table for people.

import type { RivalRow } from './rival.ts'

/** Columns by heading, with the digits after the point. */
const COLUMNS: readonly (readonly [string, keyof RivalRow, number])[] = [
  ['killed', 'killed', 2],
  ['success', 'success', 4],
  ['contacts', 'contactsMean', 1],
  ['hops', 'hopsMean', 2],
  ['p50 ms', 'latencyP50Ms', 0],
  ['p99 ms', 'latencyP99Ms', 0],
  ['mean ms', 'latencyMeanMs', 0],
  ['messages', 'messagesPerOperation', 1],
  ['bytes', 'bytesPerOperation', 0],
  ['copies', 'copiesPerDelivery', 3],
]
const NAME_WIDTH = 22
const COLUMN_WIDTH = 11

/** Messages and bytes are those of one operation; `-` is what was not measured. */
export function describeRows(rows: readonly RivalRow[]): string {
  const headings = COLUMNS.map(([heading]) => heading.padStart(COLUMN_WIDTH))
  const lines = rows.map(
    (row) => row.rival.padEnd(NAME_WIDTH) + COLUMNS.map((column) => cell(row, column)).join(''),
  )
  const sources = rows.map(({ rival, source }) => rival.padEnd(NAME_WIDTH) + source)
  return ['rival'.padEnd(NAME_WIDTH) + headings.join(''), ...lines, '', ...sources].join('\n')
}

/** Rounded down, so that 1 means all. */
function cell(row: RivalRow, [, name, digits]: (typeof COLUMNS)[number]): string {
  const value = row[name]
  const text =
    typeof value === 'number' ? (Math.floor(value * 10 ** digits) / 10 ** digits).toFixed(digits) : '-'
  return text.padStart(COLUMN_WIDTH)
}
