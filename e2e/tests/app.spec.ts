/** The web app as people use it, in both browsers, and what it says where it cannot work. */
import type { Browser, Page } from '@playwright/test'
import { type Browsers, expect, test } from '../fixtures/test.ts'

const screenshots = new URL('../../.results/screenshots/', import.meta.url).pathname
/** Milliseconds for a tab to work out its id, with 16 bits of work, and to join. */
const START_MS = 30_000
/** Milliseconds until the picture of the topology has been drawn twice: it is drawn anew every 10 s. */
const CRAWLED_MS = 25_000

test('people in Chromium and Firefox see each other, talk and share values', async ({
  browsers,
  servers,
}) => {
  test.setTimeout(120_000)
  const server = await servers.start()
  const open = async (browser: Browser) => openApp(await browser.newPage(), server.url)
  const [chromium, firefox] = await Promise.all([browsers.launch('chromium'), browsers.launch('firefox')])
  const [ada, bob, eve] = (await Promise.all([open(chromium), open(firefox), open(chromium)])) as [
    Page,
    Page,
    Page,
  ]

  const shootBoth = (view: string) =>
    Promise.all([shoot(ada, `chromium-${view}`), shoot(bob, `firefox-${view}`)])

  await test.step('they see each other, and links that are not their own', async () => {
    for (const page of [ada, bob, eve]) {
      for (const other of [ada, bob, eve].filter((each) => each !== page)) {
        await expect(page.locator(`[data-testid=peers] [data-peer="${await idOf(other)}"]`)).toBeVisible()
      }
      const picture = page.getByTestId('topology')
      await expect(picture).toHaveAttribute('data-peers', '3')
      await expect(picture).toHaveAttribute('data-foreign-edges', '1', { timeout: CRAWLED_MS })
    }
    await shootBoth('network')
  })

  await test.step('they chat', async () => {
    await say(ada, 'Ada', 'Hello from Chromium')
    await say(bob, 'Bob', 'Hello from Firefox')
    for (const page of [ada, bob]) {
      const messages = page.getByTestId('messages').getByRole('listitem')
      await expect(messages.filter({ hasText: 'Hello from Chromium' })).toContainText('Ada')
      await expect(messages.filter({ hasText: 'Hello from Firefox' })).toContainText('Bob')
    }
    await expect(eve, 'who looks elsewhere is told').toHaveTitle('(2) Hyphae')
    await shootBoth('messages')
  })

  await test.step('one puts, the other gets and asks who holds it', async () => {
    await putValue(bob, 'color', 'green')
    await expect(bob.getByTestId('store-result')).toContainText('is stored on')
    await openView(ada, 'Store')
    await type(ada, 'Name', 'color')
    await ada.getByRole('button', { name: 'Get' }).click()
    await expect(ada.getByTestId('store-result')).toContainText('green')
    await ada.getByRole('button', { name: 'Who holds it?' }).click()
    await expect(ada.getByTestId('holders')).toContainText('3 of the 3 closest peers hold it')
    await shootBoth('store')
  })

  await test.step('the other views, and a dark phone', async () => {
    for (const view of ['Timeline', 'Invite', 'Settings']) {
      await Promise.all([ada, bob].map((page) => openView(page, view)))
      await shootBoth(view.toLowerCase())
    }
    await openView(ada, 'Store')
    await expect(ada.getByTestId('store-result'), 'a view is as it was left').toContainText('green')
    await shootPhone(eve)
  })
  await test.step('a page says what is missing', () => lookWhereSomethingIsMissing(browsers, server.url))
  await test.step('an error in a page of either browser is noticed', () =>
    breakOnPurpose([ada, bob], browsers))
})

/** Pages that lack what a peer needs. */
async function lookWhereSomethingIsMissing(browsers: Browsers, url: string): Promise<void> {
  const insecureHost = 'hyphae.test'
  const args = [`--host-resolver-rules=MAP ${insecureHost} 127.0.0.1`]
  const browser = await browsers.launch('chromium', { args })

  const without = await browser.newPage()
  await without.addInitScript(() => void Reflect.deleteProperty(globalThis, 'RTCPeerConnection'))
  await without.goto(url)
  await expect(without.getByTestId('failed')).toContainText('This browser has no WebRTC')
  await shoot(without, 'no-webrtc')

  const insecure = await browser.newPage()
  await insecure.goto(url.replace('localhost', insecureHost))
  await expect(insecure.getByTestId('failed')).toContainText('This page needs a secure address')
  await shoot(insecure, 'insecure')
}

async function openApp(page: Page, url: string): Promise<Page> {
  await page.goto(url)
  const status = page.getByTestId('status')
  await expect(status).toHaveAttribute('data-status', 'joined', { timeout: START_MS })
  return page
}

async function idOf(page: Page): Promise<string> {
  return (await page.getByTestId('my-id').getAttribute('data-id')) ?? ''
}

async function openView(page: Page, title: string): Promise<void> {
  await page.getByRole('navigation').getByRole('button', { name: title }).click()
  await expect(page.getByRole('navigation').getByRole('button', { name: title })).toHaveAttribute(
    'aria-current',
    'page',
  )
}

/** Key by key: what Playwright fills in at once, React does not notice in Firefox. */
async function type(page: Page, label: string, text: string): Promise<void> {
  await page.getByLabel(label, { exact: true }).pressSequentially(text)
}

async function say(page: Page, name: string, text: string): Promise<void> {
  await openView(page, 'Messages')
  await type(page, 'Your name', name)
  await type(page, 'Message', text)
  await page.keyboard.press('Enter')
}

async function putValue(page: Page, name: string, value: string): Promise<void> {
  await openView(page, 'Store')
  await type(page, 'Name', name)
  await type(page, 'Value', value)
  await page.getByRole('button', { name: 'Put' }).click()
}

/** For people to look at. */
async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${screenshots}${name}.png`, fullPage: true })
}

async function shootPhone(page: Page): Promise<void> {
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 390, height: 844 })
  await shoot(page, 'phone-network')
  await expectNoSidewaysScroll(page)
  await openView(page, 'Messages')
  await shoot(page, 'phone-messages')
  await expectNoSidewaysScroll(page)
}

/** A table that is wider than the page scrolls by itself. */
async function expectNoSidewaysScroll(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
}

/** Without this, a fixture that hears nothing would let every test pass. */
async function breakOnPurpose(pages: readonly Page[], seen: Browsers): Promise<void> {
  expect(seen.errors).toEqual([])
  for (const page of pages) {
    await page.evaluate(() => {
      console.error('printed on purpose')
      setTimeout(() => {
        throw new Error('thrown on purpose')
      })
    })
  }
  await expect.poll(() => seen.errors.length).toBe(2 * pages.length)
  seen.allowErrors(/(printed|thrown) on purpose/)
  expect(seen.errors).toEqual([])
}
