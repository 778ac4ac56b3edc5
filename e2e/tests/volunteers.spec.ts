/** The peers that introduce others die, all at once, and the server with them. */
import { crash } from '../fixtures/crash.ts'
import { expectHeardByAll, type MeshPeer, test } from '../fixtures/mesh.ts'
import { allEnded, webSocketsOf } from '../fixtures/web-sockets.ts'

const VOLUNTEERS = 2
/** Fewer links than peers, so that some are linked only over others. */
const LINKS_MAX = 5
/** Milliseconds after which a released peer checks in; by default minutes. */
const CHECK_IN_MS = 5_000

test('peers end as one network when all volunteers die, and when one loses all links', async ({
  browsers,
  mesh,
}) => {
  test.setTimeout(120_000)
  const flags = { introducers: VOLUNTEERS, 'meshed-links': 1, 'check-in-ms': CHECK_IN_MS }
  const server = await mesh.serve(Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`]))
  const browser = await browsers.launch('chromium')
  const options = { linksMax: LINKS_MAX }
  const volunteers = await mesh.openLinked(Array(VOLUNTEERS).fill(browser), options)
  const pages = await Promise.all([1, 2, 3, 4].map(() => mesh.openPage(browser)))
  const sockets = pages.map(webSocketsOf)
  const survivors = await Promise.all([...pages, ...pages].map((page) => mesh.openPeer(page, options)))
  await Promise.all(survivors.map((peer) => peer.joined()))
  await Promise.all(sockets.map(allEnded))

  browsers.allowErrors(/WebSocket/)
  await test.step('all volunteers die, and the server with them', async () => {
    await Promise.all([...volunteers.map(({ page }) => crash(page)), server.kill()])
    await server.restart()
    // Nobody is connected to the new server: a newcomer waits for the first released peer that checks in.
    const newcomer = await mesh.openPeer(browser, options)
    await newcomer.joined()
    await expectHeardByAll(newcomer, [...survivors, newcomer], 'I am new')
  })

  await test.step('a peer loses all links at once', async () => {
    const [peer] = survivors as [MeshPeer]
    await peer.run(({ peer }) => Promise.all(peer.peers.map((id) => peer.unlink(id))), null)
    await peer.alone()
    await peer.joined()
    await expectHeardByAll(peer, survivors, 'I am back')
  })
})
