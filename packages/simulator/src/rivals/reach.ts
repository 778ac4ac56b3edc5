// How the origin of an iterative lookup reaches a peer that another one named. In a browser there is no sending to an
// address: a data channel needs an offer and an answer that somebody carries.
//
// Every peer is taken to have open links to all its contacts. No browser holds that many; it favours the rival.

import { CONNECT_ROUND_TRIPS, GATHER_MS } from '../sim-transport.ts'
import type { RivalNet } from './rival-net.ts'

/** Bytes of an offer or answer: a session description for one data channel, with a few candidates. Guess. */
const SIGNAL_BYTES = 900
/** Messages and bytes of ICE checks, DTLS with a certificate on either side, and SCTP's beginning. Guess. */
const SETUP_MESSAGES = 14
const SETUP_BYTES = 4_000
/** Round trips more until the dialer hears that the listener has opened, as in the simulator's transport. */
const OPENED_ROUND_TRIPS = 0.5

/**
 * Makes a peer reachable, then calls `reached` with the peers over which a message to it goes, the origin first; or `lost`
 * where it is dead. `path` is the origin, whoever was asked on the way, and the peer.
 */
export type Reach = (
  net: RivalNet,
  path: readonly number[],
  reached: (path: readonly number[]) => void,
  lost: () => void,
) => void

/** Over the peers that named one another. Takes nothing, but every message goes the whole path. */
export const byRelaying: Reach = (_net, path, reached) => reached(path)

/**
 * By a new connection, as the simulator's own transport makes one:
 *
 *     gather + offer through the namer + gather + answer through the namer + 3 round trips
 *
 * after which messages go directly. The namer is reached directly, too: the origin connected to it before. A peer of the
 * origin's own table is linked already.
 */
export const byConnecting: Reach = (net, path, reached, lost) => {
  const [origin, target] = [path[0] as number, path.at(-1) as number]
  const direct = [origin, target]
  if (path.length === 2) return reached(direct)
  const relay = [origin, path.at(-2) as number, target]
  const connect = () => {
    net.count(SETUP_MESSAGES, SETUP_BYTES)
    const roundTrips = CONNECT_ROUND_TRIPS + OPENED_ROUND_TRIPS
    net.timeline.after(Math.round(net.roundTripMs(direct) * roundTrips), () => reached(direct))
  }
  const answer = () => net.carry([...relay].reverse(), SIGNAL_BYTES, connect, lost)
  net.timeline.after(GATHER_MS, () =>
    net.carry(relay, SIGNAL_BYTES, () => net.timeline.after(GATHER_MS, answer), lost),
  )
}
