/** The transport over WebRTC between real browsers: its whole suite, with either browser at either end. */
import type { Page } from '@playwright/test'
import type { BrowserName } from '../fixtures/browsers.ts'
import { type Browsers, expect, test } from '../fixtures/test.ts'
import { TestPage } from '../fixtures/test-page.ts'

/** What packages/transport-webrtc/test/page offers. */
declare const testPage: {
  titles(): string[]
  run(title: string): Promise<void>
  answer(call: string): void
  hear(news: string): void
}

const pairings: readonly (readonly [near: BrowserName, far: BrowserName])[] = [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
]

let site: TestPage

test.beforeAll(async () => {
  site = await TestPage.serve('packages/transport-webrtc/test/page')
})
test.afterAll(() => site.close())

test('each browser passes the suite of transports with the other at the far end', async ({ browsers }) => {
  test.setTimeout(120_000)
  for (const [near, far] of pairings) {
    await test.step(`${near} and ${far}`, async () => {
      const page = await openPair(browsers, near, far)
      const titles = await page.evaluate(() => testPage.titles())
      expect(titles.length).toBeGreaterThan(25)
      for (const title of titles) {
        await test.step(title, () => page.evaluate((wanted) => testPage.run(wanted), title))
      }
    })
  }
})

/** The page that runs the suite; what its far transports do and say passes through here, in order. */
async function openPair(browsers: Browsers, near: BrowserName, far: BrowserName): Promise<Page> {
  const [nearPage, farPage] = await Promise.all([openPage(browsers, near), openPage(browsers, far)])
  await nearPage.exposeFunction('callFarPage', (call: string) =>
    farPage.evaluate((text) => testPage.answer(text), call),
  )
  await farPage.exposeFunction('tellNearPage', (news: string) =>
    nearPage.evaluate((text) => testPage.hear(text), news),
  )
  return nearPage
}

async function openPage(browsers: Browsers, name: BrowserName): Promise<Page> {
  const page = await (await browsers.launch(name)).newPage()
  await page.goto(site.url)
  return page
}
