// The signaling server as a library: for tests and for whoever runs it inside a program of their own.

export { DEFAULT_OPTIONS, type ServerOptions } from './options.ts'
export { type RunningServer, startServer } from './server.ts'
export type { ServerStats } from './stats.ts'
