// What the server counts about itself: for /healthz, the log and tests. Numbers only, nothing about anybody.

import { SIGNALING_ERRORS, type SignalingError } from '@hyphae/core/signaling'

/** Grow from the start of the server on. */
export interface Counters {
  /** Connections refused before the WebSocket handshake. */
  turnedAway: number
  joins: number
  signalsCarried: number
  signalsUndeliverable: number
  /** Connections cut because they did not answer a ping, or did not read. */
  cut: number
  /** Connections ended by the server, by error. */
  readonly ended: Record<SignalingError, number>
}

export interface ServerStats extends Readonly<Counters> {
  /** Now open, joined or not. */
  readonly connections: number
  /** Now joined, in all networks together. */
  readonly joined: number
  readonly networks: number
}

export function newCounters(): Counters {
  const ended = Object.fromEntries(SIGNALING_ERRORS.map((code) => [code, 0])) as Record<
    SignalingError,
    number
  >
  return { turnedAway: 0, joins: 0, signalsCarried: 0, signalsUndeliverable: 0, cut: 0, ended }
}
