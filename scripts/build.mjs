/**
 * Builds what can be run or published, each target only when a source is newer than its output:
 * `node scripts/build.mjs [web] [server] [sdk] [simulator]`, without names the first three.
 */
import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './process.mjs'

/** Sources that any target may contain. */
const shared = ['packages', 'package-lock.json', 'tsconfig.base.json', 'scripts']

/**
 * @typedef {{ inputs: string[], output: string, make: () => Promise<unknown> }} Target
 * @type {Record<string, Target>}
 */
export const targets = {
  server: {
    inputs: [...shared, 'signaling-server'],
    output: 'signaling-server/dist/main.js',
    make: () => buildForNode('signaling-server/src/main.ts', 'signaling-server/dist'),
  },
  sdk: {
    inputs: shared,
    output: 'packages/sdk/dist/hyphae.js',
    make: buildSdk,
  },
  web: {
    inputs: [...shared, 'apps/web'],
    output: 'apps/web/dist/index.html',
    make: buildWeb,
  },
  simulator: {
    inputs: shared,
    output: 'packages/simulator/dist/cli.js',
    make: () => buildForNode('packages/simulator/src/cli.ts', 'packages/simulator/dist'),
  },
}

/** @param {string[]} names */
export async function buildTargets(names) {
  for (const name of names) {
    const target = targets[name]
    if (!target) throw new RangeError(`target is one of ${Object.keys(targets).join(', ')}; got ${name}`)
    if (isFresh(target)) console.log(`${name}: up to date`)
    else await make(name, target)
  }
}

/**
 * The output's time becomes the time the build began, so that an edit made meanwhile is built next time.
 *
 * @param {string} name
 * @param {Target} target
 */
async function make(name, target) {
  console.log(`${name}: building …`)
  const begun = new Date()
  await target.make()
  utimesSync(join(root, target.output), begun, begun)
}

/** @param {Target} target */
function isFresh({ inputs, output }) {
  const built = timeOf(output)
  return built > 0 && inputs.every((input) => newestBelow(input) <= built)
}

/**
 * A folder's own time counts too: it changes when a file in it is removed.
 *
 * @param {string} path
 * @returns {number} milliseconds
 */
function newestBelow(path) {
  const status = statSync(join(root, path))
  if (!status.isDirectory()) return status.mtimeMs
  const ignored = new Set(['node_modules', 'dist', 'test', 'bench'])
  const below = readdirSync(join(root, path)).filter(
    (name) => !ignored.has(name) && !/\.test\.tsx?$/.test(name),
  )
  const own = below.includes('package.json') ? 0 : status.mtimeMs
  return Math.max(own, ...below.map((name) => newestBelow(join(path, name))))
}

/** @param {string} path */
function timeOf(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

async function buildWeb() {
  const { build } = await import('vite')
  const folder = join(root, 'apps/web')
  await build({ root: folder, configFile: join(folder, 'vite.config.ts'), logLevel: 'warn' })
}

/** The declarations, then three bundles, each with everything it needs; the one that tells the age comes last. */
async function buildSdk() {
  const { build } = await import('vite')
  const { bundleDeclarations } = await import('./declarations.mjs')
  const folder = join(root, 'packages/sdk')
  rmSync(join(folder, 'dist'), { recursive: true, force: true })
  await bundleDeclarations()
  for (const mode of ['testing', 'global', 'module']) {
    await build({ root: folder, configFile: join(folder, 'vite.config.ts'), mode, logLevel: 'warn' })
  }
}

/**
 * Bundles our own TypeScript for Node; packages from npm stay imports.
 *
 * @param {string} entry
 * @param {string} outDir
 */
async function buildForNode(entry, outDir) {
  const { build } = await import('vite')
  await build(nodeBuildOptions(entry, outDir))
}

/**
 * @param {string} entry
 * @param {string} outDir
 * @returns {import('vite').InlineConfig}
 */
export function nodeBuildOptions(entry, outDir) {
  return {
    root,
    configFile: false,
    logLevel: 'warn',
    resolve: { conditions: ['@hyphae/source'] },
    ssr: { noExternal: [/^@hyphae\//, 'hyphae'], resolve: { conditions: ['@hyphae/source', 'node'] } },
    build: { ssr: entry, outDir, emptyOutDir: true, target: 'node20.19', sourcemap: true },
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const names = process.argv.slice(2)
  await buildTargets(names.length > 0 ? names : ['server', 'sdk', 'web'])
}
