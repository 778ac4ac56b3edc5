// Finding first peers by a signaling server.

export { createWebSocketIntroducer } from './introducer.ts'
export type { WebSocketIntroducerOptions } from './options.ts'
export type { SocketEvent, WebSocketConstructor, WebSocketLike } from './socket.ts'
