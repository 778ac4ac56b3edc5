/**
 * Gives the published SDK its types: copies every declaration that its two entries reach from the compiler's
 * output to packages/sdk/dist/types, and turns imports of workspace packages, which are not published, into
 * relative ones.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root, runTool } from './process.mjs'

const compiled = join(root, '.types')
const published = join(root, 'packages/sdk/dist/types')
const entries = ['sdk/index.d.ts', 'sdk/testing.d.ts']

/** The module in `import … from 'x'`, `export … from 'x'`, `import 'x'` and `import('x')`. */
const specifierPattern = /(\b(?:from|import)\s*\(?\s*)(['"])([^'"]+)\2/g

export async function bundleDeclarations() {
  const code = await runTool('typescript', ['-b', 'packages/sdk'])
  if (code !== 0) throw new Error('The SDK does not compile, so it has no declarations')
  const copied = new Set(entries)
  for (const file of copied) copyDeclaration(file, (found) => copied.add(found))
}

/**
 * @param {string} file below `.types`
 * @param {(file: string) => void} onFound is told of each declaration this one imports
 */
function copyDeclaration(file, onFound) {
  const source = readFileSync(join(compiled, file), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
  const rewritten = source.replace(specifierPattern, (_, keyword, quote, specifier) => {
    const target = declarationOf(specifier, file)
    if (!target) throw new Error(`${file} imports ${specifier}, which the published SDK does not have`)
    onFound(target)
    return `${keyword}${quote}${relativeSpecifier(file, target)}${quote}`
  })
  mkdirSync(dirname(join(published, file)), { recursive: true })
  writeFileSync(join(published, file), rewritten)
}

/**
 * @param {string} specifier
 * @param {string} importer
 * @returns {string | null} a file below `.types`
 */
function declarationOf(specifier, importer) {
  const path = specifier.startsWith('.') ? join(dirname(importer), specifier) : workspaceSource(specifier)
  if (!path) return null
  const stem = path.replace(/\.(ts|js)$/, '')
  return [`${stem}.d.ts`, `${stem}/index.d.ts`].find((file) => existsSync(join(compiled, file))) ?? null
}

/**
 * Follows the `exports` map of a workspace package.
 *
 * @param {string} specifier for example `@hyphae/core/wire`
 */
function workspaceSource(specifier) {
  const [, name, subpath] = /^@hyphae\/([^/]+)(\/.+)?$/.exec(specifier) ?? []
  if (!name) return null
  const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
  const source = manifest.exports[`.${subpath ?? ''}`]
  return typeof source === 'string' ? join(name, relative('src', source)) : null
}

/**
 * @param {string} from
 * @param {string} to
 */
function relativeSpecifier(from, to) {
  const path = relative(dirname(from), to.replace(/\.d\.ts$/, '.js'))
  return path.startsWith('.') ? path : `./${path}`
}
