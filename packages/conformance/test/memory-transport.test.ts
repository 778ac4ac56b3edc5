import type { AttemptId } from '@hyphae/core'
import type { Transport, TransportEvent } from '@hyphae/runtime'
import { describe, expect, it } from 'vitest'
import { createMemoryNetwork, ManualClock, type TransportPlace, transportSuite } from '../src/index.ts'

async function memoryPlace(): Promise<TransportPlace> {
  const network = createMemoryNetwork({ connectMsMax: 400 })
  const far: Transport[] = []
  let created = 0
  const create = () => network.createTransport(`transport ${++created}`)
  return {
    near: async () => create(),
    async far() {
      const transport = create()
      far.push(transport)
      return transport
    },
    async crashFar() {
      for (const transport of far) network.kill(transport)
    },
    close: async () => undefined,
  }
}

describe('the in-memory transport conforms', () => {
  for (const { title, run } of transportSuite(memoryPlace, { canCrash: true })) it(title, run)
})
