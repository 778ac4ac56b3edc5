#!/usr/bin/env node
// The command: reads its line, starts the server, says where it is, and stops it in order on Ctrl-C or SIGTERM.
// Exit codes: 0 stopped in order, 1 could not start, 2 the command line is wrong.

import { lanAddresses } from './certificate.ts'
import { readCommand } from './command-line.ts'
import type { ServerOptions } from './options.ts'
import { type RunningServer, startServer } from './server.ts'
import { startFailure } from './start-failure.ts'

const command = readCommand(process.argv.slice(2), process.env)
if (command.type === 'help') process.stdout.write(command.text)
else if (command.type === 'mistake') fail(command.text, 2)
else await run(command.options)

async function run(options: ServerOptions): Promise<void> {
  try {
    const server = await startServer(options)
    process.stdout.write(welcomeText(server, options))
    stopOnSignals(server)
  } catch (error) {
    const isMistake = error instanceof TypeError || error instanceof RangeError
    fail(startFailure(error as NodeJS.ErrnoException, options), isMistake ? 2 : 1)
  }
}

/** The second signal ends at once: somebody is waiting. */
function stopOnSignals(server: RunningServer): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      process.once(signal, () => process.exit(1))
      // Not left to the empty event loop: whatever else this process holds must not keep it alive.
      void server.close().then(() => process.exit(0))
    })
  }
}

/**
 * The address to be opened, or, where no page is served, the one that peers take. Other machines are told of with https alone, because
 * browsers refuse the rest what it needs.
 */
function welcomeText(server: RunningServer, options: ServerOptions): string {
  const address = options.staticFolder === '' ? server.url : server.pageUrl
  const others = options.https && options.host === '' ? lanAddresses() : []
  const lines = others.map((host) => `On other machines: ${address.replace('localhost', host)}`)
  return [`Hyphae is running at ${address}`, ...lines, ''].join('\n')
}

function fail(text: string, exitCode: number): void {
  process.stderr.write(`${text}\n`)
  process.exitCode = exitCode
}
