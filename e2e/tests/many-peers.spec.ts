/** Many peers on one machine. Thirty with few links each reach everything, most of it over others; fifty are quick about it. */
import type { Browser, Page } from '@playwright/test'
import { mean, percentile, rounded, showFigures } from '../fixtures/figures.ts'
import { expect, type Mesh, MeshPeer, test } from '../fixtures/mesh.ts'
import type { Found } from '../pages/peers/sdk.ts'

const PEERS_PER_PAGE = 5
const LINKS_MAX = 8
const REPLICAS = 5
const TOPIC = 'all'
/** Milliseconds that hearing and finding take at most, so that a busy machine fails nobody; the goal is 100 (docs/results). */
const QUICK_MS = 1_000
/** Milliseconds in which thirty peers, of which two processor cores make all links, have joined. */
const JOIN_MS = 60_000
/** A network is taken to be at rest where in so many milliseconds no more of its peers had news of links; so long is that awaited. */
const REST_MS = 2_000
const RESTLESS_SHARE = 0.1
const SETTLE_MS = 40_000

test('thirty peers with eight links each reach everything, and fifty are quick about it', async ({
  browsers,
  mesh,
}) => {
  test.setTimeout(300_000)
  await mesh.serve()
  const browser = await browsers.launch('chromium')
  const pages = await test.step('thirty', () => reachEverything(mesh, browser))
  expect(await mesh.offences(), 'offences that peers counted').toEqual([])
  await Promise.all(pages.map((page) => page.close()))
  await test.step('fifty', () => beQuick(mesh, browser))
})

async function reachEverything(mesh: Mesh, browser: Browser): Promise<Page[]> {
  const { peers, pages } = await openMany(mesh, browser, {
    pages: 6,
    linksMax: LINKS_MAX,
    replicas: REPLICAS,
  })

  const gossipMs = await test.step('every message reaches all', async () => {
    await Promise.all(peers.map((peer) => peer.subscribe(TOPIC)))
    // The first messages come while links are still being made, and find the trees that later ones take.
    await publishFrom(peers, peers, 'first')
    return publishFrom(peers, peers, 'second')
  })
  const gets = await test.step('every value is found from everywhere', async () => {
    for (const [index, peer] of peers.entries()) await peer.put(`value ${index}`, index)
    return getEachFrom(peers, peers.length)
  })
  const getMs = gets.map(({ ms }) => ms)
  const remoteHops = gets.map(({ hops }) => hops).filter((hops) => hops > 0)
  // Who holds a value answers, so each hop but the last is a peer that does not.
  const routedShare = remoteHops.filter((hops) => hops >= 2).length / gets.length
  const links = (await Promise.all(peers.map((peer) => peer.snapshot()))).map((each) => each.links.length)

  await showFigures({
    gossipP50Ms: percentile(gossipMs, 0.5),
    gossipP99Ms: percentile(gossipMs, 0.99),
    getP50Ms: percentile(getMs, 0.5),
    getP99Ms: percentile(getMs, 0.99),
    hopsMean: mean(remoteHops),
    linksMean: mean(links),
    routedShare: rounded(routedShare),
  })
  await test.step('the picture of the topology', async () => {
    const [me] = peers as [MeshPeer]
    const seen = await me.topology()
    expect(seen.length).toBeGreaterThanOrEqual(25)
    const foreign = seen.filter(({ peer }) => peer !== me.id).flatMap(({ links }) => links)
    expect(foreign.filter((peer) => peer !== me.id).length).toBeGreaterThanOrEqual(25)
  })
  await test.step('a request to a peer without a link', () => askUnlinked(peers))

  expect(Math.max(...links)).toBeLessThanOrEqual(LINKS_MAX)
  expect(routedShare).toBeGreaterThanOrEqual(0.3)
  // The goal is 1.8, which eight of eight runs reached; how links fall moves it: docs/decisions/008. Without routing the mean would be 1.
  expect(mean(remoteHops)).toBeGreaterThanOrEqual(1.7)
  return pages
}

async function beQuick(mesh: Mesh, browser: Browser): Promise<void> {
  const { peers, pages } = await openMany(mesh, browser, { pages: 10, linksMax: 12, replicas: REPLICAS })
  const some = peers.filter((_, index) => index % PEERS_PER_PAGE === 0)
  await Promise.all(peers.map((peer) => peer.subscribe(TOPIC)))
  await settle(peers)
  await publishFrom(some, peers, 'first')
  const gossipMs = await publishFrom(some, peers, 'second')
  for (const [index, peer] of some.entries()) await peer.put(`value ${index}`, index)
  const getMs = (await getEachFrom(peers, some.length)).map(({ ms }) => ms)
  const bareMs = await bareRoundTrips(pages[0] as Page)
  const figures = {
    gossipP50Ms: percentile(gossipMs, 0.5),
    gossipP99Ms: percentile(gossipMs, 0.99),
    getP50Ms: percentile(getMs, 0.5),
    getP99Ms: percentile(getMs, 0.99),
    bareRoundTripP50Ms: percentile(bareMs, 0.5),
    bareRoundTripP99Ms: percentile(bareMs, 0.99),
  }
  await showFigures(figures, 'fifty')
  expect(figures.gossipP99Ms).toBeLessThanOrEqual(QUICK_MS)
  expect(figures.getP99Ms).toBeLessThanOrEqual(QUICK_MS)
}

