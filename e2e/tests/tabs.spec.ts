/** Tabs of one profile: each is a peer of its own, and stays the same one over a reload. */
import type { Page } from '@playwright/test'
import { allLinked, expect, expectHeardByAll, test } from '../fixtures/mesh.ts'

test('tabs of one profile are different peers, and each keeps its identity over a reload', async ({
  browsers,
  mesh,
}) => {
  await mesh.serve()
  const profile = await (await browsers.launch('chromium')).newContext()
  // One after another, so that it is known which identity is the first.
  const first = await mesh.openPeer(profile)
  const second = await mesh.openPeer(profile)
  const third = await mesh.openPeer(profile)
  await allLinked([first, second, third])
  const ids = new Set([first.id, second.id, third.id])
  expect(ids.size).toBe(3)
  await expectHeardByAll(first, [first, second, third], 'hello')

  await test.step('a duplicated tab takes another identity, and the first keeps its own', async () => {
    const copy = await mesh.openPeer(await duplicate(first.page))
    expect(ids).not.toContain(copy.id)
    await allLinked([first, second, third, copy])
    await copy.page.close()
  })

  await test.step('a reload keeps the identity, also of two tabs at once', async () => {
    await Promise.all([first.page.reload(), second.page.reload()])
    // In the other order: whoever took the lowest free identity would take the wrong one.
    const again = [await mesh.openPeer(second.page), await mesh.openPeer(first.page)]
    expect(again.map(({ id }) => id)).toEqual([second.id, first.id])
    await allLinked([...again, third])
  })

  await test.step('a new tab takes none that is in use', async () => {
    const fourth = await mesh.openPeer(profile)
    expect(ids).not.toContain(fourth.id)
  })
})

/** A window opened by a script gets a copy of sessionStorage, as a duplicated tab does. */
async function duplicate(page: Page): Promise<Page> {
  const opened = page.waitForEvent('popup')
  await page.evaluate(() => void window.open(location.href))
  const copy = await opened
  await copy.waitForLoadState()
  expect(await copy.evaluate(() => ({ ...sessionStorage }))).toEqual(
    await page.evaluate(() => ({ ...sessionStorage })),
  )
  expect(await copy.evaluate(() => sessionStorage.length)).toBeGreaterThan(0)
  return copy
}
