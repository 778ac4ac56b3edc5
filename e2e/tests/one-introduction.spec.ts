/**
 * The server introduces a newcomer to a single peer; peer exchange and the lookup of its own id do the rest, each of which would
 * do alone. That the exchange does is tested where lookups can be left unanswered: packages/core/test/routing/exchange.test.ts.
 */
import type { Page } from '@playwright/test'
import { allLinked, expect, test } from '../fixtures/mesh.ts'
import { allEnded, introductionsIn, webSocketsOf } from '../fixtures/web-sockets.ts'

/** Others besides the introducer: with it as many as a peer wants for neighbours, so that all are to be linked. */
const OTHERS = 7

test('a newcomer that is introduced to one peer reaches its full number of links', async ({
  browsers,
  mesh,
}) => {
  // With one introducer, and everybody else released at the first link, one peer is all the server can name.
  await mesh.serve(['--introducers', '1', '--meshed-links', '1'])
  const browser = await browsers.launch('chromium')
  const introducer = await mesh.openPeer(browser)
  const page = await mesh.openPage(browser)
  const sockets = webSocketsOf(page)
  const others = await mesh.openLinked(Array<Page>(OTHERS).fill(page), { siblingTabs: false })
  const peers = [introducer, ...others]
  await allLinked(peers)
  expect(sockets).toHaveLength(OTHERS)
  await allEnded(sockets)

  const newPage = await mesh.openPage(browser)
  const introduced = introductionsIn(newPage)
  const newcomer = await mesh.openPeer(newPage)
  await newcomer.linkedTo(peers)
  expect(introduced.size).toBe(1)
  for (const peer of peers) {
    expect(await newcomer.signalingPathTo(peer)).toBe(peer === introducer ? 'server' : 'overlay')
  }
})
