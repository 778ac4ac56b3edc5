/** The store, identity slots and the introducer among tabs, in real browsers. */
import type { BrowserContext, Page } from '@playwright/test'
import type { BrowserName } from '../fixtures/browsers.ts'
import { type Browsers, expect, test } from '../fixtures/test.ts'
import { TestPage } from '../fixtures/test-page.ts'

interface OpenedPeer {
  slot: number
  id: string
  isKnown: boolean
  bootId: number
  record: number[]
}

/** What packages/storage-indexeddb/test/page offers. */
declare const testPage: {
  runSuites(): Promise<{ passed: number; failures: string[] }>
  claimSlot(network: string): Promise<number>
  openPeer(network: string): Promise<OpenedPeer>
  openAndWait(
    network: string,
    onReady: () => void,
  ): Promise<{ type: string; identity: unknown; record: unknown }>
}

const names: readonly BrowserName[] = ['chromium', 'firefox']

let site: TestPage

test.beforeAll(async () => {
  site = await TestPage.serve('packages/storage-indexeddb/test/page')
})
test.afterAll(() => site.close())

test('the store and the introducer among tabs pass their suites, tabs stay themselves, a wipe is told', async ({
  browsers,
}) => {
  test.setTimeout(90_000)
  await test.step('suites', () => passSuites(browsers))
  await test.step('tabs of a profile are different peers, and a reload keeps each', () =>
    keepTabsApart(browsers))
  await test.step('a store whose data the user clears says so, and is written again', () =>
    clearData(browsers))
})

async function passSuites(browsers: Browsers): Promise<void> {
  await inBoth(browsers, async (context) => {
    const page = await openTab(context)
    const { passed, failures } = await page.evaluate(() => testPage.runSuites())
    expect(failures).toEqual([])
    expect(passed).toBeGreaterThan(25)
  })
}

async function keepTabsApart(browsers: Browsers): Promise<void> {
  await inBoth(browsers, async (context) => {
    const [first, second] = [await openTab(context), await openTab(context)]
    const a = await openPeer(first)
    const [b, c] = [await openPeer(second), await openPeer(second)]
    const copy = await duplicate(first)
    const d = await openPeer(copy)
    expect([a, b, c, d].map(({ slot }) => slot)).toEqual([0, 1, 2, 3])
    expect(new Set([a, b, c, d].map(({ id }) => id)).size).toBe(4)

    await Promise.all([first, second, copy].map((tab) => tab.reload()))
    const [d2, [b2, c2], a2] = [await openPeer(copy), await openTwoPeers(second), await openPeer(first)]
    const again = [a2, b2, c2, d2]
    expect(again.map(({ id }) => id)).toEqual([a, b, c, d].map(({ id }) => id))
    expect(again.map(({ bootId }) => bootId)).toEqual([2, 2, 2, 2])
    expect(again.map(({ record }) => record)).toEqual(again.map(() => [1, 2, 3]))
  })
}

async function clearData(browsers: Browsers): Promise<void> {
  await inBoth(browsers, async (context) => {
    const page = await openTab(context)
    const outcome = page.evaluate(() => testPage.openAndWait('cleared', () => document.body.append('ready')))
    await expect(page.getByText('ready')).toBeVisible()
    await page.evaluate(() => fetch('/clear-site-data', { method: 'POST' }).then(() => {}))
    expect(await outcome).toEqual({ type: 'wiped', identity: null, record: null })
  })
}

/** The same in a fresh profile of each browser. */
async function inBoth(browsers: Browsers, run: (context: BrowserContext) => Promise<void>): Promise<void> {
  for (const name of names) {
    await test.step(name, async () => run(await (await browsers.launch(name)).newContext()))
  }
}

async function openTab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  await page.goto(site.url)
  return page
}

function openPeer(page: Page): Promise<OpenedPeer> {
  return page.evaluate(() => testPage.openPeer('tabs'))
}

/** Both at once, as a page opens its peers. */
function openTwoPeers(page: Page): Promise<[OpenedPeer, OpenedPeer]> {
  return page.evaluate(() => Promise.all([testPage.openPeer('tabs'), testPage.openPeer('tabs')]))
}

/** A window opened by a script gets a copy of sessionStorage, as a duplicated tab does. */
async function duplicate(page: Page): Promise<Page> {
  const opened = page.waitForEvent('popup')
  await page.evaluate(() => void window.open(location.href))
  const copy = await opened
  await copy.waitForLoadState()
  expect(await copy.evaluate(() => sessionStorage.length)).toBeGreaterThan(0)
  return copy
}
