/** The SDK as npm packs it, in a page outside the repository: with Vite, and by a script tag. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Browser } from '@playwright/test'
import { expect, test } from '../fixtures/test.ts'
import { TestPage } from '../fixtures/test-page.ts'
import { buildWithVite, ViteServer } from '../fixtures/vite.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const exec = promisify(execFile)
/** Milliseconds in which a page is there that a development server makes when it is asked for, and its peers have met. */
const WAIT_MS = 20_000

test('the packed SDK works in a bare Vite page, in development and built, and as a script', async ({
  browsers,
}) => {
  const folder = await installPacked()
  try {
    const browser = await browsers.launch('chromium')
    const development = await ViteServer.start(folder)
    await expectGreeting(browser, development.url).finally(() => development.stop())

    await buildWithVite(folder, join(folder, 'dist'))
    const built = await TestPage.serveBuilt(join(folder, 'dist'))
    await expectGreeting(browser, built.url).finally(() => built.close())

    await cp(join(folder, 'node_modules/hyphae/dist/hyphae.global.js'), join(folder, 'hyphae.global.js'))
    const plain = await TestPage.serveBuilt(folder)
    await expectGreeting(browser, `${plain.url}script.html`).finally(() => plain.close())
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** A folder with the page and the package in it, as its user would have them. */
async function installPacked(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hyphae-page-'))
  await cp(join(root, 'e2e/pages/package'), folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const pack = ['pack', '--ignore-scripts', '--pack-destination', folder]
  await exec('npm', pack, { cwd: join(root, 'packages/sdk') })
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  await exec('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: folder })
  return folder
}

/** In a profile of its own, so that no peer of another page is met. */
async function expectGreeting(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage()
  await page.goto(url)
  await expect(page.locator('body')).toHaveText('hello, 42', { timeout: WAIT_MS })
  await page.close()
}
