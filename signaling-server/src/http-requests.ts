// Plain HTTP requests: health, the web app, and an answer for whoever opens the WebSocket address in a browser.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { serveStaticFiles } from './static-files.ts'

/** Path of the WebSocket. */
export const SIGNAL_PATH = '/signal'

export interface HttpRequestOptions {
  /** '' serves no files. */
  readonly staticFolder: string
  /** Body of /healthz, and whether the server takes newcomers. */
  health(): { readonly isUp: boolean; readonly body: Readonly<Record<string, unknown>> }
}

export function handleHttpRequests(
  options: HttpRequestOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const serveFile = options.staticFolder === '' ? null : serveStaticFiles(options.staticFolder)
  return (request, response) => {
    const path = pathOf(request)
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'GET and HEAD only.')
    else if (path === '/healthz') answerHealth(response, options)
    else if (path === SIGNAL_PATH) answer(response, 426, 'Peers connect here by WebSocket.')
    else if (serveFile === null)
      answer(response, 404, `This is a Hyphae signaling server, at ${SIGNAL_PATH}.`)
    else serveFile(request, response, () => answer(response, 404, 'There is no such page.'))
  }
}

/** The path without its query. Never throws, whatever the request line says. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] as string
}

function answerHealth(response: ServerResponse, options: HttpRequestOptions): void {
  const { isUp, body } = options.health()
  response.writeHead(isUp ? 200 : 503, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(`${text}\n`)
}
