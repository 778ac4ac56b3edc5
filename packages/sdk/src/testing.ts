// A network without sockets, disks or servers, for tests of applications: the same peers over in-memory parts, which are
// the references that the real transports, stores and introducers are held to.

import { createMemoryIntroducers, createMemoryNetwork, createMemoryStorage } from '@hyphae/conformance'
import { createPeer } from './create-peer.ts'
import { type PeerOptions, saidOf } from './options.ts'
import type { HyphaePeer } from './peer.ts'

export {
  createMemoryIntroducers,
  createMemoryNetwork,
  createMemoryStorage,
  FaultyDisk,
  introducerSuite,
  ManualClock,
  MemoryDisk,
  storageSuite,
  transportSuite,
} from '@hyphae/conformance'

export interface TestNetwork {
  /** A running peer of this network, with an identity that costs no work and storage that is forgotten. */
  createPeer(options?: Partial<PeerOptions>): Promise<HyphaePeer>
  /** The peer vanishes without a goodbye, as a crashed tab does. */
  kill(peer: HyphaePeer): void
  /** Nobody is introduced any more, as when every signaling server is down. */
  stopIntroductions(): void
  startIntroductions(): void
  /** Closes every peer. */
  close(): Promise<void>
}

/** Peers of one process that find each other in memory. `delayMs` is the time a message takes. */
export function createTestNetwork({
  delayMs = 0,
}: {
  readonly delayMs?: number | undefined
} = {}): TestNetwork {
  const network = createMemoryNetwork({ delayMs: () => delayMs })
  const introducers = createMemoryIntroducers()
  const transportByPeer = new Map<HyphaePeer, ReturnType<typeof network.createTransport>>()
  let count = 0
  return {
    createPeer: async (options = {}) => {
      const transport = network.createTransport(`peer-${count++}`)
      const peer = await createPeer({
        network: 'test',
        workBits: 0,
        storage: createMemoryStorage(),
        siblingTabs: false,
        transport,
        introducers: [introducers.introducer()],
        ...saidOf(options),
      })
      transportByPeer.set(peer, transport)
      return peer
    },
    kill: (peer) => {
      const transport = transportByPeer.get(peer)
      if (transport === undefined) throw new TypeError('the peer is not of this network')
      network.kill(transport)
    },
    stopIntroductions: () => introducers.stop(),
    startIntroductions: () => introducers.start(),
    close: async () => {
      await Promise.all([...transportByPeer.keys()].map((peer) => peer.close()))
    },
  }
}
