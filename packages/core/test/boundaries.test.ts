/**
 * The locks on the layers that types alone cannot hold: no ambient time, randomness or asynchrony in the
 * deterministic packages, no import against the direction of the layers, no file that outgrew its purpose.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Lines. A longer file has taken on a second purpose. */
const SOURCE_LINES_MAX = 500

const deterministic = ['packages/core/src', 'packages/simulator/src']
/** The command-line entry prints, times and reads arguments; the simulator itself does not. */
const allowedToTouchTheWorld = ['packages/simulator/src/cli.ts']

const bans: Record<string, RegExp> = {
  'Date.now': /\bDate\s*\.\s*now\b/,
  'new Date(': /\bnew\s+Date\b/,
  'Math.random': /\bMath\s*\.\s*random\b/,
  globalThis: /\bglobalThis\b/,
  'performance.now': /\bperformance\s*\.\s*now\b/,
  setTimeout: /\bsetTimeout\b/,
  setInterval: /\bsetInterval\b/,
  queueMicrotask: /\bqueueMicrotask\b/,
  "from 'node:": /['"]node:/,
  async: /\basync\b/,
  await: /\bawait\b/,
  Promise: /\bPromise\b/,
}

/**
 * The workspace packages that the sources of each may import. Packages from npm are free where its own
 * package.json names them. Tests may also import the conformance suites.
 */
const allowedImports: Record<string, readonly string[]> = {
  'packages/core': [],
  'packages/runtime': ['@hyphae/core'],
  'packages/transport-webrtc': ['@hyphae/core', '@hyphae/runtime'],
  'packages/signaling-client': ['@hyphae/core', '@hyphae/runtime'],
  'packages/storage-indexeddb': ['@hyphae/core', '@hyphae/runtime'],
  'packages/simulator': ['@hyphae/core'],
  'packages/conformance': ['@hyphae/core', '@hyphae/runtime'],
  'packages/sdk': [
    '@hyphae/core',
    '@hyphae/runtime',
    '@hyphae/transport-webrtc',
    '@hyphae/signaling-client',
    '@hyphae/storage-indexeddb',
    '@hyphae/conformance',
  ],
  'packages/peer-node': [
    '@hyphae/core',
    '@hyphae/runtime',
    '@hyphae/transport-webrtc',
    '@hyphae/signaling-client',
    'hyphae',
  ],
  'apps/web': ['hyphae'],
  'signaling-server': ['@hyphae/core'],
  e2e: [],
}
/** The only subpaths of a workspace package that its importer may use. */
const allowedSubpaths: Record<string, RegExp> = {
  'signaling-server': /^@hyphae\/core\/signaling$/,
}
/** Everything else runs in tabs too. */
const allowedToUseNode = [
  /^packages\/transport-webrtc\/src\/node\//,
  /^packages\/simulator\/src\/cli\.ts$/,
  /^packages\/peer-node\//,
  /^signaling-server\//,
  /^e2e\//,
]

const packageFolders = Object.keys(allowedImports).filter((folder) => sourcesOf(folder).length > 0)

describe('deterministic packages', () => {
  const files = deterministic.flatMap(filesBelow).filter(isSource)
  const bound = files.filter((file) => !allowedToTouchTheWorld.includes(file))

  test('the scan sees the sources', () => {
    expect(bound).toContain('packages/core/src/index.ts')
    expect(bound).toContain('packages/simulator/src/index.ts')
  })

  test.each(Object.keys(bans))('nothing mentions %s', (name) => {
    const pattern = bans[name]!
    expect(bound.filter((file) => pattern.test(withoutComments(read(file))))).toEqual([])
  })

  test('a comment may mention what code may not', () => {
    const source = "/* await */ const url = 'https://x' // Date.now\nconst re = `//${a /* async */}`\n"
    expect(withoutComments(source)).toBe("  const url = 'https://x' \nconst re = `//${a /* async */}`\n")
  })
})

describe('direction of imports', () => {
  test('every workspace package is in the list', () => {
    const folders = ['packages', 'apps'].flatMap((parent) =>
      readdirSync(join(root, parent), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && sourcesOf(`${parent}/${entry.name}`).length > 0)
        .map((entry) => `${parent}/${entry.name}`),
    )
    expect(folders.filter((folder) => !(folder in allowedImports))).toEqual([])
  })

  test.each(packageFolders)('%s imports only what its layer allows', (folder) => {
    const wrong = sourcesOf(folder).flatMap((file) =>
      packageImports(file)
        .filter((specifier) => !isAllowed(folder, file, specifier))
        .map((specifier) => `${file}: ${specifier}`),
    )
    expect(wrong).toEqual([])
  })

  test.each(packageFolders)('%s reaches no other package by a relative path', (folder) => {
    const wrong = sourcesOf(folder).flatMap((file) =>
      importsOf(read(file))
        .filter((specifier) => specifier.startsWith('.'))
        .filter((specifier) => !join(file, '..', specifier).startsWith(`${folder}/`))
        .map((specifier) => `${file}: ${specifier}`),
    )
    expect(wrong).toEqual([])
  })
})

test(`no source file has more than ${SOURCE_LINES_MAX} lines`, () => {
  const long = packageFolders
    .flatMap(sourcesOf)
    .map((file) => ({ file, lines: read(file).split('\n').length }))
    .filter(({ lines }) => lines > SOURCE_LINES_MAX)
  expect(long).toEqual([])
})

function isAllowed(folder: string, file: string, specifier: string): boolean {
  if (specifier.startsWith('node:')) return allowedToUseNode.some((pattern) => pattern.test(file))
  const name = packageName(specifier)
  const isOurs = name === 'hyphae' || name.startsWith('@hyphae/')
  if (!isOurs) return declaredDependencies(folder).includes(name)
  return allowedImports[folder]!.includes(name) && (allowedSubpaths[folder]?.test(specifier) ?? true)
}

function declaredDependencies(folder: string): string[] {
  const manifest = JSON.parse(read(`${folder}/package.json`))
  const own = { ...manifest.dependencies, ...manifest.optionalDependencies }
  return folder === 'e2e' ? ['@playwright/test'] : Object.keys(own)
}

function packageImports(file: string): string[] {
  return importsOf(read(file)).filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('/'))
}

/** Static imports, re-exports, bare imports and dynamic imports of a literal. */
function importsOf(source: string): string[] {
  const pattern = /\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g
  return [...withoutComments(source).matchAll(pattern)].map((match) => match[1]!)
}

function packageName(specifier: string): string {
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!
}

/** Strings and templates stay as they are, so that `//` in an address is not taken for a comment. */
function withoutComments(source: string): string {
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g
  return source.replace(token, (text) => (text.startsWith('//') ? '' : text.startsWith('/*') ? ' ' : text))
}

function sourcesOf(folder: string): string[] {
  const below = folder === 'e2e' ? folder : `${folder}/src`
  return filesBelow(below).filter(isSource)
}

function isSource(file: string): boolean {
  return /\.tsx?$/.test(file) && !/\.(test|bench|d)\.tsx?$/.test(file)
}

function filesBelow(folder: string): string[] {
  const skipped = /(^|\/)(node_modules|dist|test-results)(\/|$)/
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .filter((file) => !skipped.test(file))
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
