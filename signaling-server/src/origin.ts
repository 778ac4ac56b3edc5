// Which pages may connect. Browsers say truthfully where a page comes from; other programs say nothing or anything, so
// this keeps out other people's pages, not attackers.

import type { IncomingMessage } from 'node:http'
import type { ServerOptions } from './options.ts'

/** No list allows every origin. A list allows itself, the server's own pages, and programs that are no browsers. */
export function isAllowedOrigin(
  request: IncomingMessage,
  { allowedOrigins }: Pick<ServerOptions, 'allowedOrigins'>,
): boolean {
  const { origin, host } = request.headers
  if (allowedOrigins.length === 0 || origin === undefined) return true
  return allowedOrigins.includes(origin) || (URL.canParse(origin) && new URL(origin).host === host)
}
