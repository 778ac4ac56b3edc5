// Serves a built web app. Files are looked up in a list made at the start (sirv), so no path can lead out of the folder.

import { statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import sirv from 'sirv'

export type RequestHandler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

/** Seconds in a year. */
const YEAR_S = 365 * 24 * 60 * 60

/** Headers of everything that is served. */
const SECURITY_HEADERS = {
  // WebRTC needs no permission. The page may talk to any signaling server, since people may enter their own; styles
  // set by scripts need 'unsafe-inline', scripts in the page are not allowed; blobs are files that peers shared.
  'Content-Security-Policy': [
    "default-src 'self'",
    "connect-src 'self' ws: wss: blob:",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "style-src 'self' 'unsafe-inline'",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  // An invite may be part of the address.
  'Referrer-Policy': 'no-referrer',
}

/** Throws a TypeError with a plain sentence where the folder holds no built app. */
export function serveStaticFiles(folder: string): RequestHandler {
  if (!statSync(join(folder, 'index.html'), { throwIfNoEntry: false })?.isFile())
    throw new TypeError(`the static folder ${folder} holds no index.html; build the web app first`)
  return sirv(folder, { etag: true, dotfiles: false, setHeaders })
}

/** Vite puts a hash of the content into the names below /assets/; everything else is asked for again each time. */
function setHeaders(response: ServerResponse, pathname: string): void {
  const isHashed = pathname.startsWith('/assets/')
  response.setHeader('Cache-Control', isHashed ? `public, max-age=${YEAR_S}, immutable` : 'no-cache')
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value)
}
