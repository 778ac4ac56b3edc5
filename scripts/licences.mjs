/** A Vite plugin that writes the licences of every npm package in a bundle, and of what those contain, into one file. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * @param {{ fileName: string, own: string, notices?: readonly string[] }} options `own` is our licence, and
 *   comes first; `notices` speak for code that a bundled package contains without depending on it
 * @returns {import('vite').Plugin}
 */
export function licences({ fileName, own, notices = [] }) {
  return {
    name: 'licences',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((chunk) =>
        chunk.type === 'chunk' ? chunk.moduleIds : [],
      )
      const folders = withDependencies(modules.map(packageFolder).filter((folder) => folder !== null))
      const texts = [own, ...[...folders].map(licenceOf).sort(), ...notices]
      this.emitFile({ type: 'asset', fileName, source: texts.join(`\n${'-'.repeat(80)}\n\n`) })
    },
  }
}

/** @param {string} moduleId */
function packageFolder(moduleId) {
  const path = moduleId.replace(/^\0/, '').replace(/\?.*$/, '')
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? null
}

/**
 * A package that ships as one built file, as simple-peer does, contains its dependencies.
 *
 * @param {string[]} folders
 */
function withDependencies(folders) {
  const all = new Set(folders)
  for (const folder of all) {
    for (const name of Object.keys(manifestOf(folder).dependencies ?? {})) {
      const found = installedFolder(name, folder)
      if (found) all.add(found)
    }
  }
  return all
}

/**
 * @param {string} name
 * @param {string} importer
 * @returns {string | null}
 */
function installedFolder(name, importer) {
  const folder = join(importer, 'node_modules', name)
  if (existsSync(join(folder, 'package.json'))) return folder
  const parent = dirname(importer)
  return parent === importer ? null : installedFolder(name, parent)
}

/** @param {string} folder */
function licenceOf(folder) {
  const { name, version, license } = manifestOf(folder)
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file
    ? readFileSync(join(folder, file), 'utf8').trim()
    : 'No licence text comes with the package.'
  return `${name} ${version} (${license})\n\n${text}\n`
}

/**
 * @param {string} folder
 * @returns {{ name: string, version: string, license: string, dependencies?: Record<string, string> }}
 */
function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}
