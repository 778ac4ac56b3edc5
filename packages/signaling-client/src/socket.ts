// As much of a WebSocket as is needed here: the browser's, and the one of the npm package `ws`.

export interface SocketEvent {
  readonly type: string
  /** Of `message`: a string for text. */
  readonly data?: unknown
  /** Of `close` (RFC 6455, section 7.4). */
  readonly code?: number
}

export interface WebSocketLike {
  addEventListener(type: 'message' | 'close' | 'error', listener: (event: SocketEvent) => void): void
  send(text: string): void
  close(): void
}

export type WebSocketConstructor = new (url: string) => WebSocketLike
