/**
 * The numbered rules and whoever refers to them: a comment or a test title that names a rule must name one that exists.
 * Which rules no test names is printed, not forbidden: some say only what a field means.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const documents = ['packages/core/PROTOCOL.md', 'signaling-server/README.md']

/** `**RO-1** …` or `**SG-1 Transport.** …` at the beginning of a line, as an item of a list or not. */
const RULE = /^(?:- )?\*\*([A-Z]{2}-\d+)\b/gm
/** As comments and other rules name it. */
const MENTION = /\b([A-Z]{2}-\d+)\b/g
/** As titles of tests name it: `[RO-1]`, in older ones `[RO1]`. */
const TITLE = /\[([A-Z]{2})-?(\d+)\]/g

interface Reference {
  readonly rule: string
  readonly file: string
}

const defined = documents.flatMap((file) => matches(file, RULE, ([, rule]) => rule!))
const known = new Set(defined.map(({ rule }) => rule))
const fromRules = documents.flatMap((file) => matches(file, MENTION, ([, rule]) => rule!))
const fromCode = ['packages', 'signaling-server']
  .flatMap(filesBelow)
  .flatMap((file) => matches(file, MENTION, ([, rule]) => rule!))
const fromTests = testFiles().flatMap((file) => matches(file, TITLE, ([, family, n]) => `${family}-${n}`))

afterAll(() => {
  const tested = new Set(fromTests.map(({ rule }) => rule))
  const untested = [...known].filter((rule) => !tested.has(rule))
  console.log(`${untested.length} of ${known.size} rules in no test title: ${untested.join(', ')}`)
})

describe('rules', () => {
  test('the scan sees them, and those who name them', () => {
    expect([...known]).toEqual(expect.arrayContaining(['ID-1', 'RO-21', 'GS-28', 'SG-1']))
    expect(named(fromCode, 'packages/core/src/dht/route-admission.ts')).toContain('RO-21')
    expect(named(fromTests, 'packages/core/test/dht/router.test.ts')).toContain('RO-2')
    expect(named(fromTests, 'packages/core/test/gossip/spread.test.ts')).toContain('GS-12')
  })

  test('each number is given once', () => {
    const numbers = defined.map(({ rule }) => rule)
    expect(numbers.filter((rule, index) => numbers.indexOf(rule) !== index)).toEqual([])
  })

  test.each([
    ['another rule', fromRules],
    ['a source', fromCode],
    ['the title of a test', fromTests],
  ])('what %s refers to exists', (_, references) => {
    expect(references.filter(({ rule }) => !known.has(rule))).toEqual([])
  })
})

function matches(file: string, pattern: RegExp, ruleOf: (match: RegExpMatchArray) => string): Reference[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(pattern)].map((match) => ({ rule: ruleOf(match), file }))
}

function named(references: readonly Reference[], file: string): string[] {
  return references.filter((reference) => reference.file === file).map(({ rule }) => rule)
}

/** Tests of other packages check rules of this one too. */
function testFiles(): string[] {
  return ['packages', 'signaling-server', 'e2e']
    .flatMap(filesBelow)
    .filter((file) => /\.(test|spec)\.ts$/.test(file))
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !/(^|\/)(node_modules|dist)\//.test(file))
    .sort()
}
