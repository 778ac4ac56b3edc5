/**
 * Builds one of the three published bundles, chosen by `--mode`: `module` (dist/hyphae.js), `testing`
 * (dist/testing.js) or `global` (dist/hyphae.global.js, for a script tag). Each holds everything it needs, but that tests
 * take the peer itself from the module.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defaultClientConditions, defineConfig, type Plugin } from 'vite'
import { licences } from '../../scripts/licences.mjs'
import { compress, shortenUnderscored } from './build/compress.ts'
import { ofModule } from './build/of-module.ts'
import { unusedMethods } from './build/unused-methods.ts'
import { withoutSamples } from './build/without-samples.ts'
import { withoutTables } from './build/without-tables.ts'

const bundles = {
  module: { entry: 'src/index.ts', format: 'es', file: 'hyphae.js' },
  testing: { entry: 'src/testing.ts', format: 'es', file: 'testing.js' },
  global: { entry: 'src/index.ts', format: 'iife', file: 'hyphae.global.js' },
} as const

/** Browserify put these into simple-peer's built file; they are under the MIT licence, in the words above. */
const browserifyShims = [
  'events (MIT)\n\nCopyright Joyent, Inc. and other Node contributors.\n',
  'process (MIT)\n\nCopyright (c) 2013 Roman Shtylman <shtylman@gmail.com>\n',
]

const simplePeerParts = [
  'readable-stream',
  'buffer',
  'randombytes',
  'debug',
  'err-code',
  'get-browser-rtc',
  'queue-microtask',
]

/** Builds simple-peer from its source, with small stand-ins for what it needs on other platforms. */
const slimSimplePeer = [
  { find: 'simple-peer/simplepeer.min.js', replacement: 'simple-peer/index.js' },
  ...simplePeerParts.map((name) => ({
    find: new RegExp(`^${name}$`),
    replacement: fileURLToPath(new URL(`build/simple-peer-parts/${name}.cjs`, import.meta.url)),
  })),
]

const FOR_CURVES = '?for-curves'
/** Of the curves themselves, of the fallback that calls them, and of copies made for these. */
const OF_CURVES = /@noble\/curves|\/noble-curves\.ts$|\?for-curves$/

/**
 * Gives the fallback for browsers without Ed25519, which is loaded only there, a copy of the hashes of its own. Shared, they
 * would be one chunk that every page loads, SHA-512 included (2.4 kB).
 */
const ownHashesForCurves: Plugin = {
  name: 'own-hashes-for-curves',
  enforce: 'pre',
  async resolveId(source, importer, options) {
    if (importer === undefined || !OF_CURVES.test(importer)) return null
    const resolved = await this.resolve(source, importer.replace(FOR_CURVES, ''), {
      ...options,
      skipSelf: true,
    })
    return resolved?.id.includes('@noble/hashes') ? resolved.id + FOR_CURVES : resolved
  },
}

export default defineConfig(({ mode }) => {
  const bundle = bundles[mode as keyof typeof bundles]
  if (!bundle) throw new RangeError(`mode is one of ${Object.keys(bundles).join(', ')}; got ${mode}`)
  return {
    resolve: { conditions: ['@hyphae/source', ...defaultClientConditions], alias: slimSimplePeer },
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [
      withoutTables,
      withoutSamples,
      unusedMethods,
      mode === 'testing' ? ofModule : [compress, shortenUnderscored],
      mode !== 'global' && ownHashesForCurves,
      mode === 'module' &&
        licences({ fileName: 'LICENSES.txt', own: ownLicence(), notices: browserifyShims }),
    ],
    build: {
      target: 'es2022',
      emptyOutDir: false,
      sourcemap: true,
      lib: { entry: bundle.entry, formats: [bundle.format], name: 'hyphae', fileName: () => bundle.file },
      rolldownOptions: {
        // terser takes most of the time, which is no news.
        checks: { pluginTimings: false },
        output: {
          minify: true,
          exports: 'named',
          postBanner: '/*! Hyphae, MIT; with the packages named in LICENSES.txt */',
        },
      },
    },
  }
})

function ownLicence(): string {
  return `hyphae\n\n${readFileSync(new URL('../../LICENSE', import.meta.url), 'utf8')}`
}
