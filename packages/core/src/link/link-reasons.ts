// Why links are kept: both ends say their reasons, and a link that neither wants is pruned after a while. The reasons also
// set how closely a link is watched.

import type { Millis } from '../contract.ts'
import {
  LEAF_KEEPALIVE_MS,
  LEAF_SILENCE_MS,
  LINK_KEEPALIVE_MS,
  LINK_SILENCE_MS,
  PRUNE_AFTER_MS,
} from '../limits.ts'
import type { Out, SetTimerEffect } from '../machine.ts'
import { LINK_REASONS } from '../peer/calls.ts'
import { encodeFrame } from '../wire/codec.ts'
import type { Connection } from './connection.ts'
import type { LinkTimer } from './link-contract.ts'
import type { DriverEffect, Outbound } from './outbound.ts'

/** Leaf links between visible tabs are watched closely: routing around a dead neighbour starts when its death is known. */
const CLOSE_WATCH = { keepaliveMs: LEAF_KEEPALIVE_MS, silenceMs: LEAF_SILENCE_MS }
const LOOSE_WATCH = { keepaliveMs: LINK_KEEPALIVE_MS, silenceMs: LINK_SILENCE_MS }

type ReasonsEffect = DriverEffect | SetTimerEffect<LinkTimer>

export class LinkReasons {
  readonly #outbound: Outbound
  /** Whether our own page is visible: hidden ones are watched loosely, for their timers come late. */
  isVisible = true

  constructor(outbound: Outbound) {
    this.#outbound = outbound
  }

  /** Our reasons for a link, told to the other end where they changed. */
  setOurs(connection: Connection, reasons: number, now: Millis, out: Out<ReasonsEffect>): void {
    if (connection.ourReasons === reasons) return
    connection.ourReasons = reasons
    this.say(connection)
    this.changed(connection, now, out)
  }

  say(connection: Connection): void {
    const hidden = !this.isVisible
    this.#outbound.enqueue(connection, encodeFrame({ type: 'WANT', reasons: connection.ourReasons, hidden }))
  }

  /** Somebody's reasons changed: the watch follows, and where nobody wants the link the clock starts. */
  changed(connection: Connection, now: Millis, out: Out<ReasonsEffect>): void {
    this.watch(connection, out)
    if ((connection.ourReasons | connection.theirReasons) !== 0) connection.unwantedSince = 0
    else if (connection.unwantedSince === 0) {
      connection.unwantedSince = now
      this.#setPruneTimer(connection, PRUNE_AFTER_MS, out)
    }
  }

  /** The prune timer fired: whether nobody has wanted the link for so long that it goes. If not yet, it fires again. */
  onPruneTimer(connection: Connection, now: Millis, out: Out<ReasonsEffect>): boolean {
    connection.pruneTimerSet = false
    if (!connection.isUsable || connection.unwantedSince === 0) return false
    const leftMs = connection.unwantedSince + PRUNE_AFTER_MS - now
    if (leftMs > 0) this.#setPruneTimer(connection, leftMs, out)
    return leftMs <= 0
  }

  /** Tells the driver how closely to watch, where that changed. */
  watch(connection: Connection, out: Out<DriverEffect>): void {
    const isLeaf = ((connection.ourReasons | connection.theirReasons) & LINK_REASONS.leaf) !== 0
    const closely = isLeaf && this.isVisible && !connection.hidden
    if (connection.watchedClosely === closely) return
    connection.watchedClosely = closely
    this.watchAgain(connection, out)
  }

  /** The same watch from now on: after it has said `link-silent`, the driver watches no more. */
  watchAgain(connection: Connection, out: Out<DriverEffect>): void {
    const watch = connection.watchedClosely ? CLOSE_WATCH : LOOSE_WATCH
    out.push({ type: 'driver', effect: { type: 'watch', link: connection.link, ...watch } })
  }

  /** However often reasons come and go, one timer is enough. */
  #setPruneTimer(connection: Connection, afterMs: number, out: Out<ReasonsEffect>): void {
    if (connection.pruneTimerSet) return
    connection.pruneTimerSet = true
    out.push({ type: 'set-timer', afterMs, timer: { type: 'prune', link: connection.link } })
  }

  setVisible(visible: boolean, connections: Iterable<Connection>, out: Out<DriverEffect>): void {
    if (this.isVisible === visible) return
    this.isVisible = visible
    for (const connection of connections) {
      this.say(connection)
      this.watch(connection, out)
    }
  }
}
