// Real WebRTC between transports of one process.

import { type TransportPlace, type TransportTrial, transportSuite } from '@hyphae/conformance'
import type { Transport } from '@hyphae/runtime'
import { describe, it } from 'vitest'
import { createNodeWebRtcTransport } from '../src/node/index.ts'

async function openPlace(): Promise<TransportPlace> {
  const transports: Transport[] = []
  const create = async (trial?: TransportTrial) => {
    const transport = createNodeWebRtcTransport(trial)
    transports.push(transport)
    return transport
  }
  return {
    near: create,
    far: create,
    async close() {
      for (const transport of transports) transport.destroy()
    },
  }
}

describe('WebRTC in one process conforms', () => {
  for (const { title, run } of transportSuite(openPlace, { canCrash: false })) it(title, run)
})
