/**
 * Measures one network in this process and prints its figures as one line of JSON: `node --expose-gc src/main.ts NAME`.
 * The names are those of `networks` below, and `verification`.
 */
import type { Libp2pOptions } from './libp2p-network.ts'
import { GossipBench } from './measure-gossip.ts'
import { measureLookups } from './measure-lookups.ts'
import { measureIdle, memoryUse } from './measure-memory.ts'
import { measureVerification } from './measure-verification.ts'
import { pause, type RivalNetwork } from './rival-network.ts'

const PEERS = 50
/**
 * Messages before anything is measured: trees and meshes find their form, and the compiler its code. In blocks of 300 one
 * process took 219, 160, 137, 150 and 131 µs for a delivery of ours without signatures.
 */
const WARM_UP_PUBLISHES = 1_000
const PUBLISHES = 200
/** Milliseconds between them: 40 messages per second, where the peers are fast enough. */
const PACE_MS = 25
/** Messages without a pause between them: enough for a share of the garbage collector's longer rounds. */
const BUSY_PUBLISHES = 500
/** Milliseconds between subscribing and the first message: gossipsub's mesh grows by its heartbeat of one second. */
const SUBSCRIBED_MS = 5_000

/** No network: what the least that a signed message needs costs here. */
const VERIFICATION = 'verification'

/** Loaded only when asked for, so that nobody's code is in another's memory. */
const networks: Record<string, () => Promise<RivalNetwork>> = {
  hyphae: createHyphae,
  hyphaeUnsigned: async () => {
    const { stopCheckingSignatures } = await import('./unchecked-signatures.ts')
    stopCheckingSignatures()
    return createHyphae()
  },
  libp2p: () => createLibp2p({ dht: true, encrypted: true, signed: true }),
  libp2pGossip: () => createLibp2p({ dht: false, encrypted: true, signed: true }),
  libp2pGossipBare: () => createLibp2p({ dht: false, encrypted: false, signed: false }),
}

async function createHyphae(): Promise<RivalNetwork> {
  const { HyphaeNetwork } = await import('./hyphae-network.ts')
  return new HyphaeNetwork()
}

async function createLibp2p(options: Libp2pOptions): Promise<RivalNetwork> {
  const { Libp2pNetwork } = await import('./libp2p-network.ts')
  return new Libp2pNetwork(options)
}

async function measure(network: RivalNetwork) {
  const before = await memoryUse()
  await network.start(PEERS)
  const idle = await measureIdle(network, PEERS, before)
  console.error(`  ${idle.linksPerPeer} links per peer, ${idle.idleBytesPerPeer} bytes per idle peer`)
  const gossip = await measureGossip(network, idle.idleCpuMsPerPeerSecond * PEERS)
  const { fromOne, fromAll, busy } = gossip
  console.error(
    `  ${fromOne.cpuUsPerDelivery} µs per delivery from one, ${fromAll.cpuUsPerDelivery} from all, ${busy.cpuUsPerDelivery} back to back`,
  )
  const lookups = network.hasDht ? await measureLookups(network, PEERS) : {}
  const after = await memoryUse()
  const usedBytesPerPeer = Math.round((after.heapBytes - before.heapBytes) / PEERS)
  const busyCpuUsPerDelivery = busy.cpuUsPerDelivery
  return { ...idle, usedBytesPerPeer, ...fromAll, busyCpuUsPerDelivery, ...gossip, ...lookups }
}

async function measureGossip(network: RivalNetwork, idleCpuMsPerSecond: number) {
  const bench = new GossipBench(network)
  await bench.start()
  await pause(SUBSCRIBED_MS)
  const plan = { peers: PEERS, publishes: PUBLISHES, paceMs: PACE_MS, idleCpuMsPerSecond }
  const inTurn = (index: number) => index % PEERS
  await bench.measure({ ...plan, publishes: WARM_UP_PUBLISHES }, inTurn)
  const busy = await bench.measure({ ...plan, publishes: BUSY_PUBLISHES, paceMs: 0 }, inTurn)
  const fromOne = await bench.measure(plan, () => 0)
  const fromAll = await bench.measure(plan, inTurn)
  return { busy, fromOne, fromAll }
}

async function measureNamed(name: string) {
  if (name === VERIFICATION) return measureVerification()
  const create = networks[name]
  if (create === undefined) {
    const names = [...Object.keys(networks), VERIFICATION].join(', ')
    throw new RangeError(`what is measured is one of ${names}; got ${JSON.stringify(name)}`)
  }
  const network = await create()
  const figures = await measure(network)
  await network.close()
  return figures
}

console.log(JSON.stringify(await measureNamed(process.argv[2] ?? '')))
// Idle timers of a library that was closed must not keep the next one waiting.
process.exit()
