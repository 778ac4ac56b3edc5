/** The signaling server is gone: the network carries itself, and takes newcomers in. */
import { allLinked, expect, expectHeardByAll, type MeshPeer, test } from '../fixtures/mesh.ts'

test('without a server messages, values and new links go on, and newcomers come in', async ({
  browsers,
  mesh,
}) => {
  const server = await mesh.serve()
  const [chromium, firefox] = await Promise.all([browsers.launch('chromium'), browsers.launch('firefox')])
  const profile = await chromium.newContext()
  const peers = await mesh.openLinked([profile, chromium, chromium, firefox])
  const [a, b] = peers as [MeshPeer, MeshPeer]
  const stranger = await mesh.openPage(firefox)
  await a.put('before', 'the server stopped')

  browsers.allowErrors(/WebSocket|can.t establish a connection|connection .*interrupted/i)
  await server.stop()

  await test.step('messages, puts and gets', async () => {
    await expectHeardByAll(b, peers, 'nobody serves us')
    await b.put('after', 'the server stopped')
    for (const peer of peers) {
      expect(await peer.get('before')).toBe('the server stopped')
      expect(await peer.get('after')).toBe('the server stopped')
    }
  })

  await test.step('a link that was cut is made again, through the overlay', async () => {
    await a.unlink(b)
    await Promise.all([a.lost(b), b.lost(a)])
    await allLinked([a, b])
    expect(await a.signalingPathTo(b)).toBe('overlay')
    expect(await b.signalingPathTo(a)).toBe('overlay')
  })

  await test.step('a newcomer in a profile that has a peer already', async () => {
    const newcomer = await mesh.openPeer(profile)
    await allLinked([...peers, newcomer])
    const paths = (await newcomer.snapshot()).links.map(({ signalingPath }) => signalingPath)
    expect(new Set(paths)).toEqual(new Set(['tabs', 'overlay']))
    expect(await newcomer.get('after')).toBe('the server stopped')
    peers.push(newcomer)
  })

  await test.step('a newcomer in another browser, by an invite carried by hand', async () => {
    const newcomer = await mesh.openPeer(stranger)
    const invite = await a.createInvite()
    const answer = await newcomer.acceptInvite(invite.text)
    await invite.complete(answer)
    await allLinked([...peers, newcomer])
    expect(await newcomer.signalingPathTo(a)).toBe('invite')
    await expectHeardByAll(newcomer, [...peers, newcomer], 'I was invited')
  })
})
