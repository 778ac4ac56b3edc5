/** Chromium and Firefox, each pair of them in processes of their own. */
import type { BrowserName } from '../fixtures/browsers.ts'
import { allLinked, expect, expectHeardByAll, type MeshPeer, test } from '../fixtures/mesh.ts'

test('Chromium and Firefox link in all pairings, hear each other and share values', async ({
  browsers,
  mesh,
}) => {
  await mesh.serve()
  const open = async (name: BrowserName) => mesh.openPeer(await browsers.launch(name))
  const peers = await Promise.all([open('chromium'), open('chromium'), open('firefox'), open('firefox')])
  await allLinked(peers)

  for (const [index, from] of peers.entries()) await expectHeardByAll(from, peers, `from ${index}`)

  const [, , , writer] = peers as [MeshPeer, MeshPeer, MeshPeer, MeshPeer]
  await writer.put('on all', 'written in Firefox')
  // One copy, which most of them have to fetch.
  await writer.put('on one', { answer: 42 }, { replicas: 1 })
  for (const reader of peers) {
    expect(await reader.find('on all')).toMatchObject({ value: 'written in Firefox', author: writer.id })
    expect(await reader.find('on one')).toMatchObject({ value: { answer: 42 }, author: writer.id })
  }
})