/** Peers that have joined, five in each page. */
async function openMany(
  mesh: Mesh,
  browser: Browser,
  { pages: count, linksMax, replicas }: { pages: number; linksMax: number; replicas: number },
): Promise<{ peers: MeshPeer[]; pages: Page[] }> {
  const pages = await Promise.all(Array.from({ length: count }, () => mesh.openPage(browser)))
  const places = pages.flatMap((page) => Array<Page>(PEERS_PER_PAGE).fill(page))
  const options = { storage: 'memory', linksMax, replicas } as const
  const peers = await Promise.all(places.map((place) => mesh.openPeer(place, options)))
  await Promise.all(peers.map((peer) => peer.joined(JOIN_MS)))
  return { peers, pages }
}

/** Making hundreds of links keeps two processor cores busy: what is measured meanwhile is that. */
async function settle(peers: readonly MeshPeer[]): Promise<void> {
  const until = Date.now() + SETTLE_MS
  let isAtRest = false
  while (!isAtRest && Date.now() < until) {
    const quiet = await Promise.allSettled(peers.map((peer) => peer.quietFor(REST_MS)))
    const restless = quiet.filter(({ status }) => status === 'rejected')
    isAtRest = restless.length <= RESTLESS_SHARE * peers.length
  }
}

/** Milliseconds of every delivery. Each message has arrived everywhere, once, before the next is published. */
async function publishFrom(
  sources: readonly MeshPeer[],
  peers: readonly MeshPeer[],
  round: string,
): Promise<number[]> {
  const delaysMs: number[] = []
  for (const from of sources) {
    const others = peers.filter((peer) => peer !== from)
    const text = `${round} of ${from.id}`
    const awaited = await MeshPeer.awaitMessage(others, TOPIC, text)
    const { at: sentAt } = await from.publish(TOPIC, text)
    delaysMs.push(...(await awaited.times).map((at) => at - sentAt))
    const heard = await Promise.all(others.map((peer) => peer.receivedAt(TOPIC, text)))
    expect(heard.map((times) => times.length)).toEqual(others.map(() => 1))
  }
  return delaysMs
}

interface Get {
  readonly ms: number
  readonly hops: number
}

/** One at a time, from every peer each value. */
async function getEachFrom(peers: readonly MeshPeer[], values: number): Promise<Get[]> {
  const gets: Get[] = []
  for (const peer of peers) {
    const found = await peer.run(async (self, count) => {
      const all: { ms: number; found: Found | undefined }[] = []
      for (let index = 0; index < count; index++) {
        const startedAt = performance.now()
        const found = await self.peer.store.find(`value ${index}`)
        all.push({ ms: performance.now() - startedAt, found })
      }
      return all
    }, values)
    expect(found.map((each) => each.found?.value)).toEqual(
      Array.from({ length: values }, (_, index) => index),
    )
    gets.push(...found.map(({ ms, found }) => ({ ms, hops: found?.hops ?? 0 })))
  }
  return gets
}

/** Milliseconds of round trips over a data channel with nothing of ours, between two connections of one page. */
function bareRoundTrips(page: Page): Promise<number[]> {
  return page.evaluate(async () => {
    const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()]
    near.onicecandidate = ({ candidate }) => void far.addIceCandidate(candidate ?? undefined)
    far.onicecandidate = ({ candidate }) => void near.addIceCandidate(candidate ?? undefined)
    far.ondatachannel = ({ channel }) => {
      channel.onmessage = ({ data }) => channel.send(data)
    }
    const channel = near.createDataChannel('bare')
    await near.setLocalDescription()
    await far.setRemoteDescription(near.localDescription as RTCSessionDescription)
    await far.setLocalDescription()
    await near.setRemoteDescription(far.localDescription as RTCSessionDescription)
    await new Promise((resolve) => {
      channel.onopen = resolve
    })
    const roundTripsMs: number[] = []
    for (let i = 0; i < 300; i++) {
      const sentAt = performance.now()
      await new Promise((resolve) => {
        channel.onmessage = resolve
        channel.send('x'.repeat(1_024))
      })
      roundTripsMs.push(performance.now() - sentAt)
    }
    near.close()
    far.close()
    return roundTripsMs
  })
}

async function askUnlinked(peers: readonly MeshPeer[]): Promise<void> {
  const [asker] = peers as [MeshPeer]
  const linked = (await asker.snapshot()).links.map(({ peer }) => peer)
  const stranger = peers.find(({ id }) => id !== asker.id && !linked.includes(id)) as MeshPeer
  await stranger.run(
    ({ peer }) => void peer.handle('greet', (name, { from }) => [`hello ${name}`, from]),
    null,
  )
  const answer = await asker.run(({ peer }, id) => peer.request(id, 'greet', 'Ada'), stranger.id)
  expect(answer).toEqual(['hello Ada', asker.id])
}
