import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MESSAGES } from '../../src/wire/messages.ts'
import { MESSAGE_NAMES } from './samples.ts'

const protocol = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8')

/** One line of section "Messages". */
function row(name: keyof typeof MESSAGES): string {
  const { type, layer, fields } = MESSAGES[name]
  const listed = Object.entries(fields).map(([field, { notation }]) => `${field} ${notation}`)
  return `| 0x${type.toString(16).padStart(2, '0')} | ${name} | ${layer} | ${listed.join(' · ')} |`
}

test('[WR-1] the page has every message with its fields in order, and no other', () => {
  const rows = protocol.split('\n').filter((line) => /^\| 0x/.test(line))
  expect(rows).toEqual(MESSAGE_NAMES.map(row))
})
