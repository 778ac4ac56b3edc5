// Servers of tests: on loopback, on a free port, closed after each test.

import { afterEach } from 'vitest'
import type { ServerOptions } from '../src/options.ts'
import { type RunningServer, startServer } from '../src/server.ts'

const running: RunningServer[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
})

export async function start(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({ host: '127.0.0.1', port: 0, logLevel: 'silent', ...options })
  running.push(server)
  return server
}
