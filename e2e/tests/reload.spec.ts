/** What a tab keeps over a reload: identity, replicas, and the way back into the network. */
import type { BrowserName } from '../fixtures/browsers.ts'
import { expect, type MeshPeer, test } from '../fixtures/mesh.ts'

/** Milliseconds from the load of a page to being back in the network. */
const BACK_MS = 5_000

test('a reloaded tab is back within 5 s, and serves its replicas when everybody else is gone', async ({
  browsers,
  mesh,
}) => {
  await mesh.serve()
  const browser = await browsers.launch('chromium')
  const peers = await mesh.openLinked([browser, browser, browser, browser])
  const [kept, writer] = peers as [MeshPeer, MeshPeer]
  const others = peers.filter((peer) => peer !== kept)
  const { stored } = await writer.put('kept', 'by all')
  expect(stored).toBeGreaterThanOrEqual(3)
  await kept.persisted((await kept.put('own', 'mine')).key)

  const back = await test.step('with the others alive', async () => {
    await kept.page.reload()
    const again = await mesh.openPeer(kept.page)
    expect(again.id).toBe(kept.id)
    const joinedAt = Math.max(await again.joined(), await again.linkedTo(others))
    expect(joinedAt - (await again.loadedAt())).toBeLessThan(BACK_MS)
    return again
  })

  await test.step('with nobody else', async () => {
    await Promise.all(others.map(({ page }) => page.close()))
    await back.page.reload()
    const alone = await mesh.openPeer(back.page)
    expect(alone.id).toBe(kept.id)
    expect((await alone.snapshot()).links).toEqual([])
    expect(await alone.find('kept')).toMatchObject({ value: 'by all', holder: kept.id, hops: 0 })
    expect(await alone.get('own')).toBe('mine')

    const newcomer = await mesh.openPeer(browser)
    await newcomer.linkedTo([alone])
    expect(await newcomer.find('kept')).toMatchObject({ value: 'by all', author: writer.id })
  })
})

const names: readonly BrowserName[] = ['chromium', 'firefox']

test('what is written in the last moment of a page is there when it comes back', async ({
  browsers,
  mesh,
}) => {
  await mesh.serve()
  for (const name of names) {
    const peer = await mesh.openPeer(await browsers.launch(name))
    await peer.persisted((await peer.put('own', 'first')).key)
    await peer.put('own', 'last')
    await peer.page.reload()
    expect(await (await mesh.openPeer(peer.page)).get('own')).toBe('last')
    await peer.page.close()
  }
})
