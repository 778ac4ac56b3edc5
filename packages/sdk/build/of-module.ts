import type { Plugin } from 'vite'

/** What the tests of an application hand to it, and what it compares it with, by the file that declares it. */
const SHARED = /\/(?:sdk\/src\/create-peer|runtime\/src\/hyphae-error)\.ts$/

/**
 * Takes them from `hyphae.js` instead of bundling them once more: an error of a peer in a test is then an instance of the
 * HyphaeError that the application imports.
 */
export const ofModule: Plugin = {
  name: 'of-module',
  enforce: 'pre',
  async resolveId(source, importer, options) {
    const resolved = await this.resolve(source, importer, options)
    return resolved && SHARED.test(resolved.id) ? { id: './hyphae.js', external: 'relative' } : resolved
  },
}
