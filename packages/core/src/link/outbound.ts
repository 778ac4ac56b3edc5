// Frames on their way out: queued per connection during a turn, packed into few channel messages at its end, and held
// back where the driver says that there is no room.

import type { Channel, Effect, Millis } from '../contract.ts'
import { CONTROL_QUEUE_BYTES_LAZY, CONTROL_QUEUE_BYTES_MAX } from '../limits.ts'
import type { Out, SetTimerEffect } from '../machine.ts'
import { packBatches } from '../wire/codec.ts'
import type { Connection } from './connection.ts'
import type { LinkTimer } from './link-contract.ts'
import type { Traffic } from './traffic.ts'

/** Milliseconds after which frames that the remote did not admit are tried again. */
const HELD_MS = 100

type OutboundEffect = DriverEffect | SetTimerEffect<LinkTimer>

export interface DriverEffect {
  readonly type: 'driver'
  readonly effect: Effect
}

export class Outbound {
  readonly #traffic: Traffic
  /** Connections with frames queued this turn. */
  readonly #unflushed = new Set<Connection>()

  constructor(traffic: Traffic) {
    this.#traffic = traffic
  }

  enqueue(connection: Connection, frame: Uint8Array): void {
    connection.enqueue(frame)
    this.#unflushed.add(connection)
  }

  /**
   * Queues a frame under congestion control: without room `lazy` frames are dropped first, and past the cap it says
   * false: the link is to be closed, because what was promised on it can no longer be kept.
   */
  offer(connection: Connection, frame: Uint8Array, lazy: boolean): boolean {
    const roomBytes = Math.min(connection.roomBytes, -connection.heldBytes)
    if (lazy && roomBytes < -CONTROL_QUEUE_BYTES_LAZY) return true
    if (roomBytes < -CONTROL_QUEUE_BYTES_MAX) return false
    this.enqueue(connection, frame)
    return true
  }

  /** The driver's queue has this much room now; what is sent from here on takes of it. */
  onWritable(connection: Connection, channel: Channel, roomBytes: number): void {
    if (channel === 'control') connection.roomBytes = roomBytes
  }

  /** The turn is over. */
  flush(now: Millis, out: Out<OutboundEffect>): void {
    for (const connection of this.#unflushed) {
      this.flushOne(connection, now, out)
      if (connection.heldBytes === 0) this.#unflushed.delete(connection)
      else if (!connection.isHeld) {
        connection.isHeld = true
        out.push({ type: 'set-timer', afterMs: HELD_MS, timer: { type: 'held', link: connection.link } })
      }
    }
  }

  flushOne(connection: Connection, now: Millis, out: Out<DriverEffect>): void {
    const frames = connection.takeQueue(now)
    for (const frame of frames) this.#traffic.countSent(frame)
    for (const bytes of packBatches(frames)) {
      connection.bytesSent += bytes.length
      connection.roomBytes -= bytes.length
      out.push({ type: 'driver', effect: { type: 'send', link: connection.link, channel: 'control', bytes } })
    }
  }

  forget(connection: Connection): void {
    this.#unflushed.delete(connection)
  }
}
