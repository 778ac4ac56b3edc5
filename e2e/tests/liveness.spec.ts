/** A tab that dies without a goodbye, its return, and the calm when nothing happens. */
import { crash } from '../fixtures/crash.ts'
import { allLinked, expect, type MeshPeer, test } from '../fixtures/mesh.ts'

/** Milliseconds in which everybody has noticed a death. */
const NOTICED_MS = 10_000
/** Milliseconds in which nothing may happen where nothing changes. */
const CALM_MS = 60_000
/** RTCPeerConnections that may be constructed for each end of a link that is needed. */
const CONSTRUCTIONS_PER_END = 1.5

test('a tab that is killed leaves once and returns once, and a network at rest stays at rest', async ({
  browsers,
  mesh,
}) => {
  test.setTimeout(150_000)
  await mesh.serve()
  const [chromium, firefox] = await Promise.all([browsers.launch('chromium'), browsers.launch('firefox')])
  const profile = await chromium.newContext()
  const pages = await Promise.all([mesh.openPage(chromium), mesh.openPage(chromium), mesh.openPage(firefox)])
  const survivors = await mesh.openLinked([...pages, ...pages])
  const victim = await mesh.openPeer(profile)
  await allLinked([...survivors, victim])
  const count = survivors.length + 1
  const ends = count * (count - 1)
  expect(await constructions([...survivors, victim])).toBeLessThanOrEqual(CONSTRUCTIONS_PER_END * ends)

  const killedAt = await victim.now()
  await crash(victim.page)
  const noticedAt = await Promise.all(survivors.map((peer) => peer.lost(victim)))
  expect(Math.max(...noticedAt) - killedAt).toBeLessThan(NOTICED_MS)

  const returned = await mesh.openPeer(profile)
  expect(returned.id).toBe(victim.id)
  const peers = [...survivors, returned]
  await allLinked(peers)

  await test.step('at rest', () => Promise.all(peers.map((peer) => peer.quietFor(CALM_MS))))
  for (const peer of survivors) {
    const { id } = victim
    expect(await peer.comings(victim)).toEqual([`+${id}`, `-${id}`, `+${id}`])
    for (const other of survivors.filter((each) => each !== peer)) {
      expect(await peer.comings(other)).toEqual([`+${other.id}`])
    }
  }
  const endsAgain = ends + (count - 1)
  expect(await constructions(peers)).toBeLessThanOrEqual(CONSTRUCTIONS_PER_END * endsAgain)
})

async function constructions(peers: readonly MeshPeer[]): Promise<number> {
  const counts = await Promise.all(peers.map((peer) => peer.constructions()))
  return counts.reduce((sum, each) => sum + each, 0)
}
