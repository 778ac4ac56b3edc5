// Why the server could not start, for whoever typed the command.

import type { ServerOptions } from './options.ts'

/** A sentence or two. Of errors of the system only those of listening are about port and host; others name their file. */
export function startFailure(
  { code, syscall, message }: NodeJS.ErrnoException,
  { port, host }: Pick<ServerOptions, 'port' | 'host'>,
): string {
  switch (syscall === 'listen' || syscall === 'getaddrinfo' ? code : '') {
    case 'EADDRINUSE':
      return `Port ${port} is in use already; choose another with --port.`
    case 'EACCES':
      return `Port ${port} may not be used by this user; choose one above 1023 with --port.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine; see --host.`
    default:
      return `The server could not start: ${message}.`
  }
}
