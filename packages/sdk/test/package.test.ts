/**
 * The SDK as its users get it: packed by npm, installed into an empty folder outside the repository, then
 * imported by Node, bundled by Vite, loaded as a script and compiled against. Runs as a stage of its own,
 * because it needs the build: `npm test -- package`.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Script } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { build, transformWithOxc } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/**
 * Bytes of dist/hyphae.js after gzip, simple-peer included. The goal is 75,000, which is not reached (docs/decisions/004):
 * this is where we are, so that it grows no more.
 */
const SDK_GZIP_BYTES_MAX = 90_950

const root = fileURLToPath(new URL('../../../', import.meta.url))
const exec = promisify(execFile)
/** What is there for `await using`, among others. */
const ALL_LIB = 'es2023,dom,dom.iterable,dom.asynciterable,esnext.disposable'

let folder: string
let installed: string

beforeAll(async () => {
  await exec(process.execPath, [join(root, 'scripts/build.mjs'), 'sdk'], { cwd: root })
  folder = await mkdtemp(join(tmpdir(), 'hyphae-package-'))
  const pack = ['pack', '--ignore-scripts', '--pack-destination', folder]
  await exec('npm', pack, { cwd: join(root, 'packages/sdk') })
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  await exec('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: folder })
  installed = join(folder, 'node_modules/hyphae')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the packed SDK', () => {
  test(`is at most ${SDK_GZIP_BYTES_MAX} bytes after gzip`, async () => {
    const code = await readFile(join(installed, 'dist/hyphae.js'), 'utf8')
    // Everything a page loads is in this file: only the fallback for Ed25519 is another one, loaded where it is missing.
    expect(code.split('\n').filter((line) => line.startsWith('import'))).toEqual([])
    const bytes = gzipSync(code, { level: 9 }).length
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThanOrEqual(SDK_GZIP_BYTES_MAX)
  })

  test('has a source map that leads back to the sources', async () => {
    const lines = (await readFile(join(installed, 'dist/hyphae.js'), 'utf8')).split('\n')
    const map = new SourceMap(JSON.parse(await readFile(join(installed, 'dist/hyphae.js.map'), 'utf8')))
    const text = 'a part is missing or was changed'
    const line = lines.findIndex((each) => each.includes(text))
    const entry = map.findEntry(line, lines[line]?.indexOf(text) ?? -1)
    expect(entry).toMatchObject({ originalSource: expect.stringMatching(/src\/invite-text\.ts$/) })
    const source = await readFile(join(root, 'packages/sdk/src/invite-text.ts'), 'utf8')
    expect('originalLine' in entry && source.split('\n')[entry.originalLine]).toContain(text)
  })

  test('brings no other package, and the licences of all it contains', async () => {
    const packages = (await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.'))
    expect(packages).toEqual(['hyphae'])
    const licences = await readFile(join(installed, 'dist/LICENSES.txt'), 'utf8')
    const named = licences.split(/^-{80}$/m).map((licence) => licence.trim().split(/\s/, 1)[0])
    expect(named).toEqual(expect.arrayContaining(['hyphae', 'simple-peer', 'events', '@noble/hashes']))
  })

  test('is imported by plain Node, where there is no WebRTC', async () => {
    expect(await exportsInNode('hyphae')).toContain('createPeer')
    expect(await exportsInNode('hyphae/testing')).not.toEqual([])
  })

  test('is bundled by a bare Vite page', async () => {
    const project = join(folder, 'page')
    await mkdir(project)
    await writeFile(join(project, 'index.html'), '<script type="module" src="./main.js"></script>')
    await writeFile(
      join(project, 'main.js'),
      "import { createPeer } from 'hyphae'\nwindow.made = createPeer\n",
    )
    await build({ root: project, configFile: false, logLevel: 'silent' })
    expect(existsSync(join(project, 'dist/index.html'))).toBe(true)
  })

  test('is one global, hyphae, as a script', async () => {
    const source = await readFile(join(installed, 'dist/hyphae.global.js'), 'utf8')
    // A page that names no encoding reads anything else as other letters.
    expect(source).toMatch(/^[\0-\x7f]*$/)
    const probe = "\n;({ type: typeof hyphae.createPeer, isOnlyGlobal: typeof createPeer === 'undefined' })"
    const found = new Script(source + probe).runInThisContext()
    expect(found).toEqual({ type: 'function', isOnlyGlobal: true })
  })

  test.each(['bundler', 'node16', 'nodenext'])(
    'compiles for users who resolve as %s does',
    async (resolution) => {
      const source = "import { createPeer } from 'hyphae'\nimport * as testing from 'hyphae/testing'\n"
      const uses = 'export const made: Promise<unknown> | object = createPeer\nexport const every = testing\n'
      // Whoever replaces a part has to name what it gets and gives.
      const own = `
      import type { Clock, FailureCode, Introducer, IntroducerEvent, PeerStorage, Random, StoredIdentity, StoredRecord, Transport } from 'hyphae'
      export const codes: FailureCode[] = ['STORAGE_FULL']
      export const saveRecord: PeerStorage['saveRecord'] = async (record: StoredRecord) => console.log(record.bytes.length)
      export const loadIdentity: PeerStorage['loadIdentity'] = async (): Promise<StoredIdentity | null> => null
      export type Parts = { clock: Clock; random: Random; transport: Transport; introducers: Introducer[]; event: IntroducerEvent }
      export const start = (parts: Omit<Parts, 'event'>, storage: PeerStorage) => createPeer({ network: 'n', storage, ...parts })
    `
      // Settings of which some are not set.
      const unset = `
      import type { CallOptions, HyphaePeer, PeerOptions } from 'hyphae'
      export type Unset<T> = { [N in keyof T]-?: undefined }
      export const all = (rest: Unset<Omit<PeerOptions, 'network'>>) => createPeer({ ...rest, network: 'n' })
      export const call = async (peer: HyphaePeer, unset: Unset<CallOptions>) => {
        await peer.joined(unset)
        await peer.lookup('', { ...unset, onStep: undefined })
        await peer.topology({ ...unset, onPeer: undefined, peersMax: undefined })
        await peer.store.put('', 1, { ...unset, replicas: undefined, namespace: undefined, writers: undefined })
        peer.topic('', { strategy: 'epidemic', fanout: undefined }).messages({ signal: undefined, bufferMax: undefined })
      }
      testing.createTestNetwork({ delayMs: undefined })
    `
      await writeFile(join(folder, `${resolution}.ts`), source + uses + own + unset)
      const leastLib = 'es2022,dom,dom.iterable'
      for (const lib of [leastLib, ALL_LIB])
        expect(await compiled(resolution, [`${resolution}.ts`], lib)).toBe('')
    },
  )

  test('has a README that names every option, event and code, and whose code compiles as the root’s does', async () => {
    const readme = await readFile(join(installed, 'README.md'), 'utf8')
    const names = [
      ...(await namesIn(
        'packages/sdk/src/options.ts',
        /interface PeerOptions \{(.*?)\n\}/s,
        /^ {2}readonly (\w+)/gm,
      )),
      ...(await namesIn(
        'packages/sdk/src/peer.ts',
        /interface PeerEvents \{(.*?)\n\}/s,
        /^ {2}'?([\w-]+)'?:/gm,
      )),
      ...(await namesIn('packages/core/src/errors.ts', /type FailureCode =(.*?)\n\n/s, /'(\w+)'/g)),
    ]
    expect(names.length).toBeGreaterThan(35)
    expect(
      names.filter((name) => !readme.includes(`\`${name}\``) && !readme.includes(`\`'${name}'\``)),
    ).toEqual([])
    const both = readme + (await readFile(join(root, 'README.md'), 'utf8'))
    const blocks = [...both.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code as string)
    expect(blocks.length).toBeGreaterThanOrEqual(3)
    for (const [index, code] of blocks.entries()) await writeFile(join(folder, `readme${index}.ts`), code)
    expect(
      await compiled(
        'bundler',
        blocks.map((_, index) => `readme${index}.ts`),
      ),
    ).toBe('')
  })

  test('does in a test what its README says', async () => {
    const readme = await readFile(join(installed, 'README.md'), 'utf8')
    const example = [...readme.matchAll(/```ts\n(.*?)```/gs)].find(([, code]) =>
      code?.includes('hyphae/testing'),
    )
    const { code } = await transformWithOxc(example?.[1] ?? '', 'example.ts')
    const { stdout } = await exec(process.execPath, ['--input-type=module', '-e', code], { cwd: folder })
    expect(stdout).toBe('6\n')
  })

  test('has the same error class in tests', async () => {
    const script = `
      import { HyphaeError } from 'hyphae'
      import { createMemoryStorage, createTestNetwork } from 'hyphae/testing'
      const storage = createMemoryStorage()
      const peer = await createTestNetwork().createPeer({ storage })
      await peer.close()
      for (const failing of [peer.store.get('name'), storage.usage()])
        console.log(await failing.catch((error) => error instanceof HyphaeError && error.code))`
    const { stdout } = await exec(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })
    expect(stdout).toBe('CLOSED\nCLOSED\n')
  })

  test('has declarations that name no unpublished package', async () => {
    const declarations = await filesBelow(join(installed, 'dist/types'))
    expect(declarations.length).toBeGreaterThan(0)
    for (const file of declarations) expect(await readFile(file, 'utf8')).not.toMatch(/['"]@hyphae\//)
  })
})

/** What the compiler says of a user's files. */
async function compiled(resolution: string, files: readonly string[], lib = ALL_LIB): Promise<string> {
  const module = resolution === 'bundler' ? 'esnext' : resolution
  const flags = ['--noEmit', '--strict', '--module', module, '--moduleResolution', resolution]
  const target = ['--exactOptionalPropertyTypes', '--target', 'es2022', '--lib', lib]
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const args = [compiler, ...flags, ...target, '--types', '', ...files]
  const { stdout, stderr } = await exec(process.execPath, args, { cwd: folder }).catch((failure) => failure)
  return stdout + stderr
}

/** Names that a part of a source declares. */
async function namesIn(file: string, part: RegExp, name: RegExp): Promise<string[]> {
  const source = await readFile(join(root, file), 'utf8')
  return [...(part.exec(source)?.[1] ?? '').matchAll(name)].map(([, found]) => found as string)
}

/** Names that an import in a fresh Node process finds. */
async function exportsInNode(specifier: string): Promise<string[]> {
  const script = `console.log(JSON.stringify(Object.keys(await import('${specifier}'))))`
  const { stdout } = await exec(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })
  return JSON.parse(stdout)
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
