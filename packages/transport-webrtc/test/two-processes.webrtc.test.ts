// Real WebRTC between this process and another one, which can be killed.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import {
  type RemoteNews,
  RemoteTransports,
  type TransportPlace,
  type TransportTrial,
  transportSuite,
} from '@hyphae/conformance'
import type { Transport } from '@hyphae/runtime'
import { build } from 'vite'
import { beforeAll, describe, it } from 'vitest'
import { createNodeWebRtcTransport } from '../src/node/index.ts'

const program = fileURLToPath(new URL('../dist/test/remote-process.js', import.meta.url))

beforeAll(async () => {
  await build({
    configFile: false,
    logLevel: 'warn',
    ssr: { noExternal: [/^@hyphae\//], resolve: { conditions: ['@hyphae/source', 'node'] } },
    build: {
      ssr: fileURLToPath(new URL('./remote-process.ts', import.meta.url)),
      outDir: fileURLToPath(new URL('../dist/test', import.meta.url)),
      target: 'node20.19',
    },
  })
})

describe('WebRTC between two processes conforms', () => {
  for (const { title, run } of transportSuite(openPlace, { canCrash: true })) it(title, run)
})

async function openPlace(): Promise<TransportPlace> {
  const near: Transport[] = []
  const other = new OtherProcess()
  return {
    async near(trial?: TransportTrial) {
      const transport = createNodeWebRtcTransport(trial)
      near.push(transport)
      return transport
    },
    far: async (trial) => other.transports.create(trial),
    crashFar: () => other.kill(),
    async close() {
      for (const transport of near) transport.destroy()
      await other.kill()
    },
  }
}

class OtherProcess {
  readonly transports: RemoteTransports
  readonly #process: ChildProcess

  constructor() {
    const child = fork(program, { serialization: 'advanced' })
    this.transports = new RemoteTransports((call) => child.send(call))
    child.on('message', (news: RemoteNews) => this.transports.hear(news))
    this.#process = child
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }
}
